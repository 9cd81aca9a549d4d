//! A stop and a target at fixed fractions of the entry price.

use super::params::{RuleDef, RuleKind, ratio};

/// The declaration.
pub const FIXED_RATIO: RuleDef = RuleDef {
    name: "FixedRatio",
    kind: RuleKind::Exit,
    doc: "The loss reaches stop_loss_pct, or the gain reaches risk_reward x stop_loss_pct (or take_profit_pct).",
    params: &[
        ratio("stop_loss_pct", 50_000, 1, 1_000_000, "fraction", "Loss at which to close."),
        ratio(
            "risk_reward",
            2_000_000,
            1_000,
            1_000_000_000,
            "",
            "Gain at which to close, in multiples of the stop.",
        ),
        ratio(
            "take_profit_pct",
            0,
            0,
            1_000_000_000,
            "fraction",
            "Gain at which to close; 0 uses risk_reward.",
        ),
        super::INTRABAR,
    ],
};
