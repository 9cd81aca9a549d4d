//! What a thread does when there is nothing to do.
//!
//! Spinning is right only on a core that the thread owns alone: two spinning threads on one core cost
//! seconds where yielding costs microseconds. Threads without a core of their own yield; cold threads back
//! off to short sleeps.

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
}

const YIELDS: u32 = 30;

impl Idle {
    /// A waiter that has just had work.
    pub fn new(kind: IdleKind) -> Idle {
        Idle { kind, turns: 0 }
    }

    /// Call after each piece of work with how much there was.
    #[inline]
    pub fn idle(&mut self, work: usize) {
        if work > 0 {
            self.turns = 0;
            return;
        }
        match self.kind {
            IdleKind::Spin => std::hint::spin_loop(),
            IdleKind::Yield => std::thread::yield_now(),
            IdleKind::Backoff => self.back_off(),
        }
    }

    fn back_off(&mut self) {
        self.turns = self.turns.saturating_add(1);
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
