//! Highest and lowest of a window, where they are, and the channels between them.

use super::define::declare::*;
use super::define::{Drawn, Indicator, IndicatorDef, Output, Source, Unit};
use super::fx::Fx;
use super::moving::WMA;
use super::real::quotient;
use super::window::{Extreme, Range, Side, Window};
use pinion_model::event::Bar;
use serde::{Deserialize, Serialize};

/// A whole number of units as an output.
fn units(value: i64) -> Fx {
    Fx::from_bits(i128::from(value) << 32)
}

/// Half a sum of two prices.
fn half(sum: i64) -> Fx {
    Fx::from_bits(i128::from(sum) << 31)
}

/// Highest or lowest close.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtremeClose(Extreme);

impl Indicator for ExtremeClose {
    fn on_bar(&mut self, bar: &Bar) {
        self.0.push(bar.close.0);
    }
    fn value(&self, _: usize) -> Option<Fx> {
        self.0.value().map(units)
    }
}

/// MAX.
pub const MAX: IndicatorDef = IndicatorDef {
    name: "MAX",
    aliases: &["HIGHEST"],
    params: &[period(30, 2)],
    source: Source::TaLib("MAX"),
    doc: "Highest of the last n closes.",
    build: |p| ExtremeClose(Extreme::highest(p[0] as usize)).into(),
    ..WMA
};

/// MIN.
pub const MIN: IndicatorDef = IndicatorDef {
    name: "MIN",
    aliases: &["LOWEST"],
    source: Source::TaLib("MIN"),
    doc: "Lowest of the last n closes.",
    build: |p| ExtremeClose(Extreme::lowest(p[0] as usize)).into(),
    ..MAX
};

/// Where the extreme close of a window is. Of equal closes TA-Lib takes the last one while its extreme
/// stays in the window, and the first one when it has to search a window anew; so does this, and a search
/// is `n` steps at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtremeIndex {
    side: Side,
    window: Window<i64>,
    seen: u64,
    /// Number and value of the extreme, from the first full window on.
    extreme: Option<(u64, i64)>,
}

impl ExtremeIndex {
    fn new(side: Side, n: i64) -> ExtremeIndex {
        ExtremeIndex { side, window: Window::new(n as usize), seen: 0, extreme: None }
    }

    fn beats(&self, a: i64, b: i64) -> bool {
        if self.side == Side::Highest { a > b } else { a < b }
    }

    fn search(&self) -> Option<(u64, i64)> {
        let first = self.seen - self.window.len() as u64;
        let numbered = (first..).zip(self.window.iter());
        numbered.reduce(|best, next| if self.beats(next.1, best.1) { next } else { best })
    }
}

impl Indicator for ExtremeIndex {
    fn on_bar(&mut self, bar: &Bar) {
        let close = bar.close.0;
        self.window.push(close);
        self.seen += 1;
        if !self.window.is_full() {
            return;
        }
        match self.extreme {
            Some((at, best)) if at + self.window.len() as u64 >= self.seen => {
                if !self.beats(best, close) {
                    self.extreme = Some((self.seen - 1, close));
                }
            }
            _ => self.extreme = self.search(),
        }
    }
    fn value(&self, output: usize) -> Option<Fx> {
        let (at, _) = self.extreme?;
        let number = if output == 0 { at } else { self.seen - 1 - at };
        Some(Fx::from_bits(i128::from(number) << 32))
    }
}

const INDEX: &[Output] = &[output("index", Unit::Bars), output("ago", Unit::Bars)];

/// MAXINDEX.
pub const MAXINDEX: IndicatorDef = IndicatorDef {
    name: "MAXINDEX",
    aliases: &[],
    outputs: INDEX,
    source: Source::TaLib("MAXINDEX"),
    doc: "The number of the bar (the first of all is 0) with the highest of the last n closes, and how \
          many bars ago it was.",
    build: |p| ExtremeIndex::new(Side::Highest, p[0]).into(),
    ..MAX
};

/// MININDEX.
pub const MININDEX: IndicatorDef = IndicatorDef {
    name: "MININDEX",
    source: Source::TaLib("MININDEX"),
    doc: "The number of the bar (the first of all is 0) with the lowest of the last n closes, and how \
          many bars ago it was.",
    build: |p| ExtremeIndex::new(Side::Lowest, p[0]).into(),
    ..MAXINDEX
};

/// Middle of the range of closes, or of the bars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Middle {
    range: Range,
    closes: bool,
}

impl Indicator for Middle {
    fn on_bar(&mut self, bar: &Bar) {
        let (high, low) = if self.closes { (bar.close, bar.close) } else { (bar.high, bar.low) };
        self.range.push(high.0, low.0);
    }
    fn value(&self, _: usize) -> Option<Fx> {
        self.range.value().map(|(high, low)| half(high + low))
    }
}

/// MIDPOINT.
pub const MIDPOINT: IndicatorDef = IndicatorDef {
    name: "MIDPOINT",
    params: &[period(14, 2)],
    source: Source::TaLib("MIDPOINT"),
    doc: "Middle between the highest and the lowest of the last n closes.",
    build: |p| Middle { range: Range::new(p[0] as usize), closes: true }.into(),
    ..WMA
};

/// MIDPRICE.
pub const MIDPRICE: IndicatorDef = IndicatorDef {
    name: "MIDPRICE",
    inputs: HL,
    source: Source::TaLib("MIDPRICE"),
    doc: "Middle between the highest high and the lowest low of the last n bars.",
    build: |p| Middle { range: Range::new(p[0] as usize), closes: false }.into(),
    ..MIDPOINT
};

/// Donchian channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Donchian(Range);

impl Indicator for Donchian {
    fn on_bar(&mut self, bar: &Bar) {
        self.0.push(bar.high.0, bar.low.0);
    }
    fn value(&self, output: usize) -> Option<Fx> {
        let (high, low) = self.0.value()?;
        Some([units(high), half(high + low), units(low)][output])
    }
}

/// DONCHIAN.
pub const DONCHIAN: IndicatorDef = IndicatorDef {
    name: "DONCHIAN",
    aliases: &["DC"],
    params: &[period(20, 2)],
    outputs: &[output("upper", Unit::Price), output("middle", Unit::Price), output("lower", Unit::Price)],
    inputs: HL,
    source: Source::TaLib("DONCHIAN"),
    doc: "Donchian channel: highest high and lowest low of the last n bars, this one included, and their \
          middle.",
    build: |p| Donchian(Range::new(p[0] as usize)).into(),
    ..WMA
};

/// Ichimoku's lines. The spans are computed from ranges now and shown later: what is read at a bar was
/// computed `kijun` bars before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ichimoku {
    tenkan: Range,
    kijun: Range,
    senkou: Range,
    /// Four times span A and twice span B of the last `kijun + 1` bars on which both were known.
    spans: Window<(i64, i64)>,
    close: i64,
}

impl Ichimoku {
    fn new(p: &[i64]) -> Ichimoku {
        let range = |n: i64| Range::new(n as usize);
        let spans = Window::new(p[1] as usize + 1);
        Ichimoku { tenkan: range(p[0]), kijun: range(p[1]), senkou: range(p[2]), spans, close: 0 }
    }
}

/// Twice the middle of a range.
fn doubled(range: &Range) -> Option<i64> {
    range.value().map(|(high, low)| high + low)
}

impl Indicator for Ichimoku {
    fn on_bar(&mut self, bar: &Bar) {
        for range in [&mut self.tenkan, &mut self.kijun, &mut self.senkou] {
            range.push(bar.high.0, bar.low.0);
        }
        self.close = bar.close.0;
        let lines = (doubled(&self.tenkan), doubled(&self.kijun), doubled(&self.senkou));
        if let (Some(tenkan), Some(kijun), Some(senkou)) = lines {
            self.spans.push((tenkan + kijun, senkou));
        }
    }
    fn value(&self, output: usize) -> Option<Fx> {
        let (span_a, span_b) = self.spans.oldest()?;
        match output {
            0 => doubled(&self.tenkan).map(half),
            1 => doubled(&self.kijun).map(half),
            2 => quotient(span_a.into(), 4),
            3 => Some(half(span_b)),
            _ => Some(units(self.close)),
        }
    }
}

/// ICHIMOKU.
pub const ICHIMOKU: IndicatorDef = IndicatorDef {
    name: "ICHIMOKU",
    aliases: &["ICHIMOKU_CLOUD"],
    params: &[bars("tenkan_period", 9, 1), bars("kijun_period", 26, 1), bars("senkou_period", 52, 1)],
    outputs: &[
        output("tenkan", Unit::Price),
        output("kijun", Unit::Price),
        output("span_a", Unit::Price),
        output("span_b", Unit::Price),
        Output { drawn: Drawn::LineBack(1), ..output("chikou", Unit::Price) },
    ],
    inputs: HLC,
    source: Source::Text("G. Hosoda, Ichimoku Kinko Hyo (1969)"),
    doc: "Middles of three ranges. The spans at a bar are those computed kijun bars before it; chikou is \
          this close, to be drawn kijun bars back. No value before the spans have one.",
    build: |p| Ichimoku::new(p).into(),
    warm_up: |p| (p[0].max(p[1]).max(p[2]) + p[1]) as usize,
    ..WMA
};
