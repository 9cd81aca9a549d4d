//! The thing under test: the journal's own recovery, or one with a defect in its place.
//!
//! Owns the one interface through which the campaigns ask "what counts?". The broken ones are what a
//! hasty author might write; a campaign that passes them all is blind, so each must be found. The checks
//! know nothing of which one they look at.

use std::path::Path;

use pinion_journal::{JournalError, Options, Reader, Writer, scan};
use pinion_model::record::{Kind, RECORD_BYTES, Record};
use zerocopy::{FromBytes, FromZeros};

use crate::oracle;

/// Who judges a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The journal's own recovery.
    Journal,
    /// Believes commit word and position, and skips the checksum.
    SkipsCrc,
    /// Goes on behind an empty slot when sound frames follow.
    AcceptsHoles,
    /// Takes the last record for half-written, whatever it is.
    LosesTail,
    /// Takes damage below a Mark for the end of the journal.
    IgnoresMarks,
}

/// What counts, in the eyes of a subject.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// Why it refuses, if it does.
    pub refused: Option<String>,
    /// The records that count, in order.
    pub records: Vec<Record>,
    /// What marks vouch for.
    pub durable: u64,
    /// The verdict's word.
    pub verdict: String,
}

impl Subject {
    /// Judges a directory.
    pub fn judge(self, dir: &Path) -> Judged {
        match self {
            Subject::Journal => {
                let judge = || journal(dir).unwrap_or_else(refusal);
                std::panic::catch_unwind(judge).unwrap_or_else(|_| Judged {
                    // No record has position 0 and the commit word of an empty slot: never exact.
                    records: vec![Record::new_zeroed()],
                    verdict: "panic".into(),
                    ..Judged::default()
                })
            }
            Subject::LosesTail => {
                let mut judged = Subject::Journal.judge(dir);
                judged.records.pop();
                judged
            }
            Subject::IgnoresMarks => Judged { refused: None, ..Subject::Journal.judge(dir) },
            Subject::SkipsCrc => naive(dir, |slot| slot.commit == 128, false),
            Subject::AcceptsHoles => {
                let sound = |slot: &Record| {
                    let bytes = zerocopy::IntoBytes::as_bytes(slot);
                    slot.commit == 128 && slot.crc32c == oracle::crc(bytes, crate::child::EPOCH)
                };
                naive(dir, sound, true)
            }
        }
    }
}

fn refusal(error: JournalError) -> Judged {
    Judged { refused: Some(error.to_string()), verdict: "error".into(), ..Judged::default() }
}

fn journal(dir: &Path) -> Result<Judged, JournalError> {
    let recovery = scan(dir)?;
    let mut judged = Judged {
        refused: recovery.verdict.refuses().then(|| recovery.to_string()),
        records: Vec::new(),
        durable: recovery.durable_position,
        verdict: recovery.verdict.label().into(),
    };
    if recovery.valid_until > 0 {
        let mut cursor = Reader::open(dir)?.cursor(0)?.until(recovery.valid_until);
        while let Some(record) = cursor.next_record()? {
            judged.records.push(*record);
        }
    }
    Ok(judged)
}

/// A whole recovery but for the one thing: it knows groups, headers and Marks, and refuses below a Mark.
fn naive(dir: &Path, believes: impl Fn(&Record) -> bool, over_holes: bool) -> Judged {
    let mut judged = Judged { verdict: "clean tail".into(), ..Judged::default() };
    let mut going = true;
    for path in oracle::segment_files(dir).unwrap_or_default() {
        let bytes = std::fs::read(path).unwrap_or_default();
        let header = bytes.get(..4096).unwrap_or_default();
        let headed = header.len() == 4096 && crc32c::crc32c(&header[..4092]).to_le_bytes() == header[4092..];
        for slot in bytes.get(4096..).unwrap_or_default().chunks_exact(RECORD_BYTES) {
            let Ok(slot) = Record::read_from_bytes(slot) else { continue };
            let sound = headed && believes(&slot);
            if sound && slot.kind == Kind::Mark as u16 {
                let promised = u64::from_le_bytes(slot.body[..8].try_into().unwrap_or_default());
                judged.durable = judged.durable.max(promised);
            }
            going &= over_holes || (sound && slot.position == judged.records.len() as u64);
            if sound && going {
                judged.records.push(slot);
            }
        }
    }
    while judged.records.last().is_some_and(Record::continues) {
        judged.records.pop();
    }
    if (judged.records.len() as u64) < judged.durable.max(1) {
        judged.refused = Some("damage below a Mark".into());
    }
    judged
}

/// A writer on a directory, new or continued.
#[derive(Debug)]
pub struct Opened {
    /// The writer.
    pub writer: Writer,
    /// What counted when it was opened.
    pub valid_until: u64,
    /// Frames of the caller's among it.
    pub caller_frames: u64,
}

/// Creates a journal where there is none and goes on with any other.
pub fn open_writer(dir: &Path, options: Options) -> Result<Opened, JournalError> {
    match Writer::create(dir, options.clone()) {
        Err(JournalError::Occupied { .. }) => {
            let (writer, resumed) = Writer::resume(dir, options)?;
            let (valid_until, caller_frames) = (resumed.found.valid_until, resumed.found.caller_records);
            Ok(Opened { writer, valid_until, caller_frames })
        }
        created => Ok(Opened { writer: created?, valid_until: 0, caller_frames: 0 }),
    }
}
