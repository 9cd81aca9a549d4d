//! `pinion bench`: what the machine at hand makes of the hot path, one closing line for scripts.
//!
//! Every figure is a median of several rounds of one run. Compare figures of one run only. The work comes from
//! the package `pinion-benches`; built with the feature `peers`, other libraries do the same work in turn.

mod backtest;
mod decode;
mod indicators;
mod journal;
mod ring;
mod risk;
mod rounds;
pub mod tick_to_order;

use crate::failure::Failure;
use clap::Subcommand;

/// Measure the hot path on this machine
#[derive(Subcommand)]
pub enum BenchCommand {
    /// Nanoseconds to decode a message, by kind: of Binance's documented shape, or of your own recording
    #[command(
        after_help = "Example: pinion bench decode --kind aggTrade --result\n         pinion bench decode --data examples/data/binance_spot_20250325.capture.gz"
    )]
    Decode(decode::DecodeArgs),
    /// From a frame's due time to its order's bytes, open loop at a set rate, journal and risk on
    #[command(
        after_help = "Example: pinion bench tick-to-order --layout shared --rate 100000\n         pinion bench tick-to-order --sweep\n         pinion bench tick-to-order --tcp --rate 10000 --out before"
    )]
    TickToOrder(Box<tick_to_order::TickToOrderArgs>),
    /// Hand-over between two threads: round trip and one way, beside the floor and other rings
    #[command(after_help = "Example: pinion bench ring --core 0 --other-core 1 --result")]
    Ring(ring::RingArgs),
    /// Nanoseconds of an update of RSI(14), Bollinger(20) and ATR(14) together, or of each indicator alone
    #[command(
        after_help = "Example: pinion bench indicators --result\n         pinion bench indicators --all"
    )]
    Indicators(indicators::IndicatorsArgs),
    /// Nanoseconds of a pass through every risk check, for an order that passes and for one that is refused
    #[command(after_help = "Example: pinion bench risk --result")]
    Risk(risk::RiskArgs),
    /// Hand-over of a record to the cold thread, and records a second into the journal
    #[command(
        after_help = "Example: pinion bench journal --core 0 --cold-core 1 --result\n         pinion bench journal --scratch /var/tmp"
    )]
    Journal(journal::JournalArgs),
    /// Bars a second of `pinion backtest` on generated bars: data file, engine, risk, fills and report
    #[command(after_help = "Example: pinion bench backtest --rows 1000000 --result")]
    Backtest(backtest::BacktestArgs),
}

/// `pinion bench`.
pub fn bench(command: BenchCommand) -> Result<(), Failure> {
    match command {
        BenchCommand::Decode(args) => decode::run(&args),
        BenchCommand::TickToOrder(args) => tick_to_order::run(&args),
        BenchCommand::Ring(args) => ring::run(&args),
        BenchCommand::Indicators(args) => indicators::run(&args),
        BenchCommand::Risk(args) => risk::run(&args),
        BenchCommand::Journal(args) => journal::run(&args),
        BenchCommand::Backtest(args) => backtest::run(&args),
    }
}
