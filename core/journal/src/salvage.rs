//! Salvage: a new journal from what is left of a damaged one, which stays untouched.
//!
//! Owns the choice of what is taken. Cold, offline. The usual way takes a prefix, byte by byte: it keeps
//! the epoch and the chain, verifies, and can be replayed to its end. With `skip_bad` what lies behind the
//! damage is taken too: records get new positions, so a new chain of a new epoch is written, and what was
//! lost is said. Either way a note `journal-<epoch>.salvaged` says where the journal came from.

use std::fmt::Write as _;
use std::path::Path;

use pinion_model::record::{Class, Kind, Record};

use crate::copy::{Draft, between_groups, copy_last, copy_segment, copy_small};
use crate::error::{JournalError, io_error};
use crate::files::{SegmentFile, SlotReader, checked_header, list};
use crate::frame::Seed;
use crate::layout::{FORMAT_VERSION, SegmentHeader};
use crate::options::Options;
use crate::pruned::{Pruned, path_of};
use crate::scan::scan;
use crate::small_file;
use crate::system::{Anchor, is_reserved};
use crate::verify::{VerifyReport, verify};
use crate::writer::Writer;

/// What to take.
#[derive(Clone, Debug)]
pub struct SalvageOptions {
    /// Records below this position; `None` takes all that recovery accepts and the chain proves.
    pub until: Option<u64>,
    /// Leave out what is damaged and go on behind it, in a new journal of this epoch.
    pub skip_bad: Option<u64>,
    /// UTC of the salvage, in nanoseconds since 1970.
    pub wall_ns: u64,
}

/// Records that are not in the new journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// First position, in the old journal.
    pub from: u64,
    /// First position behind it; `None` for all that follows.
    pub to: Option<u64>,
    /// Why.
    pub reason: String,
}

/// What a salvage made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SalvageReport {
    /// Records of the old journal that were taken; without `skip_bad`, all below this position.
    pub taken: u64,
    /// What was not.
    pub lost: Vec<Lost>,
    /// What the new journal's verification found: it is sound.
    pub verified: VerifyReport,
}

/// Writes to `out` what is left of the journal in `dir`, which no writer is using.
pub fn salvage(
    dir: impl AsRef<Path>,
    out: impl AsRef<Path>,
    options: &SalvageOptions,
) -> Result<SalvageReport, JournalError> {
    let (dir, draft) = (dir.as_ref(), Draft::begin(out.as_ref())?);
    let segments = list(dir)?.segments;
    if segments.is_empty() {
        return Err(JournalError::NoJournal { dir: dir.to_path_buf() });
    }
    let (taken, lost, epoch) = match options.skip_bad {
        Some(epoch) => {
            let (taken, lost) = around(dir, &segments, draft.path(), epoch, options)?;
            (taken, lost, epoch)
        }
        None => {
            let (taken, lost) = prefix(dir, &draft, options.until)?;
            (taken, lost, segments[0].epoch)
        }
    };
    write_note(dir, draft.path(), epoch, &segments[0], taken, &lost, options.wall_ns)?;
    let verified = verify(draft.path())?;
    if let Some(bad) = verified.first_bad {
        return Err(bad.into());
    }
    draft.publish()?;
    Ok(SalvageReport { taken, lost, verified })
}

/// Copies a prefix.
fn prefix(dir: &Path, draft: &Draft, until: Option<u64>) -> Result<(u64, Vec<Lost>), JournalError> {
    let segments = list(dir)?.sound(dir)?;
    let recovery = scan(dir)?;
    let proven = verify(dir)?;
    let most = match &proven.first_bad {
        Some(bad) => recovery.valid_until.min(bad.position).min(proven.records),
        None => recovery.valid_until,
    };
    let asked = until.unwrap_or(most);
    if asked > most || asked == 0 {
        let reason = format!(
            "only the records below position {most} count and are proven; salvage with --until {most} or less \
             takes those, and --skip-bad also what is sound behind"
        );
        return Err(JournalError::Refused { path: dir.to_path_buf(), reason });
    }
    let until = between_groups(&segments, asked)?;
    if until == 0 {
        let reason = "not even the first record is whole: nothing can be salvaged".into();
        return Err(JournalError::Refused { path: dir.to_path_buf(), reason });
    }
    let wanted: Vec<&SegmentFile> =
        segments.iter().filter(|segment| segment.first_position < until).collect();
    for (index, segment) in wanted.iter().enumerate() {
        match index + 1 == wanted.len() {
            true => copy_last(segment, draft.path(), until)?,
            false => copy_segment(segment, draft.path())?,
        };
    }
    if let Some(gone) = Pruned::read(dir, segments[0].epoch)?.filter(|gone| gone.to <= until) {
        let name = path_of(dir, gone.epoch);
        if let Some(name) = name.file_name() {
            copy_small(dir, &name.to_string_lossy(), draft.path())?;
        }
    }
    let whole = proven.first_bad.is_none() && until == proven.records;
    let reason = || recovery.to_string();
    let reason = proven.first_bad.as_ref().map_or_else(reason, ToString::to_string);
    let lost = if whole { Vec::new() } else { vec![Lost { from: until, to: None, reason }] };
    Ok((until, lost))
}

/// Appends every sound record of callers to a new journal, group by group.
fn around(
    dir: &Path,
    segments: &[SegmentFile],
    out: &Path,
    epoch: u64,
    options: &SalvageOptions,
) -> Result<(u64, Vec<Lost>), JournalError> {
    let sound = |segment: &SegmentFile| checked_header(&SlotReader::open(&segment.path)?, segment);
    let Some(header) = segments.iter().find_map(|segment| sound(segment).ok()) else {
        let reason = "no segment has a sound header: nothing can be salvaged".into();
        return Err(JournalError::Refused { path: dir.to_path_buf(), reason });
    };
    let mut around = Around {
        writer: Writer::create(out, options_of(&header, epoch))?,
        group: Vec::new(),
        expected: 0,
        taken: 0,
        lost: Vec::new(),
        until: options.until.unwrap_or(u64::MAX),
        uncertain: false,
    };
    for (at, segment) in segments.iter().enumerate() {
        let next = segments.get(at + 1).map_or(u64::MAX, |next| next.first_position);
        match sound(segment) {
            // A run that was taken up leaves a segment before it is full.
            Ok(header) => {
                around.segment(segment, header.capacity_frames.min(next - segment.first_position))?
            }
            Err(error) => around.lose(segment.first_position, &error.to_string()),
        }
    }
    around.drop_group("a chained group that is not whole");
    let Around { writer, taken, lost, .. } = around;
    writer.close(options.wall_ns, b"")?;
    Ok((taken, lost))
}

fn options_of(header: &SegmentHeader, epoch: u64) -> Options {
    let mut options = Options::new(epoch);
    options.plan_hash = header.plan_hash;
    options.build = header.build().to_string();
    options.anchor = header.anchor;
    options.segment_bytes = header.file_bytes();
    options
}

struct Around {
    writer: Writer,
    group: Vec<Record>,
    expected: u64,
    taken: u64,
    lost: Vec<Lost>,
    until: u64,
    /// The record before was lost, so the next may be the middle of a group.
    uncertain: bool,
}

/// True for kinds that may stand in the middle of a group, and for those that nobody knows.
fn may_continue(kind: u16) -> bool {
    match Kind::from_u16(kind) {
        Some(Kind::DepthLevels | Kind::Plan | Kind::Summary) | None => true,
        Some(kind) => kind.class() == Class::System,
    }
}

impl Around {
    fn segment(&mut self, segment: &SegmentFile, capacity: u64) -> Result<(), JournalError> {
        if segment.first_position > self.expected {
            self.lose(self.expected, "the segments that held them are not there");
            self.found(segment.first_position);
        }
        let seed = Seed::new(segment.epoch);
        let mut reader = SlotReader::open(&segment.path)?;
        let mut index = 0;
        while index < capacity {
            let chunk = reader.chunk(index)?;
            if chunk.slots.is_empty() {
                break;
            }
            let left = usize::try_from(capacity - index).unwrap_or(usize::MAX);
            for slot in &chunk.slots[..chunk.slots.len().min(left)] {
                let position = segment.first_position + index;
                index += 1;
                if position >= self.until {
                    return Ok(());
                }
                if seed.accepts(slot, position) {
                    self.found(position);
                    self.take(slot)?;
                } else if slot.commit != 0 {
                    let (_, reason) = seed.fault(slot, position);
                    self.lose(position, &reason);
                } else {
                    self.lose(position, "an empty slot");
                }
                self.expected = position + 1;
            }
        }
        Ok(())
    }

    /// Notes that records from here on are not there, until one is found.
    fn lose(&mut self, from: u64, reason: &str) {
        self.drop_group("a chained group that is not whole");
        self.uncertain = true;
        if self.lost.last().is_none_or(|lost| lost.to.is_some()) {
            self.lost.push(Lost { from, to: None, reason: reason.to_string() });
        }
    }

    /// Ends what is being lost, at a sound record.
    fn found(&mut self, position: u64) {
        if let Some(lost) = self.lost.last_mut().filter(|lost| lost.to.is_none()) {
            lost.to = Some(position);
        }
    }

    fn drop_group(&mut self, reason: &str) {
        if let (Some(first), Some(last)) = (self.group.first(), self.group.last()) {
            let (from, to) = (first.position, Some(last.position + 1));
            self.lost.push(Lost { from, to, reason: reason.to_string() });
            self.group.clear();
        }
    }

    fn take(&mut self, slot: &Record) -> Result<(), JournalError> {
        if is_reserved(slot.kind) {
            if let Some(anchor) = Anchor::read(slot) {
                self.writer.anchor(anchor)?;
            }
            self.taken += 1;
            return Ok(());
        }
        if self.uncertain && may_continue(slot.kind) {
            // The levels of a depth update, say, whose head was lost.
            self.uncertain = slot.continues();
            self.group.push(*slot);
            self.drop_group("the rest of a chained group whose beginning is not there");
            return Ok(());
        }
        self.uncertain = false;
        self.group.push(*slot);
        if !slot.continues() {
            self.taken += self.group.len() as u64;
            self.writer.append_batch(&self.group)?;
            self.group.clear();
        }
        Ok(())
    }
}

/// Says where the new journal comes from.
fn write_note(
    dir: &Path,
    out: &Path,
    epoch: u64,
    old: &SegmentFile,
    taken: u64,
    lost: &[Lost],
    wall_ns: u64,
) -> Result<(), JournalError> {
    let source = dir.canonicalize().map_err(|source| io_error("look at a directory", dir, source))?;
    let mut text = format!("pinion-salvaged {FORMAT_VERSION}\n");
    let mut line = |words: std::fmt::Arguments<'_>| {
        let _ = writeln!(text, "{words}");
    };
    line(format_args!("from {}", source.display()));
    line(format_args!("epoch {:016x}", old.epoch));
    line(format_args!("taken {taken}"));
    for Lost { from, to, reason } in lost {
        let to = to.map_or_else(|| "end".to_string(), |to| to.to_string());
        line(format_args!("lost {from} {to} {}", reason.replace('\n', " ")));
    }
    line(format_args!("when {wall_ns}"));
    let crc = crc32c::crc32c(text.as_bytes());
    let _ = writeln!(text, "crc32c {crc:08x}");
    small_file::replace(&out.join(format!("journal-{epoch:016x}.salvaged")), text.as_bytes())
}
