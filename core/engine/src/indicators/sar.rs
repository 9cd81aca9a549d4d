//! Wilder's parabolic stop and reverse.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Source};
use super::fx::Fx;
use super::moving::WMA;
use super::wide::{Share, Wide};
use pinion_model::event::Bar;
use pinion_model::number::Ratio;
use serde::{Deserialize, Serialize};

/// The trade that the stop follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Trade {
    long: bool,
    /// Best price of the trade.
    extreme: Wide,
    /// Acceleration in billionths.
    acceleration: i64,
    /// Where the stop is at the next bar.
    next: Wide,
}

/// Parabolic SAR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sar {
    step: i64,
    most: i64,
    previous: Option<Bar>,
    trade: Option<Trade>,
    stop: Option<Wide>,
}

/// High and low of a bar, seen from the trade: of a short one mirrored, so that "better" is always more.
struct Ends {
    best: Wide,
    worst: Wide,
}

impl Ends {
    fn of(bar: &Bar, long: bool) -> Ends {
        let (high, low) = (Wide::new(bar.high.0), Wide::new(bar.low.0));
        if long { Ends { best: high, worst: low } } else { Ends { best: -low, worst: -high } }
    }
}

/// A value in the trade's own sense.
fn seen(value: Wide, long: bool) -> Wide {
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
        Trade { long, extreme: Wide::new(extreme.0), acceleration: self.step, next: Wide::new(next.0) }
    }

    /// Moves the stop towards the extreme, but not into the last two bars.
    fn advance(trade: &Trade, stop: Wide, last: &Bar, bar: &Bar) -> Wide {
        let share = Share::new(trade.acceleration as u64, Ratio::SCALE as u64);
        let moved = seen(stop + share.of(trade.extreme - stop), trade.long);
        let limit = Ends::of(last, trade.long).worst.min(Ends::of(bar, trade.long).worst);
        seen(moved.min(limit), trade.long)
    }

    /// Takes a bar of a running trade; `last` is the bar before it. The stop of this bar, and the trade
    /// after it.
    fn step(&self, mut trade: Trade, last: &Bar, bar: &Bar) -> (Wide, Trade) {
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
        self.stop.map(Wide::to_fx)
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
    doc: "Wilder's parabolic stop and reverse; the first trade is short if the second bar moved down more than up.",
    build: |p| Sar::new(p).into(),
    warm_up: |_| 2,
    ..WMA
};
