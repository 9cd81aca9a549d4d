//! Files at rest: archived, pruned, and read all the same, from the start, from a place, and in the middle.

mod common;

use std::fs;
use std::path::Path;

use common::*;
use pinion_journal::*;
use pinion_model::record::{Kind, Record};

const DAY_NS: u64 = 1_700_000_003_000_000_000;

fn all(dir: &Path) -> Vec<Record> {
    let mut cursor = Reader::open(dir).unwrap().cursor(0).unwrap().across_pruned();
    let mut records = Vec::new();
    while let Some(record) = cursor.next_record().unwrap() {
        records.push(*record);
    }
    records
}

fn archives(dir: &Path) -> usize {
    fs::read_dir(dir)
        .unwrap()
        .filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|x| x == "zst"))
        .count()
}

fn prune_keep(count: u64) -> PruneOptions {
    let until = PruneUntil::Keep(count);
    PruneOptions { until, as_far_as_possible: false, give_up_replay: true, dry_run: false, wall_ns: DAY_NS }
}

#[test]
fn an_archived_journal_reads_scans_and_verifies_as_before() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 50, 40);
    let (records, scanned, verified) =
        (all(dir.path()), scan(dir.path()).unwrap(), verify(dir.path()).unwrap());
    let count = files(dir.path()).len();
    let done = archive(dir.path(), 2, |_| ()).unwrap();
    assert_eq!((done.len(), files(dir.path()).len()), (count - 2, 2));
    assert_eq!(archive(dir.path(), 0, |_| ()).unwrap().len(), 2, "the last one too: the journal is closed");
    assert_eq!((archives(dir.path()), files(dir.path()).len()), (count, 0));
    assert_eq!(all(dir.path()), records);
    assert_eq!(scan(dir.path()).unwrap().valid_until, scanned.valid_until);
    assert_eq!(verify(dir.path()).unwrap(), verified);
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.get(120).unwrap(), Some(records[120]));
    assert_eq!(reader.cursor(120).unwrap().next_record().unwrap(), Some(&records[120]));
}

#[test]
fn a_reader_in_the_middle_of_a_segment_goes_on_when_it_is_archived_under_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(50)).unwrap();
    fill(&mut writer, 20);
    let mut cursor = Reader::open(dir.path()).unwrap().cursor(0).unwrap();
    let mut group = Vec::new();
    for position in 0..25 {
        assert_eq!(cursor.next_record().unwrap().unwrap().position, position);
    }
    assert!(archive(dir.path(), 1, |_| ()).unwrap().len() >= 2);
    fill(&mut writer, 20);
    for position in 25..writer.position() {
        assert_eq!(cursor.next_record().unwrap().unwrap().position, position);
    }
    assert_eq!(
        archive(dir.path(), 0, |_| ())
            .unwrap()
            .iter()
            .map(|a| a.first_position)
            .max()
            .map(|p| p < writer.position() / 50 * 50),
        Some(true),
        "the one in use stays"
    );
    assert!(!cursor.next_group(&mut group).unwrap());
}

#[test]
fn every_crash_between_the_steps_of_archiving_leaves_a_whole_journal() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 50, 20);
    let (records, segments) = (all(dir.path()), files(dir.path()));
    let first = fs::read(&segments[0]).unwrap();
    // Before the rename: a half-written temporary file.
    fs::write(format!("{}.zst.tmp", segments[0].display()), b"half").unwrap();
    assert_eq!(all(dir.path()), records);
    archive(dir.path(), segments.len() as u64 - 1, |_| ()).unwrap();
    // Before the removal: both forms.
    fs::write(&segments[0], &first).unwrap();
    assert_eq!(all(dir.path()), records);
    assert!(verify(dir.path()).unwrap().is_sound());
    archive(dir.path(), segments.len() as u64 - 1, |_| ()).unwrap();
    assert!(!segments[0].exists());
    assert_eq!(all(dir.path()), records);
}

#[test]
fn control_a_flipped_bit_of_an_archive_and_a_damaged_segment_are_found() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 50, 20);
    let segment = files(dir.path())[1].clone();
    let sound = fs::read(&segment).unwrap();
    let mut bytes = sound.clone();
    frame(&mut bytes, 7)[80] ^= 1;
    fs::write(&segment, &bytes).unwrap();
    let error = archive(dir.path(), 0, |_| ()).unwrap_err();
    assert!(matches!(&error, JournalError::Bad(bad) if bad.position == 57), "{error}");
    assert!(segment.exists(), "evidence stays as it is");
    fs::write(&segment, &sound).unwrap();
    archive(dir.path(), 0, |_| ()).unwrap();
    let packed = segment.with_extension("seg.zst");
    let whole = fs::read(&packed).unwrap();
    for byte in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[byte] ^= 1 << (byte % 8);
        fs::write(&packed, &bytes).unwrap();
        let bad = verify(dir.path()).unwrap().first_bad.expect("every bit counts");
        assert_eq!((bad.kind, bad.position), (BadKind::Archive, 50), "byte {byte}: {bad}");
    }
    fs::write(&packed, &whole[..whole.len() - 1]).unwrap();
    assert!(!verify(dir.path()).unwrap().is_sound());
}

#[test]
fn pruned_records_are_told_and_the_rest_is_proven_on_both_sides() {
    let dir = tempfile::tempdir().unwrap();
    let head = closed(dir.path(), 50, 40);
    let records = all(dir.path());
    let report = prune(dir.path(), &prune_keep(3)).unwrap();
    assert!(
        report.from.is_multiple_of(50) && report.to.is_multiple_of(50) && report.segments > 2,
        "{report:?}"
    );
    let verified = verify(dir.path()).unwrap();
    assert!(verified.agrees_with(&head), "{verified:?}");
    let gone = verified.pruned.unwrap();
    assert_eq!((gone.from, gone.to, gone.wall_ns), (report.from, report.to, DAY_NS));
    let own = [Kind::Start, Kind::Anchor, Kind::Mark, Kind::Checkpoint, Kind::End].map(|kind| kind as u16);
    let callers = |r: &&Record| gone.holds(r.position) && !own.contains(&r.kind);
    assert_eq!(gone.caller_records, records.iter().filter(callers).count() as u64);
    let left: Vec<Record> = records.iter().filter(|r| !gone.holds(r.position)).copied().collect();
    assert_eq!(all(dir.path()), left);
    let scanned = scan(dir.path()).unwrap();
    assert_eq!((scanned.valid_until, scanned.lost, scanned.closed), (head.records, 0, true));
    let reader = Reader::open(dir.path()).unwrap();
    assert!(matches!(reader.cursor(gone.from + 3), Err(JournalError::Pruned { to, .. }) if to == gone.to));
    assert_eq!(reader.cursor(gone.to).unwrap().next_record().unwrap().unwrap().position, gone.to);
    let mut cursor = reader.cursor(0).unwrap();
    let unaware = loop {
        match cursor.next_record() {
            Ok(Some(_)) => {}
            other => break other.map(|_| ()),
        }
    };
    assert!(matches!(unaware, Err(JournalError::Pruned { .. })), "a cursor leaps only when it was told to");
    // Pruned again, and the rest archived: one record of both.
    prune(dir.path(), &prune_keep(2)).unwrap();
    archive(dir.path(), 0, |_| ()).unwrap();
    assert!(verify(dir.path()).unwrap().agrees_with(&head));
}

#[test]
fn control_a_gap_that_no_prune_explains_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 50, 40);
    prune(dir.path(), &prune_keep(4)).unwrap();
    let record = dir.path().join(format!("journal-{EPOCH:016x}.pruned"));
    let sound = fs::read(&record).unwrap();
    for byte in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[byte] ^= 0x10;
        fs::write(&record, bytes).unwrap();
        assert_eq!(verify(dir.path()).unwrap().first_bad.unwrap().kind, BadKind::Pruned, "byte {byte}");
    }
    fs::remove_file(&record).unwrap();
    assert_eq!(verify(dir.path()).unwrap().first_bad.unwrap().kind, BadKind::Segment);
    fs::write(&record, &sound).unwrap();
    assert!(verify(dir.path()).unwrap().is_sound());
    fs::remove_file(&files(dir.path())[1]).unwrap();
    assert_eq!(verify(dir.path()).unwrap().first_bad.unwrap().kind, BadKind::Pruned, "one more is gone");
}

#[test]
fn prune_stops_before_readers_snapshots_and_groups() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(50)).unwrap();
    fill(&mut writer, 30);
    let keep = PruneOptions { give_up_replay: false, ..prune_keep(1) };
    let error = prune(dir.path(), &keep).unwrap_err().to_string();
    assert!(error.contains("no snapshot") && error.contains("--give-up-replay"), "{error}");
    let mut snapshot = quote(1);
    snapshot.kind = 0x309;
    let at = writer.append(&snapshot).unwrap();
    fill(&mut writer, 30);
    let mut reader = ReaderCursor::open(dir.path(), "ledger").unwrap();
    reader.save(60).unwrap();
    assert_eq!(ReaderCursor::open(dir.path(), "ledger").unwrap().position(), 60);
    let error = prune(dir.path(), &keep).unwrap_err().to_string();
    assert!(error.contains("`ledger`") && error.contains("--before 60"), "{error}");
    reader.save(writer.position()).unwrap();
    let dry = prune(dir.path(), &PruneOptions { dry_run: true, ..keep }).unwrap();
    assert_eq!(verify(dir.path()).unwrap().pruned, None, "a dry run changes nothing");
    let report = prune(dir.path(), &keep).unwrap();
    assert_eq!(report, dry);
    assert!(report.to <= at && report.replay_from == Some(at), "{report:?}");
    assert!(verify(dir.path()).unwrap().is_sound());
    fill(&mut writer, 5);
    assert!(writer.close(1, b"").is_ok() && verify(dir.path()).unwrap().closed);
}

#[test]
fn a_prune_that_was_interrupted_is_finished_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let head = closed(dir.path(), 50, 40);
    let before: Vec<_> =
        files(dir.path()).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    prune(dir.path(), &prune_keep(3)).unwrap();
    let left = files(dir.path());
    for (path, bytes) in before.iter().filter(|(path, _)| !left.contains(path)).skip(1) {
        fs::write(path, bytes).unwrap();
    }
    assert!(verify(dir.path()).unwrap().agrees_with(&head));
    assert_eq!(scan(dir.path()).unwrap().valid_until, head.records);
    assert_eq!(prune(dir.path(), &prune_keep(3)).unwrap().segments, 0);
    assert_eq!(files(dir.path()), left);
}

#[test]
fn a_damaged_place_of_a_reader_is_refused_and_stops_a_prune() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 50, 20);
    ReaderCursor::open(dir.path(), "a-1").unwrap().save(7).unwrap();
    assert!(matches!(ReaderCursor::open(dir.path(), "../x"), Err(JournalError::Refused { .. })));
    let path = dir.path().join("readers/a-1.cursor");
    let sound = fs::read(&path).unwrap();
    assert_eq!(sound.len(), 32);
    for byte in 0..32 {
        let mut bytes = sound.clone();
        bytes[byte] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(ReaderCursor::open(dir.path(), "a-1").is_err(), "byte {byte}");
        assert!(prune(dir.path(), &prune_keep(1)).is_err());
    }
}

#[test]
fn a_policy_is_applied_beside_a_writer() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(50)).unwrap();
    let policy = Policy { archive_after_segments: Some(1), retain_segments: Some(4) };
    for round in 0..20 {
        fill(&mut writer, 10);
        let mut snapshot = quote(round);
        snapshot.kind = 0x309;
        writer.append(&snapshot).unwrap();
        maintain(dir.path(), policy, DAY_NS).unwrap();
    }
    assert!(maintain(dir.path(), Policy::default(), DAY_NS).unwrap() == Maintained::default());
    let count = files(dir.path()).len() + archives(dir.path());
    assert!((5..10).contains(&count) && files(dir.path()).len() == 2, "{count}");
    let head = writer.close(1, b"").unwrap();
    assert!(verify(dir.path()).unwrap().agrees_with(&head));
}
