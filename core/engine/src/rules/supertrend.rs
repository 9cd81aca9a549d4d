//! A dip in an upward SuperTrend, with volume: by the RSI or by the lower Bollinger band.

use super::common::*;
use super::filters::{Declaring, RsiLevel, Trend, Volume};
use super::params::{RuleDef, RuleKind, Values};
use super::signal::Condition;
use super::{Noted, View};
use crate::indicators::bollinger::BandWidth;
use crate::indicators::{Slot, Spec};
use pinion_model::order::Side;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// The dip is one of the RSI.
pub const RSI_VOLUME_SUPERTREND: RuleDef = RuleDef {
    name: "RSIVolumeSuperTrend",
    aliases: &[],
    kind: RuleKind::Entry,
    doc: "The RSI is oversold, the volume is above min_volume_ratio x its average, and SuperTrend points up.",
    params: &[
        RSI_PERIOD,
        rsi_oversold(30_000_000, "The RSI must be below this."),
        VOL_MA_PERIOD,
        min_volume_ratio(1_500_000),
        ST_PERIOD,
        ST_MULTIPLIER,
        COOLDOWN,
    ],
};

/// The dip is one to the lower Bollinger band.
pub const BB_VOLUME_SUPERTREND: RuleDef = RuleDef {
    name: "BBVolumeSuperTrend",
    aliases: &[],
    kind: RuleKind::Entry,
    doc: "The close is at or below the lower Bollinger band, the volume is above min_volume_ratio x its \
          average, and SuperTrend points up.",
    params: &[
        BB_PERIOD,
        BB_DEV,
        VOL_MA_PERIOD,
        min_volume_ratio(1_100_000),
        ST_PERIOD,
        ST_MULTIPLIER,
        COOLDOWN,
    ],
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Dip {
    Rsi(RsiLevel),
    Bands(Slot, BandWidth),
}

/// The compiled rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuperTrendPullback {
    dip: Dip,
    volume: Volume,
    trend: Trend,
}

impl SuperTrendPullback {
    pub(super) fn with_rsi(v: &Values<'_>, to: &mut Declaring<'_>) -> SuperTrendPullback {
        let dip = Dip::Rsi(RsiLevel::compile(v, v.ratio("rsi_oversold"), to));
        SuperTrendPullback::of(dip, v, to)
    }

    pub(super) fn with_bands(v: &Values<'_>, to: &mut Declaring<'_>) -> SuperTrendPullback {
        let bands = to.spec(Spec::Bollinger(v.int("bb_period")));
        SuperTrendPullback::of(Dip::Bands(bands, BandWidth::new(v.ratio("bb_dev"))), v, to)
    }

    fn of(dip: Dip, v: &Values<'_>, to: &mut Declaring<'_>) -> SuperTrendPullback {
        let volume = Volume::compile(v, v.ratio("min_volume_ratio"), to);
        SuperTrendPullback { dip, volume, trend: Trend::compile(v, to) }
    }

    /// `None` in a market that does not move.
    fn has_dipped(&self, side: Side, view: &View<'_>) -> Option<bool> {
        let close = view.bar.close;
        match &self.dip {
            Dip::Rsi(rsi) => rsi.is_beyond(side, view),
            Dip::Bands(slot, width) => match side {
                Side::Buy => view.set.bollinger(*slot).compare_lower(close, *width).map(Ordering::is_le),
                Side::Sell => view.set.bollinger(*slot).compare_upper(close, *width).map(Ordering::is_ge),
            },
        }
    }
}

impl Condition for SuperTrendPullback {
    fn holds(&self, side: Side, view: &View<'_>) -> Option<bool> {
        let confirmed = self.volume.compare(view)?.is_gt();
        Some(self.has_dipped(side, view)? && confirmed && self.trend.is_with(side, view)?)
    }
    fn looks_back(&self) -> bool {
        false
    }
    fn explain(&self, side: Side, view: &View<'_>, note: &mut Noted) {
        match &self.dip {
            Dip::Rsi(rsi) => note.index_of("rsi", rsi.value(view)),
            Dip::Bands(slot, width) => {
                let bands = view.set.bollinger(*slot).value(*width);
                match side {
                    Side::Buy => note.level_of("bb_lower", bands.map(|b| b.lower)),
                    Side::Sell => note.level_of("bb_upper", bands.map(|b| b.upper)),
                }
            }
        }
        self.volume.note(view, note);
        self.trend.note(view, note);
    }
}
