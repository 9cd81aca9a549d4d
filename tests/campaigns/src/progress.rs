//! What the child says that it did, in memory that survives its death.
//!
//! Owns one small file beside the journal: counters in a shared mapping that the child stores to after
//! each call returned. A kill keeps every store. The parent reads the file; nothing in it is ever read by
//! the thing under test. One child writes; a file that cannot be mapped ends it with the reason.
#![allow(unsafe_code)]

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::MmapMut;

const WORDS: usize = 1 << 13;
const POSITIONS_FROM: usize = 64;
/// Items of which the first position is kept.
pub const ITEMS_MAX: u64 = (WORDS - POSITIONS_FROM) as u64;

/// What the child does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u64)]
pub enum Phase {
    /// Before the writer exists: creating or recovering.
    Open = 0,
    /// Appending.
    Append = 1,
    /// Waiting for the disk and writing a Mark.
    Mark = 2,
    /// Making the next segment.
    Prepare = 3,
    /// Appending a text: a plan, a snapshot.
    Text = 4,
    /// Archiving closed segments.
    Archive = 5,
    /// Removing what may go.
    Prune = 6,
    /// Closing.
    Close = 7,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Phase; 8] = [
        Phase::Open,
        Phase::Append,
        Phase::Mark,
        Phase::Prepare,
        Phase::Text,
        Phase::Archive,
        Phase::Prune,
        Phase::Close,
    ];

    /// The word that reports print.
    pub fn label(self) -> &'static str {
        match self {
            Phase::Open => "open",
            Phase::Append => "append",
            Phase::Mark => "mark",
            Phase::Prepare => "prepare",
            Phase::Text => "text",
            Phase::Archive => "archive",
            Phase::Prune => "prune",
            Phase::Close => "close",
        }
    }
}

/// One counter of the child's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Word {
    /// Items whose append returned.
    Items = 0,
    /// Position below which the writer said that everything is on disk.
    Durable = 1,
    /// 1 once a writer was had.
    Opened = 2,
    /// The [`Phase`].
    Phase = 3,
    /// 1 once `close` returned.
    Closed = 4,
    /// Errors of the operating system that the writer reported and that were tried again.
    Retried = 5,
    /// 1 once the writer reported a failed sync.
    SyncFailed = 6,
    /// Records of the last head that was kept; the four words behind hold its chain value.
    HeadRecords = 8,
    /// What recovery said counts.
    ResumedAt = 16,
    /// Segments that were begun by this child.
    Rolls = 17,
}

/// The child's side.
#[derive(Debug)]
pub struct Progress {
    map: MmapMut,
}

impl Progress {
    /// Opens the file, which the parent made.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        // SAFETY: the parent made the file at full length and only reads it; nobody truncates it.
        let map = unsafe { MmapMut::map_mut(&file)? };
        assert_eq!(map.len(), WORDS * 8, "{}: not a progress file", path.display());
        Ok(Progress { map })
    }

    fn word(&mut self, index: usize) -> &AtomicU64 {
        assert!(index < WORDS);
        // SAFETY: in bounds by the line above; a mapping is page-aligned, so every word is 8-aligned;
        // `&mut self` makes this the only reference into the mapping of this process.
        unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().cast::<u64>().add(index)) }
    }

    /// Stores a counter.
    pub fn set(&mut self, word: Word, value: u64) {
        self.word(word as usize).store(value, Ordering::Release);
    }

    /// Reads one back.
    pub fn get(&mut self, word: Word) -> u64 {
        self.word(word as usize).load(Ordering::Acquire)
    }

    /// Says what comes next.
    pub fn enter(&mut self, phase: Phase) {
        self.set(Word::Phase, phase as u64);
    }

    /// Keeps an item's first position, then counts the item.
    pub fn appended(&mut self, item: u64, position: u64) {
        if item < ITEMS_MAX {
            // 0 means "not kept": no item of a caller stands at position 0.
            self.word(POSITIONS_FROM + item as usize).store(position, Ordering::Release);
        }
        self.set(Word::Items, item + 1);
    }

    /// Keeps a head. The count is cleared while the value is stored, so that a kill leaves no mixture.
    pub fn head(&mut self, records: u64, chain: &[u8; 32]) {
        self.set(Word::HeadRecords, 0);
        for (index, piece) in chain.chunks(8).enumerate() {
            let value = u64::from_le_bytes(piece.try_into().unwrap_or_default());
            self.word(Word::HeadRecords as usize + 1 + index).store(value, Ordering::Release);
        }
        self.set(Word::HeadRecords, records);
    }
}

/// The parent's view at one moment.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    words: Vec<u64>,
}

impl Seen {
    /// Reads the file.
    pub fn read(path: &Path) -> io::Result<Self> {
        let bytes = std::fs::read(path)?;
        let words = bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
        Ok(Seen { words })
    }

    /// What a writer in this process did, in the same form.
    pub fn of(items: u64, durable: u64) -> Self {
        let mut seen = Seen { words: vec![0; POSITIONS_FROM] };
        seen.set(Word::Items, items);
        seen.set(Word::Durable, durable);
        seen
    }

    /// Keeps a head.
    pub fn keep_head(&mut self, records: u64, chain: [u8; 32]) {
        self.set(Word::HeadRecords, records);
        let from = Word::HeadRecords as usize + 1;
        for (word, piece) in self.words[from..].iter_mut().zip(chain.chunks(8)) {
            *word = u64::from_le_bytes(piece.try_into().unwrap_or_default());
        }
    }

    /// A counter.
    pub fn get(&self, word: Word) -> u64 {
        self.words.get(word as usize).copied().unwrap_or(0)
    }

    /// Takes another value for a counter.
    pub fn set(&mut self, word: Word, value: u64) {
        if let Some(place) = self.words.get_mut(word as usize) {
            *place = value;
        }
    }

    /// Where an item began, if that was kept.
    pub fn position(&self, item: u64) -> Option<u64> {
        let position = self.words.get(POSITIONS_FROM + usize::try_from(item).ok()?).copied();
        position.filter(|position| *position != 0 && item < self.get(Word::Items))
    }

    /// The head that was kept: records and chain value.
    pub fn head(&self) -> Option<(u64, [u8; 32])> {
        let records = self.get(Word::HeadRecords);
        let mut chain = [0; 32];
        let from = Word::HeadRecords as usize + 1;
        for (piece, word) in chain.chunks_mut(8).zip(self.words.get(from..)?) {
            piece.copy_from_slice(&word.to_le_bytes());
        }
        (records != 0).then_some((records, chain))
    }

    /// What the child was at.
    pub fn phase(&self) -> Phase {
        Phase::ALL[(self.get(Word::Phase) as usize).min(Phase::ALL.len() - 1)]
    }
}

/// Makes an empty file of the right length.
pub fn create(path: &Path) -> io::Result<()> {
    File::create(path)?.set_len((WORDS * 8) as u64)
}
