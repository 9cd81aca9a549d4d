//! Two threads and links of several depths, as a plain program: what ThreadSanitizer looks at. (It takes the
//! test harness, whose half of the standard library it does not see, for a race.)

use pinion_ring::{Identity, Rx, Tx, link, link_in_file};

const ITEMS: u64 = 100_000;

fn main() {
    for depth in [1, 2, 7, 64] {
        hammer(link(depth), 1);
        println!("depth {depth}: {ITEMS} items arrived whole");
    }
    // In a file, given back in pairs.
    let path = std::env::temp_dir().join(format!("pinion-hammer-{}.link", std::process::id()));
    for depth in [2, 7, 64] {
        hammer(link_in_file(&path, depth, Identity { epoch: 1, first_position: 0 }).unwrap(), 2);
        std::fs::remove_file(&path).unwrap();
        println!("depth {depth}, in a file: {ITEMS} items arrived whole");
    }
}

fn hammer((mut tx, mut rx): (Tx<[u64; 14]>, Rx<[u64; 14]>), whole: u64) {
    std::thread::scope(|threads| {
        threads.spawn(move || {
            for n in 0..ITEMS {
                while !tx.has_credits(1) {
                    std::thread::yield_now();
                }
                tx.push([n; 14]);
            }
        });
        let mut sum = 0;
        while !rx.is_finished() {
            let take = |item: &[u64; 14]| {
                sum += item[0] + item[13];
                (item[0] + 1).is_multiple_of(whole)
            };
            if rx.read_wholes(16, take) == 0 {
                std::thread::yield_now();
            }
        }
        assert_eq!(sum, ITEMS * (ITEMS - 1));
    });
}
