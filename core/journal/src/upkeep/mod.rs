//! Upkeep: the next segment is made ready and what was published is had on disk, beside the appends.
//!
//! Owns what the writer and its upkeep share. With [`Upkeep::Thread`] a thread does both, so that an append never
//! waits for the disk and a roll only when the next segment is not ready (a *stall*, which is counted). With
//! [`Upkeep::Inline`] the writer's own thread does both, and only when it is asked.
//!
//! ```text
//!   writer                                          upkeep thread
//!   stores a frame, moves `published` on (release)
//!                                                   takes the files, then `published` (acquire), under one lock
//!                                                   syncs the full files, the current one up to there, the names
//!                                                   moves `durable` on, counts up `news`
//!   sees `news` at its next call: appends a Mark
//! ```
//!
//! A roll swaps the files under the same lock, so every frame below `published` is in the files that were taken. A
//! failed sync ends the thread: nothing is ever synced again. A failed preparation is told at the writer's next
//! call, long before the segment in use is full.

mod thread;
mod worker;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::disk;
use crate::error::{JournalError, io_error};
use crate::segment::{Current, Prepared, Retired, Segment};

pub(crate) use worker::Worker;

/// Who makes the next segment ready and has records on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Upkeep {
    /// The writer's thread, when [`crate::Writer::prepare_next`] and [`crate::Writer::mark`] are called.
    #[default]
    Inline,
    /// A thread of its own, by itself.
    Thread,
}

/// Alone on its lines: other threads read it while the writer stores beside it.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Line(AtomicU64);

/// How far a journal is known to be on disk. Other threads read it, also while the writer appends.
#[derive(Clone, Debug)]
pub struct Durable(Arc<Line>);

impl Durable {
    /// Every record below this position is on disk.
    #[inline]
    pub fn position(&self) -> u64 {
        self.0.0.load(Ordering::Acquire)
    }
}

/// A failed sync: the file, and what the operating system said.
type SyncError = (PathBuf, io::Error);

/// What the two sides give each other, always whole.
#[derive(Debug)]
struct State {
    current: Current,
    retired: Vec<Retired>,
    /// Names that segments had before they were brought into use.
    litter: Vec<PathBuf>,
    dir_dirty: bool,
    /// First position of the segment that is to be made ready.
    wanted: Option<u64>,
    ready: Option<Result<Prepared, JournalError>>,
    /// The writer waits until everything below is on disk.
    sync_until: Option<u64>,
    failed: Option<SyncError>,
    /// Nobody does anything any more.
    gone: bool,
}

#[derive(Debug)]
struct Shared {
    published: Line,
    news: Line,
    durable: Durable,
    durable_wall_ns: AtomicU64,
    stop: AtomicBool,
    state: Mutex<State>,
    answered: Condvar,
}

impl Shared {
    /// What is under the lock is whole between any two statements: a panic elsewhere leaves it usable.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.news.0.fetch_add(1, Ordering::Release);
        self.answered.notify_all();
    }
}

/// When the thread syncs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    pub(crate) every: Duration,
    pub(crate) records: u64,
}

#[derive(Debug)]
enum Hands {
    Own(Worker),
    Thread(JoinHandle<Worker>),
    /// The thread is gone without giving the work back.
    Nobody,
}

/// The writer's end of its upkeep.
#[derive(Debug)]
pub(crate) struct Care {
    shared: Arc<Shared>,
    hands: Hands,
    seen: u64,
    records: u64,
    wake_at: u64,
    stalls: u64,
}

/// What happened since the writer looked last.
pub(crate) struct News {
    /// A sync failed, or nobody is left to do one.
    pub(crate) failed: Option<SyncError>,
    /// The next segment cannot be made ready.
    pub(crate) unprepared: Option<JournalError>,
    /// Everything below is on disk, and when that was so (UTC).
    pub(crate) durable: (u64, u64),
}

impl Care {
    /// The upkeep of a new segment, by the writer's own thread.
    pub(crate) fn new(worker: Worker) -> Care {
        let shared = worker.shared().clone();
        Care { shared, hands: Hands::Own(worker), seen: 0, records: 0, wake_at: u64::MAX, stalls: 0 }
    }

    /// From now on a thread does it, beginning with the segment that begins at `next`.
    pub(crate) fn start(&mut self, rhythm: Rhythm, next: u64) -> Result<(), JournalError> {
        let Hands::Own(worker) = std::mem::replace(&mut self.hands, Hands::Nobody) else {
            return Ok(());
        };
        let dir = worker.dir().to_path_buf();
        let thread = thread::start(worker, rhythm)
            .map_err(|source| io_error("start the journal's upkeep thread", &dir, source))?;
        self.hands = Hands::Thread(thread);
        self.records = rhythm.records;
        self.wake_at = self.next_wake();
        self.shared.state().wanted = Some(next);
        self.wake();
        Ok(())
    }

    fn next_wake(&self) -> u64 {
        let published = self.shared.published.0.load(Ordering::Relaxed);
        if self.records == 0 { u64::MAX } else { published.saturating_add(self.records) }
    }

    fn wake(&self) {
        if let Hands::Thread(thread) = &self.hands {
            thread.thread().unpark();
        }
    }

    /// True if a thread does it.
    pub(crate) fn is_threaded(&self) -> bool {
        !matches!(self.hands, Hands::Own(_))
    }

    /// How far the journal is on disk.
    pub(crate) fn durable(&self) -> &Durable {
        &self.shared.durable
    }

    /// So far it was on disk before this writer.
    pub(crate) fn set_durable(&self, position: u64) {
        self.shared.durable.0.0.store(position, Ordering::Release);
    }

    /// Rolls that waited for their segment.
    pub(crate) fn stalls(&self) -> u64 {
        self.stalls
    }

    /// Everything below this position is published.
    #[inline]
    pub(crate) fn publish(&mut self, position: u64) {
        self.shared.published.0.store(position, Ordering::Release);
        if position >= self.wake_at {
            self.wake_at = self.next_wake();
            self.wake();
        }
    }

    /// True if [`Care::take_news`] has something to say.
    #[inline]
    pub(crate) fn has_news(&self) -> bool {
        self.shared.news.0.load(Ordering::Acquire) != self.seen
    }

    /// What happened since the last call.
    pub(crate) fn take_news(&mut self) -> News {
        let mut state = self.shared.state();
        self.seen = self.shared.news.0.load(Ordering::Acquire);
        let failed = state.failed.take().or_else(|| state.gone.then(|| self.nobody()));
        let unprepared = match state.ready.take() {
            Some(Err(error)) => Some(error),
            other => {
                state.ready = other;
                None
            }
        };
        let wall_ns = self.shared.durable_wall_ns.load(Ordering::Relaxed);
        News { failed, unprepared, durable: (self.shared.durable.position(), wall_ns) }
    }

    fn nobody(&self) -> SyncError {
        (PathBuf::from("upkeep"), io::Error::other("the journal's upkeep thread ended"))
    }

    /// Has everything below a position on disk. Waits for it.
    pub(crate) fn sync(&mut self, until: u64) -> Result<(), SyncError> {
        self.shared.published.0.store(until, Ordering::Release);
        if let Hands::Own(worker) = &mut self.hands {
            return worker.sync();
        }
        let mut state = self.shared.state();
        state.sync_until = Some(until);
        self.wake();
        loop {
            if let Some(error) = state.failed.take() {
                return Err(error);
            }
            if self.shared.durable.position() >= until && state.sync_until.is_none() {
                return Ok(());
            }
            if state.gone {
                return Err(self.nobody());
            }
            state = self.shared.answered.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Makes the segment ready that begins at `first`, or waits until it is; says whether there was something to do.
    pub(crate) fn prepare(&mut self, first: u64) -> Result<bool, JournalError> {
        if let Hands::Own(worker) = &self.hands {
            if self.shared.state().ready.is_some() {
                return Ok(false);
            }
            let prepared = worker.prepare(first)?;
            self.shared.state().ready = Some(Ok(prepared));
            return Ok(true);
        }
        let mut waited = false;
        let mut state = self.shared.state();
        let result = loop {
            match state.ready.take() {
                Some(Err(error)) => break Err(error),
                Some(Ok(prepared)) => {
                    state.ready = Some(Ok(prepared));
                    break Ok(waited);
                }
                None if state.gone => {
                    let (path, source) = state.failed.take().unwrap_or_else(|| self.nobody());
                    break Err(JournalError::Durability { path, position: first, source });
                }
                None => {}
            }
            waited = true;
            state.wanted = Some(first);
            self.wake();
            state = self.shared.answered.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        drop(state);
        self.stalls += u64::from(waited);
        result
    }

    /// The segment that [`Care::prepare`] made ready.
    pub(crate) fn take_prepared(&mut self) -> Option<Prepared> {
        self.shared.state().ready.take().and_then(Result::ok)
    }

    /// It was not used.
    pub(crate) fn give_back(&mut self, prepared: Prepared) {
        self.shared.state().ready = Some(Ok(prepared));
    }

    /// A segment is full, and the writer is in the next one.
    pub(crate) fn rolled(&mut self, full: Retired, segment: &Segment, litter: PathBuf) {
        let threaded = self.is_threaded();
        if !threaded {
            // A second name that stays is harmless: no reader looks at it, and the writer owns the directory.
            let _ = disk::remove(&litter);
        }
        let mut state = self.shared.state();
        state.retired.push(full);
        state.current = segment.current();
        state.dir_dirty = true;
        state.litter.extend(threaded.then_some(litter));
        state.wanted = threaded.then(|| segment.end_position());
        drop(state);
        self.wake();
    }

    /// Full segments that are not on disk yet.
    pub(crate) fn retired(&self) -> usize {
        self.shared.state().retired.len()
    }

    /// The thread, if there is one, ends, and its work is the writer's own again.
    pub(crate) fn stop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.wake();
        match std::mem::replace(&mut self.hands, Hands::Nobody) {
            Hands::Thread(thread) => {
                if let Ok(worker) = thread.join() {
                    self.hands = Hands::Own(worker);
                    self.shared.state().gone = false;
                }
            }
            own => self.hands = own,
        }
    }

    /// What was made ready and is not needed any more goes.
    pub(crate) fn discard(&mut self) -> Result<(), JournalError> {
        let ready = self.shared.state().ready.take();
        match ready {
            Some(Ok(prepared)) => prepared.discard(),
            Some(Err(_)) | None => Ok(()),
        }
    }
}

impl Drop for Care {
    fn drop(&mut self) {
        self.stop();
    }
}
