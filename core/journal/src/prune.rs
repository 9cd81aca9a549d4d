//! Pruning: whole old segments go, and a record of them stays.
//!
//! Owns the choice of what may go and the order of the steps: the record first, then the files, so that
//! a crash leaves a journal that is whole with or without them. Cold, any thread but the one that
//! appends. It proves every segment that it takes, and removes nothing that is damaged, that a registered
//! reader has not passed, or without which the end could not be replayed. The first segment always stays.

use std::fs;
use std::io;
use std::path::Path;

use pinion_model::record::{Kind, Record};

use crate::archive::archive_path;
use crate::error::{JournalError, io_error};
use crate::files::{SegmentFile, SlotReader, checked_header, list, open, read_slot};
use crate::pruned::Pruned;
use crate::reader_cursor::registered;
use crate::system::is_reserved;
use crate::upkeep_lock::UpkeepLock;
use crate::verify::chain_of;

/// How much is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PruneUntil {
    /// Segments that end at or before this position.
    Before(u64),
    /// All but this many of the newest segments, and the first.
    Keep(u64),
}

/// How to prune.
#[derive(Clone, Copy, Debug)]
pub struct PruneOptions {
    /// How much is to go.
    pub until: PruneUntil,
    /// Go as far as readers and replay allow, instead of refusing when that is less.
    pub as_far_as_possible: bool,
    /// Take also what replay needs.
    pub give_up_replay: bool,
    /// Say what would go, and change nothing.
    pub dry_run: bool,
    /// UTC of the prune, in nanoseconds since 1970.
    pub wall_ns: u64,
}

/// What a prune did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PruneReport {
    /// First position that goes; equal to `to` when nothing does.
    pub from: u64,
    /// First position that is there behind it.
    pub to: u64,
    /// Segments that go.
    pub segments: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// The snapshot from which the rest can be replayed; `None` if it cannot be.
    pub replay_from: Option<u64>,
}

/// Removes old segments of the journal in a directory, which a writer may be appending to.
pub fn prune(dir: impl AsRef<Path>, options: &PruneOptions) -> Result<PruneReport, JournalError> {
    let dir = dir.as_ref();
    let upkeep = UpkeepLock::take(dir)?;
    let segments = list(dir)?.sound(dir)?;
    let before = Pruned::read(dir, segments[0].epoch)?;
    let first = match &before {
        Some(gone) => segments.partition_point(|segment| segment.first_position < gone.to),
        None => whole_groups_until(&segments, 1, true)?,
    };
    let choice = choose(dir, &segments, first, options)?;
    let taken = &segments[first.min(choice.index)..choice.index];
    let mut report = PruneReport { replay_from: choice.replay_from, ..PruneReport::default() };
    (report.from, report.segments) = (choice.to, taken.len() as u64);
    report.to = choice.to;
    for segment in taken {
        report.from = report.from.min(segment.first_position);
        report.bytes += size_of(segment)?;
    }
    if !options.dry_run {
        if !taken.is_empty() {
            record(dir, &segments, choice.index, taken, before.as_ref(), options.wall_ns)?;
        }
        remove_leftovers(dir, &segments[0])?;
        upkeep.sync_directory()?;
    }
    Ok(report)
}

/// Where the part that stays begins.
struct Choice {
    index: usize,
    to: u64,
    replay_from: Option<u64>,
}

fn choose(
    dir: &Path,
    segments: &[SegmentFile],
    first: usize,
    options: &PruneOptions,
) -> Result<Choice, JournalError> {
    let last = segments.len() - 1;
    let holding =
        |position: u64| segments.partition_point(|s| s.first_position <= position).saturating_sub(1);
    let wanted = match options.until {
        PruneUntil::Before(position) => holding(position),
        PruneUntil::Keep(count) => {
            segments.len() - usize::try_from(count).unwrap_or(usize::MAX).clamp(1, segments.len())
        }
    };
    let wanted = wanted.min(last);
    let mut index = wanted;
    let refused = |reason: String| JournalError::Refused { path: dir.to_path_buf(), reason };
    for (name, position) in registered(dir)? {
        let passed = holding(position);
        if passed >= index || index <= first {
            continue;
        }
        if !options.as_far_as_possible {
            return Err(refused(format!(
                "reader `{name}` has come to position {position} and needs what follows; prune at most with \
                 --before {position}, or remove readers/{name}.cursor if that reader is no more"
            )));
        }
        index = passed;
    }
    let mut replay_from = None;
    if index > first {
        let asked = match options.until {
            PruneUntil::Before(position) if index == wanted => position,
            _ => segments[index].first_position,
        };
        replay_from = snapshot_for(segments, index, asked)?;
        if !options.give_up_replay {
            let Some(from) = replay_from else {
                if options.as_far_as_possible {
                    return choice(segments, first.min(last), None);
                }
                return Err(refused(
                    "it holds no snapshot, so replay needs every record from the start. With --give-up-replay \
                     what stays can still be read, verified, followed, exported and backed up, not replayed"
                        .into(),
                ));
            };
            index = index.min(holding(from)).max(first.min(last));
        }
    }
    let index = whole_groups_until(segments, index, false)?.max(first.min(last));
    choice(segments, index, replay_from)
}

fn choice(segments: &[SegmentFile], index: usize, replay_from: Option<u64>) -> Result<Choice, JournalError> {
    let replay_from = replay_from.filter(|from| *from >= segments[index].first_position);
    Ok(Choice { index, to: segments[index].first_position, replay_from })
}

/// The nearest index, upwards or downwards, at which no group reaches into its segment from before.
fn whole_groups_until(segments: &[SegmentFile], from: usize, upwards: bool) -> Result<usize, JournalError> {
    let mut index = from;
    while index > 0 && index < segments.len() && reaches_over(&segments[index - 1])? {
        index = if upwards { index + 1 } else { index - 1 };
    }
    Ok(index)
}

fn reaches_over(segment: &SegmentFile) -> Result<bool, JournalError> {
    let capacity = checked_header(&SlotReader::open(&segment.path)?, segment)?.capacity_frames;
    let record = read_slot(&open(&segment.path)?, capacity - 1)
        .map_err(|source| io_error("read a segment", &segment.path, source))?;
    Ok(record.is_some_and(|record| record.continues()))
}

/// The newest snapshot at or before a position; else the first behind it among the segments that stay.
fn snapshot_for(segments: &[SegmentFile], kept: usize, asked: u64) -> Result<Option<u64>, JournalError> {
    for segment in segments[..=kept].iter().rev() {
        let found = snapshots_in(segment)?;
        if let Some(position) = found.into_iter().rev().find(|position| *position <= asked) {
            return Ok(Some(position));
        }
    }
    for segment in &segments[kept..] {
        if let Some(position) = snapshots_in(segment)?.first() {
            return Ok(Some(*position));
        }
    }
    Ok(None)
}

fn snapshots_in(segment: &SegmentFile) -> Result<Vec<u64>, JournalError> {
    let (mut found, mut inside) = (Vec::new(), false);
    each_record(segment, |record| {
        if record.kind == Kind::Snapshot as u16 && !inside {
            found.push(record.position);
        }
        inside = record.continues();
    })?;
    Ok(found)
}

fn each_record(segment: &SegmentFile, mut see: impl FnMut(&Record)) -> Result<(), JournalError> {
    let mut reader = SlotReader::open(&segment.path)?;
    let mut index = 0;
    loop {
        let chunk = reader.chunk(index)?;
        chunk.slots.iter().filter(|slot| slot.commit != 0).for_each(&mut see);
        if chunk.slots.is_empty() {
            return Ok(());
        }
        index += chunk.slots.len() as u64;
    }
}

/// Proves what goes and writes the record of it, joined with that of an earlier prune.
fn record(
    dir: &Path,
    segments: &[SegmentFile],
    kept: usize,
    taken: &[SegmentFile],
    before: Option<&Pruned>,
    wall_ns: u64,
) -> Result<(), JournalError> {
    let header = |segment: &SegmentFile| checked_header(&SlotReader::open(&segment.path)?, segment);
    let chain_to = header(&segments[kept])?.chain;
    let proven = chain_of(dir, segments[..kept].to_vec())?;
    if proven != chain_to {
        let reason = "its chain value is not the one of the segments before it, so nothing is pruned".into();
        return Err(JournalError::Refused { path: segments[kept].path.clone(), reason });
    }
    let (from, chain_from) = match before {
        Some(gone) => (gone.from, gone.chain_from),
        None => (taken[0].first_position, header(&taken[0])?.chain),
    };
    let mut gone = Pruned::new(segments[0].epoch, from, segments[kept].first_position, chain_from, chain_to);
    gone.caller_records = before.map_or(0, |gone| gone.caller_records);
    gone.segments = before.map_or(0, |gone| gone.segments) + taken.len() as u64;
    gone.wall_ns = wall_ns;
    for segment in taken {
        each_record(segment, |record| gone.caller_records += u64::from(!is_reserved(record.kind)))?;
    }
    gone.write(dir)
}

/// Removes what the record says is gone, also what an interrupted prune left.
fn remove_leftovers(dir: &Path, first: &SegmentFile) -> Result<(), JournalError> {
    let Some(gone) = Pruned::read(dir, first.epoch)? else { return Ok(()) };
    for segment in list(dir)?.segments.iter().filter(|segment| gone.holds(segment.first_position)) {
        for path in [segment.path.clone(), archive_path(&segment.path)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(io_error("remove a pruned segment", &path, error));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn size_of(segment: &SegmentFile) -> Result<u64, JournalError> {
    let path = &segment.path;
    fs::metadata(path).map(|data| data.len()).map_err(|source| io_error("look at a file", path, source))
}
