//! Close what was held long enough.

use super::params::{RuleDef, RuleKind, flag, int};

/// The declaration.
pub const TIME_BASED: RuleDef = RuleDef {
    name: "TimeBased",
    kind: RuleKind::Exit,
    doc: "The position was held for max_bars bars or max_minutes minutes, or the session ends.",
    params: &[
        int("max_bars", 20, 0, 10_000_000, "bars", "Bars held since the fill; 0 is off."),
        int("max_minutes", 0, 0, 10_000_000, "minutes", "Minutes held since the fill; 0 is off."),
        flag("session_end", false, "Close on the last bar of the instrument's session."),
    ],
};
