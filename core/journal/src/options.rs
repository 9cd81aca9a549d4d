//! What a journal is begun with, and the directory's lock.
//!
//! Owns [`Options`] and the rule of one writer per directory. Cold, at the start of a run; it creates
//! nothing. A directory that is missing, taken or no directory is refused with the remedy.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use crate::error::{JournalError, io_error};
use crate::layout::{SEGMENT_BYTES_DEFAULT, SEGMENT_BYTES_MIN};
use crate::system::Anchor;

/// What a new journal needs to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// Number of this run, different from every other run's: random, or derived from the boot.
    pub epoch: u64,
    /// Hash of the plan.
    pub plan_hash: [u8; 32],
    /// The engine's build; up to 64 bytes are kept.
    pub build: String,
    /// Ticks and clocks at the start.
    pub anchor: Anchor,
    /// Size of a segment file.
    pub segment_bytes: u64,
    /// Source number of the records that the journal writes itself.
    pub source: u32,
}

impl Options {
    /// Options with an epoch, the default segment size and nothing else set.
    pub fn new(epoch: u64) -> Self {
        Options {
            epoch,
            plan_hash: [0; 32],
            build: String::new(),
            anchor: Anchor::default(),
            segment_bytes: SEGMENT_BYTES_DEFAULT,
            source: 0,
        }
    }
}

pub(crate) fn check_options(options: &Options) -> Result<(), JournalError> {
    let bytes = options.segment_bytes;
    if !(SEGMENT_BYTES_MIN..=1 << 40).contains(&bytes) {
        let reason = format!("{bytes} is not between {SEGMENT_BYTES_MIN} and {}", 1u64 << 40);
        return Err(JournalError::Option { option: "segment_bytes", reason });
    }
    Ok(())
}

/// Takes the directory for this writer alone; the lock goes when the writer does.
pub(crate) fn lock(dir: &Path) -> Result<File, JournalError> {
    let open = |source| io_error("open the journal's directory", dir, source);
    let dir_file = File::open(dir).map_err(open)?;
    if !dir_file.metadata().map_err(open)?.is_dir() {
        return Err(open(io::Error::from(io::ErrorKind::NotADirectory)));
    }
    match dir_file.try_lock() {
        Ok(()) => Ok(dir_file),
        Err(TryLockError::WouldBlock) => Err(JournalError::Locked { dir: dir.to_path_buf() }),
        Err(TryLockError::Error(source)) => Err(io_error("lock the journal's directory", dir, source)),
    }
}
