//! Close what was held long enough.

use super::params::{RuleDef, RuleKind, Values, flag, int};
use super::{ExitSignal, Holding, View};
use pinion_model::order::Reason;
use serde::{Deserialize, Serialize};

/// The declaration.
pub const TIME_BASED: RuleDef = RuleDef {
    name: "TimeBased",
    aliases: &[],
    kind: RuleKind::Exit,
    doc: "The position was held for max_bars bars or max_minutes minutes, or the session ends.",
    params: &[
        int("max_bars", 20, 0, 10_000_000, "bars", "Bars held since the fill; 0 is off."),
        int("max_minutes", 0, 0, 10_000_000, "minutes", "Minutes held since the fill; 0 is off."),
        flag("session_end", false, "Close on the last bar of the instrument's session."),
    ],
};

/// The compiled rule. It keeps no state of its own: the holding knows its age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeBased {
    max_bars: u64,
    max_ns: i64,
    session_end: bool,
}

impl TimeBased {
    pub(super) fn compile(v: &Values<'_>) -> TimeBased {
        TimeBased {
            max_bars: v.int("max_bars") as u64,
            max_ns: v.int("max_minutes") as i64 * 60_000_000_000,
            session_end: v.flag("session_end"),
        }
    }

    /// It closes on the last bar of the session.
    pub(super) fn leaves_at_close(&self) -> bool {
        self.session_end
    }

    pub(super) fn on_bar(&self, holding: &Holding, view: &View<'_>) -> Option<ExitSignal> {
        let bars = self.max_bars > 0 && holding.bars_held >= self.max_bars;
        let minutes = self.max_ns > 0 && view.time_ns - holding.opened_ns >= self.max_ns;
        if bars || minutes {
            return Some(ExitSignal::all(Reason::TimeLimit));
        }
        (self.session_end && view.is_last_of_session()).then_some(ExitSignal::all(Reason::SessionEnd))
    }
}
