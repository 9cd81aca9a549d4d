//! Room in the keeper's link: asked for before each input, and heeded before each event of a live feed.

use super::*;
use pinion_plan::BETWEEN_RECORDS;

impl<O: Out, W: Wire, V: Venue, const FULL: bool> Trading<O, W, V, FULL> {
    /// An input begins, once there is room for what it may cause.
    #[inline(always)]
    pub(super) fn begin(&mut self, timed: bool) {
        if !self.recorder.out.has_credits(self.burst) {
            self.wait_for(self.burst);
        }
        self.recorder.begin(timed);
    }

    /// Timers and reports between two events can be more than one event had room for.
    #[cold]
    #[inline(never)]
    pub(super) fn wait_for(&mut self, records: usize) {
        while !self.recorder.out.has_credits(records) && self.recorder.out.is_kept() {
            std::thread::yield_now();
        }
    }

    /// The link has room for an input and all that it may cause, and for what falls due before it.
    #[inline]
    pub fn has_room(&mut self) -> bool {
        self.recorder.out.has_credits(self.burst + BETWEEN_RECORDS)
    }

    /// There is room, and the journal takes what comes: what is left of it when it fails is for the run's end.
    #[inline]
    pub fn may_go_on(&mut self) -> bool {
        self.has_room() && !self.shared.journal_failed.load(Ordering::Relaxed)
    }

    /// Before an event of a live feed: as the link fills up entries stop, when it has room again they go on.
    /// Both are inputs in the journal, so that a replay stops and goes on at the same places. What is left
    /// when entries stop is as much as two inputs may cause, so exits and cancels still go out.
    #[inline]
    pub fn heed_link(&mut self) {
        if self.is_late() {
            // Entries are stopped, and go on when the journal has caught up.
            return;
        }
        let degraded = self.engine.is_degraded();
        let enough = self.recorder.out.has_credits(if degraded { 3 } else { 2 } * self.burst);
        if enough == degraded {
            self.change_mode(degraded, "room in the journal's link");
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn change_mode(&mut self, degraded: bool, note: &str) {
        let kind = if degraded { CommandKind::Recovered } else { CommandKind::Degraded };
        let command = CommandBody { time_ns: self.engine.now_ns(), ..CommandBody::new(kind, "pinion", note) };
        self.begin(FULL);
        self.engine.on_command(&command, &mut self.recorder);
        self.finish_input();
    }
}
