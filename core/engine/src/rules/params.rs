//! How a rule declares its parameters, once. From the declaration come configuration checks, the JSON
//! schema and the reference; the rule itself reads the resolved values by name.

use pinion_model::number::Ratio;
use serde::{Deserialize, Serialize};

/// What a parameter may hold and what it holds when nothing is said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ParamKind {
    /// A whole number.
    Int {
        /// Value when none is given.
        default: i64,
        /// Smallest allowed.
        min: i64,
        /// Largest allowed.
        max: i64,
    },
    /// A decimal number, in billionths.
    Ratio {
        /// Value when none is given.
        default: Ratio,
        /// Smallest allowed.
        min: Ratio,
        /// Largest allowed.
        max: Ratio,
    },
    /// Yes or no.
    Bool {
        /// Value when none is given.
        default: bool,
    },
    /// One of a few words; the value is the word's index.
    Choice {
        /// Index of the word when none is given.
        default: usize,
        /// The words.
        options: &'static [&'static str],
    },
    /// Decimal numbers, each within the range; empty when nothing is given.
    RatioList {
        /// Smallest allowed.
        min: Ratio,
        /// Largest allowed.
        max: Ratio,
        /// Most numbers allowed.
        max_len: usize,
    },
    /// A text of its own language; it must be given.
    Text {
        /// Most characters allowed.
        longest: usize,
    },
}

/// One parameter of a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamDef {
    /// Canonical name.
    pub name: &'static str,
    /// Type, range and default.
    pub kind: ParamKind,
    /// Unit of the value: `bars`, `ATR`, `fraction`, or empty.
    pub unit: &'static str,
    /// What it does, one sentence.
    pub doc: &'static str,
}

/// A resolved value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParamValue {
    /// Of an [`ParamKind::Int`].
    Int(i64),
    /// Of a [`ParamKind::Ratio`].
    Ratio(Ratio),
    /// Of a [`ParamKind::Bool`].
    Bool(bool),
    /// Of a [`ParamKind::Choice`].
    Choice(usize),
    /// Of a [`ParamKind::RatioList`].
    RatioList(Vec<Ratio>),
    /// Of a [`ParamKind::Text`].
    Text(String),
}

impl ParamDef {
    /// The value when configuration says nothing.
    pub fn default_value(&self) -> ParamValue {
        match self.kind {
            ParamKind::Int { default, .. } => ParamValue::Int(default),
            ParamKind::Ratio { default, .. } => ParamValue::Ratio(default),
            ParamKind::Bool { default } => ParamValue::Bool(default),
            ParamKind::Choice { default, .. } => ParamValue::Choice(default),
            ParamKind::RatioList { .. } => ParamValue::RatioList(Vec::new()),
            ParamKind::Text { .. } => ParamValue::Text(String::new()),
        }
    }
}

/// Whether a rule opens or closes positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    /// Opens.
    Entry,
    /// Closes.
    Exit,
}

/// A rule of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RuleDef {
    /// Canonical name, without `Mixin`.
    pub name: &'static str,
    /// Other names that existing configurations use.
    pub aliases: &'static [&'static str],
    /// Entry or exit.
    pub kind: RuleKind,
    /// When it fires, one or two sentences.
    pub doc: &'static str,
    /// Parameters.
    pub params: &'static [ParamDef],
}

impl RuleDef {
    /// The canonical name and the others.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// True for an exit that can stop a loss. Every one that has a stop can keep it within the bar.
    pub fn has_stop(&self) -> bool {
        self.params.iter().any(|p| p.name == super::INTRABAR.name)
    }
}

/// A rule of a strategy with its resolved parameters, in the order of the declaration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSpec {
    /// Name of the rule in the catalogue.
    pub rule: String,
    /// One value for each declared parameter.
    pub values: Vec<ParamValue>,
    /// The rule's own bars, or `None` for those of the strategy.
    pub bars: Option<crate::plan::BarSpec>,
    /// What the rule counts where its list votes; 1 when nothing is said.
    pub weight: Ratio,
}

/// The values of a rule, by name.
pub(crate) struct Values<'a> {
    def: &'static RuleDef,
    values: &'a [ParamValue],
}

impl<'a> Values<'a> {
    pub(crate) fn new(def: &'static RuleDef, spec: &'a RuleSpec) -> Self {
        Values { def, values: &spec.values }
    }

    // A name that the rule did not declare is a mistake in the rule's own file, found by its first test.
    fn value(&self, name: &str) -> &'a ParamValue {
        let at = self.def.params.iter().position(|p| p.name == name);
        &self.values[at.unwrap_or_else(|| panic!("{} declares no parameter {name}", self.def.name))]
    }

    pub(crate) fn int(&self, name: &str) -> usize {
        match self.value(name) {
            ParamValue::Int(v) => usize::try_from(*v).unwrap_or(0),
            other => panic!("{name} of {} is not a whole number: {other:?}", self.def.name),
        }
    }

    pub(crate) fn ratio(&self, name: &str) -> Ratio {
        match self.value(name) {
            ParamValue::Ratio(v) => *v,
            other => panic!("{name} of {} is not a decimal: {other:?}", self.def.name),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.value(name) {
            ParamValue::Bool(v) => *v,
            other => panic!("{name} of {} is not a yes or no: {other:?}", self.def.name),
        }
    }

    pub(crate) fn choice(&self, name: &str) -> usize {
        match self.value(name) {
            ParamValue::Choice(v) => *v,
            other => panic!("{name} of {} is not a choice: {other:?}", self.def.name),
        }
    }

    pub(crate) fn list(&self, name: &str) -> &'a [Ratio] {
        match self.value(name) {
            ParamValue::RatioList(v) => v,
            other => panic!("{name} of {} is not a list: {other:?}", self.def.name),
        }
    }

    pub(crate) fn text(&self, name: &str) -> &'a str {
        match self.value(name) {
            ParamValue::Text(v) => v,
            other => panic!("{name} of {} is not a text: {other:?}", self.def.name),
        }
    }
}

/// Shorthand for declarations: a whole number.
pub(crate) const fn int(
    name: &'static str,
    default: i64,
    min: i64,
    max: i64,
    unit: &'static str,
    doc: &'static str,
) -> ParamDef {
    ParamDef { name, kind: ParamKind::Int { default, min, max }, unit, doc }
}

/// Shorthand for declarations: a decimal, given in millionths.
pub(crate) const fn ratio(
    name: &'static str,
    default_millionths: i64,
    min_millionths: i64,
    max_millionths: i64,
    unit: &'static str,
    doc: &'static str,
) -> ParamDef {
    let kind = ParamKind::Ratio {
        default: Ratio(default_millionths * 1000),
        min: Ratio(min_millionths * 1000),
        max: Ratio(max_millionths * 1000),
    };
    ParamDef { name, kind, unit, doc }
}

/// Shorthand for declarations: a yes or no.
pub(crate) const fn flag(name: &'static str, default: bool, doc: &'static str) -> ParamDef {
    ParamDef { name, kind: ParamKind::Bool { default }, unit: "", doc }
}
