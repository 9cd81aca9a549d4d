//! How much a price moves for its volume: the force index and ease of movement.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Input, Source, Unit, volume};
use super::fx::Fx;
use super::moving::WMA;
use super::real::Real;
use super::wide::Share;
use super::window::Window;
use pinion_model::event::Bar;
use pinion_model::number::Price;
use serde::{Deserialize, Serialize};

/// Elder's force index. Price change times volume is below 2^108.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForceIndex {
    n: usize,
    share: Share,
    count: usize,
    /// The sum while seeding, below 2^118 without fractional bits; then the average.
    average: i128,
    /// Fractional bits of the average: fewer once a force has come that is too large for many.
    bits: u32,
    previous: Option<Price>,
}

impl ForceIndex {
    const MANY: u32 = 48;
    const FEW: u32 = 16;
    /// With 48 fractional bits the difference of two forces below this is below 2^125.
    const LARGE: u128 = 1 << 76;

    fn new(n: usize) -> ForceIndex {
        let share = Share::new(2, n as u64 + 1);
        ForceIndex { n, share, count: 0, average: 0, bits: ForceIndex::MANY, previous: None }
    }

    /// Takes one of the first `n` forces.
    fn seed(&mut self, force: i128) {
        self.average += force;
        self.count += 1;
        if self.count == self.n {
            let (n, sum) = (self.n as i128, self.average);
            let rest = (sum.rem_euclid(n) << self.bits) / n;
            self.average = (sum.div_euclid(n) << self.bits) + rest;
        }
    }
}

impl Indicator for ForceIndex {
    fn on_bar(&mut self, bar: &Bar) {
        let Some(previous) = self.previous.replace(bar.close) else { return };
        let force = i128::from((bar.close - previous).0) * i128::from(volume(bar));
        let seeded = self.count == self.n;
        if self.bits == ForceIndex::MANY && force.unsigned_abs() >= ForceIndex::LARGE {
            self.bits = ForceIndex::FEW;
            self.average >>= if seeded { ForceIndex::MANY - ForceIndex::FEW } else { 0 };
        }
        if seeded {
            self.average += self.share.of_bits((force << self.bits) - self.average);
        } else {
            self.seed(force);
        }
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let average = Real::scaled(self.average, -(self.bits as i32));
        (self.count == self.n).then(|| average.to_fx())
    }
}

/// FORCE.
pub const FORCE: IndicatorDef = IndicatorDef {
    name: "FORCE",
    aliases: &["EFI", "FORCE_INDEX"],
    params: &[period(13, 1)],
    outputs: &[output("value", Unit::PriceVolume)],
    inputs: CV,
    source: Source::TaLib("EFI"),
    doc: "Elder's force index: the EMA of the close's change times the volume.",
    build: |p| ForceIndex::new(p[0] as usize).into(),
    warm_up: |p| p[0] as usize + 1,
    ..WMA
};

/// Ease of movement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eom {
    window: Window<i128>,
    /// Of up to 1,000 values below 2^115 in bits.
    sum: i128,
    previous: Option<i64>,
}

impl Eom {
    const SCALE: i64 = 100_000_000;

    /// Larger values, which are far from any market's, are cut to this many bits.
    const MOST: i128 = (1 << 115) - 1;

    fn of(bar: &Bar, moved: i64) -> i128 {
        // Twice the move of the middle, below 2^49, times the range, below 2^48.
        let product = i128::from(moved) * i128::from((bar.high - bar.low).0);
        let scaled = Real::new(product).times(Real::new((Eom::SCALE / 2).into()));
        scaled
            .over(Real::new(volume(bar).into()))
            .map_or(0, |r| r.to_fx().to_bits().clamp(-Eom::MOST, Eom::MOST))
    }
}

impl Indicator for Eom {
    fn on_bar(&mut self, bar: &Bar) {
        let middle = (bar.high + bar.low).0;
        let Some(previous) = self.previous.replace(middle) else { return };
        let ease = Eom::of(bar, middle - previous);
        self.sum += ease - self.window.push(ease);
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let n = self.window.len() as i128;
        self.window.is_full().then(|| Fx::from_bits(self.sum.div_euclid(n)))
    }
}

/// EOM.
pub const EOM: IndicatorDef = IndicatorDef {
    name: "EOM",
    aliases: &["EMV"],
    params: &[period(14, 1)],
    outputs: &[output("value", Unit::PriceSquaredPerVolume)],
    inputs: &[Input::High, Input::Low, Input::Volume],
    source: Source::Text("R. Arms, Volume Cycles in the Stock Market; scale 10^8"),
    doc: "Ease of movement: mean of the middle's move times the range times 10^8 / volume, in price units \
          squared per quantity unit. A bar without range or volume counts as 0.",
    build: |p| Eom { window: Window::new(p[0] as usize), sum: 0, previous: None }.into(),
    warm_up: |p| p[0] as usize + 1,
    ..WMA
};
