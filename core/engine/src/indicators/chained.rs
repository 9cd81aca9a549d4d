//! Averages of averages: exponential chains and what compares two of them. Every link carries 64
//! fractional bits, so that small prices keep their decimals through six links.

use super::define::declare::*;
use super::define::{Drawn, Indicator, IndicatorDef, Output, Source, Unit};
use super::fx::Fx;
use super::moving::WMA;
use super::real::Real;
use super::wide::{Smooth, Wide};
use super::window::Window;
use pinion_model::event::Bar;
use pinion_model::number::Ratio;
use serde::{Deserialize, Serialize};

/// Exponential averages of the same length, each fed with the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chain(Box<[Smooth]>);

impl Chain {
    pub(super) fn new(links: usize, n: usize) -> Chain {
        Chain(vec![Smooth::ema(n); links].into())
    }

    /// Takes a value; the last average, once warm.
    pub(super) fn update(&mut self, value: Wide) -> Option<Wide> {
        self.0.iter_mut().try_fold(value, |value, link| link.update(value))
    }

    /// The average of a link, once the whole chain is warm.
    fn link(&self, at: usize) -> Option<Wide> {
        self.0.last().and_then(Smooth::value)?;
        self.0[at].value()
    }
}

/// Double and triple exponential average: `sum of weights[i] * link[i]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dema {
    chain: Chain,
    weights: Box<[i64]>,
}

impl Dema {
    fn new(n: i64, weights: &[i64]) -> Dema {
        Dema { chain: Chain::new(weights.len(), n as usize), weights: weights.into() }
    }
}

impl Indicator for Dema {
    fn on_bar(&mut self, bar: &Bar) {
        self.chain.update(Wide::new(bar.close.0));
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let mut sum = Wide::ZERO;
        for (at, weight) in self.weights.iter().enumerate() {
            sum += self.chain.link(at)? * i128::from(*weight);
        }
        Some(sum.to_fx())
    }
}

/// DEMA.
pub const DEMA: IndicatorDef = IndicatorDef {
    name: "DEMA",
    source: Source::TaLib("DEMA"),
    doc: "Double exponential moving average: 2 e1 - e2, each e the EMA of the one before.",
    build: |p| Dema::new(p[0], &[2, -1]).into(),
    warm_up: |p| 2 * p[0] as usize - 1,
    ..WMA
};

/// TEMA.
pub const TEMA: IndicatorDef = IndicatorDef {
    name: "TEMA",
    source: Source::TaLib("TEMA"),
    doc: "Triple exponential moving average: 3 e1 - 3 e2 + e3, each e the EMA of the one before.",
    build: |p| Dema::new(p[0], &[3, -3, 1]).into(),
    warm_up: |p| 3 * p[0] as usize - 2,
    ..WMA
};

/// Tillson's T3: a sum of the last four of six links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct T3 {
    chain: Chain,
    /// Weights of the third to the sixth link, with 54 fractional bits. For a factor of at most 1 they are
    /// at most 8 and add up to 1 exactly.
    weights: [i64; 4],
}

impl T3 {
    const BITS: u32 = 54;

    fn new(n: usize, factor: Ratio) -> T3 {
        // Billionths cubed are below 2^90; v^3 / 10^27 in steps that keep 54 bits.
        let v = (i128::from(factor.0) << 90) / i128::from(Ratio::SCALE);
        let times = |a: i128, b: i128| ((a >> 30) * (b >> 30)) >> 30;
        let (square, cube) = (times(v, v), times(times(v, v), v));
        let bits = |x: i128| (x >> (90 - T3::BITS)) as i64;
        let sixth = -bits(cube);
        let fifth = 3 * (bits(square) + bits(cube));
        let fourth = -6 * bits(square) - 3 * (bits(v) + bits(cube));
        let third = (1 << T3::BITS) - sixth - fifth - fourth;
        T3 { chain: Chain::new(6, n), weights: [third, fourth, fifth, sixth] }
    }
}

impl Indicator for T3 {
    fn on_bar(&mut self, bar: &Bar) {
        self.chain.update(Wide::new(bar.close.0));
    }
    fn value(&self, _: usize) -> Option<Fx> {
        // The weights add up to 1, so the first link can stand for the level and only small differences
        // are weighted: e + sum of weight * (link - e).
        let level = self.chain.link(2)?;
        let mut sum = level;
        for (at, weight) in self.weights.iter().enumerate().skip(1) {
            let difference = Real::wide(self.chain.link(at + 2)? - level);
            sum += difference.times(Real::scaled(i128::from(*weight), -(T3::BITS as i32))).to_wide();
        }
        Some(sum.to_fx())
    }
}

/// T3.
pub const T3_DEF: IndicatorDef = IndicatorDef {
    name: "T3",
    params: &[
        period(5, 1),
        ratio(
            "factor",
            700_000,
            0,
            1_000_000,
            "",
            "Volume factor: 0 is an EMA of an EMA of an EMA, 1 the least lag.",
        ),
    ],
    source: Source::TaLib("T3"),
    doc: "Tillson's moving average of six chained EMAs.",
    build: |p| T3::new(p[0] as usize, Ratio(p[1])).into(),
    warm_up: |p| 6 * (p[0] as usize - 1) + 1,
    ..WMA
};

/// Zero-lag exponential average: of the close and its change over the lag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zlema {
    closes: Window<i64>,
    average: Smooth,
}

impl Indicator for Zlema {
    fn on_bar(&mut self, bar: &Bar) {
        self.closes.push(bar.close.0);
        if let Some(lagged) = self.closes.oldest() {
            self.average.update(Wide::new(2 * bar.close.0 - lagged));
        }
    }
    fn value(&self, _: usize) -> Option<Fx> {
        self.average.value().map(Wide::to_fx)
    }
}

/// ZLEMA.
pub const ZLEMA: IndicatorDef = IndicatorDef {
    name: "ZLEMA",
    source: Source::TaLib("ZLEMA"),
    doc: "Zero-lag EMA: the EMA of 2 close - the close of (n - 1) / 2 bars ago.",
    build: |p| {
        Zlema { closes: Window::new((p[0] as usize - 1) / 2 + 1), average: Smooth::ema(p[0] as usize) }.into()
    },
    warm_up: |p| (p[0] + (p[0] - 1) / 2) as usize,
    ..WMA
};

/// A fast and a slow exponential average, each with a seed of its own from the first bar on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pair {
    fast: Smooth,
    slow: Smooth,
}

impl Pair {
    /// Of these lengths; the shorter one is the fast one, as in TA-Lib.
    fn new(a: i64, b: i64) -> Pair {
        Pair { fast: Smooth::ema(a.min(b) as usize), slow: Smooth::ema(a.max(b) as usize) }
    }

    fn update(&mut self, value: Wide) {
        self.slow.update(value);
        self.fast.update(value);
    }

    /// Fast and slow average.
    fn value(&self) -> Option<(Wide, Wide)> {
        Some((self.fast.value()?, self.slow.value()?))
    }
}

/// Which oscillator of two averages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Difference {
    Absolute,
    Percent,
}

/// Difference of two averages, absolute or in percent of the slow one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oscillator {
    averages: Pair,
    difference: Difference,
}

impl Oscillator {
    fn new(p: &[i64], difference: Difference) -> Oscillator {
        Oscillator { averages: Pair::new(p[0], p[1]), difference }
    }
}

impl Indicator for Oscillator {
    fn on_bar(&mut self, bar: &Bar) {
        self.averages.update(Wide::new(bar.close.0));
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let (fast, slow) = self.averages.value()?;
        if self.difference == Difference::Absolute {
            return Some((fast - slow).to_fx());
        }
        let share = Real::wide((fast - slow) * 100).over(Real::wide(slow));
        Some(share.map_or(Fx::ZERO, Real::to_fx))
    }
}

/// APO.
pub const APO: IndicatorDef = IndicatorDef {
    name: "APO",
    params: &[bars("fast_period", 12, 2), bars("slow_period", 26, 2)],
    outputs: CHANGE,
    source: Source::TaLib("APO"),
    doc: "Absolute price oscillator: fast EMA less slow EMA. Unlike in MACD the fast one is seeded with \
          its own first closes.",
    build: |p| Oscillator::new(p, Difference::Absolute).into(),
    warm_up: |p| p[0].max(p[1]) as usize,
    ..WMA
};

/// PPO.
pub const PPO: IndicatorDef = IndicatorDef {
    name: "PPO",
    outputs: PERCENT,
    source: Source::TaLib("PPO"),
    doc: "Percentage price oscillator: fast EMA less slow EMA, of the slow EMA. 0 where that is 0.",
    build: |p| Oscillator::new(p, Difference::Percent).into(),
    ..APO
};

/// Change of a triple exponential average.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trix {
    chain: Chain,
    last: Option<Wide>,
    before: Option<Wide>,
}

impl Indicator for Trix {
    fn on_bar(&mut self, bar: &Bar) {
        self.before = self.last;
        self.last = self.chain.update(Wide::new(bar.close.0));
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let (last, before) = (self.last?, self.before?);
        let share = Real::wide((last - before) * 100).over(Real::wide(before));
        Some(share.map_or(Fx::ZERO, Real::to_fx))
    }
}

/// TRIX.
pub const TRIX: IndicatorDef = IndicatorDef {
    name: "TRIX",
    outputs: PERCENT,
    source: Source::TaLib("TRIX"),
    doc: "Change of the EMA of the EMA of the EMA in one bar. 0 where the average was 0.",
    build: |p| Trix { chain: Chain::new(3, p[0] as usize), last: None, before: None }.into(),
    warm_up: |p| 3 * (p[0] as usize - 1) + 2,
    ..WMA
};

/// The outputs of MACD.
pub(super) const MACD_OUTPUTS: &[Output] = &[
    output("macd", Unit::PriceChange),
    output("signal", Unit::PriceChange),
    Output { drawn: Drawn::Bars, ..output("histogram", Unit::PriceChange) },
];
