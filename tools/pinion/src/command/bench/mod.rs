//! `pinion bench`: what the machine at hand makes of the hot path, one closing line for scripts.
//!
//! Every figure is a median of several rounds of one run. Compare figures of one run only.

mod decode;
pub mod frames;
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
}

/// `pinion bench`.
pub fn bench(command: BenchCommand) -> Result<(), Failure> {
    match command {
        BenchCommand::Decode(args) => decode::run(&args),
        BenchCommand::TickToOrder(args) => tick_to_order::run(&args),
    }
}

/// Median and least of measurements.
fn median_and_least(mut rounds: Vec<f64>) -> (f64, f64) {
    rounds.sort_by(f64::total_cmp);
    (rounds[rounds.len() / 2], rounds[0])
}
