use pinion_benches::desk::{Desk, passing, refused};
use pinion_engine::risk::Verdict;
use std::hint::black_box;
use std::time::Instant;
fn main() {
    let n: usize = std::env::args().nth(1).map_or(2_000_000, |s| s.parse().unwrap());
    let desk = Desk::default();
    for (name, request) in [("pass", passing()), ("refuse", refused())] {
        let mut least = f64::MAX;
        for _ in 0..7 {
            let t = Instant::now();
            for _ in 0..n {
                let mut v = Verdict::default();
                desk.check(black_box(&request), &mut v);
                black_box(&v);
            }
            least = least.min(t.elapsed().as_nanos() as f64 / n as f64);
        }
        println!("{name} {least:.2}");
    }
}
