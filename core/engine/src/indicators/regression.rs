//! Least-squares lines and correlations. Sums are exact integers and updated in constant time; what is said
//! of a window is computed when it is asked for.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Source, Unit};
use super::functions::{atan, degrees};
use super::fx::Fx;
use super::moving::WMA;
use super::real::{Real, quotient};
use super::statistics::Moments;
use super::wide::Wide;
use super::window::Window;
use pinion_model::event::Bar;
use serde::{Deserialize, Serialize};

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
    doc: "Angle of the least-squares line: the arc tangent of its slope in price units per bar, so it \
          depends on what a price unit is.",
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
    doc: "Slope of the least-squares line of the lows' returns over those of the highs. 0 where the highs \
          do not move.",
    build: |p| Beta { returns: Window::new(p[0] as usize), previous: None }.into(),
    warm_up: |p| p[0] as usize + 1,
    ..WMA
};
