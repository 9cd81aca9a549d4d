//! Verification: every byte of every file is accounted for, or the first that is not is named.
//!
//! Owns the proof that a journal at rest is as it was written. Cold, any process; it reads and changes
//! nothing. On a journal that is being written it may name the frame in the making, so stop the writer
//! or verify a copy. Damage is a finding in the report; only what cannot be read at all is an error.

use std::collections::{BTreeMap, btree_map};
use std::path::Path;

use pinion_model::record::{FLAG_MORE, Kind, Record};
use zerocopy::IntoBytes;

use crate::chain::{Chain, checkpoint_due};
use crate::error::{Bad, BadKind, JournalError};
use crate::files::{SegmentFile, SlotReader, checked_header, list, without_leftovers};
use crate::frame::{Seed, is_blank};
use crate::layout::{SegmentHeader, frame_offset};
use crate::pruned::Pruned;
use crate::system::{Checkpoint, End, Mark, Resume, is_reserved};
use crate::writer::Head;

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyReport {
    /// Sound records from the start of the journal.
    pub records: u64,
    /// Segments that were looked into.
    pub segments: u64,
    /// True if the journal has its End. Otherwise it ends at `records`, and a cut of its last records
    /// cannot be seen without a [`Head`] kept elsewhere.
    pub closed: bool,
    /// Chain value over the sound records.
    pub chain_head: [u8; 32],
    /// Records that the last Mark vouches for.
    pub durable_position: u64,
    /// What was pruned; the chain is proven on both sides of it, and `records` and `segments` count it.
    pub pruned: Option<Pruned>,
    /// The first thing that is not as it was written.
    pub first_bad: Option<Bad>,
}

impl VerifyReport {
    /// True if nothing is wrong. An unclosed journal can be sound.
    pub fn is_sound(&self) -> bool {
        self.first_bad.is_none()
    }

    /// True if the journal is sound and exactly the one that this head was taken of.
    pub fn agrees_with(&self, head: &Head) -> bool {
        self.is_sound()
            && (self.records, self.segments, self.chain_head) == (head.records, head.segments, head.chain)
    }
}

/// Proves the journal in a directory, or names the first byte that speaks against it.
pub fn verify(dir: impl AsRef<Path>) -> Result<VerifyReport, JournalError> {
    verify_against(dir.as_ref(), &BTreeMap::new(), |_, _| ())
}

/// The chain value over these first segments, every frame of them proven; the first bad one is an error.
pub(crate) fn chain_of(dir: &Path, segments: Vec<SegmentFile>) -> Result<[u8; 32], JournalError> {
    let probes = BTreeMap::new();
    let mut walk = Walk::new(&probes);
    walk.journal(dir, segments, &mut |_, _| ())?;
    Ok(walk.chain.head())
}

/// As [`verify`], and the chain value before each of these positions must be the one given. `boundary` is told
/// the chain value before each segment, and before what was pruned.
pub(crate) fn verify_against(
    dir: &Path,
    probes: &BTreeMap<u64, [u8; 32]>,
    mut boundary: impl FnMut(u64, [u8; 32]),
) -> Result<VerifyReport, JournalError> {
    let listing = list(dir)?;
    if listing.segments.is_empty() && listing.stray.is_none() {
        return Err(JournalError::NoJournal { dir: dir.to_path_buf() });
    }
    let mut walk = Walk::new(probes);
    let outcome = match listing.stray {
        Some(stray) => Err(stray.into()),
        None => walk.journal(dir, listing.segments, &mut boundary),
    };
    let first_bad = match outcome {
        Ok(()) => None,
        Err(JournalError::Bad(bad)) => Some(*bad),
        Err(error) => return Err(error),
    };
    Ok(VerifyReport {
        records: walk.position,
        segments: walk.segments,
        closed: walk.ended,
        chain_head: walk.chain.head(),
        durable_position: walk.durable_position,
        pruned: walk.pruned,
        first_bad,
    })
}

struct Walk<'p> {
    /// Chain values that somebody vouches for, by the position that they stand before.
    probes: std::iter::Peekable<btree_map::Iter<'p, u64, [u8; 32]>>,
    pruned: Option<Pruned>,
    chain: Chain,
    /// Slots of the chunk at hand that the chain has taken in.
    absorbed: usize,
    position: u64,
    segments: u64,
    epoch: Option<u64>,
    in_group: bool,
    empty_at: Option<u64>,
    ended: bool,
    /// The segment before was left before it was full: the next frame must be a Resume.
    taken_up: bool,
    durable_position: u64,
}

/// Where a slot is.
#[derive(Clone, Copy)]
struct At<'a> {
    segment: &'a SegmentFile,
    index: u64,
}

impl At<'_> {
    fn position(self) -> u64 {
        self.segment.first_position + self.index
    }

    fn bad(self, kind: BadKind, reason: impl Into<String>) -> Bad {
        self.segment.bad(self.position(), frame_offset(self.index), kind, reason)
    }
}

impl<'p> Walk<'p> {
    fn new(probes: &'p BTreeMap<u64, [u8; 32]>) -> Self {
        Walk {
            probes: probes.iter().peekable(),
            pruned: None,
            chain: Chain::new(),
            absorbed: 0,
            position: 0,
            segments: 0,
            epoch: None,
            in_group: false,
            empty_at: None,
            ended: false,
            taken_up: false,
            durable_position: 0,
        }
    }

    fn journal(
        &mut self,
        dir: &Path,
        segments: Vec<SegmentFile>,
        boundary: &mut impl FnMut(u64, [u8; 32]),
    ) -> Result<(), JournalError> {
        self.pruned = Pruned::read(dir, segments[0].epoch)?;
        let segments = without_leftovers(segments, self.pruned.as_ref());
        for segment in &segments {
            self.probe(segment)?;
            boundary(self.position, self.chain.head());
            if self.leap(segment)? {
                self.probe(segment)?;
                boundary(self.position, self.chain.head());
            }
            self.segment(segment)?;
        }
        let Some(last) = segments.last() else { return Ok(()) };
        self.probe(last)?;
        if let Some((position, _)) = self.probes.next() {
            let reason = format!("the seal covers {position} records; what is here ends before");
            let offset = frame_offset(self.position.saturating_sub(last.first_position));
            return Err(last.bad(self.position, offset, BadKind::Seal, reason).into());
        }
        Ok(())
    }

    /// Goes over what was pruned before this segment; false if nothing was.
    fn leap(&mut self, segment: &SegmentFile) -> Result<bool, Bad> {
        let Some(gone) = self.pruned.as_ref().filter(|gone| gone.from == self.position) else {
            return Ok(false);
        };
        let bad = |reason: &str| Err(segment.bad(gone.from, 0, BadKind::Pruned, reason));
        if segment.first_position != gone.to || self.in_group {
            return bad("the record of what was pruned does not end where this segment begins");
        }
        if self.chain.head() != gone.chain_from {
            return bad("the chain before what was pruned is not the one that its record gives");
        }
        let (to, segments, chain) = (gone.to, gone.segments, gone.chain_to);
        self.chain.leap(chain);
        self.position = to;
        self.segments += segments;
        while self.probes.next_if(|(position, _)| **position < to).is_some() {}
        Ok(true)
    }

    /// Holds the chain against what somebody vouches for, if it is for this position.
    fn probe(&mut self, segment: &SegmentFile) -> Result<(), Bad> {
        let position = self.position;
        let Some((_, said)) = self.probes.next_if(|(at, _)| **at == position) else { return Ok(()) };
        if *said == self.chain.head() {
            return Ok(());
        }
        let reason =
            "the chain before this position is not the one that was sealed: the journal was written anew";
        let offset = frame_offset(position.saturating_sub(segment.first_position));
        Err(segment.bad(position, offset, BadKind::Seal, reason))
    }

    fn segment(&mut self, segment: &SegmentFile) -> Result<(), JournalError> {
        self.continuity(segment)?;
        let mut reader = SlotReader::open(&segment.path)?;
        let header = checked_header(&reader, segment)?;
        if header.chain != self.chain.fold() {
            let reason = "the header's chain value is not the one of the segments before it";
            return Err(segment.bad(self.position, 64, BadKind::Chain, reason).into());
        }
        self.chain.begin_segment(&header);
        self.segments += 1;
        self.epoch = Some(segment.epoch);
        let seed = Seed::new(segment.epoch);
        let mut index = 0;
        while index < header.capacity_frames {
            let chunk = reader.chunk(index)?;
            if chunk.slots.is_empty() {
                break;
            }
            let left = usize::try_from(header.capacity_frames - index).unwrap_or(usize::MAX);
            let slots = &chunk.slots[..chunk.slots.len().min(left)];
            let before = self.position;
            self.absorbed = 0;
            let outcome = self.chunk(At { segment, index }, seed, slots);
            // Also after a finding: the report's chain value covers every sound record.
            self.chain.absorb(&slots[self.absorbed..(self.position - before) as usize]);
            outcome?;
            index += slots.len() as u64;
        }
        Ok(self.length(segment, &header, reader.bytes())?)
    }

    /// The segment must be the one that follows what was read.
    fn continuity(&mut self, segment: &SegmentFile) -> Result<(), Bad> {
        let position = self.position;
        let bad = |kind, reason: String| Err(segment.bad(position, 0, kind, reason));
        if self.epoch.is_some_and(|epoch| epoch != segment.epoch) {
            return bad(BadKind::Segment, "this segment is of another epoch".into());
        }
        let left = self.ended || self.empty_at == Some(position);
        if left && segment.first_position == position {
            (self.ended, self.empty_at, self.taken_up) = (false, None, true);
            return Ok(());
        }
        if self.ended {
            return bad(
                BadKind::Segment,
                format!("this segment follows the End at position {}", position - 1),
            );
        }
        if let Some(empty) = self.empty_at {
            return bad(BadKind::Hole, format!("this segment follows an empty slot at position {empty}"));
        }
        if segment.first_position != position {
            let found = segment.first_position;
            return bad(
                BadKind::Segment,
                format!(
                    "the segment that begins at {position} is missing or doubled; this one begins at {found}"
                ),
            );
        }
        Ok(())
    }

    /// Judges a chunk's slots in order.
    fn chunk(&mut self, at: At<'_>, seed: Seed, slots: &[Record]) -> Result<(), Bad> {
        for (index, slot) in slots.iter().enumerate() {
            let at = At { index: at.index + index as u64, ..at };
            if self.ended {
                // A close that was cut short has not trimmed the file yet.
                if is_blank(slot) {
                    continue;
                }
                return Err(
                    at.bad(BadKind::Tail, "the journal has ended, but this slot behind its End is not zero")
                );
            }
            if self.empty_at.is_some() || slot.commit == 0 {
                self.empty(at, seed, slot)?;
                continue;
            }
            if self.probes.peek().is_some_and(|(position, _)| **position == self.position) {
                self.chain.absorb(&slots[self.absorbed..index]);
                self.absorbed = index;
                self.probe(at.segment)?;
            }
            if !seed.accepts(slot, self.position) {
                let (kind, reason) = seed.fault(slot, self.position);
                return Err(at.bad(kind, reason));
            }
            self.grouping(at, slot)?;
            self.chained(at, slots, index)?;
            self.system(at, slot)?;
            self.taken_up = false;
            self.in_group = slot.continues();
            self.ended = slot.kind == Kind::End as u16;
            self.position += 1;
        }
        Ok(())
    }

    /// From the first empty slot on, every byte must be zero.
    fn empty(&mut self, at: At<'_>, seed: Seed, slot: &Record) -> Result<(), Bad> {
        let empty = *self.empty_at.get_or_insert(at.position());
        if is_blank(slot) {
            return Ok(());
        }
        if seed.accepts(slot, at.position()) {
            let reason = format!("empty, but position {} holds a sound frame", at.position());
            return Err(At { index: empty - at.segment.first_position, ..at }.bad(BadKind::Hole, reason));
        }
        if at.position() == empty {
            let reason = "the commit word is 0 but other bytes are set: an append was interrupted, or the \
                          frame was damaged";
            return Err(at.bad(BadKind::Tail, reason));
        }
        let byte = slot.as_bytes().iter().position(|byte| *byte != 0).unwrap_or(0) as u64;
        let reason = format!("the journal ends at position {empty}, but this byte behind it is not zero");
        Err(at.segment.bad(at.position(), frame_offset(at.index) + byte, BadKind::Tail, reason))
    }

    /// Groups are whole: the journal's own records stand neither inside one nor begin one.
    fn grouping(&self, at: At<'_>, slot: &Record) -> Result<(), Bad> {
        if is_reserved(slot.kind) && (self.in_group || slot.flags & FLAG_MORE != 0) {
            return Err(at.bad(BadKind::Group, "a record of the journal itself inside a chained group"));
        }
        Ok(())
    }

    /// Checkpoints stand where they must, and they and the End carry the chain's value.
    fn chained(&mut self, at: At<'_>, slots: &[Record], index: usize) -> Result<(), Bad> {
        let slot = &slots[index];
        let frames = self.chain.pending() + (index - self.absorbed) as u64;
        let due = checkpoint_due(frames, self.in_group);
        if due != (slot.kind == Kind::Checkpoint as u16) {
            let reason =
                if due { "a Checkpoint is missing before this record" } else { "no Checkpoint is due here" };
            return Err(at.bad(BadKind::Chain, reason));
        }
        let end = End::read(slot);
        if !due && end.is_none() {
            return Ok(());
        }
        self.chain.absorb(&slots[self.absorbed..index]);
        self.absorbed = index;
        let chain = self.chain.head();
        if let Some(end) = end {
            if end.chain != chain {
                return Err(
                    at.bad(BadKind::Chain, "the End's chain value is not the one of the records before it")
                );
            }
            return Ok(());
        }
        let expected = Checkpoint { chain, first_position: self.position - frames, frames };
        if Checkpoint::read(slot) != Some(expected) {
            let reason = "the Checkpoint's chain value is not the one of the records before it";
            return Err(at.bad(BadKind::Chain, reason));
        }
        self.chain.fold();
        Ok(())
    }

    /// The journal's own records agree with the journal.
    fn system(&mut self, at: At<'_>, slot: &Record) -> Result<(), Bad> {
        let bad = |reason: String| Err(at.bad(BadKind::System, reason));
        if (slot.kind == Kind::Start as u16) != (self.position == 0) {
            return bad("a Start stands at position 0 and nowhere else".into());
        }
        if slot.kind == 0 {
            return bad("kind 0 is no kind".into());
        }
        let resumes = slot.kind == Kind::Resume as u16;
        if resumes && at.index > 0 {
            return bad("a Resume stands at the beginning of a segment and nowhere else".into());
        }
        if self.taken_up && !resumes {
            return bad("the segment before was left before it was full, so a Resume must stand here".into());
        }
        if let Some(resume) = Resume::read(slot)
            && resume.valid_until != self.position
        {
            return bad(format!("a Resume for {} records", resume.valid_until));
        }
        if let Some(mark) = Mark::read(slot) {
            if mark.durable_position > self.position || mark.durable_position < self.durable_position {
                let found = mark.durable_position;
                return bad(format!("a Mark for {found}; the one before was for {}", self.durable_position));
            }
            self.durable_position = mark.durable_position;
        }
        if let Some(end) = End::read(slot)
            && end.records != self.position + 1
        {
            return bad(format!("the End counts {} records, there are {}", end.records, self.position + 1));
        }
        Ok(())
    }

    /// A file is exactly as long as its segment, or as what a closed journal uses of it.
    fn length(&self, segment: &SegmentFile, header: &SegmentHeader, bytes: u64) -> Result<(), Bad> {
        let whole = header.file_bytes();
        let expected = if self.ended { frame_offset(self.position - segment.first_position) } else { whole };
        if bytes == expected || (self.ended && bytes == whole) {
            return Ok(());
        }
        let reason = if self.ended {
            format!("{bytes} bytes; the journal is closed and ends at byte {expected}")
        } else {
            format!(
                "{bytes} bytes instead of {expected}, and the journal is not closed here: the file was cut or extended"
            )
        };
        Err(segment.bad(self.position, bytes.min(expected), BadKind::Length, reason))
    }
}
