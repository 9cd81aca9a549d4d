//! The pieces of the hot path under Criterion: distributions, and changes since the last run.
//!
//! Run `cargo bench -p pinion-benches --bench hot`; compare medians from one run on a quiet machine.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use criterion::{Criterion, criterion_group, criterion_main};
use pinion_benches::pieces::PIECES;

/// Grows a file with every step; `pinion bench journal` times it.
const WRITES: &str = "frame_append";

fn pieces(c: &mut Criterion) {
    for piece in PIECES.iter().filter(|piece| piece.name != WRITES) {
        let mut step = (piece.make)();
        c.bench_function(piece.name, |b| b.iter(&mut step));
    }
}

criterion_group!(hot, pieces);
criterion_main!(hot);
