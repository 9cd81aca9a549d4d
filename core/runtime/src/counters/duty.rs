//! What a thread does with its time: busy, idle, blocked, housekeeping; its longest turn and how many were
//! slow. One reading of the time-stamp counter per turn.

use super::schema::Agent;
use super::threads::{ThreadUse, thread_id};
use super::writer::Slot;
use crate::agent::Spent;
use crate::ticks::Ticks;

/// From when on a turn counts as slow, unless the session says otherwise. A turn is a bounded piece of work,
/// microseconds to a millisecond: one of this length waited for a disk or for its processor.
pub const SLOW_NS: u64 = 10_000_000;
/// Ticks between looks at links, about a tenth of a millisecond: a look costs a cache line of another thread.
const PUBLISH_TICKS: u64 = 1 << 18;

/// Measures one agent, from its own thread.
#[derive(Debug)]
pub struct DutyMeter {
    slot: Option<Slot>,
    ticks: Ticks,
    slow_ticks: u64,
    last: u64,
    published: u64,
    longest: u64,
}

impl DutyMeter {
    /// Measures nothing.
    pub fn off() -> DutyMeter {
        DutyMeter { slot: None, ticks: Ticks::default(), slow_ticks: 0, last: 0, published: 0, longest: 0 }
    }

    /// Measures into an agent's slot. `ticks_per_second` says what a slow turn is in ticks.
    pub fn new(slot: Slot, ticks: Ticks, ticks_per_second: u64) -> DutyMeter {
        slot.set(Agent::SlowFrom, SLOW_NS);
        let slow = u128::from(SLOW_NS) * u128::from(ticks_per_second) / 1_000_000_000;
        let slow_ticks = u64::try_from(slow).unwrap_or(u64::MAX);
        DutyMeter { slot: Some(slot), ticks, slow_ticks, last: 0, published: 0, longest: 0 }
    }

    /// The agent's thread begins.
    pub fn start(&mut self) {
        let Some(slot) = &self.slot else { return };
        slot.set(Agent::ThreadId, thread_id());
        self.last = self.ticks.now();
        slot.set(Agent::LastTurn, self.last);
        slot.set(Agent::LastWork, self.last);
    }

    /// A turn, with the waiting after it, is over. Says whether the agent should show its links now.
    #[inline]
    pub fn turn(&mut self, work: usize, spent: Spent) -> bool {
        let Some(slot) = &self.slot else { return false };
        let now = self.ticks.now();
        let took = now.wrapping_sub(self.last);
        self.last = now;
        let blocked = spent.blocked.min(took);
        let kept = spent.housekeeping.min(took - blocked);
        let rest = took - blocked - kept;
        slot.add(Agent::DutyCycles, 1);
        slot.set(Agent::LastTurn, now);
        slot.add(Agent::Housekeeping, kept);
        let length = if work > 0 {
            slot.add(Agent::Items, work as u64);
            slot.set(Agent::LastWork, now);
            slot.add(Agent::Busy, rest);
            slot.add(Agent::Blocked, blocked);
            took - blocked
        } else if spent.is_blocked {
            slot.add(Agent::Blocked, blocked + rest);
            kept
        } else {
            slot.add(Agent::Blocked, blocked);
            slot.add(Agent::Idle, rest);
            kept
        };
        if length > self.longest {
            self.longest = length;
            slot.set(Agent::Longest, length);
        }
        if length >= self.slow_ticks {
            slot.add(Agent::Slow, 1);
        }
        let due = now.wrapping_sub(self.published) >= PUBLISH_TICKS;
        if due {
            self.published = now;
        }
        due
    }

    /// The agent has done its last work.
    pub fn end(&mut self) {
        if let Some(slot) = &self.slot {
            ThreadUse::here().put_end(slot);
            slot.set(Agent::Ended, 1);
        }
    }
}
