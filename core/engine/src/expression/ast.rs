//! An expression as it is written: names are not looked up, types are not known.

use super::fault::Fault;

/// A part of the expression with the character that stands for it in messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub at: usize,
    pub what: What,
}

/// What a part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Billionths; `percent` when it was written with `%`.
    Number {
        billionths: i128,
        percent: bool,
    },
    Name(String),
    Call {
        name: String,
        arguments: Vec<Argument>,
    },
    /// `of.name`.
    Output {
        of: Box<Node>,
        name: String,
        name_at: usize,
    },
    /// `of[bars]`.
    Back {
        of: Box<Node>,
        bars: usize,
    },
    Negative(Box<Node>),
    Not(Box<Node>),
    Calculate(Operator, Box<Node>, Box<Node>),
    Compare(Relation, Box<Node>, Box<Node>),
    Crosses {
        above: bool,
        left: Box<Node>,
        right: Box<Node>,
    },
    /// `value in low..high`.
    Within {
        value: Box<Node>,
        low: Box<Node>,
        high: Box<Node>,
    },
    All(Box<Node>, Box<Node>),
    Any(Box<Node>, Box<Node>),
}

/// A parameter of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Argument {
    /// The name and its place, when it is named.
    pub name: Option<(usize, String)>,
    pub value: Node,
}

/// Arithmetic of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Smaller,
    Larger,
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Relation {
    Below,
    AtMost,
    Above,
    AtLeast,
    Equal,
    Unequal,
}

impl Relation {
    /// The relation that holds exactly where this one does not.
    pub fn negated(self) -> Relation {
        match self {
            Relation::Below => Relation::AtLeast,
            Relation::AtMost => Relation::Above,
            Relation::Above => Relation::AtMost,
            Relation::AtLeast => Relation::Below,
            Relation::Equal => Relation::Unequal,
            Relation::Unequal => Relation::Equal,
        }
    }

    /// The same with both sides exchanged.
    pub fn swapped(self) -> Relation {
        match self {
            Relation::Below => Relation::Above,
            Relation::AtMost => Relation::AtLeast,
            Relation::Above => Relation::Below,
            Relation::AtLeast => Relation::AtMost,
            same => same,
        }
    }

    #[inline(always)]
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Relation::Below => order.is_lt(),
            Relation::AtMost => order.is_le(),
            Relation::Above => order.is_gt(),
            Relation::AtLeast => order.is_ge(),
            Relation::Equal => order.is_eq(),
            Relation::Unequal => order.is_ne(),
        }
    }
}

/// Deepest nesting of brackets and prefixes that is read.
pub(super) const MAX_DEPTH: usize = 32;

/// The fault of a text that is nested deeper than [`MAX_DEPTH`].
pub(super) fn too_deep(at: usize) -> Fault {
    Fault::new(at, "the expression is nested too deeply", "split it into several rules, or simplify it")
}
