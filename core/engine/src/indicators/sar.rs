//! Wilder's parabolic stop and reverse.
//!
//! Whether the market touched the stop is a comparison for equality, and the stop moves by decimal
//! fractions: so it is kept in 10^-18 of a price unit, where they are exact for many bars. Prices are below
//! 2^47, stops therefore below 2^107.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Source};
use super::fx::Fx;
use super::moving::WMA;
use pinion_model::event::Bar;
use pinion_model::number::{Price, Ratio};
use serde::{Deserialize, Serialize};

/// 10^-18 of a price unit.
const ATTO: i128 = 1_000_000_000_000_000_000;

fn atto(price: Price) -> i128 {
    i128::from(price.0) * ATTO
}

/// `distance * share`, the share in billionths and at most 1.
fn part(distance: i128, share: i64) -> i128 {
    let (scale, share) = (i128::from(Ratio::SCALE), i128::from(share));
    distance.div_euclid(scale) * share + (distance.rem_euclid(scale) * share).div_euclid(scale)
}

/// The trade that the stop follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Trade {
    long: bool,
    /// Best price of the trade.
    extreme: i128,
    /// Acceleration in billionths.
    acceleration: i64,
    /// Where the stop is at the next bar.
    next: i128,
}

/// Parabolic SAR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sar {
    step: i64,
    most: i64,
    previous: Option<Bar>,
    trade: Option<Trade>,
    stop: Option<i128>,
}

/// High and low of a bar, seen from the trade: of a short one mirrored, so that "better" is always more.
struct Ends {
    best: i128,
    worst: i128,
}

impl Ends {
    fn of(bar: &Bar, long: bool) -> Ends {
        let (high, low) = (atto(bar.high), atto(bar.low));
        if long { Ends { best: high, worst: low } } else { Ends { best: -low, worst: -high } }
    }
}

/// A value in the trade's own sense.
fn seen(value: i128, long: bool) -> i128 {
    if long { value } else { -value }
}

impl Sar {
    fn new(p: &[i64]) -> Sar {
        Sar { step: p[0].min(p[1]), most: p[1], previous: None, trade: None, stop: None }
    }

    /// The first trade: downward movement between the first two bars makes it short; its stop is the first
    /// bar's far end.
    fn open(&self, first: &Bar, bar: &Bar) -> Trade {
        let (up, down) = ((bar.high - first.high).0, (first.low - bar.low).0);
        let long = !(down > 0 && up < down);
        let (extreme, next) = if long { (bar.high, first.low) } else { (bar.low, first.high) };
        Trade { long, extreme: atto(extreme), acceleration: self.step, next: atto(next) }
    }

    /// Moves the stop towards the extreme, but not into the last two bars.
    fn advance(trade: &Trade, stop: i128, last: &Bar, bar: &Bar) -> i128 {
        let moved = seen(stop + part(trade.extreme - stop, trade.acceleration), trade.long);
        let limit = Ends::of(last, trade.long).worst.min(Ends::of(bar, trade.long).worst);
        seen(moved.min(limit), trade.long)
    }

    /// Takes a bar of a running trade; `last` is the bar before it. The stop of this bar, and the trade
    /// after it.
    fn step(&self, mut trade: Trade, last: &Bar, bar: &Bar) -> (i128, Trade) {
        let ends = Ends::of(bar, trade.long);
        if ends.worst > seen(trade.next, trade.long) {
            let stop = trade.next;
            if ends.best > seen(trade.extreme, trade.long) {
                trade.extreme = seen(ends.best, trade.long);
                trade.acceleration = (trade.acceleration + self.step).min(self.most);
            }
            trade.next = Sar::advance(&trade, stop, last, bar);
            return (stop, trade);
        }
        // Reversed: the stop jumps to the extreme, or further where the last bars went further.
        let long = !trade.long;
        let limit = Ends::of(last, long).worst.min(Ends::of(bar, long).worst);
        let stop = seen(seen(trade.extreme, long).min(limit), long);
        let extreme = seen(Ends::of(bar, long).best, long);
        let mut trade = Trade { long, extreme, acceleration: self.step, next: stop };
        trade.next = Sar::advance(&trade, stop, last, bar);
        (stop, trade)
    }
}

impl Indicator for Sar {
    fn on_bar(&mut self, bar: &Bar) {
        let Some(previous) = self.previous.replace(*bar) else { return };
        // The first trade knows no bar before its own.
        let (trade, last) = match self.trade {
            Some(trade) => (trade, previous),
            None => (self.open(&previous, bar), *bar),
        };
        let (stop, trade) = self.step(trade, &last, bar);
        (self.stop, self.trade) = (Some(stop), Some(trade));
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let stop = self.stop?;
        let rest = (stop.rem_euclid(ATTO) << 32) / ATTO;
        Some(Fx::from_bits((stop.div_euclid(ATTO) << 32) + rest))
    }
}

/// SAR.
pub const SAR: IndicatorDef = IndicatorDef {
    name: "SAR",
    aliases: &["PSAR"],
    params: &[
        ratio(
            "acceleration",
            20_000,
            0,
            1_000_000,
            "fraction",
            "How far the stop moves towards the extreme, and by how much that grows with each new extreme.",
        ),
        ratio("maximum", 200_000, 0, 1_000_000, "fraction", "Most that the stop moves."),
    ],
    inputs: HL,
    source: Source::TaLib("SAR"),
    doc: "Wilder's parabolic stop and reverse; the first trade is short if the second bar moved down more \
          than up.",
    build: |p| Sar::new(p).into(),
    warm_up: |_| 2,
    ..WMA
};
