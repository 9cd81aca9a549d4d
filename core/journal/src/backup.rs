//! Backup: a copy of a journal, taken while a writer goes on, that is itself a valid journal.
//!
//! Owns which files are copied and in what order. Cold, any process; it takes no lock that a writer or a
//! reader would notice. The copy ends between two groups, is synced and verified before it has its name,
//! and is not closed if its source was not. A copy can be carried on: only what is new is copied, and
//! after every step it is a valid journal.

use std::fs::{self, File};
use std::path::Path;

use crate::archive::{archive_path, is_archive};
use crate::copy::{Draft, between_groups, copy_last, copy_segment, copy_small, live_end};
use crate::error::{JournalError, io_error};
use crate::files::{SegmentFile, SlotReader, checked_header, list};
use crate::layout::segment_name;
use crate::pruned::{Pruned, path_of};
use crate::seal::SEAL_NAME;
use crate::verify::{VerifyReport, verify};

/// How far a backup is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackupProgress {
    /// Segments that are done with.
    pub segments_done: u64,
    /// Segments in all.
    pub segments: u64,
    /// Bytes copied.
    pub bytes: u64,
}

/// What a backup made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupReport {
    /// Records below this position are in the copy.
    pub until: u64,
    /// Segments copied this time.
    pub copied: u64,
    /// Segments that were there already.
    pub kept: u64,
    /// Bytes copied this time.
    pub bytes: u64,
    /// What the copy's verification found: it is sound.
    pub verified: VerifyReport,
}

/// Copies the journal in `dir` to `out`. With `carry_on`, `out` may hold an earlier copy of it.
pub fn backup(
    dir: impl AsRef<Path>,
    out: impl AsRef<Path>,
    carry_on: bool,
    mut tell: impl FnMut(BackupProgress),
) -> Result<BackupReport, JournalError> {
    let (dir, out) = (dir.as_ref(), out.as_ref());
    let segments = list(dir)?.sound(dir)?;
    let last = &segments[segments.len() - 1];
    let until = between_groups(&segments, live_end(last)?)?;
    let wanted: Vec<&SegmentFile> = segments
        .iter()
        .filter(|segment| segment.first_position < until || segment.first_position == 0)
        .collect();
    let (draft, kept) = if carry_on && out.exists() {
        (None, same_journal(&segments, out)?)
    } else {
        (Some(Draft::begin(out)?), 0)
    };
    let target = draft.as_ref().map_or(out, Draft::path);
    let mut progress = BackupProgress { segments: wanted.len() as u64, ..BackupProgress::default() };
    let mut report_kept = 0;
    for (index, segment) in wanted.iter().enumerate() {
        if segment.first_position < kept {
            report_kept += 1;
        } else {
            progress.bytes += match index + 1 == wanted.len() {
                true => copy_last(segment, target, until)?,
                false => copy_segment(segment, target)?,
            };
            drop_other_form(segment, target)?;
        }
        progress.segments_done += 1;
        tell(progress);
    }
    copy_small_files(dir, target, &segments[0])?;
    File::open(target)
        .and_then(|file| file.sync_all())
        .map_err(|source| io_error("sync the copy's directory", target, source))?;
    let verified = verify(target)?;
    if let Some(bad) = verified.first_bad {
        return Err(bad.into());
    }
    if let Some(draft) = draft {
        draft.publish()?;
    }
    let (copied, bytes) = (progress.segments - report_kept, progress.bytes);
    Ok(BackupReport { until, copied, kept: report_kept, bytes, verified })
}

/// Refuses a directory that does not hold an earlier state of this journal; gives the position up to which
/// its segments can stay. Headers carry the chain, so equal headers mean equal records before them.
fn same_journal(segments: &[SegmentFile], out: &Path) -> Result<u64, JournalError> {
    let refused = |reason: String| Err(JournalError::Refused { path: out.to_path_buf(), reason });
    let there = list(out)?.sound(out)?;
    let header = |segment: &SegmentFile| checked_header(&SlotReader::open(&segment.path)?, segment);
    for old in &there {
        let Some(new) = segments.iter().find(|new| new.first_position == old.first_position) else {
            if old.epoch == segments[0].epoch
                && old.first_position < segments[segments.len() - 1].first_position
            {
                continue;
            }
            return refused("it is not an earlier copy of this journal; choose another name".into());
        };
        if header(new)? != header(old)? {
            let at = old.first_position;
            return refused(format!("it parts from this journal before position {at}; choose another name"));
        }
    }
    Ok(there[there.len() - 1].first_position)
}

/// After a segment was copied in one form, the other form of an earlier copy goes.
fn drop_other_form(segment: &SegmentFile, target: &Path) -> Result<(), JournalError> {
    let plain = target.join(segment_name(segment.epoch, segment.first_position));
    let packed = archive_path(&plain);
    if plain.exists() && packed.exists() {
        let other = if is_archive(&segment.path) { plain } else { packed };
        fs::remove_file(&other).map_err(|source| io_error("remove an older copy", &other, source))?;
    }
    Ok(())
}

/// The seal, and the record of a prune unless the copy still has what was pruned.
fn copy_small_files(dir: &Path, target: &Path, first: &SegmentFile) -> Result<(), JournalError> {
    copy_small(dir, SEAL_NAME, target)?;
    let Some(gone) = Pruned::read(dir, first.epoch)? else { return Ok(()) };
    let there = list(target)?.segments;
    let inside = there.iter().filter(|segment| gone.holds(segment.first_position)).count() as u64;
    if inside == gone.segments {
        return Ok(());
    }
    let name = path_of(dir, first.epoch);
    let name = name.file_name().map(|name| name.to_string_lossy().into_owned());
    name.map_or(Ok(()), |name| copy_small(dir, &name, target))
}
