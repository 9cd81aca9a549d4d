//! RSI and Bollinger bands with volume behind the fall.

use super::common::{VOL_MA_PERIOD, min_volume_ratio};
use super::filters::{Declaring, Volume};
use super::params::{RuleDef, RuleKind, Values};
use super::rsi_bb::{self, RsiBb};
use super::signal::Condition;
use super::{Noted, View};
use pinion_model::order::Side;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

const BASE: [super::params::ParamDef; 7] = rsi_bb::params(0);

/// The declaration.
pub const RSI_BB_VOLUME: RuleDef = RuleDef {
    name: "RSIBBVolume",
    aliases: &[],
    kind: RuleKind::Entry,
    doc: "The RSI is oversold, the close is at or below the lower Bollinger band, and the volume is above \
          min_volume_ratio x its average.",
    params: &[
        BASE[0],
        BASE[1],
        BASE[2],
        BASE[3],
        BASE[4],
        BASE[5],
        BASE[6],
        VOL_MA_PERIOD,
        min_volume_ratio(1_100_000),
    ],
};

/// The compiled rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RsiBbVolume {
    rsi_bb: RsiBb,
    volume: Volume,
}

impl RsiBbVolume {
    pub(super) fn compile(v: &Values<'_>, to: &mut Declaring<'_>) -> RsiBbVolume {
        let volume = Volume::compile(v, v.ratio("min_volume_ratio"), to);
        RsiBbVolume { rsi_bb: RsiBb::compile(v, true, to.set), volume }
    }
}

impl Condition for RsiBbVolume {
    fn holds(&self, side: Side, view: &View<'_>) -> Option<bool> {
        let confirmed = self.volume.compare(view)? == Ordering::Greater;
        Some(confirmed && self.rsi_bb.fires(side, view, None))
    }
    fn after_bar(&mut self, view: &View<'_>) {
        self.rsi_bb.after_bar(view);
    }
    fn looks_back(&self) -> bool {
        self.rsi_bb.looks_back()
    }
    fn explain(&self, side: Side, view: &View<'_>, note: &mut Noted) {
        Condition::explain(&self.rsi_bb, side, view, note);
        self.volume.note(view, note);
    }
}
