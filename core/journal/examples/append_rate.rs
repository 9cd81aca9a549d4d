//! Measures how fast one core appends to a journal, beside what it could at best, and verifies it.
//!
//! Usage: `cargo run --release -p pinion-journal --example append_rate [records] [directory]`. It writes
//! below the directory (default: the system's temporary one) and removes what it wrote. Four parts:
//!
//! - a copy with checksum into a mapped file alone, and appends beside it, segments prepared outside the time;
//! - verify, scan, and a read with a cursor;
//! - appends with the upkeep thread: records that its marks cover, by the second, and rolls that had to wait;
//! - the same with a reader that follows on another thread.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pinion_journal::{Options, Reader, Upkeep, Writer, scan, verify};
use pinion_model::record::{Kind, Record};
use zerocopy::IntoBytes;

type Outcome<T> = Result<T, Box<dyn Error>>;

const BATCH: u64 = 4_096;
/// How long the upkeep thread is measured.
const SPAN: Duration = Duration::from_secs(5);

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let records: u64 = arguments.next().map_or(Ok(4_000_000), |text| text.parse())?;
    let parent = arguments.next().map_or_else(std::env::temp_dir, Into::into);
    let copied = in_new(&parent, |dir| copy_rate(dir, records))?;
    say("copy with checksum into a mapped file", copied);
    let appended = in_new(&parent, |dir| append(dir, records))?;
    println!("appends reach {:.2} of the copy", appended / copied);
    for follows in [false, true] {
        in_new(&parent, |dir| with_upkeep(dir, follows))?;
    }
    Ok(())
}

fn in_new<T>(parent: &Path, measure: impl FnOnce(&Path) -> Outcome<T>) -> Outcome<T> {
    let dir = parent.join(format!("pinion-append-rate-{}", std::process::id()));
    std::fs::create_dir(&dir)?;
    let outcome = measure(&dir);
    std::fs::remove_dir_all(&dir)?;
    outcome
}

fn say(what: &str, rate: f64) {
    let bytes = rate * size_of::<Record>() as f64;
    println!("{what:<44} {:8.2} M records/s {:8.2} GB/s", rate / 1e6, bytes / 1e9);
}

fn numbered(record: &mut Record, number: u64) -> &Record {
    record.ticks = number;
    record.body[..8].copy_from_slice(&number.to_le_bytes());
    record
}

/// What an append does at the least: fills in a record, checks it, copies it into a mapped file whose pages are
/// there, as those of a prepared segment are. No chain.
fn copy_rate(dir: &Path, records: u64) -> Outcome<f64> {
    let bytes = records as usize * size_of::<Record>();
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.read(true).write(true).create_new(true).open(dir.join("copy"))?;
    for _ in 0..bytes.div_ceil(1 << 20) {
        file.write_all(&[0; 1 << 20])?;
    }
    file.sync_all()?;
    // SAFETY: the file was made by this process in a directory of its own, and nobody else knows it.
    #[allow(unsafe_code)]
    let mut map = unsafe { memmap2::MmapOptions::new().len(bytes).map_mut(&file)? };
    let _ = map.advise(memmap2::Advice::PopulateWrite);
    let mut record = Record::new(Kind::Quote, 1, 0, [0x5a; 96]);
    let began = Instant::now();
    for (number, slot) in map.chunks_exact_mut(size_of::<Record>()).enumerate() {
        numbered(&mut record, number as u64);
        record.position = number as u64;
        record.crc32c = crc32c::crc32c(&record.as_bytes()[8..]);
        slot.copy_from_slice(record.as_bytes());
    }
    Ok(records as f64 / began.elapsed().as_secs_f64())
}

fn append(dir: &Path, records: u64) -> Outcome<f64> {
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
            writer.append(numbered(&mut record, number))?;
            number += 1;
        }
        appending += batch.elapsed();
    }
    let head = writer.close(0, b"")?;
    let rate = |took: Duration| head.records as f64 / took.as_secs_f64();
    say("append (copy, checksum, chain)", rate(appending));
    say("append with preparation, syncs and close", rate(whole.elapsed()));

    let started = Instant::now();
    let report = verify(dir)?;
    say("verify", rate(started.elapsed()));
    if !report.agrees_with(&head) {
        return Err(format!("verify does not agree with the writer: {report:?}").into());
    }
    let started = Instant::now();
    let recovery = scan(dir)?;
    say("scan, as before going on after a crash", rate(started.elapsed()));
    if recovery.valid_until != head.records {
        return Err(format!("the scan does not agree with the writer: {recovery}").into());
    }
    let started = Instant::now();
    let mut cursor = Reader::open(dir)?.cursor(0)?;
    while cursor.next_record()?.is_some() {}
    say("read with a cursor", rate(started.elapsed()));
    Ok(rate(appending))
}

/// Appends as fast as the upkeep thread makes segments; a reader follows on a thread of its own, or does not.
fn with_upkeep(dir: &Path, follows: bool) -> Outcome<()> {
    let mut options = Options::new(1);
    options.upkeep = Upkeep::Thread;
    options.sync_every = Duration::from_millis(4);
    let mut writer = Writer::create(dir, options)?;
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| -> Outcome<()> {
        let reader = follows.then(|| scope.spawn(|| follow(dir, &done)));
        let written = write_for_a_while(&mut writer);
        done.store(true, Ordering::Release);
        if let Some(reader) = reader {
            let seen = reader.join().map_err(|_| "the reader fell")??;
            println!(
                "the reader saw {:.0} % of it meanwhile",
                100.0 * seen as f64 / writer.position() as f64
            );
        }
        let (seconds, longest) = written?;
        let beside = if follows { ", a reader beside" } else { "" };
        say(&format!("append with upkeep{beside}"), writer.position() as f64 / seconds);
        say(&format!("had on disk{beside}"), writer.durable_position() as f64 / seconds);
        println!(
            "{} rolls waited; the longest append took {:.3} ms",
            writer.stalls(),
            longest.as_secs_f64() * 1e3
        );
        Ok(())
    })?;
    writer.close(0, b"")?;
    Ok(())
}

/// Seconds that it took, and the longest batch of 16 appends.
fn write_for_a_while(writer: &mut Writer) -> Outcome<(f64, Duration)> {
    let mut record = Record::new(Kind::Quote, 1, 0, [0x5a; 96]);
    let began = Instant::now();
    let (mut last, mut longest) = (began, Duration::ZERO);
    for number in 0.. {
        writer.append(numbered(&mut record, number))?;
        if number % 16 == 15 {
            let now = Instant::now();
            longest = longest.max(now - last);
            last = now;
            if now - began > SPAN {
                break;
            }
        }
    }
    Ok((began.elapsed().as_secs_f64(), longest))
}

fn follow(dir: &Path, done: &AtomicBool) -> Result<u64, pinion_journal::JournalError> {
    let mut cursor = Reader::open(dir)?.cursor(0)?;
    let mut seen = 0;
    while !done.load(Ordering::Acquire) {
        match cursor.next_record()? {
            Some(_) => seen += 1,
            None => std::thread::yield_now(),
        }
    }
    Ok(seen)
}
