//! Scanning a journal after a crash: how far it is sound, and whether a run may go on from there.
//!
//! Owns the observations that [`crate::recover::classify`] judges. Cold, before a run starts; it reads
//! every file twice and changes none. Damage is not an error here but a verdict: only a directory that
//! cannot be read, or holds no journal, fails.

use std::fmt;
use std::path::{Path, PathBuf};

use pinion_model::record::{Kind, Record};
use zerocopy::FromZeros;

use crate::error::JournalError;
use crate::files::{SegmentFile, SlotReader, checked_header, list};
use crate::frame::{COMMITTED, Seed};
use crate::layout::{HEADER_BYTES, frame_offset};
use crate::pruned::Pruned;
use crate::recover::{Commit, Crc, Durability, Later, Observation, Place, Verdict, classify};
use crate::system::{Mark, is_reserved};

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
    let mut survey = Survey::take(&segments)?;
    survey.sound_frames += pruned.as_ref().map_or(0, |pruned| pruned.to - pruned.from);
    let mut walk = Walk::new(&survey, pruned.as_ref());
    for (at, segment) in segments.iter().enumerate() {
        let next = segments.get(at + 1).map(|next| next.first_position);
        if let Some(stop) = walk.segment(segment, next)? {
            return Ok(walk.finish(stop));
        }
    }
    // Every slot of every file is used and there is no End: the next file was never begun.
    let last = &segments[segments.len() - 1];
    let seen = walk.observation(Commit::Empty, Crc::Bad, Place::Unexpected);
    let byte_offset = frame_offset(walk.expected - last.first_position);
    let stop = Stop { verdict: classify(seen), closed: false, file: last.path.clone(), byte_offset };
    Ok(walk.finish(stop))
}

/// What the whole journal says, before any slot is judged.
struct Survey {
    durable_position: u64,
    sound_frames: u64,
    last_sound: Option<u64>,
}

impl Survey {
    fn take(segments: &[SegmentFile]) -> Result<Survey, JournalError> {
        let mut survey = Survey { durable_position: 0, sound_frames: 0, last_sound: None };
        for segment in segments {
            let seed = Seed::new(segment.epoch);
            let mut reader = SlotReader::open(&segment.path)?;
            let mut index = 0;
            loop {
                let chunk = reader.chunk(index)?;
                if chunk.slots.is_empty() {
                    break;
                }
                for (slot, position) in chunk.slots.iter().zip(segment.first_position + chunk.index..) {
                    if seed.accepts(slot, position) {
                        survey.note(slot, position);
                    }
                }
                index += chunk.slots.len() as u64;
            }
        }
        Ok(survey)
    }

    fn note(&mut self, frame: &Record, position: u64) {
        self.sound_frames += 1;
        self.last_sound = self.last_sound.max(Some(position));
        if let Some(mark) = Mark::read(frame) {
            self.durable_position = self.durable_position.max(mark.durable_position);
        }
    }
}

/// Where and why the walk ended.
struct Stop {
    verdict: Verdict,
    closed: bool,
    file: PathBuf,
    byte_offset: u64,
}

struct Walk<'a> {
    survey: &'a Survey,
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
    fn new(survey: &'a Survey, pruned: Option<&'a Pruned>) -> Walk<'a> {
        let (group, taken_up) = (None, false);
        Walk { survey, pruned, expected: 0, group, taken_up, caller_records: 0, whole_records: 0 }
    }

    /// Judges a segment's slots in order; `None` if all of them count and the next segment is due, which begins
    /// at `next` if it is there.
    fn segment(&mut self, segment: &SegmentFile, next: Option<u64>) -> Result<Option<Stop>, JournalError> {
        let stop = |verdict, closed, byte_offset| {
            Ok(Some(Stop { verdict, closed, file: segment.path.clone(), byte_offset }))
        };
        let gap = self.expected..segment.first_position;
        let pruned = self.pruned.filter(|pruned| self.group.is_none() && (pruned.from..pruned.to) == gap);
        if let Some(pruned) = pruned {
            self.expected = segment.first_position;
            self.caller_records += pruned.caller_records;
            self.whole_records = self.caller_records;
        }
        if segment.first_position > self.expected {
            return stop(classify(self.observation(Commit::Empty, Crc::Bad, Place::Unexpected)), false, 0);
        }
        if segment.first_position < self.expected {
            return stop(classify(self.observation(Commit::Whole, Crc::Good, Place::Unexpected)), false, 0);
        }
        let mut reader = SlotReader::open(&segment.path)?;
        let capacity = match checked_header(&reader, segment) {
            Ok(header) => header.capacity_frames,
            Err(JournalError::Bad(bad)) => {
                let seen = self.observation(Commit::BadLength, Crc::Bad, Place::Expected);
                return stop(classify(seen), false, bad.byte_offset.min(HEADER_BYTES as u64));
            }
            Err(error) => return Err(error),
        };
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
                if slot.commit == 0 && self.is_taken_up(segment, next) {
                    return Ok(None);
                }
                let mut verdict = classify(self.observe(slot, seed));
                if verdict == Verdict::Accept && !self.may_stand(slot, segment) {
                    verdict = Verdict::Misdirected;
                }
                if verdict != Verdict::Accept {
                    let byte_offset = frame_offset(self.expected - segment.first_position);
                    return stop(verdict, false, byte_offset);
                }
                self.accept(slot);
                if slot.kind == Kind::End as u16 {
                    if self.is_taken_up(segment, next) {
                        return Ok(None);
                    }
                    let more = self.survey.last_sound.is_some_and(|last| last >= self.expected);
                    let verdict = if more { Verdict::Misdirected } else { Verdict::Accept };
                    let byte_offset = frame_offset(self.expected - segment.first_position);
                    return stop(verdict, true, byte_offset);
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

    fn observe(&self, slot: &Record, seed: Seed) -> Observation {
        let commit = match slot.commit {
            0 => Commit::Empty,
            COMMITTED => Commit::Whole,
            _ => Commit::BadLength,
        };
        let crc = if slot.crc32c == seed.crc(slot) { Crc::Good } else { Crc::Bad };
        let place = if slot.position == self.expected { Place::Expected } else { Place::Unexpected };
        self.observation(commit, crc, place)
    }

    fn observation(&self, commit: Commit, crc: Crc, place: Place) -> Observation {
        // A writer exists only once its first header and Start (position 0) are on disk.
        let marked = self.expected < self.survey.durable_position.max(1);
        Observation {
            commit,
            crc,
            place,
            durability: if marked { Durability::Marked } else { Durability::Unmarked },
            later: if self.survey.last_sound > Some(self.expected) { Later::Yes } else { Later::No },
        }
    }

    /// Takes an incomplete group off the end and counts what is lost.
    fn finish(self, stop: Stop) -> Recovery {
        let durable_position = self.survey.durable_position;
        let verdict = match (self.group, stop.verdict) {
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
            closed: stop.closed,
            caller_records: self.whole_records,
            pruned_segments: self.pruned.map_or(0, |pruned| pruned.segments),
            damaged: matches!(stop.verdict, Verdict::Torn | Verdict::Hole),
            file: stop.file,
            byte_offset: stop.byte_offset,
        }
    }
}
