//! `pinion bench journal`: what the hot thread pays for a record, and how many the cold thread can take.

use super::rounds::{Rounds, as_json, peers_note, pin_two, score, scratch, table};
use crate::failure::Failure;
use clap::Args;
use pinion_benches::clock::Clock;
use pinion_benches::contest::{Contender, compete};
use pinion_benches::journal::{HandOver, OURS, contenders, hand_over};
use serde_json::json;
use std::path::PathBuf;

#[derive(Args)]
pub struct JournalArgs {
    /// Records of a round
    #[arg(long, default_value_t = 500_000, value_parser = clap::value_parser!(u64).range(100..=100_000_000))]
    records: u64,
    /// Time between two records that the hot thread hands over, ns
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    gap_ns: u64,
    /// Processor of the hot thread
    #[arg(long)]
    core: Option<usize>,
    /// Processor of the cold thread; the next one after --core
    #[arg(long)]
    cold_core: Option<usize>,
    /// Directory in which files are made and removed again; /dev/shm where there is one, which leaves the
    /// disk out of the figures
    #[arg(long)]
    scratch: Option<PathBuf>,
    #[command(flatten)]
    rounds: Rounds,
}

/// Middle of several numbers.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Mean of ticks.
fn mean(ticks: &[u64]) -> f64 {
    ticks.iter().sum::<u64>() as f64 / ticks.len().max(1) as f64
}

/// `pinion bench journal`.
pub fn run(args: &JournalArgs) -> Result<(), Failure> {
    let cold_core = pin_two(args.core, args.cold_core)?;
    let scratch = scratch(args.scratch.as_ref());
    if !scratch.is_dir() {
        let dir = scratch.display();
        return Err(Failure::Usage(format!("error: {dir} is no directory; name one with --scratch")));
    }
    let clock = Clock::default();
    let load = HandOver {
        clock: clock.clone(),
        cold_core,
        gap_ns: args.gap_ns,
        records: args.records,
        scratch: scratch.clone(),
    };
    let mut rounds = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..args.rounds.count() {
        let nothing = clock.of_nothing();
        let times = hand_over(&load)?;
        let at = |times: &[u64], part: usize| clock.ns(times[(times.len() - 1) * part / 100]);
        let figures = [at(&times, 50), at(&times, 99), at(&nothing, 50), mean(&times) - mean(&nothing)];
        rounds.iter_mut().zip(figures).for_each(|(all, one)| all.push(one));
    }
    let appends: Vec<Contender<'_>> = contenders(&scratch, args.records);
    let appends = compete(appends, args.rounds.count());
    let [p50, p99, timer, net] = rounds.map(median);
    let net = clock.ns_per_tick * net;
    let ours = score(&appends, OURS);
    let json = json!({
        "bench": "journal", "records": args.records, "gap_ns": args.gap_ns, "scratch": scratch,
        "hand_over_ns": {"p50": p50, "p99": p99, "timer": timer, "mean_without_timer": net}, "appended_per_s": as_json(&appends),
    });
    let text = format!(
        "  hand-over of a record to the cold thread, one each {} ns: p50 {p50:.1} ns, p99 {p99:.1} ns\n  with the timer in it, which shows {timer:.1} ns for nothing; the mean without it is {net:.1} ns\n\n{}{}",
        args.gap_ns,
        table("appended, million records a second", &appends, 1e-6, 3),
        peers_note("journal")
    );
    let line = format!(
        "bench=journal value={:.0} unit=records_per_s max={:.0} hand_over_p50_ns={p50:.1} hand_over_p99_ns={p99:.1} timer_ns={timer:.1} hand_over_mean_ns={net:.1} records={}",
        ours.median, ours.greatest, args.records
    );
    args.rounds.put(&json, &text, &line)
}
