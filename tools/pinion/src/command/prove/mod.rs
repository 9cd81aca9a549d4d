//! `pinion prove`: properties of the hot thread, shown on the machine at hand by the program that trades.
//!
//! Each proof has its negative control, `--break`, which breaks the property on purpose and must fail.
//!
//! | file | one idea |
//! |---|---|
//! | [`allocations`] | no allocation and no free on the whole way |
//! | [`system_calls`] | no system call, by the kernel's word; so no contended lock either |
//! | [`seccomp`] | the filter that makes the kernel say it |
//! | [`journal`] | a link that fills up because the cold thread is slow or stopped |
//! | [`inputs`] | what the way is walked with |
//! | [`rig`] | plan, pipeline, cold thread |

mod allocations;
mod inputs;
mod journal;
mod rig;
mod seccomp;
mod system_calls;

use crate::failure::Failure;
use clap::Subcommand;

/// Show on this machine what the hot thread does not do; each proof can be broken on purpose
#[derive(Subcommand)]
pub enum ProveCommand {
    /// No allocation and no free from a frame's bytes to an order's bytes and the journal's link
    #[command(
        after_help = "Example: pinion prove allocations --data examples/data/binance_spot_20250325.capture.gz\n         pinion prove allocations --break grow    # must fail"
    )]
    Allocations(allocations::AllocationsArgs),
    /// No system call on the hot thread but those of its socket: the kernel kills it at the first one
    #[command(
        after_help = "Example: pinion prove system-calls --socket\n         pinion prove system-calls --break lock    # must fail"
    )]
    SystemCalls(system_calls::SystemCallsArgs),
    /// A slow or stopped cold thread: entries stop, exits go on, nothing that was pushed is lost
    #[command(
        after_help = "Example: pinion prove journal\n         pinion prove journal --break deaf    # must fail"
    )]
    Journal(journal::JournalArgs),
}

/// `pinion prove`.
pub fn prove(command: ProveCommand) -> Result<(), Failure> {
    match command {
        ProveCommand::Allocations(args) => allocations::run(&args),
        ProveCommand::SystemCalls(args) => system_calls::run(&args),
        ProveCommand::Journal(args) => journal::run(&args),
    }
}
