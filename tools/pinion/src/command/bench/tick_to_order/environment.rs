//! What a figure depends on besides the program: the machine, its load, and what the platform itself does
//! to a thread that only looks at the clock.

use super::measured::histogram;
use crate::host::Host;
use hdrhistogram::Histogram;
use pinion_benches::clock::Clock;
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
pub fn two_atomics(clock: &Clock, other_core: Option<usize>) -> Histogram<u64> {
    let mut trips = histogram();
    for ticks in pinion_benches::ring::two_atomics(clock, other_core, TRIPS, 1) {
        trips.saturating_record(clock.ns(ticks) as u64);
    }
    trips
}
