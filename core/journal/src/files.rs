//! Finding a journal's segments and reading their slots without a mapping.
//!
//! Owns the listing of a directory and the buffered reading that `verify` and `scan` share. Any cold
//! thread. It only reads; a read error is an error here, where through a mapping it would be SIGBUS.
//! A segment may be plain or an archive: [`open`] gives the same bytes for both.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use pinion_model::record::{RECORD_BYTES, Record};
use zerocopy::{FromZeros, IntoBytes};

use crate::archive::{self, ARCHIVE_SUFFIX};
use crate::error::{Bad, BadKind, JournalError, io_error};
use crate::layout::{HEADER_BYTES, SegmentHeader, frame_offset, parse_segment_name};
use crate::pruned::Pruned;

/// Suffix of a segment that is prepared and not yet part of the journal.
pub(crate) const PREPARED_SUFFIX: &str = ".next";
const SLOTS_PER_READ: usize = 4096;

/// A file whose name says that it is a segment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SegmentFile {
    pub(crate) first_position: u64,
    pub(crate) epoch: u64,
    pub(crate) path: PathBuf,
}

impl SegmentFile {
    /// A finding in this file.
    pub(crate) fn bad(
        &self,
        position: u64,
        byte_offset: u64,
        kind: BadKind,
        reason: impl Into<String>,
    ) -> Bad {
        Bad { file: self.path.clone(), position, byte_offset, kind, reason: reason.into() }
    }
}

/// The segments of a directory by position, each once, and the first `.seg` file whose name is not a segment's.
pub(crate) struct Listing {
    pub(crate) segments: Vec<SegmentFile>,
    pub(crate) stray: Option<Bad>,
}

impl Listing {
    /// The segments, if there are any and every name is sound, without those that a prune left half done.
    pub(crate) fn sound(self, dir: &Path) -> Result<Vec<SegmentFile>, JournalError> {
        if let Some(stray) = self.stray {
            return Err(stray.into());
        }
        if self.segments.is_empty() {
            return Err(JournalError::NoJournal { dir: dir.to_path_buf() });
        }
        let pruned = Pruned::read(dir, self.segments[0].epoch)?;
        Ok(without_leftovers(self.segments, pruned.as_ref()))
    }
}

/// Takes out what a prune has written off and was kept from removing.
pub(crate) fn without_leftovers(mut segments: Vec<SegmentFile>, pruned: Option<&Pruned>) -> Vec<SegmentFile> {
    segments.retain(|segment| !pruned.is_some_and(|pruned| pruned.holds(segment.first_position)));
    segments
}

/// Names of everything in a directory, sorted.
fn names(dir: &Path) -> Result<Vec<OsString>, JournalError> {
    let error = |source| io_error("list the journal's directory", dir, source);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(error)? {
        names.push(entry.map_err(error)?.file_name());
    }
    names.sort();
    Ok(names)
}

/// Lists a directory's segments in the order of their positions.
///
/// Looks twice: a segment that is archived during a look may be in it under neither name, but then its
/// archive was there before the other look began.
pub(crate) fn list(dir: &Path) -> Result<Listing, JournalError> {
    let mut listing = Listing { segments: Vec::new(), stray: None };
    for name in names(dir)?.into_iter().chain(names(dir)?) {
        let text = name.to_string_lossy();
        let plain = text.strip_suffix(ARCHIVE_SUFFIX).unwrap_or(&text);
        if !plain.ends_with(".seg") {
            continue;
        }
        let path = dir.join(&name);
        match parse_segment_name(plain) {
            Some((epoch, first_position)) => {
                listing.segments.push(SegmentFile { first_position, epoch, path });
            }
            None => {
                let reason =
                    "the name is not journal-<epoch, 16 hex digits>-<position, 20 digits>.seg or .seg.zst"
                        .into();
                let bad = Bad { file: path, position: 0, byte_offset: 0, kind: BadKind::Name, reason };
                listing.stray.get_or_insert(bad);
            }
        }
    }
    listing.segments.sort();
    // Both forms are there when archiving was interrupted: the plain one, which sorts first, is whole.
    listing.segments.dedup_by_key(|segment| (segment.first_position, segment.epoch));
    Ok(listing)
}

/// The name of a file that belongs to a journal, if the directory has one.
pub(crate) fn occupant(dir: &Path) -> Result<Option<String>, JournalError> {
    let is_ours = |name: &str| {
        ["", PREPARED_SUFFIX, ARCHIVE_SUFFIX].iter().any(|end| name.ends_with(&format!(".seg{end}")))
    };
    Ok(names(dir)?.iter().map(|name| name.to_string_lossy().into_owned()).find(|name| is_ours(name)))
}

/// Opens a segment's bytes: the file, or in memory what its archive holds. A segment that was archived
/// since it was listed is found too.
pub(crate) fn open(path: &Path) -> Result<File, JournalError> {
    if archive::is_archive(path) {
        return archive::unpack(path);
    }
    match File::open(path) {
        Err(source) if source.kind() == io::ErrorKind::NotFound => {
            let archived = archive::archive_path(path);
            if archived.exists() {
                archive::unpack(&archived)
            } else {
                Err(io_error("open a segment", path, source))
            }
        }
        opened => opened.map_err(|source| io_error("open a segment", path, source)),
    }
}

/// True if the segment is there in one of its forms.
pub(crate) fn exists(path: &Path) -> Result<bool, JournalError> {
    let look =
        |path: &Path| path.try_exists().map_err(|source| io_error("look for the next segment", path, source));
    // In this order: archiving makes the second before it removes the first.
    Ok(look(path)? || look(&archive::archive_path(path))?)
}

/// Reads one segment's slots in order.
pub(crate) struct SlotReader {
    file: File,
    path: PathBuf,
    bytes: u64,
    buffer: Vec<Record>,
}

/// Some slots of a segment, in order.
pub(crate) struct Chunk<'a> {
    /// Slots that are wholly there; a slot in which the file ends does not count.
    pub(crate) slots: &'a [Record],
    /// Index of the first slot in its segment.
    pub(crate) index: u64,
}

impl SlotReader {
    /// Opens a segment.
    pub(crate) fn open(path: &Path) -> Result<Self, JournalError> {
        let file = open(path)?;
        let bytes = file.metadata().map_err(|source| io_error("open a segment", path, source))?.len();
        Ok(SlotReader { file, path: path.to_path_buf(), bytes, buffer: Vec::new() })
    }

    /// Length of the file when it was opened.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The open file.
    pub(crate) fn into_file(self) -> File {
        self.file
    }

    /// The header's bytes; `None` if the file is shorter than a header.
    pub(crate) fn header(&self) -> Result<Option<[u8; HEADER_BYTES]>, JournalError> {
        let mut header = [0; HEADER_BYTES];
        let got = read_full(&self.file, &mut header, 0)
            .map_err(|source| io_error("read a segment's header", &self.path, source))?;
        Ok((got == HEADER_BYTES).then_some(header))
    }

    /// The slots from an index on, as many as fit the buffer; empty at the end of the file.
    pub(crate) fn chunk(&mut self, index: u64) -> Result<Chunk<'_>, JournalError> {
        if self.buffer.is_empty() {
            let wanted = self.bytes.saturating_sub(HEADER_BYTES as u64).div_ceil(RECORD_BYTES as u64);
            let slots =
                usize::try_from(wanted).map_or(SLOTS_PER_READ, |wanted| wanted.clamp(1, SLOTS_PER_READ));
            self.buffer.resize(slots, Record::new_zeroed());
        }
        let buffer = self.buffer.as_mut_bytes();
        let got = read_full(&self.file, buffer, frame_offset(index))
            .map_err(|source| io_error("read a segment", &self.path, source))?;
        let slots = got / RECORD_BYTES;
        Ok(Chunk { slots: &self.buffer[..slots], index })
    }
}

/// Reads until the buffer is full or the file ends.
fn read_full(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match file.read_at(&mut buffer[got..], offset + got as u64) {
            Ok(0) => break,
            Ok(count) => got += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

/// Reads and judges a segment's header: its own bytes, and that it belongs to its name.
pub(crate) fn checked_header(
    reader: &SlotReader,
    segment: &SegmentFile,
) -> Result<SegmentHeader, JournalError> {
    let first = segment.first_position;
    let Some(bytes) = reader.header()? else {
        let reason = format!("{} bytes; a segment has a header of {HEADER_BYTES}", reader.bytes());
        return Err(segment.bad(first, reader.bytes(), BadKind::Length, reason).into());
    };
    let header = SegmentHeader::decode(&bytes)
        .map_err(|fault| segment.bad(first, fault.byte_offset, fault.kind, fault.reason))?;
    if (header.epoch, header.first_position) != (segment.epoch, first) {
        let reason = format!(
            "the header says epoch {:016x} and position {}; the file was renamed or replaced",
            header.epoch, header.first_position
        );
        return Err(segment.bad(first, 16, BadKind::Name, reason).into());
    }
    Ok(header)
}

/// Reads one slot of a segment; `None` if the file ends before the slot does.
pub(crate) fn read_slot(file: &File, index: u64) -> io::Result<Option<Record>> {
    let mut record = Record::new_zeroed();
    let got = read_full(file, record.as_mut_bytes(), frame_offset(index))?;
    Ok((got == RECORD_BYTES).then_some(record))
}
