//! The gate of level `gated`: orders leave once their records are kept, in the journal's mapping or on disk.
//!
//! The keeper counts what it has kept and what of it is on disk; the trading thread waits until the count covers
//! what it has put. It waits a bounded time. After that it is late: entries are refused, exits and cancels
//! leave without, and nothing waits any more until the keeper has caught up.

use super::keeper::Out;
use pinion_model::body::OrderBody;
use pinion_plan::Gate as Place;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A count on a pair of lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Count(AtomicU64);

/// How far the keeper is, in records that were put.
#[derive(Debug, Default)]
pub struct Progress {
    mapped: Count,
    on_disk: Count,
    /// Somebody waits for this many to be on disk.
    wanted: Count,
}

impl Progress {
    /// So many are in the journal's mapping.
    pub fn set_mapped(&self, records: u64) {
        self.mapped.0.store(records, Ordering::Release);
    }

    /// So many are on disk.
    pub fn set_on_disk(&self, records: u64) {
        self.on_disk.0.store(records, Ordering::Release);
    }

    /// Somebody waits for a sync.
    pub fn is_sync_wanted(&self) -> bool {
        self.wanted.0.load(Ordering::Acquire) > self.on_disk.0.load(Ordering::Relaxed)
    }
}

/// The trading thread's side.
#[derive(Debug)]
pub struct Gate {
    progress: Arc<Progress>,
    place: Place,
    timeout: Duration,
    /// It did not open in time, and has not caught up since.
    late: bool,
    /// Entries that it held back, for their refusals.
    pub refused: Vec<OrderBody>,
}

/// Looks at the gate between looks at the clock, and before the processor is given away.
const SPINS: u32 = 64;

impl Gate {
    /// A gate at that place.
    pub fn new(progress: Arc<Progress>, place: Place, timeout: Duration, most_orders: usize) -> Gate {
        Gate { progress, place, timeout, late: false, refused: Vec::with_capacity(most_orders) }
    }

    /// Everything that was put is kept; asks for it where it has to be asked for.
    pub fn is_open<O: Out>(&self, out: &O) -> bool {
        let (put, progress) = (out.records(), &self.progress);
        match self.place {
            Place::Mapped => progress.mapped.0.load(Ordering::Acquire) >= put,
            Place::Disk => {
                let open = progress.on_disk.0.load(Ordering::Acquire) >= put;
                if !open {
                    progress.wanted.0.store(put, Ordering::Release);
                }
                open
            }
        }
    }

    /// Waits until it is open, unless it is late already or `give_up` says that it will never be; true when it is.
    pub fn wait<O: Out>(&mut self, out: &mut O, give_up: impl Fn(&O) -> bool) -> bool {
        let (mut began, mut spins) = (None, 0u32);
        loop {
            out.help();
            if self.is_open(out) {
                self.late = false;
                return true;
            }
            spins += 1;
            if spins < SPINS && !self.late {
                std::hint::spin_loop();
                continue;
            }
            spins = 0;
            let since = began.get_or_insert_with(Instant::now).elapsed();
            if self.late || since >= self.timeout || give_up(out) {
                self.late = true;
                return false;
            }
            std::thread::yield_now();
        }
    }

    /// It did not open in time, and has not been seen open since.
    pub fn is_late(&self) -> bool {
        self.late
    }

    /// Takes it for late: entries are stopped, and go on when it has caught up.
    pub fn set_late(&mut self) {
        self.late = true;
    }

    /// Looks whether it has caught up.
    pub fn look_again<O: Out>(&mut self, out: &O) {
        self.late = !self.is_open(out);
    }
}
