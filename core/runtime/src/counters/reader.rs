//! A counters file read back: of a live session, of one that ended, of one that crashed. Never writes.
//!
//! Each value is whole and, where it counts, never goes back; values of one moment need not belong together.

use super::layout::{self, AREA_BYTES, DEFINITION_BYTES, ENTRY_BYTES, ERROR_BYTES, Parts, entry, error};
use super::layout::{
    ERROR_HEADER_BYTES, ERRORS, HEADER_BYTES, SLOT_BYTES, SLOT_COUNTERS, definition, header,
};
use super::map::Map;
use super::process::Process as Owner;
use super::schema::{Kind, Process};
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Why a file cannot be read as counters.
#[derive(Debug)]
pub enum ReadError {
    /// It cannot be opened.
    Io(PathBuf, std::io::Error),
    /// It does not begin as a counters file does.
    Foreign(PathBuf),
    /// It is being made, or its making was cut short.
    HalfMade(PathBuf),
    /// Another build wrote it: its version.
    Version(PathBuf, u64),
    /// Bytes that it has, and bytes that it should have.
    Truncated(PathBuf, u64, u64),
    /// Its parts are not where its counts put them.
    Damaged(PathBuf),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io(path, source) => write!(f, "{}: {source}", path.display()),
            ReadError::Foreign(path) => {
                write!(f, "{}: this is no counters file: it does not begin with PINIONCT", path.display())
            }
            ReadError::HalfMade(path) => write!(
                f,
                "{}: the counters file is not finished; a session that is starting finishes it at once, one that \
                 died while starting never does",
                path.display()
            ),
            ReadError::Version(path, version) => write!(
                f,
                "{}: counters of version {version}; this build reads version {}: use the build that wrote them",
                path.display(),
                layout::VERSION
            ),
            ReadError::Truncated(path, is, should) => write!(
                f,
                "{}: cut short: it has {is} bytes and should have {should}; nothing in it can be relied on",
                path.display()
            ),
            ReadError::Damaged(path) => write!(
                f,
                "{}: damaged: its parts are not where its counts put them; nothing in it can be relied on",
                path.display()
            ),
        }
    }
}

impl std::error::Error for ReadError {}

/// How the session of a file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Live,
    /// It came to its end.
    Ended,
    /// It ended by an error that it told.
    Failed,
    /// Its process is gone without an end.
    Crashed,
}

/// A slot's place in the file.
#[derive(Clone, Debug)]
pub struct SlotView {
    /// Its kind; 0 is none that is known.
    pub kind: u32,
    /// Its name.
    pub name: String,
    /// Its note.
    pub note: String,
    /// How many counters it has.
    pub count: usize,
    values: usize,
}

/// A distinct error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorEntry {
    /// Who noted it.
    pub source: String,
    /// What it says.
    pub text: String,
    /// How often.
    pub count: u64,
    /// Ticks at its first time.
    pub first_ticks: u64,
    /// Ticks at its last time.
    pub last_ticks: u64,
}

/// An open counters file.
#[derive(Debug)]
pub struct CountersFile {
    map: Map,
    path: PathBuf,
    slots: Vec<SlotView>,
    owner: Owner,
    process: usize,
}

impl CountersFile {
    /// Opens a file and checks that it is whole.
    pub fn open(path: &Path) -> Result<CountersFile, ReadError> {
        let io = |source| ReadError::Io(path.into(), source);
        let file = File::open(path).map_err(io)?;
        let meta = file.metadata().map_err(io)?;
        let bytes = meta.len();
        if !meta.is_file() || bytes < 8 {
            return Err(ReadError::Foreign(path.into()));
        }
        // Whole words only: what is left over is checked as a length below.
        let mapped = usize::try_from(bytes / 8 * 8).map_err(|e| io(std::io::Error::other(e)))?;
        let map = Map::read_only(&file, mapped).map_err(io)?;
        let magic = map.get(header::MAGIC);
        if magic != layout::MAGIC {
            // A file that is being made is zero throughout until its header is written.
            let empty = magic == 0 && (0..mapped.min(HEADER_BYTES) / 8).all(|n| map.get(8 * n) == 0);
            let named = path.extension().is_some_and(|e| e == "counters");
            return Err(if empty && named {
                ReadError::HalfMade(path.into())
            } else {
                ReadError::Foreign(path.into())
            });
        }
        if mapped < HEADER_BYTES {
            return Err(ReadError::Truncated(path.into(), bytes, HEADER_BYTES as u64));
        }
        match map.get_published(header::VERSION) {
            0 => return Err(ReadError::HalfMade(path.into())),
            layout::VERSION => {}
            version => return Err(ReadError::Version(path.into(), version)),
        }
        let should = map.get(header::FILE_BYTES);
        if should != bytes {
            return Err(ReadError::Truncated(path.into(), bytes, should));
        }
        let slots = slots_of(&map).ok_or_else(|| ReadError::Damaged(path.into()))?;
        let process =
            slots.iter().position(|s| s.kind == Kind::Process as u32 && s.count >= Process::ALL.len());
        let process = process.ok_or_else(|| ReadError::Damaged(path.into()))?;
        let boot = [map.get(header::BOOT_ID), map.get(header::BOOT_ID + 8)];
        let owner = Owner { pid: map.get(header::PID), start: map.get(header::PROCESS_START), boot };
        Ok(CountersFile { map, path: path.into(), slots, owner, process })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All slots.
    pub fn slots(&self) -> &[SlotView] {
        &self.slots
    }

    /// Slots of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &SlotView> {
        self.slots.iter().filter(move |s| s.kind == kind as u32)
    }

    /// A counter of a slot; 0 where the slot has none such.
    pub fn get(&self, slot: &SlotView, counter: impl Into<usize>) -> u64 {
        let counter = counter.into();
        if counter < slot.count { self.map.get(slot.values + 8 * counter) } else { 0 }
    }

    /// A counter of the session as a whole.
    pub fn process(&self, counter: Process) -> u64 {
        self.get(&self.slots[self.process], counter)
    }

    /// The process that wrote it.
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// When the session started: UTC in ns since 1970, and ticks.
    pub fn started(&self) -> (u64, u64) {
        (self.map.get(header::STARTED_NS), self.map.get(header::STARTED_TICKS))
    }

    /// Build, label and directory of the run.
    pub fn identity(&self) -> [String; 3] {
        [
            self.map.text(header::BUILD, 64),
            self.map.text(header::LABEL, 64),
            self.map.text(header::DIRECTORY, 256),
        ]
    }

    /// How the session stands.
    pub fn state(&self) -> State {
        let told = |state| match state {
            2 => Some(State::Ended),
            3 => Some(State::Failed),
            _ => None,
        };
        if let Some(state) = told(self.process(Process::State)) {
            return state;
        }
        if self.owner.is_alive() {
            return State::Live;
        }
        // It may have ended between the two looks.
        told(self.process(Process::State)).unwrap_or(State::Crashed)
    }

    /// UTC, ns since 1970, of a reading of the time-stamp counter.
    pub fn wall_ns(&self, ticks: u64) -> i64 {
        let since = ticks.wrapping_sub(self.process(Process::Ticks)).cast_signed();
        let at = i128::from(self.process(Process::WallNs)) + self.signed_ns(since);
        i64::try_from(at).unwrap_or(i64::MAX)
    }

    /// Nanoseconds of so many ticks.
    pub fn ns(&self, ticks: u64) -> u64 {
        u64::try_from(self.signed_ns(i64::try_from(ticks).unwrap_or(i64::MAX))).unwrap_or(0)
    }

    fn signed_ns(&self, ticks: i64) -> i128 {
        let rate = i128::from(self.process(Process::TicksPerSecond).max(1));
        i128::from(ticks) * 1_000_000_000 / rate
    }

    /// Names of a kind's counters, in order.
    pub fn names(&self, kind: Kind) -> Vec<String> {
        let all =
            (0..self.map.get(header::DEFINITIONS) as usize).map(|n| HEADER_BYTES + n * DEFINITION_BYTES);
        let ours = all.filter(|at| self.map.get(at + definition::KIND_INDEX) as u32 == kind as u32);
        ours.map(|at| self.map.text(at + definition::NAME, 40)).collect()
    }

    /// Distinct errors, and how often errors found no place any more.
    pub fn errors(&self) -> (Vec<ErrorEntry>, u64) {
        let (mut found, mut lost) = (Vec::new(), 0);
        let at = self.map.get(header::ERRORS_AT) as usize;
        for area in (0..self.map.get(header::AREAS) as usize).map(|n| at + n * AREA_BYTES) {
            lost += self.map.get(area + error::AREA_LOST);
            for entry in (0..ERRORS).map(|n| area + ERROR_HEADER_BYTES + n * ERROR_BYTES) {
                if self.map.get_published(entry + error::LENGTH) == 0 {
                    break;
                }
                found.push(ErrorEntry {
                    source: self.map.text(area + error::AREA_NAME, 64),
                    text: self.map.text(entry + error::TEXT, error::TEXT_BYTES),
                    count: self.map.get(entry + error::COUNT),
                    first_ticks: self.map.get(entry + error::FIRST_TICKS),
                    last_ticks: self.map.get(entry + error::LAST_TICKS),
                });
            }
        }
        (found, lost)
    }
}

/// The slot table; `None` when a part lies elsewhere than its counts put it.
fn slots_of(map: &Map) -> Option<Vec<SlotView>> {
    let word = |at| usize::try_from(map.get(at)).ok();
    let counts = [word(header::DEFINITIONS)?, word(header::SLOTS)?, word(header::AREAS)?];
    let parts = Parts::of(counts[0], counts[1], counts[2])?;
    let told = [word(header::SLOTS_AT)?, word(header::VALUES_AT)?, word(header::ERRORS_AT)?];
    if told != [parts.slots_at, parts.values_at, parts.errors_at] || map.len() != parts.file_bytes {
        return None;
    }
    let slot = |n: usize| {
        let at = parts.slots_at + n * ENTRY_BYTES;
        let (kind, values) = (map.get(at + entry::KIND_COUNT), parts.values_at + n * SLOT_BYTES);
        let count = (kind >> 32) as usize;
        let sound = map.get(at + entry::VALUES) == values as u64 && count <= SLOT_COUNTERS;
        sound.then(|| SlotView {
            kind: kind as u32,
            name: map.text(at + entry::NAME, 48),
            note: map.text(at + entry::NOTE, 64),
            count,
            values,
        })
    };
    (0..counts[1]).map(slot).collect()
}
