//! A process that is killed while it sends as fast as it can: no item is in neither place, the link or what its
//! consumer kept. And one whose consumer gives items back before it keeps them, which must be found.
#![cfg(not(any(loom, miri)))]
#![allow(unsafe_code)]

use memmap2::MmapMut;
use pinion_ring::{Identity, Remains, Rx, Tx, link_in_file};
use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

type Item = [u64; 14];
const DEPTH: usize = 64;
/// Items of a whole, as a depth update with its levels is one.
const WHOLE: u64 = 3;
const CHILD: &str = "PINION_RING_CHILD";
const TURNED: &str = "turned";

/// Two counters in a file, that outlive who counts: items sent, and items kept.
struct Counters(MmapMut);

impl Counters {
    fn open(dir: &Path) -> Counters {
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(dir.join("n"));
        let file = open.unwrap();
        file.set_len(4096).unwrap();
        // SAFETY: nobody shortens the file; both processes use it by atomics only.
        Counters(unsafe { MmapMut::map_mut(&file).unwrap() })
    }

    fn at(&self, n: usize) -> &AtomicU64 {
        // SAFETY: the mapping begins on a page and has room for two atomics.
        unsafe { &*self.0.as_ptr().cast::<AtomicU64>().add(n) }
    }
}

fn send(mut tx: Tx<Item>, counters: &Counters) {
    for n in 0u64.. {
        while !tx.has_credits(1) {
            std::thread::yield_now();
        }
        tx.push(std::array::from_fn(|at| n ^ (at as u64) << 56));
        counters.at(0).store(n + 1, Ordering::Release);
    }
}

/// The child's consumer: keeps, then gives back. Turned round it gives back first.
fn keep(mut rx: Rx<Item>, counters: &Counters, turned: bool) {
    loop {
        if turned {
            if let Some(item) = rx.read() {
                std::thread::sleep(Duration::from_millis(1));
                counters.at(1).store(item[0] + 1, Ordering::Release);
            }
        } else {
            rx.read_wholes(16, |item| {
                counters.at(1).store(item[0] + 1, Ordering::Release);
                (item[0] + 1).is_multiple_of(WHOLE)
            });
        }
    }
}

#[test]
#[ignore = "what the others start and kill"]
fn child() {
    let Ok(dir) = std::env::var(CHILD) else { return };
    let dir = Path::new(&dir);
    let counters = Counters::open(dir);
    let identity = Identity { epoch: 9, first_position: 0 };
    let (tx, rx) = link_in_file(&dir.join("x.link"), DEPTH, identity).unwrap();
    std::thread::scope(|threads| {
        threads.spawn(|| send(tx, &counters));
        keep(rx, &counters, std::env::var_os(TURNED).is_some());
    });
}

fn start(dir: &Path, turned: bool) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child", "--ignored"]).env(CHILD, dir).stdout(Stdio::null());
    if turned {
        child.env(TURNED, "1");
    }
    child.spawn().unwrap()
}

/// Kills a child after it sent about so many items; true when nothing was lost.
fn round(turned: bool, items: u64) -> bool {
    let dir = tempfile::tempdir_in("/dev/shm").unwrap();
    let counters = Counters::open(dir.path());
    let mut child = start(dir.path(), turned);
    let began = Instant::now();
    while counters.at(0).load(Ordering::Acquire) < items && began.elapsed() < Duration::from_secs(60) {
        std::hint::spin_loop();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let [sent, kept] = [0, 1].map(|n| counters.at(n).load(Ordering::Acquire));
    assert!(sent >= items, "the child sent {sent} items in a minute");
    let remains = Remains::<Item>::read(&dir.path().join("x.link")).unwrap();
    // One more may have been sent than was counted.
    assert!((sent..=sent + 1).contains(&remains.sent()), "{sent} sent, {} there", remains.sent());
    let Ok(items) = remains.from(kept) else { return false };
    for (n, item) in (kept..).zip(items) {
        assert_eq!(*item, std::array::from_fn(|at| n ^ (at as u64) << 56), "an item that is not whole");
    }
    assert_eq!(kept + items.len() as u64, remains.sent());
    assert!(turned || remains.given_back().is_multiple_of(WHOLE));
    true
}

#[test]
fn nothing_that_was_sent_is_lost_by_a_kill() {
    for n in 0..25 {
        assert!(round(false, 1 + n * n * 331), "round {n} lost items");
    }
}

#[test]
fn a_consumer_that_gives_back_before_it_keeps_is_found() {
    assert!((0..20).any(|n| !round(true, 80 + n)), "no kill found what was given back and not kept");
}
