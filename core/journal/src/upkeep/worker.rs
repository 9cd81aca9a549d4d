//! The two jobs of upkeep: having published frames on disk, and making a segment ready.
//!
//! Owns what is known to be on disk of the segment in use. It runs on the upkeep thread or on the writer's; it may
//! block on the disk, and never does so with the lock held.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex};

use super::{Durable, Shared, State, SyncError};
use crate::disk;
use crate::error::JournalError;
use crate::segment::{Current, Prepared, Preparing};

/// Does the jobs.
#[derive(Debug)]
pub(crate) struct Worker {
    shared: Arc<Shared>,
    dir: PathBuf,
    dir_file: Arc<File>,
    epoch: u64,
    frames: u64,
    /// The segment in use when it was synced last, and up to where.
    flushed: (u64, u64),
}

impl Worker {
    /// For segments of `frames` frames in a directory.
    pub(crate) fn new(dir: &Path, dir_file: Arc<File>, epoch: u64, frames: u64, current: Current) -> Worker {
        let flushed = (current.first_position(), 0);
        let state = State {
            current,
            retired: Vec::new(),
            litter: Vec::new(),
            dir_dirty: true,
            wanted: None,
            ready: None,
            sync_until: None,
            failed: None,
            gone: false,
        };
        let shared = Arc::new(Shared {
            published: Default::default(),
            news: Default::default(),
            durable: Durable(Arc::default()),
            durable_wall_ns: Default::default(),
            stop: Default::default(),
            state: Mutex::new(state),
            answered: Condvar::new(),
        });
        Worker { shared, dir: dir.to_path_buf(), dir_file, epoch, frames, flushed }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Waits until everything published is on disk, in the order in which it was written.
    pub(super) fn sync(&mut self) -> Result<(), SyncError> {
        let mut state = self.shared.state();
        let retired = std::mem::take(&mut state.retired);
        let litter = std::mem::take(&mut state.litter);
        let dir_dirty = std::mem::take(&mut state.dir_dirty);
        let current = state.current.clone();
        let until = self.shared.published.0.load(Ordering::Acquire);
        drop(state);
        for path in litter {
            // A second name that stays is harmless: no reader looks at it, and the writer owns the directory.
            let _ = disk::remove(&path);
        }
        for full in retired {
            full.sync()?;
        }
        let first = current.first_position();
        let from = if self.flushed.0 == first { self.flushed.1 } else { 0 };
        current.flush(from, until)?;
        self.flushed = (first, until);
        if dir_dirty {
            disk::sync_all(&self.dir_file, &self.dir).map_err(|source| (self.dir.clone(), source))?;
        }
        self.shared.durable.0.0.store(until, Ordering::Release);
        Ok(())
    }

    /// Makes a segment ready at once.
    pub(super) fn prepare(&self, first_position: u64) -> Result<Prepared, JournalError> {
        Prepared::create(&self.dir, self.epoch, first_position, self.frames)
    }

    /// Begins to make one ready.
    pub(super) fn begin(&self, first_position: u64) -> Result<Preparing, JournalError> {
        Preparing::begin(&self.dir, self.epoch, first_position, self.frames)
    }
}
