//! Recovery is total and never more than an exact prefix: the table cell by cell, cuts, flips, lost
//! sectors in every combination, and a writer that is killed.

mod common;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::*;
use pinion_journal::recover::{Commit, Crc, Durability, Later, Observation, Place, Verdict, classify};
use pinion_journal::{BadKind, HEADER_BYTES, Reader, Writer, scan, verify};
use pinion_model::record::{Kind, RECORD_BYTES};

const COMMITS: [Commit; 3] = [Commit::Empty, Commit::Whole, Commit::BadLength];
const CRCS: [Crc; 2] = [Crc::Good, Crc::Bad];
const PLACES: [Place; 2] = [Place::Expected, Place::Unexpected];
const DURABILITIES: [Durability; 2] = [Durability::Marked, Durability::Unmarked];
const LATERS: [Later; 2] = [Later::Yes, Later::No];

fn observations() -> Vec<Observation> {
    let mut all = Vec::new();
    for commit in COMMITS {
        for crc in CRCS {
            for place in PLACES {
                for durability in DURABILITIES {
                    all.extend(LATERS.map(|later| Observation { commit, crc, place, durability, later }));
                }
            }
        }
    }
    all
}

/// The rows of the design's table, written down a second time as conditions.
fn row(seen: Observation) -> Verdict {
    let marked = seen.durability == Durability::Marked;
    if seen.commit == Commit::Whole && seen.crc == Crc::Good {
        return if seen.place == Place::Expected { Verdict::Accept } else { Verdict::Misdirected };
    }
    match (marked, seen.commit == Commit::Empty, seen.later == Later::Yes) {
        (true, ..) => Verdict::Corrupt,
        (false, true, true) => Verdict::Hole,
        (false, true, false) => Verdict::CleanTail,
        (false, false, _) => Verdict::Torn,
    }
}

#[test]
fn the_table_gives_the_designs_verdict_for_every_combination() {
    let all = observations();
    assert_eq!(all.len(), 48);
    for seen in all {
        assert_eq!(classify(seen), row(seen), "{seen:?}");
    }
}

/// Makes a file whose slot 10 looks exactly as described.
fn build(path: &Path, sound: &[u8], seen: Observation) {
    const SLOT: usize = 10;
    let mut bytes = sound.to_vec();
    let later = bytes[HEADER_BYTES + 13 * RECORD_BYTES..][..RECORD_BYTES].to_vec();
    bytes[HEADER_BYTES + (SLOT + 1) * RECORD_BYTES..].fill(0);
    // Without a later frame, only a Mark that promises more than it may can vouch for the slot.
    let mark_at = if seen.later == Later::Yes { 13 } else { 5 };
    if seen.later == Later::Yes {
        frame(&mut bytes, 13).copy_from_slice(&later);
    }
    if seen.durability == Durability::Marked {
        let slot = frame(&mut bytes, mark_at);
        slot[24..26].copy_from_slice(&(Kind::Mark as u16).to_le_bytes());
        slot[32..40].copy_from_slice(&(SLOT as u64 + 1).to_le_bytes());
        fix_crc(slot);
    }
    let slot = frame(&mut bytes, SLOT);
    if seen.place == Place::Unexpected {
        slot[8..16].copy_from_slice(&3u64.to_le_bytes());
    }
    fix_crc(slot);
    if seen.crc == Crc::Bad {
        slot[100] ^= 0x10;
    }
    let commit: u32 = match seen.commit {
        Commit::Empty => 0,
        Commit::Whole => 128,
        Commit::BadLength => 77,
    };
    slot[..4].copy_from_slice(&commit.to_le_bytes());
    fs::write(path, bytes).unwrap();
}

#[test]
fn every_cell_of_the_table_is_reached_by_a_real_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(32)).unwrap();
    quotes(&mut writer, 0..20);
    drop(writer);
    let path = only_file(dir.path());
    let sound = fs::read(&path).unwrap();
    for seen in observations() {
        build(&path, &sound, seen);
        let recovery = scan(dir.path()).unwrap();
        let verdict = classify(seen);
        if verdict == Verdict::Accept {
            assert_eq!(recovery.valid_until, 11, "{seen:?}: {recovery:?}");
            continue;
        }
        assert_eq!(recovery.verdict, verdict, "{seen:?}: {recovery:?}");
        assert_eq!(recovery.valid_until, 10, "{seen:?}");
        assert_eq!(recovery.byte_offset, (HEADER_BYTES + 10 * RECORD_BYTES) as u64);
        assert_eq!(recovery.lost, u64::from(seen.later == Later::Yes), "{seen:?}");
        let advises = recovery.to_string().contains("pinion journal verify");
        assert_eq!(advises, verdict.refuses(), "{recovery}");
    }
}

/// The stores of one frame, stopped after any byte, and what a power cut keeps of them: the cells of the table that a
/// crash can make, made as it makes them.
#[test]
fn a_crash_while_a_frame_is_stored_ends_the_journal_before_it() {
    const SLOT: usize = 21;
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(64)).unwrap();
    quotes(&mut writer, 0..10);
    writer.mark(1).unwrap();
    quotes(&mut writer, 10..40);
    drop(writer);
    let path = only_file(dir.path());
    let whole = fs::read(&path).unwrap();
    let stored = HEADER_BYTES + SLOT * RECORD_BYTES;
    let mut seen = std::collections::HashSet::new();
    for later in [Later::No, Later::Yes] {
        let mut before = whole.clone();
        let next = if later == Later::Yes { SLOT + 4 } else { 64 };
        before[stored..HEADER_BYTES + next * RECORD_BYTES].fill(0);
        for byte in 4..=RECORD_BYTES {
            // Bytes first, the commit word last; and what is cut off in between.
            for (commit, from) in [(false, 4), (true, 0)] {
                let mut bytes = before.clone();
                bytes[stored + from..stored + byte].copy_from_slice(&whole[stored + from..stored + byte]);
                let slot = &bytes[stored..stored + RECORD_BYTES];
                let is_whole = slot == &whole[stored..stored + RECORD_BYTES];
                let place = slot[8..16] == (SLOT as u64).to_le_bytes();
                let crc = slot[4..] == whole[stored + 4..stored + RECORD_BYTES];
                fs::write(&path, &bytes).unwrap();
                let recovery = scan(dir.path()).unwrap();
                seen.insert((commit, crc, place, later));
                if is_whole {
                    assert_eq!(recovery.valid_until, SLOT as u64 + 1);
                    continue;
                }
                let expected = match (commit, later) {
                    (true, _) => Verdict::Torn,
                    (false, Later::Yes) => Verdict::Hole,
                    (false, Later::No) => Verdict::CleanTail,
                };
                assert_eq!(
                    recovery.verdict, expected,
                    "{byte} bytes, commit {commit}, {later:?}: {recovery:?}"
                );
                assert_eq!(recovery.valid_until, SLOT as u64);
                // And the run goes on behind it.
                let copy = tempfile::tempdir().unwrap();
                fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
                let (writer, resumed) = Writer::resume(copy.path(), options(64)).unwrap();
                assert_eq!(resumed.found.valid_until, SLOT as u64);
                let head = writer.close(9, b"").unwrap();
                assert!(verify(copy.path()).unwrap().agrees_with(&head), "{byte} {commit} {later:?}");
            }
        }
    }
    // (commit, crc, position) by later: of an empty slot three each, of a written one torn in two ways and whole.
    assert_eq!(seen.len(), 12, "{seen:?}");
}

/// For each position, how many records count if only those below it are whole.
fn group_starts(dir: &Path) -> Vec<u64> {
    let mut starts = vec![0];
    let mut cursor = Reader::open(dir).unwrap().cursor(0).unwrap();
    while let Some(record) = cursor.next_record().unwrap() {
        let begun = *starts.last().unwrap();
        starts.push(if record.continues() { begun } else { record.position + 1 });
        if record.continues() && starts[starts.len() - 2] == record.position {
            *starts.last_mut().unwrap() = record.position;
        }
    }
    starts
}

#[test]
fn after_every_cut_recovery_keeps_exactly_the_whole_groups_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let records = unclosed(dir.path(), 400, 40);
    assert!(records > 300);
    let starts = group_starts(dir.path());
    let path = only_file(dir.path());
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    let mut groups = 0;
    for length in (0..fs::metadata(&path).unwrap().len()).rev() {
        file.set_len(length).unwrap();
        let recovery = scan(dir.path()).unwrap();
        let whole = length.saturating_sub(HEADER_BYTES as u64) / RECORD_BYTES as u64;
        let kept = whole.min(records);
        if kept == 0 {
            assert_eq!((recovery.verdict, recovery.valid_until), (Verdict::Corrupt, 0), "{length}");
            continue;
        }
        assert_eq!(recovery.valid_until, starts[kept as usize], "{length}: {recovery:?}");
        assert!(!recovery.verdict.refuses(), "{length}: {recovery:?}");
        assert!(recovery.durable_position <= recovery.valid_until);
        assert_eq!(recovery.torn_group.is_some(), starts[kept as usize] != kept);
        groups += u64::from(recovery.torn_group.is_some());
    }
    assert!(groups > 1_000, "cuts inside groups were among them");
}

#[test]
fn a_group_without_its_end_is_taken_off_and_a_whole_one_is_kept() {
    for keep in 1..=5usize {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path(), options(64)).unwrap();
        quotes(&mut writer, 0..3);
        writer.append_batch(&depth(1, 5)[..keep]).unwrap();
        drop(writer);
        let recovery = scan(dir.path()).unwrap();
        if keep == 5 {
            assert_eq!((recovery.verdict, recovery.valid_until), (Verdict::CleanTail, 9));
            assert_eq!((recovery.lost, recovery.torn_group), (0, None));
        } else {
            assert_eq!((recovery.verdict, recovery.valid_until), (Verdict::Torn, 4));
            assert_eq!((recovery.lost, recovery.torn_group), (keep as u64, Some(4)));
        }
    }
}

#[test]
fn a_flip_below_the_mark_refuses_and_a_flip_above_it_ends_the_journal_there() {
    let dir = tempfile::tempdir().unwrap();
    let records = unclosed(dir.path(), 400, 40);
    let starts = group_starts(dir.path());
    let path = only_file(dir.path());
    let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let durable = scan(dir.path()).unwrap().durable_position;
    assert!(durable > 200 && durable + 10 < records);
    let mut random = Random(3);
    for position in 0..records {
        for byte in [0, 4, 9, 17, 24, 32, 127, random.below(128)] {
            let offset = HEADER_BYTES as u64 + position * RECORD_BYTES as u64 + byte;
            let mut value = [0];
            file.read_exact_at(&mut value, offset).unwrap();
            file.write_all_at(&[value[0] ^ 0x80], offset).unwrap();
            let recovery = scan(dir.path()).unwrap();
            file.write_all_at(&value, offset).unwrap();
            // A damaged Mark vouches for nothing: the bound is that of the marks that are left.
            let refuses = position < recovery.durable_position.max(1);
            assert_eq!(recovery.verdict.refuses(), refuses, "{position}+{byte}: {recovery:?}");
            assert_eq!(recovery.valid_until, starts[position as usize], "{position}+{byte}");
            assert_eq!(recovery.lost, records - 1 - starts[position as usize]);
        }
    }
}

#[test]
fn whichever_sectors_written_since_the_mark_a_power_cut_keeps_the_result_is_a_prefix_that_holds_the_mark() {
    const SECTOR: usize = 512;
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(200)).unwrap();
    quotes(&mut writer, 0..19);
    writer.mark(1).unwrap();
    quotes(&mut writer, 0..11);
    let durable = writer.position();
    let path = only_file(dir.path());
    let on_disk = fs::read(&path).unwrap();
    writer.mark(2).unwrap();
    quotes(&mut writer, 20..30);
    writer.append_batch(&depth(1, 9)).unwrap();
    quotes(&mut writer, 30..50);
    writer.append_batch(&depth(1, 6)).unwrap();
    drop(writer);
    let starts = group_starts(dir.path());
    let in_memory = fs::read(&path).unwrap();
    let dirty: Vec<usize> = (0..in_memory.len() / SECTOR)
        .filter(|sector| in_memory[sector * SECTOR..][..SECTOR] != on_disk[sector * SECTOR..][..SECTOR])
        .collect();
    assert_eq!(dirty.len(), 12);
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    let mut holes = 0;
    for kept in 0..1u32 << dirty.len() {
        for (bit, sector) in dirty.iter().enumerate() {
            let source = if kept & (1 << bit) != 0 { &in_memory } else { &on_disk };
            file.write_all_at(&source[sector * SECTOR..][..SECTOR], (sector * SECTOR) as u64).unwrap();
        }
        let first_lost = (0..dirty.len()).find(|bit| kept & (1 << bit) == 0);
        let whole = match first_lost {
            None => starts.len() as u64 - 1,
            Some(bit) => (((dirty[bit] * SECTOR - HEADER_BYTES) / RECORD_BYTES) as u64).max(durable),
        };
        let recovery = scan(dir.path()).unwrap();
        assert!(!recovery.verdict.refuses(), "{kept:012b}: {recovery:?}");
        assert_eq!(recovery.valid_until, starts[whole as usize], "{kept:012b}: {recovery:?}");
        assert!(recovery.valid_until >= durable, "{kept:012b}");
        holes += u32::from(recovery.verdict == Verdict::Hole);
    }
    assert!(holes > 2_000, "{holes} holes");
}

#[test]
fn a_lost_header_or_segment_is_torn_above_the_mark_and_corrupt_below_it() {
    for marked in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path(), options(16)).unwrap();
        quotes(&mut writer, 0..40);
        if marked {
            writer.mark(1).unwrap();
            quotes(&mut writer, 0..9);
        }
        drop(writer);
        let files = files(dir.path());
        let third = fs::read(&files[2]).unwrap();
        let mut blank = third.clone();
        blank[..HEADER_BYTES].fill(0);
        fs::write(&files[2], blank).unwrap();
        let recovery = scan(dir.path()).unwrap();
        let expected = if marked { Verdict::Corrupt } else { Verdict::Torn };
        assert_eq!((recovery.verdict, recovery.valid_until), (expected, 32));
        assert_eq!(recovery.lost, if marked { 19 } else { 9 });
        fs::write(&files[2], third).unwrap();
        fs::remove_file(&files[1]).unwrap();
        let recovery = scan(dir.path()).unwrap();
        let expected = if marked { Verdict::Corrupt } else { Verdict::Hole };
        assert_eq!((recovery.verdict, recovery.valid_until), (expected, 16));
        fs::remove_file(&files[0]).unwrap();
        let recovery = scan(dir.path()).unwrap();
        assert_eq!(
            (recovery.verdict, recovery.valid_until),
            (Verdict::Corrupt, 0),
            "the start is always durable"
        );
    }
}

#[test]
fn closed_and_exactly_full_journals_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let head = closed(dir.path(), 16, 9);
    let recovery = scan(dir.path()).unwrap();
    assert_eq!((recovery.verdict, recovery.closed), (Verdict::Accept, true));
    assert_eq!((recovery.valid_until, recovery.lost), (head.records, 0));

    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(16)).unwrap();
    quotes(&mut writer, 0..31);
    assert_eq!(writer.position(), 32);
    writer.prepare_next().unwrap();
    drop(writer);
    let recovery = scan(dir.path()).unwrap();
    assert_eq!((recovery.verdict, recovery.closed), (Verdict::CleanTail, false));
    assert_eq!((recovery.valid_until, recovery.lost), (32, 0));
    assert!(verify(dir.path()).unwrap().is_sound(), "a prepared segment is not part of the journal");
}

const CHILD: &str = "PINION_JOURNAL_TEST_CHILD";

/// Not a test of its own: the process that the next test kills.
#[test]
fn child_appends_until_it_is_killed() {
    let Some(dir) = std::env::var_os(CHILD) else {
        return;
    };
    let mut writer = Writer::create(dir, options(2_000)).unwrap();
    for number in 0.. {
        writer.append(&quote(number)).unwrap();
        if number % 777 == 776 {
            writer.prepare_next().unwrap();
            writer.mark(number).unwrap();
        }
    }
}

#[test]
fn a_killed_writer_leaves_an_exact_prefix_of_what_it_wrote_and_at_least_what_it_marked() {
    let mut random = Random(17);
    let mut total = 0;
    for round in 0..12 {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child_appends_until_it_is_killed", "--exact"])
            .env(CHILD, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while files(dir.path()).is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(random.below(80_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let recovery = scan(dir.path()).unwrap();
        // Before the header and the Start are synced there is no journal yet.
        if recovery.valid_until == 0 {
            continue;
        }
        assert!(!recovery.verdict.refuses() && recovery.lost == 0, "round {round}: {recovery:?}");
        assert!(recovery.valid_until >= recovery.durable_position);
        let report = verify(dir.path()).unwrap();
        assert_eq!(report.records, recovery.valid_until);
        let only_tail = report.first_bad.is_none_or(|bad| bad.kind == BadKind::Tail);
        assert!(only_tail && !report.closed, "round {round}");
        let mut cursor = Reader::open(dir.path()).unwrap().cursor(0).unwrap();
        let mut number = 0;
        while let Some(record) = cursor.next_record().unwrap() {
            if record.kind() == Some(Kind::Quote) {
                assert_eq!(record.body, quote(number).body, "round {round}");
                number += 1;
            }
        }
        assert_eq!(cursor.position(), recovery.valid_until);
        total += number;
    }
    assert!(total > 1_000, "the writers got to write {total} records in all");
}

#[test]
fn a_journal_whose_last_segment_is_exactly_full_is_resumed_again_and_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(16)).unwrap();
    quotes(&mut writer, 0..15);
    assert_eq!(writer.position(), 16);
    drop(writer);
    for round in 1..4 {
        let (mut writer, resumed) = Writer::resume(dir.path(), options(16)).unwrap();
        assert_eq!(resumed.found.valid_until, 16 * round);
        // With the Resume, the new segment is full as well.
        quotes(&mut writer, 0..15);
        drop(writer);
        let recovery = scan(dir.path()).unwrap();
        assert_eq!((recovery.verdict, recovery.valid_until), (Verdict::CleanTail, 16 * round + 16));
        let report = verify(dir.path()).unwrap();
        assert!(report.is_sound(), "{report:?}");
    }
}

#[test]
fn damage_in_a_journal_that_was_closed_and_trimmed_is_no_crash() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(64)).unwrap();
    quotes(&mut writer, 0..20);
    writer.close(0, b"").unwrap();
    let path = only_file(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes[HEADER_BYTES + 10 * RECORD_BYTES + 100] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let found = scan(dir.path()).unwrap();
    assert_eq!((found.verdict, found.valid_until), (Verdict::Corrupt, 10), "{found}");
    assert!(Writer::resume(dir.path(), options(64)).is_err());
    // A power cut between the End and the trim may leave just this: the End vouches for nothing yet.
    bytes.resize(HEADER_BYTES + 64 * RECORD_BYTES, 0);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(scan(dir.path()).unwrap().verdict, Verdict::Torn);
}
