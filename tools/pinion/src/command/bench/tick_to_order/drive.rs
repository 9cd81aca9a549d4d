//! Open loop: frames are due at set times whether the pipeline keeps up or not, and every time is taken from
//! when its frame was due. A pipeline that falls behind therefore shows it (no coordinated omission).

use super::measured::histogram;
use super::pipeline::Pipeline;
use crate::session::keeper::Out;
use hdrhistogram::Histogram;
use pinion_runtime::ticks::Ticks;

/// What is asked of a run.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Frames a second.
    pub rate: f64,
    /// Frames that are measured.
    pub frames: usize,
    /// Frames before them.
    pub warm_up: usize,
}

/// What a run gave.
pub struct Driven {
    /// From when a frame was due to when its order's bytes were ready; frames that caused one.
    pub order: Histogram<u64>,
    /// From when a frame was due to when everything that it caused was done; all frames.
    pub frame: Histogram<u64>,
    /// Frames a second, from the first one's due time to the last one's end.
    pub achieved: f64,
    /// Times at which the journal's link was full and a frame had to wait.
    pub waits: u64,
}

impl Driven {
    /// The rate was reached; a run that did not reach it says nothing about latency at that rate.
    pub fn kept_up(&self, load: &Load) -> bool {
        self.achieved >= 0.99 * load.rate
    }
}

/// Drives frames through the pipeline; `between` is called now and then while nothing is due.
pub fn drive<O: Out>(
    pipeline: &mut Pipeline<O>,
    frames: &[Vec<u8>],
    load: &Load,
    ticks: &Ticks,
    ns_per_tick: f64,
    mut between: impl FnMut(&mut O),
) -> Driven {
    let period = 1e9 / load.rate / ns_per_tick;
    let ns = |ticks: u64| (ticks as f64 * ns_per_tick) as u64;
    let (mut order, mut frame, mut waits) = (histogram(), histogram(), 0u64);
    // The first frame is due in a moment, so that the loop is there before it.
    let start = ticks.now() + (1e6 / ns_per_tick) as u64;
    let (mut first_due, mut last_done) = (start, start);
    for (at, bytes) in frames.iter().cycle().take(load.warm_up + load.frames).enumerate() {
        let due = start + (at as f64 * period) as u64;
        if at % 512 == 0 {
            between(pipeline.out());
        }
        // Without a pause, which would add up to its own length to the time of every frame.
        while ticks.now() < due {}
        if !pipeline.has_room() {
            waits += 1;
            while !pipeline.has_room() {
                between(pipeline.out());
                std::thread::yield_now();
            }
        }
        pipeline.heed_link();
        let ready = pipeline.frame(bytes);
        let done = ticks.now();
        pipeline.settle();
        if at == load.warm_up {
            first_due = due;
        }
        if at >= load.warm_up {
            if ready > 0 {
                order.saturating_record(ns(ready.saturating_sub(due)));
            }
            frame.saturating_record(ns(done.saturating_sub(due)));
            last_done = done;
        }
    }
    let seconds = ns(last_done.saturating_sub(first_due)) as f64 / 1e9;
    Driven { order, frame, achieved: load.frames as f64 / seconds, waits }
}
