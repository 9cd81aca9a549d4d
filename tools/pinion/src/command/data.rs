//! `pinion data info`: what a recording holds, and the bars that it makes.

use crate::failure::Failure;
use crate::output::Output;
use crate::setup::check_files;
use clap::{Args, Subcommand};
use pinion_engine::bars::BarBuilder;
use pinion_engine::plan::{BarCut, BarSource, BarSpec};
use pinion_model::event::{Bar, Market, NO_TIME};
use pinion_model::number::{Price, Qty};
use pinion_recorded::survey::{InstrumentSurvey, Survey, Visitor, survey, visit};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
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
    /// CSV file for --bars: bid and ask bars from quotes, else bars from trades
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
            let mut bars = Bars { interval_ns, instruments: BTreeMap::new() };
            let found = visit(&args.files, &mut bars)?;
            let count = bars.write(&found, out)?;
            (found, Some((count, out)))
        }
        _ => (survey(&args.files)?, None),
    };
    let mut json = json!(found);
    let mut text = describe(&found);
    if let Some((count, out)) = written {
        json["bars_written"] = json!(count);
        text += &format!("{count} bars written to {}\n", out.display());
    }
    args.output.put(&json, &text)
}

fn interval(text: &str) -> Result<i64, Failure> {
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

/// Builders of one instrument and the bars that they finished.
struct Building {
    builders: [BarBuilder; 3],
    done: [Vec<Bar>; 3],
}

/// Builds bars while the survey goes by: of trades, of bids and of offers.
struct Bars {
    interval_ns: i64,
    instruments: BTreeMap<usize, Building>,
}

impl Visitor for Bars {
    fn visit(&mut self, instrument: usize, market: &Market<'_>) {
        let cut = BarCut::Time { interval_ns: self.interval_ns };
        let building = self.instruments.entry(instrument).or_insert_with(|| Building {
            builders: std::array::from_fn(|_| {
                BarBuilder::new(BarSpec { cut, source: BarSource::Trades, close_delay_ns: 0 })
            }),
            done: Default::default(),
        });
        let mut add = |at: usize, time_ns: i64, price: Price, qty: Qty| {
            if price > Price::ZERO {
                building.done[at].extend(building.builders[at].roll(time_ns));
                building.done[at].extend(building.builders[at].add(time_ns, price, qty));
            }
        };
        match market {
            Market::Trade(t) => {
                let time_ns = if t.venue_ns == NO_TIME { t.recv_ns } else { t.venue_ns };
                add(0, time_ns, t.price, t.qty);
            }
            Market::Quote(q) => {
                let time_ns = if q.venue_ns == NO_TIME { q.recv_ns } else { q.venue_ns };
                add(1, time_ns, q.bid, Qty::ZERO);
                add(2, time_ns, q.ask, Qty::ZERO);
            }
            Market::Bar { .. } | Market::Depth(_) => {}
        }
    }
}

impl Bars {
    /// Writes what was built; quotes give bid and ask bars side by side where there are no trades.
    fn write(mut self, found: &Survey, out: &PathBuf) -> Result<usize, Failure> {
        let file =
            std::fs::File::create(out).map_err(|e| Failure::Run(format!("error: {}: {e}", out.display())))?;
        let mut file = BufWriter::new(file);
        for building in self.instruments.values_mut() {
            for (builder, done) in building.builders.iter_mut().zip(&mut building.done) {
                done.extend(builder.finish());
            }
        }
        let trades = self.instruments.values().any(|b| !b.done[0].is_empty());
        let mut count = 0;
        if trades {
            writeln!(file, "ts_ms,symbol,open,high,low,close,volume")?;
        } else {
            writeln!(
                file,
                "ts_ms,symbol,bid_open,bid_high,bid_low,bid_close,ask_open,ask_high,ask_low,ask_close"
            )?;
        }
        for (at, building) in &self.instruments {
            let i = &found.instruments[*at];
            let rows = if trades { &building.done[0] } else { &building.done[1] };
            let asks: BTreeMap<i64, &Bar> = building.done[2].iter().map(|b| (b.open_ns, b)).collect();
            for bar in rows {
                let mut line = format!("{},{},{}", bar.open_ns / 1_000_000, i.symbol, ohlc(i, bar));
                if trades {
                    line += &format!(",{}", number(bar.volume.0, 8, i.qty_decimals));
                } else if let Some(ask) = asks.get(&bar.open_ns) {
                    line += &format!(",{}", ohlc(i, ask));
                } else {
                    line += ",,,,";
                }
                writeln!(file, "{line}")?;
                count += 1;
            }
        }
        file.flush()?;
        Ok(count)
    }
}

/// A survey's number in the decimals that its instrument needs.
fn number(value: i64, exponent: u8, decimals: u8) -> String {
    let cut = 10i64.pow(u32::from(exponent.saturating_sub(decimals)));
    pinion_model::decimal::Scaled { value: (value / cut).into(), exponent: decimals }.to_string()
}

fn ohlc(i: &InstrumentSurvey, bar: &Bar) -> String {
    let prices = [bar.open, bar.high, bar.low, bar.close].map(|p| number(p.0, 9, i.price_decimals));
    prices.join(",")
}

fn describe(s: &Survey) -> String {
    let mut t = String::new();
    for (file, format) in &s.files {
        t += &format!("{file}: {format}\n");
    }
    t += &format!("  {} lines, {} broken, {} without a market event", s.lines, s.broken, s.ignored);
    t += if s.descending { ", newest first\n" } else { "\n" };
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
        t += &format!("  decimals: price {}, quantity {}\n", i.price_decimals, i.qty_decimals);
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
