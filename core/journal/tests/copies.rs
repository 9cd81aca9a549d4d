//! Backup and salvage: what they make is a journal, and what they cannot take they say.

mod common;

use std::fs;
use std::path::Path;

use common::*;
use pinion_journal::recover::Verdict;
use pinion_journal::*;
use pinion_model::record::{FLAG_MORE, Kind, RECORD_BYTES, Record};

fn all(dir: &Path) -> Vec<Record> {
    let mut cursor = Reader::open(dir).unwrap().cursor(0).unwrap();
    let mut records = Vec::new();
    while let Some(record) = cursor.next_record().unwrap() {
        records.push(*record);
    }
    records
}

fn take(until: Option<u64>) -> SalvageOptions {
    SalvageOptions { until, skip_bad: None, wall_ns: 5 }
}

#[test]
fn a_backup_beside_a_writer_is_a_prefix_between_groups_and_is_carried_on() {
    let (dir, outer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let out = outer.path().join("copy");
    let mut writer = Writer::create(dir.path(), options(50)).unwrap();
    fill(&mut writer, 12);
    let open = depth(1, 3);
    writer.append_batch(&open[..2]).unwrap();
    let mut told = Vec::new();
    let report = backup(dir.path(), &out, false, |progress| told.push(progress.segments_done)).unwrap();
    assert_eq!(report.until, writer.position() - 2, "the open group is left out");
    assert_eq!(told.len() as u64, report.copied);
    assert!(report.verified.is_sound() && !report.verified.closed);
    assert_eq!(scan(&out).unwrap().verdict, Verdict::CleanTail);
    assert_eq!(all(&out), all(dir.path())[..report.until as usize]);
    assert!(matches!(backup(dir.path(), &out, false, |_| ()), Err(JournalError::Refused { .. })));
    writer.append(&open[2]).unwrap();
    fill(&mut writer, 12);
    archive(dir.path(), 2, |_| ()).unwrap();
    let report = backup(dir.path(), &out, true, |_| ()).unwrap();
    assert!(report.kept == 1 && report.copied == 3, "{report:?}");
    assert_eq!(all(&out), all(dir.path()));
    let head = writer.close(9, b"done").unwrap();
    let report = backup(dir.path(), &out, true, |_| ()).unwrap();
    assert!(report.verified.agrees_with(&head));
    let names: Vec<_> = fs::read_dir(outer.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["copy"], "nothing else is left");
}

#[test]
fn control_a_backup_is_not_carried_on_with_another_journal_nor_taken_of_a_damaged_one() {
    let (a, b, outer) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let out = outer.path().join("copy");
    closed(a.path(), 50, 20);
    let mut writer = Writer::create(b.path(), options(50)).unwrap();
    quotes(&mut writer, 5..300);
    drop(writer);
    backup(a.path(), &out, false, |_| ()).unwrap();
    let before = all(&out);
    let error = backup(b.path(), &out, true, |_| ()).unwrap_err().to_string();
    assert!(error.contains("parts from this journal before position 50"), "{error}");
    assert_eq!(all(&out), before);
    let path = files(b.path())[1].clone();
    let mut bytes = fs::read(&path).unwrap();
    frame(&mut bytes, 3)[50] ^= 1;
    fs::write(&path, bytes).unwrap();
    let other = outer.path().join("other");
    assert!(backup(b.path(), &other, false, |_| ()).is_err());
    assert!(!other.exists(), "a copy that does not verify has no name");
}

#[test]
fn a_journal_is_backed_up_again_and_again_while_another_thread_appends() {
    let (dir, outer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let out = outer.path().join("copy");
    let mut writer = Writer::create(dir.path(), options(200)).unwrap();
    let head = std::thread::scope(|scope| {
        let appending = scope.spawn(|| {
            for _ in 0..3_000 {
                fill(&mut writer, 1);
            }
            writer.close(1, b"").unwrap()
        });
        let mut last = 0;
        for round in 0..8 {
            let report = backup(dir.path(), &out, round > 0, |_| ()).unwrap();
            assert!(report.until >= last);
            last = report.until;
            archive(dir.path(), 3, |_| ()).unwrap();
        }
        appending.join().unwrap()
    });
    assert!(backup(dir.path(), &out, true, |_| ()).unwrap().verified.agrees_with(&head));
}

#[test]
fn salvage_takes_what_counts_and_never_touches_the_old() {
    for until in [None, Some(77), Some(100), Some(3)] {
        let (dir, outer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let out = outer.path().join("new");
        let mut writer = Writer::create(dir.path(), options(50)).unwrap();
        quotes(&mut writer, 0..160);
        drop(writer);
        let path = files(dir.path())[2].clone();
        let mut bytes = fs::read(&path).unwrap();
        frame(&mut bytes, 30)[64] ^= 4;
        fs::write(&path, bytes).unwrap();
        let before: Vec<_> = files(dir.path()).into_iter().map(|p| fs::read(p).unwrap()).collect();
        let report = salvage(dir.path(), &out, &take(until)).unwrap();
        assert_eq!(report.taken, until.unwrap_or(130));
        assert!(report.verified.is_sound() && !report.verified.closed);
        let recovery = scan(&out).unwrap();
        assert_eq!(
            (recovery.verdict, recovery.valid_until, recovery.lost),
            (Verdict::CleanTail, report.taken, 0)
        );
        assert_eq!(report.lost[0].from, report.taken);
        let note = fs::read_to_string(out.join(format!("journal-{EPOCH:016x}.salvaged"))).unwrap();
        assert!(note.contains(&format!("taken {}\n", report.taken)) && note.contains("checksum"), "{note}");
        let after: Vec<_> = files(dir.path()).into_iter().map(|p| fs::read(p).unwrap()).collect();
        assert_eq!(before, after);
        let error = salvage(dir.path(), outer.path().join("more"), &take(Some(131))).unwrap_err().to_string();
        assert!(error.contains("--until 130"), "{error}");
        assert!(!outer.path().join("more").exists());
    }
}

#[test]
fn what_lies_behind_the_damage_is_taken_only_on_request_and_the_loss_is_said() {
    let (dir, outer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let out = outer.path().join("new");
    let mut writer = Writer::create(dir.path(), options(50)).unwrap();
    quotes(&mut writer, 0..20);
    let group = writer.append_batch(&depth(1, 4)).unwrap();
    quotes(&mut writer, 20..200);
    drop(writer);
    let before = all(dir.path());
    let segments = files(dir.path());
    let mut bytes = fs::read(&segments[0]).unwrap();
    frame(&mut bytes, group as usize + 1)[64] ^= 4;
    fs::write(&segments[0], bytes).unwrap();
    fs::remove_file(&segments[2]).unwrap();
    let options = SalvageOptions { skip_bad: Some(77), ..take(None) };
    let report = salvage(dir.path(), &out, &options).unwrap();
    let spans: Vec<_> = report.lost.iter().map(|lost| (lost.from, lost.to)).collect();
    let gone = |position: u64| (group..group + 4).contains(&position) || (100..150).contains(&position);
    let covers =
        |position: u64| spans.iter().any(|(from, to)| (*from..to.unwrap_or(u64::MAX)).contains(&position));
    for record in &before {
        assert_eq!(covers(record.position), gone(record.position), "{}: {spans:?}", record.position);
    }
    assert!(report.verified.is_sound() && report.verified.closed);
    assert_eq!(Reader::open(&out).unwrap().header().epoch, 77);
    let body = |records: &[Record], keep: &dyn Fn(u64) -> bool| -> Vec<_> {
        let quotes = records.iter().filter(|r| r.kind == Kind::Quote as u16 && keep(r.position));
        quotes.map(|r| r.body).collect()
    };
    assert_eq!(body(&all(&out), &|_| true), body(&before, &|position| !gone(position)));
    assert!(all(&out).iter().all(|r| r.kind != Kind::DepthLevels as u16 && r.flags & FLAG_MORE == 0));
    assert!(
        fs::read_to_string(out.join(format!("journal-{:016x}.salvaged", 77)))
            .unwrap()
            .contains("lost 100 150")
    );
}

#[test]
fn an_edit_with_new_checksums_is_not_salvaged_past_what_the_chain_proves() {
    let (dir, outer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    closed(dir.path(), 50, 20);
    let path = files(dir.path())[1].clone();
    let mut bytes = fs::read(&path).unwrap();
    let slot = frame(&mut bytes, 5);
    slot[RECORD_BYTES - 1] ^= 1;
    fix_crc(slot);
    fs::write(&path, bytes).unwrap();
    let report = salvage(dir.path(), outer.path().join("new"), &take(None)).unwrap();
    assert_eq!(report.taken, 98, "the header at 100 does not follow, and a group is open from 98 on");
}

#[test]
fn a_journal_that_was_taken_up_twice_is_archived_copied_salvaged_and_pruned_like_any_other() {
    let (dir, outer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut writer = Writer::create(dir.path(), options(50)).unwrap();
    quotes(&mut writer, 0..70);
    drop(writer);
    let (mut writer, _) = Writer::resume(dir.path(), options(50)).unwrap();
    quotes(&mut writer, 70..100);
    writer.close(1, b"").unwrap();
    let (mut writer, _) = Writer::resume(dir.path(), options(50)).unwrap();
    quotes(&mut writer, 100..300);
    let before = all(dir.path());
    assert_eq!(before.iter().filter(|r| r.kind == Kind::Resume as u16).count(), 2);
    let edge = before.iter().position(|r| r.kind == Kind::End as u16).unwrap() as u64 + 1;
    let around = SalvageOptions { skip_bad: Some(9), ..take(None) };
    let report = salvage(dir.path(), outer.path().join("around"), &around).unwrap();
    assert_eq!((report.taken, report.lost.len()), (before.len() as u64, 1), "{:?}", report.lost);
    for (name, until) in [("a", edge), ("b", edge + 1), ("c", 71), ("d", 70)] {
        let out = outer.path().join(name);
        let report = salvage(dir.path(), &out, &take(Some(until))).unwrap();
        assert_eq!((report.taken, report.verified.closed), (until, until == edge));
        assert_eq!(all(&out), before[..until as usize]);
    }
    archive(dir.path(), 1, |_| ()).unwrap();
    let out = outer.path().join("copy");
    assert!(backup(dir.path(), &out, false, |_| ()).unwrap().verified.is_sound());
    assert_eq!(all(&out), before);
    let until = PruneUntil::Keep(2);
    let options =
        PruneOptions { until, as_far_as_possible: false, give_up_replay: true, dry_run: false, wall_ns: 9 };
    let callers = scan(dir.path()).unwrap().caller_records;
    assert!(prune(dir.path(), &options).unwrap().segments > 3);
    let recovery = scan(dir.path()).unwrap();
    assert_eq!((recovery.caller_records, recovery.valid_until), (callers, before.len() as u64));
    assert!(verify(dir.path()).unwrap().is_sound());
    let head = writer.close(2, b"").unwrap();
    assert!(verify(dir.path()).unwrap().agrees_with(&head));
}
