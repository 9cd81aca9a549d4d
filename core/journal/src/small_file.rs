//! Small files beside the segments: written whole or not at all.
//!
//! Owns the atomic replacement: a temporary name, sync, rename, sync of the directory. Cold, any thread.
//! Who reads such a file sees the old content or the new one, also after a crash.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::archive::suffixed;
use crate::disk;
use crate::error::{JournalError, io_error};

/// Puts `bytes` in the file, in place of what it held.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    let temporary = suffixed(path, ".tmp");
    let written = (|| {
        let file = disk::create(&temporary)?;
        disk::write_all_at(&file, &temporary, bytes, 0)?;
        disk::sync_all(&file, &temporary)?;
        disk::rename(&temporary, path)?;
        let dir = path.parent().unwrap_or(Path::new("."));
        disk::sync_all(&File::open(dir)?, dir)
    })();
    written.map_err(|source| io_error("write a file", path, source))
}

/// The file's bytes; `None` if it is not there.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, JournalError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(io_error("read a file", path, source)),
    }
}
