//! A pullback in a trend above Ichimoku's cloud, at the moment in which it ends.

use super::common::{COOLDOWN, RSI_PERIOD, rsi_oversold};
use super::context::orient;
use super::filters::{Declaring, RsiLevel};
use super::params::{RuleDef, RuleKind, Values, int};
use super::signal::Condition;
use super::{Noted, View};
use crate::indicators::fx::{Fx, fx};
use crate::indicators::shared::Reading;
use pinion_model::order::Side;
use serde::{Deserialize, Serialize};

/// The declaration.
pub const RSI_ICHIMOKU: RuleDef = RuleDef {
    name: "RSIIchimoku",
    aliases: &[],
    kind: RuleKind::Entry,
    doc: "The close is above the cloud and crosses above tenkan on this bar, and the RSI was oversold within \
          the last rsi_lookback_bars bars.",
    params: &[
        RSI_PERIOD,
        rsi_oversold(30_000_000, "The RSI must have been below this; 50 is usual for a pullback."),
        int("tenkan_period", 9, 1, 500, "bars", "Length of the conversion line."),
        int("kijun_period", 26, 1, 500, "bars", "Length of the base line, and how far the cloud is moved."),
        int("senkou_period", 52, 1, 500, "bars", "Length of the leading span B."),
        int(
            "rsi_lookback_bars",
            5,
            1,
            1_000,
            "bars",
            "Bars, this one included, in one of which the RSI must have been oversold; 1 is strict.",
        ),
        COOLDOWN,
    ],
};

/// The compiled rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RsiIchimoku {
    rsi: RsiLevel,
    ichimoku: Reading,
    lookback_bars: u64,
    /// Close less tenkan at the bar before.
    previous: Option<Fx>,
    /// The last bar on which the RSI was beyond its threshold, for longs and for shorts.
    beyond: [Option<u64>; 2],
}

impl RsiIchimoku {
    pub(super) fn compile(v: &Values<'_>, to: &mut Declaring<'_>) -> RsiIchimoku {
        let periods = ["tenkan_period", "kijun_period", "senkou_period"].map(|p| (p, v.int(p) as i64));
        RsiIchimoku {
            rsi: RsiLevel::compile(v, v.ratio("rsi_oversold"), to),
            ichimoku: to.call("ICHIMOKU", &periods),
            lookback_bars: v.int("rsi_lookback_bars") as u64,
            previous: None,
            beyond: [None; 2],
        }
    }

    /// Close less tenkan.
    fn above_tenkan(&self, view: &View<'_>) -> Option<Fx> {
        Some(fx(view.bar.close) - view.set.read(self.ichimoku, 0)?)
    }

    /// The RSI was beyond its threshold on one of the last bars.
    fn was_beyond(&self, side: Side, view: &View<'_>) -> bool {
        let before = self.beyond[usize::from(side == Side::Sell)];
        before.is_some_and(|bar| view.bars - bar < self.lookback_bars)
            || self.rsi.is_beyond(side, view) == Some(true)
    }
}

impl Condition for RsiIchimoku {
    fn holds(&self, side: Side, view: &View<'_>) -> Option<bool> {
        let (now, before) = (orient(side, self.above_tenkan(view)?), orient(side, self.previous?));
        let (a, b) = (view.set.read(self.ichimoku, 2)?, view.set.read(self.ichimoku, 3)?);
        let close = orient(side, fx(view.bar.close));
        let beyond_cloud = close > orient(side, a) && close > orient(side, b);
        Some(before <= Fx::ZERO && now > Fx::ZERO && beyond_cloud && self.was_beyond(side, view))
    }
    fn after_bar(&mut self, view: &View<'_>) {
        self.previous = self.above_tenkan(view);
        for (at, side) in [Side::Buy, Side::Sell].into_iter().enumerate() {
            if self.rsi.is_beyond(side, view) == Some(true) {
                self.beyond[at] = Some(view.bars);
            }
        }
    }
    fn explain(&self, _: Side, view: &View<'_>, note: &mut Noted) {
        note.index_of("rsi", self.rsi.value(view));
        for (name, output) in [("tenkan", 0), ("span_a", 2), ("span_b", 3)] {
            note.level_of(name, view.set.read(self.ichimoku, output));
        }
    }
}
