//! Scanning a journal after a crash: how far it is sound, and whether a run may go on from there.
//!
//! Owns the observations that [`crate::recover::classify`] judges. Cold, before a run starts; it reads
//! every file once and changes none. Damage is not an error here but a verdict: only a directory that
//! cannot be read, or holds no journal, fails.
//!
//! A sound frame in its place is accepted whatever else is seen, so the walk needs to know nothing ahead. What it
//! halts at is judged by what the whole journal says: it is judged when the rest has been surveyed, too.

use std::fmt;
use std::path::{Path, PathBuf};

use pinion_model::record::{Kind, Record};
use zerocopy::FromZeros;

use crate::error::{JournalError, io_error};
use crate::files::{SegmentFile, SlotReader, checked_header, list, read_slot};
use crate::frame::{COMMITTED, Seed};
use crate::layout::{HEADER_BYTES, frame_offset};
use crate::pruned::Pruned;
use crate::recover::{Commit, Crc, Durability, Later, Observation, Place, Verdict, classify};
use crate::system::{Mark, Resume, is_reserved};

/// What a scan found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// What the journal's end means; [`Verdict::Accept`] only after an End.
    pub verdict: Verdict,
    /// Records below this position count.
    pub valid_until: u64,
    /// Sound frames at or above it, which do not.
    pub lost: u64,
    /// Highest position that a sound Mark vouches for.
    pub durable_position: u64,
    /// First position of a chained group that is not complete, and therefore does not count.
    pub torn_group: Option<u64>,
    /// True if the journal has its End.
    pub closed: bool,
    /// Of the records that count, those that callers appended: text frames among them, and what was pruned.
    pub caller_records: u64,
    /// Segments that were pruned.
    pub pruned_segments: u64,
    /// Some bytes where it ends were not written by anyone, or were lost.
    pub damaged: bool,
    /// Where the scan stopped.
    pub file: PathBuf,
    /// And at which byte.
    pub byte_offset: u64,
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Recovery { verdict, valid_until, lost, durable_position, .. } = self;
        write!(
            f,
            "{}: position {valid_until}, byte {}: {}: {valid_until} records count, {lost} sound frames behind \
             them do not, {durable_position} were marked durable",
            self.file.display(),
            self.byte_offset,
            verdict.label()
        )?;
        if verdict.refuses() {
            let dir = self.file.parent().unwrap_or(Path::new(".")).display();
            write!(
                f,
                ". Keep the files as they are. To see it: pinion journal verify {dir}; to keep what counts in a new \
                 journal: pinion journal salvage {dir} --until {valid_until} --out NEW"
            )?;
        }
        Ok(())
    }
}

/// Judges the journal in a directory that no writer is using.
pub fn scan(dir: impl AsRef<Path>) -> Result<Recovery, JournalError> {
    let dir = dir.as_ref();
    let segments = list(dir)?.sound(dir)?;
    let pruned = Pruned::read(dir, segments[0].epoch)?;
    let mut walk = Walk::new(pruned.as_ref());
    walk.survey.durable_position = trimmed_end(&segments)?;
    for (at, segment) in segments.iter().enumerate() {
        let next = segments.get(at + 1).map(|next| next.first_position);
        if let Some(halt) = walk.segment(segment, next)? {
            for behind in &segments[at + 1..] {
                walk.survey.rest(&mut SlotReader::open(&behind.path)?, behind, 0)?;
            }
            return Ok(walk.finish(halt));
        }
    }
    // Every slot of every file is used and there is no End: the next file was never begun.
    let last = &segments[segments.len() - 1];
    let byte_offset = frame_offset(walk.expected - last.first_position);
    let halt = Halt { seen: Sight::MISSING, file: last.path.clone(), byte_offset };
    Ok(walk.finish(halt))
}

/// Position behind the End with which the last file was trimmed; 0 without. A file is trimmed only when everything
/// before was on disk, so that such an End vouches for as much as a Mark does.
fn trimmed_end(segments: &[SegmentFile]) -> Result<u64, JournalError> {
    let Some(last) = segments.last() else { return Ok(0) };
    let reader = SlotReader::open(&last.path)?;
    let slots = reader.bytes().saturating_sub(HEADER_BYTES as u64) / size_of::<Record>() as u64;
    let Some(index) = slots.checked_sub(1) else { return Ok(0) };
    let error = |source| io_error("read a segment", &last.path, source);
    let position = last.first_position + index;
    let record = read_slot(&reader.into_file(), index).map_err(error)?;
    let is_end = |r: &Record| r.kind == Kind::End as u16 && Seed::new(last.epoch).accepts(r, position);
    Ok(record.filter(is_end).map_or(0, |_| position + 1))
}

/// What the whole journal says.
#[derive(Default)]
struct Survey {
    durable_position: u64,
    sound_frames: u64,
    last_sound: Option<u64>,
}

impl Survey {
    fn note(&mut self, frame: &Record, position: u64) {
        self.sound_frames += 1;
        self.last_sound = self.last_sound.max(Some(position));
        if let Some(mark) = Mark::read(frame) {
            self.durable_position = self.durable_position.max(mark.durable_position);
        }
        if let Some(resume) = Resume::read(frame) {
            // What a run goes on from is put on disk before that is written.
            self.durable_position = self.durable_position.max(resume.valid_until);
        }
    }

    /// Takes in what a segment has from a slot on, which nobody walks.
    fn rest(
        &mut self,
        reader: &mut SlotReader,
        segment: &SegmentFile,
        mut index: u64,
    ) -> Result<(), JournalError> {
        let seed = Seed::new(segment.epoch);
        loop {
            let chunk = reader.chunk(index)?;
            if chunk.slots.is_empty() {
                return Ok(());
            }
            for (slot, position) in chunk.slots.iter().zip(segment.first_position + chunk.index..) {
                if seed.accepts(slot, position) {
                    self.note(slot, position);
                }
            }
            index += chunk.slots.len() as u64;
        }
    }
}

/// What the walk halted at.
#[derive(Clone, Copy)]
enum Sight {
    /// A slot that the table judges.
    Slot(Commit, Crc, Place),
    /// A sound frame in its place that may not stand there.
    Forbidden,
    /// The End, which has been accepted.
    End,
}

impl Sight {
    /// A slot that is not there.
    const MISSING: Sight = Sight::Slot(Commit::Empty, Crc::Bad, Place::Unexpected);
    /// A segment that begins below the position that is due.
    const ELSEWHERE: Sight = Sight::Slot(Commit::Whole, Crc::Good, Place::Unexpected);
    /// A segment's header that is not sound.
    const HEADER: Sight = Sight::Slot(Commit::BadLength, Crc::Bad, Place::Expected);
}

/// What the walk halted at, and where.
struct Halt {
    seen: Sight,
    file: PathBuf,
    byte_offset: u64,
}

struct Walk<'a> {
    survey: Survey,
    pruned: Option<&'a Pruned>,
    expected: u64,
    group: Option<u64>,
    /// The segment before was left before it was full: the next frame must be a Resume.
    taken_up: bool,
    caller_records: u64,
    /// The same without the open group.
    whole_records: u64,
}

impl<'a> Walk<'a> {
    fn new(pruned: Option<&'a Pruned>) -> Walk<'a> {
        let sound_frames = pruned.map_or(0, |pruned| pruned.to - pruned.from);
        let survey = Survey { sound_frames, ..Survey::default() };
        let (group, taken_up) = (None, false);
        Walk { survey, pruned, expected: 0, group, taken_up, caller_records: 0, whole_records: 0 }
    }

    /// Takes in a segment: its slots in order as long as they count, and the others for the survey. `None` if the
    /// next segment is due, which begins at `next` if it is there.
    fn segment(&mut self, segment: &SegmentFile, next: Option<u64>) -> Result<Option<Halt>, JournalError> {
        let halt = |seen, byte_offset| Some(Halt { seen, file: segment.path.clone(), byte_offset });
        let mut reader = SlotReader::open(&segment.path)?;
        let gap = self.expected..segment.first_position;
        let pruned = self.pruned.filter(|pruned| self.group.is_none() && (pruned.from..pruned.to) == gap);
        if let Some(pruned) = pruned {
            self.expected = segment.first_position;
            self.caller_records += pruned.caller_records;
            self.whole_records = self.caller_records;
        }
        if segment.first_position != self.expected {
            let seen = if segment.first_position > self.expected { Sight::MISSING } else { Sight::ELSEWHERE };
            self.survey.rest(&mut reader, segment, 0)?;
            return Ok(halt(seen, 0));
        }
        let capacity = match checked_header(&reader, segment) {
            Ok(header) => header.capacity_frames,
            Err(JournalError::Bad(bad)) => {
                self.survey.rest(&mut reader, segment, 0)?;
                return Ok(halt(Sight::HEADER, bad.byte_offset.min(HEADER_BYTES as u64)));
            }
            Err(error) => return Err(error),
        };
        let seen = self.slots(&mut reader, segment, capacity, next)?;
        let index = self.expected - segment.first_position;
        self.survey.rest(&mut reader, segment, index)?;
        Ok(seen.and_then(|seen| halt(seen, frame_offset(index))))
    }

    /// Accepts a segment's slots in order; what it halts at, or `None` where the next segment is due.
    fn slots(
        &mut self,
        reader: &mut SlotReader,
        segment: &SegmentFile,
        capacity: u64,
        next: Option<u64>,
    ) -> Result<Option<Sight>, JournalError> {
        let seed = Seed::new(segment.epoch);
        let missing = [Record::new_zeroed()];
        let mut index = 0;
        while index < capacity {
            let mut chunk = reader.chunk(index)?;
            if chunk.slots.is_empty() {
                // The file is cut: what is not wholly there was not committed.
                chunk.slots = &missing;
            }
            let count = chunk.slots.len().min((capacity - index) as usize);
            for slot in &chunk.slots[..count] {
                if !seed.accepts(slot, self.expected) {
                    let is_left = slot.commit == 0 && self.is_taken_up(segment, next);
                    return Ok((!is_left).then(|| self.sight(slot, seed)));
                }
                if !self.may_stand(slot, segment) {
                    return Ok(Some(Sight::Forbidden));
                }
                self.accept(slot);
                if slot.kind == Kind::End as u16 {
                    return Ok((!self.is_taken_up(segment, next)).then_some(Sight::End));
                }
            }
            index += count as u64;
        }
        Ok(None)
    }

    /// A Resume begins a segment, and must begin one behind a segment that was left.
    fn may_stand(&self, slot: &Record, segment: &SegmentFile) -> bool {
        let resumes = slot.kind == Kind::Resume as u16;
        if resumes { slot.position == segment.first_position } else { !self.taken_up }
    }

    /// The segment is left here: a run went on in the next one.
    fn is_taken_up(&mut self, segment: &SegmentFile, next: Option<u64>) -> bool {
        self.taken_up =
            next == Some(self.expected) && segment.first_position < self.expected && self.group.is_none();
        self.taken_up
    }

    fn accept(&mut self, slot: &Record) {
        self.survey.note(slot, self.expected);
        self.taken_up = false;
        self.caller_records += u64::from(!is_reserved(slot.kind));
        self.group = match (slot.continues(), self.group) {
            (true, Some(start)) => Some(start),
            (true, None) => Some(self.expected),
            (false, _) => None,
        };
        self.expected += 1;
        if self.group.is_none() {
            self.whole_records = self.caller_records;
        }
    }

    fn sight(&self, slot: &Record, seed: Seed) -> Sight {
        let commit = match slot.commit {
            0 => Commit::Empty,
            COMMITTED => Commit::Whole,
            _ => Commit::BadLength,
        };
        let crc = if slot.crc32c == seed.crc(slot) { Crc::Good } else { Crc::Bad };
        let place = if slot.position == self.expected { Place::Expected } else { Place::Unexpected };
        Sight::Slot(commit, crc, place)
    }

    /// What the walk halted at means, once the whole journal has been surveyed.
    fn judge(&self, seen: Sight) -> Verdict {
        let Survey { durable_position, last_sound, .. } = self.survey;
        match seen {
            Sight::Slot(commit, crc, place) => {
                // A writer exists only once its first header and Start (position 0) are on disk.
                let marked = self.expected < durable_position.max(1);
                classify(Observation {
                    commit,
                    crc,
                    place,
                    durability: if marked { Durability::Marked } else { Durability::Unmarked },
                    later: if last_sound > Some(self.expected) { Later::Yes } else { Later::No },
                })
            }
            Sight::Forbidden => Verdict::Misdirected,
            Sight::End if last_sound >= Some(self.expected) => Verdict::Misdirected,
            Sight::End => Verdict::Accept,
        }
    }

    /// Takes an incomplete group off the end and counts what is lost.
    fn finish(self, halt: Halt) -> Recovery {
        let durable_position = self.survey.durable_position;
        let seen = self.judge(halt.seen);
        let verdict = match (self.group, seen) {
            // The writer marks no open group, so a marked one lost its end afterwards.
            (Some(start), Verdict::CleanTail) if start < durable_position => Verdict::Corrupt,
            (Some(_), Verdict::CleanTail) => Verdict::Torn,
            (_, verdict) => verdict,
        };
        let valid_until = self.group.unwrap_or(self.expected);
        Recovery {
            verdict,
            valid_until,
            lost: self.survey.sound_frames.saturating_sub(valid_until),
            durable_position,
            torn_group: self.group,
            closed: matches!(halt.seen, Sight::End),
            caller_records: self.whole_records,
            pruned_segments: self.pruned.map_or(0, |pruned| pruned.segments),
            damaged: matches!(seen, Verdict::Torn | Verdict::Hole),
            file: halt.file,
            byte_offset: halt.byte_offset,
        }
    }
}
