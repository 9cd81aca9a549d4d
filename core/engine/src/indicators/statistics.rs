//! Statistics of windows: sums, variances, regressions, correlations. Sums are exact integers and updated
//! in constant time; what is said of a window is computed when it is asked for.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Source, Unit};
use super::functions::{atan, degrees};
use super::fx::Fx;
use super::moving::WMA;
use super::real::{Real, quotient};
use super::wide::Wide;
use super::window::Window;
use pinion_model::event::Bar;
use pinion_model::number::Ratio;
use serde::{Deserialize, Serialize};

/// Sum and sum of squares of the last `n` values below 2^48: below 2^58 and 2^106.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Moments {
    window: Window<i64>,
    sum: i64,
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
    fn scaled_variance(&self) -> Option<i128> {
        let n = self.window.len() as i128;
        let sum = i128::from(self.sum);
        self.window.is_full().then(|| n * self.squares - sum * sum)
    }

    fn n(&self) -> i128 {
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
    doc: "The close's distance from the mean of the last n closes, in standard deviations. No value where they are all equal.",
    build: |p| Moment::new(p, MomentView::Score).into(),
    ..WMA
};

/// What is read from a regression line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum LineView {
    End,
    Next,
    Start,
    Slope,
    Angle,
}

/// Least-squares line through the last `n` closes, at 0 (the oldest) to `n - 1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regression {
    window: Window<i64>,
    /// Below 2^57.
    sum: i128,
    /// Sum of position times close, below 2^67.
    products: i128,
    seen: i128,
    view: LineView,
}

impl Regression {
    fn new(p: &[i64], view: LineView) -> Regression {
        Regression { window: Window::new(p[0] as usize), sum: 0, products: 0, seen: 0, view }
    }

    /// The slope's numerator, below 2^78, and denominator `n^2 (n^2 - 1) / 12`, below 2^37.
    fn slope(&self) -> (i128, i128) {
        let n = self.window.len() as i128;
        (n * self.products - n * (n - 1) / 2 * self.sum, n * n * (n * n - 1) / 12)
    }

    /// The line at a position: below 2^100 over 2^48.
    fn at(&self, position: i128) -> Option<Fx> {
        let n = self.window.len() as i128;
        let (numerator, denominator) = self.slope();
        // mean + slope * (position - (n - 1) / 2), over the common denominator.
        let moved = numerator * (2 * position - (n - 1)) * n;
        quotient(2 * denominator * self.sum + moved, 2 * n * denominator)
    }
}

impl Indicator for Regression {
    fn on_bar(&mut self, bar: &Bar) {
        let (close, n) = (i128::from(bar.close.0), self.window.len() as i128);
        let old = i128::from(self.window.push(bar.close.0));
        if self.seen < n {
            self.products += self.seen * close;
            self.seen += 1;
        } else {
            // Every other close moves down by one position.
            self.products += (n - 1) * close - (self.sum - old);
        }
        self.sum += close - old;
    }
    fn value(&self, _: usize) -> Option<Fx> {
        if !self.window.is_full() {
            return None;
        }
        let n = self.window.len() as i128;
        let (numerator, denominator) = self.slope();
        match self.view {
            LineView::End => self.at(n - 1),
            LineView::Next => self.at(n),
            LineView::Start => self.at(0),
            LineView::Slope => quotient(numerator, denominator),
            LineView::Angle => {
                Real::new(numerator).over(Real::new(denominator)).map(|slope| degrees(atan(slope)).to_fx())
            }
        }
    }
}

/// LINEARREG.
pub const LINEARREG: IndicatorDef = IndicatorDef {
    name: "LINEARREG",
    aliases: &["LSMA"],
    params: &[period(14, 2)],
    source: Source::TaLib("LINEARREG"),
    doc: "Where the least-squares line through the last n closes ends.",
    build: |p| Regression::new(p, LineView::End).into(),
    ..WMA
};

/// TSF.
pub const TSF: IndicatorDef = IndicatorDef {
    name: "TSF",
    aliases: &[],
    source: Source::TaLib("TSF"),
    doc: "Time series forecast: the least-squares line one bar ahead.",
    build: |p| Regression::new(p, LineView::Next).into(),
    ..LINEARREG
};

/// LINEARREG_INTERCEPT.
pub const LINEARREG_INTERCEPT: IndicatorDef = IndicatorDef {
    name: "LINEARREG_INTERCEPT",
    source: Source::TaLib("LINEARREG_INTERCEPT"),
    doc: "Where the least-squares line through the last n closes begins.",
    build: |p| Regression::new(p, LineView::Start).into(),
    ..TSF
};

/// LINEARREG_SLOPE.
pub const LINEARREG_SLOPE: IndicatorDef = IndicatorDef {
    name: "LINEARREG_SLOPE",
    outputs: CHANGE,
    source: Source::TaLib("LINEARREG_SLOPE"),
    doc: "Slope of the least-squares line through the last n closes, in price units per bar.",
    build: |p| Regression::new(p, LineView::Slope).into(),
    ..TSF
};

/// LINEARREG_ANGLE.
pub const LINEARREG_ANGLE: IndicatorDef = IndicatorDef {
    name: "LINEARREG_ANGLE",
    outputs: &[output("value", Unit::Degrees)],
    source: Source::TaLib("LINEARREG_ANGLE"),
    doc: "Angle of the least-squares line: the arc tangent of its slope in price units per bar, so it depends on what a price unit is.",
    build: |p| Regression::new(p, LineView::Angle).into(),
    ..TSF
};

/// Correlation of highs and lows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correlation {
    highs: Moments,
    lows: Moments,
    /// Below 2^106.
    products: i128,
    pairs: Window<(i64, i64)>,
}

impl Indicator for Correlation {
    fn on_bar(&mut self, bar: &Bar) {
        let (high, low) = (bar.high.0, bar.low.0);
        self.highs.update(high);
        self.lows.update(low);
        let old = self.pairs.push((high, low));
        self.products += i128::from(high) * i128::from(low) - i128::from(old.0) * i128::from(old.1);
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let (high, low) = (self.highs.scaled_variance()?, self.lows.scaled_variance()?);
        let sums = i128::from(self.highs.sum) * i128::from(self.lows.sum);
        let covariance = Real::new(self.highs.n() * self.products - sums);
        let deviations = Real::new(high).sqrt().times(Real::new(low).sqrt());
        Some(covariance.over(deviations).map_or(Fx::ZERO, Real::to_fx))
    }
}

/// CORREL.
pub const CORREL: IndicatorDef = IndicatorDef {
    name: "CORREL",
    aliases: &["CORRELATION"],
    outputs: NUMBER,
    inputs: HL,
    source: Source::TaLib("CORREL"),
    doc: "Pearson's correlation of the last n highs and lows. 0 where either does not move.",
    build: |p| {
        let n = p[0] as usize;
        Correlation { highs: Moments::new(n), lows: Moments::new(n), products: 0, pairs: Window::new(n) }
            .into()
    },
    ..WMA
};

/// Regression of the lows' returns on those of the highs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beta {
    returns: Window<(Wide, Wide)>,
    previous: Option<(i64, i64)>,
}

impl Beta {
    /// `new / old - 1`, 0 where there is no old price: below 2^48.
    fn return_of(new: i64, old: i64) -> Wide {
        let change = Real::new(i128::from(new) - i128::from(old));
        change.over(Real::new(old.into())).map_or(Wide::ZERO, Real::to_wide)
    }
}

impl Indicator for Beta {
    fn on_bar(&mut self, bar: &Bar) {
        let new = (bar.high.0, bar.low.0);
        if let Some(old) = self.previous.replace(new) {
            self.returns.push((Beta::return_of(new.0, old.0), Beta::return_of(new.1, old.1)));
        }
    }
    fn value(&self, _: usize) -> Option<Fx> {
        if !self.returns.is_full() {
            return None;
        }
        // Returns differ in size by much from market to market: the largest of a window sets the scale,
        // 52 bits, on which sums of 1,000 squares times 1,000 are exact below 2^124.
        let largest = self.returns.iter().map(|(x, y)| x.0.unsigned_abs() | y.0.unsigned_abs());
        let bits = 128 - largest.fold(0, |all, bits| all | bits).leading_zeros();
        let shift = bits.saturating_sub(52);
        let (mut sx, mut sy, mut sxx, mut sxy) = (0i128, 0i128, 0i128, 0i128);
        for (x, y) in self.returns.iter() {
            let (x, y) = (x.0 >> shift, y.0 >> shift);
            (sx, sy, sxx, sxy) = (sx + x, sy + y, sxx + x * x, sxy + x * y);
        }
        let n = self.returns.len() as i128;
        Some(quotient(n * sxy - sx * sy, n * sxx - sx * sx).unwrap_or(Fx::ZERO))
    }
}

/// BETA.
pub const BETA: IndicatorDef = IndicatorDef {
    name: "BETA",
    params: &[period(5, 1)],
    outputs: NUMBER,
    inputs: HL,
    source: Source::TaLib("BETA"),
    doc: "Slope of the least-squares line of the lows' returns over those of the highs. 0 where the highs do not move.",
    build: |p| Beta { returns: Window::new(p[0] as usize), previous: None }.into(),
    warm_up: |p| p[0] as usize + 1,
    ..WMA
};
