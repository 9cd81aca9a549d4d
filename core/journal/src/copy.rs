//! Copies of a journal up to a position: what backup and salvage have in common.
//!
//! Owns the writing of segment files that are not a writer's, and the appearance of a whole directory at
//! once. Cold, any thread. Frames are copied byte by byte, so the copy has the epoch and the chain of its
//! source. Every file is synced before it has its name.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use pinion_model::record::Kind;

use crate::archive::{ARCHIVE_SUFFIX, is_archive, suffixed};
use crate::error::{JournalError, io_error};
use crate::files::{SegmentFile, SlotReader, checked_header, open, read_slot};
use crate::frame::Seed;
use crate::layout::{frame_offset, segment_name};
use crate::map::allocate;

const PIECE_BYTES: usize = 1 << 20;

/// Copies one segment into a directory as it is; gives the bytes written. A file of that name is replaced
/// whole.
pub(crate) fn copy_segment(segment: &SegmentFile, into: &Path) -> Result<u64, JournalError> {
    let mut name = segment_name(segment.epoch, segment.first_position);
    let source = if is_archive(&segment.path) {
        name += ARCHIVE_SUFFIX;
        File::open(&segment.path).map_err(|source| io_error("open an archive", &segment.path, source))?
    } else {
        open(&segment.path)?
    };
    publish(&into.join(name), |target| copy_bytes(&source, target, u64::MAX, None))
}

/// The same for the last segment of a copy, of which only the records below `until` are taken.
pub(crate) fn copy_last(segment: &SegmentFile, into: &Path, until: u64) -> Result<u64, JournalError> {
    let header = checked_header(&SlotReader::open(&segment.path)?, segment)?;
    let frames = until - segment.first_position;
    let is_closed = ends_with_end(segment, until)?;
    if is_archive(&segment.path) && (is_closed || frames == header.capacity_frames) {
        return copy_segment(segment, into);
    }
    let source = open(&segment.path)?;
    let length = (!is_closed).then(|| header.file_bytes());
    let target = into.join(segment_name(segment.epoch, segment.first_position));
    publish(&target, |target| copy_bytes(&source, target, frame_offset(frames), length))
}

fn publish(target: &Path, write: impl FnOnce(&Path) -> io::Result<u64>) -> Result<u64, JournalError> {
    let temporary = suffixed(target, ".tmp");
    let written = write(&temporary).and_then(|bytes| fs::rename(&temporary, target).map(|()| bytes));
    written.map_err(|source| io_error("copy a segment", target, source))
}

fn copy_bytes(source: &File, target: &Path, used: u64, length: Option<u64>) -> io::Result<u64> {
    let file = File::create(target)?;
    if let Some(length) = length {
        // As the writer's: blocks are there, and zero behind the last frame.
        allocate(&file, length)?;
        file.set_len(length)?;
    }
    let (mut piece, mut at) = (vec![0; PIECE_BYTES], 0);
    while at < used {
        let wanted = usize::try_from(used - at).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        let got = source.read_at(&mut piece[..wanted], at)?;
        if got == 0 {
            break;
        }
        file.write_all_at(&piece[..got], at)?;
        at += got as u64;
    }
    if used != u64::MAX && at < used {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the segment became shorter"));
    }
    file.sync_all()?;
    Ok(at)
}

/// A directory in the making, beside the name that it will have.
pub(crate) struct Draft {
    path: PathBuf,
    target: PathBuf,
}

impl Draft {
    /// Begins a directory that must not exist yet; what an interrupted one left is begun anew.
    pub(crate) fn begin(target: &Path) -> Result<Draft, JournalError> {
        let refused = |path: &Path, reason: &str| {
            Err(JournalError::Refused { path: path.to_path_buf(), reason: reason.into() })
        };
        if target.exists() {
            return refused(target, "it exists already; choose another name");
        }
        let path = suffixed(target, ".partial");
        let error = |source| io_error("make a directory for the copy", &path, source);
        if path.exists() {
            for entry in fs::read_dir(&path).map_err(error)? {
                if !entry.map_err(error)?.file_name().to_string_lossy().starts_with("journal") {
                    return refused(
                        &path,
                        "it is in the way, and holds something else than a copy; remove it",
                    );
                }
            }
            fs::remove_dir_all(&path).map_err(error)?;
        }
        fs::create_dir_all(&path).map_err(error)?;
        Ok(Draft { path, target: target.to_path_buf() })
    }

    /// Where to write.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the directory its name, once everything in it is on disk.
    pub(crate) fn publish(self) -> Result<(), JournalError> {
        let parent =
            self.target.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
        (|| {
            File::open(&self.path)?.sync_all()?;
            fs::rename(&self.path, &self.target)?;
            File::open(parent)?.sync_all()
        })()
        .map_err(|source| io_error("give the copy its name", &self.target, source))
    }
}

/// Copies a small file, if it is there.
pub(crate) fn copy_small(from: &Path, name: &str, into: &Path) -> Result<(), JournalError> {
    let path = from.join(name);
    let mut bytes = Vec::new();
    match File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        read => read.map_err(|source| io_error("read a file", &path, source))?,
    };
    let target = into.join(name);
    let written = File::create(&target).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()
    });
    written.map_err(|source| io_error("write a file", &target, source))
}

/// The greatest position at or below `until` at which no chained group is open.
pub(crate) fn between_groups(segments: &[SegmentFile], until: u64) -> Result<u64, JournalError> {
    let mut position = until;
    for segment in segments.iter().rev().filter(|segment| segment.first_position < until) {
        let file = open(&segment.path)?;
        while position > segment.first_position {
            let index = position - 1 - segment.first_position;
            let slot = read_slot(&file, index)
                .map_err(|source| io_error("read a segment", &segment.path, source))?;
            if !slot.is_some_and(|record| record.continues()) {
                return Ok(position);
            }
            position -= 1;
        }
    }
    Ok(position)
}

/// True if the record before this position is an End of the segment.
pub(crate) fn ends_with_end(last: &SegmentFile, until: u64) -> Result<bool, JournalError> {
    let Some(index) = until.checked_sub(last.first_position + 1) else { return Ok(false) };
    let slot = read_slot(&open(&last.path)?, index)
        .map_err(|source| io_error("read a segment", &last.path, source))?;
    Ok(slot.is_some_and(|record| record.kind == Kind::End as u16))
}

/// Position behind the last frame of the last segment, which a writer may be filling; the segments before
/// it are full.
pub(crate) fn live_end(last: &SegmentFile) -> Result<u64, JournalError> {
    let mut reader = SlotReader::open(&last.path)?;
    let capacity = checked_header(&reader, last)?.capacity_frames;
    let seed = Seed::new(last.epoch);
    let mut index = 0;
    'frames: while index < capacity {
        let chunk = reader.chunk(index)?;
        if chunk.slots.is_empty() {
            break;
        }
        let from = index;
        for (offset, slot) in chunk.slots.iter().enumerate().take((capacity - from) as usize) {
            if !seed.accepts(slot, last.first_position + index) {
                let later = chunk.slots[offset + 1..].iter().any(|slot| slot.commit != 0);
                if slot.commit == 0 && !later {
                    break 'frames;
                }
                settled(last, seed, index)?;
            }
            index += 1;
        }
    }
    Ok(last.first_position + index)
}

/// Looks again at a slot that was read while its frame was being stored, or skipped before a later one.
fn settled(segment: &SegmentFile, seed: Seed, index: u64) -> Result<(), JournalError> {
    let (position, offset) = (segment.first_position + index, frame_offset(index));
    let slot = read_slot(&open(&segment.path)?, index)
        .map_err(|source| io_error("read a segment", &segment.path, source))?;
    match slot {
        Some(slot) if seed.accepts(&slot, position) => Ok(()),
        Some(slot) if slot.commit != 0 => {
            let (kind, reason) = seed.fault(&slot, position);
            Err(segment.bad(position, offset, kind, reason).into())
        }
        _ => {
            let reason = "this slot is empty and later ones are not";
            Err(segment.bad(position, offset, crate::error::BadKind::Hole, reason).into())
        }
    }
}
