//! No damage passes: flips, cuts, swaps, removals, doubles, and what an outsider can and cannot forge.

mod common;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use common::*;
use pinion_journal::{BadKind, HEADER_BYTES, VerifyReport, Writer, verify};
use pinion_model::record::{Kind, RECORD_BYTES};

/// Flips bits one at a time and gives those that `notices` did not notice.
fn unnoticed(
    path: &Path,
    bits: impl Iterator<Item = u64>,
    mut notices: impl FnMut(u64) -> bool,
) -> (u64, Vec<u64>) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let (mut tried, mut missed) = (0, Vec::new());
    for bit in bits {
        let mut byte = [0];
        file.read_exact_at(&mut byte, bit / 8).unwrap();
        let flipped = [byte[0] ^ (1 << (bit % 8))];
        file.write_all_at(&flipped, bit / 8).unwrap();
        if !notices(bit) {
            missed.push(bit);
        }
        file.write_all_at(&byte, bit / 8).unwrap();
        tried += 1;
    }
    (tried, missed)
}

/// True if verify names the very frame (or the header) in which the bit is.
fn named(dir: &Path, first_position: u64, bit: u64) -> bool {
    let Some(bad) = verify(dir).unwrap().first_bad else {
        return false;
    };
    let byte = bit / 8;
    let Some(in_frames) = byte.checked_sub(HEADER_BYTES as u64) else {
        return bad.byte_offset < HEADER_BYTES as u64 && bad.position == first_position;
    };
    let index = in_frames / RECORD_BYTES as u64;
    let offset = HEADER_BYTES as u64 + index * RECORD_BYTES as u64;
    bad.position == first_position + index && (offset..=byte).contains(&bad.byte_offset)
}

fn bits(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len() * 8
}

#[test]
fn every_flipped_bit_of_a_small_closed_journal_is_found_and_its_frame_named() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 40, 2);
    let path = only_file(dir.path());
    let (tried, missed) = unnoticed(&path, 0..bits(&path), |bit| named(dir.path(), 0, bit));
    assert!(missed.is_empty(), "{} of {tried} flips: {:?}", missed.len(), &missed[..missed.len().min(9)]);
    assert_eq!(tried, bits(&path));
    assert!(verify(dir.path()).unwrap().closed, "the harness put every bit back");
}

#[test]
fn every_flipped_bit_of_a_small_unclosed_journal_and_its_empty_tail_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let used = unclosed(dir.path(), 24, 1);
    let path = only_file(dir.path());
    assert!(used < 20, "there is an empty tail");
    let (tried, missed) = unnoticed(&path, 0..bits(&path), |bit| named(dir.path(), 0, bit));
    assert!(missed.is_empty(), "{} of {tried} flips: {:?}", missed.len(), &missed[..missed.len().min(9)]);
    assert!(verify(dir.path()).unwrap().is_sound());
}

#[test]
fn a_flip_in_every_byte_of_three_hundred_frames_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let head = closed(dir.path(), 1_000, 40);
    assert!(head.records > 300);
    let path = only_file(dir.path());
    let mut random = Random(11);
    let chosen = (0..bits(&path) / 8).map(|byte| byte * 8 + random.below(8));
    let (tried, missed) = unnoticed(&path, chosen, |bit| named(dir.path(), 0, bit));
    assert!(missed.is_empty(), "{} of {tried} flips: {:?}", missed.len(), &missed[..missed.len().min(9)]);
}

#[test]
fn seeded_flips_over_a_large_journal_of_several_segments_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let head = closed(dir.path(), 5_000, 2_500);
    assert!(head.segments >= 4 && head.records > 17_000, "{head:?}");
    let mut random = Random(5);
    for (index, path) in files(dir.path()).iter().enumerate() {
        let bound = bits(path);
        let chosen: Vec<u64> = (0..150).map(|_| random.below(bound)).collect();
        let first = index as u64 * 5_000;
        let (_, missed) = unnoticed(path, chosen.into_iter(), |bit| named(dir.path(), first, bit));
        assert!(missed.is_empty(), "{}: {missed:?}", path.display());
    }
    assert!(verify(dir.path()).unwrap().agrees_with(&head));
}

#[test]
fn control_the_flip_harness_notices_a_judge_that_skips_the_checksum() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 40, 2);
    let path = only_file(dir.path());
    let sound = fs::read(&path).unwrap();
    // Looks at commit words and positions only.
    let weak = |_: u64| {
        let mut bytes = fs::read(&path).unwrap();
        let frames = (bytes.len() - HEADER_BYTES) / RECORD_BYTES;
        (0..frames).any(|index| {
            let slot = frame(&mut bytes, index);
            slot[..4] != 128u32.to_le_bytes() || slot[8..16] != (index as u64).to_le_bytes()
        })
    };
    let from = (HEADER_BYTES * 8) as u64;
    let (tried, missed) = unnoticed(&path, from..from + RECORD_BYTES as u64 * 8, weak);
    assert_eq!((tried, missed.len()), (1_024, 1_024 - 96), "all but commit and position go unnoticed");
    assert_eq!(fs::read(&path).unwrap(), sound);
}

#[test]
fn every_cut_of_a_closed_and_of_an_unclosed_journal_is_found() {
    for is_closed in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        if is_closed {
            assert!(closed(dir.path(), 400, 40).records > 300);
        } else {
            assert!(unclosed(dir.path(), 400, 40) > 300);
        }
        assert!(verify(dir.path()).unwrap().is_sound());
        let path = only_file(dir.path());
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        for length in (0..fs::metadata(&path).unwrap().len()).rev() {
            file.set_len(length).unwrap();
            let report = verify(dir.path()).unwrap();
            let whole = length.saturating_sub(HEADER_BYTES as u64) / RECORD_BYTES as u64;
            assert!(!report.is_sound(), "a cut to {length} bytes went unnoticed");
            assert!(report.records <= whole);
            assert!(!report.closed);
        }
    }
}

#[test]
fn bytes_added_behind_a_journal_are_found() {
    for (is_closed, added) in [(true, 1), (true, 128), (true, 4096), (false, 1), (false, 128)] {
        let dir = tempfile::tempdir().unwrap();
        if is_closed {
            closed(dir.path(), 64, 3).records
        } else {
            unclosed(dir.path(), 64, 3)
        };
        let path = only_file(dir.path());
        let length = fs::metadata(&path).unwrap().len();
        OpenOptions::new().write(true).open(&path).unwrap().set_len(length + added).unwrap();
        let bad = verify(dir.path()).unwrap().first_bad.unwrap();
        assert_eq!((bad.kind, bad.byte_offset), (BadKind::Length, length), "{bad}");
    }
}

/// Damages a closed one-segment journal of plain records and gives what verify says.
fn after(change: impl FnOnce(&mut Vec<u8>)) -> (VerifyReport, bool) {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(200)).unwrap();
    quotes(&mut writer, 0..100);
    let head = writer.close(1, b"").unwrap();
    let path = only_file(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(&path, bytes).unwrap();
    let report = verify(dir.path()).unwrap();
    let agrees = report.agrees_with(&head);
    (report, agrees)
}

fn at(index: usize) -> std::ops::Range<usize> {
    HEADER_BYTES + index * RECORD_BYTES..HEADER_BYTES + (index + 1) * RECORD_BYTES
}

#[track_caller]
fn finds(kind: BadKind, position: u64, change: impl FnOnce(&mut Vec<u8>)) {
    let (report, agrees) = after(change);
    let bad = report.first_bad.expect("the damage went unnoticed");
    assert_eq!((bad.kind, bad.position), (kind, position), "{bad}");
    assert!(!agrees);
}

/// Gives a frame another position, as an outsider who knows the epoch can.
fn renumber(slot: &mut [u8], position: u64) {
    slot[8..16].copy_from_slice(&position.to_le_bytes());
    fix_crc(slot);
}

#[test]
fn swapped_removed_doubled_and_inserted_frames_are_named() {
    finds(BadKind::Position, 20, |bytes| {
        let (first, second) = (bytes[at(20)].to_vec(), bytes[at(30)].to_vec());
        bytes[at(20)].copy_from_slice(&second);
        bytes[at(30)].copy_from_slice(&first);
    });
    finds(BadKind::Position, 20, |bytes| drop(bytes.drain(at(20))));
    finds(BadKind::Position, 21, |bytes| {
        let double = bytes[at(20)].to_vec();
        bytes.splice(at(20).end..at(20).end, double);
    });
    finds(BadKind::Position, 100, |bytes| drop(bytes.drain(at(100))));
    finds(BadKind::Length, 101, |bytes| bytes.truncate(at(101).start));
    finds(BadKind::Tail, 20, |bytes| bytes[at(20)][..4].fill(0));
    finds(BadKind::Hole, 20, |bytes| bytes[at(20)].fill(0));
}

#[test]
fn what_fits_its_checksum_but_was_not_written_there_is_found_by_the_chain() {
    // A changed byte, and the same for the header: plan hash, build, anchor.
    finds(BadKind::Chain, 101, |bytes| {
        bytes[at(20)][50] ^= 1;
        fix_crc(&mut bytes[at(20)]);
    });
    for byte in [32, 100, 128] {
        finds(BadKind::Chain, 101, |bytes| {
            bytes[byte] ^= 1;
            fix_header_crc(bytes);
        });
    }
    // Two frames that changed places and numbers.
    finds(BadKind::Chain, 101, |bytes| {
        let (first, second) = (bytes[at(20)].to_vec(), bytes[at(30)].to_vec());
        bytes[at(20)].copy_from_slice(&second);
        bytes[at(30)].copy_from_slice(&first);
        renumber(&mut bytes[at(20)], 20);
        renumber(&mut bytes[at(30)], 30);
    });
    // A frame taken out and the rest moved up and renumbered.
    finds(BadKind::Chain, 100, |bytes| {
        bytes.drain(at(20));
        (20..=100).for_each(|index| renumber(&mut bytes[at(index)], index as u64));
    });
}

#[test]
fn header_bytes_that_must_be_zero_and_versions_that_are_unknown_are_refused_despite_a_good_checksum() {
    finds(BadKind::Header, 0, |bytes| {
        bytes[2_000] = 1;
        fix_header_crc(bytes);
    });
    finds(BadKind::Version, 0, |bytes| {
        bytes[8] = 2;
        fix_header_crc(bytes);
    });
    finds(BadKind::Header, 0, |bytes| {
        bytes[120..128].fill(0xff);
        fix_header_crc(bytes);
    });
    finds(BadKind::Name, 0, |bytes| {
        bytes[16] ^= 1;
        fix_header_crc(bytes);
    });
}

#[test]
fn control_an_outsider_who_chains_anew_is_found_only_against_a_head_kept_elsewhere() {
    let (report, agrees) = after(|bytes| {
        bytes[at(20)][50] ^= 1;
        fix_crc(&mut bytes[at(20)]);
        rechain(bytes);
    });
    assert!(report.is_sound() && report.closed, "an unkeyed chain proves consistency, not origin");
    assert!(!agrees, "the head tells");
    // The forging tool itself is sound: it changes nothing in a journal that nobody changed.
    let (report, agrees) = after(|bytes| rechain(bytes));
    assert!(report.is_sound() && agrees);
}

#[test]
fn control_a_zeroed_tail_of_an_unclosed_journal_is_found_only_against_a_head_kept_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(64)).unwrap();
    quotes(&mut writer, 0..30);
    let head = writer.head();
    drop(writer);
    let report = verify(dir.path()).unwrap();
    assert!(report.is_sound() && !report.closed && report.agrees_with(&head));
    let path = only_file(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes[at(28).start..].fill(0);
    fs::write(&path, bytes).unwrap();
    let report = verify(dir.path()).unwrap();
    assert!(report.is_sound() && !report.closed && report.records == 28);
    assert!(!report.agrees_with(&head));
}

#[test]
fn missing_swapped_renamed_doubled_and_foreign_segments_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let head = closed(dir.path(), 16, 16);
    let files = files(dir.path());
    assert!(files.len() > 6);
    let aside = dir.path().join("aside");
    let found = || {
        let report = verify(dir.path()).unwrap();
        report.first_bad.map(|bad| (bad.kind, bad.position))
    };
    for (index, file) in files.iter().enumerate() {
        fs::rename(file, &aside).unwrap();
        let position = index as u64 * 16;
        if index + 1 == files.len() {
            let report = verify(dir.path()).unwrap();
            assert!(!report.closed && !report.agrees_with(&head), "the last one takes the End with it");
        } else {
            assert_eq!(found(), Some((BadKind::Segment, position)));
        }
        fs::rename(&aside, file).unwrap();
    }
    // Swapped contents, then a renamed file, then a second copy under another epoch.
    fs::rename(&files[2], &aside).unwrap();
    fs::rename(&files[3], &files[2]).unwrap();
    fs::rename(&aside, &files[3]).unwrap();
    assert_eq!(found(), Some((BadKind::Name, 32)));
    fs::rename(&files[2], &aside).unwrap();
    fs::rename(&files[3], &files[2]).unwrap();
    fs::rename(&aside, &files[3]).unwrap();
    assert_eq!(found(), None);
    let stray = dir.path().join("journal-x.seg");
    fs::rename(&files[2], &stray).unwrap();
    assert_eq!(found(), Some((BadKind::Name, 0)));
    fs::rename(&stray, &files[2]).unwrap();
    let foreign = dir.path().join("journal-0000000000000001-00000000000000000032.seg");
    fs::copy(&files[2], &foreign).unwrap();
    assert_eq!(found(), Some((BadKind::Segment, 32)));
    fs::remove_file(&foreign).unwrap();
    let behind = dir.path().join(format!("journal-{EPOCH:016x}-{:020}.seg", 16 * files.len()));
    fs::copy(&files[2], &behind).unwrap();
    assert_eq!(found(), Some((BadKind::Segment, head.records)));
    fs::remove_file(&behind).unwrap();
    assert!(verify(dir.path()).unwrap().agrees_with(&head));
}

#[test]
fn a_checkpoint_that_is_missing_or_out_of_place_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(9_000)).unwrap();
    quotes(&mut writer, 0..5_000);
    writer.close(1, b"").unwrap();
    let path = only_file(dir.path());
    let sound = fs::read(&path).unwrap();
    let found = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        verify(dir.path()).unwrap().first_bad.map(|bad| (bad.kind, bad.position))
    };
    assert_eq!(found(&sound), None);
    let mut bytes = sound.clone();
    bytes[at(4096)][24..26].copy_from_slice(&(Kind::Quote as u16).to_le_bytes());
    fix_crc(&mut bytes[at(4096)]);
    assert_eq!(found(&bytes), Some((BadKind::Chain, 4096)));
    let mut bytes = sound.clone();
    let moved = sound[at(4096)].to_vec();
    bytes[at(100)].copy_from_slice(&moved);
    renumber(&mut bytes[at(100)], 100);
    assert_eq!(found(&bytes), Some((BadKind::Chain, 100)));
    let mut bytes = sound;
    bytes[at(4000)][40] ^= 1;
    fix_crc(&mut bytes[at(4000)]);
    assert_eq!(
        found(&bytes),
        Some((BadKind::Chain, 4096)),
        "named by the next checkpoint, not only at the End"
    );
}
