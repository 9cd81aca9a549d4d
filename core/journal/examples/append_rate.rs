//! Measures how fast one core appends to a journal and verifies it.
//!
//! Usage: `cargo run --release -p pinion-journal --example append_rate [records] [directory]`. It writes
//! below the directory (default: the system's temporary one) and removes what it wrote. Segments are
//! prepared outside the timed part, as the journal thread does it in a cold step; the second figure
//! includes that and the syncs.

use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use pinion_journal::{Options, Reader, Writer, verify};
use pinion_model::record::{Kind, Record};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let records: u64 = arguments.next().map_or(Ok(4_000_000), |text| text.parse())?;
    let parent = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = parent.join(format!("pinion-append-rate-{}", std::process::id()));
    std::fs::create_dir(&dir)?;
    let outcome = measure(&dir, records);
    std::fs::remove_dir_all(&dir)?;
    outcome
}

fn measure(dir: &PathBuf, records: u64) -> Result<(), Box<dyn Error>> {
    const BATCH: u64 = 4_096;
    let whole = Instant::now();
    let mut writer = Writer::create(dir, Options::new(1))?;
    let mut record = Record::new(Kind::Quote, 1, 0, [0x5a; 96]);
    let mut appending = Duration::ZERO;
    let mut number = 0;
    while number < records {
        writer.prepare_next()?;
        let batch = Instant::now();
        let until = records.min(number + BATCH);
        while number < until {
            record.ticks = number;
            record.body[..8].copy_from_slice(&number.to_le_bytes());
            writer.append(&record)?;
            number += 1;
        }
        appending += batch.elapsed();
    }
    let head = writer.close(0, b"")?;
    let total = whole.elapsed();
    let bytes = head.records as f64 * size_of::<Record>() as f64;
    let say = |what: &str, took: Duration| {
        let seconds = took.as_secs_f64();
        let rate = head.records as f64 / seconds / 1e6;
        println!("{what:<44} {rate:8.2} M records/s {:8.2} GB/s", bytes / seconds / 1e9);
    };
    say("append (copy, checksum, chain)", appending);
    say("append with preparation, syncs and close", total);

    let started = Instant::now();
    let report = verify(dir)?;
    say("verify", started.elapsed());
    if !report.agrees_with(&head) {
        return Err(format!("verify does not agree with the writer: {report:?}").into());
    }
    let started = Instant::now();
    let mut cursor = Reader::open(dir)?.cursor(0)?;
    while cursor.next_record()?.is_some() {}
    say("read with a cursor", started.elapsed());
    Ok(())
}
