//! From what is written to what is meant: conditions. Mistakes are noted and the rest is looked at all the
//! same, so that all of them are found at once.

use super::ast::{Node, Relation, What};
use super::fault::Fault;
use super::tree::{Condition, Field, Number};
use super::units::Type;
use super::values::{ONE, Value};
use crate::rules::params::RuleKind;
use pinion_model::order::Side;

/// Looks at the names and types of one expression.
pub(super) struct Checker<'a> {
    /// Where the expression stands.
    pub kind: RuleKind,
    pub faults: &'a mut Vec<Fault>,
}

impl Checker<'_> {
    pub fn fault(&mut self, at: usize, reason: impl Into<String>, remedy: impl Into<String>) {
        self.faults.push(Fault::new(at, reason, remedy));
    }

    /// The condition that a node states; with a mistake in it any condition.
    pub fn condition(&mut self, node: &Node) -> Condition {
        match &node.what {
            What::All(left, right) => {
                Condition::All(self.condition(left).into(), self.condition(right).into())
            }
            What::Any(left, right) => {
                Condition::Any(self.condition(left).into(), self.condition(right).into())
            }
            What::Not(inner) => Condition::Not(self.condition(inner).into()),
            What::Compare(relation, left, right) => self.compare(node.at, *relation, left, right),
            What::Crosses { above, left, right } => self.crosses(node.at, *above, left, right),
            What::Within { value, low, high } => self.within(value, low, high),
            What::Name(name) if name == "true" => Condition::Always(true),
            What::Name(name) if name == "false" => Condition::Always(false),
            What::Name(name) if name == "in_position" => match self.kind {
                // Entries are looked for when there is no position.
                RuleKind::Entry => Condition::Always(false),
                RuleKind::Exit => Condition::Always(true),
            },
            _ => {
                let value = self.value(node);
                if value.of != Type::Wrong {
                    let reason = format!("this is {}, not a condition", value.of.name());
                    let remedy = "compare it with something, as in `close > ema(50)` or `side == long`";
                    self.fault(value.at, reason, remedy);
                }
                Condition::Always(false)
            }
        }
    }

    fn compare(&mut self, at: usize, is: Relation, left: &Node, right: &Node) -> Condition {
        if let Some(condition) = self.compare_sides(at, is, left, right) {
            return condition;
        }
        let (left, right) = (self.value(left), self.value(right));
        let Some((left, right)) = self.side_by_side(left, right) else { return Condition::Always(false) };
        self.clock_values(&left, &right, 0);
        Condition::Compare { left: left.number, is, right: right.number }
    }

    /// `side == long`, `side != short`; `None` when neither stands for a side.
    fn compare_sides(&mut self, at: usize, is: Relation, left: &Node, right: &Node) -> Option<Condition> {
        let name = |node: &Node| match &node.what {
            What::Name(name) if matches!(name.as_str(), "side" | "long" | "short") => Some(name.clone()),
            _ => None,
        };
        let (one, two) = (name(left), name(right));
        if one.is_none() && two.is_none() {
            return None;
        }
        let word = match (one.as_deref(), two.as_deref()) {
            (Some("side"), Some(word @ ("long" | "short"))) => word,
            (Some(word @ ("long" | "short")), Some("side")) => word,
            _ => {
                let wrong = if one.as_deref() == Some("side") { right } else { left };
                self.fault(wrong.at, "a side is `long` or `short`", "write `side == long`");
                return Some(Condition::Always(false));
            }
        };
        let long = (word == "long") == (is == Relation::Equal);
        if !matches!(is, Relation::Equal | Relation::Unequal) {
            self.fault(at, "a side is not larger or smaller than another", "write `==` or `!=`");
        }
        Some(Condition::Side(if long { Side::Buy } else { Side::Sell }))
    }

    /// A bar ago it was at most there, and now it is beyond.
    fn crosses(&mut self, at: usize, above: bool, left: &Node, right: &Node) -> Condition {
        let (left, right) = (self.value(left), self.value(right));
        let Some((left, right)) = self.side_by_side(left, right) else { return Condition::Always(false) };
        let (before, now) = match above {
            true => (Relation::AtMost, Relation::Above),
            false => (Relation::AtLeast, Relation::Below),
        };
        if matches!((&left.number, &right.number), (Number::Written { .. }, Number::Written { .. })) {
            self.fault(at, "numbers that are written out never cross", "put an indicator on one side");
        }
        let mut ago = |value: &Value| value.number.ago(1, value.at).map_err(|fault| self.faults.push(fault));
        match (ago(&left), ago(&right)) {
            (Ok(left_before), Ok(right_before)) => Condition::All(
                Condition::Compare { left: left.number, is: now, right: right.number }.into(),
                Condition::Compare { left: left_before, is: before, right: right_before }.into(),
            ),
            _ => Condition::Always(false),
        }
    }

    /// From the lower bound up to the upper one, without it. Parts of time go round.
    fn within(&mut self, value: &Node, low: &Node, high: &Node) -> Condition {
        let (value, low, high) = (self.value(value), self.value(low), self.value(high));
        let lower = self.side_by_side(value.clone(), low);
        let upper = self.side_by_side(value, high);
        let (Some((value, low)), Some((_, high))) = (lower, upper) else { return Condition::Always(false) };
        self.clock_values(&value, &low, 0);
        self.clock_values(&value, &high, 1);
        let round = match (&low.number, &high.number) {
            (Number::Written { billionths: from, .. }, Number::Written { billionths: to, .. })
                if from >= to =>
            {
                if from == to || value.of.clock_range().is_none() {
                    let remedy = "write the smaller bound first; the upper one does not belong to the range";
                    self.fault(low.at, "the range is empty", remedy);
                }
                true
            }
            _ => false,
        };
        let compare =
            |is, bound: Value| Condition::Compare { left: value.number.clone(), is, right: bound.number };
        let (low, high) = (compare(Relation::AtLeast, low).into(), compare(Relation::Below, high).into());
        if round { Condition::Any(low, high) } else { Condition::All(low, high) }
    }

    /// A written number beside a part of time is one that the part can be; `beyond` is how much further the
    /// bound of a range may be.
    fn clock_values(&mut self, one: &Value, two: &Value, beyond: i64) {
        for (clock, other) in [(one, two), (two, one)] {
            let Number::Field(Field::Hour | Field::Minute | Field::Weekday) = clock.number else { continue };
            let Some((from, to)) = clock.of.clock_range() else { continue };
            let Number::Written { billionths, .. } = other.number else { continue };
            let allowed = i128::from(from) * ONE..=i128::from(to - 1 + beyond) * ONE;
            if !allowed.contains(&billionths) || billionths % ONE != 0 {
                let remedy = match clock.of {
                    Type::Weekday => "1 is Monday and 7 is Sunday".to_string(),
                    _ if beyond > 0 => format!("a range of it ends at {to} at most"),
                    _ => format!("it is {from} to {}, UTC", to - 1),
                };
                self.fault(other.at, "no time has this number", remedy);
            }
        }
    }
}
