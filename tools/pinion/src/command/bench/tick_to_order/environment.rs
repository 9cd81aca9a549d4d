//! What a figure depends on besides the program: the machine, its load, and what the platform itself does
//! to a thread that only looks at the clock.

use super::measured::histogram;
use hdrhistogram::Histogram;
use pinion_runtime::ticks::Ticks;
use serde_json::{Value, json};
use std::fs::read_to_string;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

fn first_line(path: &str) -> Option<String> {
    let text = read_to_string(path).ok()?;
    text.lines().next().map(|l| l.trim().to_string()).filter(|l| !l.is_empty())
}

/// Steal time since boot, in ticks of the kernel's clock.
pub fn steal_ticks() -> Option<u64> {
    first_line("/proc/stat")?.split_whitespace().nth(8)?.parse().ok()
}

/// The machine, as text for people and scripts. What cannot be read is `unknown`.
pub fn machine(core: Option<usize>) -> Value {
    let or_unknown = |v: Option<String>| v.unwrap_or_else(|| "unknown".into());
    let cpu = read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|l| l.starts_with("model name"))?;
        line.split(':').nth(1).map(|s| s.trim().to_string())
    });
    let governor = format!("/sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor", core.unwrap_or(0));
    json!({
        "cpu": or_unknown(cpu),
        "processors": std::thread::available_parallelism().map_or(0, usize::from),
        "kernel": or_unknown(first_line("/proc/sys/kernel/osrelease")),
        "isolated": first_line("/sys/devices/system/cpu/isolated").unwrap_or_else(|| "none".into()),
        "governor": or_unknown(first_line(&governor)),
        "clocksource": or_unknown(first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource")),
        "load": or_unknown(first_line("/proc/loadavg")),
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
