//! Journals for the tests: small ones with everything in them, and the means to damage them.
//!
//! Owns nothing at run time; used by the integration tests only. It knows the format from `FORMAT.md`
//! and repeats the checksum and the chain instead of borrowing them, so that an error in the crate
//! does not hide itself.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};

use pinion_journal::{Anchor, HEADER_BYTES, Head, Options, Writer};
use pinion_model::record::{FLAG_MORE, Kind, RECORD_BYTES, Record};

pub const EPOCH: u64 = 0x0123_4567_89ab_cdef;

/// A small generator with a seed, so that every failure can be had again.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

pub fn segment_bytes(frames: u64) -> u64 {
    HEADER_BYTES as u64 + frames * RECORD_BYTES as u64
}

pub fn options(frames: u64) -> Options {
    let mut options = Options::new(EPOCH);
    options.segment_bytes = segment_bytes(frames);
    options.plan_hash = [0xab; 32];
    options.build = "pinion 0.1.0 (test)".into();
    options.anchor = Anchor { ticks: 1_000, wall_ns: 1_700_000_000_000_000_000, mono_ns: 42 };
    options.source = 9;
    options
}

pub fn quote(number: u64) -> Record {
    let mut body = [0; 96];
    let mut random = Random(number + 1);
    for piece in body.chunks_mut(8) {
        piece.copy_from_slice(&random.next().to_le_bytes());
    }
    body[..8].copy_from_slice(&number.to_le_bytes());
    Record::new(Kind::Quote, 2_000 + number, 1, body)
}

pub fn quotes(writer: &mut Writer, numbers: std::ops::Range<u64>) {
    for number in numbers {
        writer.append(&quote(number)).unwrap();
    }
}

/// A chained group of `frames` frames.
pub fn depth(number: u64, frames: usize) -> Vec<Record> {
    (0..frames)
        .map(|index| {
            let mut record = quote(number);
            record.kind = if index == 0 { Kind::Depth as u16 } else { Kind::DepthLevels as u16 };
            record.flags = if index + 1 < frames { FLAG_MORE } else { 0 };
            record
        })
        .collect()
}

/// Appends a bit of everything; `rounds` of about 9 records each.
pub fn fill(writer: &mut Writer, rounds: u64) {
    writer.append_text(Kind::Plan, &[b'p'; 250]).unwrap();
    for round in 0..rounds {
        for number in 0..4 {
            writer.append(&quote(round * 10 + number)).unwrap();
        }
        writer.append_batch(&depth(round, 3)).unwrap();
        if round % 3 == 1 {
            writer.mark(1_700_000_000_000_000_000 + round).unwrap();
        }
        if round % 5 == 2 {
            let anchor = Anchor { ticks: 3_000 + round, wall_ns: 1_700_000_001_000_000_000, mono_ns: 43 };
            writer.anchor(anchor).unwrap();
        }
    }
}

pub fn closed(dir: &Path, frames: u64, rounds: u64) -> Head {
    let mut writer = Writer::create(dir, options(frames)).unwrap();
    fill(&mut writer, rounds);
    writer.close(1_700_000_002_000_000_000, b"digest=00 orders=0").unwrap()
}

/// A journal whose writer vanished.
pub fn unclosed(dir: &Path, frames: u64, rounds: u64) -> u64 {
    let mut writer = Writer::create(dir, options(frames)).unwrap();
    fill(&mut writer, rounds);
    writer.position()
}

pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "seg"))
        .collect();
    files.sort();
    files
}

pub fn only_file(dir: &Path) -> PathBuf {
    let files = files(dir);
    assert_eq!(files.len(), 1, "{files:?}");
    files.into_iter().next().unwrap()
}

pub fn frame(bytes: &mut [u8], index: usize) -> &mut [u8] {
    &mut bytes[HEADER_BYTES + index * RECORD_BYTES..][..RECORD_BYTES]
}

/// Gives a frame the checksum that its bytes ask for.
pub fn fix_crc(frame: &mut [u8]) {
    let mut covered = EPOCH.to_le_bytes().to_vec();
    covered.extend_from_slice(&frame[..4]);
    covered.extend_from_slice(&frame[8..]);
    frame[4..8].copy_from_slice(&crc32c::crc32c(&covered).to_le_bytes());
}

/// Gives a header the checksum that its bytes ask for.
pub fn fix_header_crc(bytes: &mut [u8]) {
    let crc = crc32c::crc32c(&bytes[..4092]);
    bytes[4092..4096].copy_from_slice(&crc.to_le_bytes());
}

fn chain(value: &mut [u8; 32], bytes: &[u8]) {
    let mut hasher = blake3::Hasher::new();
    hasher.update(value);
    hasher.update(bytes);
    *value = *hasher.finalize().as_bytes();
}

/// Computes the chain of a closed one-segment journal anew, as an outsider without the head could.
pub fn rechain(bytes: &mut [u8]) {
    let frames = (bytes.len() - HEADER_BYTES) / RECORD_BYTES;
    let mut value = [0; 32];
    chain(&mut value, &bytes[..HEADER_BYTES]);
    let mut first = 0;
    for index in 0..frames {
        let kind = u16::from_le_bytes(frame(bytes, index)[24..26].try_into().unwrap());
        if kind != Kind::Checkpoint as u16 && kind != Kind::End as u16 {
            continue;
        }
        let batch = bytes[HEADER_BYTES + first * RECORD_BYTES..HEADER_BYTES + index * RECORD_BYTES].to_vec();
        chain(&mut value, &batch);
        first = index;
        let slot = frame(bytes, index);
        slot[32..64].copy_from_slice(&value);
        fix_crc(slot);
    }
}

/// Computes every checksum and chain value of a plain journal anew, over all its segments: what somebody
/// does who edits records and hides it.
pub fn rechain_all(dir: &Path) {
    let mut value = [0; 32];
    for path in files(dir) {
        let mut bytes = fs::read(&path).unwrap();
        bytes[64..96].copy_from_slice(&value);
        fix_header_crc(&mut bytes);
        chain(&mut value, &bytes[..HEADER_BYTES]);
        let (mut first, mut index) = (0, 0);
        while HEADER_BYTES + index * RECORD_BYTES < bytes.len() {
            let slot = frame(&mut bytes, index);
            if slot[..4] == [0; 4] {
                break;
            }
            let kind = u16::from_le_bytes(slot[24..26].try_into().unwrap());
            if kind == Kind::Checkpoint as u16 || kind == Kind::End as u16 {
                let batch = &bytes[HEADER_BYTES + first * RECORD_BYTES..HEADER_BYTES + index * RECORD_BYTES];
                let batch = batch.to_vec();
                chain(&mut value, &batch);
                first = index;
                frame(&mut bytes, index)[32..64].copy_from_slice(&value);
            }
            fix_crc(frame(&mut bytes, index));
            index += 1;
        }
        let rest = bytes[HEADER_BYTES + first * RECORD_BYTES..HEADER_BYTES + index * RECORD_BYTES].to_vec();
        chain(&mut value, &rest);
        fs::write(&path, bytes).unwrap();
    }
}
