//! RSI and Bollinger bands together: buy what has fallen far, and close what has come back from far up.

use super::filters::Declaring;
use super::params::{ParamDef, RuleDef, RuleKind, Values, flag, int, ratio};
use super::signal::Condition;
use super::{Noted, View};
use crate::indicators::bollinger::BandWidth;
use crate::indicators::wilder::RsiThreshold;
use crate::indicators::{Set, Slot, Spec};
use pinion_model::order::Side;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

pub(super) const fn params(cooldown_bars: i64) -> [ParamDef; 7] {
    [
        int("rsi_period", 14, 2, 200, "bars", "Length of the RSI."),
        ratio("rsi_oversold", 30_000_000, 0, 100_000_000, "RSI", "The RSI must be below this."),
        int("bb_period", 20, 2, 500, "bars", "Length of the Bollinger bands."),
        ratio("bb_dev", 2_000_000, 1_000, 10_000_000, "standard deviations", "Half width of the bands."),
        int(
            "cooldown_bars",
            cooldown_bars,
            0,
            100_000,
            "bars",
            "Bars that must pass after the last accepted entry.",
        ),
        flag(
            "rsi_cross",
            false,
            "Fire when the RSI crosses back above the threshold instead of while it is below.",
        ),
        flag(
            "bb_reentry",
            false,
            "Fire when the close comes back above the lower band instead of at or below it.",
        ),
    ]
}

const OR_PARAMS: [ParamDef; 7] = params(5);
const AND_PARAMS: [ParamDef; 7] = params(0);

/// Either condition is enough.
pub const RSI_OR_BB: RuleDef = RuleDef {
    name: "RSIOrBB",
    aliases: &[],
    kind: RuleKind::Entry,
    doc: "The RSI is oversold, or the close is at or below the lower Bollinger band.",
    params: &OR_PARAMS,
};

/// Both conditions are needed.
pub const RSI_BB: RuleDef = RuleDef {
    name: "RSIBB",
    aliases: &[],
    kind: RuleKind::Entry,
    doc: "The RSI is oversold and the close is at or below the lower Bollinger band.",
    params: &AND_PARAMS,
};

const EXIT_PARAMS: &[ParamDef] = &[
    int("rsi_period", 14, 2, 200, "bars", "Length of the RSI."),
    ratio("rsi_overbought", 70_000_000, 0, 100_000_000, "RSI", "The RSI must fall back below this."),
    int("bb_period", 20, 2, 500, "bars", "Length of the Bollinger bands."),
    ratio("bb_dev", 2_000_000, 1_000, 10_000_000, "standard deviations", "Half width of the bands."),
];

/// Either condition is enough to close.
pub const RSI_OR_BB_EXIT: RuleDef = RuleDef {
    kind: RuleKind::Exit,
    doc: "The RSI falls back below its threshold, or the close falls back below the upper Bollinger band.",
    params: EXIT_PARAMS,
    ..RSI_OR_BB
};

/// Both conditions are needed to close.
pub const RSI_BB_EXIT: RuleDef = RuleDef {
    kind: RuleKind::Exit,
    doc: "On one bar the RSI falls back below its threshold and the close below the upper Bollinger band.",
    params: EXIT_PARAMS,
    ..RSI_BB
};

/// The compiled rule; `both` tells the two declarations apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RsiBb {
    both: bool,
    rsi: Slot,
    oversold: RsiThreshold,
    bands: Slot,
    width: BandWidth,
    cooldown_bars: u64,
    rsi_cross: bool,
    bb_reentry: bool,
    /// What the previous bar looked like, for longs and for shorts.
    previous: [Previous; 2],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Previous {
    /// The RSI was at or beyond the threshold.
    oversold: bool,
    /// The close was at or beyond the band.
    outside: bool,
}

impl RsiBb {
    /// Compiles the rule and declares its indicators.
    pub(super) fn compile(values: &Values<'_>, both: bool, set: &mut Set) -> RsiBb {
        RsiBb {
            both,
            rsi: set.declare(Spec::Rsi(values.int("rsi_period"))),
            oversold: RsiThreshold::new(values.ratio("rsi_oversold")),
            bands: set.declare(Spec::Bollinger(values.int("bb_period"))),
            width: BandWidth::new(values.ratio("bb_dev")),
            cooldown_bars: values.int("cooldown_bars") as u64,
            rsi_cross: values.flag("rsi_cross"),
            bb_reentry: values.flag("bb_reentry"),
            previous: Default::default(),
        }
    }

    /// Compiles the exit of the same name. A long is closed by what opens a short once both have turned, so the
    /// overbought threshold is the mirrored oversold one.
    pub(super) fn compile_exit(values: &Values<'_>, both: bool, to: &mut Declaring<'_>) -> RsiBb {
        RsiBb {
            both,
            rsi: to.spec(Spec::Rsi(values.int("rsi_period"))),
            oversold: RsiThreshold::new(values.ratio("rsi_overbought")).mirrored(),
            bands: to.spec(Spec::Bollinger(values.int("bb_period"))),
            width: BandWidth::new(values.ratio("bb_dev")),
            cooldown_bars: 0,
            rsi_cross: true,
            bb_reentry: true,
            previous: Default::default(),
        }
    }

    /// How far the RSI is: `Less` is beyond the threshold, on either side of the market.
    #[inline(always)]
    fn rsi_order(&self, side: Side, view: &View<'_>) -> Option<Ordering> {
        let rsi = view.set.rsi(self.rsi);
        match side {
            Side::Buy => rsi.compare(self.oversold),
            Side::Sell => rsi.compare(self.oversold.mirrored()).map(Ordering::reverse),
        }
    }

    /// The close is at or beyond the band.
    #[inline(always)]
    fn outside(&self, side: Side, view: &View<'_>) -> Option<bool> {
        let bands = view.set.bollinger(self.bands);
        match side {
            Side::Buy => bands.compare_lower(view.bar.close, self.width).map(Ordering::is_le),
            Side::Sell => bands.compare_upper(view.bar.close, self.width).map(Ordering::is_ge),
        }
    }

    /// True when the rule compares a bar with the one before.
    #[inline]
    pub(super) fn looks_back(&self) -> bool {
        self.rsi_cross || self.bb_reentry
    }

    /// Remembers the bar that just ended, after the rule was evaluated on it.
    pub(super) fn after_bar(&mut self, view: &View<'_>) {
        for (at, side) in [Side::Buy, Side::Sell].into_iter().enumerate() {
            self.previous[at] = Previous {
                oversold: self.rsi_order(side, view).is_some_and(Ordering::is_le),
                outside: self.outside(side, view) == Some(true),
            };
        }
    }

    /// Whether the rule fires on this bar.
    #[inline(always)]
    pub(super) fn fires(&self, side: Side, view: &View<'_>, bars_since_entry: Option<u64>) -> bool {
        if bars_since_entry.is_some_and(|bars| bars < self.cooldown_bars) {
            return false;
        }
        let previous = self.previous[usize::from(side == Side::Sell)];
        // Both indicators must be warm even where one is enough to fire.
        if !view.set.bollinger(self.bands).is_ready() || !view.set.rsi(self.rsi).is_ready() {
            return false;
        }
        let rsi = match self.rsi_order(side, view) {
            None => false,
            Some(order) if self.rsi_cross => previous.oversold && order.is_gt(),
            Some(order) => order.is_lt(),
        };
        if rsi != self.both {
            // Either it is enough, or it is missing.
            return rsi;
        }
        match self.outside(side, view) {
            None => false,
            Some(outside) if self.bb_reentry => previous.outside && !outside,
            Some(outside) => outside,
        }
    }

    /// What the rule saw.
    pub(super) fn explain(&self, side: Side, view: &View<'_>, note: &mut Noted) {
        self.note_rsi(view, note);
        note.price("close", view.bar.close);
        self.note_bands(side, view, note);
    }

    fn note_rsi(&self, view: &View<'_>, note: &mut Noted) {
        if let Some(value) = view.set.rsi(self.rsi).value() {
            note.index("rsi", value);
        }
    }

    fn note_bands(&self, side: Side, view: &View<'_>, note: &mut Noted) {
        if let Some(bands) = view.set.bollinger(self.bands).value(self.width) {
            note.level(
                if side == Side::Buy { "bb_lower" } else { "bb_upper" },
                if side == Side::Buy { bands.lower } else { bands.upper },
            );
            note.level("bb_middle", bands.middle);
        }
    }
}

impl Condition for RsiBb {
    fn holds(&self, side: Side, view: &View<'_>) -> Option<bool> {
        Some(self.fires(side, view, None))
    }
    fn after_bar(&mut self, view: &View<'_>) {
        RsiBb::after_bar(self, view);
    }
    fn looks_back(&self) -> bool {
        RsiBb::looks_back(self)
    }
    fn explain(&self, side: Side, view: &View<'_>, note: &mut Noted) {
        self.note_rsi(view, note);
        self.note_bands(side, view, note);
    }
}
