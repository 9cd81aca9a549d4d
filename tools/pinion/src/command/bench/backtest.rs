//! `pinion bench backtest`: generated bars as a file, and over it what `pinion backtest --result` does.

use super::rounds::{Rounds, as_json, scratch, table};
use crate::failure::Failure;
use crate::session::{Options, run as run_session};
use crate::setup::{Setup, set_up};
use clap::Args;
use pinion_benches::bars::Walk;
use pinion_benches::contest::Score;
use pinion_plan::Layout;
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct BacktestArgs {
    /// Bars
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(100..=50_000_000))]
    rows: u32,
    /// Directory in which the bars are written and removed again; /dev/shm where there is one
    #[arg(long)]
    scratch: Option<PathBuf>,
    #[command(flatten)]
    rounds: Rounds,
}

/// The strategy on which independent backtesters agree.
const PLAN: &str = include_str!("../../../../../examples/bar_oracle.yaml");
/// The walk's seed.
const SEED: u64 = 20_261_123;

/// Writes the bars as people have them: milliseconds, two and three decimals.
fn write_bars(file: &Path, rows: u32) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, "ts_ms,open,high,low,close,volume")?;
    for bar in Walk::new(SEED).take(rows as usize) {
        let [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(|p| {
            let units = p.0;
            format!("{}.{:02}", units / 100, units % 100)
        });
        let volume = bar.volume.0;
        let (whole, parts) = (volume / 1000, volume % 1000);
        writeln!(out, "{},{open},{high},{low},{close},{whole}.{parts:03}", bar.open_ns / 1_000_000)?;
    }
    out.flush()
}

/// What a round gave.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
    per_second: f64,
    load_cpu: f64,
    bars: u64,
    fills: u64,
}

fn round(config: &Path, data: &[PathBuf]) -> Result<Seen, Failure> {
    let Setup { plan, inputs, lines, .. } = set_up(config, data, |c| c.runtime.layout = Layout::Invoker)?;
    let done = run_session(&Options {
        plan: &plan,
        inputs,
        journal: None,
        resume: false,
        lines,
        progress: false,
        counters: crate::session::meters::Wanted::Off,
        label: String::new(),
    })?;
    let bars = done.engine.inputs().events;
    Ok(Seen {
        per_second: bars as f64 / done.run_cpu.as_secs_f64().max(1e-9),
        load_cpu: done.load_cpu.as_secs_f64(),
        bars,
        fills: done.engine.counters().fills,
    })
}

/// `pinion bench backtest`.
pub fn run(args: &BacktestArgs) -> Result<(), Failure> {
    let parent = scratch(args.scratch.as_ref());
    let dir = tempfile::Builder::new().prefix("pinion-bench-").tempdir_in(&parent).map_err(|e| {
        Failure::Usage(format!("error: {}: {e}; name another directory with --scratch", parent.display()))
    })?;
    let (config, data) = (dir.path().join("bar_oracle.yaml"), dir.path().join("BENCH-1m.csv"));
    std::fs::write(&config, PLAN)?;
    write_bars(&data, args.rows)?;
    let data = [data];
    let mut seen = Vec::with_capacity(args.rounds.count());
    for _ in 0..args.rounds.count() {
        seen.push(round(&config, &data)?);
    }
    let first = seen[0];
    if let Some(other) = seen.iter().find(|s| (s.bars, s.fills) != (first.bars, first.fills)) {
        return Err(Failure::Run(format!(
            "error: two runs over the same bars differ: {first:?} and {other:?}"
        )));
    }
    seen.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    let median = seen[seen.len() / 2];
    let score = Score {
        name: format!("{} bars, {} fills", first.bars, first.fills),
        median: median.per_second,
        least: seen[0].per_second,
        greatest: seen[seen.len() - 1].per_second,
    };
    let json = json!({
        "bench": "backtest", "rows": args.rows, "events": first.bars, "fills": first.fills,
        "load_cpu_s": median.load_cpu, "bars_per_cpu_s": as_json(std::slice::from_ref(&score)),
    });
    let line = format!(
        "bench=backtest value={:.1} unit=bars_per_s_cpu max={:.1} events={} fills={} load_cpu_s={:.4}",
        score.median, score.greatest, first.bars, first.fills, median.load_cpu
    );
    let title = "million bars a second of processor time";
    args.rounds.put(&json, &table(title, &[score], 1e-6, 2), &line)
}
