//! Where a value stands in the range of its last `n`: stochastics, Williams %R, CCI.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Output, Source, Unit};
use super::fx::Fx;
use super::moving::WMA;
use super::real::{Real, percent, quotient};
use super::wide::{Smooth, Wide};
use super::window::{Range, Window};
use pinion_model::event::Bar;
use pinion_model::number::Price;
use serde::{Deserialize, Serialize};

/// Mean of the last `n` outputs, exact to their last bit. Outputs are percentages here, so that sums of
/// 1,000 stay far from 64 bits after the point's 32.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mean {
    window: Window<i64>,
    sum: i64,
}

impl Mean {
    fn new(n: usize) -> Mean {
        Mean { window: Window::new(n), sum: 0 }
    }

    /// Takes a percentage; the mean, once warm.
    fn update(&mut self, value: i64) -> Option<i64> {
        self.sum += value - self.window.push(value);
        self.value()
    }

    fn value(&self) -> Option<i64> {
        self.window.is_full().then(|| self.sum.div_euclid(self.window.len() as i64))
    }
}

/// Bits after the point of a percentage in 64 bits: sums of 1,000 of them stay below 2^61.
const BITS: u32 = 44;

/// `100 * part / whole` with [`BITS`] after the point, 0 where the whole is 0. A close outside the bar's own
/// range, which only a broken feed has, is cut to the range.
fn percentage(part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    // part <= whole < 2^63, so the quotient's numerator is below 2^63 * 100 * 2^44 < 2^114.
    let part = i128::from(part.clamp(0, whole));
    (((part * 100) << BITS) / i128::from(whole)) as i64
}

fn output_of(percentage: i64) -> Fx {
    Fx::from_bits(i128::from(percentage) >> (BITS - 32))
}

/// A position in a range, smoothed twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Oscillation {
    range: Range,
    k: Mean,
    d: Mean,
}

impl Oscillation {
    fn new(n: i64, k: i64, d: i64) -> Oscillation {
        Oscillation { range: Range::new(n as usize), k: Mean::new(k as usize), d: Mean::new(d as usize) }
    }

    fn update(&mut self, high: i64, low: i64, last: i64) {
        self.range.push(high, low);
        let Some((high, low)) = self.range.value() else { return };
        if let Some(k) = self.k.update(percentage(last - low, high - low)) {
            self.d.update(k);
        }
    }

    fn value(&self, output: usize) -> Option<Fx> {
        let d = self.d.value()?;
        Some(output_of(if output == 0 { self.k.value()? } else { d }))
    }
}

/// Stochastic oscillator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stochastic(Oscillation);

impl Indicator for Stochastic {
    fn on_bar(&mut self, bar: &Bar) {
        self.0.update(bar.high.0, bar.low.0, bar.close.0);
    }
    fn value(&self, output: usize) -> Option<Fx> {
        self.0.value(output)
    }
}

const K_AND_D: &[Output] = &[output("k", Unit::Percent), output("d", Unit::Percent)];

/// STOCH.
pub const STOCH: IndicatorDef = IndicatorDef {
    name: "STOCH",
    params: &[bars("k_period", 5, 1), bars("slow_k_period", 3, 1), bars("slow_d_period", 3, 1)],
    outputs: K_AND_D,
    inputs: HLC,
    source: Source::TaLib("STOCH"),
    doc: "Slow stochastic: %K smoothed, and its average. %K is 0 where the window has no range.",
    build: |p| Stochastic(Oscillation::new(p[0], p[1], p[2])).into(),
    warm_up: |p| (p[0] + p[1] + p[2]) as usize - 2,
    ..WMA
};

/// STOCHF.
pub const STOCHF: IndicatorDef = IndicatorDef {
    name: "STOCHF",
    params: &[bars("k_period", 5, 1), bars("d_period", 3, 1)],
    source: Source::TaLib("STOCHF"),
    doc: "Fast stochastic: %K, and its average. %K is 0 where the window has no range.",
    build: |p| Stochastic(Oscillation::new(p[0], 1, p[1])).into(),
    warm_up: |p| (p[0] + p[1]) as usize - 1,
    ..STOCH
};

/// Stochastic of the RSI, which is kept to 2^-44: ranges of an index can be small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StochasticRsi {
    gains: Smooth,
    losses: Smooth,
    previous: Option<Price>,
    oscillation: Oscillation,
}

impl StochasticRsi {
    fn new(p: &[i64]) -> StochasticRsi {
        let average = Smooth::wilder(p[0] as usize);
        StochasticRsi {
            gains: average.clone(),
            losses: average,
            previous: None,
            oscillation: Oscillation::new(p[1], 1, p[2]),
        }
    }
}

impl Indicator for StochasticRsi {
    fn on_bar(&mut self, bar: &Bar) {
        let Some(previous) = self.previous.replace(bar.close) else { return };
        let change = (bar.close - previous).0;
        let gain = self.gains.update(Wide::new(change.max(0)));
        let loss = self.losses.update(Wide::new(-change.min(0)));
        if let (Some(gain), Some(loss)) = (gain, loss) {
            let share = Real::wide(gain * 100).over(Real::wide(gain + loss)).unwrap_or(Real::ZERO);
            let rsi = (share.to_wide().0 >> (64 - BITS)) as i64;
            self.oscillation.update(rsi, rsi, rsi);
        }
    }
    fn value(&self, output: usize) -> Option<Fx> {
        self.oscillation.value(output)
    }
}

/// STOCHRSI.
pub const STOCHRSI: IndicatorDef = IndicatorDef {
    name: "STOCHRSI",
    params: &[bars("period", 14, 2), bars("k_period", 5, 1), bars("d_period", 3, 1)],
    inputs: CLOSE,
    source: Source::TaLib("STOCHRSI"),
    doc: "Fast stochastic of the RSI. %K is 0 where the RSI did not move.",
    build: |p| StochasticRsi::new(p).into(),
    warm_up: |p| (p[0] + p[1] + p[2]) as usize - 1,
    ..STOCH
};

/// Williams' %R.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WilliamsR {
    range: Range,
    close: i64,
}

impl Indicator for WilliamsR {
    fn on_bar(&mut self, bar: &Bar) {
        self.range.push(bar.high.0, bar.low.0);
        self.close = bar.close.0;
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let (high, low) = self.range.value()?;
        Some(percent((self.close - high).into(), (high - low).into()))
    }
}

/// WILLR.
pub const WILLR: IndicatorDef = IndicatorDef {
    name: "WILLR",
    aliases: &["WILLIAMS_R"],
    params: &[period(14, 2)],
    outputs: PERCENT,
    inputs: HLC,
    source: Source::TaLib("WILLR"),
    doc: "Williams %R: the close below the highest high, of the window's range; 0 to -100. 0 where there \
          is no range.",
    build: |p| WilliamsR { range: Range::new(p[0] as usize), close: 0 }.into(),
    ..WMA
};

/// Commodity channel index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cci {
    /// Three times the typical price, below 2^49.
    window: Window<i64>,
    /// Below 2^59.
    sum: i64,
}

impl Indicator for Cci {
    fn on_bar(&mut self, bar: &Bar) {
        let price = (bar.high + bar.low + bar.close).0;
        self.sum += price - self.window.push(price);
    }
    fn value(&self, _: usize) -> Option<Fx> {
        if !self.window.is_full() {
            return None;
        }
        // With d = n * price - sum, n times the distance from the mean, the index is the newest d over
        // 0.015 times the mean of |d|: 200 n d / (3 sum of |d|). A |d| is below 2^60.
        let n = self.window.len() as i64;
        let deviations: i128 = self.window.iter().map(|p| i128::from((n * p - self.sum).abs())).sum();
        let newest = n * self.window.ago(0)? - self.sum;
        let scaled = i128::from(newest) * i128::from(200 * n);
        Some(quotient(scaled, 3 * deviations).unwrap_or(Fx::ZERO))
    }
}

/// CCI.
pub const CCI: IndicatorDef = IndicatorDef {
    name: "CCI",
    aliases: &[],
    outputs: NUMBER,
    source: Source::TaLib("CCI"),
    doc: "Commodity channel index: the typical price's distance from its mean, of 0.015 mean deviations. \
          0 without any deviation.",
    build: |p| Cci { window: Window::new(p[0] as usize), sum: 0 }.into(),
    ..WILLR
};
