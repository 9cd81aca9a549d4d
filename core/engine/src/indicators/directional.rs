//! Wilder's directional movement: one set of sums, seven things read from it; and the vortex.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Source, Unit};
use super::fx::Fx;
use super::moving::WMA;
use super::real::{Real, quotient};
use super::wide::{Share, Wide};
use super::window::Window;
use pinion_model::event::Bar;
use serde::{Deserialize, Serialize};

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum View {
    PlusDm,
    MinusDm,
    PlusDi,
    MinusDi,
    Dx,
    Adx,
    Adxr,
}

/// Movement below this counts as none, as in TA-Lib (10^-14): a sum that only decays never reaches 0.
const NOTHING: Wide = Wide(1 << 18);

/// `sum - sum / n + input`: Wilder's sums, below n times the largest input, 2^57.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sums {
    plus: Wide,
    minus: Wide,
    range: Wide,
}

impl Sums {
    fn decay(&mut self, share: Share) {
        for sum in [&mut self.plus, &mut self.minus, &mut self.range] {
            *sum = *sum - share.of(*sum);
        }
    }

    /// `100 * |+DI - -DI| / (+DI + -DI)`; `None` where nothing moved.
    fn dx(&self) -> Option<Wide> {
        let total = self.plus + self.minus;
        // TA-Lib also drops a sum of the two indices below 10^-14; 2^-46 of movement is that or less.
        if self.range <= NOTHING || total <= NOTHING {
            return None;
        }
        let difference = (self.plus - self.minus).abs();
        Real::wide(difference).over(Real::wide(total)).map(|r| r.times(Real::new(100)).to_wide())
    }

    /// `100 * part / range`, 0 where there was no range.
    fn index(&self, part: Wide) -> Fx {
        if self.range <= NOTHING {
            return Fx::ZERO;
        }
        let share = Real::wide(part).times(Real::new(100)).over(Real::wide(self.range));
        share.map_or(Fx::ZERO, Real::to_fx)
    }
}

/// Directional movement over `n` bars, and what is made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directional {
    view: View,
    n: usize,
    share: Share,
    previous: Option<Bar>,
    /// Movements that were taken.
    count: usize,
    sums: Sums,
    /// The last index that could be computed, 0 before.
    dx: Wide,
    /// The sum of the first indices, then their average.
    adx: Wide,
    /// The last `n` values of ADX.
    history: Window<Wide>,
}

impl Directional {
    fn new(p: &[i64], view: View) -> Directional {
        let n = p[0] as usize;
        Directional {
            view,
            n,
            share: Share::new(1, n as u64),
            previous: None,
            count: 0,
            sums: Sums { plus: Wide::ZERO, minus: Wide::ZERO, range: Wide::ZERO },
            dx: Wide::ZERO,
            adx: Wide::ZERO,
            history: Window::new(if view == View::Adxr { n } else { 1 }),
        }
    }

    /// The first `n` indices are averaged, later ones smoothed; a bar without an index changes nothing.
    fn average_index(&mut self) {
        let index = self.sums.dx();
        self.dx = index.unwrap_or(self.dx);
        let seeds = self.count - self.n + 1;
        if seeds <= self.n {
            self.adx += index.unwrap_or(Wide::ZERO);
            if seeds == self.n {
                self.adx = self.adx.over(self.n);
            }
        } else if let Some(index) = index {
            self.adx += self.share.of(index - self.adx);
        }
        if seeds >= self.n {
            self.history.push(self.adx);
        }
    }
}

impl Indicator for Directional {
    fn on_bar(&mut self, bar: &Bar) {
        let Some(previous) = self.previous.replace(*bar) else { return };
        self.count += 1;
        if self.count >= self.n {
            self.sums.decay(self.share);
        }
        let (up, down) = ((bar.high - previous.high).0, (previous.low - bar.low).0);
        if down > 0 && up < down {
            self.sums.minus += Wide::new(down);
        } else if up > 0 && up > down {
            self.sums.plus += Wide::new(up);
        }
        self.sums.range += Wide::new(true_range(bar, &previous));
        if self.count >= self.n && matches!(self.view, View::Dx | View::Adx | View::Adxr) {
            self.average_index();
        }
    }

    fn value(&self, _: usize) -> Option<Fx> {
        let warm = |movements: usize| (self.count >= movements).then_some(());
        match self.view {
            View::PlusDm | View::MinusDm => warm(self.n - 1)?,
            View::PlusDi | View::MinusDi | View::Dx => warm(self.n)?,
            View::Adx | View::Adxr => warm(2 * self.n - 1)?,
        }
        Some(match self.view {
            View::PlusDm => self.sums.plus.to_fx(),
            View::MinusDm => self.sums.minus.to_fx(),
            View::PlusDi => self.sums.index(self.sums.plus),
            View::MinusDi => self.sums.index(self.sums.minus),
            View::Dx => self.dx.to_fx(),
            View::Adx => self.adx.to_fx(),
            View::Adxr => (self.adx + self.history.oldest()?).over(2).to_fx(),
        })
    }
}

/// Wilder's true range, with the close before.
#[inline]
pub(super) fn true_range(bar: &Bar, previous: &Bar) -> i64 {
    (bar.high.max(previous.close) - bar.low.min(previous.close)).0
}

/// PLUS_DM.
pub const PLUS_DM: IndicatorDef = IndicatorDef {
    name: "PLUS_DM",
    params: &[period(14, 2)],
    outputs: CHANGE,
    inputs: HL,
    source: Source::TaLib("PLUS_DM"),
    doc: "Wilder's smoothed sum of upward movement.",
    build: |p| Directional::new(p, View::PlusDm).into(),
    warm_up: |p| p[0] as usize,
    ..WMA
};

/// MINUS_DM.
pub const MINUS_DM: IndicatorDef = IndicatorDef {
    name: "MINUS_DM",
    source: Source::TaLib("MINUS_DM"),
    doc: "Wilder's smoothed sum of downward movement.",
    build: |p| Directional::new(p, View::MinusDm).into(),
    ..PLUS_DM
};

/// PLUS_DI.
pub const PLUS_DI: IndicatorDef = IndicatorDef {
    name: "PLUS_DI",
    outputs: PERCENT,
    inputs: HLC,
    source: Source::TaLib("PLUS_DI"),
    doc: "Upward movement, of the true range. 0 where there was no range.",
    build: |p| Directional::new(p, View::PlusDi).into(),
    warm_up: |p| p[0] as usize + 1,
    ..PLUS_DM
};

/// MINUS_DI.
pub const MINUS_DI: IndicatorDef = IndicatorDef {
    name: "MINUS_DI",
    source: Source::TaLib("MINUS_DI"),
    doc: "Downward movement, of the true range. 0 where there was no range.",
    build: |p| Directional::new(p, View::MinusDi).into(),
    ..PLUS_DI
};

/// DX.
pub const DX: IndicatorDef = IndicatorDef {
    name: "DX",
    source: Source::TaLib("DX"),
    doc: "Directional movement index: the difference of the two movements, of their sum. Where nothing \
          moved it stays as it was, 0 at first.",
    build: |p| Directional::new(p, View::Dx).into(),
    ..PLUS_DI
};

/// ADX.
pub const ADX: IndicatorDef = IndicatorDef {
    name: "ADX",
    source: Source::TaLib("ADX"),
    doc: "Wilder's average of DX.",
    build: |p| Directional::new(p, View::Adx).into(),
    warm_up: |p| 2 * p[0] as usize,
    ..PLUS_DI
};

/// ADXR.
pub const ADXR: IndicatorDef = IndicatorDef {
    name: "ADXR",
    source: Source::TaLib("ADXR"),
    doc: "Mean of ADX and the ADX of n - 1 bars ago.",
    build: |p| Directional::new(p, View::Adxr).into(),
    warm_up: |p| 3 * p[0] as usize - 1,
    ..PLUS_DI
};

/// Vortex: movement from one bar's end to the other end of the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vortex {
    bars: Window<[i64; 3]>,
    /// Up, down and true range, each below 2^58.
    sums: [i64; 3],
    previous: Option<Bar>,
}

impl Indicator for Vortex {
    fn on_bar(&mut self, bar: &Bar) {
        let Some(previous) = self.previous.replace(*bar) else { return };
        let new = [
            (bar.high - previous.low).0.abs(),
            (bar.low - previous.high).0.abs(),
            true_range(bar, &previous),
        ];
        let old = self.bars.push(new);
        self.sums = std::array::from_fn(|i| self.sums[i] + new[i] - old[i]);
    }
    fn value(&self, output: usize) -> Option<Fx> {
        if !self.bars.is_full() {
            return None;
        }
        Some(quotient(self.sums[output].into(), self.sums[2].into()).unwrap_or(Fx::ZERO))
    }
}

/// VORTEX.
pub const VORTEX: IndicatorDef = IndicatorDef {
    name: "VORTEX",
    aliases: &["VI"],
    params: &[period(14, 1)],
    outputs: &[output("plus", Unit::Number), output("minus", Unit::Number)],
    inputs: HLC,
    source: Source::TaLib("VORTEX"),
    doc: "Vortex indicator: upward and downward movement between bars, of the true range. 0 where there \
          was no range.",
    build: |p| Vortex { bars: Window::new(p[0] as usize), sums: [0; 3], previous: None }.into(),
    warm_up: |p| p[0] as usize + 1,
    ..WMA
};
