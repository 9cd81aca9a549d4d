//! Volume-weighted average prices since a beginning: of all data, of the session, of an anchor.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Input, Source, volume};
use super::fx::Fx;
use super::moving::WMA;
use super::real::quotient;
use pinion_model::event::Bar;
use serde::{Deserialize, Serialize};

/// When the sums begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Begin {
    /// Never: at the first bar.
    First,
    /// With the first bar of a day that begins this many minutes after midnight UTC.
    Session { offset_minutes: i64 },
    /// With the first bar that starts at this time or later, seconds since 1970.
    Anchor { seconds: i64 },
}

/// Sums since a beginning. One bar adds below 2^49 * 2^60 = 2^109; before the sums could pass 2^124 both
/// are halved, which moves the quotient by less than 2^-60 of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vwap {
    begin: Begin,
    day: i64,
    products: i128,
    volume: i128,
    begun: bool,
}

const MINUTE_NS: i64 = 60_000_000_000;

impl Vwap {
    fn new(begin: Begin) -> Vwap {
        Vwap { begin, day: i64::MIN, products: 0, volume: 0, begun: false }
    }

    /// True for the first bar of a session or of an anchor.
    fn begins(&mut self, bar: &Bar) -> bool {
        match self.begin {
            Begin::First => !self.begun,
            Begin::Session { offset_minutes } => {
                let day = bar.open_ns.saturating_sub(offset_minutes * MINUTE_NS).div_euclid(1440 * MINUTE_NS);
                std::mem::replace(&mut self.day, day) != day
            }
            Begin::Anchor { seconds } => !self.begun && bar.open_ns >= seconds.saturating_mul(1_000_000_000),
        }
    }
}

impl Indicator for Vwap {
    fn on_bar(&mut self, bar: &Bar) {
        if self.begins(bar) {
            (self.products, self.volume, self.begun) = (0, 0, true);
        }
        if !self.begun {
            return;
        }
        let (price, volume) = ((bar.high + bar.low + bar.close).0, volume(bar));
        self.products += i128::from(price) * i128::from(volume);
        self.volume += i128::from(volume);
        if self.products.unsigned_abs() >= 1 << 124 {
            (self.products, self.volume) = (self.products / 2, self.volume / 2);
        }
    }
    fn value(&self, _: usize) -> Option<Fx> {
        // Three times the typical price was summed.
        self.begun.then(|| quotient(self.products, 3 * self.volume).unwrap_or(Fx::ZERO))
    }
}

const HLCVT: &[Input] = &[Input::High, Input::Low, Input::Close, Input::Volume, Input::Time];

/// VWAP.
pub const VWAP: IndicatorDef = IndicatorDef {
    name: "VWAP",
    params: &[],
    inputs: HLCV,
    source: Source::TaLib("VWAP"),
    doc: "Volume-weighted average of the typical price since the first bar. 0 before anything was traded.",
    build: |_| Vwap::new(Begin::First).into(),
    warm_up: |_| 1,
    ..WMA
};

/// VWAP_SESSION.
pub const VWAP_SESSION: IndicatorDef = IndicatorDef {
    name: "VWAP_SESSION",
    params: &[int(
        "offset_minutes",
        0,
        -1439,
        1439,
        "minutes",
        "When the session's day begins, after midnight UTC.",
    )],
    inputs: HLCVT,
    source: Source::Text("VWAP, begun anew with the first bar of each day"),
    doc: "Volume-weighted average of the typical price since the session began. 0 before anything was \
          traded in it.",
    build: |p| Vwap::new(Begin::Session { offset_minutes: p[0] }).into(),
    ..VWAP
};

/// VWAP_ANCHORED.
pub const VWAP_ANCHORED: IndicatorDef = IndicatorDef {
    name: "VWAP_ANCHORED",
    aliases: &["AVWAP"],
    params: &[int(
        "anchor",
        0,
        0,
        9_223_372_036,
        "seconds since 1970",
        "The first bar that starts then or later is the first one that counts.",
    )],
    source: Source::Text("VWAP since an event, B. Shannon, Maximum Trading Gains with Anchored VWAP (2023)"),
    doc: "Volume-weighted average of the typical price since an anchor; no value before it. 0 before \
          anything was traded since.",
    build: |p| Vwap::new(Begin::Anchor { seconds: p[0] }).into(),
    ..VWAP_SESSION
};
