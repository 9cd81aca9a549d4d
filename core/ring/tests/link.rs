//! What a link promises, on real threads. ThreadSanitizer and Miri run this file too; see the README.
#![cfg(not(loom))]

use pinion_ring::{footprint, link};

/// Miri is a thousand times slower.
const ITEMS: u64 = if cfg!(miri) { 300 } else { 200_000 };

#[test]
fn credits_are_what_fits_and_come_back() {
    let (mut tx, mut rx) = link(3);
    assert!(tx.has_credits(3) && !tx.has_credits(4));
    (0..3).for_each(|n| tx.push(n));
    assert!(!tx.has_credits(1));
    assert_eq!(tx.in_use(), (3, 3));
    let mut got = Vec::new();
    assert_eq!(rx.read_batch(2, |n, last| got.push((*n, last))), 2);
    assert_eq!(got, [(0, false), (1, true)]);
    assert!(tx.has_credits(2) && !tx.has_credits(3));
    assert_eq!(tx.refused(), 3);
}

#[test]
#[should_panic(expected = "credits")]
fn sending_without_credit_is_never_silent() {
    let (mut tx, _rx) = link(1);
    (0..2).for_each(|n| tx.push(n));
}

#[test]
fn a_full_link_drops_what_is_offered_and_says_so() {
    let (mut tx, mut rx) = link(2);
    assert_eq!([1, 2, 3, 4].map(|n| tx.offer(n)), [true, true, false, false]);
    assert_eq!((tx.lost(), rx.newly_lost(), rx.newly_lost()), (2, 2, 0));
    assert_eq!((rx.read(), rx.read(), rx.read()), (Some(1), Some(2), None));
    assert!(tx.offer(5));
}

#[test]
fn the_end_of_either_side_is_seen() {
    let (mut tx, mut rx) = link(2);
    tx.push(7);
    drop(tx);
    assert!(!rx.is_finished());
    assert_eq!(rx.read(), Some(7));
    assert!(rx.is_finished());
    let (tx, rx) = link::<u8>(2);
    tx.close();
    assert!(rx.is_finished());
    let (tx, rx) = link::<u8>(2);
    assert!(!tx.is_abandoned());
    drop(rx);
    assert!(tx.is_abandoned());
}

#[test]
fn the_footprint_is_what_is_allocated() {
    let (tx, _rx) = link::<[u64; 14]>(1000);
    assert_eq!(tx.bytes(), footprint::<[u64; 14]>(1000));
    assert_eq!(tx.bytes(), 1024 * 128);
    assert_eq!(footprint::<[u64; 7]>(16), 16 * 64);
}

#[test]
fn items_arrive_whole_and_in_order() {
    for depth in [1, 2, 7, 64] {
        let (mut tx, mut rx) = link::<[u64; 14]>(depth);
        std::thread::scope(|threads| {
            threads.spawn(move || {
                tx.warm();
                for n in 0..ITEMS {
                    while !tx.has_credits(1) {
                        std::thread::yield_now();
                    }
                    tx.push([n; 14]);
                }
            });
            let mut expected = 0;
            while !rx.is_finished() {
                let mut batch = 0;
                let count = rx.read_batch(16, |item, last| {
                    assert_eq!(*item, [expected; 14]);
                    expected += 1;
                    batch += 1;
                    assert!(!last || batch <= 16);
                });
                assert_eq!(count, batch);
                if count == 0 {
                    std::thread::yield_now();
                }
            }
            assert_eq!(expected, ITEMS);
        });
    }
}
