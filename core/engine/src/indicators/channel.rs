//! Bands that follow price at a distance of its range: Keltner's channel and SuperTrend.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Output, Source, Unit};
use super::directional::true_range;
use super::fx::Fx;
use super::moving::WMA;
use super::wide::{Smooth, Wide};
use super::window::Window;
use pinion_model::event::Bar;
use pinion_model::number::Ratio;
use serde::{Deserialize, Serialize};

/// `value * ratio` with all of its bits; `ratio` is at most 1,000.
fn times(value: Wide, ratio: Ratio) -> Wide {
    // The whole billionths first: below 2^58, and the rest below 2^30 times 2^40.
    let scale = i128::from(Ratio::SCALE);
    let (whole, rest) = (value.0.div_euclid(scale), value.0.rem_euclid(scale));
    let ratio = i128::from(ratio.0);
    Wide(whole * ratio + (rest * ratio).div_euclid(scale))
}

/// Keltner channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keltner {
    /// Of three times the typical price.
    middle: Smooth,
    range: Smooth,
    factor: Ratio,
    previous: Option<Bar>,
    /// Bars before the middle's and the range's seeds begin: both end on the same bar, as in TA-Lib.
    skip_middle: u32,
    skip_range: u32,
}

impl Keltner {
    fn new(p: &[i64]) -> Keltner {
        let first = (p[0] - 1).max(p[1]);
        Keltner {
            middle: Smooth::ema(p[0] as usize),
            range: Smooth::wilder(p[1] as usize),
            factor: Ratio(p[2]),
            previous: None,
            skip_middle: (first - (p[0] - 1)) as u32,
            skip_range: (first - p[1]) as u32,
        }
    }
}

impl Indicator for Keltner {
    fn on_bar(&mut self, bar: &Bar) {
        if self.skip_middle > 0 {
            self.skip_middle -= 1;
        } else {
            self.middle.update(Wide::new((bar.high + bar.low + bar.close).0));
        }
        let Some(previous) = self.previous.replace(*bar) else { return };
        if self.skip_range > 0 {
            self.skip_range -= 1;
        } else {
            self.range.update(Wide::new(true_range(bar, &previous)));
        }
    }
    fn value(&self, output: usize) -> Option<Fx> {
        let (middle, range) = (self.middle.value()?.over(3), times(self.range.value()?, self.factor));
        Some([middle + range, middle, middle - range][output].to_fx())
    }
}

/// KELTNER.
pub const KELTNER: IndicatorDef = IndicatorDef {
    name: "KELTNER",
    aliases: &["KC"],
    params: &[
        bars("period", 20, 2),
        bars("atr_period", 10, 1),
        ratio("multiplier", 2_000_000, 0, 1_000_000_000, "ATR", "Half width of the channel."),
    ],
    outputs: &[output("upper", Unit::Price), output("middle", Unit::Price), output("lower", Unit::Price)],
    inputs: HLC,
    source: Source::TaLib("KC"),
    doc: "Keltner channel: the EMA of the typical price plus and minus average true ranges. Both seeds \
          end on the bar of the first value.",
    build: |p| Keltner::new(p).into(),
    warm_up: |p| p[0].max(p[1] + 1) as usize,
    ..WMA
};

/// SuperTrend with Wilder's average of the true range and two ratcheted bands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuperTrend {
    range: Smooth,
    factor: Ratio,
    previous: Option<Bar>,
    upper: Wide,
    lower: Wide,
    /// `None` until there are bands.
    up: Option<bool>,
}

impl Indicator for SuperTrend {
    fn on_bar(&mut self, bar: &Bar) {
        let Some(previous) = self.previous.replace(*bar) else { return };
        let Some(range) = self.range.update(Wide::new(true_range(bar, &previous))) else { return };
        let (middle, width) = (Wide::new((bar.high + bar.low).0).over(2), times(range, self.factor));
        let (upper, lower) = (middle + width, middle - width);
        let Some(up) = self.up else {
            (self.upper, self.lower, self.up) = (upper, lower, Some(true));
            return;
        };
        let before = Wide::new(previous.close.0);
        if upper < self.upper || before > self.upper {
            self.upper = upper;
        }
        if lower > self.lower || before < self.lower {
            self.lower = lower;
        }
        let close = Wide::new(bar.close.0);
        self.up = Some(if up { close >= self.lower } else { close > self.upper });
    }
    fn value(&self, output: usize) -> Option<Fx> {
        let up = self.up?;
        let line = if up { self.lower } else { self.upper };
        Some(if output == 0 { line.to_fx() } else { direction(up) })
    }
}

fn direction(up: bool) -> Fx {
    if up { Fx::ONE } else { -Fx::ONE }
}

const LINE: &[Output] = &[output("line", Unit::Price), output("direction", Unit::Direction)];

/// SUPERTREND.
pub const SUPERTREND: IndicatorDef = IndicatorDef {
    name: "SUPERTREND",
    aliases: &["ST"],
    params: &[
        period(10, 2),
        ratio(
            "multiplier",
            3_000_000,
            0,
            1_000_000_000,
            "ATR",
            "Distance of the bands from the bar's middle.",
        ),
    ],
    outputs: LINE,
    inputs: HLC,
    source: Source::TaLib("SUPERTREND"),
    doc: "SuperTrend: the upper band only falls and the lower one only rises until a close is beyond it; \
          a close beyond the active band turns the trend, which begins up.",
    build: |p| {
        let range = Smooth::wilder(p[0] as usize);
        SuperTrend {
            range,
            factor: Ratio(p[1]),
            previous: None,
            upper: Wide::ZERO,
            lower: Wide::ZERO,
            up: None,
        }
        .into()
    },
    warm_up: |p| p[0] as usize + 1,
    ..WMA
};

/// SuperTrend with the simple mean of the true range and one line that moves from side to side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuperTrendSma {
    ranges: Window<i64>,
    /// Below 2^58.
    sum: i64,
    factor: Ratio,
    previous: Option<Bar>,
    line: Wide,
    up: Option<bool>,
}

impl Indicator for SuperTrendSma {
    fn on_bar(&mut self, bar: &Bar) {
        let Some(previous) = self.previous.replace(*bar) else { return };
        let range = true_range(bar, &previous);
        self.sum += range - self.ranges.push(range);
        if !self.ranges.is_full() {
            return;
        }
        let mean = Wide::new(self.sum).over(self.ranges.len());
        let (middle, width) = (Wide::new((bar.high + bar.low).0).over(2), times(mean, self.factor));
        let (upper, lower, close) = (middle + width, middle - width, Wide::new(bar.close.0));
        let ratcheted = match self.up {
            None => lower,
            Some(true) => self.line.max(lower),
            Some(false) => self.line.min(upper),
        };
        (self.line, self.up) = match self.up {
            Some(true) if close < ratcheted => (upper, Some(false)),
            Some(false) if close > ratcheted => (lower, Some(true)),
            up => (ratcheted, up.or(Some(true))),
        };
    }
    fn value(&self, output: usize) -> Option<Fx> {
        let up = self.up?;
        Some(if output == 0 { self.line.to_fx() } else { direction(up) })
    }
}

/// SUPERTREND_SMA.
pub const SUPERTREND_SMA: IndicatorDef = IndicatorDef {
    name: "SUPERTREND_SMA",
    aliases: &["ST_SMA"],
    source: Source::Text("SuperTrend with the simple mean of the true range and a single ratcheted line"),
    doc: "SuperTrend whose one line ratchets towards price and jumps to the other side when a close is \
          beyond it; the range is a simple mean. The trend begins up.",
    build: |p| {
        let ranges = Window::new(p[0] as usize);
        SuperTrendSma { ranges, sum: 0, factor: Ratio(p[1]), previous: None, line: Wide::ZERO, up: None }
            .into()
    },
    ..SUPERTREND
};
