//! Each fault of the disk has its verdict: what the writer says, what it still takes, and what is on disk then.

use std::path::Path;
use std::time::{Duration, Instant};

use pinion_model::record::{BODY_BYTES, Kind, Record};

use super::Writer;
use crate::error::JournalError;
use crate::faults::{Call, Faults};
use crate::layout::frame_offset;
use crate::options::Options;
use crate::recover::Verdict;
use crate::system::Anchor;
use crate::upkeep::Upkeep;
use crate::{Recovery, scan, verify};

const FRAMES: u64 = 100;

fn options(upkeep: Upkeep) -> Options {
    let mut options = Options::new(7);
    options.segment_bytes = frame_offset(FRAMES);
    options.upkeep = upkeep;
    options.sync_every = Duration::from_millis(1);
    options
}

fn quote(number: u64) -> Record {
    Record::new(Kind::Quote, number, 1, [number as u8; BODY_BYTES])
}

/// Appends until it fails, and gives how often it did not.
fn fill(writer: &mut Writer) -> (u64, JournalError) {
    for number in 0.. {
        if let Err(error) = writer.append(&quote(number)) {
            return (number, error);
        }
    }
    unreachable!()
}

/// Waits for what the upkeep thread is about to say.
fn next_error(writer: &mut Writer) -> JournalError {
    let began = Instant::now();
    loop {
        if let Err(error) = writer.housekeeping() {
            return error;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "nothing is said");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn goes_on(dir: &Path, counted: u64) -> Recovery {
    let (writer, resumed) = Writer::resume(dir, options(Upkeep::Inline)).unwrap();
    assert_eq!(resumed.found.valid_until, counted, "{:?}", resumed.found);
    writer.close(1, b"went on").unwrap();
    assert!(verify(dir).unwrap().is_sound());
    resumed.found
}

/// What can keep a segment from being prepared: the call, its error number, and a word of the remedy.
const PREPARATION: [(Call, i32, &str); 7] = [
    (Call::Allocate, libc::ENOSPC, "Free space"),
    (Call::Write, libc::ENOSPC, "Free space"),
    (Call::Create, libc::EROFS, "writable file system"),
    (Call::Create, libc::ENOENT, "Create the directory"),
    (Call::Create, libc::EEXIST, "Something else writes here"),
    (Call::Create, libc::EACCES, "the right to it"),
    (Call::Allocate, libc::EIO, "system log"),
];

#[test]
fn what_keeps_a_segment_from_being_prepared_is_told_while_the_one_in_use_has_room() {
    for (call, errno, remedy) in PREPARATION {
        let dir = tempfile::tempdir().unwrap();
        let faults = Faults::in_dir(dir.path());
        let mut writer = Writer::create(dir.path(), options(Upkeep::Inline)).unwrap();
        drop(writer);
        faults.fail(call, 0, errno);
        let error = writer_in(dir.path(), &faults, call, errno).unwrap_err();
        assert!(error.to_string().contains(remedy), "{error}");
        faults.clear();
        // With the thread: the first segment is made, the second is not.
        let dir = tempfile::tempdir().unwrap();
        let faults = Faults::in_dir(dir.path());
        writer = Writer::create(dir.path(), options(Upkeep::Inline)).unwrap();
        faults.fail(call, 0, errno);
        writer.start_upkeep(&options(Upkeep::Thread)).unwrap();
        let error = next_error(&mut writer);
        assert!(matches!(error, JournalError::Io { .. }), "{call:?} {errno}: {error}");
        assert!(error.to_string().contains(remedy), "{error}");
        assert!(writer.position() < 5, "long before the segment is full");
        // It is told once; everything else goes on as long as there is room, and fails then without a loss.
        let (taken, error) = fill(&mut writer);
        assert!(taken > FRAMES - 10, "{taken}");
        assert!(matches!(error, JournalError::Io { .. }), "{call:?} {errno}: {error}");
        let position = writer.position();
        assert_eq!(position, FRAMES);
        // Space is back: the same call is made again.
        faults.clear();
        writer.append(&quote(taken)).unwrap();
        assert!(writer.position() > FRAMES);
        let head = writer.close(1, b"closed").unwrap();
        assert!(verify(dir.path()).unwrap().agrees_with(&head), "{call:?} {errno}");
    }
}

/// A journal in a new directory below one whose calls fail.
fn writer_in(dir: &Path, faults: &Faults, call: Call, errno: i32) -> Result<Writer, JournalError> {
    let below = dir.join("new");
    std::fs::create_dir(&below).unwrap();
    // The lock's own file is made first.
    faults.clear();
    faults.fail(call, u64::from(matches!(call, Call::Create | Call::Write)), errno);
    Writer::create(&below, options(Upkeep::Inline))
}

#[test]
fn without_room_and_without_a_restart_what_was_appended_is_all_there() {
    for upkeep in [Upkeep::Inline, Upkeep::Thread] {
        let dir = tempfile::tempdir().unwrap();
        let faults = Faults::in_dir(dir.path());
        let mut writer = Writer::create(dir.path(), options(Upkeep::Inline)).unwrap();
        faults.fail(Call::Allocate, 0, libc::ENOSPC);
        writer.start_upkeep(&options(upkeep)).unwrap();
        let mut told = 0;
        while writer.position() < FRAMES {
            told += u64::from(writer.append(&quote(1)).is_err());
        }
        assert!(told <= 1, "{told}");
        assert!(writer.append(&quote(2)).is_err());
        drop(writer);
        faults.clear();
        let found = goes_on(dir.path(), FRAMES);
        assert_eq!((found.verdict, found.lost), (Verdict::CleanTail, 0));
    }
}

#[test]
fn a_sync_that_fails_on_the_thread_is_final_at_the_writers_next_call() {
    let dir = tempfile::tempdir().unwrap();
    let faults = Faults::in_dir(dir.path());
    let mut writer = Writer::create(dir.path(), options(Upkeep::Thread)).unwrap();
    let durable = writer.durable();
    writer.prepare_next().unwrap();
    faults.fail(Call::Sync, 0, libc::EIO);
    let (_, error) = {
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < Duration::from_secs(60));
            match writer.append(&quote(0)) {
                Ok(position) if position + 2 < FRAMES => std::thread::sleep(Duration::from_millis(1)),
                Ok(position) => break (position, next_error(&mut writer)),
                Err(error) => break (0, error),
            }
        }
    };
    assert!(matches!(error, JournalError::Durability { .. }), "{error}");
    let at = durable.position();
    faults.clear();
    let calls = faults.calls();
    assert!(matches!(writer.append(&quote(1)), Err(JournalError::Failed { .. })));
    assert!(matches!(writer.housekeeping(), Err(JournalError::Failed { .. })));
    assert!(matches!(writer.mark(1), Err(JournalError::Failed { .. })));
    assert!(matches!(writer.close(1, b""), Err(JournalError::Failed { .. })));
    assert_eq!(durable.position(), at, "nothing is called durable any more");
    // Closing lets the lock's file go and the unused segment's thread end: nothing is synced again.
    assert!(faults.calls() <= calls + 2, "{} calls", faults.calls() - calls);
}

#[test]
fn short_writes_make_the_same_files() {
    let dir = tempfile::tempdir().unwrap();
    let faults = Faults::in_dir(dir.path());
    faults.shorten_writes();
    let mut writer = Writer::create(dir.path(), options(Upkeep::Inline)).unwrap();
    for number in 0..250 {
        writer.append(&quote(number)).unwrap();
    }
    let head = writer.close(1, b"short").unwrap();
    assert!(verify(dir.path()).unwrap().agrees_with(&head));
    assert!(faults.calls() > 60, "a segment is many writes: {}", faults.calls());
}

#[test]
fn a_file_that_is_in_the_way_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(Upkeep::Inline)).unwrap();
    let theirs = dir.path().join(crate::layout::segment_name(7, FRAMES));
    std::fs::write(&theirs, b"theirs").unwrap();
    let (taken, error) = fill(&mut writer);
    assert_eq!(taken, FRAMES - 1);
    assert!(error.to_string().contains("bring a segment into use"), "{error}");
    assert_eq!(std::fs::read(&theirs).unwrap(), b"theirs");
    std::fs::remove_file(&theirs).unwrap();
    writer.append(&quote(taken)).unwrap();
    let head = writer.close(1, b"").unwrap();
    assert!(verify(dir.path()).unwrap().agrees_with(&head));
}

#[test]
fn a_directory_that_goes_away_under_a_writer_is_told_and_loses_what_was_in_it_only() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().join("run");
    std::fs::create_dir(&dir).unwrap();
    let mut writer = Writer::create(&dir, options(Upkeep::Inline)).unwrap();
    std::fs::rename(&dir, tmp.path().join("moved")).unwrap();
    writer.start_upkeep(&options(Upkeep::Thread)).unwrap();
    let error = next_error(&mut writer);
    assert!(error.to_string().contains("Create the directory"), "{error}");
    writer.append(&quote(1)).unwrap();
    drop(writer);
    goes_on(&tmp.path().join("moved"), scan(tmp.path().join("moved")).unwrap().valid_until);
}

#[test]
fn clocks_that_go_backwards_change_nothing_but_what_they_say() {
    let dir = tempfile::tempdir().unwrap();
    let mut start = options(Upkeep::Inline);
    start.anchor = Anchor { ticks: u64::MAX, wall_ns: u64::MAX, mono_ns: u64::MAX };
    let mut writer = Writer::create(dir.path(), start).unwrap();
    for step in 0..60 {
        let back = 1_000_000 - step * 1_000;
        writer.anchor(Anchor { ticks: back, wall_ns: back, mono_ns: back }).unwrap();
        writer.append(&Record { ticks: back, ..quote(step) }).unwrap();
        let mark = writer.mark(back).unwrap();
        assert!(writer.durable_position() <= mark);
    }
    let position = writer.position();
    drop(writer);
    let found = scan(dir.path()).unwrap();
    assert_eq!((found.verdict, found.valid_until, found.lost), (Verdict::CleanTail, position, 0));
    assert_eq!(goes_on(dir.path(), position).verdict, Verdict::CleanTail);
}

#[test]
fn control_a_fault_is_noticed_where_nothing_else_would_fail() {
    let dir = tempfile::tempdir().unwrap();
    let faults = Faults::in_dir(dir.path());
    faults.fail(Call::Link, 0, libc::EIO);
    assert!(Writer::create(dir.path(), options(Upkeep::Inline)).is_err());
    faults.clear();
    assert!(Writer::create(dir.path(), options(Upkeep::Inline)).is_ok());
}
