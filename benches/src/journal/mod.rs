//! Records from the hot thread to the cold one, and from there into files.
//!
//! [`hand_over`] times each push of a record into the link while a thread beside it drains the link into a
//! journal. [`contenders`] append records as fast as they go: our journal with checksum, position and chain,
//! and others without waiting for the disk either.

#[cfg(feature = "peers")]
mod sqlite;

use crate::clock::Clock;
use crate::contest::Contender;
use pinion_journal::{JournalError, Options, Writer};
use pinion_model::record::{BODY_BYTES, Entry, Kind, Record};
use pinion_runtime::agent::{Agent, Runner};
use pinion_runtime::idle::{Idle, IdleKind};
use pinion_runtime::link::{Rx, link};
use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Name of our journal in tables.
pub const OURS: &str = "journal";
/// Records that the link holds.
const DEPTH: usize = 65_536;

/// A body that differs from record to record.
fn body(n: u64) -> [u8; BODY_BYTES] {
    let mut body = [7; BODY_BYTES];
    body[..8].copy_from_slice(&n.to_le_bytes());
    body
}

/// The cold thread: takes records from the link into a journal.
struct Cold {
    rx: Rx<Entry>,
    writer: Writer,
    failed: Option<JournalError>,
}

impl Agent for Cold {
    fn do_work(&mut self) -> usize {
        let Cold { rx, writer, failed } = self;
        let work = rx.read_batch(1024, |entry, _| {
            if failed.is_none() {
                *failed = writer.append(&Record::of(entry)).err();
            }
        });
        if work == 0 && failed.is_none() {
            *failed = writer.prepare_next().err();
        }
        work
    }

    fn is_done(&self) -> bool {
        self.rx.is_finished()
    }
}

/// How the hot thread hands over.
#[derive(Clone, Debug)]
pub struct HandOver {
    /// The clock.
    pub clock: Clock,
    /// Processor of the cold thread.
    pub cold_core: Option<usize>,
    /// Time between two records, ns.
    pub gap_ns: u64,
    /// Records.
    pub records: u64,
    /// Parent of the directory of the journal, which is removed again.
    pub scratch: PathBuf,
}

/// Times of the pushes in ticks of the clock, sorted; the clock's own cost is in them. Panics when a record is
/// missing from the journal at the end.
pub fn hand_over(load: &HandOver) -> Result<Vec<u64>, JournalError> {
    let dir = scratch(&load.scratch);
    let writer = Writer::create(dir.path(), Options::new(1))?;
    let (mut tx, rx) = link(DEPTH);
    tx.warm();
    let cold = Cold { rx, writer, failed: None };
    let cold = Runner::start("cold", load.cold_core, Idle::new(IdleKind::Backoff), cold)
        .unwrap_or_else(|e| panic!("a thread cannot be started: {e}"));
    let clock = &load.clock;
    let gap = (load.gap_ns as f64 / clock.ns_per_tick) as u64;
    let mut times = Vec::with_capacity(load.records as usize);
    let mut due = clock.now();
    for n in 0..load.records {
        due += gap;
        while clock.now() < due {
            std::hint::spin_loop();
        }
        // What the engine does before its input: credits for all that it may cause.
        while !tx.has_credits(1) {
            std::thread::yield_now();
        }
        let entry = Entry::new(Kind::Quote, due, 0, body(n));
        let began = clock.now_in_order();
        tx.push(black_box(entry));
        times.push(clock.now_in_order().wrapping_sub(began));
    }
    drop(tx);
    let mut cold = cold.join();
    if let Some(error) = cold.failed.take() {
        return Err(error);
    }
    let head = cold.writer.close(0, b"bench")?;
    assert!(head.records > load.records, "every record and the journal's own are there");
    times.sort_unstable();
    Ok(times)
}

fn scratch(parent: &Path) -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("pinion-bench-")
        .tempdir_in(parent)
        .unwrap_or_else(|e| panic!("{}: {e}; choose another directory with --scratch", parent.display()))
}

/// Records a second of `append` over numbers.
fn per_second(records: u64, mut append: impl FnMut(u64)) -> f64 {
    let began = Instant::now();
    (0..records).for_each(&mut append);
    records as f64 / began.elapsed().as_secs_f64()
}

fn ours(parent: &Path, records: u64) -> f64 {
    let dir = scratch(parent);
    let mut writer = Writer::create(dir.path(), Options::new(1)).expect("a new journal");
    per_second(records, |n| {
        let record = Record::new(Kind::Quote, n, 0, body(n));
        writer.append(&record).expect("the disk takes it");
        if n % 4096 == 0 {
            writer.prepare_next().expect("the disk takes it");
        }
    })
}

/// One write of 128 bytes to a file for each record: no checksum, no chain.
fn file_write(parent: &Path, records: u64) -> f64 {
    let dir = scratch(parent);
    let mut file = File::create(dir.path().join("records")).expect("a new file");
    let mut bytes = [7u8; 128];
    per_second(records, |n| {
        bytes[..8].copy_from_slice(&n.to_le_bytes());
        file.write_all(&bytes).expect("the disk takes it");
    })
}

/// Everyone, records a second; a part of the records for those that are slow.
pub fn contenders(parent: &Path, records: u64) -> Vec<Contender<'_>> {
    let mut all = vec![
        Contender::new(OURS, move || ours(parent, records)),
        Contender::new("file, a write a record", move || file_write(parent, records)),
    ];
    add_peers(parent, records, &mut all);
    all
}

#[cfg(not(feature = "peers"))]
fn add_peers(_: &Path, _: u64, _: &mut Vec<Contender<'_>>) {}

#[cfg(feature = "peers")]
fn add_peers<'a>(parent: &'a Path, records: u64, all: &mut Vec<Contender<'a>>) {
    all.push(Contender::new("SQLite WAL, batches of 100", move || {
        sqlite::append(scratch(parent).path(), records, 100)
    }));
    all.push(Contender::new("SQLite WAL, one by one", move || {
        sqlite::append(scratch(parent).path(), records.div_ceil(10), 1)
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_handed_over() {
        let load = HandOver {
            clock: Clock::default(),
            cold_core: None,
            gap_ns: 100,
            records: 100_000,
            scratch: std::env::temp_dir(),
        };
        let times = hand_over(&load).unwrap();
        assert!(times.len() == 100_000 && times.is_sorted());
    }
}
