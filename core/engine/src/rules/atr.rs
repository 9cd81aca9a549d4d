//! A trailing stop whose distance is the ATR of the signal bar, frozen.

use super::params::{RuleDef, RuleKind, int, ratio};

/// The declaration.
pub const ATR: RuleDef = RuleDef {
    name: "ATR",
    kind: RuleKind::Exit,
    doc: "The close is at or below the highest high since entry - sl_multiplier x ATR, the ATR frozen at entry.",
    params: &[
        int("atr_period", 14, 1, 500, "bars", "Length of the ATR."),
        ratio("sl_multiplier", 2_000_000, 1_000, 100_000_000, "ATR", "Distance of the stop."),
        super::INTRABAR,
    ],
};
