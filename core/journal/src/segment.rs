//! A segment file on the writer's side: prepared ahead, brought into use, filled, retired.
//!
//! Owns the creation of segment files. Cold threads only: preparing writes and syncs the whole file, and
//! may run on another thread than the one that appends. It never overwrites a file: names are created
//! new, and a prepared file enters the journal by a hard link, which fails if the name is taken. A
//! failure before that link leaves the journal as it was.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use pinion_model::record::{RECORD_BYTES, Record};

use crate::error::{JournalError, io_error};
use crate::files::PREPARED_SUFFIX;
use crate::layout::{HEADER_BYTES, SegmentHeader, frame_offset, segment_name};
use crate::map::WriteMap;

/// A zeroed and synced file that is not part of the journal yet.
#[derive(Debug)]
pub(crate) struct Prepared {
    path: PathBuf,
    final_path: PathBuf,
    file: File,
    map: WriteMap,
    frames: u64,
    first_position: u64,
}

impl Prepared {
    /// Creates the file for the segment that begins at `first_position`.
    pub(crate) fn create(
        dir: &Path,
        epoch: u64,
        first_position: u64,
        frames: u64,
    ) -> Result<Self, JournalError> {
        let final_path = dir.join(segment_name(epoch, first_position));
        let mut path = final_path.clone().into_os_string();
        path.push(PREPARED_SUFFIX);
        let path = PathBuf::from(path);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|source| io_error("create a segment", &path, source))?;
        match fill(&file, frame_offset(frames)) {
            Ok(map) => Ok(Prepared { path, final_path, file, map, frames, first_position }),
            Err(source) => {
                // The half-made file is of no use and would block the next try; the first error counts.
                let _ = std::fs::remove_file(&path);
                Err(io_error("prepare a segment", &path, source))
            }
        }
    }

    /// Makes the file part of the journal. On failure the prepared file comes back unused.
    pub(crate) fn activate(mut self, header: &SegmentHeader) -> Result<Segment, Box<(Self, JournalError)>> {
        self.map.put_header(header);
        if let Err(source) = std::fs::hard_link(&self.path, &self.final_path) {
            let error = io_error("bring a segment into use", &self.final_path, source);
            return Err(Box::new((self, error)));
        }
        // A leftover second name is harmless: no reader looks at it, and the writer owns the directory.
        let _ = std::fs::remove_file(&self.path);
        Ok(Segment {
            path: self.final_path,
            file: self.file,
            map: self.map,
            first_position: self.first_position,
            frames: self.frames,
            used: 0,
            flushed_bytes: 0,
        })
    }

    /// Removes the file again.
    pub(crate) fn discard(self) -> Result<(), JournalError> {
        drop(self.map);
        std::fs::remove_file(&self.path)
            .map_err(|source| io_error("remove a prepared segment", &self.path, source))
    }
}

/// Reserves, zeroes, syncs and maps a new file.
fn fill(file: &File, bytes: u64) -> io::Result<WriteMap> {
    static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
    crate::map::allocate(file, bytes)?;
    let mut left = bytes;
    while left > 0 {
        let count = left.min(ZEROS.len() as u64);
        (&mut &*file).write_all(&ZEROS[..count as usize])?;
        left -= count;
    }
    file.sync_all()?;
    WriteMap::new(file, bytes)
}

/// The segment that is being filled.
#[derive(Debug)]
pub(crate) struct Segment {
    path: PathBuf,
    file: File,
    map: WriteMap,
    first_position: u64,
    frames: u64,
    used: u64,
    flushed_bytes: u64,
}

impl Segment {
    /// Position that the next frame gets.
    #[inline]
    pub(crate) fn next_position(&self) -> u64 {
        self.first_position + self.used
    }

    /// Position behind the segment's last slot.
    pub(crate) fn end_position(&self) -> u64 {
        self.first_position + self.frames
    }

    /// True when every slot is used.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.used == self.frames
    }

    /// Frames published here.
    #[inline]
    pub(crate) fn used(&self) -> u64 {
        self.used
    }

    /// Publishes a sealed frame in the next slot. The segment must not be full.
    #[inline]
    pub(crate) fn publish(&mut self, frame: &Record) {
        self.map.publish(frame_offset(self.used) as usize, frame);
        self.used += 1;
    }

    /// The frames from an index up to the last one published.
    pub(crate) fn frames_from(&self, index: u64) -> &[Record] {
        self.map.frames(frame_offset(index) as usize, (self.used - index) as usize)
    }

    /// Waits until everything published here is on disk.
    pub(crate) fn flush(&mut self) -> Result<(), (PathBuf, io::Error)> {
        let end = frame_offset(self.used);
        let bytes = (end - self.flushed_bytes) as usize;
        self.map.flush(self.flushed_bytes as usize, bytes).map_err(|source| (self.path.clone(), source))?;
        self.flushed_bytes = end;
        Ok(())
    }

    /// Gives up the mapping; the file stays to be synced by the next mark.
    pub(crate) fn retire(self) -> Retired {
        Retired { path: self.path, file: self.file }
    }

    /// Trims the file to what is used and syncs it.
    pub(crate) fn close(self) -> Result<(), (PathBuf, io::Error)> {
        let Segment { path, file, map, used, .. } = self;
        drop(map);
        file.set_len(frame_offset(used)).and_then(|()| file.sync_all()).map_err(|source| (path, source))
    }
}

/// A full segment that may not be on disk yet.
#[derive(Debug)]
pub(crate) struct Retired {
    path: PathBuf,
    file: File,
}

impl Retired {
    /// Waits until the file is on disk.
    pub(crate) fn sync(&self) -> Result<(), (PathBuf, io::Error)> {
        self.file.sync_data().map_err(|source| (self.path.clone(), source))
    }
}

/// Frames that fit a segment of this many bytes.
pub(crate) fn frames_in(segment_bytes: u64) -> u64 {
    segment_bytes.saturating_sub(HEADER_BYTES as u64) / RECORD_BYTES as u64
}
