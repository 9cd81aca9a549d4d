//! `pinion bench risk`: the engine's risk function on an account with positions and nearly every limit on. Records
//! of what it saw are made later, and are not in the figure.

use super::rounds::{Rounds, as_json, table};
use crate::failure::Failure;
use clap::Args;
use pinion_benches::clock::ns_each;
use pinion_benches::contest::{Contender, compete};
use pinion_benches::desk::{Desk, passing, refused};
use pinion_engine::risk::Verdict;
use serde_json::json;
use std::hint::black_box;

#[derive(Args)]
pub struct RiskArgs {
    /// Checks of a round
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    checks: u32,
    #[command(flatten)]
    rounds: Rounds,
}

/// `pinion bench risk`.
pub fn run(args: &RiskArgs) -> Result<(), Failure> {
    let (desk, checks) = (Desk::default(), args.checks as usize);
    let mut verdict = Verdict::default();
    desk.check(&passing(), &mut verdict);
    let made = verdict.operands().count();
    let contender = |name, request| {
        let desk = &desk;
        Contender::new(name, move || {
            ns_each(checks, || {
                for _ in 0..checks {
                    let mut verdict = Verdict::default();
                    desk.check(black_box(&request), &mut verdict);
                    black_box(&verdict);
                }
            })
        })
    };
    let both = vec![contender("passes", passing()), contender("refused by the collar", refused())];
    let scores = compete(both, args.rounds.count());
    let json = json!({"bench": "risk", "checks": checks, "limits": made, "ns": as_json(&scores)});
    let title = format!("risk, {made} limits looked at, ns");
    let line = format!(
        "bench=risk value={:.2} unit=ns min={:.2} refused={:.2} limits={made} checks={checks}",
        scores[0].median, scores[0].least, scores[1].median
    );
    args.rounds.put(&json, &table(&title, &scores, 1.0, 1), &line)
}
