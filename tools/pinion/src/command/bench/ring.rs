//! `pinion bench ring`: hand-over between two pinned threads.

use super::rounds::{Rounds, as_json, peers_note, pin_two, score, table};
use crate::failure::Failure;
use clap::Args;
use pinion_benches::clock::Clock;
use pinion_benches::contest::compete;
use pinion_benches::ring::{Course, FLOOR, OURS, OURS_IN_A_LINE, one_way, round_trips};
use serde_json::json;

#[derive(Args)]
pub struct RingArgs {
    /// Round trips of a measurement; ten are timed together, and the median of the tens is shown
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    trips: u64,
    /// Items of a measurement one way
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(2..=1_000_000_000))]
    items: u64,
    /// Processor of the one thread
    #[arg(long)]
    core: Option<usize>,
    /// Processor of the other; the next one after --core
    #[arg(long)]
    other_core: Option<usize>,
    #[command(flatten)]
    rounds: Rounds,
}

/// `pinion bench ring`.
pub fn run(args: &RingArgs) -> Result<(), Failure> {
    let other_core = pin_two(args.core, args.other_core)?;
    let course = Course { clock: Clock::default(), other_core, trips: args.trips, items: args.items };
    let trips = compete(round_trips(&course), args.rounds.count());
    let rates = compete(one_way(&course), args.rounds.count());
    // A hot link's message and its sequence are one cache line; 64 bytes and a sequence are two.
    let (ours, two_lines, floor) = (score(&trips, OURS_IN_A_LINE), score(&trips, OURS), score(&trips, FLOOR));
    let ratio = ours.median / floor.median.max(1.0);
    let two_lines_ratio = two_lines.median / floor.median.max(1.0);
    let one_way = score(&rates, OURS).median;
    let json = json!({
        "bench": "ring", "item_bytes": size_of::<pinion_benches::ring::Item>(), "trips": args.trips,
        "items": args.items, "round_trip_ns": as_json(&trips), "one_way_per_s": as_json(&rates),
        "ratio_to_floor": ratio, "ratio_of_64_bytes_to_floor": two_lines_ratio,
    });
    let text = format!(
        "{}  times the floor: {ratio:.2} with 56 bytes, one line with the sequence; {two_lines_ratio:.2} with 64 bytes, two lines\n\n{}{}",
        table("round trip of 64 bytes, p50, ns", &trips, 1.0, 1),
        table("one way, million items a second", &rates, 1e-6, 2),
        peers_note("ring")
    );
    let line = format!(
        "bench=ring value={:.1} unit=ns min={:.1} floor={:.1} ratio={ratio:.3} bytes=56 value_64_bytes={:.1} ratio_64_bytes={two_lines_ratio:.3} rtrb={:.1} std={:.1} one_way_per_s={one_way:.0} trips={}",
        ours.median,
        ours.least,
        floor.median,
        two_lines.median,
        score(&trips, "rtrb, push and pop").median,
        score(&trips, "std mpsc, bounded").median,
        args.trips
    );
    args.rounds.put(&json, &text, &line)
}
