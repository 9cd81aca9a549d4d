//! Sums and variances of windows, exact integers that are updated in constant time.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Source, Unit};
use super::fx::Fx;
use super::moving::WMA;
use super::real::{Real, quotient};
use super::window::Window;
use pinion_model::event::Bar;
use pinion_model::number::Ratio;
use serde::{Deserialize, Serialize};

/// Sum and sum of squares of the last `n` values below 2^48: below 2^58 and 2^106.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Moments {
    window: Window<i64>,
    pub(super) sum: i64,
    squares: i128,
}

impl Moments {
    pub(super) fn new(n: usize) -> Moments {
        Moments { window: Window::new(n), sum: 0, squares: 0 }
    }

    pub(super) fn update(&mut self, value: i64) {
        let old = self.window.push(value);
        self.sum += value - old;
        self.squares += i128::from(value - old) * i128::from(value + old);
    }

    /// `n^2` times the population variance, once warm: below 2^116.
    pub(super) fn scaled_variance(&self) -> Option<i128> {
        let n = self.window.len() as i128;
        let sum = i128::from(self.sum);
        self.window.is_full().then(|| n * self.squares - sum * sum)
    }

    pub(super) fn n(&self) -> i128 {
        self.window.len() as i128
    }
}

/// What is read from the moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum MomentView {
    Sum,
    Variance,
    Deviation,
    Score,
    MeanDeviation,
}

/// Something of the last `n` closes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    moments: Moments,
    view: MomentView,
    factor: Ratio,
}

impl Moment {
    fn new(p: &[i64], view: MomentView) -> Moment {
        let factor = p.get(1).map_or(Ratio::ONE, |f| Ratio(*f));
        Moment { moments: Moments::new(p[0] as usize), view, factor }
    }
}

impl Indicator for Moment {
    fn on_bar(&mut self, bar: &Bar) {
        self.moments.update(bar.close.0);
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let (variance, n) = (self.moments.scaled_variance()?, self.moments.n());
        let sum = self.moments.sum;
        match self.view {
            MomentView::Sum => Some(Fx::from_bits(i128::from(sum) << 32)),
            MomentView::Variance => quotient(variance, n * n),
            MomentView::Deviation => {
                let scaled = Real::new(variance).sqrt().times(Real::new(self.factor.0.into()));
                scaled.over(Real::new(n * i128::from(Ratio::SCALE))).map(Real::to_fx)
            }
            MomentView::Score => {
                let distance = n * i128::from(self.moments.window.ago(0)?) - i128::from(sum);
                Real::new(distance).over(Real::new(variance).sqrt()).map(Real::to_fx)
            }
            MomentView::MeanDeviation => {
                let distance = |v: i64| (n * i128::from(v) - i128::from(sum)).abs();
                quotient(self.moments.window.iter().map(distance).sum(), n * n)
            }
        }
    }
}

/// SUM.
pub const SUM: IndicatorDef = IndicatorDef {
    name: "SUM",
    params: &[period(30, 2)],
    outputs: CHANGE,
    source: Source::TaLib("SUM"),
    doc: "Sum of the last n closes.",
    build: |p| Moment::new(p, MomentView::Sum).into(),
    ..WMA
};

/// VAR.
pub const VAR: IndicatorDef = IndicatorDef {
    name: "VAR",
    aliases: &["VARIANCE"],
    params: &[period(5, 1)],
    outputs: &[output("value", Unit::PriceSquared)],
    source: Source::TaLib("VAR"),
    doc: "Population variance of the last n closes.",
    build: |p| Moment::new(p, MomentView::Variance).into(),
    ..WMA
};

/// STDDEV.
pub const STDDEV: IndicatorDef = IndicatorDef {
    name: "STDDEV",
    aliases: &["SD"],
    params: &[
        period(5, 2),
        ratio("deviations", 1_000_000, 0, 1_000_000_000, "standard deviations", "Multiplier."),
    ],
    outputs: CHANGE,
    source: Source::TaLib("STDDEV"),
    doc: "Population standard deviation of the last n closes, times a factor.",
    build: |p| Moment::new(p, MomentView::Deviation).into(),
    ..WMA
};

/// AVGDEV.
pub const AVGDEV: IndicatorDef = IndicatorDef {
    name: "AVGDEV",
    aliases: &["MAD"],
    params: &[period(14, 2)],
    outputs: CHANGE,
    source: Source::TaLib("AVGDEV"),
    doc: "Mean absolute deviation of the last n closes from their mean.",
    build: |p| Moment::new(p, MomentView::MeanDeviation).into(),
    ..WMA
};

/// ZSCORE.
pub const ZSCORE: IndicatorDef = IndicatorDef {
    name: "ZSCORE",
    aliases: &["Z_SCORE"],
    params: &[period(20, 2)],
    outputs: NUMBER,
    source: Source::Text("Standard score over a window, with the population standard deviation"),
    doc: "The close's distance from the mean of the last n closes, in standard deviations. No value where \
          they are all equal.",
    build: |p| Moment::new(p, MomentView::Score).into(),
    ..WMA
};
