//! The close against an older one.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Source};
use super::fx::Fx;
use super::moving::WMA;
use super::real::{percent, quotient};
use super::window::Window;
use pinion_model::event::Bar;
use serde::{Deserialize, Serialize};

/// How a change is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum ChangeKind {
    Difference,
    Percent,
    Share,
    Ratio,
    RatioPercent,
}

/// The close against the one of `n` bars ago.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    closes: Window<i64>,
    kind: ChangeKind,
}

impl Change {
    fn new(p: &[i64], kind: ChangeKind) -> Change {
        Change { closes: Window::new(p[0] as usize + 1), kind }
    }
}

impl Indicator for Change {
    fn on_bar(&mut self, bar: &Bar) {
        self.closes.push(bar.close.0);
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let (old, new) = (self.closes.oldest()?, self.closes.ago(0)?);
        let (old, new) = (i128::from(old), i128::from(new));
        Some(match self.kind {
            ChangeKind::Difference => Fx::from_bits((new - old) << 32),
            ChangeKind::Percent => percent(new - old, old),
            ChangeKind::Share => quotient(new - old, old).unwrap_or(Fx::ZERO),
            ChangeKind::Ratio => quotient(new, old).unwrap_or(Fx::ZERO),
            ChangeKind::RatioPercent => percent(new, old),
        })
    }
}

/// MOM.
pub const MOM: IndicatorDef = IndicatorDef {
    name: "MOM",
    aliases: &["MOMENTUM"],
    params: &[period(10, 1)],
    outputs: CHANGE,
    source: Source::TaLib("MOM"),
    doc: "Momentum: the close less the close of n bars ago.",
    build: |p| Change::new(p, ChangeKind::Difference).into(),
    warm_up: |p| p[0] as usize + 1,
    ..WMA
};

/// ROC.
pub const ROC: IndicatorDef = IndicatorDef {
    name: "ROC",
    aliases: &[],
    outputs: PERCENT,
    source: Source::TaLib("ROC"),
    doc: "Rate of change over n bars. 0 where the older close was 0.",
    build: |p| Change::new(p, ChangeKind::Percent).into(),
    ..MOM
};

/// ROCP.
pub const ROCP: IndicatorDef = IndicatorDef {
    name: "ROCP",
    outputs: NUMBER,
    source: Source::TaLib("ROCP"),
    doc: "Rate of change over n bars as a fraction. 0 where the older close was 0.",
    build: |p| Change::new(p, ChangeKind::Share).into(),
    ..ROC
};

/// ROCR.
pub const ROCR: IndicatorDef = IndicatorDef {
    name: "ROCR",
    source: Source::TaLib("ROCR"),
    doc: "The close divided by the close of n bars ago. 0 where that was 0.",
    build: |p| Change::new(p, ChangeKind::Ratio).into(),
    ..ROCP
};

/// ROCR100.
pub const ROCR100: IndicatorDef = IndicatorDef {
    name: "ROCR100",
    source: Source::TaLib("ROCR100"),
    doc: "The close in percent of the close of n bars ago. 0 where that was 0.",
    build: |p| Change::new(p, ChangeKind::RatioPercent).into(),
    ..ROC
};
