//! How far prices swing: true range, realised volatility, choppiness, the Hurst exponent.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Source};
use super::directional::true_range;
use super::functions::{self, ln};
use super::fx::Fx;
use super::moving::WMA;
use super::real::Real;
use super::wide::{Smooth, Wide};
use super::window::{Range, Window};
use pinion_model::event::Bar;
use pinion_model::number::Ratio;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// True range of the last bar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrueRange {
    previous: Option<Bar>,
    range: Option<i64>,
}

impl Indicator for TrueRange {
    fn on_bar(&mut self, bar: &Bar) {
        self.range = self.previous.replace(*bar).map(|previous| true_range(bar, &previous));
    }
    fn value(&self, _: usize) -> Option<Fx> {
        self.range.map(|range| Fx::from_bits(i128::from(range) << 32))
    }
}

/// TRANGE.
pub const TRANGE: IndicatorDef = IndicatorDef {
    name: "TRANGE",
    aliases: &["TR"],
    params: &[],
    outputs: CHANGE,
    inputs: HLC,
    source: Source::TaLib("TRANGE"),
    doc: "True range: the bar's range, widened to the close before it.",
    build: |_| TrueRange::default().into(),
    warm_up: |_| 2,
    ..WMA
};

/// Average true range in percent of the close.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Natr {
    range: Smooth,
    previous: Option<Bar>,
}

impl Indicator for Natr {
    fn on_bar(&mut self, bar: &Bar) {
        if let Some(previous) = self.previous.replace(*bar) {
            self.range.update(Wide::new(true_range(bar, &previous)));
        }
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let range = Real::wide(self.range.value()? * 100);
        let share = range.over(Real::new(self.previous?.close.0.into()));
        Some(share.map_or(Fx::ZERO, Real::to_fx))
    }
}

/// NATR.
pub const NATR: IndicatorDef = IndicatorDef {
    name: "NATR",
    params: &[period(14, 2)],
    outputs: PERCENT,
    inputs: HLC,
    source: Source::TaLib("NATR"),
    doc: "Wilder's average true range, of the close. 0 where the close is 0.",
    build: |p| Natr { range: Smooth::wilder(p[0] as usize), previous: None }.into(),
    warm_up: |p| p[0] as usize + 1,
    ..WMA
};

/// Mean of the average true ranges of the last bars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtrMean {
    range: Smooth,
    previous: Option<Bar>,
    /// Bits of the averages, below 2^81.
    window: Window<i128>,
    sum: i128,
}

impl AtrMean {
    /// How the last average true range compares with `ratio` (at most 10) times the mean: exact, without a
    /// division.
    pub fn compare(&self, ratio: Ratio) -> Option<Ordering> {
        let last = self.window.ago(0).filter(|_| self.window.is_full())?;
        // Below 2^121 and 2^125.
        let ranges = last * self.window.len() as i128 * i128::from(Ratio::SCALE);
        Some(ranges.cmp(&(self.sum * i128::from(ratio.0))))
    }

    /// The last average true range.
    pub fn last(&self) -> Option<Fx> {
        self.window.ago(0).map(Fx::from_bits)
    }
}

impl Indicator for AtrMean {
    fn on_bar(&mut self, bar: &Bar) {
        let Some(previous) = self.previous.replace(*bar) else { return };
        if let Some(range) = self.range.update(Wide::new(true_range(bar, &previous))) {
            let new = range.to_fx().to_bits();
            self.sum += new - self.window.push(new);
        }
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let n = self.window.len() as i128;
        self.window.is_full().then(|| Fx::from_bits(self.sum.div_euclid(n)))
    }
}

/// ATR_SMA.
pub const ATR_SMA: IndicatorDef = IndicatorDef {
    name: "ATR_SMA",
    params: &[bars("atr_period", 14, 1), bars("period", 100, 1)],
    outputs: CHANGE,
    inputs: HLC,
    source: Source::Text("Simple moving average of Wilder's average true range"),
    doc: "Mean of the last n average true ranges: whether a market is livelier than it used to be.",
    build: |p| {
        let (range, window) = (Smooth::wilder(p[0] as usize), Window::new(p[1] as usize));
        AtrMean { range, previous: None, window, sum: 0 }.into()
    },
    warm_up: |p| (p[0] + p[1]) as usize,
    ..WMA
};

/// Fractional bits of a logarithmic return. The logarithm of a price is below 32.6, so the sum of 1,000
/// squares times 1,000 is below 2^126.
const RETURN_BITS: u32 = 48;

/// Logarithmic return between two closes; 0 where one of them is not positive.
fn log_return(new: i64, old: i64) -> i64 {
    if new <= 0 || old <= 0 {
        return 0;
    }
    let ratio = Real::new(new.into()).over(Real::new(old.into())).unwrap_or(Real::ZERO);
    (ln(ratio) >> (functions::BITS - RETURN_BITS)) as i64
}

/// Realised volatility.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Realised {
    returns: Window<i64>,
    /// Below 2^118.
    squares: i128,
    per_year: i64,
    close: Option<i64>,
}

impl Indicator for Realised {
    fn on_bar(&mut self, bar: &Bar) {
        let Some(old) = self.close.replace(bar.close.0) else { return };
        let new = log_return(bar.close.0, old);
        let left = self.returns.push(new);
        self.squares += i128::from(new) * i128::from(new) - i128::from(left) * i128::from(left);
    }
    fn value(&self, _: usize) -> Option<Fx> {
        if !self.returns.is_full() {
            return None;
        }
        let sum = Real::scaled(self.squares, -2 * RETURN_BITS as i32).times(Real::new(self.per_year.into()));
        sum.over(Real::new(self.returns.len() as i128)).map(|mean| mean.sqrt().to_fx())
    }
}

/// REALIZED_VOL.
pub const REALIZED_VOL: IndicatorDef = IndicatorDef {
    name: "REALIZED_VOL",
    aliases: &["RV", "REALISED_VOL"],
    params: &[
        period(20, 1),
        int(
            "bars_per_year",
            1,
            1,
            31_622_400,
            "bars",
            "Bars in a year, to annualise; 1 gives the volatility of one bar.",
        ),
    ],
    outputs: NUMBER,
    source: Source::Text("T. Andersen, T. Bollerslev, Answering the Skeptics (1998)"),
    doc: "Realised volatility: root of the mean square of the last n logarithmic returns, whose mean \
          counts as 0.",
    build: |p| {
        Realised { returns: Window::new(p[0] as usize), squares: 0, per_year: p[1], close: None }.into()
    },
    warm_up: |p| p[0] as usize + 1,
    ..WMA
};

/// Choppiness index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choppiness {
    true_ranges: Window<i64>,
    /// Below 2^58.
    sum: i64,
    range: Range,
    previous: Option<Bar>,
}

impl Indicator for Choppiness {
    fn on_bar(&mut self, bar: &Bar) {
        if let Some(previous) = self.previous.replace(*bar) {
            let new = true_range(bar, &previous);
            self.sum += new - self.true_ranges.push(new);
        }
        self.range.push(bar.high.0, bar.low.0);
    }
    fn value(&self, _: usize) -> Option<Fx> {
        if !self.true_ranges.is_full() {
            return None;
        }
        let (high, low) = self.range.value()?;
        let ratio = Real::new(self.sum.into()).over(Real::new((high - low).into()))?;
        let n = self.true_ranges.len() as i128;
        Real::new(100 * ln(ratio)).over(Real::new(ln(Real::new(n)))).map(Real::to_fx)
    }
}

/// CHOP.
pub const CHOP: IndicatorDef = IndicatorDef {
    name: "CHOP",
    aliases: &["CHOPPINESS"],
    params: &[period(14, 2)],
    outputs: PERCENT,
    inputs: HLC,
    source: Source::Text("E. W. Dreiss, choppiness index"),
    doc: "Choppiness index: the sum of the true ranges over the window's range, as a logarithm to base n; \
          0 trends, 100 goes nowhere. No value without a range.",
    build: |p| {
        let n = p[0] as usize;
        Choppiness { true_ranges: Window::new(n), sum: 0, range: Range::new(n), previous: None }.into()
    },
    warm_up: |p| p[0] as usize + 1,
    ..WMA
};

/// Hurst exponent by the rescaled range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hurst {
    returns: Window<i64>,
    close: Option<i64>,
}

impl Hurst {
    /// `ln(R / S) / ln(n / 2)`, in `n` steps.
    fn exponent(&self) -> Option<Fx> {
        let n = self.returns.len() as i128;
        let sum: i128 = self.returns.iter().map(i128::from).sum();
        // n times the distance from the mean is below 2^65, a path of them below 2^75.
        let (mut path, mut high, mut low, mut squares) = (0i128, 0, 0, 0i128);
        for change in self.returns.iter().map(i128::from) {
            path += n * change - sum;
            (high, low) = (path.max(high), path.min(low));
            squares += change * change;
        }
        let deviation = Real::new(n * squares - sum * sum).sqrt();
        let rescaled = Real::new(high - low).over(deviation)?;
        Real::new(ln(rescaled)).over(Real::new(ln(Real::scaled(n, -1)))).map(Real::to_fx)
    }
}

impl Indicator for Hurst {
    fn on_bar(&mut self, bar: &Bar) {
        if let Some(old) = self.close.replace(bar.close.0) {
            self.returns.push(log_return(bar.close.0, old));
        }
    }
    fn value(&self, _: usize) -> Option<Fx> {
        if self.returns.is_full() { self.exponent() } else { None }
    }
}

/// HURST.
pub const HURST: IndicatorDef = IndicatorDef {
    name: "HURST",
    aliases: &[],
    params: &[period(100, 8)],
    outputs: NUMBER,
    source: Source::Text(
        "H. E. Hurst, Long-Term Storage Capacity of Reservoirs (1951): K = ln(R/S) / ln(n/2)",
    ),
    doc: "Hurst exponent of the last n logarithmic returns by the rescaled range: 0.5 is a random walk, \
          more trends. No value where prices do not move.",
    build: |p| Hurst { returns: Window::new(p[0] as usize), close: None }.into(),
    warm_up: |p| p[0] as usize + 1,
    ..WMA
};
