//! The floor of every hand-over: two numbers on lines of their own that two threads write in turn.

use super::{histogram, pause};
use crate::clock::Clock;
use hdrhistogram::Histogram;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number on lines of its own: processors fetch lines in pairs.
#[repr(align(128))]
#[derive(Default)]
struct Line(AtomicU64);

/// Round trips over two atomics between this thread and another, ns.
pub fn two_atomics(clock: &Clock, other_core: Option<usize>, trips: u64) -> Histogram<u64> {
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
    let mut seen = histogram();
    for n in 1..=trips {
        let began = clock.now();
        there.0.store(n, Ordering::Release);
        while back.0.load(Ordering::Acquire) != n {
            pause(&mut spins);
        }
        seen.saturating_record(clock.ns(clock.now().wrapping_sub(began)) as u64);
    }
    super::join(echo);
    seen
}
