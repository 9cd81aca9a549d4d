//! Going on with a journal that is there: after a kill, a crash or a stop.
//!
//! Owns the steps from what a scan found to a writer behind it. Cold, before a run. What counts is never touched.
//! The run goes on in a new segment, which begins with a Resume; the segment before keeps its length. Every step may
//! be the last one before a crash: what is on disk then is recovered by the same steps again.
//!
//! | step | a crash after it leaves |
//! |---|---|
//! | copies of damaged files, as evidence | the journal as it was, and the copies |
//! | segments without a record that counts go | the journal as it was, without frames that did not count |
//! | what follows the last record is zeroed and synced | a clean tail |
//! | the new segment appears | a clean tail, and a segment without frames, which the next try removes |
//! | Resume, synced | a journal that was taken up |

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use pinion_model::record::{Kind, RECORD_BYTES};

use super::Writer;
use crate::archive::{is_archive, suffixed};
use crate::chain::Chain;
use crate::disk;
use crate::error::{JournalError, io_error};
use crate::files::{PREPARED_SUFFIX, SegmentFile, SlotReader, checked_header, list};
use crate::frame::is_blank;
use crate::layout::{SegmentHeader, frame_offset};
use crate::lock::{DirLock, Holder};
use crate::options::{Options, check_options};
use crate::scan::{Recovery, scan};
use crate::segment::{Prepared, frames_in};
use crate::system::{self, Resume};
use crate::upkeep_lock::UpkeepLock;

/// What a journal was found as, and what was done to go on with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// What the scan found.
    pub found: Recovery,
    /// Copies of what did not count, where anything was damaged or lost.
    pub evidence: Vec<PathBuf>,
    /// The writer before this one, where it ended without letting go.
    pub stale: Option<Holder>,
}

impl Writer {
    /// Goes on with the journal in a directory: what counts stays, and the next frame is a Resume in a new segment.
    /// Epoch and plan are those of the journal; another plan is refused, and so is damage below the last mark.
    pub fn resume(dir: impl AsRef<Path>, options: Options) -> Result<(Writer, Resumed), JournalError> {
        let dir = dir.as_ref();
        check_options(&options)?;
        let (lock, stale) = DirLock::take(dir)?;
        // Nobody archives or prunes what is being judged.
        let _upkeep = UpkeepLock::take(dir)?;
        let found = scan(dir)?;
        if found.verdict.refuses() {
            return Err(JournalError::Unrecoverable { found: Box::new(found) });
        }
        let mut segments = list(dir)?.sound(dir)?;
        let first = checked_header(&SlotReader::open(&segments[0].path)?, &segments[0])?;
        if first.plan_hash != options.plan_hash {
            return Err(JournalError::OtherPlan { dir: dir.to_path_buf() });
        }
        remove_prepared(dir)?;
        let evidence = take_evidence(&lock, &mut segments, &found)?;
        let last = &segments[segments.len() - 1];
        let chain = settle(last, found.valid_until)?;
        lock.sync_all().map_err(|source| io_error("sync the journal's directory", dir, source))?;

        let frames = frames_in(options.segment_bytes);
        let mut header =
            SegmentHeader::new(first.epoch, first.plan_hash, &options.build, options.anchor, frames);
        header.first_position = found.valid_until;
        header.chain = chain.head();
        let header = header.sealed();
        let prepared = Prepared::create(dir, first.epoch, found.valid_until, frames)?;
        let count = segments.len() as u64 + found.pruned_segments;
        let mut writer = Writer::begin(dir, lock, &options, header, prepared, chain, count)?;
        writer.care.set_durable(found.durable_position);
        writer.marked = found.durable_position;
        writer.push_own(Kind::Resume, body(&found, &options))?;
        writer.sync()?;
        writer.start_upkeep(&options)?;
        Ok((writer, Resumed { found, evidence, stale }))
    }
}

fn body(found: &Recovery, options: &Options) -> [u8; pinion_model::record::BODY_BYTES] {
    let mut build = [0; 40];
    let kept = options.build.floor_char_boundary(build.len());
    build[..kept].copy_from_slice(&options.build.as_bytes()[..kept]);
    let Recovery { valid_until, lost, verdict, .. } = *found;
    let wall_ns = options.anchor.wall_ns;
    system::body_of(&Resume { valid_until, wall_ns, lost, verdict: verdict as u32, reserved: 0, build })
}

/// True if the directory's journal never began: its writer ended before the Start was written. There may be a
/// segment, then, but no byte behind its header.
pub fn never_began(dir: impl AsRef<Path>) -> Result<bool, JournalError> {
    let listing = list(dir.as_ref())?;
    let only = match &listing.segments[..] {
        [] => return Ok(listing.stray.is_none()),
        [only] => only,
        _ => return Ok(false),
    };
    if only.first_position > 0 || is_archive(&only.path) {
        return Ok(false);
    }
    let mut reader = SlotReader::open(&only.path)?;
    let mut index = 0;
    loop {
        let slots = reader.chunk(index)?.slots;
        if slots.is_empty() {
            return Ok(true);
        }
        if !slots.iter().all(is_blank) {
            return Ok(false);
        }
        index += slots.len() as u64;
    }
}

/// Clears away what is left of a journal that never began, so that one can begin.
pub(super) fn remove_unbegun(dir: &Path) -> Result<(), JournalError> {
    if !never_began(dir)? {
        return Ok(());
    }
    for segment in list(dir)?.segments {
        let error = |source| io_error("remove a segment that was never begun", &segment.path, source);
        disk::remove(&segment.path).map_err(error)?;
    }
    remove_prepared(dir)
}

/// Segments that were prepared and never used.
fn remove_prepared(dir: &Path) -> Result<(), JournalError> {
    let error = |source| io_error("remove a prepared segment", dir, source);
    for entry in fs::read_dir(dir).map_err(error)? {
        let path = entry.map_err(error)?.path();
        if path.to_string_lossy().ends_with(&format!(".seg{PREPARED_SUFFIX}")) {
            disk::remove(&path).map_err(error)?;
        }
    }
    Ok(())
}

/// Copies what is about to change and moves away what does not count at all; the segments that are left end with
/// the one that holds the last record.
fn take_evidence(
    lock: &DirLock,
    segments: &mut Vec<SegmentFile>,
    found: &Recovery,
) -> Result<Vec<PathBuf>, JournalError> {
    let mut evidence = Vec::new();
    // From the end, so that a crash in between leaves no gap.
    while let Some(last) = segments.pop_if(|last| last.first_position >= found.valid_until) {
        let error = |source| io_error("move a segment away", &last.path, source);
        if found.damaged {
            let to = free_name(&last.path);
            disk::rename(&last.path, &to).map_err(error)?;
            evidence.push(to);
        } else {
            disk::remove(&last.path).map_err(error)?;
        }
    }
    let last = &segments[segments.len() - 1];
    if found.damaged && found.file == last.path {
        let error = |source| io_error("copy a segment as evidence", &last.path, source);
        let to = free_name(&last.path);
        // Under another name until it is whole.
        let half = suffixed(&to, ".tmp");
        disk::copy(&last.path, &half)
            .and_then(|()| disk::sync_all(&File::open(&half)?, &half))
            .map_err(error)?;
        disk::rename(&half, &to).map_err(error)?;
        evidence.push(to);
    }
    lock.sync_all().map_err(|source| io_error("sync the evidence", &last.path, source))?;
    Ok(evidence)
}

/// The first name that no other evidence has.
fn free_name(segment: &Path) -> PathBuf {
    let name = |n: u32| suffixed(segment, &format!(".torn-{n}"));
    (1..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(0))
}

/// Zeroes what follows the last record, has the file on disk, and gives the chain's value over all that counts.
fn settle(last: &SegmentFile, valid_until: u64) -> Result<Chain, JournalError> {
    let mut reader = SlotReader::open(&last.path)?;
    let header = checked_header(&reader, last)?;
    let used = valid_until - last.first_position;
    let mut chain = Chain::new();
    chain.leap(header.chain);
    chain.begin_segment(&header);
    let (mut index, mut blank, mut closed) = (0, true, false);
    loop {
        let slots = reader.chunk(index)?.slots;
        if slots.is_empty() {
            break;
        }
        let here = usize::try_from(used.saturating_sub(index)).unwrap_or(usize::MAX).min(slots.len());
        let mut from = 0;
        for at in (0..here).filter(|at| slots[*at].kind == Kind::Checkpoint as u16) {
            chain.absorb(&slots[from..at]);
            chain.fold();
            from = at;
        }
        chain.absorb(&slots[from..here]);
        closed = slots[..here].last().map_or(closed, |last| last.kind == Kind::End as u16);
        blank &= slots[here..].iter().all(is_blank);
        index += slots.len() as u64;
    }
    chain.fold();
    // The file may end inside a slot, whose bytes would stand there again once it has its whole length.
    blank &= reader.bytes() <= frame_offset(index);
    if !is_archive(&last.path) {
        let until = if blank { frame_offset(used) } else { reader.bytes() };
        clear(&last.path, frame_offset(used), until, (!closed).then(|| header.file_bytes()))
            .map_err(|source| io_error("settle a segment", &last.path, source))?;
    }
    Ok(chain)
}

/// Writes zeros from `from` up to `until`, gives the file its whole length, and has it on disk.
fn clear(path: &Path, from: u64, until: u64, whole: Option<u64>) -> std::io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    let zeros = [0; 512 * RECORD_BYTES];
    let mut at = from;
    while at < until {
        let count = (until - at).min(zeros.len() as u64);
        disk::write_all_at(&file, path, &zeros[..count as usize], at)?;
        at += count;
    }
    if let Some(bytes) = whole {
        // Shorter only if somebody cut it.
        disk::set_length(&file, path, bytes)?;
    }
    disk::sync_all(&file, path)
}
