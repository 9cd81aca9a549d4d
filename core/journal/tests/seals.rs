//! Seals against somebody who computes everything anew, and the key files.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use common::*;
use pinion_journal::*;

const SECRET: [u8; 32] = [7; 32];

struct Case {
    dir: tempfile::TempDir,
    public: [u8; 32],
}

impl Case {
    fn new(is_closed: bool, frames: u64) -> Case {
        let dir = tempfile::tempdir().unwrap();
        if is_closed {
            closed(dir.path(), frames, 30);
        } else {
            unclosed(dir.path(), frames, 30);
        }
        let public = seal(dir.path(), &SECRET, None, 5).unwrap().public;
        Case { dir, public }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn files(&self) -> Vec<PathBuf> {
        files(self.path())
    }

    fn found(&self) -> Bad {
        assert!(verify(self.path()).unwrap().is_sound(), "without the seal nothing is to be seen");
        let check = verify_seal(self.path(), None, &self.public).unwrap();
        check.report.first_bad.expect("the seal tells")
    }
}

fn renumber(bytes: &mut [u8], from: usize, first_position: u64) {
    for index in from..(bytes.len() - HEADER_BYTES) / 128 {
        let slot = frame(bytes, index);
        if slot[..4] != [0; 4] {
            slot[8..16].copy_from_slice(&(first_position + index as u64).to_le_bytes());
        }
    }
}

#[test]
fn a_sealed_journal_agrees_closed_grown_archived_and_pruned() {
    let case = Case::new(true, 50);
    let check = |dir: &Path| verify_seal(dir, None, &case.public).unwrap();
    let found = check(case.path());
    assert!(found.report.is_sound() && found.seal.records == found.report.records);
    archive(case.path(), 1, |_| ()).unwrap();
    let until = PruneUntil::Keep(2);
    let options =
        PruneOptions { until, as_far_as_possible: false, give_up_replay: true, dry_run: false, wall_ns: 9 };
    prune(case.path(), &options).unwrap();
    assert!(check(case.path()).report.is_sound());
    // Sealed again with what is pruned in it.
    let again = seal(case.path(), &SECRET, None, 6).unwrap();
    assert!(again.pruned.is_some() && check(case.path()).report.is_sound());

    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options_of(100)).unwrap();
    fill(&mut writer, 3);
    let sealed = seal(dir.path(), &SECRET, None, 5).unwrap();
    fill(&mut writer, 30);
    let found = check(dir.path());
    assert!(found.report.is_sound() && found.report.records > sealed.records);
    writer.close(7, b"").unwrap();
    assert!(check(dir.path()).report.is_sound());
}

fn options_of(frames: u64) -> Options {
    common::options(frames)
}

#[test]
fn an_edited_record_is_found_however_much_is_computed_anew() {
    for (is_closed, frames) in [(true, 50), (false, 50), (true, 2_000), (false, 2_000)] {
        let case = Case::new(is_closed, frames);
        let path = &case.files()[0];
        let mut bytes = fs::read(path).unwrap();
        frame(&mut bytes, 20)[100] ^= 1;
        fs::write(path, bytes).unwrap();
        rechain_all(case.path());
        assert_eq!(case.found().kind, BadKind::Seal);
    }
}

#[test]
fn deletion_insertion_and_reordering_are_found() {
    for edit in 0..3 {
        let case = Case::new(false, 2_000);
        let path = &case.files()[0];
        let mut bytes = fs::read(path).unwrap();
        let (a, b, end) = (HEADER_BYTES + 30 * 128, HEADER_BYTES + 31 * 128, bytes.len());
        match edit {
            0 => {
                bytes.copy_within(b..end, a);
                bytes[end - 128..].fill(0);
            }
            1 => bytes.copy_within(a..end - 128, b),
            _ => {
                let (left, right) = bytes.split_at_mut(b);
                left[a..].swap_with_slice(&mut right[..128]);
            }
        }
        renumber(&mut bytes, 0, 0);
        fs::write(path, bytes).unwrap();
        rechain_all(case.path());
        let report = verify(case.path()).unwrap();
        // A Mark may say too much once records are missing; otherwise nothing is to be seen.
        assert!(report.first_bad.is_none_or(|bad| bad.kind == BadKind::System), "edit {edit}");
        let check = verify_seal(case.path(), None, &case.public).unwrap();
        assert!(!check.report.is_sound(), "edit {edit}");
    }
}

#[test]
fn a_cut_of_an_unclosed_journal_is_found_within_a_segment_and_at_its_edge() {
    let case = Case::new(false, 50);
    let last = case.files().pop().unwrap();
    let sound = fs::read(&last).unwrap();
    let mut bytes = sound.clone();
    let used = (0..50).take_while(|index| frame(&mut bytes, *index)[..4] != [0; 4]).count();
    frame(&mut bytes, used - 1).fill(0);
    fs::write(&last, bytes).unwrap();
    assert_eq!(case.found().kind, BadKind::Seal);
    fs::remove_file(&last).unwrap();
    assert_eq!(case.found().kind, BadKind::Seal);
    // An attacker who cuts and then goes on otherwise.
    fs::write(&last, &sound).unwrap();
    assert!(verify_seal(case.path(), None, &case.public).unwrap().report.is_sound());
}

#[test]
fn control_a_changed_seal_a_foreign_key_and_a_missing_seal_are_refused() {
    let case = Case::new(true, 50);
    let path = case.path().join(SEAL_NAME);
    let sound = fs::read(&path).unwrap();
    for byte in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[byte] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let outcome = verify_seal(case.path(), None, &case.public);
        assert!(outcome.is_err(), "byte {byte}");
        assert!(seal(case.path(), &SECRET, None, 6).is_err(), "it is not written over either");
    }
    fs::write(&path, &sound).unwrap();
    assert!(verify_seal(case.path(), None, &[8; 32]).is_err());
    fs::rename(&path, case.path().join("elsewhere")).unwrap();
    assert!(verify_seal(case.path(), None, &case.public).is_err());
    let elsewhere = case.path().join("elsewhere");
    assert!(verify_seal(case.path(), Some(&elsewhere), &case.public).unwrap().report.is_sound());
    let other = Case::new(true, 100);
    assert!(verify_seal(other.path(), Some(&elsewhere), &case.public).unwrap().report.first_bad.is_some());
}

#[test]
fn a_seal_is_not_replaced_by_one_of_a_journal_that_was_written_anew() {
    let case = Case::new(true, 2_000);
    let path = &case.files()[0];
    let mut bytes = fs::read(path).unwrap();
    frame(&mut bytes, 20)[100] ^= 1;
    fs::write(path, bytes).unwrap();
    rechain_all(case.path());
    assert!(
        matches!(seal(case.path(), &SECRET, None, 6), Err(JournalError::Bad(bad)) if bad.kind == BadKind::Seal)
    );
}

#[test]
fn a_secret_key_is_for_its_owner_alone_and_is_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("seal.key");
    let (public, public_path) = keygen(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(read_public(&public_path).unwrap(), public);
    assert_eq!(read_public(&path).unwrap(), public);
    let secret = read_secret(&path).unwrap();
    assert!(keygen(&path).is_err(), "a key is not written over");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let error = read_secret(&path).unwrap_err().to_string();
    assert!(error.contains("chmod 600") && error.contains("640"), "{error}");
    let digits = secret.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert!(!error.contains(&digits));
    assert!(read_secret(&public_path).is_err());
    assert_ne!(keygen(&dir.path().join("b")).unwrap().0, public);
}
