//! The writer's system calls on files, each in one place, so that tests can have them fail by script.
//!
//! Owns no file. Cold threads. Without `cfg(test)` and without the feature `faults` each function is the call
//! itself; with one of them a script for the directory may have it fail first (`faults`).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::map::{self, Flusher};

/// What is asked of the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Making a file that is not there.
    Create,
    /// Reserving a file's blocks.
    Allocate,
    /// Writing bytes.
    Write,
    /// Waiting until bytes are on disk.
    Sync,
    /// Giving a file a second name.
    Link,
    /// Giving a file another name.
    Rename,
    /// Taking a name away.
    Remove,
    /// Changing a file's length.
    SetLength,
    /// Copying a file.
    Copy,
}

#[cfg(not(any(test, feature = "faults")))]
#[inline(always)]
fn step(_: Call, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(any(test, feature = "faults"))]
use crate::faults::step;

/// How many of this many bytes one write takes.
#[cfg(not(any(test, feature = "faults")))]
#[inline(always)]
fn taken(_: &Path, bytes: usize) -> usize {
    bytes
}

#[cfg(any(test, feature = "faults"))]
use crate::faults::taken;

pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    step(Call::Create, path)?;
    OpenOptions::new().read(true).write(true).create_new(true).open(path)
}

/// Makes a file, or empties the one that is there.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    step(Call::Create, path)?;
    File::create(path)
}

pub(crate) fn allocate(file: &File, path: &Path, bytes: u64) -> io::Result<()> {
    step(Call::Allocate, path)?;
    map::allocate(file, bytes)
}

/// Writes all of it; the system may take it in pieces.
pub(crate) fn write_all_at(file: &File, path: &Path, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        step(Call::Write, path)?;
        match file.write_at(&bytes[..taken(path, bytes.len())], at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                bytes = &bytes[count..];
                at += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

pub(crate) fn sync_all(file: &File, path: &Path) -> io::Result<()> {
    step(Call::Sync, path)?;
    file.sync_all()
}

pub(crate) fn sync_data(file: &File, path: &Path) -> io::Result<()> {
    step(Call::Sync, path)?;
    file.sync_data()
}

pub(crate) fn flush(map: &Flusher, path: &Path, offset: usize, bytes: usize) -> io::Result<()> {
    step(Call::Sync, path)?;
    map.flush(offset, bytes)
}

pub(crate) fn hard_link(from: &Path, to: &Path) -> io::Result<()> {
    step(Call::Link, to)?;
    fs::hard_link(from, to)
}

pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    step(Call::Rename, to)?;
    fs::rename(from, to)
}

pub(crate) fn remove(path: &Path) -> io::Result<()> {
    step(Call::Remove, path)?;
    fs::remove_file(path)
}

pub(crate) fn set_length(file: &File, path: &Path, bytes: u64) -> io::Result<()> {
    step(Call::SetLength, path)?;
    file.set_len(bytes)
}

pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    step(Call::Copy, to)?;
    fs::copy(from, to).map(|_| ())
}
