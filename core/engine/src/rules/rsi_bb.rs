//! RSI and Bollinger bands together: buy what has fallen far.

use super::params::{ParamDef, RuleDef, RuleKind, flag, int, ratio};

const fn params(cooldown_bars: i64) -> [ParamDef; 7] {
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
    kind: RuleKind::Entry,
    doc: "The RSI is oversold, or the close is at or below the lower Bollinger band.",
    params: &OR_PARAMS,
};

/// Both conditions are needed.
pub const RSI_BB: RuleDef = RuleDef {
    name: "RSIBB",
    kind: RuleKind::Entry,
    doc: "The RSI is oversold and the close is at or below the lower Bollinger band.",
    params: &AND_PARAMS,
};
