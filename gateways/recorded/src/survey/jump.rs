//! Split-like jumps: changes of the price between bars that no market makes in a day.

use super::{InstrumentSurvey, PRICE};
use pinion_model::decimal::Scaled;
use pinion_model::event::Bar;
use pinion_model::number::Price;
use serde::Serialize;

/// Above this many hundredths a change looks like a split.
const HUNDREDTHS: i128 = 35;
/// Jumps that are kept; all are counted.
const KEPT: usize = 100;

/// A change of more than 35 % between two bars that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Jump {
    /// Line of the file at which it shows.
    pub line: u64,
    /// Start of the earlier bar, ns.
    pub before_ns: i64,
    /// Start of the later bar, ns.
    pub after_ns: i64,
    /// Close of the earlier bar.
    #[serde(serialize_with = "as_text")]
    pub before: Price,
    /// Close of the later bar.
    #[serde(serialize_with = "as_text")]
    pub after: Price,
}

fn as_text<S: serde::Serializer>(price: &Price, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&Scaled { value: price.0.into(), exponent: PRICE })
}

impl Jump {
    /// The jump between two bars in any order, if there is one.
    #[inline]
    pub fn between(one: &Bar, other: &Bar, line: u64) -> Option<Jump> {
        // A file that runs backwards shows the later bar first.
        let (before, after) = if other.open_ns < one.open_ns { (other, one) } else { (one, other) };
        is_jump(before.close.0.into(), after.close.0.into()).then_some(Jump {
            line,
            before_ns: before.open_ns,
            after_ns: after.open_ns,
            before: before.close,
            after: after.close,
        })
    }
}

/// True for a change of more than 35 %.
#[inline]
pub fn is_jump(before: i128, after: i128) -> bool {
    (after - before).abs() * 100 > before * HUNDREDTHS
}

impl InstrumentSurvey {
    #[cold]
    pub(super) fn add_jump(&mut self, jump: Jump) {
        self.jumps += 1;
        if self.jump_list.len() < KEPT {
            self.jump_list.push(jump);
        }
    }
}
