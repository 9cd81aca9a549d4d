//! Draining: what a killed session left, in a child process that is killed, and what is refused.

use super::*;
use crate::session::keeper::KeeperAgent;
use pinion_journal::{Anchor, Options};
use pinion_journal::{Reader, Writer};
use pinion_model::record::{BODY_BYTES, Kind};
use pinion_model::record::{FLAG_MORE, Record};
use pinion_runtime::agent::Agent;
use pinion_runtime::link::Identity;
use pinion_runtime::ticks::{Anchors, Ticks};
use std::fs::OpenOptions;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const EPOCH: u64 = 0x5eed;
const DEPTH: usize = 256;
const CHILD: &str = "PINION_STAGED_CHILD";

/// Record `n`. Each five are two groups, of four and of one, and each group is one input.
fn entry(n: u64, more: bool) -> Entry {
    let mut body = [n as u8; BODY_BYTES];
    body[..8].copy_from_slice(&(n / 5 * 2 + n % 5 / 4).to_le_bytes());
    let mut entry = Entry::new(Kind::Quote, n, 3, body);
    entry.flags = if more { FLAG_MORE } else { 0 };
    entry
}

/// A journal of the epoch, with the plan's text and what a keeper writes at its start.
fn writer(dir: &Path) -> Writer {
    std::fs::create_dir_all(dir).unwrap();
    let mut options = Options::new(EPOCH);
    options.segment_bytes = 1 << 20;
    let mut writer = Writer::create(dir, options).unwrap();
    writer.append_text(Kind::Plan, &[b'p'; 300]).unwrap();
    writer
}

fn keeper(writer: Writer) -> Keeper {
    let anchors = Anchors::new(&Ticks::default());
    // Marks and anchors stand between the records, as in a session.
    Keeper::new(Some(writer), anchors, Default::default())
}

/// The link of a session beside its journal.
fn session(dir: &Path) -> (Tx<Entry>, KeeperAgent, PathBuf) {
    let mut keeper = keeper(writer(&dir.join("journal")));
    let path = link_path(dir, EPOCH, None);
    let (tx, rx) = link_in_file(&path, DEPTH, keeper.identity().unwrap()).unwrap();
    keeper.set_link_file(path.clone());
    (tx, KeeperAgent::new(keeper, rx), path)
}

/// The trading thread's records of a journal, by number; they must be these, whole and in order.
fn numbers(journal: &Path) -> u64 {
    let mut cursor = Reader::open(journal).unwrap().cursor(0).unwrap();
    let mut next = 0;
    while let Some(record) = cursor.next_record().unwrap() {
        if record.kind == Kind::Quote as u16 {
            let more = record.continues();
            let expected = Record::of(&entry(next, more));
            assert_eq!((record.ticks, record.source, record.body), (next, 3, expected.body));
            next += 1;
        }
    }
    next
}

/// A journal that goes on where the first one ended: the same records, in another directory.
fn reopened(dir: &Path) -> (PathBuf, Writer) {
    let (from, to) = (dir.join("journal"), dir.join("again"));
    let mut cursor = Reader::open(&from).unwrap().cursor(0).unwrap();
    let mut writer = writer(&to);
    // As a keeper does at its start.
    writer.anchor(Anchor::default()).unwrap();
    let mut group = Vec::new();
    while cursor.next_group(&mut group).unwrap() {
        for record in group.iter().filter(|record| record.kind == Kind::Quote as u16) {
            writer.append(record).unwrap();
        }
    }
    (to, writer)
}

#[test]
fn what_the_keeper_had_not_taken_is_drained_once_and_the_file_goes() {
    let dir = tempfile::tempdir().unwrap();
    let (mut tx, mut keeper, path) = session(dir.path());
    let mut push = |n, more| {
        assert!(tx.has_credits(1));
        tx.push(entry(n, more));
    };
    // A group is open when the keeper takes what is there, and another one when everything ends.
    (0..22).for_each(|n| push(n, n % 5 < 3));
    keeper.do_work();
    (22..32).for_each(|n| push(n, n % 5 < 3));
    drop((tx, keeper));
    let (journal, mut writer) = reopened(dir.path());
    assert_eq!(numbers(&journal), 20, "an open group does not count after a crash");
    let drained = drain(&path, &journal, &mut writer).unwrap().unwrap();
    assert_eq!((drained.appended, drained.left_out), (10, 2));
    assert_eq!((numbers(&journal), path.exists()), (30, false));
    assert_eq!(drain(&path, &journal, &mut writer).unwrap(), None);
    writer.close(1, b"").unwrap();
    assert!(pinion_journal::verify(&journal).unwrap().first_bad.is_none());
}

#[test]
fn a_drain_that_was_killed_is_begun_again() {
    let dir = tempfile::tempdir().unwrap();
    let (mut tx, mut keeper, path) = session(dir.path());
    (0..5).for_each(|n| tx.push(entry(n, n % 5 < 3)));
    keeper.do_work();
    (5..15).for_each(|n| tx.push(entry(n, n % 5 < 3)));
    drop((tx, keeper));
    let (journal, mut writer) = reopened(dir.path());
    (5..9).for_each(|n| _ = writer.append(&Record::of(&entry(n, n < 8))).unwrap());
    assert_eq!(drain(&path, &journal, &mut writer).unwrap().unwrap().appended, 6);
    assert_eq!(numbers(&journal), 15);
}

/// A session that goes on sends again what the journal has, with other ticks; it is killed before it is through.
#[test]
fn what_was_done_again_is_not_appended_again() {
    for (sent, appended) in [(10, 0), (20, 0), (30, 10)] {
        let dir = tempfile::tempdir().unwrap();
        let (tx, keeper, path) = session(dir.path());
        drop((tx, keeper));
        std::fs::remove_file(&path).unwrap();
        let (journal, mut writer) = reopened(dir.path());
        (0..20).for_each(|n| _ = writer.append(&Record::of(&entry(n, n % 5 < 3))).unwrap());
        let identity = Identity { epoch: EPOCH, first_position: writer.position() };
        let (mut tx, mut rx) = link_in_file(&path, DEPTH, identity).unwrap();
        for n in 0..sent {
            // A snapshot of the run comes in between.
            if n == 25 {
                tx.push(Entry::new(Kind::Snapshot, 0, 3, [0; BODY_BYTES]));
            }
            let ticks = if n < 20 { n + 1_000 } else { n };
            tx.push(Entry { ticks, ..entry(n, n % 5 < 3) });
        }
        rx.read_wholes(5, |entry| entry.flags & FLAG_MORE == 0);
        drop((tx, rx));
        let drained = drain(&path, &journal, &mut writer).unwrap().unwrap();
        assert_eq!((drained.appended, numbers(&journal)), (appended + u64::from(sent == 30), 20 + appended));
    }
}

#[test]
fn a_clean_end_leaves_no_file_and_a_failed_journal_does() {
    let dir = tempfile::tempdir().unwrap();
    let (mut tx, mut keeper, path) = session(dir.path());
    tx.push(entry(0, false));
    drop(tx);
    keeper.do_work();
    let kept = keeper.into_keeper().finish("{}");
    assert!(kept.failure().is_none() && !path.exists());
    let dir = tempfile::tempdir().unwrap();
    let (mut tx, mut keeper, path) = session(dir.path());
    // The journal refuses a record of its own kind from others.
    tx.push(Entry::new(Kind::Mark, 0, 0, [0; BODY_BYTES]));
    drop(tx);
    keeper.do_work();
    let said = keeper.into_keeper().finish("{}").failure().unwrap();
    assert!(path.exists() && said.contains(&format!("lacks are in {}", path.display())), "{said}");
}

#[test]
fn a_link_of_another_journal_and_one_that_does_not_reach_back_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (mut tx, mut keeper, path) = session(dir.path());
    (0..5).for_each(|n| tx.push(entry(n, n % 5 < 3)));
    keeper.do_work();
    (5..10).for_each(|n| tx.push(entry(n, n % 5 < 3)));
    drop((tx, keeper));
    // Of the five that the keeper gave back this journal has none.
    let empty = dir.path().join("empty");
    let mut short = writer(&empty);
    let said = drain(&path, &empty, &mut short).unwrap_err().to_string();
    assert!(said.contains("last input is none, and the link begins with input 2"), "{said}");
    // Here it has what comes later, and something else.
    short.append(&Record::of(&entry(4, false))).unwrap();
    (5..9).for_each(|n| _ = short.append(&Record::of(&entry(n, n < 8))).unwrap());
    short.append(&Record::of(&entry(14, false))).unwrap();
    let said = drain(&path, &empty, &mut short).unwrap_err().to_string();
    assert!(said.contains("the journal has another record") && said.contains("verify"), "{said}");
    drop(short);
    let other = dir.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let mut other_writer = Writer::create(&other, Options::new(7)).unwrap();
    let said = drain(&path, &other, &mut other_writer).unwrap_err().to_string();
    assert!(said.contains("0000000000005eed") && said.contains("0000000000000007"), "{said}");
    assert!(path.exists(), "what is refused is left as it is");
}

#[test]
fn a_directory_that_is_not_in_memory_or_too_small_is_refused_with_a_remedy() {
    let dir = Path::new("/x");
    let said = |filesystem| fits(&filesystem, dir, 4 << 20).map_err(|failure| failure.to_string());
    assert_eq!(said(Filesystem::Known(IN_MEMORY[0], 4 << 20)), Ok(()));
    let full = said(Filesystem::Known(IN_MEMORY[0], 4 << 19)).unwrap_err();
    assert!(full.contains("2048 KiB are free and the link takes 4096"), "{full}");
    let disk = said(Filesystem::Known(0xEF53, 1 << 40)).unwrap_err();
    assert!(disk.contains("`staged_dir` /x: it is not on tmpfs; give a directory that is"), "{disk}");
    let none = said(Filesystem::of(Path::new("/none/such"))).unwrap_err();
    assert!(none.contains("No such file"), "{none}");
    assert!(fits(&Filesystem::of(Path::new("/dev/shm")), dir, 1).is_ok());
    assert!(fits(&Filesystem::of(Path::new("/proc")), dir, 0).is_err());
}

#[test]
#[ignore = "what the next one starts and kills"]
fn child() {
    let dir = PathBuf::from(std::env::var(CHILD).unwrap());
    let (mut tx, mut keeper, _) = session(&dir);
    std::thread::spawn(move || {
        let sent = OpenOptions::new().write(true).open(dir.join("sent")).unwrap();
        for n in 0u64.. {
            while !tx.has_credits(1) {
                std::thread::yield_now();
            }
            tx.push(entry(n, n % 5 < 3));
            // After the push: what this says was sent must be found.
            std::os::unix::fs::FileExt::write_all_at(&sent, &(n + 1).to_le_bytes(), 0).unwrap();
        }
    });
    loop {
        keeper.do_work();
    }
}

#[test]
fn nothing_that_was_pushed_is_lost_by_a_kill() {
    let mut drained = 0;
    for round in 0..12 {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let sent = dir.path().join("sent");
        std::fs::write(&sent, [0; 8]).unwrap();
        let count = || u64::from_le_bytes(std::fs::read(&sent).unwrap().try_into().unwrap());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "session::staged::tests::child", "--ignored"])
            .env(CHILD, dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        // Far enough for the journal to have rolled in later rounds.
        while count() < 1 + round * round * 300 && began.elapsed() < Duration::from_secs(60) {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let sent = count();
        assert!(sent > round * round * 300, "the child sent {sent} records in a minute");
        let (journal, mut writer) = reopened(dir.path());
        let path = link_path(dir.path(), EPOCH, None);
        let done = drain(&path, &journal, &mut writer).unwrap().unwrap();
        // The records of a group that was not whole yet are left out; one more may have been sent than counted.
        let all = numbers(&journal) + done.left_out;
        assert!((sent..=sent + 1).contains(&all), "{sent} sent, {all} found: {done:?}");
        assert!(numbers(&journal).is_multiple_of(5) || numbers(&journal) % 5 == 4, "{done:?}");
        drained += done.appended;
    }
    assert!(drained > 0, "no kill left anything to drain");
}
