//! A dip to the nearest swing level that is turned down: at support it opens a long, at resistance the
//! mirror closes one.

use super::common::*;
use super::context::orient;
use super::filters::{Against, Declaring, Levels, Liveliness, RsiLevel, compare_moved};
use super::params::{ParamDef, RuleDef, RuleKind, Values, ratio};
use super::signal::Condition;
use super::{Noted, View};
use crate::indicators::fx::{Fx, fx};
use crate::indicators::shared::Reading;
use pinion_model::number::{Price, Ratio};
use pinion_model::order::Side;
use serde::{Deserialize, Serialize};

const ATR_FLOOR: ParamDef = ratio(
    "atr_floor_multiplier",
    900_000,
    0,
    10_000_000,
    "of the average",
    "The ATR must be above this much of its average.",
);

/// The entry.
pub const EOM_PULLBACK: RuleDef = RuleDef {
    name: "EOMPullback",
    aliases: &[],
    kind: RuleKind::Entry,
    doc: "The low comes to the nearest swing low under the close (within support_threshold), the bar \
          closes above its open, ease of movement crosses above 0, the RSI is oversold and rising, and the \
          ATR is above atr_floor_multiplier x its average.",
    params: &[
        ratio("support_threshold", 5_000, 0, 500_000, "fraction", "How near the low must come to the level."),
        RSI_PERIOD,
        rsi_oversold(40_000_000, "The RSI must be below this."),
        ATR_FLOOR,
        SWING_LOOKBACK,
        EOM_PERIOD,
        ATR_PERIOD,
        ATR_MA_PERIOD,
        COOLDOWN,
    ],
};

/// The exit: the entry's mirror.
pub const EOM_REJECTION: RuleDef = RuleDef {
    name: "EOMRejection",
    aliases: &[],
    kind: RuleKind::Exit,
    doc: "The high comes to the nearest swing high over the previous close (within resistance_threshold), the \
          bar closes below its open, ease of movement crosses below 0, the RSI is overbought and falling, and \
          the ATR is above atr_floor_multiplier x its average.",
    params: &[
        ratio(
            "resistance_threshold",
            5_000,
            0,
            500_000,
            "fraction",
            "How near the high must come to the level.",
        ),
        RSI_PERIOD,
        rsi_overbought(60_000_000, "The RSI must be above this."),
        ATR_FLOOR,
        SWING_LOOKBACK,
        EOM_PERIOD,
        ATR_PERIOD,
        ATR_MA_PERIOD,
    ],
};

/// The compiled rule, in the terms of the entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EomPullback {
    threshold: Ratio,
    levels: Levels,
    eom: Reading,
    rsi: RsiLevel,
    atr: Liveliness,
    previous: Option<Previous>,
}

/// What the bar before looked like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Previous {
    close: Price,
    eom: Fx,
    rsi: Fx,
}

impl EomPullback {
    pub(super) fn entry(v: &Values<'_>, to: &mut Declaring<'_>) -> EomPullback {
        EomPullback::compile(v, "support_threshold", Against::ThisClose, v.ratio("rsi_oversold"), to)
    }

    pub(super) fn exit(v: &Values<'_>, to: &mut Declaring<'_>) -> EomPullback {
        let oversold = Ratio(100 * Ratio::SCALE - v.ratio("rsi_overbought").0);
        EomPullback::compile(v, "resistance_threshold", Against::PreviousClose, oversold, to)
    }

    fn compile(
        v: &Values<'_>,
        threshold: &str,
        against: Against,
        oversold: Ratio,
        to: &mut Declaring<'_>,
    ) -> EomPullback {
        EomPullback {
            threshold: v.ratio(threshold),
            levels: Levels::compile(v, against, to),
            eom: to.call("EOM", &[("period", v.int("eom_period") as i64)]),
            rsi: RsiLevel::compile(v, oversold, to),
            atr: Liveliness::compile(v, v.ratio("atr_floor_multiplier"), to),
            previous: None,
        }
    }

    fn look(&self, view: &View<'_>) -> Option<Previous> {
        let (eom, rsi) = (view.set.read(self.eom, 0)?, self.rsi.value(view)?);
        Some(Previous { close: view.bar.close, eom, rsi })
    }
}

impl Condition for EomPullback {
    fn holds(&self, side: Side, view: &View<'_>) -> Option<bool> {
        let (before, now) = (self.previous?, self.look(view)?);
        let level = self.levels.behind(side, before.close, view)?;
        let worst = if side == Side::Buy { view.bar.low } else { view.bar.high };
        let crossed = orient(side, before.eom) <= Fx::ZERO && orient(side, now.eom) > Fx::ZERO;
        Some(
            compare_moved(side, worst, level, self.threshold).is_le()
                && orient(side, fx(view.bar.close)) > orient(side, fx(view.bar.open))
                && crossed
                && self.rsi.is_beyond(side, view)?
                && orient(side, now.rsi) > orient(side, before.rsi)
                && self.atr.is_above(view)?,
        )
    }
    fn after_bar(&mut self, view: &View<'_>) {
        self.previous = self.look(view);
    }
    fn explain(&self, _: Side, view: &View<'_>, note: &mut Noted) {
        if let Some(before) = self.previous {
            self.levels.note(before.close, view, note);
        }
        note.index_of("eom", view.set.read(self.eom, 0));
        note.index_of("rsi", self.rsi.value(view));
        self.atr.note(view, note);
    }
}
