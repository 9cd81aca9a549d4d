//! What an expression reads, by the names that its user would write: for whoever explains a decision.

use super::tree::{Condition, Field, Number};
use super::units::{Powers, Type};
use crate::indicators::history::BarValue;
use std::fmt;

/// The prices, indicators and fields that a condition reads, in the order of its text, each once. What is only
/// known to the trader, and numbers that were written out, are left out.
pub(super) fn read_by(condition: &Condition) -> Vec<&Number> {
    let mut found = Vec::new();
    of_condition(condition, &mut found);
    found
}

fn of_condition<'a>(condition: &'a Condition, found: &mut Vec<&'a Number>) {
    match condition {
        Condition::Always(_) | Condition::Side(_) => {}
        Condition::Compare { left, right, .. } => {
            of_number(left, found);
            of_number(right, found);
        }
        Condition::Not(inner) => of_condition(inner, found),
        Condition::All(left, right) | Condition::Any(left, right) => {
            of_condition(left, found);
            of_condition(right, found);
        }
    }
}

fn of_number<'a>(number: &'a Number, found: &mut Vec<&'a Number>) {
    match number {
        Number::Written { .. } | Number::Field(Field::BarsSinceEntry) => {}
        Number::Magnitude(of) => of_number(of, found),
        Number::Calculate(_, left, right) => {
            of_number(left, found);
            of_number(right, found);
        }
        Number::Bar { .. } | Number::Output { .. } | Number::Extreme { .. } | Number::Field(_) => {
            if !found.contains(&number) {
                found.push(number);
            }
        }
    }
}

impl Number {
    /// Powers of price and quantity in the unit of what is read.
    pub(super) fn powers(&self) -> Powers {
        match self {
            Number::Bar { value: BarValue::Volume, .. } => (0, 1),
            Number::Bar { .. } | Number::Field(Field::EntryPrice) => (1, 0),
            Number::Output { call, output, .. } => Type::of(call.def().outputs[*output].unit).powers(),
            Number::Extreme { of, .. } => of.powers(),
            Number::Written { .. } | Number::Field(_) | Number::Magnitude(_) | Number::Calculate(..) => {
                (0, 0)
            }
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let back = match self {
            Number::Bar { value, back } => {
                let name = match value {
                    BarValue::Open => "open",
                    BarValue::High => "high",
                    BarValue::Low => "low",
                    BarValue::Close => "close",
                    BarValue::Volume => "volume",
                };
                write!(f, "{name}")?;
                *back
            }
            Number::Output { call, output, back } => {
                write!(f, "{call}")?;
                if call.def().outputs.len() > 1 {
                    write!(f, ".{}", call.def().outputs[*output].name)?;
                }
                *back
            }
            Number::Extreme { of, bars, highest } => {
                let name = if *highest { "highest" } else { "lowest" };
                return write!(f, "{name}({of}, {bars})");
            }
            Number::Field(field) => {
                let name = match field {
                    Field::BarsHeld => "bars_held",
                    Field::ProfitR => "profit_r",
                    Field::UnrealizedPct => "unrealized_pct",
                    Field::EntryPrice => "entry_price",
                    Field::BarsSinceEntry => "bars_since_entry",
                    Field::Hour => "hour",
                    Field::Minute => "minute",
                    Field::Weekday => "weekday",
                };
                return write!(f, "{name}");
            }
            Number::Written { .. } | Number::Magnitude(_) | Number::Calculate(..) => return Ok(()),
        };
        if back > 0 { write!(f, "[{back}]") } else { Ok(()) }
    }
}
