//! A link in a file: the same promises as in memory, and what a dead process leaves in it.
#![cfg(not(any(loom, miri)))]

use pinion_ring::{Gap, Identity, LinkFileError, Remains, file_bytes, link_in_file};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

type Item = [u64; 14];
const IDENTITY: Identity = Identity { epoch: 0x5eed, first_position: 17 };

fn path(dir: &tempfile::TempDir) -> PathBuf {
    dir.path().join("x.link")
}

/// A file into which `sent` items went, of which `read` were given back.
fn left(dir: &tempfile::TempDir, depth: usize, sent: u64, read: u64) -> PathBuf {
    let path = path(dir);
    let (mut tx, mut rx) = link_in_file::<Item>(&path, depth, IDENTITY).unwrap();
    for n in 0..sent {
        if !tx.has_credits(1) {
            assert_eq!(rx.read().map(|item| item[0]), Some(n - depth as u64));
        }
        assert!(tx.has_credits(1));
        tx.push([n; 14]);
    }
    let already = sent.saturating_sub(depth as u64);
    (already..read).for_each(|n| assert_eq!(rx.read(), Some([n; 14])));
    path
}

fn numbers(remains: &Remains<Item>, from: u64) -> Vec<u64> {
    remains.from(from).unwrap().iter().map(|item| item[0]).collect()
}

#[test]
fn what_was_sent_and_not_given_back_is_there_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let remains = Remains::<Item>::read(&left(&dir, 5, 23, 20)).unwrap();
    assert_eq!((remains.identity, remains.given_back(), remains.sent()), (IDENTITY, 20, 23));
    assert_eq!(numbers(&remains, 20), [20, 21, 22]);
    assert_eq!(numbers(&remains, 22), [22]);
    assert!(numbers(&remains, 23).is_empty() && numbers(&remains, u64::MAX).is_empty());
    assert_eq!(remains.from(19), Err(Gap { wanted: 19, first: 20 }));
}

#[test]
fn a_link_that_is_full_and_one_that_is_new_are_read_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = left(&dir, 8, 30, 22);
    assert_eq!(numbers(&Remains::read(&path).unwrap(), 22), (22..30).collect::<Vec<_>>());
    std::fs::remove_file(&path).unwrap();
    let remains = Remains::<Item>::read(&left(&dir, 8, 0, 0)).unwrap();
    assert_eq!((remains.sent(), numbers(&remains, 0).len()), (0, 0));
}

/// Every state that a producer's kill can leave in a slot: any part of the new item, under the old sequence.
#[test]
fn an_item_that_was_being_written_is_not_given() {
    let dir = tempfile::tempdir().unwrap();
    let path = left(&dir, 4, 10, 8);
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    // Item 10 goes into slot 2, which holds item 6: one that was given back.
    let slot = 4096 + 2 * 128;
    for bytes in 0..=112 {
        file.write_all_at(&[0xEE; 112][..bytes], slot + 8).unwrap();
        assert_eq!(numbers(&Remains::read(&path).unwrap(), 8), [8, 9], "{bytes} bytes were written");
    }
    file.write_all_at(&11u64.to_le_bytes(), slot).unwrap();
    assert_eq!(numbers(&Remains::read(&path).unwrap(), 8), [8, 9, 0xEEEE_EEEE_EEEE_EEEE]);
}

#[test]
fn only_wholes_are_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = path(&dir);
    let (mut tx, mut rx) = link_in_file::<Item>(&path, 8, IDENTITY).unwrap();
    (0..5).for_each(|n| tx.push([n; 14]));
    let mut seen = 0;
    assert_eq!(
        rx.read_wholes(64, |item| {
            seen += 1;
            item[0] == 2
        }),
        5
    );
    let remains = Remains::<Item>::read(&path).unwrap();
    assert_eq!((seen, remains.given_back(), remains.sent()), (5, 3, 5), "3 and 4 belong to what is to come");
    assert!(tx.has_credits(6) && !tx.has_credits(7));
}

/// What the consumer has not put away yet may not be overwritten: the count goes on after `take`.
#[test]
fn nothing_is_given_back_while_it_is_being_taken() {
    let dir = tempfile::tempdir().unwrap();
    let path = path(&dir);
    let (mut tx, mut rx) = link_in_file::<Item>(&path, 8, IDENTITY).unwrap();
    (0..5).for_each(|n| tx.push([n; 14]));
    rx.read_wholes(64, |item| {
        let remains = Remains::<Item>::read(&path).unwrap();
        assert_eq!((remains.given_back(), remains.from(item[0]).unwrap()[0]), (0, *item));
        true
    });
    assert_eq!(Remains::<Item>::read(&path).unwrap().given_back(), 5);
}

#[test]
fn a_file_that_is_there_is_not_taken_and_one_that_cannot_be_made_is_not_left() {
    let dir = tempfile::tempdir().unwrap();
    let path = left(&dir, 4, 3, 0);
    let before = std::fs::read(&path).unwrap();
    assert_eq!(before.len(), file_bytes::<Item>(4));
    let refused = link_in_file::<Item>(&path, 4, IDENTITY).unwrap_err();
    assert!(matches!(refused, LinkFileError::Io { action: "make", .. }), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    link_in_file::<Item>(&dir.path().join("none/x.link"), 4, IDENTITY).unwrap_err();
}

#[test]
fn every_flipped_bit_of_the_header_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = left(&dir, 4, 3, 0);
    let whole = std::fs::read(&path).unwrap();
    for bit in 0..48 * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &bytes).unwrap();
        refused(&path, "");
    }
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    refused(&path, "are not those of 4 slots");
    std::fs::write(&path, &whole[..40]).unwrap();
    refused(&path, "too short");
    // What a process leaves that is killed while it makes one.
    for bytes in [0, 1, 4096, whole.len()] {
        std::fs::write(&path, vec![0; bytes]).unwrap();
        assert!(matches!(Remains::<Item>::read(&path), Err(LinkFileError::Unfinished { .. })));
    }
    let mut bytes = whole.clone();
    bytes[1024..1032].copy_from_slice(&u64::MAX.to_le_bytes());
    std::fs::write(&path, &bytes).unwrap();
    refused(&path, "cannot have been read");
    // An item in the middle is gone: no kill leaves that.
    bytes.copy_from_slice(&whole);
    bytes[4096 + 128..4096 + 136].fill(0);
    std::fs::write(&path, &bytes).unwrap();
    refused(&path, "item 1 is missing, but item 2 is there");
}

fn refused(path: &Path, why: &str) {
    let error = Remains::<Item>::read(path).unwrap_err().to_string();
    assert!(error.contains(why) && error.contains("x.link"), "{error}");
}

#[test]
fn items_of_another_size_and_links_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = left(&dir, 4, 3, 0);
    let error = Remains::<[u64; 7]>::read(&path).unwrap_err().to_string();
    assert!(error.contains("items of 112 bytes"), "{error}");
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(matches!(Remains::<Item>::read(&link), Err(LinkFileError::Io { .. })));
}
