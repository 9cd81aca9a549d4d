//! The indicators that rules read by name (`rsi`, `bollinger`, ...) as entries of the catalogue: the same
//! states, behind the face that all indicators have.

use super::average::{Ema, Macd, Sma};
use super::bollinger::{BandWidth, Bollinger};
use super::catalog::State;
use super::chained::MACD_OUTPUTS;
use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Source, Unit};
use super::fx::{Fx, fx};
use super::moving::WMA;
use super::real::Real;
use super::wilder::{Atr, Rsi, RsiThreshold};
use super::{Set, Slot, Spec};
use crate::rules::params::ParamDef;
use pinion_model::event::Bar;
use pinion_model::number::{Price, Ratio};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

impl Indicator for Sma {
    fn on_bar(&mut self, bar: &Bar) {
        self.update(bar.close);
    }
    fn value(&self, _: usize) -> Option<Fx> {
        Sma::value(self)
    }
}

/// SMA.
pub const SMA: IndicatorDef = IndicatorDef {
    name: "SMA",
    aliases: &["MA"],
    source: Source::TaLib("SMA"),
    doc: "Simple moving average.",
    build: |p| Sma::new(p[0] as usize).into(),
    shared: Some(|p| Spec::Sma(p[0] as usize)),
    ..WMA
};

impl Indicator for Ema {
    fn on_bar(&mut self, bar: &Bar) {
        self.update(fx(bar.close));
    }
    fn value(&self, _: usize) -> Option<Fx> {
        Ema::value(self)
    }
}

/// EMA.
pub const EMA: IndicatorDef = IndicatorDef {
    name: "EMA",
    source: Source::TaLib("EMA"),
    doc: "Exponential moving average with alpha 2/(n + 1), seeded with the mean of the first n.",
    build: |p| Ema::new(p[0] as usize).into(),
    shared: Some(|p| Spec::Ema(p[0] as usize)),
    ..WMA
};

/// Whether some price has reached 2^31 units, or was negative: a [`Set`] knows it of its series, an
/// indicator on its own must.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Large(bool);

impl Large {
    /// Looks at a bar; true while all prices so far were small.
    fn small(&mut self, bar: &Bar) -> bool {
        self.0 |= ((bar.high.0 | bar.low.0 | bar.close.0) as u64) >> 31 != 0;
        !self.0
    }
}

/// [`Rsi`] on its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoneRsi {
    rsi: Rsi,
    large: Large,
}

impl Indicator for LoneRsi {
    fn on_bar(&mut self, bar: &Bar) {
        self.rsi.update(bar.close, self.large.small(bar));
    }
    fn value(&self, _: usize) -> Option<Fx> {
        self.rsi.value()
    }
}

/// RSI.
pub const RSI: IndicatorDef = IndicatorDef {
    name: "RSI",
    params: &[period(14, 2)],
    outputs: PERCENT,
    source: Source::TaLib("RSI"),
    doc: "Wilder's relative strength index. Without losses 100, without any movement 0.",
    build: |p| LoneRsi { rsi: Rsi::new(p[0] as usize), large: Large::default() }.into(),
    warm_up: |p| p[0] as usize + 1,
    shared: Some(|p| Spec::Rsi(p[0] as usize)),
    ..WMA
};

/// [`Atr`] on its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoneAtr {
    atr: Atr,
    large: Large,
}

impl Indicator for LoneAtr {
    fn on_bar(&mut self, bar: &Bar) {
        self.atr.update(bar, self.large.small(bar));
    }
    fn value(&self, _: usize) -> Option<Fx> {
        self.atr.value()
    }
}

/// ATR.
pub const ATR: IndicatorDef = IndicatorDef {
    name: "ATR",
    params: &[period(14, 1)],
    outputs: CHANGE,
    inputs: HLC,
    source: Source::TaLib("ATR"),
    doc: "Wilder's average true range; the first bar, which has no close before it, is not used.",
    build: |p| LoneAtr { atr: Atr::new(p[0] as usize), large: Large::default() }.into(),
    shared: Some(|p| Spec::Atr(p[0] as usize)),
    ..RSI
};

impl Indicator for Macd {
    fn on_bar(&mut self, bar: &Bar) {
        self.update(bar.close);
    }
    fn value(&self, output: usize) -> Option<Fx> {
        let lines = Macd::value(self)?;
        Some([lines.macd, lines.signal, lines.histogram][output])
    }
}

/// Fast, slow and signal length; of the first two the shorter is the fast one, as in TA-Lib.
fn macd_lengths(p: &[i64]) -> (usize, usize, usize) {
    (p[0].min(p[1]) as usize, p[0].max(p[1]) as usize, p[2] as usize)
}

/// MACD.
pub const MACD: IndicatorDef = IndicatorDef {
    name: "MACD",
    params: &[bars("fast_period", 12, 2), bars("slow_period", 26, 2), bars("signal_period", 9, 1)],
    outputs: MACD_OUTPUTS,
    source: Source::TaLib("MACD"),
    doc: "Fast EMA less slow EMA, its EMA, and the difference of both.",
    build: |p| {
        let (fast, slow, signal) = macd_lengths(p);
        Macd::new(fast, slow, signal).into()
    },
    warm_up: |p| (p[0].max(p[1]) + p[2]) as usize - 1,
    shared: Some(|p| {
        let (fast, slow, signal) = macd_lengths(p);
        Spec::Macd(fast, slow, signal)
    }),
    ..WMA
};

/// What is read from a pair of bands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum BandView {
    Lines,
    Position,
    Width,
}

/// Bollinger bands of one width.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bands {
    sums: Bollinger,
    width: BandWidth,
    view: BandView,
    close: Price,
    large: Large,
}

impl Bands {
    fn new(p: &[i64], view: BandView) -> Bands {
        Bands {
            sums: Bollinger::new(p[0] as usize),
            width: BandWidth::new(Ratio(p[1])),
            view,
            close: Price::ZERO,
            large: Large::default(),
        }
    }
}

/// One of the lines of `sums`.
fn line(sums: &Bollinger, width: BandWidth, output: usize) -> Option<Fx> {
    let lines = sums.value(width)?;
    Some([lines.upper, lines.middle, lines.lower][output])
}

impl Indicator for Bands {
    fn on_bar(&mut self, bar: &Bar) {
        self.sums.update(bar.close, self.large.small(bar));
        self.close = bar.close;
    }
    fn value(&self, output: usize) -> Option<Fx> {
        let lines = self.sums.value(self.width)?;
        let share = |part: Fx, whole: Fx| Real::fx(part).over(Real::fx(whole)).map(Real::to_fx);
        match self.view {
            BandView::Lines => line(&self.sums, self.width, output),
            BandView::Position => share(fx(self.close) - lines.lower, lines.upper - lines.lower),
            BandView::Width => share(lines.upper - lines.lower, lines.middle),
        }
    }
}

/// BBANDS.
pub const BBANDS: IndicatorDef = IndicatorDef {
    name: "BBANDS",
    aliases: &["BB", "BOLLINGER"],
    params: &[int("period", 20, 2, 500, "bars", "Length of the window."), DEVIATIONS],
    outputs: &[output("upper", Unit::Price), output("middle", Unit::Price), output("lower", Unit::Price)],
    source: Source::TaLib("BBANDS"),
    doc: "Bollinger bands: the mean of the last n closes plus and minus population standard deviations.",
    build: |p| Bands::new(p, BandView::Lines).into(),
    shared: Some(|p| Spec::Bollinger(p[0] as usize)),
    ..WMA
};

const DEVIATIONS: ParamDef =
    ratio("deviations", 2_000_000, 1_000, 100_000_000, "standard deviations", "Half width of the bands.");

/// PERCENT_B.
pub const PERCENT_B: IndicatorDef = IndicatorDef {
    name: "PERCENT_B",
    aliases: &["BBP"],
    outputs: NUMBER,
    source: Source::Text("J. Bollinger, Bollinger on Bollinger Bands (2001)"),
    doc: "Where the close is between the lower Bollinger band (0) and the upper one (1). No value between \
          bands without width.",
    build: |p| Bands::new(p, BandView::Position).into(),
    shared: None,
    ..BBANDS
};

/// BANDWIDTH.
pub const BANDWIDTH: IndicatorDef = IndicatorDef {
    name: "BANDWIDTH",
    aliases: &["BBW"],
    doc: "Distance between the Bollinger bands, of the middle one.",
    build: |p| Bands::new(p, BandView::Width).into(),
    ..PERCENT_B
};

/// Number of the middle one of the Bollinger bands among their outputs.
const MIDDLE: usize = 1;

/// How the outputs of a declared indicator are read: what it is, its slot and, for bands, their width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    spec: Spec,
    slot: Slot,
    width: Option<BandWidth>,
}

impl Set {
    /// Declares an indicator of the catalogue; it is computed once, however often it is declared and
    /// whichever way. One that reads quotes or trades is no part of a set, which belongs to bars.
    pub fn call(&mut self, call: super::call::Call) -> Reading {
        let spec = call.spec();
        let bands = matches!(spec, Spec::Bollinger(_));
        let width = bands.then(|| BandWidth::new(Ratio(call.params()[1])));
        Reading { spec, slot: self.declare(spec), width }
    }

    /// The state behind an indicator that rules do not read by name, for what its outputs do not say.
    pub(crate) fn state(&self, reading: Reading) -> Option<&State> {
        match reading.spec {
            Spec::Listed(_) => self.listed.get(reading.slot.0),
            _ => None,
        }
    }

    /// The output of this number, in the order of the declaration.
    pub fn read(&self, reading: Reading, output: usize) -> Option<Fx> {
        let slot = reading.slot;
        match reading.spec {
            Spec::Sma(_) => self.sma(slot),
            Spec::Ema(_) => self.ema(slot),
            Spec::Rsi(_) => self.rsi(slot).value(),
            Spec::Atr(_) => self.atr(slot).value(),
            Spec::Macd(..) => Indicator::value(&self.macds[slot.0], output),
            Spec::Bollinger(_) => line(self.bollinger(slot), reading.width?, output),
            Spec::Listed(_) => self.listed[slot.0].value(output),
        }
    }
    /// As [`Set::read`], for decisions: the RSI and the outer Bollinger bands of a market that does not move
    /// have no value.
    pub fn signal(&self, reading: Reading, output: usize) -> Option<Fx> {
        match reading.spec {
            Spec::Rsi(_) => {
                let rsi = self.rsi(reading.slot);
                rsi.compare(RsiThreshold::new(Ratio(0))).and_then(|_| rsi.value())
            }
            Spec::Bollinger(_) => {
                let lines = self.bollinger(reading.slot).value(reading.width?)?;
                let moves = output == MIDDLE || lines.upper > lines.lower;
                moves.then_some([lines.upper, lines.middle, lines.lower][output])
            }
            _ => self.read(reading, output),
        }
    }

    /// How the RSI of `reading` compares with a threshold, exactly.
    #[inline(always)]
    pub(crate) fn rsi_order(&self, reading: &Reading, threshold: RsiThreshold) -> Option<Ordering> {
        self.rsi(reading.slot).compare(threshold)
    }

    /// How a price compares with the upper or the lower one of the bands of `reading`, exactly.
    #[inline(always)]
    pub(crate) fn band_order(&self, reading: &Reading, price: Price, upper: bool) -> Option<Ordering> {
        let bands = self.bollinger(reading.slot);
        match upper {
            true => bands.compare_upper(price, reading.width?),
            false => bands.compare_lower(price, reading.width?),
        }
    }
}
