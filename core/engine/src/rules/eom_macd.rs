//! MACD turns near the nearest swing level while ease of movement and volume agree: up at resistance opens a
//! long, down at support closes one.

use super::common::*;
use super::context::orient;
use super::filters::{Against, Declaring, Levels, Volume, compare_moved};
use super::params::{ParamDef, RuleDef, RuleKind, Values, ratio};
use super::signal::Condition;
use super::{Noted, View};
use crate::indicators::fx::Fx;
use crate::indicators::shared::Reading;
use pinion_model::number::{Price, Ratio};
use pinion_model::order::Side;
use serde::{Deserialize, Serialize};

const VOLUME_THRESHOLD: ParamDef = ratio(
    "volume_threshold",
    800_000,
    0,
    100_000_000,
    "of the average",
    "The volume must be at least this much of its average.",
);

/// An end of the range around the level.
const fn end(name: &'static str, default: i64, doc: &'static str) -> ParamDef {
    ratio(name, default, 500_000, 1_500_000, "of the level", doc)
}

/// The entry.
pub const EOM_MACD_BREAKOUT: RuleDef = RuleDef {
    name: "EOMMACDBreakout",
    aliases: &["EOMMAcdBreakout"],
    kind: RuleKind::Entry,
    doc: "MACD crosses above its signal line with a rising histogram, the close is within the range around \
          the nearest swing high over the close, ease of movement is positive, and the volume is at \
          least volume_threshold x its average.",
    params: &[
        end("resistance_range_low", 995_000, "The close must be at or above this much of the level."),
        end("resistance_range_high", 1_002_000, "The close must be at or below this much of the level."),
        VOLUME_THRESHOLD,
        MACD_FAST,
        MACD_SLOW,
        MACD_SIGNAL,
        EOM_PERIOD,
        VOL_MA_PERIOD,
        SWING_LOOKBACK,
        COOLDOWN,
    ],
};

/// The exit: the entry's mirror.
pub const EOM_MACD_BREAKDOWN: RuleDef = RuleDef {
    name: "EOMMACDBreakdown",
    aliases: &["EOMMAcdBreakdown"],
    kind: RuleKind::Exit,
    doc: "MACD crosses below its signal line with a falling histogram, the close is within the range around \
          the nearest swing low under the previous close, ease of movement is negative, and the volume is at \
          least volume_threshold x its average.",
    params: &[
        end("support_range_low", 998_000, "The close must be at or above this much of the level."),
        end("support_range_high", 1_005_000, "The close must be at or below this much of the level."),
        VOLUME_THRESHOLD,
        MACD_FAST,
        MACD_SLOW,
        MACD_SIGNAL,
        EOM_PERIOD,
        VOL_MA_PERIOD,
        SWING_LOOKBACK,
    ],
};

/// The compiled rule, in the terms of the entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EomMacd {
    /// Ends of the range, as offsets from the level to the side's good: the nearer one and the farther one.
    from: Ratio,
    to: Ratio,
    levels: Levels,
    macd: Reading,
    eom: Reading,
    volume: Volume,
    /// Close and histogram of the bar before.
    previous: Option<(Price, Fx)>,
}

impl EomMacd {
    pub(super) fn entry(v: &Values<'_>, to: &mut Declaring<'_>) -> EomMacd {
        let offset = |name| Ratio(v.ratio(name).0 - Ratio::SCALE);
        let range = [offset("resistance_range_low"), offset("resistance_range_high")];
        EomMacd::compile(v, range, Against::ThisClose, to)
    }

    pub(super) fn exit(v: &Values<'_>, to: &mut Declaring<'_>) -> EomMacd {
        let offset = |name| Ratio(Ratio::SCALE - v.ratio(name).0);
        let range = [offset("support_range_high"), offset("support_range_low")];
        EomMacd::compile(v, range, Against::PreviousClose, to)
    }

    fn compile(
        v: &Values<'_>,
        [from, to]: [Ratio; 2],
        against: Against,
        declaring: &mut Declaring<'_>,
    ) -> EomMacd {
        let lengths =
            [("fast_period", "macd_fast"), ("slow_period", "macd_slow"), ("signal_period", "macd_signal")];
        EomMacd {
            from,
            to,
            levels: Levels::compile(v, against, declaring),
            macd: declaring.call("MACD", &lengths.map(|(param, name)| (param, v.int(name) as i64))),
            eom: declaring.call("EOM", &[("period", v.int("eom_period") as i64)]),
            volume: Volume::compile(v, v.ratio("volume_threshold"), declaring),
            previous: None,
        }
    }

    fn histogram(&self, view: &View<'_>) -> Option<Fx> {
        view.set.read(self.macd, 2)
    }
}

impl Condition for EomMacd {
    fn holds(&self, side: Side, view: &View<'_>) -> Option<bool> {
        let (previous_close, previous) = self.previous?;
        // One that comes from below zero to above it has risen.
        let crossed = orient(side, previous) <= Fx::ZERO && orient(side, self.histogram(view)?) > Fx::ZERO;
        let level = self.levels.ahead(side, previous_close, view)?;
        let close = view.bar.close;
        Some(
            crossed
                && compare_moved(side, close, level, self.from).is_ge()
                && compare_moved(side, close, level, self.to).is_le()
                && orient(side, view.set.read(self.eom, 0)?) > Fx::ZERO
                && self.volume.compare(view)?.is_ge(),
        )
    }
    fn after_bar(&mut self, view: &View<'_>) {
        self.previous = self.histogram(view).map(|histogram| (view.bar.close, histogram));
    }
    fn explain(&self, _: Side, view: &View<'_>, note: &mut Noted) {
        if let Some((close, _)) = self.previous {
            self.levels.note(close, view, note);
        }
        note.level_of("macd", view.set.read(self.macd, 0));
        note.level_of("macd_signal", view.set.read(self.macd, 1));
        note.index_of("eom", view.set.read(self.eom, 0));
        self.volume.note(view, note);
    }
}
