//! Prices at which the market turned or may turn: swing highs and lows, and pivots of the day before.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Input, Output, Source, Unit};
use super::fx::{Fx, fx};
use super::moving::WMA;
use super::real::quotient;
use super::window::Window;
use pinion_model::event::Bar;
use pinion_model::number::Price;
use serde::{Deserialize, Serialize};

/// The last `keep` levels of one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Levels(Window<i64>);

impl Levels {
    /// Stores a level unless it lies within 0.01 % of the last one.
    fn store(&mut self, level: i64) {
        let same = self.0.ago(0).is_some_and(|last| {
            let (distance, last) = ((i128::from(level) - i128::from(last)).abs(), i128::from(last));
            distance * 10_000 <= last
        });
        if !same {
            self.0.push(level);
        }
    }
}

/// Swing highs and lows: a bar whose high is above those of the `n` bars on both sides, and the mirror.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swing {
    n: usize,
    bars: Window<(i64, i64)>,
    highs: Levels,
    lows: Levels,
    close: Price,
}

impl Swing {
    /// With `n` bars on each side and the last `keep` levels of each kind.
    pub fn new(n: usize, keep: usize) -> Swing {
        let levels = || Levels(Window::new(keep));
        Swing { n, bars: Window::new(2 * n + 1), highs: levels(), lows: levels(), close: Price::ZERO }
    }

    /// Takes a bar.
    pub fn update(&mut self, bar: &Bar) {
        self.bars.push((bar.high.0, bar.low.0));
        self.close = bar.close;
        let Some((high, low)) = self.bars.ago(self.n) else { return };
        if !self.bars.is_full() {
            return;
        }
        let (mut is_high, mut is_low) = (true, true);
        for (at, other) in self.bars.iter().enumerate() {
            is_high &= at == self.n || high > other.0;
            is_low &= at == self.n || low < other.1;
        }
        if is_high {
            self.highs.store(high);
        }
        if is_low {
            self.lows.store(low);
        }
    }

    /// The nearest swing high above a price.
    pub fn resistance(&self, price: Price) -> Option<Price> {
        self.highs.0.iter().filter(|level| *level > price.0).min().map(Price)
    }

    /// The nearest swing low below a price.
    pub fn support(&self, price: Price) -> Option<Price> {
        self.lows.0.iter().filter(|level| *level < price.0).max().map(Price)
    }
}

impl Indicator for Swing {
    fn on_bar(&mut self, bar: &Bar) {
        self.update(bar);
    }
    fn value(&self, output: usize) -> Option<Fx> {
        let level = if output == 0 { self.resistance(self.close) } else { self.support(self.close) };
        level.map(fx)
    }
}

/// SWING.
pub const SWING: IndicatorDef = IndicatorDef {
    name: "SWING",
    aliases: &["SWING_LEVELS"],
    params: &[
        int("strength", 2, 1, 50, "bars", "Bars on each side that a swing is above or below."),
        int("keep", 50, 1, 500, "levels", "Levels of each kind that are remembered."),
    ],
    outputs: &[output("resistance", Unit::Price), output("support", Unit::Price)],
    inputs: HLC,
    source: Source::Text(
        "Swing highs and lows, confirmed by the bars on both sides; a level \
         within 0.01 % of the last one is not stored again",
    ),
    doc: "Nearest swing high above the close and nearest swing low below it, known once the bars after \
          the swing are. No value where there is none.",
    build: |p| Swing::new(p[0] as usize, p[1] as usize).into(),
    warm_up: |p| 2 * p[0] as usize + 1,
    ..WMA
};

/// Floor traders' pivots of the day before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pivot {
    offset_ns: i64,
    /// The running day with its high, low and close.
    day: Option<(i64, Bar)>,
    before: Option<Bar>,
}

const MINUTE_NS: i64 = 60_000_000_000;

impl Indicator for Pivot {
    fn on_bar(&mut self, bar: &Bar) {
        let day = bar.open_ns.saturating_sub(self.offset_ns).div_euclid(1440 * MINUTE_NS);
        match &mut self.day {
            Some((running, so_far)) if *running == day => {
                so_far.high = so_far.high.max(bar.high);
                so_far.low = so_far.low.min(bar.low);
                so_far.close = bar.close;
            }
            ended => {
                self.before = ended.map(|(_, bar)| bar);
                self.day = Some((day, *bar));
            }
        }
    }
    fn value(&self, output: usize) -> Option<Fx> {
        let Bar { high, low, close, .. } = self.before?;
        let (high, low, sum) = (i128::from(high.0), i128::from(low.0), i128::from((high + low + close).0));
        // Thirds of a price unit.
        let thirds = match output {
            0 => sum,
            1 => 2 * sum - 3 * low,
            2 => 2 * sum - 3 * high,
            3 => sum + 3 * (high - low),
            _ => sum - 3 * (high - low),
        };
        quotient(thirds, 3)
    }
}

const PIVOTS: &[Output] = &[
    output("pivot", Unit::Price),
    output("r1", Unit::Price),
    output("s1", Unit::Price),
    output("r2", Unit::Price),
    output("s2", Unit::Price),
];

/// PIVOT.
pub const PIVOT: IndicatorDef = IndicatorDef {
    name: "PIVOT",
    aliases: &["PIVOT_POINTS"],
    params: &[int("offset_minutes", 0, -1439, 1439, "minutes", "When the day begins, after midnight UTC.")],
    outputs: PIVOTS,
    inputs: &[Input::High, Input::Low, Input::Close, Input::Time],
    source: Source::Text(
        "Floor traders' pivots: P = (H + L + C) / 3 of the day before, R1 = 2 P - L, \
          S1 = 2 P - H, R2 = P + H - L, S2 = P - H + L",
    ),
    doc: "Pivot, two resistances and two supports from the day before. No value on the first day.",
    build: |p| Pivot { offset_ns: p[0] * MINUTE_NS, day: None, before: None }.into(),
    warm_up: |_| 2,
    ..WMA
};
