//! A condition that the user writes, as entry and as exit. It is taken as it stands on either side of the
//! market: nothing in it is mirrored for a short.

use super::params::{ParamDef, ParamKind, RuleDef, RuleKind, Values};
use super::{Arming, ExitSignal, Holding, Noted, View};
use crate::expression::{self, Fault, LONGEST, Program, Subject};
use crate::indicators::Set;
use crate::indicators::fx::Fx;
use pinion_model::order::{Reason, Side};
use serde::{Deserialize, Serialize};

const WHEN: ParamDef = ParamDef {
    name: "when",
    kind: ParamKind::Text { longest: LONGEST },
    unit: "",
    doc: "The condition, such as `rsi(14) < 30 and close crosses above ema(50)`.",
};

/// As an entry.
pub const ENTRY: RuleDef = RuleDef {
    name: "Expression",
    aliases: &[],
    kind: RuleKind::Entry,
    doc: "The condition `when` holds; it is written for the side that is traded.",
    params: &[WHEN],
};

/// As an exit.
pub const EXIT: RuleDef = RuleDef {
    name: "Expression",
    aliases: &[],
    kind: RuleKind::Exit,
    doc: "The condition `when` holds, which may look at the position.",
    params: &[WHEN],
};

/// The compiled rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expression {
    program: Program,
    /// Distance from the signal of the last entry to its nearest stop.
    risk: Option<Fx>,
}

impl Expression {
    /// Compiles the rule and declares what it reads; the first mistake of a text that has some.
    pub(super) fn compile(values: &Values<'_>, kind: RuleKind, set: &mut Set) -> Result<Expression, Fault> {
        match expression::compile(values.text("when"), kind, set) {
            Ok(program) => Ok(Expression { program, risk: None }),
            Err(faults) => Err(faults.into_iter().next().unwrap_or_else(Fault::unknown)),
        }
    }

    #[inline(never)]
    pub(super) fn fires(&self, side: Side, view: &View<'_>, since: Option<u64>) -> bool {
        self.program.holds(view, &Subject::Entry { side, since })
    }

    #[inline(never)]
    pub(super) fn arm(&self, view: &View<'_>) -> Arming {
        if view.bars < self.program.warm_up() { Arming::NotReady } else { Arming::NoStop }
    }

    /// What the exits together risk with the entry that is about to be sent.
    pub(super) fn note_risk(&mut self, risk: Option<Fx>) {
        self.risk = risk;
    }

    #[inline(never)]
    pub(super) fn on_bar(&self, holding: &Holding, view: &View<'_>) -> Option<ExitSignal> {
        let subject = Subject::Exit { holding, risk: self.risk };
        self.program.holds(view, &subject).then_some(ExitSignal::all(Reason::Condition))
    }

    /// Notes what an entry of this side reads.
    #[inline(never)]
    pub(super) fn explain_entry(&self, side: Side, view: &View<'_>, note: &mut Noted) {
        // How long ago the last entry was is the trader's to know.
        note.operands(self.program.operands(view, &Subject::Entry { side, since: None }));
    }

    /// Notes what an exit reads.
    #[inline(never)]
    pub(super) fn explain_exit(&self, holding: &Holding, view: &View<'_>, note: &mut Noted) {
        note.operands(self.program.operands(view, &Subject::Exit { holding, risk: self.risk }));
    }
}
