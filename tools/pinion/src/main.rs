//! `pinion`: runs strategies on recorded markets, and reads what happened.
//!
//! Exit codes: 0 done, 1 it ran and failed, 2 it could not be run as asked.

#![recursion_limit = "256"]

mod command;
mod control;
mod counters_files;
mod equity;
mod failure;
mod host;
mod output;
mod overlaps;
mod progress;
mod report;
mod session;
mod setup;
mod shares;

use clap::{Parser, Subcommand};
use pinion_runtime::memory::{self, PhasedAllocator};
use std::process::ExitCode;

/// Name and version, as journals keep it.
pub const BUILD: &str = concat!("pinion ", env!("CARGO_PKG_VERSION"));

/// A deterministic trading engine: run, backtest, replay, and read the journal.
#[derive(Parser)]
#[command(name = "pinion", version, about, after_help = "Begin with: pinion run examples/paper.yaml")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Watches the memory of hot threads: what a sealed one allocates or frees is counted, and must be nothing.
#[global_allocator]
static ALLOCATOR: PhasedAllocator = PhasedAllocator;

/// Set to anything, an allocation or a free on a sealed thread ends the program (SIGABRT) with a line.
const ABORT_VARIABLE: &str = "PINION_ABORT_ON_HOT_ALLOCATION";

#[derive(Subcommand)]
enum Command {
    Run(command::run::RunArgs),
    Backtest(command::run::BacktestArgs),
    Replay(command::replay::ReplayArgs),
    #[command(subcommand)]
    Data(command::data::DataCommand),
    #[command(subcommand)]
    Indicator(command::indicator::IndicatorCommand),
    #[command(subcommand)]
    Strategy(command::strategy::StrategyCommand),
    #[command(subcommand)]
    Journal(command::journal::JournalCommand),
    #[command(subcommand)]
    Config(command::config::ConfigCommand),
    Control(command::control::ControlArgs),
    Arm(command::control::ArmArgs),
    Stat(command::stat::StatArgs),
    Doctor(command::doctor::DoctorArgs),
    #[command(subcommand)]
    Bench(command::bench::BenchCommand),
    #[command(subcommand)]
    Prove(command::prove::ProveCommand),
}

fn main() -> ExitCode {
    // A reader that closes its pipe (`pinion journal cat | head`) ends the program quietly.
    sigpipe_default();
    if std::env::var_os(ABORT_VARIABLE).is_some() {
        memory::abort_on_breach();
    }
    let result = match Cli::parse().command {
        Command::Run(args) => command::run::run(args),
        Command::Backtest(args) => command::run::backtest(args),
        Command::Replay(args) => command::replay::replay(args),
        Command::Data(command) => command::data::data(command),
        Command::Indicator(command) => command::indicator::indicator(command),
        Command::Strategy(command) => command::strategy::strategy(command),
        Command::Journal(command) => command::journal::journal(command),
        Command::Config(command) => command::config::config(command),
        Command::Control(args) => command::control::control(args),
        Command::Arm(args) => command::control::arm(args),
        Command::Stat(args) => command::stat::stat(args),
        Command::Doctor(args) => command::doctor::doctor(args),
        Command::Bench(command) => command::bench::bench(command),
        Command::Prove(command) => command::prove::prove(command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.code())
        }
    }
}

#[allow(unsafe_code)]
fn sigpipe_default() {
    // SAFETY: called once before any thread exists; SIG_DFL is a valid disposition for SIGPIPE.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    }
}
