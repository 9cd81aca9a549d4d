//! One at a time: what changes the files of a journal at rest.
//!
//! Owns the file `upkeep.lock`, which archiving and pruning hold while they work; it stays behind, empty.
//! Neither writers nor readers take it, so nothing here can hold them up.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{JournalError, io_error};

/// The lock, held until it is dropped, and the directory.
pub(crate) struct UpkeepLock {
    dir: PathBuf,
    dir_file: File,
    _file: File,
}

impl UpkeepLock {
    /// Takes the lock of a directory, or says that another process has it.
    pub(crate) fn take(dir: &Path) -> Result<UpkeepLock, JournalError> {
        let dir_file =
            File::open(dir).map_err(|source| io_error("open the journal's directory", dir, source))?;
        let path = dir.join("upkeep.lock");
        let error = |source| io_error("lock the journal's upkeep", &path, source);
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(error)?;
        match file.try_lock() {
            Ok(()) => Ok(UpkeepLock { dir: dir.to_path_buf(), dir_file, _file: file }),
            Err(TryLockError::WouldBlock) => {
                let reason = "another process archives or prunes this journal; wait until it is done".into();
                Err(JournalError::Refused { path, reason })
            }
            Err(TryLockError::Error(source)) => Err(error(source)),
        }
    }

    /// Waits until the directory's names are on disk.
    pub(crate) fn sync_directory(&self) -> Result<(), JournalError> {
        self.dir_file.sync_all().map_err(|source| io_error("sync the journal's directory", &self.dir, source))
    }
}
