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
];

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
    values: ArrayVec<NotedValue, 8>,
}

impl Noted {
    /// Nothing noted yet, for an instrument with this price exponent.
    pub fn new(price_exponent: u8) -> Noted {
        Noted { price_exponent, values: ArrayVec::new() }
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

    /// A whole number.
    pub fn count(&mut self, name: &str, value: u64) {
        self.push(name, i64::try_from(value).unwrap_or(i64::MAX), 0);
    }
}
