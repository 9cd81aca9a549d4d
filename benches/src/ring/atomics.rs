//! The floor of every hand-over: two numbers on lines of their own that two threads write in turn.

use super::{pause, timed};
use crate::clock::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number on lines of its own: processors fetch lines in pairs.
#[repr(align(128))]
#[derive(Default)]
struct Line(AtomicU64);

/// Round trips over two atomics between this thread and another, timed in blocks of so many; ticks of each block.
/// `trips` is a multiple of `block`.
pub fn two_atomics(clock: &Clock, other_core: Option<usize>, trips: u64, block: u64) -> Vec<u64> {
    let lines = Arc::new((Line::default(), Line::default()));
    let theirs = lines.clone();
    let echo = std::thread::spawn(move || {
        other_core.map(pinion_runtime::agent::pin);
        let ((there, back), mut spins) = (&*theirs, 0);
        for n in 1..=trips {
            while there.0.load(Ordering::Acquire) != n {
                pause(&mut spins);
            }
            back.0.store(n, Ordering::Release);
        }
    });
    let ((there, back), mut spins) = (&*lines, 0);
    let seen = timed(clock, trips, block, |n| {
        there.0.store(n, Ordering::Release);
        while back.0.load(Ordering::Acquire) != n {
            pause(&mut spins);
        }
    });
    super::join(echo);
    seen
}
