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

    /// Ticks as nanoseconds.
    pub fn ns(&self, ticks: u64) -> f64 {
        ticks as f64 * self.ns_per_tick
    }

    /// What a measurement of nothing shows: the median of two readings one after the other, in ticks.
    pub fn own_ticks(&self) -> u64 {
        let mut seen: Vec<u64> = (0..10_001)
            .map(|_| {
                let began = self.now();
                self.now().wrapping_sub(began)
            })
            .collect();
        *seen.select_nth_unstable(5_000).1
    }
}

/// Nanoseconds of each of `count` things that `work` does in one call.
pub fn ns_each(count: usize, work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_nanos() as f64 / count.max(1) as f64
}
