//! How one-sided prices move: gains against losses, buying pressure, straightness.

use super::change::{MOM, ROC};
use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Input, Source, Unit};
use super::fx::{Fx, fx};
use super::moving::WMA;
use super::real::{Real, percent, quotient};
use super::wide::{Smooth, Wide};
use super::window::{Range, Window};
use pinion_model::event::Bar;
use pinion_model::number::Price;
use serde::{Deserialize, Serialize};

/// Chande's momentum oscillator, with Wilder's averages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cmo {
    gains: Smooth,
    losses: Smooth,
    previous: Option<Price>,
}

impl Indicator for Cmo {
    fn on_bar(&mut self, bar: &Bar) {
        if let Some(previous) = self.previous.replace(bar.close) {
            let change = (bar.close - previous).0;
            self.gains.update(Wide::new(change.max(0)));
            self.losses.update(Wide::new(-change.min(0)));
        }
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let (gain, loss) = (self.gains.value()?, self.losses.value()?);
        Some(percent((gain - loss).0, (gain + loss).0))
    }
}

/// CMO.
pub const CMO: IndicatorDef = IndicatorDef {
    name: "CMO",
    params: &[period(14, 2)],
    source: Source::TaLib("CMO"),
    doc: "Chande momentum oscillator, -100 to 100, with Wilder's averages as TA-Lib has it. Without any \
          movement 0.",
    build: |p| {
        let smooth = Smooth::wilder(p[0] as usize);
        Cmo { gains: smooth.clone(), losses: smooth, previous: None }.into()
    },
    ..ROC
};

/// Aroon: how long ago the extremes of the last `n + 1` bars were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aroon {
    range: Range,
    n: i64,
    oscillator: bool,
}

impl Aroon {
    fn new(p: &[i64], oscillator: bool) -> Aroon {
        Aroon { range: Range::new(p[0] as usize + 1), n: p[0], oscillator }
    }
}

impl Indicator for Aroon {
    fn on_bar(&mut self, bar: &Bar) {
        self.range.push(bar.high.0, bar.low.0);
    }
    fn value(&self, output: usize) -> Option<Fx> {
        let (high, low) = self.range.ago()?;
        let (n, high, low) = (i128::from(self.n), i128::from(high), i128::from(low));
        let part = match (self.oscillator, output) {
            (true, _) => low - high,
            (false, 0) => n - low,
            (false, _) => n - high,
        };
        Some(percent(part, n))
    }
}

/// AROON.
pub const AROON: IndicatorDef = IndicatorDef {
    name: "AROON",
    outputs: &[output("down", Unit::Percent), output("up", Unit::Percent)],
    inputs: HL,
    source: Source::TaLib("AROON"),
    doc: "How recent the lowest low and the highest high of the last n + 1 bars are: 100 is this bar. Of \
          equal ones the last counts.",
    build: |p| Aroon::new(p, false).into(),
    ..CMO
};

/// AROONOSC.
pub const AROONOSC: IndicatorDef = IndicatorDef {
    name: "AROONOSC",
    outputs: PERCENT,
    source: Source::TaLib("AROONOSC"),
    doc: "Aroon up less Aroon down.",
    build: |p| Aroon::new(p, true).into(),
    ..AROON
};

/// Balance of power.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bop {
    bar: Option<Bar>,
}

impl Indicator for Bop {
    fn on_bar(&mut self, bar: &Bar) {
        self.bar = Some(*bar);
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let bar = self.bar?;
        let range = (bar.high - bar.low).0;
        if range <= 0 {
            return Some(Fx::ZERO);
        }
        quotient((bar.close - bar.open).0.into(), range.into())
    }
}

/// BOP.
pub const BOP: IndicatorDef = IndicatorDef {
    name: "BOP",
    params: &[],
    outputs: NUMBER,
    inputs: &[Input::Open, Input::High, Input::Low, Input::Close],
    source: Source::TaLib("BOP"),
    doc: "Balance of power: close less open, of the bar's range. 0 in a bar without a range.",
    build: |_| Bop::default().into(),
    warm_up: |_| 1,
    ..WMA
};

/// Sums of buying pressure and true range over a window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pressure {
    bars: Window<(i64, i64)>,
    buying: i64,
    range: i64,
}

impl Pressure {
    fn update(&mut self, buying: i64, range: i64) {
        let old = self.bars.push((buying, range));
        self.buying += buying - old.0;
        self.range += range - old.1;
    }
}

/// Ultimate oscillator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UltimateOscillator {
    /// The shortest window first.
    windows: [Pressure; 3],
    previous: Option<Price>,
}

impl UltimateOscillator {
    fn new(p: &[i64]) -> UltimateOscillator {
        let mut lengths = [p[0], p[1], p[2]];
        lengths.sort_unstable();
        let window = |n: i64| Pressure { bars: Window::new(n as usize), buying: 0, range: 0 };
        UltimateOscillator { windows: lengths.map(window), previous: None }
    }
}

impl Indicator for UltimateOscillator {
    fn on_bar(&mut self, bar: &Bar) {
        let Some(previous) = self.previous.replace(bar.close) else { return };
        let low = bar.low.min(previous);
        let (buying, range) = ((bar.close - low).0, (bar.high.max(previous) - low).0);
        self.windows.iter_mut().for_each(|w| w.update(buying, range));
    }
    fn value(&self, _: usize) -> Option<Fx> {
        if !self.windows[2].bars.is_full() {
            return None;
        }
        // Each quotient of sums is at most 1; a window without a range adds nothing.
        let mut sum = Wide::ZERO;
        for (window, weight) in self.windows.iter().zip([4, 2, 1]) {
            let share = Real::new(window.buying.into()).over(Real::new(window.range.into()));
            sum += share.unwrap_or(Real::ZERO).to_wide() * weight;
        }
        Some((sum * 100).over(7).to_fx())
    }
}

/// ULTOSC.
pub const ULTOSC: IndicatorDef = IndicatorDef {
    name: "ULTOSC",
    params: &[bars("period1", 7, 1), bars("period2", 14, 1), bars("period3", 28, 1)],
    outputs: PERCENT,
    inputs: HLC,
    source: Source::TaLib("ULTOSC"),
    doc: "Williams' ultimate oscillator: buying pressure in three windows, of which the shortest weighs \
          most. A window without a range counts as 0.",
    build: |p| UltimateOscillator::new(p).into(),
    warm_up: |p| p[0].max(p[1]).max(p[2]) as usize + 1,
    ..WMA
};

/// Kaufman's efficiency ratio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Efficiency {
    closes: Window<i64>,
    changes: Window<i64>,
    /// Below 2^58.
    path: i64,
}

impl Indicator for Efficiency {
    fn on_bar(&mut self, bar: &Bar) {
        if let Some(newest) = self.closes.ago(0) {
            let change = (bar.close.0 - newest).abs();
            self.path += change - self.changes.push(change);
        }
        self.closes.push(bar.close.0);
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let (old, new) = (self.closes.oldest()?, self.closes.ago(0)?);
        Some(quotient((new - old).abs().into(), self.path.into()).unwrap_or(Fx::ONE))
    }
}

/// ER.
pub const ER: IndicatorDef = IndicatorDef {
    name: "ER",
    aliases: &["EFFICIENCY_RATIO"],
    outputs: NUMBER,
    params: &[period(10, 2)],
    source: Source::TaLib("ER"),
    doc: "Kaufman's efficiency ratio: the change over n bars, of the path walked. Without any movement 1.",
    build: |p| {
        let n = p[0] as usize;
        Efficiency { closes: Window::new(n + 1), changes: Window::new(n), path: 0 }.into()
    },
    ..MOM
};

/// Elder's bull and bear power: the bar's ends against an average.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElderRay {
    average: Smooth,
    high: Price,
    low: Price,
}

impl Indicator for ElderRay {
    fn on_bar(&mut self, bar: &Bar) {
        self.average.update(Wide::new(bar.close.0));
        (self.high, self.low) = (bar.high, bar.low);
    }
    fn value(&self, output: usize) -> Option<Fx> {
        let end = if output == 0 { self.high } else { self.low };
        Some(fx(end) - self.average.value()?.to_fx())
    }
}

/// ERI.
pub const ERI: IndicatorDef = IndicatorDef {
    name: "ERI",
    aliases: &["ELDER_RAY"],
    params: &[period(13, 1)],
    outputs: &[output("bull_power", Unit::PriceChange), output("bear_power", Unit::PriceChange)],
    inputs: HLC,
    source: Source::TaLib("ERI"),
    doc: "Elder ray: the high and the low less the EMA of the closes.",
    build: |p| ElderRay { average: Smooth::ema(p[0] as usize), high: Price::ZERO, low: Price::ZERO }.into(),
    ..WMA
};
