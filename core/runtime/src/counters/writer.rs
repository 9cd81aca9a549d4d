//! Makes a counters file and hands out its slots, each once.
//!
//! The file is made and filled before its version word is stored: a reader that finds no version finds a file
//! that is not finished. Only making the file can fail; afterwards nothing does.

use super::errors::ErrorLog;
use super::layout::{self, AREA_BYTES, DEFINITION_BYTES, ENTRY_BYTES, Parts, SLOT_BYTES, definition, entry};
use super::layout::{HEADER_BYTES, SLOT_COUNTERS, error, header};
use super::map::Map;
use super::process::{Process as Owner, is_in_memory};
use super::schema::{Agent, Definition, Feed, Kind, Link, Process, Thread};
use super::threads::ThreadUse;
use crate::ticks::{Anchors, Reading};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a session calls itself.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The program and its version.
    pub build: &'a str,
    /// What runs, for people.
    pub label: &'a str,
    /// The run's directory, empty without one.
    pub directory: &'a str,
}

/// Which slots a file has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shape<'a> {
    /// Agents with a note for each, such as the processor.
    pub agents: &'a [(&'a str, &'a str)],
    /// Links by name, with `sender -> receiver`.
    pub links: &'a [(&'a str, &'a str)],
    /// Feeds.
    pub feeds: &'a [&'a str],
    /// Reasons for which feeds refuse lines.
    pub reasons: &'a [&'a str],
    /// Who may note errors.
    pub errors: &'a [&'a str],
}

/// The counters of one slot: its one writer.
#[derive(Debug)]
pub struct Slot {
    map: Arc<Map>,
    at: usize,
}

impl Slot {
    #[inline(always)]
    fn offset(&self, counter: impl Into<usize>) -> usize {
        let counter = counter.into();
        assert!(counter < SLOT_COUNTERS, "a slot has no counter {counter}");
        self.at + 8 * counter
    }

    /// Reads a counter back.
    #[inline(always)]
    pub fn get(&self, counter: impl Into<usize>) -> u64 {
        self.map.get(self.offset(counter))
    }

    /// Sets a counter.
    #[inline(always)]
    pub fn set(&self, counter: impl Into<usize>, value: u64) {
        self.map.set(self.offset(counter), value);
    }

    /// Adds to a counter that only this slot's thread writes.
    #[inline(always)]
    pub fn add(&self, counter: impl Into<usize>, count: u64) {
        let at = self.offset(counter);
        self.map.set(at, self.map.get(at).wrapping_add(count));
    }
}

/// A counters file, in the hands of the session's main thread.
#[derive(Debug)]
pub struct Counters {
    map: Arc<Map>,
    path: PathBuf,
    /// Slots that nobody has taken yet.
    free: Vec<(Kind, String, usize)>,
    areas: Vec<(String, usize)>,
    process: Slot,
    /// Agents' slots, to read, and threads' slots, to write.
    threads: Vec<(usize, Slot)>,
    anchors: Anchors,
    /// Where allocations on hot threads are counted.
    pub hot_allocations: Option<fn() -> u64>,
}

impl Counters {
    /// Makes the file, which must not be there, and publishes it.
    pub fn create(
        path: &Path,
        identity: &Identity<'_>,
        shape: &Shape<'_>,
        anchors: &Anchors,
    ) -> io::Result<Counters> {
        let reasons = &shape.reasons[..shape.reasons.len().min(SLOT_COUNTERS - Feed::ALL.len())];
        let definitions = definitions(reasons.iter().copied());
        let slots = slots(shape, reasons.len());
        let parts = Parts::of(definitions.len(), slots.len(), shape.errors.len())
            .ok_or_else(|| io::Error::other("more slots than a counters file can hold"))?;
        let map = Arc::new(new_file(path, parts.file_bytes)?);
        for (n, (kind, index, unit, name, doc)) in definitions.iter().enumerate() {
            let at = HEADER_BYTES + n * DEFINITION_BYTES;
            map.set(at + definition::KIND_INDEX, *kind as u64 | (*index as u64) << 32);
            map.set_text(at + definition::UNIT, 16, unit);
            map.set_text(at + definition::NAME, 40, name);
            map.set_text(at + definition::DOC, 192, doc);
        }
        let mut free = Vec::new();
        for (n, (kind, count, name, note)) in slots.iter().enumerate() {
            let (at, values) = (parts.slots_at + n * ENTRY_BYTES, parts.values_at + n * SLOT_BYTES);
            map.set(at + entry::KIND_COUNT, *kind as u64 | (*count as u64) << 32);
            map.set(at + entry::VALUES, values as u64);
            map.set_text(at + entry::NAME, 48, name);
            map.set_text(at + entry::NOTE, 64, note);
            free.push((*kind, (*name).to_string(), values));
        }
        let area = |n: usize| parts.errors_at + n * AREA_BYTES;
        let areas: Vec<_> =
            shape.errors.iter().enumerate().map(|(n, name)| ((*name).to_string(), area(n))).collect();
        areas.iter().for_each(|(name, at)| {
            map.set_text(at + error::AREA_NAME, 64, name);
        });
        put_header(&map, identity, &parts, [definitions.len(), slots.len(), areas.len()], anchors.first());
        let counters = Counters::hand_out(map, path, free, areas, anchors.clone());
        counters.process.set(Process::Locked, u64::from(counters.map.lock()));
        counters.process.set(Process::InMemory, u64::from(is_in_memory(path)));
        counters.process.set(Process::State, 1);
        counters.look();
        // Last: before this no reader takes the file for one.
        counters.map.publish(header::VERSION, layout::VERSION);
        Ok(counters)
    }

    fn hand_out(
        map: Arc<Map>,
        path: &Path,
        mut free: Vec<(Kind, String, usize)>,
        areas: Vec<(String, usize)>,
        anchors: Anchors,
    ) -> Counters {
        let slot = |at| Slot { map: map.clone(), at };
        let process = slot(free[0].2);
        let agents = free.iter().filter(|(kind, ..)| *kind == Kind::Agent).map(|(.., at)| *at);
        let threads = free.iter().filter(|(kind, ..)| *kind == Kind::Thread).map(|(.., at)| slot(*at));
        let threads = agents.zip(threads).collect();
        free.retain(|(kind, ..)| !matches!(kind, Kind::Process | Kind::Thread));
        Counters { map, path: path.into(), free, areas, process, threads, anchors, hot_allocations: None }
    }

    /// The slot with this name, for its one writer: a second call finds none.
    pub fn slot(&mut self, kind: Kind, name: &str) -> Option<Slot> {
        let at = self.free.iter().position(|(k, n, _)| *k == kind && n == name)?;
        Some(Slot { map: self.map.clone(), at: self.free.swap_remove(at).2 })
    }

    /// The error area with this name, for its one writer: a second call finds none.
    pub fn errors(&mut self, name: &str) -> Option<ErrorLog> {
        let at = self.areas.iter().position(|(n, _)| n == name)?;
        Some(ErrorLog::new(self.map.clone(), self.areas.swap_remove(at).1))
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The slot of the session as a whole, which the caller's thread writes.
    pub fn process(&self) -> &Slot {
        &self.process
    }

    /// Ticks in a second, as measured so far.
    pub fn ticks_per_second(&self) -> u64 {
        self.process.get(Process::TicksPerSecond)
    }

    /// Looks at clock and threads. For the session's main thread, about once a second; the threads are not
    /// disturbed by it.
    pub fn look(&self) {
        let process = &self.process;
        let ns_per_tick = self.anchors.ns_per_tick();
        if ns_per_tick.is_finite() && ns_per_tick > 0.0 {
            process.set(Process::TicksPerSecond, (1e9 / ns_per_tick).round() as u64);
        }
        if let Some(count) = self.hot_allocations {
            process.set(Process::HotAllocations, count());
            process.set(Process::HotAllocationsCounted, 1);
        }
        let now = self.anchors.read();
        let is_warm = now.mono_ns.saturating_sub(self.anchors.first().mono_ns) >= 1_000_000_000;
        for (agent, slot) in &self.threads {
            let thread = self.map.get(agent + 8 * Agent::ThreadId as usize);
            if thread != 0
                && let Some(found) = ThreadUse::of(thread)
            {
                found.put(slot, is_warm && slot.get(Thread::WarmSet) == 0);
            }
        }
        process.set(Process::Ticks, now.ticks);
        process.set(Process::WallNs, now.wall_ns);
        process.add(Process::Looks, 1);
    }

    /// The session came to its end, by an error or not: looks a last time and says so in the file.
    pub fn end(&self, by_error: bool) {
        self.look();
        self.process.set(Process::State, if by_error { 3 } else { 2 });
    }

    /// The file's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.map.bytes()
    }
}

/// A file of zeros, mapped. The bytes are written, so that a full file system says so here.
fn new_file(path: &Path, bytes: usize) -> io::Result<Map> {
    let mut file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
    let made = file.write_all(&vec![0; bytes]).and_then(|()| Map::writable(&file, bytes));
    made.inspect_err(|_| {
        // What could not be made is of no use to anyone.
        let _ = std::fs::remove_file(path);
    })
}

fn put_header(map: &Map, identity: &Identity<'_>, parts: &Parts, counts: [usize; 3], first: Reading) {
    let owner = Owner::this();
    let words = [
        (header::MAGIC, layout::MAGIC),
        (header::FILE_BYTES, parts.file_bytes as u64),
        (header::DEFINITIONS, counts[0] as u64),
        (header::SLOTS, counts[1] as u64),
        (header::AREAS, counts[2] as u64),
        (header::SLOTS_AT, parts.slots_at as u64),
        (header::VALUES_AT, parts.values_at as u64),
        (header::ERRORS_AT, parts.errors_at as u64),
        (header::PID, owner.pid),
        (header::PROCESS_START, owner.start),
        (header::STARTED_NS, first.wall_ns),
        (header::STARTED_TICKS, first.ticks),
        (header::BOOT_ID, owner.boot[0]),
        (header::BOOT_ID + 8, owner.boot[1]),
    ];
    words.iter().for_each(|(at, value)| map.set(*at, *value));
    map.set_text(header::BUILD, 64, identity.build);
    map.set_text(header::LABEL, 64, identity.label);
    map.set_text(header::DIRECTORY, 256, identity.directory);
}

type Described<'a> = (Kind, usize, &'a str, &'a str, &'a str);

fn definitions<'a>(reasons: impl Iterator<Item = &'a str>) -> Vec<Described<'a>> {
    let known: [(Kind, &[Definition]); 5] = [
        (Kind::Process, Process::ALL),
        (Kind::Agent, Agent::ALL),
        (Kind::Thread, Thread::ALL),
        (Kind::Link, Link::ALL),
        (Kind::Feed, Feed::ALL),
    ];
    let of_kind = |(kind, all): (Kind, &'static [Definition])| {
        all.iter().enumerate().map(move |(index, d)| (kind, index, d.unit, d.name, d.doc))
    };
    let reasons = reasons.enumerate();
    let reasons = reasons
        .map(|(n, reason)| (Kind::Feed, Feed::ALL.len() + n, "count", reason, "Refused for this reason."));
    known.into_iter().flat_map(of_kind).chain(reasons).collect()
}

type Planned<'a> = (Kind, usize, &'a str, &'a str);

fn slots<'a>(shape: &Shape<'a>, reasons: usize) -> Vec<Planned<'a>> {
    let mut slots = vec![(Kind::Process, Process::ALL.len(), "session", "")];
    slots.extend(shape.agents.iter().map(|(name, note)| (Kind::Agent, Agent::ALL.len(), *name, *note)));
    slots.extend(shape.agents.iter().map(|(name, note)| (Kind::Thread, Thread::ALL.len(), *name, *note)));
    slots.extend(shape.links.iter().map(|(name, note)| (Kind::Link, Link::ALL.len(), *name, *note)));
    slots.extend(shape.feeds.iter().map(|name| (Kind::Feed, Feed::ALL.len() + reasons, *name, "")));
    slots
}
