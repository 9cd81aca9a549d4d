//! What a figure depends on besides the program: the machine, its load, and what the platform itself does
//! to a thread that only looks at the clock.

use super::super::rounds::pin_two;
use super::measured::histogram;
use crate::failure::Failure;
use crate::host::Host;
use hdrhistogram::Histogram;
use pinion_benches::clock::Clock;
use pinion_benches::ring;
use pinion_runtime::ticks::Ticks;
use serde_json::{Value, json};

/// Round trips over two atomics beside a run.
const TRIPS: u64 = 50_000;

/// Steal time since boot, in ticks of the kernel's clock.
pub fn steal_ticks() -> Option<u64> {
    Host::live().steal_ticks()
}

/// The machine, as text for people and scripts. What cannot be read is `unknown`.
pub fn machine(core: Option<usize>) -> Value {
    let host = Host::live();
    let or_unknown = |v: Option<String>| v.unwrap_or_else(|| "unknown".into());
    json!({
        "cpu": or_unknown(host.cpu_model()),
        "processors": std::thread::available_parallelism().map_or(0, usize::from),
        "kernel": or_unknown(host.kernel()),
        "isolated": host.isolated().unwrap_or_default().to_string(),
        "governor": or_unknown(host.governor(core.unwrap_or(0))),
        "clocksource": or_unknown(host.clocksource()),
        "load": or_unknown(host.line("proc/loadavg")),
    })
}

/// Gaps that a thread sees that does nothing but read the counter: everything above the first few tens of
/// nanoseconds is the platform's doing.
pub fn hiccups(ticks: &Ticks, ns_per_tick: f64, lasting_ns: u64) -> Histogram<u64> {
    let mut gaps = histogram();
    let lasting = (lasting_ns as f64 / ns_per_tick) as u64;
    let began = ticks.now();
    let mut last = began;
    while last.wrapping_sub(began) < lasting {
        let now = ticks.now();
        gaps.saturating_record((now.wrapping_sub(last) as f64 * ns_per_tick) as u64);
        last = now;
    }
    gaps
}

/// Round trips over two atomics between this thread and another: the floor of every hand-over.
///
/// The two threads run on the processors that were named, else on the first and the next one: without a word to
/// the scheduler they may share one, and the figure would be its time slice.
pub fn two_atomics(
    clock: &Clock,
    core: Option<usize>,
    other: Option<usize>,
) -> Result<Histogram<u64>, Failure> {
    let measured = std::thread::scope(|threads| {
        let measure = || pin_two(core, other).map(|other| ring::two_atomics(clock, other, TRIPS, 1));
        threads.spawn(measure).join()
    });
    let mut trips = histogram();
    for ticks in measured.unwrap_or_else(|panic| std::panic::resume_unwind(panic))? {
        trips.saturating_record(clock.ns(ticks) as u64);
    }
    Ok(trips)
}
