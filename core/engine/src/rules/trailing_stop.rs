//! A stop that trails the highest close by a fraction of price or by ATRs.

use super::params::{RuleDef, RuleKind, flag, int, ratio};

/// The declaration.
pub const TRAILING_STOP: RuleDef = RuleDef {
    name: "TrailingStop",
    kind: RuleKind::Exit,
    doc: "The close falls below the highest close since entry by trail_pct (or by atr_multiplier x ATR).",
    params: &[
        ratio("trail_pct", 20_000, 1, 1_000_000, "fraction", "Distance of the stop."),
        ratio(
            "activation_pct",
            0,
            0,
            1_000_000_000,
            "fraction",
            "Profit that must once be reached before the stop works.",
        ),
        flag("use_atr", false, "Trail by ATRs instead of a fraction."),
        ratio(
            "atr_multiplier",
            2_000_000,
            1_000,
            100_000_000,
            "ATR",
            "Distance of the stop when use_atr is set.",
        ),
        int("atr_period", 14, 1, 500, "bars", "Length of the ATR."),
        super::INTRABAR,
    ],
};
