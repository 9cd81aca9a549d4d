//! The time-stamp counter. Hot code stores raw ticks; cold code ties them to the clocks and converts.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Reads the counter: the processor's own where the kernel keeps its time by it (ten nanoseconds), else
/// what `quanta` finds, which may be the kernel's clock (three times that).
#[derive(Clone, Debug)]
pub struct Ticks {
    /// `None` for the processor's counter.
    clock: Option<quanta::Clock>,
}

/// Names the clock that the kernel has found reliable on this machine.
const CLOCKSOURCE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";

impl Default for Ticks {
    fn default() -> Self {
        let trusted = std::fs::read_to_string(CLOCKSOURCE).is_ok_and(|name| name.trim() == "tsc");
        let counter = cfg!(target_arch = "x86_64") && trusted;
        Ticks { clock: (!counter).then(quanta::Clock::new) }
    }
}

impl Ticks {
    /// The counter now.
    #[inline(always)]
    pub fn now(&self) -> u64 {
        match &self.clock {
            None => processor_counter(),
            Some(clock) => clock.raw(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
fn processor_counter() -> u64 {
    // SAFETY: the instruction exists on every x86-64 processor, touches no memory, and is allowed to user
    // code wherever the kernel's own clock is read by it without a system call, which `Ticks` has looked at.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
fn processor_counter() -> u64 {
    unreachable!("Ticks takes the processor's counter on x86-64 only")
}

/// Counter and clocks, read together.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The counter.
    pub ticks: u64,
    /// UTC, ns since 1970.
    pub wall_ns: u64,
    /// A clock that never jumps, ns since the process began.
    pub mono_ns: u64,
}

/// Ties ticks to time.
#[derive(Clone, Debug)]
pub struct Anchors {
    ticks: Ticks,
    began: Instant,
    first: Reading,
}

impl Anchors {
    /// Takes the first reading.
    pub fn new(ticks: &Ticks) -> Anchors {
        let began = Instant::now();
        let mut anchors =
            Anchors { ticks: ticks.clone(), began, first: Reading { ticks: 0, wall_ns: 0, mono_ns: 0 } };
        anchors.first = anchors.read();
        anchors
    }

    /// Reads counter and clocks; of five tries the one in which the least time passed between them.
    pub fn read(&self) -> Reading {
        let one = || {
            let before = self.ticks.now();
            let wall_ns = wall_ns();
            let mono_ns = self.began.elapsed().as_nanos() as u64;
            let after = self.ticks.now();
            (after.wrapping_sub(before), Reading { ticks: before / 2 + after / 2, wall_ns, mono_ns })
        };
        let tries = [one(), one(), one(), one(), one()];
        tries.into_iter().min_by_key(|(width, _)| *width).map_or(self.first, |(_, reading)| reading)
    }

    /// The counter that they read.
    pub fn ticks(&self) -> &Ticks {
        &self.ticks
    }

    /// The first reading.
    pub fn first(&self) -> Reading {
        self.first
    }

    /// Nanoseconds of one tick, from the first reading to now: the longer, the better.
    pub fn ns_per_tick(&self) -> f64 {
        let now = self.read();
        let ticks = now.ticks.wrapping_sub(self.first.ticks);
        if ticks == 0 { 1.0 } else { (now.mono_ns - self.first.mono_ns) as f64 / ticks as f64 }
    }
}

/// UTC, ns since 1970.
pub fn wall_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64)
}

/// Processor time of the calling thread.
#[allow(unsafe_code)]
pub fn thread_cpu() -> std::time::Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a live timespec of this frame, which the call fills and does not keep.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    // The clock exists on every Linux that Rust supports; without it there is nothing to measure.
    if result == 0 {
        std::time::Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    } else {
        std::time::Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn ticks_advance_with_time_at_one_rate() {
        let ticks = Ticks::default();
        let anchors = Anchors::new(&ticks);
        std::thread::sleep(Duration::from_millis(20));
        let (before, ns_per_tick) = (ticks.now(), anchors.ns_per_tick());
        let began = Instant::now();
        std::thread::sleep(Duration::from_millis(20));
        let by_ticks = ticks.now().wrapping_sub(before) as f64 * ns_per_tick;
        let by_clock = began.elapsed().as_nanos() as f64;
        assert!((0.8..1.25).contains(&(by_ticks / by_clock)), "{by_ticks} and {by_clock}");
    }
}
