//! A close through the nearest swing level, carried by ease of movement, volume and range: up through
//! resistance opens a long, down through support closes one.

use super::common::*;
use super::context::orient;
use super::filters::{Against, Declaring, Levels, Liveliness, RsiLevel, Volume, compare_moved};
use super::params::{ParamDef, RuleDef, RuleKind, Values, flag, ratio};
use super::signal::Condition;
use super::{Noted, View};
use crate::indicators::fx::Fx;
use crate::indicators::shared::Reading;
use pinion_model::number::{Price, Ratio};
use pinion_model::order::Side;
use serde::{Deserialize, Serialize};

const USE_ATR_FILTER: ParamDef = flag("use_atr_filter", true, "Require the ATR to be above its average.");

/// The entry.
pub const EOM_BREAKOUT: RuleDef = RuleDef {
    name: "EOMBreakout",
    aliases: &[],
    kind: RuleKind::Entry,
    doc: "The close is above the nearest swing high over the previous close by breakout_threshold, ease of \
          movement is positive and rising, the volume is above its average, the RSI is not overbought, and \
          (with the filter) the ATR is above its average.",
    params: &[
        ratio(
            "breakout_threshold",
            2_000,
            0,
            500_000,
            "fraction",
            "How far beyond the level the close must be.",
        ),
        USE_ATR_FILTER,
        RSI_PERIOD,
        rsi_overbought(70_000_000, "The RSI must be below this."),
        SWING_LOOKBACK,
        EOM_PERIOD,
        VOL_MA_PERIOD,
        ATR_PERIOD,
        ATR_MA_PERIOD,
        COOLDOWN,
    ],
};

/// The exit: the entry's mirror.
pub const EOM_BREAKDOWN: RuleDef = RuleDef {
    name: "EOMBreakdown",
    aliases: &[],
    kind: RuleKind::Exit,
    doc: "The close is below the nearest swing low under the previous close by breakdown_threshold, ease of \
          movement is negative and falling, the volume is above its average, the RSI is not oversold, and \
          (with the filter) the ATR is above its average.",
    params: &[
        ratio(
            "breakdown_threshold",
            2_000,
            0,
            500_000,
            "fraction",
            "How far beyond the level the close must be.",
        ),
        USE_ATR_FILTER,
        RSI_PERIOD,
        rsi_oversold(30_000_000, "The RSI must be above this."),
        SWING_LOOKBACK,
        EOM_PERIOD,
        VOL_MA_PERIOD,
        ATR_PERIOD,
        ATR_MA_PERIOD,
    ],
};

/// The compiled rule, in the terms of the entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EomBreakout {
    threshold: Ratio,
    levels: Levels,
    eom: Reading,
    volume: Volume,
    rsi: RsiLevel,
    atr: Option<Liveliness>,
    /// Close and ease of movement of the bar before.
    previous: Option<(Price, Fx)>,
}

impl EomBreakout {
    pub(super) fn entry(v: &Values<'_>, to: &mut Declaring<'_>) -> EomBreakout {
        EomBreakout::compile(v, "breakout_threshold", v.ratio("rsi_overbought"), to)
    }

    pub(super) fn exit(v: &Values<'_>, to: &mut Declaring<'_>) -> EomBreakout {
        let overbought = Ratio(100 * Ratio::SCALE - v.ratio("rsi_oversold").0);
        EomBreakout::compile(v, "breakdown_threshold", overbought, to)
    }

    fn compile(v: &Values<'_>, threshold: &str, overbought: Ratio, to: &mut Declaring<'_>) -> EomBreakout {
        EomBreakout {
            threshold: v.ratio(threshold),
            levels: Levels::compile(v, Against::PreviousClose, to),
            eom: to.call("EOM", &[("period", v.int("eom_period") as i64)]),
            volume: Volume::compile(v, Ratio::ONE, to),
            rsi: RsiLevel::compile(v, overbought, to),
            atr: v.flag("use_atr_filter").then(|| Liveliness::compile(v, Ratio::ONE, to)),
            previous: None,
        }
    }
}

impl Condition for EomBreakout {
    fn holds(&self, side: Side, view: &View<'_>) -> Option<bool> {
        let (previous_close, previous_eom) = self.previous?;
        let eom = orient(side, view.set.read(self.eom, 0)?);
        let level = self.levels.ahead(side, previous_close, view)?;
        let is_lively = match &self.atr {
            Some(atr) => atr.is_above(view)?,
            None => true,
        };
        Some(
            compare_moved(side, view.bar.close, level, self.threshold).is_gt()
                && eom > Fx::ZERO
                && eom > orient(side, previous_eom)
                && self.volume.compare(view)?.is_gt()
                && self.rsi.is_beyond(side, view)?
                && is_lively,
        )
    }
    fn after_bar(&mut self, view: &View<'_>) {
        self.previous = view.set.read(self.eom, 0).map(|eom| (view.bar.close, eom));
    }
    fn explain(&self, _: Side, view: &View<'_>, note: &mut Noted) {
        if let Some((close, _)) = self.previous {
            self.levels.note(close, view, note);
        }
        note.index_of("eom", view.set.read(self.eom, 0));
        note.index_of("rsi", self.rsi.value(view));
        self.volume.note(view, note);
        if let Some(atr) = &self.atr {
            atr.note(view, note);
        }
    }
}
