//! `pinion journal`: what happened, from the journal alone.

pub mod at_rest;
mod chain;
mod columns;
mod diff;
mod export;
mod facts;
mod filter;
mod heat;
mod latency;
mod list;
mod look;
mod pager;
mod parquet;
mod rules;
mod sealing;
mod stat;
mod state;
mod sweep;
mod upkeep;
pub mod view;
mod when;

use crate::command::run_directory::shards_of;
use crate::failure::Failure;
use crate::output::Output;
use at_rest::AtRest;
use clap::{Args, Subcommand};
use pinion_journal::{scan, verify};
use pinion_model::record::{Class, Kind, Record};
use serde_json::json;
use std::path::{Path, PathBuf};
use view::hex;

/// Read, verify and question journals
#[derive(Subcommand)]
pub enum JournalCommand {
    /// What a journal holds
    #[command(after_help = "Example: pinion journal info runs/paper-20250325T230700Z")]
    Info(DirArgs),
    /// Prove that a journal is as it was written, or name the first place that is not
    #[command(after_help = "Example: pinion journal verify runs/paper-20250325T230700Z")]
    Verify(VerifyArgs),
    /// Print records
    #[command(after_help = "Example: pinion journal cat runs/x --kind order,execution --json")]
    Cat(list::CatArgs),
    /// Print the records that a pattern or a filter takes
    #[command(
        after_help = "Example: pinion journal grep runs/x 'report rejected' -C 2\nExit codes: 0 found, 1 nothing matches or the journal is damaged, 2 cannot be asked so"
    )]
    Grep(list::GrepArgs),
    /// Print the last records, and follow new ones with -f
    #[command(after_help = "Example: pinion journal tail -f runs/x")]
    Tail(list::TailArgs),
    /// The chain behind one order: input, indicators, rule, risk, times, the venue's answers
    #[command(after_help = "Example: pinion journal why 1 runs/x")]
    Why(chain::WhyArgs),
    /// How long the stages of orders took: percentiles, and a heat map over time
    #[command(after_help = "Example: pinion journal latency runs/x --svg latency.svg")]
    Latency(latency::LatencyArgs),
    /// What the engine knew at a position or an instant: market, positions, working orders, account
    #[command(after_help = "Example: pinion journal state runs/x --at 23:07:21")]
    State(state::StateArgs),
    /// Counts and rates by kind and instrument, time covered, gaps
    #[command(after_help = "Example: pinion journal stat runs/x --class input")]
    Stat(stat::StatArgs),
    /// The first decision in which two journals differ
    #[command(after_help = "Example: pinion journal diff runs/a runs/b")]
    Diff(diff::DiffArgs),
    /// Write records as JSON lines, CSV or Parquet
    #[command(
        after_help = "Example: pinion journal export runs/x --format csv --kind position --out positions.csv"
    )]
    Export(export::ExportArgs),
    /// Compress segments that will not change any more
    #[command(after_help = "Example: pinion journal archive runs/x --keep 2")]
    Archive(upkeep::ArchiveArgs),
    /// Remove old segments; what readers have not passed, and what replay needs, stays
    #[command(after_help = "Example: pinion journal prune runs/x --keep 16 --dry-run")]
    Prune(upkeep::PruneArgs),
    /// Copy a journal, also while a run writes it
    #[command(after_help = "Example: pinion journal backup runs/x /backup/x --resume")]
    Backup(upkeep::BackupArgs),
    /// Make a new journal from what is left of a damaged one
    #[command(after_help = "Example: pinion journal salvage runs/x --out runs/x-salvaged")]
    Salvage(upkeep::SalvageArgs),
    /// Make a key for seals
    #[command(after_help = "Example: pinion journal keygen seal.key")]
    Keygen(sealing::KeygenArgs),
    /// Sign what a journal is, so that others can verify it
    #[command(after_help = "Example: pinion journal seal runs/x --key seal.key")]
    Seal(sealing::SealArgs),
}

#[derive(Args)]
pub struct DirArgs {
    /// Directory of the journal
    dir: PathBuf,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub struct VerifyArgs {
    /// Directory of the journal
    dir: PathBuf,
    /// Public key of a seal, or the file that holds it: the journal must be the one that was sealed
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// The seal, if it is not journal.seal in DIR
    #[arg(long, value_name = "FILE", requires = "key")]
    seal: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// `pinion journal`.
pub fn journal(command: JournalCommand) -> Result<(), Failure> {
    match command {
        JournalCommand::Info(args) => info(&args),
        JournalCommand::Verify(args) => verify_command(&args),
        JournalCommand::Cat(args) => list::cat(&args),
        JournalCommand::Grep(args) => list::grep(&args),
        JournalCommand::Tail(args) => list::tail(&args),
        JournalCommand::Why(args) => chain::why(&args),
        JournalCommand::Latency(args) => latency::latency(&args),
        JournalCommand::State(args) => state::state(&args),
        JournalCommand::Stat(args) => stat::stat(&args),
        JournalCommand::Diff(args) => diff::diff(&args),
        JournalCommand::Export(args) => export::export(&args),
        JournalCommand::Archive(args) => upkeep::archive_command(&args),
        JournalCommand::Prune(args) => upkeep::prune_command(&args),
        JournalCommand::Backup(args) => upkeep::backup_command(&args),
        JournalCommand::Salvage(args) => upkeep::salvage_command(&args),
        JournalCommand::Keygen(args) => sealing::keygen_command(&args),
        JournalCommand::Seal(args) => sealing::seal_command(&args),
    }
}

fn info(args: &DirArgs) -> Result<(), Failure> {
    let journal = AtRest::open(&args.dir)?;
    let (view, header) = (&journal.view, journal.reader().header());
    let (build, epoch) = (header.build().to_string(), header.epoch);
    let mut cursor = journal.cursor(0)?;
    let mut counts = vec![0u64; Kind::ALL.len()];
    let (mut records, mut first, mut last) = (0u64, None, None);
    while let Some(record) = cursor.next_record()? {
        records += 1;
        let Some(kind) = record.kind() else { continue };
        counts[Kind::ALL.iter().position(|k| *k == kind).unwrap_or(0)] += 1;
        if kind.class() == Class::Input && kind != Kind::DepthLevels {
            first.get_or_insert(*record);
            last = Some(*record);
        }
    }
    let time = |record: Option<Record>| record.and_then(|r| view.fields(&r).get("time").cloned());
    let (first, last) = (time(first), time(last));
    let by_kind: serde_json::Map<_, _> = Kind::ALL
        .iter()
        .zip(&counts)
        .filter(|(_, n)| **n > 0)
        .map(|(k, n)| (k.label().to_string(), json!(n)))
        .collect();
    let json = json!({
        "directory": args.dir.display().to_string(),
        "name": view.plan.name,
        "build": build,
        "epoch": format!("{epoch:016x}"),
        "plan_hash": hex(&view.plan.hash),
        "records": records,
        "closed": journal.end.closed,
        "end": journal.json(),
        "first": first,
        "last": last,
        "kinds": by_kind,
    });
    let mut text = format!(
        "{} ({}, {})\n",
        view.plan.name,
        args.dir.display(),
        if journal.end.closed { "closed" } else { "not closed" }
    );
    text += &format!("  build {build}   epoch {epoch:016x}   plan {}\n", &hex(&view.plan.hash)[..16]);
    let show = |v: &Option<serde_json::Value>| v.as_ref().map_or("-".into(), view::plain);
    text += &format!("  from {} to {}\n  {records} records\n", show(&first), show(&last));
    for (kind, count) in &by_kind {
        text += &format!("  {kind:<14} {count:>9}\n");
    }
    text += &journal.unclosed().map_or(String::new(), |end| format!("  {end}\n"));
    args.output.put(&json, &text)?;
    journal.nothing_lost()
}

/// Verifies a journal, or the journal of each shard of a fused run.
fn verify_command(args: &VerifyArgs) -> Result<(), Failure> {
    if let Some(key) = &args.key {
        let is_json = args.output.is_json();
        let (json, text) = sealing::verify_sealed(&args.dir, key, args.seal.as_deref(), is_json)?;
        return args.output.put(&json, &text);
    }
    let shards = shards_of(&args.dir);
    if shards.is_empty() {
        let (json, text) = verify_one(&args.dir, args.output.is_json())?;
        return args.output.put(&json, &text);
    }
    let (mut all, mut text) = (Vec::new(), String::new());
    for dir in &shards {
        let (json, one) = verify_one(dir, args.output.is_json())
            .map_err(|failure| failure.in_context(&dir.display().to_string()))?;
        all.push(json);
        text += &format!("{}\n{one}", dir.display());
    }
    args.output.put(&json!({ "sound": true, "shards": all }), &text)
}

fn verify_one(dir: &Path, is_json: bool) -> Result<(serde_json::Value, String), Failure> {
    let report = verify(dir)?;
    let json = json!({
        "sound": report.is_sound(),
        "closed": report.closed,
        "records": report.records,
        "segments": report.segments,
        "durable_position": report.durable_position,
        "chain_head": hex(&report.chain_head),
        "pruned": report.pruned.as_ref().map(|gone| json!({
            "from": gone.from, "to": gone.to, "segments": gone.segments, "wall_ns": gone.wall_ns,
        })),
        "first_bad": report.first_bad.as_ref().map(ToString::to_string),
    });
    if let Some(bad) = &report.first_bad {
        if is_json {
            println!("{json:#}");
        }
        return Err(Failure::Run(format!("error: {bad}\n{} records before it are sound", report.records)));
    }
    let state = if report.closed { "closed".into() } else { format!("not closed at {}", report.records) };
    let torn = if report.closed { None } else { Some(scan(dir)?) };
    let lost = torn.map_or(String::new(), |r| format!("; recovery would keep {} records", r.valid_until));
    let head = hex(&report.chain_head);
    let mut text =
        format!("sound: {} records in {} segments, {state}{lost}\n", report.records, report.segments);
    if let Some(gone) = &report.pruned {
        let last = gone.to - 1;
        text += &format!("records {} to {last} were pruned; the chain is proven on both sides\n", gone.from);
    }
    text += &format!("head {head}\n");
    Ok((json, text))
}
