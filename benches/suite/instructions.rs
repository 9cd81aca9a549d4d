//! Instructions of one step of each piece under valgrind, held to the limits of `limits.txt`.
//!
//! `tests/instructions` runs it; it needs valgrind and gungraun-runner. Instructions are the same in every
//! run of a build, whatever else the machine does, so that a limit can be near. The count holds from the
//! call of the step to its return.
#![allow(missing_docs, reason = "gungraun's macros make undocumented items")]

use gungraun::prelude::*;
use gungraun::{Callgrind, EventKind};
use pinion_benches::pieces::{Step, find};

/// Piece, instructions seen and limit, a line each; `PINION_LIMITS` names another file, or is `none`.
const LIMITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/suite/limits.txt");

/// Fails the run above the piece's limit.
fn limited(name: &str) -> LibraryBenchmarkConfig {
    let file = std::env::var("PINION_LIMITS").unwrap_or_else(|_| LIMITS.into());
    if file == "none" {
        return LibraryBenchmarkConfig::default();
    }
    let limits = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{file}: {e}"));
    let line = limits.lines().find(|line| line.split_whitespace().next() == Some(name));
    let limit = line.and_then(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok());
    let limit = limit.unwrap_or_else(|| panic!("{file} has no limit for {name}"));
    let callgrind = Callgrind::default().hard_limits([(EventKind::Ir, limit)]).clone();
    LibraryBenchmarkConfig::default().tool(callgrind).clone()
}

macro_rules! counted {
    ($($name:ident)*) => {
        $(
            #[library_benchmark(config = limited(stringify!($name)))]
            #[bench::step((find(stringify!($name)).make)())]
            fn $name(mut step: Step) -> Step {
                step();
                step
            }
        )*

        library_benchmark_group!(name = pieces, benchmarks = [$($name),*]);
    };
}

counted! {
    decode_book_ticker
    decode_agg_trade
    decode_depth
    book_quote
    book_depth
    trade_into_bar
    trade_ends_bar
    rules_on_bar
    expression_on_bar
    risk_pass
    risk_refuse
    encode_order
    ring_push_read
    frame_append
}

main!(library_benchmark_groups = pieces);
