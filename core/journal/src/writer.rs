//! The writer: appends records, keeps the chain, marks what is durable, closes.
//!
//! Owns the one writable end of a journal. Runs on the cold journal thread and must not be called from
//! a hot one. Appending copies into a mapping; only a roll into an unprepared segment, `mark` and
//! `close` wait for the disk. With [`crate::Upkeep::Thread`] a thread prepares segments and syncs; the Mark that
//! says so is appended by the writer's next call. A full disk fails the call and loses nothing: the same call
//! may be made again, and does what it says as long as the segment in use has room. A failed sync is final
//! for the writer ([`JournalError::Durability`]).

#[cfg(test)]
mod fault_tests;
mod resume;
#[cfg(test)]
mod resume_tests;
mod steps;

pub use resume::{Resumed, never_began};

use std::path::{Path, PathBuf};

use pinion_model::record::{BODY_BYTES, Kind, Record};

use crate::chain::Chain;
use crate::disk;
use crate::error::JournalError;
use crate::files;
use crate::frame::Seed;
use crate::layout::{FORMAT_VERSION, SegmentHeader};
use crate::lock::DirLock;
use crate::options::{Options, check_options};
use crate::segment::{Prepared, Segment, frames_in};
use crate::system::{self, Anchor, End, Mark, Start, TEXT_BYTES_MAX, text_frames};
use crate::upkeep::{Care, Durable, Rhythm, Upkeep, Worker};

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
    // Before the lock: its thread must have ended when the directory is let go.
    care: Care,
    dir: PathBuf,
    lock: DirLock,
    header: SegmentHeader,
    seed: Seed,
    source: u32,
    segment: Segment,
    segments: u64,
    chain: Chain,
    absorbed: u64,
    in_group: bool,
    last_ticks: u64,
    /// What the last Mark says.
    marked: u64,
    /// A sync returned, and no Mark says so yet.
    due_mark: Option<Mark>,
    /// From this position on the next segment must be ready, so that what ends a run still finds room.
    ready_by: u64,
    failed: bool,
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
        writer.start_upkeep(&options)?;
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
        let (segment, litter) = match prepared.activate(&header) {
            Ok(activated) => activated,
            Err(failure) => {
                let (unused, error) = *failure;
                // The first error is the one to act on.
                let _ = unused.discard();
                return Err(error);
            }
        };
        // A second name that stays is harmless: no reader looks at it, and the writer owns the directory.
        let _ = disk::remove(&litter);
        chain.begin_segment(&header);
        let (frames, ready_by) = (header.capacity_frames, steps::ready_by(&segment));
        let worker = Worker::new(dir, lock.dir_file(), header.epoch, frames, segment.current());
        Ok(Writer {
            care: Care::new(worker),
            dir: dir.to_path_buf(),
            lock,
            seed: Seed::new(header.epoch),
            header,
            source: options.source,
            segment,
            segments: segments + 1,
            chain,
            absorbed: 0,
            in_group: false,
            last_ticks: options.anchor.ticks,
            marked: 0,
            due_mark: None,
            ready_by,
            failed: false,
        })
    }

    fn start_upkeep(&mut self, options: &Options) -> Result<(), JournalError> {
        let rhythm = Rhythm { every: options.sync_every, records: options.sync_records };
        match options.upkeep {
            Upkeep::Inline => Ok(()),
            Upkeep::Thread => self.care.start(rhythm, self.segment.end_position()),
        }
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
        self.look()?;
        self.last_ticks = record.ticks;
        self.push(record)
    }

    /// Appends records in order and gives the position of the first; without records, the next position.
    /// Either all are appended or, if it fails, none, as long as they fit this segment and the next; where
    /// bringing the next into use fails with some appended, the writer stops, and recovery drops an open group.
    pub fn append_batch(&mut self, records: &[Record]) -> Result<u64, JournalError> {
        if let Some(record) = records.iter().find(|record| system::is_reserved(record.kind)) {
            return Err(JournalError::Reserved { kind: record.kind });
        }
        self.look()?;
        self.reserve(records.len() as u64)?;
        self.make_room()?;
        let position = self.position();
        for (index, record) in records.iter().enumerate() {
            self.last_ticks = record.ticks;
            let pushed = self.push(record);
            self.whole_call(index == 0, pushed)?;
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
        self.look()?;
        self.reserve(1 + (text.len() / BODY_BYTES) as u64 + 1)?;
        self.make_room()?;
        let position = self.position();
        for (index, frame) in text_frames(kind, self.last_ticks, self.source, text).enumerate() {
            let pushed = self.push(&frame);
            self.whole_call(index == 0, pushed)?;
        }
        Ok(position)
    }

    /// A call that fails with some of its frames stored must not be made again: they would stand twice.
    fn whole_call(&mut self, first: bool, stored: Result<u64, JournalError>) -> Result<u64, JournalError> {
        if stored.is_err() && !first {
            self.failed = true;
        }
        stored
    }

    /// Appends a pairing of ticks and clocks; later segments carry it in their header.
    pub fn anchor(&mut self, anchor: Anchor) -> Result<u64, JournalError> {
        self.refuse_in_group()?;
        self.look()?;
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
        self.due_mark = None;
        self.push_mark(Mark { durable_position: self.durable_position(), wall_ns })
    }

    /// Takes up what upkeep has done: appends a due Mark, and tells of a sync or a preparation that failed. Inline, it
    /// makes the next segment ready instead. To be called where there is time, and at least as often as marks are
    /// wanted; each append does it, too.
    pub fn housekeeping(&mut self) -> Result<(), JournalError> {
        self.refuse_failed()?;
        if !self.care.is_threaded() {
            return self.prepare_next().map(|_| ());
        }
        self.look()
    }

    /// Makes the next segment ready, if it is not, and says whether it did something. Call it off the
    /// append path: it writes and syncs a whole segment, or waits for the thread that does. A failure leaves
    /// appending unharmed until the current segment is full.
    pub fn prepare_next(&mut self) -> Result<bool, JournalError> {
        self.refuse_failed()?;
        let prepared = self.care.prepare(self.segment.end_position());
        self.failed |= matches!(prepared, Err(JournalError::Durability { .. }));
        prepared
    }

    /// Writes the closing figures and an End, syncs, and trims the last file to its length.
    pub fn close(mut self, wall_ns: u64, summary: &[u8]) -> Result<Head, JournalError> {
        self.refuse_in_group()?;
        self.care.stop();
        // What could not be prepared is tried again if it is needed.
        let _ = self.hear()?;
        if !summary.is_empty() {
            self.append_text(Kind::Summary, summary)?;
        }
        self.make_room()?;
        self.absorb();
        let end = End { chain: self.chain.head(), records: self.position() + 1, wall_ns };
        self.push_own(Kind::End, system::body_of(&end))?;
        self.sync()?;
        let head = self.head();
        self.care.discard()?;
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

    /// Number of this run.
    pub fn epoch(&self) -> u64 {
        self.header.epoch
    }

    /// Every record below this position is known to be on disk.
    pub fn durable_position(&self) -> u64 {
        self.care.durable().position()
    }

    /// The same for other threads, and for as long as they want it.
    pub fn durable(&self) -> Durable {
        self.care.durable().clone()
    }

    /// Rolls that had to wait because the upkeep thread did not have the next segment ready.
    pub fn stalls(&self) -> u64 {
        self.care.stalls()
    }

    /// True while the last frame has [`pinion_model::record::FLAG_MORE`]: the group's next frame must be appended first.
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
    use crate::faults::{Call, Faults};

    #[test]
    fn a_failed_sync_is_final_and_nothing_is_accepted_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path(), Options::new(1)).unwrap();
        let record = Record::new(Kind::Quote, 1, 0, [1; BODY_BYTES]);
        writer.append(&record).unwrap();
        let faults = Faults::in_dir(dir.path());
        faults.fail(Call::Sync, 0, libc::EIO);
        let error = writer.mark(1).unwrap_err();
        assert!(matches!(error, JournalError::Durability { position: 2, .. }), "{error}");
        faults.clear();
        assert!(matches!(writer.append(&record), Err(JournalError::Failed { position: 2, .. })));
        assert!(matches!(writer.mark(2), Err(JournalError::Failed { .. })), "a sync is never tried again");
        assert!(matches!(writer.prepare_next(), Err(JournalError::Failed { .. })));
        assert_eq!(writer.durable_position(), 1, "only the Start was ever known to be on disk");
        assert!(matches!(writer.close(3, b""), Err(JournalError::Failed { .. })));
    }
}
