//! Time of short things: the processor's counter, and what its ticks and its reading cost.

use pinion_runtime::ticks::{Anchors, Ticks};
use std::time::{Duration, Instant};

/// A counter whose rate is known.
#[derive(Clone, Debug)]
pub struct Clock {
    ticks: Ticks,
    /// Nanoseconds of a tick.
    pub ns_per_tick: f64,
}

impl Default for Clock {
    fn default() -> Self {
        let ticks = Ticks::default();
        let anchors = Anchors::new(&ticks);
        // The longer the two readings lie apart, the better the rate between them is known.
        std::thread::sleep(Duration::from_millis(50));
        Clock { ns_per_tick: anchors.ns_per_tick(), ticks }
    }
}

impl Clock {
    /// The counter now.
    #[inline(always)]
    pub fn now(&self) -> u64 {
        self.ticks.now()
    }

    /// The counter once everything before it is done, and before anything after it begins: a processor may
    /// otherwise read it while what is timed is still on its way.
    #[inline(always)]
    pub fn now_in_order(&self) -> u64 {
        fence();
        let now = self.ticks.now();
        fence();
        now
    }

    /// Ticks as nanoseconds.
    pub fn ns(&self, ticks: u64) -> f64 {
        ticks as f64 * self.ns_per_tick
    }

    /// What measurements of nothing show: two readings in order, one after the other, in ticks, sorted.
    pub fn of_nothing(&self) -> Vec<u64> {
        let one = |_| {
            let began = self.now_in_order();
            self.now_in_order().wrapping_sub(began)
        };
        let mut seen: Vec<u64> = (0..10_001).map(one).collect();
        seen.sort_unstable();
        seen
    }
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
fn fence() {
    // SAFETY: the instruction is part of SSE2, which every x86-64 processor has, and touches no memory.
    unsafe { std::arch::x86_64::_mm_lfence() }
}

#[cfg(not(target_arch = "x86_64"))]
fn fence() {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

/// Nanoseconds of each of `count` things that `work` does in one call.
pub fn ns_each(count: usize, work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_nanos() as f64 / count.max(1) as f64
}
