//! What a figure depends on besides the program: the machine, its load, and what the platform itself does
//! to a thread that only looks at the clock.

use super::measured::histogram;
use crate::host::Host;
use hdrhistogram::Histogram;
use pinion_runtime::ticks::Ticks;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// A round trip over two atomics between this thread and another: the floor of every hand-over.
pub fn two_atomics(ticks: &Ticks, ns_per_tick: f64, other_core: Option<usize>) -> Histogram<u64> {
    const TRIPS: u64 = 50_000;
    let (there, back) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (seen, answer) = (there.clone(), back.clone());
    let echo = std::thread::spawn(move || {
        other_core.map(pinion_runtime::agent::pin);
        let mut spins = 0u32;
        for n in 1..=TRIPS {
            while seen.load(Ordering::Acquire) != n {
                pause(&mut spins);
            }
            answer.store(n, Ordering::Release);
        }
    });
    let (mut trips, mut spins) = (histogram(), 0u32);
    for n in 1..=TRIPS {
        let began = ticks.now();
        there.store(n, Ordering::Release);
        while back.load(Ordering::Acquire) != n {
            pause(&mut spins);
        }
        trips.saturating_record((ticks.now().wrapping_sub(began) as f64 * ns_per_tick) as u64);
    }
    // The other thread has answered the last trip and is at its end.
    let _ = echo.join();
    trips
}

/// Spins, and now and then gives the processor away: two threads may share one.
fn pause(spins: &mut u32) {
    *spins = spins.wrapping_add(1);
    if spins.is_multiple_of(1024) {
        std::thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}
