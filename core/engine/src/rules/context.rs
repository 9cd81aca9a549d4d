//! What rules see and what they answer.

use crate::indicators::Set;
use crate::indicators::fx::{Fx, fx};
use crate::plan::BarCut;
use arrayvec::ArrayVec;
use pinion_model::event::Bar;
use pinion_model::instrument::Calendar;
use pinion_model::number::{Price, Qty, Ratio};
use pinion_model::order::{Reason, Side};
use serde::{Deserialize, Serialize};

/// A series at the end of one of its bars.
pub struct View<'a> {
    /// The bar that ended.
    pub bar: &'a Bar,
    /// Bars that ended so far, this one included.
    pub bars: u64,
    /// The indicators, this bar included.
    pub set: &'a Set,
    /// Engine time, ns.
    pub time_ns: i64,
    /// How the series is cut.
    pub cut: BarCut,
    /// When the instrument trades.
    pub calendar: &'a Calendar,
}

impl View<'_> {
    /// The next bar of the series is the last of the instrument's session, or beyond it: what is sent now is the
    /// last that still trades before the close. Only time bars have an end that is known beforehand.
    pub fn is_last_of_session(&self) -> bool {
        let BarCut::Time { interval_ns } = self.cut else { return false };
        let end_ns = self.calendar.session_end_ns(self.bar.open_ns);
        end_ns.is_some_and(|end_ns| self.bar.open_ns + 2 * interval_ns >= end_ns)
    }

    /// What an entry that is sent now has left of the instrument's session; `leaves_at_close` says that an exit
    /// closes with the session and needs a bar of its own. `None` around the clock, and for bars of a day or
    /// longer, which hold whole sessions.
    pub fn to_close(&self, leaves_at_close: bool) -> Option<ToClose> {
        const DAY_NS: i64 = 86_400_000_000_000;
        let (trades_ns, bar_ns) = match self.cut {
            BarCut::Time { interval_ns } if interval_ns >= DAY_NS => return None,
            BarCut::Time { interval_ns } => (self.bar.open_ns + interval_ns, interval_ns),
            // Such bars have no end that is known beforehand.
            BarCut::Ticks { .. } | BarCut::Volume { .. } => (self.time_ns, 0),
        };
        if *self.calendar == Calendar::Always {
            return None;
        }
        let end_ns = self.calendar.session_end_ns(trades_ns).unwrap_or(trades_ns);
        Some(ToClose { left_ns: end_ns - trades_ns, more_than_ns: if leaves_at_close { bar_ns } else { 0 } })
    }
}

/// Time to the close of the session, of an entry that is about to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToClose {
    /// From when it can trade to the close, ns; 0 outside a session.
    pub left_ns: i64,
    /// It must be longer than this, ns.
    pub more_than_ns: i64,
}

/// The open position of a strategy in an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Side of the entry.
    pub side: Side,
    /// Average fill price.
    pub entry: Fx,
    /// Time of the first fill, ns.
    pub opened_ns: i64,
    /// Bars that ended since the first fill, the one in which it happened included.
    pub bars_held: u64,
    /// Largest quantity held.
    pub opened_qty: Qty,
}

impl Holding {
    /// The entry price, negated for shorts.
    pub fn oriented_entry(&self) -> Fx {
        orient(self.side, self.entry)
    }
}

/// A price, negated for shorts, so that higher is better on either side.
pub fn orient(side: Side, price: Fx) -> Fx {
    match side {
        Side::Buy => price,
        Side::Sell => -price,
    }
}

/// High, low and close of a bar, oriented for one side: for a short the high is the negated low.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oriented {
    high: Price,
    low: Price,
    close: Price,
}

impl Oriented {
    /// Orients a bar. On the bar in which the position was opened, what traded before the fill is not
    /// known from the bar alone and is included only where the entry price is within it anyway.
    #[inline(always)]
    pub fn new(side: Side, bar: &Bar) -> Oriented {
        match side {
            Side::Buy => Oriented { high: bar.high, low: bar.low, close: bar.close },
            Side::Sell => Oriented { high: -bar.low, low: -bar.high, close: -bar.close },
        }
    }

    /// Best price of the bar.
    #[inline(always)]
    pub fn high(&self) -> Fx {
        fx(self.high)
    }

    /// Worst price of the bar.
    #[inline(always)]
    pub fn low(&self) -> Fx {
        fx(self.low)
    }

    /// Last price.
    #[inline(always)]
    pub fn close(&self) -> Fx {
        fx(self.close)
    }
}

/// What an exit rule says when an entry is about to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arming {
    /// An indicator that it needs is not warm: no entry.
    NotReady,
    /// It has no stop.
    NoStop,
    /// It will stop the position this far from its entry.
    Stop(Fx),
}

/// An exit rule fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitSignal {
    /// Why.
    pub reason: Reason,
    /// Share of the opening quantity to close; `None` for all of the rest.
    pub share: Option<Ratio>,
}

impl ExitSignal {
    /// Closes everything.
    pub fn all(reason: Reason) -> ExitSignal {
        ExitSignal { reason, share: None }
    }
}

/// Names of the values that rules note, by the number that records carry (from 1).
pub const VALUE_NAMES: &[&str] = &[
    "close",
    "rsi",
    "bb_lower",
    "bb_middle",
    "bb_upper",
    "atr",
    "stop",
    "target",
    "entry",
    "bars_held",
    "highest",
    "volume_ratio",
    "supertrend",
    "tenkan",
    "span_a",
    "span_b",
    "eom",
    "resistance",
    "support",
    "atr_mean",
    "macd",
    "macd_signal",
    "ma_fast",
    "ma_slow",
    "htf_atr",
    "votes",
    "voters",
    "operand_1",
    "operand_2",
    "operand_3",
    "operand_4",
    "operand_5",
    "operand_6",
    "operand_7",
];

/// Of the values' names: what stands before the number of a value that an expression reads. The n-th of them
/// is the n-th of [`crate::expression::operands`].
pub const OPERAND: &str = "operand_";

/// A value that a rule saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotedValue {
    /// Number of its name in [`VALUE_NAMES`], from 1.
    pub name: u16,
    /// `value * 10^-exponent`.
    pub value: i64,
    /// See `value`.
    pub exponent: u8,
}

/// Values that a rule saw, for the record. Prices keep four decimals beyond the instrument's.
pub struct Noted {
    price_exponent: u8,
    has_operands: bool,
    values: ArrayVec<NotedValue, 8>,
}

impl Noted {
    /// Nothing noted yet, for an instrument with this price exponent.
    pub fn new(price_exponent: u8) -> Noted {
        Noted { price_exponent, has_operands: false, values: ArrayVec::new() }
    }

    /// What was noted.
    pub fn values(&self) -> &[NotedValue] {
        &self.values
    }

    fn push(&mut self, name: &str, value: i64, exponent: u8) {
        let at = VALUE_NAMES.iter().position(|n| *n == name);
        debug_assert!(at.is_some(), "{name} is not in VALUE_NAMES");
        if let Some(at) = at {
            let noted = NotedValue { name: at as u16 + 1, value, exponent };
            // Rules of one list see the same close. More than eight values is more than a person reads; the
            // rest is left out.
            if !self.values.contains(&noted) {
                let _ = self.values.try_push(noted);
            }
        }
    }

    /// A price of the instrument.
    pub fn price(&mut self, name: &str, price: Price) {
        self.push(name, price.0, self.price_exponent);
    }

    /// A level between prices.
    pub fn level(&mut self, name: &str, level: Fx) {
        let scaled = (level.to_bits() * 10_000) >> 32;
        self.push(name, i64::try_from(scaled).unwrap_or(i64::MAX), self.price_exponent + 4);
    }

    /// A plain number, six decimals.
    pub fn index(&mut self, name: &str, value: Fx) {
        // What no record holds is cut: an ease of movement has no bound that prices have.
        let scaled = value.to_bits().saturating_mul(1_000_000) >> 32;
        self.push(name, scaled.clamp(i64::MIN.into(), i64::MAX.into()) as i64, 6);
    }

    /// A price of the market, where there is one.
    pub fn level_of(&mut self, name: &str, level: Option<Fx>) {
        if let Some(level) = level {
            self.level(name, level);
        }
    }

    /// A plain number, where there is one.
    pub fn index_of(&mut self, name: &str, value: Option<Fx>) {
        if let Some(value) = value {
            self.index(name, value);
        }
    }

    /// Rules that voted, as bits by their places in the list, and the sum of what they count.
    pub fn votes(&mut self, voters: u32, sum: Ratio) {
        self.push("votes", sum.0, 9);
        self.push("voters", voters.into(), 0);
    }

    /// The values that an expression reads: `value` in units of the series times ten to the `exponent`. Only
    /// the first expression of a record has room for them.
    pub fn operands(&mut self, values: impl Iterator<Item = (Option<Fx>, u8)>) {
        if std::mem::replace(&mut self.has_operands, true) {
            return;
        }
        let names = VALUE_NAMES.iter().filter(|name| name.starts_with(OPERAND));
        for (name, (value, exponent)) in names.zip(values) {
            let Some(value) = value else { continue };
            let scaled = value.to_bits().saturating_mul(1_000_000) >> 32;
            self.push(name, scaled.clamp(i64::MIN.into(), i64::MAX.into()) as i64, exponent + 6);
        }
    }

    /// A whole number.
    pub fn count(&mut self, name: &str, value: u64) {
        self.push(name, i64::try_from(value).unwrap_or(i64::MAX), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_the_time_from_the_next_bar_to_the_close() {
        const MINUTE_NS: i64 = 60_000_000_000;
        let session = Calendar::Session { days: 127, open_s: 52_200, close_s: 72_000 };
        let set = Set::default();
        let minutes = BarCut::Time { interval_ns: MINUTE_NS };
        let left = |minute: i64, cut, calendar: &Calendar, leaves| {
            let bar = Bar { open_ns: minute * MINUTE_NS, ..Bar::default() };
            let time_ns = bar.open_ns;
            View { bar: &bar, bars: 1, set: &set, time_ns, cut, calendar }.to_close(leaves)
        };
        let minutes_left = |minute| left(minute, minutes, &session, false).unwrap().left_ns / MINUTE_NS;
        // From 14:30 to 20:00: the bar before the open, the last but one, the last, and one of the evening.
        assert_eq!([869, 1_198, 1_199, 1_260].map(minutes_left), [330, 1, 0, 0]);
        let leaving = left(1_198, minutes, &session, true).unwrap();
        assert!(leaving.left_ns <= leaving.more_than_ns, "its exit would have no bar to trade in");
        let ticks = BarCut::Ticks { count: 10 };
        assert_eq!(
            [1_199, 1_200].map(|m| left(m, ticks, &session, true).unwrap().left_ns / MINUTE_NS),
            [1, 0]
        );
        let days = BarCut::Time { interval_ns: 1_440 * MINUTE_NS };
        assert_eq!(left(0, days, &session, true), None);
        assert_eq!(left(1_200, minutes, &Calendar::Always, true), None);
    }
}
