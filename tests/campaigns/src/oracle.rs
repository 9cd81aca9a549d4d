//! A second reading of the files, written from `core/journal/FORMAT.md` alone.
//!
//! Owns what the campaigns hold the journal's own reading against: which frames are sound, and the chain
//! over any prefix. It repeats checksum and chain instead of borrowing them, so that an error in the crate
//! does not hide itself. Reads whole small directories; any thread.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use pinion_model::record::{Kind, RECORD_BYTES, Record};
use zerocopy::{FromBytes, IntoBytes};

const HEADER_BYTES: usize = 4096;
const COMMITTED: u32 = 128;

/// A directory's segments as they are on disk.
#[derive(Debug, Default)]
pub struct Oracle {
    segments: BTreeMap<u64, Segment>,
}

#[derive(Debug)]
struct Segment {
    header: Vec<u8>,
    capacity: u64,
    sound: Vec<Option<Record>>,
}

impl Oracle {
    /// Reads a directory. Files that are no segments, and headers that are unsound, are left out.
    pub fn read(dir: &Path) -> io::Result<Self> {
        let mut oracle = Oracle::default();
        for path in segment_files(dir)? {
            let Some((epoch, first)) = parse(&path) else { continue };
            let bytes = std::fs::read(&path)?;
            let Some(header) = bytes.get(..HEADER_BYTES) else { continue };
            let number = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().unwrap_or_default());
            let crc = u32::from_le_bytes(header[4092..].try_into().unwrap_or_default());
            if crc != crc32c::crc32c(&header[..4092]) || (number(16), number(24)) != (epoch, first) {
                continue;
            }
            let sound = bytes[HEADER_BYTES..]
                .chunks_exact(RECORD_BYTES)
                .zip(first..)
                .map(|(slot, position)| frame(slot, epoch, position))
                .collect();
            let segment = Segment { header: header.to_vec(), capacity: number(120), sound };
            oracle.segments.insert(first, segment);
        }
        Ok(oracle)
    }

    /// The sound frame at a position.
    pub fn frame(&self, position: u64) -> Option<&Record> {
        let (first, segment) = self.segments.range(..=position).next_back()?;
        segment.sound.get((position - first) as usize)?.as_ref()
    }

    /// Sound frames from the first position on without a gap, in whole groups.
    pub fn prefix(&self) -> u64 {
        let mut whole = 0;
        for frame in (0..).map_while(|position| self.frame(position)) {
            if !frame.continues() {
                whole = frame.position + 1;
            }
        }
        whole
    }

    /// The highest position that a sound Mark vouches for.
    pub fn durable(&self) -> u64 {
        let marks = self.segments.values().flat_map(|segment| &segment.sound).flatten();
        let promised = marks
            .filter(|frame| frame.kind == Kind::Mark as u16)
            .map(|mark| u64::from_le_bytes(mark.body[..8].try_into().unwrap_or_default()));
        promised.max().unwrap_or(0)
    }

    /// True if the chain over this many records has this value. Where a segment is exactly full, the value
    /// is told before and after the next header; both are its own.
    pub fn chain_is(&self, records: u64, value: &[u8; 32]) -> bool {
        let mut chain = Chain { value: [0; 32], batch: Vec::new() };
        let mut firsts = self.segments.keys().skip(1);
        for (first, segment) in &self.segments {
            // A segment that was left before it was full ends where the next begins.
            let end = firsts.next().map_or(u64::MAX, |next| *next).min(first + segment.capacity);
            if *first == records && chain.head() == *value {
                return true;
            }
            if *first > records {
                break;
            }
            chain.fold();
            chain.take(&segment.header);
            chain.fold();
            let used = records.min(end).saturating_sub(*first);
            for frame in segment.sound.iter().take(used as usize) {
                let Some(frame) = frame else { return false };
                if frame.kind == Kind::Checkpoint as u16 {
                    chain.fold();
                }
                chain.take(frame.as_bytes());
            }
        }
        chain.head() == *value
    }
}

struct Chain {
    value: [u8; 32],
    batch: Vec<u8>,
}

impl Chain {
    fn take(&mut self, bytes: &[u8]) {
        self.batch.extend_from_slice(bytes);
    }

    fn head(&self) -> [u8; 32] {
        if self.batch.is_empty() {
            return self.value;
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.value).update(&self.batch);
        *hasher.finalize().as_bytes()
    }

    fn fold(&mut self) {
        self.value = self.head();
        self.batch.clear();
    }
}

fn frame(slot: &[u8], epoch: u64, position: u64) -> Option<Record> {
    let record = Record::read_from_bytes(slot).ok()?;
    let sound =
        record.commit == COMMITTED && record.position == position && record.crc32c == crc(slot, epoch);
    sound.then_some(record)
}

/// The checksum that a frame of an epoch must carry.
pub fn crc(slot: &[u8], epoch: u64) -> u32 {
    let covered = crc32c::crc32c_append(crc32c::crc32c(&epoch.to_le_bytes()), &COMMITTED.to_le_bytes());
    crc32c::crc32c_append(covered, &slot[8..])
}

/// Epoch and first position in a segment's name.
pub fn parse(path: &Path) -> Option<(u64, u64)> {
    let name = path.file_name()?.to_str()?;
    let (epoch, first) = name.strip_prefix("journal-")?.strip_suffix(".seg")?.split_once('-')?;
    Some((u64::from_str_radix(epoch, 16).ok()?, first.parse().ok()?))
}

/// The files of a directory that are segments, in order.
pub fn segment_files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "seg") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
