//! Reading a journal: in order, from a position, one record, or following a writer.
//!
//! Owns read-only views; any number, any thread, any process, and never a writer's obstacle. A cursor
//! maps one segment at a time and hands out references into it. It checks each frame's commit word,
//! checksum and position, not the chain and not what lies behind an empty slot: that is what
//! [`crate::verify`] and [`crate::scan`] are for; [`Cursor::until`] keeps to what a scan found. Bad data is [`JournalError::Bad`], again at each call.

use std::path::{Path, PathBuf};

use pinion_model::record::{Kind, RECORD_BYTES, Record};

use crate::archive::ends_closed;
use crate::error::{BadKind, JournalError, io_error};
use crate::files::{SegmentFile, SlotReader, checked_header, exists, list, open, read_slot};
use crate::frame::Seed;
use crate::layout::{SegmentHeader, frame_offset, segment_name};
use crate::map::ReadMap;
use crate::pruned::Pruned;

/// A journal opened for reading.
#[derive(Debug)]
pub struct Reader {
    dir: PathBuf,
    header: SegmentHeader,
    segments: Vec<SegmentFile>,
    leaps: bool,
}

impl Reader {
    /// Opens the journal in a directory, which a writer may be appending to.
    pub fn open(dir: impl AsRef<Path>) -> Result<Reader, JournalError> {
        let dir = dir.as_ref();
        let segments = list(dir)?.sound(dir)?;
        let header = checked_header(&SlotReader::open(&segments[0].path)?, &segments[0])?;
        Ok(Reader { dir: dir.to_path_buf(), header, segments, leaps: false })
    }

    /// The same reader, whose cursors are [`Cursor::across_pruned`]; one at a position that was pruned begins
    /// behind what was.
    pub fn across_pruned(self) -> Reader {
        Reader { leaps: true, ..self }
    }

    /// Header of the first segment: epoch, plan, build, first anchor.
    pub fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// A cursor whose first record is the one at `position`, which may be the next to be written.
    pub fn cursor(&self, position: u64) -> Result<Cursor, JournalError> {
        let fresh = list(&self.dir)?.sound(&self.dir)?;
        let position = match self.pruned()? {
            Some(gone) if gone.holds(position) && self.leaps => gone.to,
            Some(gone) if gone.holds(position) => return Err(gone_error(&self.dir, position, &gone)),
            _ => position,
        };
        let listed = self.holding(position, &fresh)?;
        let mut ended = false;
        if position > listed.first_position {
            // Behind an End the file is, or is about to be, cut: a mapping must not be touched there.
            ended = match self.get(position - 1) {
                Ok(Some(before)) => before.kind == Kind::End as u16,
                Ok(None) => return Err(self.no_such(position)),
                // What is bad before it does not keep anyone from reading on behind it.
                Err(JournalError::Bad(_)) => false,
                Err(error) => return Err(error),
            };
        }
        let segment = Mapped::open(listed)?;
        let seed = Seed::new(listed.epoch);
        let dir = self.dir.clone();
        Ok(Cursor { dir, seed, segment, position, limit: u64::MAX, ended, leaps: self.leaps })
    }

    /// The record at a position; `None` if it is not written yet.
    pub fn get(&self, position: u64) -> Result<Option<Record>, JournalError> {
        let fresh;
        self.refuse_pruned(position)?;
        let mut listed = self.holding(position, &self.segments)?;
        if self.segments.last() == Some(listed) {
            fresh = list(&self.dir)?.sound(&self.dir)?;
            listed = self.holding(position, &fresh)?;
        }
        let error = |source| io_error("read a record", &listed.path, source);
        let file = open(&listed.path)?;
        let index = position - listed.first_position;
        let Some(record) = read_slot(&file, index).map_err(error)? else {
            return Ok(None);
        };
        if record.commit == 0 {
            return Ok(None);
        }
        let seed = Seed::new(listed.epoch);
        if !seed.accepts(&record, position) {
            let (kind, reason) = seed.fault(&record, position);
            return Err(listed.bad(position, frame_offset(index), kind, reason).into());
        }
        Ok(Some(record))
    }

    /// The last file ends with an End. Whether the journal is sound up to there is for [`crate::scan`] to say.
    pub fn is_closed(&self) -> Result<bool, JournalError> {
        list(&self.dir)?.sound(&self.dir)?.last().map_or(Ok(false), ends_closed)
    }

    /// What was pruned of this journal, if anything was.
    pub fn pruned(&self) -> Result<Option<Pruned>, JournalError> {
        Pruned::read(&self.dir, self.header.epoch)
    }

    fn refuse_pruned(&self, position: u64) -> Result<(), JournalError> {
        match self.pruned()? {
            Some(gone) if gone.holds(position) => Err(gone_error(&self.dir, position, &gone)),
            _ => Ok(()),
        }
    }

    /// The segment that holds, or will hold, a position.
    fn holding<'a>(&self, position: u64, among: &'a [SegmentFile]) -> Result<&'a SegmentFile, JournalError> {
        let after = among.partition_point(|segment| segment.first_position <= position);
        after.checked_sub(1).map(|index| &among[index]).ok_or_else(|| self.no_such(position))
    }

    fn no_such(&self, position: u64) -> JournalError {
        JournalError::NoSuchPosition { dir: self.dir.clone(), position, first: self.header.first_position }
    }
}

/// One mapped segment.
#[derive(Debug)]
struct Mapped {
    file: SegmentFile,
    capacity: u64,
    map: ReadMap,
}

impl Mapped {
    fn open(file: &SegmentFile) -> Result<Mapped, JournalError> {
        let reader = SlotReader::open(&file.path)?;
        let header = checked_header(&reader, file)?;
        let error = |source| io_error("map a segment", &file.path, source);
        let bytes = reader.bytes().min(header.file_bytes());
        let map = ReadMap::new(&reader.into_file(), bytes).map_err(error)?;
        Ok(Mapped { file: file.clone(), capacity: header.capacity_frames, map })
    }

    /// Something is written at a position, or the file is cut there.
    #[inline]
    fn has(&self, position: u64) -> bool {
        let offset = frame_offset(position - self.file.first_position) as usize;
        offset + RECORD_BYTES > self.map.len() || self.map.frame(offset).is_some()
    }

    /// Position behind the last slot.
    fn end(&self) -> u64 {
        self.file.first_position + self.capacity
    }
}

/// A place in a journal that moves forward, also behind a running writer.
///
/// Persist [`Cursor::position`] after handling a record, and start there again: no record is lost or seen
/// twice. A consumer for which a chained group is one thing uses [`Cursor::next_group`].
#[derive(Debug)]
pub struct Cursor {
    dir: PathBuf,
    seed: Seed,
    segment: Mapped,
    position: u64,
    limit: u64,
    ended: bool,
    leaps: bool,
}

impl Cursor {
    /// The same cursor, for which nothing stands at or above `limit`: what [`crate::scan`] found to
    /// count, say, of a journal that a crash left torn.
    pub fn until(self, limit: u64) -> Cursor {
        Cursor { limit, ..self }
    }

    /// The same cursor, which goes on behind records that were pruned. Without this it fails there with
    /// [`JournalError::Pruned`]: what takes every record into account must not miss some unknowingly.
    pub fn across_pruned(self) -> Cursor {
        Cursor { leaps: true, ..self }
    }

    /// The next record; `None` when there is none yet, or none any more ([`Cursor::at_end`]).
    #[inline]
    pub fn next_record(&mut self) -> Result<Option<&Record>, JournalError> {
        let left = self.ended || self.position == self.segment.end();
        if self.position >= self.limit || (left && !self.enter_next()?) {
            return Ok(None);
        }
        // What was pruned may reach over the limit.
        if self.position >= self.limit {
            return Ok(None);
        }
        if !self.segment.has(self.position) && !self.is_taken_up()? {
            return Ok(None);
        }
        let Cursor { segment, seed, position, ended, .. } = self;
        let Some(record) = slot(segment, *seed, *position)? else {
            return Ok(None);
        };
        *position += 1;
        *ended = record.kind == Kind::End as u16;
        Ok(Some(record))
    }

    /// Behind an empty slot: moves to the segment in which a run went on from here, if there is one. False if
    /// nothing has been written there yet.
    #[cold]
    fn is_taken_up(&mut self) -> Result<bool, JournalError> {
        let SegmentFile { epoch, first_position, .. } = self.segment.file;
        let next = self.dir.join(segment_name(epoch, self.position));
        Ok(self.position > first_position && exists(&next)? && self.enter_next()?)
    }

    /// The next record with everything chained to it, in `group`; false, and the cursor unmoved, when
    /// the group is not complete yet.
    pub fn next_group(&mut self, group: &mut Vec<Record>) -> Result<bool, JournalError> {
        group.clear();
        let start = self.position;
        while let Some(record) = self.next_record()? {
            group.push(*record);
            if !record.continues() {
                return Ok(true);
            }
        }
        if !group.is_empty() {
            group.clear();
            self.rewind(start)?;
        }
        Ok(false)
    }

    /// Position of the record that comes next.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// True once the journal's End was handed out: nothing will follow, unless the run is taken up again.
    pub fn at_end(&self) -> bool {
        self.ended
    }

    fn rewind(&mut self, position: u64) -> Result<(), JournalError> {
        if position < self.segment.file.first_position {
            let leaps = self.leaps;
            *self = Cursor { leaps, ..Reader::open(&self.dir)?.cursor(position)?.until(self.limit) };
        }
        self.position = position;
        Ok(())
    }

    /// Moves to the segment that begins at the current position; false if there is none yet.
    #[cold]
    fn enter_next(&mut self) -> Result<bool, JournalError> {
        let SegmentFile { epoch, .. } = self.segment.file;
        let at = |first_position| {
            let path = self.dir.join(segment_name(epoch, first_position));
            SegmentFile { first_position, epoch, path }
        };
        let (next, first_position) = (at(self.position), self.position);
        if !exists(&next.path)? {
            let pruned = Pruned::read(&self.dir, epoch)?.filter(|pruned| pruned.from == first_position);
            if let Some(gone) = pruned {
                if !self.leaps {
                    return Err(gone_error(&self.dir, first_position, &gone));
                }
                self.segment = Mapped::open(&at(gone.to))?;
                self.position = gone.to;
                return Ok(true);
            }
            // Segments appear in order: a later one without this one means that this one was taken away,
            // unless it appeared between the two looks.
            let later =
                list(&self.dir)?.segments.into_iter().find(|segment| segment.first_position > first_position);
            let Some(later) = later else {
                return Ok(false);
            };
            if !exists(&next.path)? {
                let reason = format!("this segment is missing; {} follows", later.path.display());
                return Err(next.bad(first_position, 0, BadKind::Segment, reason).into());
            }
        }
        self.segment = Mapped::open(&next)?;
        self.ended = false;
        Ok(true)
    }
}

fn gone_error(dir: &Path, position: u64, gone: &Pruned) -> JournalError {
    JournalError::Pruned { dir: dir.to_path_buf(), position, from: gone.from, to: gone.to }
}

/// The checked frame at a position of a mapped segment.
#[inline]
fn slot(segment: &Mapped, seed: Seed, position: u64) -> Result<Option<&Record>, JournalError> {
    let offset = frame_offset(position - segment.file.first_position);
    if offset as usize + RECORD_BYTES > segment.map.len() {
        let reason = format!("the file is cut at byte {} and the journal was not closed", segment.map.len());
        return Err(segment.file.bad(position, offset, BadKind::Length, reason).into());
    }
    let Some(record) = segment.map.frame(offset as usize) else {
        return Ok(None);
    };
    if !seed.accepts(record, position) {
        let (kind, reason) = seed.fault(record, position);
        return Err(segment.file.bad(position, offset, kind, reason).into());
    }
    Ok(Some(record))
}
