//! A run that goes on from a journal: it begins in the state of a snapshot, does again what the journal has, and is
//! told again what it was told; and the snapshots that let a later run do so.

use super::*;
use crate::session::past::Repeats;
use crate::session::past::snapshot;
use pinion_journal::system::text_frames;
use pinion_model::order::OrderStatus;
use pinion_model::record::{Entry, Kind};
use std::os::unix::fs::MetadataExt;

impl<O: Out, W: Wire, V: Venue, const FULL: bool> Trading<O, W, V, FULL> {
    /// Goes on: engine and venue are those of the snapshot already, and the feed stands behind its events.
    pub fn go_on(&mut self, repeats: Repeats) {
        self.script = repeats.script;
        self.script_at = self.script.next_at();
        self.repeated = repeats.inputs;
        self.withheld = repeats.withheld;
        self.shared.repeats.store(self.is_repeating(), Ordering::Relaxed);
        if let Some(restored) = repeats.restored {
            self.inputs = restored.events;
            self.curve = restored.curve;
        }
    }

    /// Writes a snapshot after each `events`; 0 for never.
    pub fn snapshot_each(&mut self, events: u64) {
        self.snapshot_every = events;
        self.plan_snapshot();
    }

    /// The journal has what happens now.
    pub fn is_repeating(&self) -> bool {
        self.engine.seq() < self.repeated
    }

    /// Before an event: what was said then is said again, and a run that was stopped there goes on.
    #[inline(always)]
    pub(super) fn heed_script(&mut self) {
        if self.is_late() {
            self.catch_up_at_gate();
        }
        if self.engine.seq() >= self.script_at {
            self.say_again(false);
            self.leave_shutdown();
        }
    }

    /// Gives the commands that stood here. At the end of the feed the last shutdown is left to the run's own end.
    #[cold]
    pub(super) fn say_again(&mut self, is_over: bool) {
        while !(is_over && self.script.is_last_shutdown())
            && let Some(command) = self.script.take(self.engine.seq())
        {
            if command.command == CommandKind::Shutdown.code() {
                self.end_session(command);
            } else {
                self.give_command(&command);
            }
        }
        self.script_at = self.script.next_at();
    }

    /// The recording goes on behind a shutdown, and nobody has said so yet: whoever started this run does.
    #[cold]
    fn leave_shutdown(&mut self) {
        if self.script_at == u64::MAX && self.engine.desk().is_shut_down() {
            let resumed = || CommandBody::new(CommandKind::Resumed, &user(), "the run goes on");
            let command = outside_hot(resumed);
            self.on_command(command);
        }
    }

    /// Someone ends a run that has not done again what it did: nothing is new yet, and nothing is recorded.
    pub(super) fn breaks_off(&mut self) -> bool {
        if self.is_repeating() && self.must_stop() {
            self.break_off(
                "stopped before the run had come to where it ended; its journal is as it was, and `--resume` goes on \
                 from it"
                    .into(),
            );
        }
        self.broke_off.is_some()
    }

    fn break_off(&mut self, reason: String) {
        self.broke_off = Some(reason);
        self.done = true;
    }

    /// After a turn: where the run came to what is new in it, engine and venue must know the same orders.
    pub fn look_whether_new(&mut self) {
        if self.shared.repeats.load(Ordering::Relaxed) && !self.is_repeating() {
            self.shared.repeats.store(false, Ordering::Relaxed);
            // It gathers numbers of orders, once.
            outside_hot(|| self.compare_orders());
            self.go_on_at_gate();
        }
    }

    #[cold]
    fn compare_orders(&mut self) {
        let Some(there) = self.venue.orders() else { return };
        let open = |number: u64| self.engine.desk().orders.get(number).is_some_and(|o| !o.status.is_final());
        let known = |number: u64| there.iter().any(|(order, _)| *order == number);
        let here = self.engine.desk().orders.open_orders().filter(|o| o.status != OrderStatus::Held);
        let forgotten: Vec<u64> = here.map(|order| order.number).filter(|n| !known(*n)).collect();
        let foreign = there.iter().filter(|(n, reported)| !reported && !open(*n)).map(|(n, _)| *n);
        let foreign: Vec<u64> = foreign.collect();
        if !(forgotten.is_empty() && foreign.is_empty()) {
            self.break_off(format!(
                "after the journal was done again the venue does not know orders {forgotten:?} of the engine, and \
                 the engine does not know orders {foreign:?} of the venue"
            ));
        }
    }

    fn plan_snapshot(&mut self) {
        self.snapshot_at = match self.snapshot_every {
            0 => u64::MAX,
            every => (self.inputs / every + 1) * every,
        };
    }

    /// Writes a snapshot, as fast as the keeper takes it. The trading thread stands still meanwhile.
    #[cold]
    #[inline(never)]
    pub(super) fn snapshot(&mut self) {
        self.plan_snapshot();
        if self.is_repeating() {
            return;
        }
        let ticks = self.recorder.now();
        outside_hot(|| {
            let Some(venue) = self.venue.save() else { return };
            let image = snapshot::image(&self.engine, &venue, &self.curve, self.inputs);
            for record in text_frames(Kind::Snapshot, ticks, self.recorder.source(), &image) {
                self.wait_for(1);
                self.recorder.out.put(&Entry::of(&record));
            }
        });
    }
}

/// Who runs this process: a name, or the number of the user.
// cold: once, where a run that was stopped goes on
fn user() -> String {
    let named = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let number = || std::fs::metadata("/proc/self").map_or("?".into(), |me| format!("uid {}", me.uid()));
    named.filter(|name| !name.is_empty()).unwrap_or_else(number)
}
