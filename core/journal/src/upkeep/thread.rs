//! The upkeep thread: syncs by time or by count, and prepares a segment in between, a few MiB at a time.
//!
//! Owns the order of the jobs. A sync that is due comes first; a segment that is being prepared holds it up by one
//! step at most. This is the one place of the crate that reads clocks: the monotone one for when to sync, UTC for
//! when a sync returned. It ends when it is told to, or at the first sync that fails.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{Builder, JoinHandle, park_timeout};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::{Rhythm, Shared, Worker};
use crate::segment::{Preparing, Progress};

/// Full segments that may wait for a sync; beyond it one is due, so that open files stay few.
const RETIRED_MAX: usize = 16;

/// Whatever way the thread ends, nobody waits for it.
struct Gone(Arc<Shared>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.state().gone = true;
        self.0.tell();
    }
}

pub(super) fn start(worker: Worker, rhythm: Rhythm) -> io::Result<JoinHandle<Worker>> {
    Builder::new().name("journal-upkeep".into()).spawn(move || run(worker, rhythm))
}

fn run(mut worker: Worker, rhythm: Rhythm) -> Worker {
    let shared = worker.shared().clone();
    let _gone = Gone(shared.clone());
    let mut preparing = None;
    let mut synced = Instant::now();
    while !shared.stop.load(Ordering::Acquire) {
        if is_due(&shared, rhythm, synced) {
            synced = Instant::now();
            if !sync(&mut worker, &shared) {
                break;
            }
        } else if let Some(first) = wanted(&shared) {
            preparing = prepare(&worker, &shared, preparing.take(), first);
        } else {
            let left = rhythm.every.saturating_sub(synced.elapsed());
            park_timeout(if left.is_zero() { rhythm.every } else { left });
        }
    }
    if let Some(preparing) = preparing.take() {
        // What is half made is of no use; the next writer removes it if this does not.
        let _ = Preparing::discard(preparing);
    }
    worker
}

fn is_due(shared: &Shared, rhythm: Rhythm, synced: Instant) -> bool {
    let state = shared.state();
    if state.sync_until.is_some() || state.retired.len() >= RETIRED_MAX {
        return true;
    }
    drop(state);
    let unsynced = shared.published.0.load(Ordering::Acquire).saturating_sub(shared.durable.position());
    unsynced > 0 && (synced.elapsed() >= rhythm.every || (rhythm.records > 0 && unsynced >= rhythm.records))
}

/// Syncs, and says whether that was so.
fn sync(worker: &mut Worker, shared: &Shared) -> bool {
    let result = worker.sync();
    let wall_ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64);
    shared.durable_wall_ns.store(wall_ns, Ordering::Relaxed);
    let durable = shared.durable.position();
    let mut state = shared.state();
    state.sync_until = state.sync_until.filter(|until| *until > durable);
    let done = result.is_ok();
    state.failed = result.err();
    drop(state);
    shared.tell();
    done
}

fn wanted(shared: &Shared) -> Option<u64> {
    shared.state().wanted
}

/// One step of a preparation; gives back what is left to be done.
fn prepare(worker: &Worker, shared: &Shared, begun: Option<Preparing>, first: u64) -> Option<Preparing> {
    let progress = match begun {
        Some(preparing) => preparing.step(),
        None => worker.begin(first).map(Progress::Unfinished),
    };
    let ready = match progress {
        Ok(Progress::Unfinished(preparing)) => return Some(preparing),
        Ok(Progress::Finished(prepared)) => Ok(prepared),
        Err(error) => Err(error),
    };
    let is_bad = ready.is_err();
    let mut state = shared.state();
    state.wanted = None;
    state.ready = Some(ready);
    drop(state);
    if is_bad {
        shared.tell();
    } else {
        shared.answered.notify_all();
    }
    None
}
