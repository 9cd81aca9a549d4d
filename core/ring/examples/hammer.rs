//! Two threads and links of several depths, as a plain program: what ThreadSanitizer looks at. (It takes the
//! test harness, whose half of the standard library it does not see, for a race.)

use pinion_ring::link;

const ITEMS: u64 = 100_000;

fn main() {
    for depth in [1, 2, 7, 64] {
        let (mut tx, mut rx) = link::<[u64; 14]>(depth);
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
                if rx.read_batch(16, |item, _| sum += item[0] + item[13]) == 0 {
                    std::thread::yield_now();
                }
            }
            assert_eq!(sum, ITEMS * (ITEMS - 1));
        });
        println!("depth {depth}: {ITEMS} items arrived whole");
    }
}
