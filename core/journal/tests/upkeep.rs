//! The upkeep thread: marks come by themselves and never lie, segments are ready, readers and a kill see nothing of it.

mod common;

use std::time::{Duration, Instant};

use common::*;
use pinion_journal::recover::Verdict;
use pinion_journal::system::Mark;
use pinion_journal::{JournalError, Options, Reader, Upkeep, Writer, scan, verify};
use pinion_model::record::Kind;

fn threaded(frames: u64, every_ms: u64, records: u64) -> Options {
    let mut options = options(frames);
    options.upkeep = Upkeep::Thread;
    options.sync_every = Duration::from_millis(every_ms);
    options.sync_records = records;
    options
}

/// Waits for what another thread is about to do; far beyond any sensible time it gives up.
fn until(mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "it does not happen");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The marks of a journal, each with its own position; every rule about them is checked on the way.
fn marks(dir: &std::path::Path) -> Vec<(u64, u64)> {
    let mut cursor = Reader::open(dir).unwrap().cursor(0).unwrap();
    let (mut marks, mut in_group, mut last) = (Vec::new(), false, 0);
    while let Some(record) = cursor.next_record().unwrap() {
        if let Some(mark) = Mark::read(record) {
            assert!(!in_group, "a mark stands in a group at {}", record.position);
            assert!(mark.durable_position <= record.position && mark.durable_position > last);
            last = mark.durable_position;
            marks.push((record.position, mark.durable_position));
        }
        in_group = record.continues();
    }
    marks
}

#[test]
fn marks_come_in_band_by_themselves_and_none_stands_in_a_group() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), threaded(300, 1, 0)).unwrap();
    let durable = writer.durable();
    for round in 0..400 {
        quotes(&mut writer, round * 10..round * 10 + 4);
        writer.append_batch(&depth(round, 5)).unwrap();
        // The frames of a group one by one, with time for a sync in between.
        for record in depth(round, 3) {
            writer.append(&record).unwrap();
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    let position = writer.position();
    until(|| durable.position() >= position);
    writer.housekeeping().unwrap();
    assert_eq!(writer.position(), position + 1, "the mark for the last sync");
    let head = writer.close(7, b"the end").unwrap();
    assert_eq!(durable.position(), head.records, "the handle outlives the writer");
    assert!(marks(dir.path()).len() > 10);
    assert!(verify(dir.path()).unwrap().agrees_with(&head));
}

#[test]
fn marks_alone_are_no_reason_to_sync() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), threaded(300, 1, 0)).unwrap();
    quotes(&mut writer, 0..5);
    until(|| {
        writer.housekeeping().unwrap();
        writer.position() == 7
    });
    let end = Instant::now() + Duration::from_millis(50);
    while Instant::now() < end {
        writer.housekeeping().unwrap();
    }
    assert_eq!(writer.position(), 7, "one Mark behind the Start and five quotes, and nothing more");
    quotes(&mut writer, 5..6);
    until(|| {
        writer.housekeeping().unwrap();
        writer.position() == 9
    });
}

#[test]
fn records_ask_for_a_sync_by_their_count_long_before_it_is_time() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), threaded(4_000, 3_600_000, 100)).unwrap();
    quotes(&mut writer, 0..99);
    assert_eq!(writer.durable_position(), 1, "99 of 100");
    quotes(&mut writer, 99..300);
    let durable = writer.durable();
    until(|| durable.position() >= 100);
    // And an explicit mark waits for all of it.
    let position = writer.mark(5).unwrap();
    assert!(durable.position() >= 301 && position >= 301);
}

#[test]
fn a_roll_takes_a_segment_that_is_ready_and_waits_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), threaded(64, 1, 0)).unwrap();
    for number in 0..640 {
        if number % 60 == 0 {
            // The time that it takes, before the segment in use is full.
            writer.prepare_next().unwrap();
        }
        writer.append(&quote(number)).unwrap();
    }
    let waited_outside = writer.stalls();
    assert!(waited_outside <= 12, "{waited_outside}");
    let before = writer.stalls();
    // Faster than any disk makes files: some rolls must wait, and lose nothing by it.
    quotes(&mut writer, 640..8_000);
    assert!(writer.stalls() > before);
    let head = writer.close(1, b"").unwrap();
    let report = verify(dir.path()).unwrap();
    assert!(report.agrees_with(&head), "{report:?}");
    let left = std::fs::read_dir(dir.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".next"));
    assert_eq!(left.count(), 0, "neither second names nor an unused segment stay");
}

#[test]
fn a_writer_that_vanishes_is_taken_up_and_its_marks_hold() {
    let dir = tempfile::tempdir().unwrap();
    let mut expected = 0;
    for round in 0..5 {
        let mut writer = if round == 0 {
            Writer::create(dir.path(), threaded(200, 1, 50)).unwrap()
        } else {
            let (writer, resumed) = Writer::resume(dir.path(), threaded(200, 1, 50)).unwrap();
            assert_eq!((resumed.found.valid_until, resumed.found.verdict), (expected, Verdict::CleanTail));
            writer
        };
        quotes(&mut writer, round * 500..round * 500 + 500);
        expected = writer.position();
        drop(writer);
        let recovery = scan(dir.path()).unwrap();
        assert_eq!((recovery.valid_until, recovery.lost), (expected, 0));
        assert!(recovery.durable_position <= expected);
    }
    assert!(verify(dir.path()).unwrap().is_sound());
    let mut cursor = Reader::open(dir.path()).unwrap().cursor(0).unwrap();
    let mut quotes = 0;
    while let Some(record) = cursor.next_record().unwrap() {
        quotes += u64::from(record.kind() == Some(Kind::Quote));
    }
    assert_eq!(quotes, 2_500);
    assert!(!marks(dir.path()).is_empty());
}

#[test]
fn a_rhythm_of_no_time_at_all_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = Writer::create(dir.path(), threaded(64, 0, 0)).unwrap_err();
    assert!(matches!(refused, JournalError::Option { option: "sync_every", .. }), "{refused}");
}
