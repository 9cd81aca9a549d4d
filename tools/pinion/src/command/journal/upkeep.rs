//! `journal archive`, `prune`, `backup` and `salvage`: what is done with a journal's files.
//!
//! The work and its rules are the journal's own (`pinion_journal`); here are the arguments, the clock and
//! the words. Nothing here runs on a thread of an engine.

use crate::command::run_directory::one_journal;
use crate::failure::Failure;
use crate::output::Output;
use clap::Args;
use pinion_journal::{PruneOptions, PruneUntil, SalvageOptions, archive, backup, prune, salvage};
use serde_json::json;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Args)]
pub struct ArchiveArgs {
    /// Directory of the journal
    dir: PathBuf,
    /// The newest segments that stay as they are
    #[arg(long, default_value_t = 0, value_name = "N")]
    keep: u64,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub struct PruneArgs {
    /// Directory of the journal
    dir: PathBuf,
    /// Remove segments that end at or before this position
    #[arg(long, value_name = "POSITION", required_unless_present = "keep", conflicts_with = "keep")]
    before: Option<u64>,
    /// Remove all but this many of the newest segments; the first always stays
    #[arg(long, value_name = "SEGMENTS")]
    keep: Option<u64>,
    /// Remove also what replay needs
    #[arg(long)]
    give_up_replay: bool,
    /// Say what would go, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub struct BackupArgs {
    /// Directory of the journal, which a run may be writing
    dir: PathBuf,
    /// Directory to make
    out: PathBuf,
    /// Carry on with an earlier copy in OUT: only what is new is copied
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub struct SalvageArgs {
    /// Directory of the damaged journal; it is not touched
    dir: PathBuf,
    /// Directory of the new journal
    #[arg(long, value_name = "NEW")]
    out: PathBuf,
    /// Take the records below this position; without it, all that recovery accepts and the chain proves
    #[arg(long, value_name = "POSITION")]
    until: Option<u64>,
    /// Leave out what is damaged and take what is sound behind it, in a journal with a new chain
    #[arg(long)]
    skip_bad: bool,
    #[command(flatten)]
    output: Output,
}

/// UTC in nanoseconds since 1970.
pub fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// `journal archive`.
pub fn archive_command(args: &ArchiveArgs) -> Result<(), Failure> {
    one_journal(&args.dir)?;
    let mut text = String::new();
    let done = archive(&args.dir, args.keep, |one| {
        let (plain, packed) = (mib(one.plain_bytes), mib(one.archive_bytes));
        text += &format!("{}: {plain} in {packed}\n", one.file.display());
    })?;
    let sum = |of: fn(&pinion_journal::Archived) -> u64| done.iter().map(of).sum::<u64>();
    let (plain, packed) = (sum(|one| one.plain_bytes), sum(|one| one.archive_bytes));
    let json = json!({ "archived": done.len(), "plain_bytes": plain, "archive_bytes": packed });
    text += &format!("{} segments archived, {} in {}\n", done.len(), mib(plain), mib(packed));
    args.output.put(&json, &text)
}

/// `journal prune`.
pub fn prune_command(args: &PruneArgs) -> Result<(), Failure> {
    one_journal(&args.dir)?;
    let until = match (args.before, args.keep) {
        (Some(position), _) => PruneUntil::Before(position),
        (None, keep) => PruneUntil::Keep(keep.unwrap_or(u64::MAX)),
    };
    let options = PruneOptions {
        until,
        as_far_as_possible: false,
        give_up_replay: args.give_up_replay,
        dry_run: args.dry_run,
        wall_ns: now_ns(),
    };
    let report = prune(&args.dir, &options)?;
    let json = json!({
        "dry_run": args.dry_run,
        "from": report.from,
        "to": report.to,
        "segments": report.segments,
        "bytes": report.bytes,
        "replay_from": report.replay_from,
    });
    let text = if report.segments == 0 {
        "nothing to prune\n".to_string()
    } else {
        let replay = match report.replay_from {
            Some(position) => format!("replay can begin at the snapshot at position {position}"),
            None => "the rest can be read and verified, not replayed".into(),
        };
        let verb = if args.dry_run { "would go" } else { "are gone" };
        let (from, last, size) = (report.from, report.to - 1, mib(report.bytes));
        format!("records {from} to {last} {verb}: {} segments, {size}; {replay}\n", report.segments)
    };
    args.output.put(&json, &text)
}

/// `journal backup`.
pub fn backup_command(args: &BackupArgs) -> Result<(), Failure> {
    one_journal(&args.dir)?;
    let shows = std::io::stderr().is_terminal();
    let report = backup(&args.dir, &args.out, args.resume, |progress| {
        if shows {
            eprint!(
                "\r{} of {} segments, {}",
                progress.segments_done,
                progress.segments,
                mib(progress.bytes)
            );
        }
    })?;
    if shows {
        eprintln!();
    }
    let closed = report.verified.closed;
    let json = json!({
        "out": args.out.display().to_string(),
        "records": report.until,
        "closed": closed,
        "copied": report.copied,
        "kept": report.kept,
        "bytes": report.bytes,
    });
    let state = if closed { "closed" } else { "not closed" };
    let text = format!(
        "{}: {} records, {state}; {} segments copied ({}), {} were there; verified\n",
        args.out.display(),
        report.until,
        report.copied,
        mib(report.bytes),
        report.kept
    );
    args.output.put(&json, &text)
}

/// `journal salvage`.
pub fn salvage_command(args: &SalvageArgs) -> Result<(), Failure> {
    one_journal(&args.dir)?;
    let wall_ns = now_ns();
    let options = SalvageOptions {
        until: args.until,
        skip_bad: args.skip_bad.then_some(wall_ns ^ (u64::from(std::process::id()) << 40)),
        wall_ns,
    };
    let report = salvage(&args.dir, &args.out, &options)?;
    let to = |to: Option<u64>| to.map_or("the end".to_string(), |to| (to - 1).to_string());
    let lost: Vec<_> =
        report.lost.iter().map(|l| json!({ "from": l.from, "to": l.to, "reason": l.reason })).collect();
    let json = json!({ "out": args.out.display().to_string(), "taken": report.taken, "lost": lost });
    let mut text = format!("{}: {} records taken; verified\n", args.out.display(), report.taken);
    for one in &report.lost {
        text += &format!("not taken: {} to {}: {}\n", one.from, to(one.to), one.reason);
    }
    args.output.put(&json, &text)
}
