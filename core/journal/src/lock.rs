//! One writer per directory.
//!
//! Owns the file `journal.lock`: a kernel lock on the directory is the truth, the file tells people and tools who
//! has it. The kernel's lock goes with the process, however it ends; the file of a process that was killed stays and
//! is recognised as stale by that. Cold, at the start of a run; readers take no notice of either.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk;
use crate::error::{JournalError, io_error};
use crate::small_file;

const NAME: &str = "journal.lock";

/// The right to write in a directory, until it is dropped.
#[derive(Debug)]
pub(crate) struct DirLock {
    dir: Arc<File>,
    dir_path: PathBuf,
    path: PathBuf,
}

/// Who has, or had, a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// The boot of the machine in which it ran; pids of another boot mean nothing.
    pub boot_id: String,
}

impl Holder {
    fn this() -> Holder {
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Holder { pid: std::process::id(), boot_id: boot_id.trim().into() }
    }

    fn read(path: &Path) -> Option<Holder> {
        let text = std::fs::read_to_string(path).ok()?;
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Some(Holder { pid: field("pid")?.parse().ok()?, boot_id: field("boot")?.into() })
    }
}

impl DirLock {
    /// Takes the directory for this writer alone. Returns also who had it last and did not let go, if it was a
    /// process that ended without doing so.
    pub(crate) fn take(dir: &Path) -> Result<(DirLock, Option<Holder>), JournalError> {
        let open = |source| io_error("open the journal's directory", dir, source);
        let dir_file = File::open(dir).map_err(open)?;
        if !dir_file.metadata().map_err(open)?.is_dir() {
            return Err(open(io::Error::from(io::ErrorKind::NotADirectory)));
        }
        let path = dir.join(NAME);
        match dir_file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let by =
                    Holder::read(&path).map_or("another process".into(), |h| format!("process {}", h.pid));
                return Err(JournalError::Locked { dir: dir.to_path_buf(), by });
            }
            Err(TryLockError::Error(source)) => {
                return Err(io_error("lock the journal's directory", dir, source));
            }
        }
        let stale = Holder::read(&path);
        let Holder { pid, boot_id } = Holder::this();
        small_file::replace(&path, format!("pid {pid}\nboot {boot_id}\n").as_bytes())?;
        Ok((DirLock { dir: Arc::new(dir_file), dir_path: dir.to_path_buf(), path }, stale))
    }

    /// Waits until the directory's names are on disk.
    pub(crate) fn sync_all(&self) -> io::Result<()> {
        disk::sync_all(&self.dir, &self.dir_path)
    }

    /// The directory, for whoever syncs it while the lock is held.
    pub(crate) fn dir_file(&self) -> Arc<File> {
        self.dir.clone()
    }
}

impl Drop for DirLock {
    fn drop(&mut self) {
        // The kernel's lock is still held. A file that stays is taken for a stale one, which is right.
        let _ = disk::remove(&self.path);
    }
}
