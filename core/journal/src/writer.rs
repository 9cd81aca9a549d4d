//! The writer: appends records, keeps the chain, marks what is durable, closes.
//!
//! Owns the one writable end of a journal. Runs on the cold journal thread and must not be called from
//! a hot one. Appending copies into a mapping; only a roll into an unprepared segment, `mark` and
//! `close` wait for the disk. A full disk fails the call and loses nothing: the same call may be made
//! again. A failed sync is final for the writer ([`JournalError::Durability`]).

mod resume;
mod steps;

pub use resume::{Resumed, never_began};

use std::path::{Path, PathBuf};

use pinion_model::record::{BODY_BYTES, Kind, Record};

use crate::chain::Chain;
use crate::error::JournalError;
use crate::files;
use crate::frame::Seed;
use crate::layout::{FORMAT_VERSION, SegmentHeader};
use crate::lock::DirLock;
use crate::options::{Options, check_options};
use crate::segment::{Prepared, Retired, Segment, frames_in};
use crate::system::{self, Anchor, End, Mark, Start, TEXT_BYTES_MAX, text_frames};

/// What identifies a journal up to its last record. Kept elsewhere, it proves later that nothing was
/// cut off or written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Records in the journal.
    pub records: u64,
    /// Position of the last record.
    pub position: u64,
    /// Chain value over all of it.
    pub chain: [u8; 32],
    /// Segment files.
    pub segments: u64,
}

/// The writable end of a journal.
#[derive(Debug)]
pub struct Writer {
    dir: PathBuf,
    lock: DirLock,
    header: SegmentHeader,
    seed: Seed,
    source: u32,
    segment: Segment,
    prepared: Option<Prepared>,
    retired: Vec<Retired>,
    dir_dirty: bool,
    segments: u64,
    chain: Chain,
    absorbed: u64,
    in_group: bool,
    last_ticks: u64,
    durable_position: u64,
    failed: bool,
    #[cfg(test)]
    sync_fault: bool,
}

impl Writer {
    /// Starts a journal in an existing directory that holds none.
    pub fn create(dir: impl AsRef<Path>, options: Options) -> Result<Writer, JournalError> {
        let dir = dir.as_ref();
        check_options(&options)?;
        let (lock, _) = DirLock::take(dir)?;
        resume::remove_unbegun(dir)?;
        if let Some(found) = files::occupant(dir)? {
            return Err(JournalError::Occupied { dir: dir.to_path_buf(), found });
        }
        let frames = frames_in(options.segment_bytes);
        let header =
            SegmentHeader::new(options.epoch, options.plan_hash, &options.build, options.anchor, frames)
                .sealed();
        let prepared = Prepared::create(dir, options.epoch, 0, frames)?;
        let mut writer = Writer::begin(dir, lock, &options, header, prepared, Chain::new(), 0)?;
        writer.write_start(&options)?;
        // A journal exists once its first header and Start are on disk: recovery relies on it.
        writer.sync()?;
        Ok(writer)
    }

    /// A writer in a new segment, behind `segments` others whose frames are in the chain.
    fn begin(
        dir: &Path,
        lock: DirLock,
        options: &Options,
        header: SegmentHeader,
        prepared: Prepared,
        mut chain: Chain,
        segments: u64,
    ) -> Result<Writer, JournalError> {
        let segment = match prepared.activate(&header) {
            Ok(segment) => segment,
            Err(failure) => {
                let (unused, error) = *failure;
                // The first error is the one to act on.
                let _ = unused.discard();
                return Err(error);
            }
        };
        chain.begin_segment(&header);
        Ok(Writer {
            dir: dir.to_path_buf(),
            lock,
            seed: Seed::new(header.epoch),
            header,
            source: options.source,
            segment,
            prepared: None,
            retired: Vec::new(),
            dir_dirty: true,
            segments: segments + 1,
            chain,
            absorbed: 0,
            in_group: false,
            last_ticks: options.anchor.ticks,
            durable_position: 0,
            failed: false,
            #[cfg(test)]
            sync_fault: false,
        })
    }

    fn write_start(&mut self, options: &Options) -> Result<u64, JournalError> {
        let mut build = [0; 40];
        let kept = options.build.floor_char_boundary(build.len());
        build[..kept].copy_from_slice(&options.build.as_bytes()[..kept]);
        self.push_own(
            Kind::Start,
            system::body_of(&Start {
                epoch: options.epoch,
                wall_ns: options.anchor.wall_ns,
                format_version: FORMAT_VERSION,
                frame_bytes: size_of::<Record>() as u32,
                plan_hash: options.plan_hash,
                build,
            }),
        )
    }

    /// Appends a record and gives its position. Only `ticks`, `kind`, `version`, `flags`, `source` and
    /// `body` of the argument count. Fails only for a reserved kind, or when the next segment cannot be
    /// made (then the call may be repeated), or after a failed sync.
    #[inline]
    pub fn append(&mut self, record: &Record) -> Result<u64, JournalError> {
        if system::is_reserved(record.kind) {
            return Err(JournalError::Reserved { kind: record.kind });
        }
        self.last_ticks = record.ticks;
        self.push(record)
    }

    /// Appends records in order and gives the position of the first; without records, the next position.
    /// Either all are appended or, if it fails, none, as long as they fit this segment and the next.
    pub fn append_batch(&mut self, records: &[Record]) -> Result<u64, JournalError> {
        if let Some(record) = records.iter().find(|record| system::is_reserved(record.kind)) {
            return Err(JournalError::Reserved { kind: record.kind });
        }
        self.reserve(records.len() as u64)?;
        self.make_room()?;
        let position = self.position();
        for record in records {
            self.append(record)?;
        }
        Ok(position)
    }

    /// Appends a text as one chained group of `kind` and gives the position of its first frame. Its
    /// ticks are those of the record before it. It fails whole, as [`Writer::append_batch`] does.
    pub fn append_text(&mut self, kind: Kind, text: &[u8]) -> Result<u64, JournalError> {
        if system::is_reserved(kind as u16) {
            return Err(JournalError::Reserved { kind: kind as u16 });
        }
        if text.len() > TEXT_BYTES_MAX {
            return Err(JournalError::TextTooLong { bytes: text.len(), limit: TEXT_BYTES_MAX });
        }
        self.refuse_in_group()?;
        self.reserve(1 + (text.len() / BODY_BYTES) as u64 + 1)?;
        self.make_room()?;
        let position = self.position();
        for frame in text_frames(kind, self.last_ticks, self.source, text) {
            self.push(&frame)?;
        }
        Ok(position)
    }

    /// Appends a pairing of ticks and clocks; later segments carry it in their header.
    pub fn anchor(&mut self, anchor: Anchor) -> Result<u64, JournalError> {
        self.refuse_in_group()?;
        self.last_ticks = anchor.ticks;
        let position = self.push_own(Kind::Anchor, system::body_of(&anchor))?;
        self.header.anchor = anchor;
        Ok(position)
    }

    /// Waits until everything appended is on disk, then appends a Mark that says so and gives its
    /// position. `wall_ns` is the caller's UTC.
    pub fn mark(&mut self, wall_ns: u64) -> Result<u64, JournalError> {
        self.refuse_in_group()?;
        self.sync()?;
        let durable_position = self.durable_position;
        self.push_own(Kind::Mark, system::body_of(&Mark { durable_position, wall_ns }))
    }

    /// Makes the next segment ready, if it is not, and says whether it did something. Call it off the
    /// append path: it writes and syncs a whole segment. A failure leaves appending unharmed until the
    /// current segment is full.
    pub fn prepare_next(&mut self) -> Result<bool, JournalError> {
        self.refuse_failed()?;
        if self.prepared.is_some() {
            return Ok(false);
        }
        let first = self.segment.end_position();
        let prepared = Prepared::create(&self.dir, self.header.epoch, first, self.header.capacity_frames)?;
        self.prepared = Some(prepared);
        self.dir_dirty = true;
        Ok(true)
    }

    /// Writes the closing figures and an End, syncs, and trims the last file to its length.
    pub fn close(mut self, wall_ns: u64, summary: &[u8]) -> Result<Head, JournalError> {
        self.refuse_in_group()?;
        if !summary.is_empty() {
            self.append_text(Kind::Summary, summary)?;
        }
        self.make_room()?;
        self.absorb();
        let end = End { chain: self.chain.head(), records: self.position() + 1, wall_ns };
        self.push_own(Kind::End, system::body_of(&end))?;
        self.sync()?;
        let head = self.head();
        if let Some(prepared) = self.prepared.take() {
            prepared.discard()?;
        }
        let position = self.position();
        let Writer { dir, lock, segment, .. } = self;
        segment
            .close()
            .and_then(|()| lock.sync_all().map_err(|source| (dir, source)))
            .map_err(|(path, source)| JournalError::Durability { path, position, source })?;
        Ok(head)
    }

    /// Position that the next frame gets. A Checkpoint may take it before the next record does.
    pub fn position(&self) -> u64 {
        self.segment.next_position()
    }

    /// Every record below this position is known to be on disk.
    pub fn durable_position(&self) -> u64 {
        self.durable_position
    }

    /// True while the last frame has [`FLAG_MORE`]: the group's next frame must be appended first.
    pub fn in_group(&self) -> bool {
        self.in_group
    }

    /// The journal's identity so far. Hashes what was appended since the last checkpoint.
    pub fn head(&mut self) -> Head {
        self.absorb();
        let records = self.position();
        Head {
            records,
            position: records.saturating_sub(1),
            chain: self.chain.head(),
            segments: self.segments,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_sync_is_final_and_nothing_is_accepted_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path(), Options::new(1)).unwrap();
        let record = Record::new(Kind::Quote, 1, 0, [1; BODY_BYTES]);
        writer.append(&record).unwrap();
        writer.sync_fault = true;
        let error = writer.mark(1).unwrap_err();
        assert!(matches!(error, JournalError::Durability { position: 2, .. }), "{error}");
        writer.sync_fault = false;
        assert!(matches!(writer.append(&record), Err(JournalError::Failed { position: 2, .. })));
        assert!(matches!(writer.mark(2), Err(JournalError::Failed { .. })), "a sync is never tried again");
        assert!(matches!(writer.prepare_next(), Err(JournalError::Failed { .. })));
        assert_eq!(writer.durable_position(), 1, "only the Start was ever known to be on disk");
        assert!(matches!(writer.close(3, b""), Err(JournalError::Failed { .. })));
    }
}
