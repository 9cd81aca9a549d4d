//! An expression whose names are known and whose types are right.

use super::ast::{Operator, Relation};
use super::fault::Fault;
use super::units::Powers;
use crate::indicators::call::Call;
use crate::indicators::history::BarValue;
use pinion_model::order::Side;
use serde::{Deserialize, Serialize};

/// A number.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Number {
    /// Billionths of what it was written as, in a unit with these powers.
    Written { billionths: i128, powers: Powers },
    /// A number of the bar `back` bars ago.
    Bar { value: BarValue, back: usize },
    /// An output of an indicator `back` bars ago.
    Output { call: Call, output: usize, back: usize },
    /// The highest or lowest of `bars` values, the newest of them `of`.
    Extreme { of: Box<Number>, bars: usize, highest: bool },
    /// What the position or the clock says now.
    Field(Field),
    /// Without its sign.
    Magnitude(Box<Number>),
    /// Two numbers to one.
    Calculate(Operator, Box<Number>, Box<Number>),
}

/// Numbers without a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Field {
    /// Bars that ended since the first fill.
    BarsHeld,
    /// Profit in units of the distance from the entry's signal to its stop.
    ProfitR,
    /// Profit as a part of the entry price.
    UnrealizedPct,
    /// Average price of the position.
    EntryPrice,
    /// Bars since the signal of the last accepted entry.
    BarsSinceEntry,
    /// Hour of the day, UTC.
    Hour,
    /// Minute of the hour.
    Minute,
    /// Day of the week: 1 is Monday.
    Weekday,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    Always(bool),
    Side(Side),
    Compare { left: Number, is: Relation, right: Number },
    Not(Box<Condition>),
    All(Box<Condition>, Box<Condition>),
    Any(Box<Condition>, Box<Condition>),
}

/// Furthest bar that an expression reads.
const MOST_BACK: usize = 1000;

impl Number {
    /// The same number some bars ago; a fault at `at` where it has no history.
    pub fn ago(&self, bars: usize, at: usize) -> Result<Number, Fault> {
        let further = |back: usize| match back + bars {
            back if back > MOST_BACK => {
                let reason = format!("history ends {MOST_BACK} bars ago");
                Err(Fault::new(at, reason, format!("go back {MOST_BACK} bars at most in all")))
            }
            back => Ok(back),
        };
        let inner = |number: &Number| number.ago(bars, at).map(Box::new);
        Ok(match self {
            Number::Written { .. } => self.clone(),
            Number::Bar { value, back } => Number::Bar { value: *value, back: further(*back)? },
            Number::Output { call, output, back } => {
                Number::Output { call: *call, output: *output, back: further(*back)? }
            }
            Number::Extreme { of, bars, highest } => {
                Number::Extreme { of: inner(of)?, bars: *bars, highest: *highest }
            }
            Number::Field(_) => {
                let remedy = "only prices, volume, indicators and what is calculated from them go back";
                return Err(Fault::new(at, "the position and the clock have no history", remedy));
            }
            Number::Magnitude(of) => Number::Magnitude(inner(of)?),
            Number::Calculate(operator, left, right) => {
                Number::Calculate(*operator, inner(left)?, inner(right)?)
            }
        })
    }

    /// Numbers that are held at once while it is calculated.
    pub fn depth(&self) -> usize {
        match self {
            Number::Magnitude(of) => of.depth(),
            Number::Calculate(_, left, right) => left.depth().max(1 + right.depth()),
            _ => 1,
        }
    }
}
