//! Orders that wait at the gate: what leaves when it opens, and what when it does not.

use super::*;
use crate::session::gate::Gate;
use pinion_model::body::{ExecutionBody, OrderBody};
use pinion_model::order::{Reason, ReportKind};

/// Said of the commands that stop entries and let them go on.
const NOTE: &str = "the journal's gate";

impl<O: Out, W: Wire, V: Venue, const FULL: bool> Trading<O, W, V, FULL> {
    /// Orders wait at this gate from now on.
    pub fn set_gate(&mut self, gate: Option<Gate>) {
        self.recorder.waits = gate.is_some();
        self.gate = gate;
    }

    /// What the engine sent leaves once its records are kept. Where they are not in time, cancels and orders that
    /// reduce leave all the same, and entries are refused: the engine is told by a report as if the venue had
    /// refused them, and makes no more until the journal has caught up.
    #[inline(never)]
    pub(super) fn hand_over_at_gate(&mut self, mut gate: Gate) {
        // What the journal has left then, or was held back then, whatever the gate is now.
        let again = self.is_repeating();
        let was_late = gate.is_late();
        let failed = &self.shared.journal_failed;
        let open = again
            || gate.wait(&mut self.recorder.out, |out| failed.load(Ordering::Acquire) || !out.is_kept());
        // A journal that failed has kept nothing of what it was given since.
        let open = open && !failed.load(Ordering::Acquire);
        let now_ns = self.engine.now_ns();
        let Recorder { to_venue, wire, .. } = &mut self.recorder;
        let leaves = |order: &OrderBody| match again {
            true => !self.withheld.contains(&order.order),
            false => open || order.reduce_only != 0,
        };
        for command in to_venue.drain(..) {
            match command {
                ToVenue::Order(order) if leaves(&order) => {
                    wire.order(&order);
                    self.venue.submit(&order, now_ns);
                }
                ToVenue::Order(order) => {
                    self.venue.withhold(&order);
                    gate.refused.push(order);
                }
                ToVenue::Cancel(cancel) => {
                    wire.cancel(&cancel);
                    self.venue.cancel(&cancel, now_ns);
                }
            }
        }
        let mut refused = std::mem::take(&mut gate.refused);
        self.gate = Some(gate);
        if !open && !was_late && !self.engine.is_degraded() {
            self.change_mode(false, NOTE);
        }
        if !refused.is_empty() && self.engine.seq() >= self.script_at {
            self.say_again(false);
        }
        for order in refused.drain(..) {
            self.refuse(&order, now_ns);
        }
        if let Some(gate) = &mut self.gate {
            gate.refused = refused;
        }
    }

    /// Tells the engine that an entry did not leave.
    fn refuse(&mut self, order: &OrderBody, now_ns: i64) {
        let report = ExecutionBody {
            time_ns: now_ns,
            venue_ns: now_ns,
            order: order.order,
            instrument: order.instrument,
            kind: ReportKind::Rejected.code(),
            reason: Reason::NotJournalled.code(),
            ..ExecutionBody::default()
        };
        self.begin(FULL);
        self.engine.on_execution(&report, &mut self.recorder);
        self.finish_input();
    }

    /// A run that has done again what its journal has: entries that were stopped then go on once the gate is open.
    pub(super) fn go_on_at_gate(&mut self) {
        if let Some(gate) = &mut self.gate
            && self.engine.is_degraded()
        {
            gate.set_late();
        }
    }

    /// Entries are stopped because the gate did not open in time.
    #[inline(always)]
    pub(super) fn is_late(&self) -> bool {
        self.gate.as_ref().is_some_and(Gate::is_late)
    }

    /// Lets entries go on once the journal has caught up.
    #[cold]
    #[inline(never)]
    pub(super) fn catch_up_at_gate(&mut self) {
        let Some(gate) = &mut self.gate else { return };
        gate.look_again(&self.recorder.out);
        if !gate.is_late() && self.engine.is_degraded() {
            self.change_mode(true, NOTE);
        }
    }
}
