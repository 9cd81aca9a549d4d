//! Moving averages of closes. Weighted windows are exact integer sums; exponential chains carry 64
//! fractional bits.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Source, volume};
use super::fx::Fx;
use super::real::{Real, quotient};
use super::wide::{Smooth, Wide};
use super::window::Window;
use pinion_model::event::Bar;
use serde::{Deserialize, Serialize};

/// Sum of the last `n` values with weights 1 (the oldest) to `n`. With values below 2^b it stays below
/// 2^(b + 19), `n` being at most 1,000.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct WeightedSum {
    window: Window<i128>,
    plain: i128,
    weighted: i128,
}

impl WeightedSum {
    fn new(n: usize) -> WeightedSum {
        WeightedSum { window: Window::new(n), plain: 0, weighted: 0 }
    }

    fn update(&mut self, value: i128) -> Option<i128> {
        let n = self.window.len() as i128;
        // Every value in the window loses one weight, the oldest its last; while the window fills, the
        // values that are not there count as zero.
        self.weighted += n * value - self.plain;
        self.plain += value - self.window.push(value);
        self.value()
    }

    fn value(&self) -> Option<i128> {
        self.window.is_full().then_some(self.weighted)
    }

    /// Sum of the weights.
    fn weights(&self) -> i128 {
        let n = self.window.len() as i128;
        n * (n + 1) / 2
    }
}

/// Weighted moving average.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wma(WeightedSum);

impl Indicator for Wma {
    fn on_bar(&mut self, bar: &Bar) {
        self.0.update(bar.close.0.into());
    }
    fn value(&self, _: usize) -> Option<Fx> {
        quotient(self.0.value()?, self.0.weights())
    }
}

/// WMA.
pub const WMA: IndicatorDef = IndicatorDef {
    name: "WMA",
    aliases: &[],
    params: &[period(30, 1)],
    outputs: PRICE,
    inputs: CLOSE,
    source: Source::TaLib("WMA"),
    doc: "Weighted moving average: the newest close weighs n, the oldest 1.",
    build: |p| Wma(WeightedSum::new(p[0] as usize)).into(),
    warm_up: |p| p[0] as usize,
    shared: None,
};

/// Hull's moving average.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hma {
    half: WeightedSum,
    full: WeightedSum,
    /// Of `2 * half average - full average`, times the weights of both: below 2^47 * 2^39, so that the
    /// last sum stays below 2^96.
    last: WeightedSum,
}

impl Hma {
    fn new(n: usize) -> Hma {
        let sum = WeightedSum::new;
        Hma { half: sum(n / 2), full: sum(n), last: sum(n.isqrt()) }
    }
}

impl Indicator for Hma {
    fn on_bar(&mut self, bar: &Bar) {
        let close = bar.close.0.into();
        let half = self.half.update(close);
        if let (Some(half), Some(full)) = (half, self.full.update(close)) {
            self.last.update(2 * half * self.full.weights() - full * self.half.weights());
        }
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let weights = self.half.weights() * self.full.weights() * self.last.weights();
        quotient(self.last.value()?, weights)
    }
}

/// HMA.
pub const HMA: IndicatorDef = IndicatorDef {
    name: "HMA",
    aliases: &["HULL"],
    params: &[period(20, 2)],
    outputs: PRICE,
    source: Source::TaLib("HMA"),
    doc: "Hull moving average: WMA over sqrt(n) of 2 WMA(n/2) - WMA(n), lengths rounded down.",
    build: |p| Hma::new(p[0] as usize).into(),
    warm_up: |p| (p[0] + p[0].isqrt()) as usize - 1,
    ..WMA
};

/// Triangular moving average: a simple average of a simple average.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trima {
    inner: Window<i64>,
    /// Below 2^57.
    inner_sum: i64,
    outer: Window<i64>,
    /// Below 2^67.
    outer_sum: i128,
}

impl Trima {
    fn new(n: usize) -> Trima {
        // Of an even length the inner window is one longer; the weights are the same either way.
        let (inner, outer) = (Window::new(n / 2 + 1), Window::new(n.div_ceil(2)));
        Trima { inner, inner_sum: 0, outer, outer_sum: 0 }
    }
}

impl Indicator for Trima {
    fn on_bar(&mut self, bar: &Bar) {
        self.inner_sum += bar.close.0 - self.inner.push(bar.close.0);
        if self.inner.is_full() {
            self.outer_sum += i128::from(self.inner_sum) - i128::from(self.outer.push(self.inner_sum));
        }
    }
    fn value(&self, _: usize) -> Option<Fx> {
        if !self.outer.is_full() {
            return None;
        }
        quotient(self.outer_sum, (self.inner.len() * self.outer.len()) as i128)
    }
}

/// TRIMA.
pub const TRIMA: IndicatorDef = IndicatorDef {
    name: "TRIMA",
    source: Source::TaLib("TRIMA"),
    doc: "Triangular moving average: the weights rise to the middle of the window and fall again.",
    build: |p| Trima::new(p[0] as usize).into(),
    ..WMA
};

/// Volume-weighted moving average.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vwma {
    window: Window<(i64, i64)>,
    /// Below 2^47 * 2^60 * 2^10.
    products: i128,
    volume: i128,
}

impl Indicator for Vwma {
    fn on_bar(&mut self, bar: &Bar) {
        let new = (bar.close.0, volume(bar));
        let old = self.window.push(new);
        self.products += i128::from(new.0) * i128::from(new.1) - i128::from(old.0) * i128::from(old.1);
        self.volume += i128::from(new.1) - i128::from(old.1);
    }
    fn value(&self, _: usize) -> Option<Fx> {
        if !self.window.is_full() {
            return None;
        }
        quotient(self.products, self.volume)
    }
}

/// VWMA.
pub const VWMA: IndicatorDef = IndicatorDef {
    name: "VWMA",
    params: &[period(30, 2)],
    inputs: CV,
    source: Source::TaLib("VWMA"),
    doc: "Volume-weighted moving average. No value where nothing was traded in the whole window.",
    build: |p| Vwma { window: Window::new(p[0] as usize), products: 0, volume: 0 }.into(),
    ..WMA
};

/// Wilder's moving average.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rma(Smooth);

impl Indicator for Rma {
    fn on_bar(&mut self, bar: &Bar) {
        self.0.update(Wide::new(bar.close.0));
    }
    fn value(&self, _: usize) -> Option<Fx> {
        self.0.value().map(Wide::to_fx)
    }
}

/// RMA.
pub const RMA: IndicatorDef = IndicatorDef {
    name: "RMA",
    aliases: &["SMMA", "WILDER"],
    source: Source::TaLib("RMA"),
    doc: "Wilder's moving average: exponential with alpha 1/n, seeded with the mean of the first n.",
    build: |p| Rma(Smooth::wilder(p[0] as usize)).into(),
    ..WMA
};

/// Kaufman's adaptive moving average.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kama {
    closes: Window<i64>,
    /// Sum of the last `n` absolute changes, below 2^58.
    path: i64,
    average: Wide,
    warm: bool,
}

impl Kama {
    fn new(n: usize) -> Kama {
        Kama { closes: Window::new(n + 1), path: 0, average: Wide::ZERO, warm: false }
    }

    /// The smoothing constant `(er * (2/3 - 2/31) + 2/31)^2`, between 0 and 1. A market that does not
    /// move is efficient.
    fn smoothing(direction: i64, path: i64) -> Real {
        let fast_share = if path == 0 || direction >= path {
            Real::new(1)
        } else {
            Real::new(direction.into()).over(Real::new(path.into())).unwrap_or(Real::ZERO)
        };
        // (56 er + 6) / 93, the fraction of er in 64 bits.
        let share = (fast_share.to_wide() * 56 + Wide::new(6)).over(93);
        Real::wide(share).times(Real::wide(share))
    }
}

impl Indicator for Kama {
    fn on_bar(&mut self, bar: &Bar) {
        let close = bar.close.0;
        let newest = self.closes.ago(0);
        // The change that leaves the path is the oldest one in the window.
        if let (Some(oldest), Some(next)) = (self.closes.oldest(), self.closes.ago(self.closes.len() - 2)) {
            self.path -= (next - oldest).abs();
        }
        self.closes.push(close);
        let Some(newest) = newest else { return };
        self.path += (close - newest).abs();
        let Some(oldest) = self.closes.oldest() else { return };
        if !self.warm {
            self.average = Wide::new(newest);
            self.warm = true;
        }
        let constant = Kama::smoothing((close - oldest).abs(), self.path);
        let step = Real::wide(Wide::new(close) - self.average).times(constant);
        self.average += step.to_wide();
    }
    fn value(&self, _: usize) -> Option<Fx> {
        self.warm.then(|| self.average.to_fx())
    }
}

/// KAMA.
pub const KAMA: IndicatorDef = IndicatorDef {
    name: "KAMA",
    params: &[period(30, 2)],
    source: Source::TaLib("KAMA"),
    doc: "Kaufman's adaptive moving average, between the speeds of EMA(2) and EMA(30) as the path of the \
          last n changes is straight or not.",
    build: |p| Kama::new(p[0] as usize).into(),
    warm_up: |p| p[0] as usize + 1,
    ..WMA
};
