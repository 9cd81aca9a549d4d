//! What a thread does when there is nothing to do.
//!
//! Spinning is right only on a core that the thread owns alone: two spinning threads on one core cost
//! seconds where yielding costs microseconds. Threads without a core of their own yield; cold threads back
//! off to short sleeps.

use crate::ticks::Ticks;
use std::time::Duration;

/// How to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleKind {
    /// Look again at once.
    Spin,
    /// Let another thread run first.
    Yield,
    /// Spin, then yield, then sleep ever longer, up to a millisecond.
    Backoff,
}

/// The state of waiting.
#[derive(Clone, Debug)]
pub struct Idle {
    kind: IdleKind,
    turns: u32,
    blocked: Option<Box<Blocked>>,
}

/// Time that was waited inside a piece of work, for another thread.
#[derive(Clone, Debug)]
struct Blocked {
    ticks: Ticks,
    /// When the present waiting began.
    since: u64,
    total: u64,
}

const YIELDS: u32 = 30;

impl Idle {
    /// A waiter that has just had work.
    pub fn new(kind: IdleKind) -> Idle {
        Idle { kind, turns: 0, blocked: None }
    }

    /// Also counts the time that is waited.
    pub fn measured(mut self, ticks: Ticks) -> Idle {
        self.blocked = Some(Box::new(Blocked { ticks, since: 0, total: 0 }));
        self
    }

    /// Ticks that were waited since the last call, where they are counted.
    pub fn take_waited(&mut self) -> u64 {
        self.blocked.as_mut().map_or(0, |blocked| std::mem::take(&mut blocked.total))
    }

    /// Call after each piece of work with how much there was.
    #[inline]
    pub fn idle(&mut self, work: usize) {
        if work > 0 {
            if self.turns > 0 {
                self.end_waiting();
            }
            return;
        }
        if self.turns == 0 {
            self.begin_waiting();
        }
        self.turns = self.turns.saturating_add(1);
        match self.kind {
            IdleKind::Spin => std::hint::spin_loop(),
            IdleKind::Yield => std::thread::yield_now(),
            IdleKind::Backoff => self.back_off(),
        }
    }

    fn begin_waiting(&mut self) {
        if let Some(blocked) = &mut self.blocked {
            blocked.since = blocked.ticks.now();
        }
    }

    fn end_waiting(&mut self) {
        self.turns = 0;
        if let Some(blocked) = &mut self.blocked {
            blocked.total += blocked.ticks.now().wrapping_sub(blocked.since);
        }
    }

    fn back_off(&mut self) {
        match self.turns {
            0..=10 => std::hint::spin_loop(),
            11..=YIELDS => std::thread::yield_now(),
            turns => {
                let micros = 1u64 << (turns - YIELDS).min(10);
                std::thread::sleep(Duration::from_micros(micros.min(1000)));
            }
        }
    }
}
