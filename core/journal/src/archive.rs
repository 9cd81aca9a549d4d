//! Archives: segments that will not change any more, compressed.
//!
//! Owns the form of `journal-<epoch>-<first position>.seg.zst` and the order of the steps that make one.
//! Cold, any thread but the one that appends, also beside a running writer and readers. A crash at any
//! moment leaves the plain segment, or both, or the archive, each whole; at worst a file `.tmp` that the
//! next archiving replaces. A damaged segment is not archived: it stays as it is, as evidence.
//!
//! ```text
//!   +------------------------------------------+----------------------------------------------+
//!   | zstd frame: size and checksum of content | skippable frame, 24 bytes:                   |
//!   |                                          | magic 4, length 4 = 16, "PINZ", size, crc32c |
//!   +------------------------------------------+----------------------------------------------+
//! ```

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use pinion_model::record::{Kind, RECORD_BYTES};

use crate::error::{Bad, BadKind, JournalError, io_error};
use crate::files::{SegmentFile, SlotReader, checked_header, list};
use crate::frame::Seed;
use crate::layout::{frame_offset, parse_segment_name};
use crate::lock::DirLock;
use crate::pruned::Pruned;
use crate::upkeep_lock::UpkeepLock;

/// What an archive's name has behind its segment's.
pub(crate) const ARCHIVE_SUFFIX: &str = ".zst";
const TRAILER_BYTES: usize = 24;
/// Magic of a skippable frame, its length behind these 8 bytes, our own mark.
const TRAILER_HEAD: [u8; 12] = *b"\x50\x2a\x4d\x18\x10\x00\x00\x00PINZ";
const LEVEL: i32 = 3;
const CONTENT_BYTES_MAX: u64 = 1 << 41;

/// A segment that was archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// The archive.
    pub file: PathBuf,
    /// Position of its first record.
    pub first_position: u64,
    /// Bytes of the segment.
    pub plain_bytes: u64,
    /// Bytes of the archive.
    pub archive_bytes: u64,
}

pub(crate) fn is_archive(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(ARCHIVE_SUFFIX.as_bytes())
}

pub(crate) fn archive_path(segment: &Path) -> PathBuf {
    suffixed(segment, ARCHIVE_SUFFIX)
}

/// A path with something behind its name.
pub(crate) fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// Archives the segments that will not change any more, except the newest `keep` of all; tells of each.
/// The last segment of a journal counts as unchanging once the journal is closed.
pub fn archive(
    dir: impl AsRef<Path>,
    keep: u64,
    mut tell: impl FnMut(&Archived),
) -> Result<Vec<Archived>, JournalError> {
    let dir = dir.as_ref();
    let upkeep = UpkeepLock::take(dir)?;
    let segments = list(dir)?.sound(dir)?;
    let pruned = Pruned::read(dir, segments[0].epoch)?;
    let eligible = segments.len().saturating_sub(usize::try_from(keep).unwrap_or(usize::MAX));
    let mut done = Vec::new();
    for (index, segment) in segments[..eligible].iter().enumerate() {
        if is_archive(&segment.path) {
            continue;
        }
        // Nobody may go on with a journal whose last file is being taken.
        let _writer = if index + 1 == segments.len() {
            if !ends_closed(segment)? {
                continue;
            }
            match DirLock::take(dir) {
                Ok((held, _)) => Some(held),
                Err(JournalError::Locked { .. }) => continue,
                Err(error) => return Err(error),
            }
        } else {
            None
        };
        let gap = pruned.as_ref().map(|gone| gone.from).filter(|from| *from > segment.first_position);
        let until = segments.get(index + 1).map(|next| next.first_position.min(gap.unwrap_or(u64::MAX)));
        let archived = archive_one(&upkeep, segment, until)?;
        tell(&archived);
        done.push(archived);
    }
    Ok(done)
}

/// True if the file ends with an End, as the last one of a closed journal does.
pub(crate) fn ends_closed(segment: &SegmentFile) -> Result<bool, JournalError> {
    let file = crate::files::open(&segment.path)?;
    let error = |source| io_error("read a segment", &segment.path, source);
    let slots = file.metadata().map_err(error)?.len().saturating_sub(frame_offset(0));
    let slots = slots / RECORD_BYTES as u64;
    let Some(last) = slots.checked_sub(1) else { return Ok(false) };
    let record = crate::files::read_slot(&file, last).map_err(error)?;
    Ok(record.is_some_and(|record| record.kind == Kind::End as u16))
}

fn archive_one(
    upkeep: &UpkeepLock,
    segment: &SegmentFile,
    until: Option<u64>,
) -> Result<Archived, JournalError> {
    check_sound(segment, until)?;
    let target = archive_path(&segment.path);
    if !target.exists() {
        let temporary = suffixed(&target, ".tmp");
        let error = |action| move |source| (action, source);
        pack(&segment.path, &temporary)
            .map_err(error("write an archive"))
            .and_then(|()| compare(&segment.path, &temporary).map_err(error("read an archive back")))
            .and_then(|()| fs::rename(&temporary, &target).map_err(error("bring an archive into use")))
            .map_err(|(action, source)| io_error(action, &temporary, source))?;
        upkeep.sync_directory()?;
    } else {
        // An earlier archiving stopped between its last two steps.
        compare(&segment.path, &target)
            .map_err(|source| io_error("read an archive back", &target, source))?;
    }
    let size = |path: &Path| {
        fs::metadata(path).map(|data| data.len()).map_err(|source| io_error("look at a file", path, source))
    };
    let (plain_bytes, archive_bytes) = (size(&segment.path)?, size(&target)?);
    fs::remove_file(&segment.path)
        .map_err(|source| io_error("remove an archived segment", &segment.path, source))?;
    upkeep.sync_directory()?;
    Ok(Archived { file: target, first_position: segment.first_position, plain_bytes, archive_bytes })
}

/// Refuses a segment with a frame below `until`, where the next one begins, that is not as it was written.
fn check_sound(segment: &SegmentFile, until: Option<u64>) -> Result<(), JournalError> {
    let mut reader = SlotReader::open(&segment.path)?;
    let header = checked_header(&reader, segment)?;
    let seed = Seed::new(segment.epoch);
    let slots = (reader.bytes().min(header.file_bytes()) - frame_offset(0)) / RECORD_BYTES as u64;
    // A run that was taken up leaves a segment before it is full.
    let used = until.map_or(slots, |until| until - segment.first_position);
    let mut index = 0;
    while index < used {
        let chunk = reader.chunk(index)?;
        let count = chunk.slots.len() as u64;
        if count == 0 {
            let reason = "the file ends before the next segment begins";
            let position = segment.first_position + index;
            return Err(segment.bad(position, frame_offset(index), BadKind::Length, reason).into());
        }
        for (slot, at) in chunk.slots.iter().zip(index..used) {
            let position = segment.first_position + at;
            if !seed.accepts(slot, position) {
                let (kind, reason) = seed.fault(slot, position);
                return Err(segment.bad(position, frame_offset(at), kind, reason).into());
            }
        }
        index += count;
    }
    Ok(())
}

/// Counts and checksums what passes through.
struct Summed<W> {
    to: W,
    crc: u32,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.crc = crc32c::crc32c_append(self.crc, &bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn pack(segment: &Path, archive: &Path) -> io::Result<()> {
    let mut source = File::open(segment)?;
    let bytes = source.metadata()?.len();
    let file = File::create(archive)?;
    let mut encoder = zstd::Encoder::new(Summed { to: &file, crc: 0 }, LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.include_contentsize(true)?;
    encoder.set_pledged_src_size(Some(bytes))?;
    io::copy(&mut source, &mut encoder)?;
    let mut summed = encoder.finish()?;
    summed.write_all(&TRAILER_HEAD)?;
    summed.write_all(&bytes.to_le_bytes())?;
    let crc = summed.crc;
    (&file).write_all(&crc.to_le_bytes())?;
    file.sync_all()
}

/// Fails unless the archive gives back the segment, byte by byte.
fn compare(segment: &Path, archive: &Path) -> io::Result<()> {
    let restored =
        unpack_bytes(archive)?.map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))?;
    let (mut a, mut b) = (File::open(segment)?, &restored);
    let (mut left, mut right) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    io::Seek::rewind(&mut b)?;
    loop {
        let count = a.read(&mut left)?;
        if count == 0 {
            break;
        }
        b.read_exact(&mut right[..count])?;
        if left[..count] != right[..count] {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not what was written"));
        }
    }
    match b.read(&mut right)? {
        0 => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "it is longer than what was written")),
    }
}

/// What an archive holds, as a file in memory.
pub(crate) fn unpack(path: &Path) -> Result<File, JournalError> {
    match unpack_bytes(path).map_err(|source| io_error("open an archive", path, source))? {
        Ok(file) => Ok(file),
        Err(reason) => {
            let plain = path.with_extension("");
            let name = plain.file_name().map(|name| name.to_string_lossy().into_owned());
            let position = name.and_then(|name| parse_segment_name(&name)).map_or(0, |(_, first)| first);
            let kind = BadKind::Archive;
            Err(Bad { file: path.to_path_buf(), position, byte_offset: 0, kind, reason }.into())
        }
    }
}

/// The content of an archive, or what is wrong with it.
fn unpack_bytes(path: &Path) -> io::Result<Result<File, String>> {
    let packed = fs::read(path)?;
    let Some((covered, crc)) = packed.split_last_chunk::<4>() else {
        return Ok(Err(format!("{} bytes are no archive", packed.len())));
    };
    let Some((frame, trailer)) = covered.split_last_chunk::<{ TRAILER_BYTES - 4 }>() else {
        return Ok(Err(format!("{} bytes are no archive", packed.len())));
    };
    let found = crc32c::crc32c(covered);
    if u32::from_le_bytes(*crc) != found {
        let said = u32::from_le_bytes(*crc);
        return Ok(Err(format!("the archive's checksum is {said:08x}, its bytes give {found:08x}")));
    }
    let (head, size) = trailer.split_at(TRAILER_HEAD.len());
    let bytes = u64::from_le_bytes(size.try_into().expect("20 bytes less 12"));
    if head != TRAILER_HEAD || bytes > CONTENT_BYTES_MAX {
        return Ok(Err("it does not end as an archive of a segment does".into()));
    }
    let mut fault = None;
    let file = crate::map::memory_file(bytes, |content| {
        match zstd::bulk::decompress_to_buffer(frame, content) {
            Ok(count) if count == content.len() => {}
            Ok(count) => fault = Some(format!("it holds {count} bytes and says {bytes}")),
            Err(error) => fault = Some(format!("it cannot be decompressed: {error}")),
        }
        Ok(())
    })?;
    Ok(fault.map_or(Ok(file), Err))
}
