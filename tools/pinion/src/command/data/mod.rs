//! `pinion data info`: what a recording holds, and the bars that it makes.

mod bars;

use crate::failure::Failure;
use crate::output::Output;
use crate::setup::check_files;
use bars::Bars;
use clap::{Args, Subcommand};
use pinion_recorded::survey::{InstrumentSurvey, Survey, survey, visit};
use serde_json::json;
use std::path::PathBuf;

/// Look at recorded data
#[derive(Subcommand)]
pub enum DataCommand {
    /// Counts, span, gaps, broken lines, crossed books, and how well rebuilt books agree with quotes
    #[command(
        after_help = "Example: pinion data info day1.gz day2.gz --json\n         pinion data info ticks.zip --bars 1m --out bars.csv"
    )]
    Info(InfoArgs),
}

#[derive(Args)]
pub struct InfoArgs {
    /// Files, read one after the other as one recording
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Build bars of this length (1s, 1m, 1h, ...) and write them to --out
    #[arg(long, requires = "out")]
    bars: Option<String>,
    /// CSV file for --bars: bars of trades or of shorter bars, else bid and ask bars of quotes
    #[arg(long, requires = "bars")]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// `pinion data`.
pub fn data(command: DataCommand) -> Result<(), Failure> {
    let DataCommand::Info(args) = command;
    check_files(&args.files)?;
    let (found, written) = match (&args.bars, &args.out) {
        (Some(length), Some(out)) => {
            let interval_ns = interval(length)?;
            let mut bars = Bars::new(interval_ns);
            let found = visit(&args.files, &mut bars)?;
            let written = bars.write(&found, length, out)?;
            (found, Some((written, out)))
        }
        _ => (survey(&args.files)?, None),
    };
    let mut json = json!(found);
    let mut text = describe(&found);
    if let Some((written, out)) = written {
        json["bars_written"] = json!(written.count);
        text += &format!("{} bars written to {}\n", written.count, out.display());
        for symbol in &written.without {
            text += &format!("no bars of {symbol}: others have trades, and it has none\n");
        }
    }
    args.output.put(&json, &text)
}

/// A length of bars in nanoseconds.
pub fn interval(text: &str) -> Result<i64, Failure> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let count: i64 = text[..text.len() - unit.len()].parse().unwrap_or(0);
    let unit_ns = match unit {
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => 0,
    };
    match count.checked_mul(unit_ns) {
        Some(ns) if ns > 0 => Ok(ns),
        _ => Err(Failure::Usage(format!(
            "error: `{text}` is not a length of bars; write 500ms, 1s, 5m, 1h or 1d"
        ))),
    }
}

fn describe(s: &Survey) -> String {
    let mut t = String::new();
    for (file, format) in &s.files {
        t += &format!("{file}: {format}\n");
    }
    t += &format!("  {} lines, {} broken, {} without a market event", s.lines, s.broken, s.ignored);
    t += if s.descending { ", newest first\n" } else { "\n" };
    if !s.ignored_kinds.is_empty() {
        let kinds: Vec<String> = s.ignored_kinds.iter().map(|(kind, n)| format!("{kind} {n}")).collect();
        t += &format!("  known and not used: {}\n", kinds.join(", "));
    }
    for (file, line, reason) in s.broken_lines.iter().take(10) {
        t += &format!("  {file}:{line}: {reason}\n");
    }
    for i in &s.instruments {
        let time = crate::command::journal::view::time;
        t += &format!("{}  {} to {}\n", i.symbol, time(i.first_ns), time(i.last_ns));
        let counts = [
            ("quotes", i.quotes),
            ("trades", i.trades),
            ("bars", i.bars),
            ("depth updates", i.depth_updates),
            ("depth snapshots", i.depth_snapshots),
            ("missing updates (gaps)", i.gaps),
            ("missing bars", i.missing_bars),
            ("out of order", i.out_of_order),
            ("duplicates", i.duplicates),
            ("crossed quotes", i.crossed_quotes),
            ("crossed books", i.crossed_books),
            ("jumps above 35 %", i.jumps),
        ];
        let shown: Vec<String> =
            counts.iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{name} {n}")).collect();
        t += &format!("  {}\n", shown.join("   "));
        for jump in &i.jump_list {
            t += &format!(
                "  jump from {} to {}, line {}\n",
                InstrumentSurvey::price(jump.before),
                InstrumentSurvey::price(jump.after),
                jump.line
            );
        }
        t += &format!("  decimals: price {}, quantity {}\n", i.price_decimals, i.qty_decimals);
        if let Some(kind) = i.looks_like {
            t += &format!("  looks like {kind}\n");
        }
        if i.bar_interval_ns > 0 {
            t += &format!("  bars of {} s\n", i.bar_interval_ns as f64 / 1e9);
        }
        if i.book_states > 0 {
            t += &format!(
                "  book: {} of {} states agree with the quote of the same id; at the end id {}, {} / {}\n",
                i.book_agree, i.book_states, i.last_update_id, i.final_bid, i.final_ask
            );
        }
    }
    t
}
