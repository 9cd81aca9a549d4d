//! Every interleaving of small programs on a link, by loom's model checker:
//!
//! ```text
//!   RUSTFLAGS="--cfg loom" cargo test --release -p pinion-ring --test loom
//! ```
#![cfg(loom)]

use loom::thread;
use pinion_ring::{Rx, Tx, link};

/// Sends 1 to `count`, waiting for credits.
fn send(mut tx: Tx<[u64; 2]>, count: u64) {
    for n in 1..=count {
        while !tx.has_credits(1) {
            thread::yield_now();
        }
        tx.push([n, !n]);
    }
}

fn receive(rx: &mut Rx<[u64; 2]>, most: usize, expected: &mut u64) {
    rx.read_batch(most, |[n, not], _| {
        assert_eq!((*n, *not), (*expected, !*expected));
        *expected += 1;
    });
}

#[test]
fn items_arrive_whole_and_in_order_through_a_ring_that_is_too_small() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let (tx, mut rx) = link(2);
        let sender = thread::spawn(move || send(tx, 4));
        let mut expected = 1;
        while !rx.is_finished() {
            receive(&mut rx, 2, &mut expected);
            thread::yield_now();
        }
        assert_eq!(expected, 5, "what was sent before the sender went is read");
        sender.join().unwrap();
    });
}

#[test]
fn pairs_are_given_back_as_pairs_and_arrive_whole() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let (tx, mut rx) = link(2);
        let sender = thread::spawn(move || send(tx, 4));
        let mut expected = 1;
        while !rx.is_finished() {
            rx.read_wholes(2, |[n, not]| {
                assert_eq!((*n, *not), (expected, !expected));
                expected += 1;
                n.is_multiple_of(2)
            });
            thread::yield_now();
        }
        assert_eq!(expected, 5);
        sender.join().unwrap();
    });
}

#[test]
fn one_by_one_through_a_single_slot() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let (tx, mut rx) = link(1);
        let sender = thread::spawn(move || send(tx, 3));
        for n in 1..=3 {
            let item = loop {
                match rx.read() {
                    Some(item) => break item,
                    None => thread::yield_now(),
                }
            };
            assert_eq!(item, [n, !n]);
        }
        sender.join().unwrap();
    });
}

#[test]
fn what_is_offered_is_read_or_counted() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let (mut tx, mut rx) = link(1);
        let sender = thread::spawn(move || (1..=3u64).filter(|&n| tx.offer([n, !n])).count() as u64);
        let (mut got, mut last) = (0, 0);
        while !rx.is_finished() {
            got += rx.read_batch(8, |[n, not], _| {
                assert!(*n > last && *not == !*n);
                last = *n;
            }) as u64;
            thread::yield_now();
        }
        assert_eq!(sender.join().unwrap(), got);
        assert_eq!(got + rx.newly_lost(), 3);
    });
}

#[test]
fn a_receiver_that_goes_is_seen() {
    loom::model(|| {
        let (tx, rx) = link::<u64>(1);
        let receiver = thread::spawn(move || drop(rx));
        receiver.join().unwrap();
        assert!(tx.is_abandoned());
    });
}
