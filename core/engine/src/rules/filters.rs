//! What several rules look at: the RSI against a threshold, volume and range against their means, the trend
//! and the nearest levels. Each is asked for one side of the market; price conditions are mirrored for the
//! other, volume and range are not.

use super::context::orient;
use super::params::Values;
use super::{Noted, View};
use crate::indicators::call::Call;
use crate::indicators::catalog::State;
use crate::indicators::fx::Fx;
use crate::indicators::shared::Reading;
use crate::indicators::wilder::RsiThreshold;
use crate::indicators::{Set, Slot, Spec};
use pinion_model::number::{Price, Ratio};
use pinion_model::order::Side;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// The indicators of a series while a rule declares what it reads; counts the bars until all are warm.
pub(super) struct Declaring<'a> {
    pub set: &'a mut Set,
    pub warm_up: u64,
}

impl Declaring<'_> {
    /// Declares an indicator that rules read by name.
    pub fn spec(&mut self, spec: Spec) -> Slot {
        self.warm_up = self.warm_up.max(spec.warm_up_bars() as u64);
        self.set.declare(spec)
    }

    /// Declares any indicator of the catalogue. A mistake in a name or a range is one in the rule's own file,
    /// found by its first test.
    pub fn call(&mut self, name: &str, params: &[(&str, i64)]) -> Reading {
        let call = Call::named(name, params).unwrap_or_else(|e| panic!("{e}"));
        self.warm_up = self.warm_up.max(call.warm_up() as u64);
        self.set.call(call)
    }
}

/// The RSI and the threshold that it must be below; above the mirrored one for shorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RsiLevel {
    slot: Slot,
    threshold: RsiThreshold,
}

impl RsiLevel {
    pub fn compile(v: &Values<'_>, threshold: Ratio, to: &mut Declaring<'_>) -> RsiLevel {
        RsiLevel { slot: to.spec(Spec::Rsi(v.int("rsi_period"))), threshold: RsiThreshold::new(threshold) }
    }

    /// The RSI is beyond the threshold. Without movement there is no answer.
    pub fn is_beyond(&self, side: Side, view: &View<'_>) -> Option<bool> {
        let rsi = view.set.rsi(self.slot);
        match side {
            Side::Buy => rsi.compare(self.threshold).map(Ordering::is_lt),
            Side::Sell => rsi.compare(self.threshold.mirrored()).map(Ordering::is_gt),
        }
    }

    pub fn value(&self, view: &View<'_>) -> Option<Fx> {
        view.set.rsi(self.slot).value()
    }
}

/// A bar's volume against the mean volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Volume {
    mean: Reading,
    ratio: Ratio,
}

impl Volume {
    pub fn compile(v: &Values<'_>, ratio: Ratio, to: &mut Declaring<'_>) -> Volume {
        let period = v.int("vol_ma_period") as i64;
        Volume { mean: to.call("VOLUME_SMA", &[("period", period)]), ratio }
    }

    /// How the volume compares with `ratio` times its mean.
    pub fn compare(&self, view: &View<'_>) -> Option<Ordering> {
        match view.set.state(self.mean)? {
            State::VolumeMean(mean) => mean.compare(self.ratio),
            _ => None,
        }
    }

    pub fn note(&self, view: &View<'_>, note: &mut Noted) {
        if let Some(State::VolumeMean(mean)) = view.set.state(self.mean) {
            note.index_of("volume_ratio", mean.of_mean());
        }
    }
}

/// The ATR against its own mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Liveliness {
    mean: Reading,
    ratio: Ratio,
}

impl Liveliness {
    pub fn compile(v: &Values<'_>, ratio: Ratio, to: &mut Declaring<'_>) -> Liveliness {
        let params = [("atr_period", v.int("atr_period") as i64), ("period", v.int("atr_ma_period") as i64)];
        Liveliness { mean: to.call("ATR_SMA", &params), ratio }
    }

    /// The ATR is above `ratio` times its mean.
    pub fn is_above(&self, view: &View<'_>) -> Option<bool> {
        match view.set.state(self.mean)? {
            State::AtrMean(mean) => mean.compare(self.ratio).map(Ordering::is_gt),
            _ => None,
        }
    }

    pub fn note(&self, view: &View<'_>, note: &mut Noted) {
        if let Some(State::AtrMean(mean)) = view.set.state(self.mean) {
            note.level_of("atr", mean.last());
        }
        note.level_of("atr_mean", view.set.read(self.mean, 0));
    }
}

/// SuperTrend's direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trend(Reading);

impl Trend {
    pub fn compile(v: &Values<'_>, to: &mut Declaring<'_>) -> Trend {
        let params = [("period", v.int("st_period") as i64), ("multiplier", v.ratio("st_multiplier").0)];
        Trend(to.call("SUPERTREND", &params))
    }

    /// The trend goes the way of the side.
    pub fn is_with(&self, side: Side, view: &View<'_>) -> Option<bool> {
        view.set.read(self.0, 1).map(|direction| orient(side, direction) > Fx::ZERO)
    }

    pub fn note(&self, view: &View<'_>, note: &mut Noted) {
        note.level_of("supertrend", view.set.read(self.0, 0));
    }
}

/// Which close the nearest swing levels are sought from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Against {
    /// That of the bar itself: the level is still ahead.
    ThisClose,
    /// That of the bar before: the bar may have gone through it.
    PreviousClose,
}

/// Swing highs and lows around a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Levels {
    swing: Reading,
    against: Against,
}

impl Levels {
    pub fn compile(v: &Values<'_>, against: Against, to: &mut Declaring<'_>) -> Levels {
        Levels { swing: to.call("SWING", &[("strength", v.int("swing_lookback") as i64)]), against }
    }

    /// The nearest level in the way of a move to the side's good: above for longs, below for shorts.
    pub fn ahead(&self, side: Side, previous_close: Price, view: &View<'_>) -> Option<Price> {
        let State::Swing(swing) = view.set.state(self.swing)? else { return None };
        let from = match self.against {
            Against::ThisClose => view.bar.close,
            Against::PreviousClose => previous_close,
        };
        if side == Side::Buy { swing.resistance(from) } else { swing.support(from) }
    }

    /// The nearest level that carries the price: below for longs, above for shorts.
    pub fn behind(&self, side: Side, previous_close: Price, view: &View<'_>) -> Option<Price> {
        self.ahead(side.opposite(), previous_close, view)
    }

    pub fn note(&self, previous_close: Price, view: &View<'_>, note: &mut Noted) {
        for (name, side) in [("resistance", Side::Buy), ("support", Side::Sell)] {
            if let Some(level) = self.ahead(side, previous_close, view) {
                note.price(name, level);
            }
        }
    }
}

/// How `price` compares with a level moved by `offset` of itself to the side's good (up for longs): `Greater`
/// is beyond it, on either side. Exact.
pub(super) fn compare_moved(side: Side, price: Price, level: Price, offset: Ratio) -> Ordering {
    let one = i128::from(Ratio::SCALE);
    let (price, level, offset) = (i128::from(price.0), i128::from(level.0), i128::from(offset.0));
    match side {
        Side::Buy => (price * one).cmp(&(level * (one + offset))),
        Side::Sell => (level * (one - offset)).cmp(&(price * one)),
    }
}
