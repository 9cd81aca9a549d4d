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
use crate::system::Mark;

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
            write!(f, ". Keep the files as they are and run `pinion journal verify`")?;
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
    let mut walk = Walk { survey: &survey, pruned: pruned.as_ref(), expected: 0, group: None };
    for segment in &segments {
        if let Some(stop) = walk.segment(segment)? {
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
}

impl Walk<'_> {
    /// Judges a segment's slots in order; `None` if all of them count and the next segment is due.
    fn segment(&mut self, segment: &SegmentFile) -> Result<Option<Stop>, JournalError> {
        let stop = |verdict, closed, byte_offset| {
            Ok(Some(Stop { verdict, closed, file: segment.path.clone(), byte_offset }))
        };
        let gap = self.expected..segment.first_position;
        if self.group.is_none() && self.pruned.is_some_and(|pruned| (pruned.from..pruned.to) == gap) {
            self.expected = segment.first_position;
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
                let verdict = classify(self.observe(slot, seed));
                if verdict != Verdict::Accept {
                    let byte_offset = frame_offset(self.expected - segment.first_position);
                    return stop(verdict, false, byte_offset);
                }
                self.accept(slot);
                if slot.kind == Kind::End as u16 {
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

    fn accept(&mut self, slot: &Record) {
        self.group = match (slot.continues(), self.group) {
            (true, Some(start)) => Some(start),
            (true, None) => Some(self.expected),
            (false, _) => None,
        };
        self.expected += 1;
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
            file: stop.file,
            byte_offset: stop.byte_offset,
        }
    }
}
