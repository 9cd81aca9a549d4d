//! `pinion bench indicators`: updates of indicators by generated bars.

use super::rounds::{Rounds, as_json, peers_note, score, table};
use crate::failure::Failure;
use clap::Args;
use pinion_benches::contest::compete;
use pinion_benches::indicators::{OURS, OURS_ASKED, OURS_WITH_VALUES, catalogue, contenders, course};
use serde_json::json;

#[derive(Args)]
pub struct IndicatorsArgs {
    /// Each indicator of the catalogue with its default parameters, an update and its first value
    #[arg(long)]
    all: bool,
    /// Bars of a round
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(200..=10_000_000))]
    bars: u32,
    #[command(flatten)]
    rounds: Rounds,
}

/// `pinion bench indicators`.
pub fn run(args: &IndicatorsArgs) -> Result<(), Failure> {
    let bars = course(args.bars as usize);
    let three = compete(contenders(&bars), args.rounds.count());
    let all = if args.all { compete(catalogue(&bars), args.rounds.count()) } else { Vec::new() };
    let [update, asked, valued] = [OURS, OURS_ASKED, OURS_WITH_VALUES].map(|name| score(&three, name));
    let json = json!({
        "bench": "indicators", "bars": bars.len(), "rsi_bollinger_atr_ns": as_json(&three),
        "catalogue_ns": as_json(&all),
    });
    let mut text = table("RSI(14), Bollinger(20), ATR(14), ns", &three, 1.0, 2);
    if args.all {
        text += &format!("\n{}", table("one alone with its first value, ns", &all, 1.0, 2));
    }
    if cfg!(feature = "peers") {
        text += "\n  The others compute their values on every bar: hold them against ours with the four values.\n";
    }
    text += &peers_note("indicators");
    let line = format!(
        "bench=indicators value={:.2} unit=ns min={:.2} update={:.2} asked={:.2} bars={}",
        valued.median,
        valued.least,
        update.median,
        asked.median,
        bars.len()
    );
    args.rounds.put(&json, &text, &line)
}
