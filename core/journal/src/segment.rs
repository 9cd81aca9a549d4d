//! A segment file on the writer's side: prepared ahead, brought into use, filled, retired.
//!
//! Owns the creation of segment files. Cold threads only: preparing writes and syncs the whole file, step by
//! step, on the upkeep thread where there is one. It never overwrites a file: names are created new, and a
//! prepared file enters the journal by a hard link, which fails if the name is taken. A failure before that
//! link leaves the journal as it was.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use pinion_model::record::{RECORD_BYTES, Record};

use crate::disk;
use crate::error::{JournalError, io_error};
use crate::files::PREPARED_SUFFIX;
use crate::layout::{HEADER_BYTES, SegmentHeader, frame_offset, segment_name};
use crate::map::{Flusher, WriteMap};

/// Bytes that one step of a preparation writes and syncs: what a sync that falls due may have to wait for.
const STEP_BYTES: u64 = 4 << 20;

/// A segment that is being made ready.
#[derive(Debug)]
pub(crate) struct Preparing {
    path: PathBuf,
    final_path: PathBuf,
    file: File,
    frames: u64,
    first_position: u64,
    written: u64,
}

/// How far a preparation is.
pub(crate) enum Progress {
    Unfinished(Preparing),
    Finished(Prepared),
}

impl Preparing {
    /// Creates the file for the segment that begins at `first_position`, and reserves its blocks.
    pub(crate) fn begin(
        dir: &Path,
        epoch: u64,
        first_position: u64,
        frames: u64,
    ) -> Result<Preparing, JournalError> {
        let final_path = dir.join(segment_name(epoch, first_position));
        let mut path = final_path.clone().into_os_string();
        path.push(PREPARED_SUFFIX);
        let path = PathBuf::from(path);
        let file = disk::create_new(&path).map_err(|source| io_error("create a segment", &path, source))?;
        let preparing = Preparing { path, final_path, file, frames, first_position, written: 0 };
        match disk::allocate(&preparing.file, &preparing.path, frame_offset(frames)) {
            Ok(()) => Ok(preparing),
            Err(source) => Err(preparing.fail(source)),
        }
    }

    /// Writes and syncs some zeros; behind the last it maps the file.
    pub(crate) fn step(mut self) -> Result<Progress, JournalError> {
        match self.write_some() {
            Ok(None) => Ok(Progress::Unfinished(self)),
            Ok(Some(map)) => {
                let Preparing { path, final_path, file, frames, first_position, .. } = self;
                Ok(Progress::Finished(Prepared { path, final_path, file, map, frames, first_position }))
            }
            Err(source) => Err(self.fail(source)),
        }
    }

    fn write_some(&mut self) -> io::Result<Option<WriteMap>> {
        static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
        let bytes = frame_offset(self.frames);
        let until = bytes.min(self.written + STEP_BYTES);
        while self.written < until {
            let count = (until - self.written).min(ZEROS.len() as u64);
            disk::write_all_at(&self.file, &self.path, &ZEROS[..count as usize], self.written)?;
            self.written += count;
        }
        disk::sync_all(&self.file, &self.path)?;
        if self.written < bytes { Ok(None) } else { WriteMap::new(&self.file, bytes).map(Some) }
    }

    /// The half-made file is of no use and would block the next try; the first error counts.
    fn fail(self, source: io::Error) -> JournalError {
        let _ = disk::remove(&self.path);
        io_error("prepare a segment", &self.path, source)
    }

    /// Removes the file again.
    pub(crate) fn discard(self) -> Result<(), JournalError> {
        disk::remove(&self.path).map_err(|source| io_error("remove a prepared segment", &self.path, source))
    }
}

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
    /// All steps of a preparation at once.
    pub(crate) fn create(
        dir: &Path,
        epoch: u64,
        first_position: u64,
        frames: u64,
    ) -> Result<Self, JournalError> {
        let mut preparing = Preparing::begin(dir, epoch, first_position, frames)?;
        loop {
            match preparing.step()? {
                Progress::Unfinished(more) => preparing = more,
                Progress::Finished(prepared) => return Ok(prepared),
            }
        }
    }

    /// Makes the file part of the journal; its first name is left over, for whoever has the time to remove it. On
    /// failure the prepared file comes back unused.
    pub(crate) fn activate(
        mut self,
        header: &SegmentHeader,
    ) -> Result<(Segment, PathBuf), Box<(Self, JournalError)>> {
        self.map.put_header(header);
        if let Err(source) = disk::hard_link(&self.path, &self.final_path) {
            let error = io_error("bring a segment into use", &self.final_path, source);
            return Err(Box::new((self, error)));
        }
        let segment = Segment {
            path: self.final_path,
            file: self.file,
            map: self.map,
            first_position: self.first_position,
            frames: self.frames,
            used: 0,
        };
        Ok((segment, self.path))
    }

    /// Removes the file again.
    pub(crate) fn discard(self) -> Result<(), JournalError> {
        drop(self.map);
        disk::remove(&self.path).map_err(|source| io_error("remove a prepared segment", &self.path, source))
    }
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

    /// What has the frames published here on disk.
    pub(crate) fn current(&self) -> Current {
        Current {
            path: self.path.clone(),
            flusher: self.map.flusher(),
            first_position: self.first_position,
            frames: self.frames,
        }
    }

    /// The file, to be synced by the next mark. Unmapping takes its time: that is for whoever syncs it.
    pub(crate) fn retire(self) -> Retired {
        Retired { path: self.path, file: self.file, _map: self.map }
    }

    /// Trims the file to what is used and syncs it.
    pub(crate) fn close(self) -> Result<(), (PathBuf, io::Error)> {
        let Segment { path, file, map, used, .. } = self;
        drop(map);
        disk::set_length(&file, &path, frame_offset(used))
            .and_then(|()| disk::sync_all(&file, &path))
            .map_err(|source| (path, source))
    }
}

/// The segment in use, for whoever syncs it.
#[derive(Clone, Debug)]
pub(crate) struct Current {
    path: PathBuf,
    flusher: Flusher,
    first_position: u64,
    frames: u64,
}

impl Current {
    /// Position of the first frame.
    pub(crate) fn first_position(&self) -> u64 {
        self.first_position
    }

    /// Waits until what stands below `until` is on disk; `from` and what is below are already.
    pub(crate) fn flush(&self, from: u64, until: u64) -> Result<(), (PathBuf, io::Error)> {
        let index = |position: u64| position.saturating_sub(self.first_position).min(self.frames);
        let start = if from > self.first_position { frame_offset(index(from)) } else { 0 };
        let bytes = frame_offset(index(until)) - start;
        disk::flush(&self.flusher, &self.path, start as usize, bytes as usize)
            .map_err(|source| (self.path.clone(), source))
    }
}

/// A full segment that may not be on disk yet.
#[derive(Debug)]
pub(crate) struct Retired {
    path: PathBuf,
    file: File,
    _map: WriteMap,
}

impl Retired {
    /// Waits until the file is on disk.
    pub(crate) fn sync(&self) -> Result<(), (PathBuf, io::Error)> {
        disk::sync_data(&self.file, &self.path).map_err(|source| (self.path.clone(), source))
    }
}

/// Frames that fit a segment of this many bytes.
pub(crate) fn frames_in(segment_bytes: u64) -> u64 {
    segment_bytes.saturating_sub(HEADER_BYTES as u64) / RECORD_BYTES as u64
}
