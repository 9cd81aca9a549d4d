//! `pinion run` and `pinion backtest`.

use super::run_directory::RunDirectory;
use crate::control::hear_kill;
use crate::failure::Failure;
use crate::output::Output;
use crate::report::Report;
use crate::session::meters::Wanted;
use crate::session::{Options, fused, run as run_session};
use crate::setup::{Setup, set_up};
use clap::Args;
use pinion_plan::{Layout, Plan, Severity};
use pinion_recorded::Broken;
use std::path::{Path, PathBuf};

/// Run a strategy on the data that its configuration names, on paper, with a journal
#[derive(Args)]
#[command(after_help = "Example: pinion run examples/paper.yaml --layout invoker --journal off")]
pub struct RunArgs {
    /// Configuration file
    config: PathBuf,
    /// Go on from the journal in the directory of --journal, after a kill, a crash or a stop; begin one where there
    /// is none
    #[arg(long, requires = "journal")]
    resume: bool,
    #[command(flatten)]
    common: Common,
}

/// Run a strategy on data files, as `run` does; without a journal unless one is asked for
#[derive(Args)]
#[command(
    after_help = "Example: pinion backtest examples/bar_oracle.yaml --data bars.csv --json=result.json"
)]
pub struct BacktestArgs {
    /// Configuration file
    config: PathBuf,
    /// Data files, instead of those of the configuration
    #[arg(long, value_name = "FILE", num_args = 1..)]
    data: Vec<PathBuf>,
    /// Print one closing line RESULT bench=... value=... unit=...
    #[arg(long)]
    result: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
struct Common {
    /// Which agents run on which threads: invoker, solo, shared, dedicated or fused
    #[arg(long)]
    layout: Option<String>,
    /// Directory of the journal, or `off`
    #[arg(long, value_name = "DIR")]
    journal: Option<String>,
    /// Counters for `pinion stat`: `on`, `off`, or a FILE that also keeps their last state. `run` has them unless
    /// they are off, `backtest` only when asked
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    counters: Option<String>,
    #[command(flatten)]
    output: Output,
}

impl Common {
    fn counters(&self, default: Wanted) -> Wanted {
        match self.counters.as_deref() {
            None => default,
            Some("on") => Wanted::On,
            Some("off") => Wanted::Off,
            Some(file) => Wanted::File(file.into()),
        }
    }
}

/// `pinion run`.
pub fn run(args: RunArgs) -> Result<(), Failure> {
    let journal = match args.common.journal.as_deref() {
        Some("off") if args.resume => {
            let reason =
                "error: --resume goes on from a journal, and `--journal off` says that there is none";
            return Err(Failure::Usage(reason.into()));
        }
        Some("off") => None,
        Some(dir) => Some(PathBuf::from(dir)),
        None => Some(fresh_directory(&args.config)),
    };
    let kept = Kept { journal, resume: args.resume, counters: args.common.counters(Wanted::On) };
    session(&args.config, &[], kept, &args.common, None, false)
}

/// `pinion backtest`.
pub fn backtest(args: BacktestArgs) -> Result<(), Failure> {
    let journal = args.common.journal.as_deref().filter(|j| *j != "off").map(PathBuf::from);
    let kept = Kept { journal, resume: false, counters: args.common.counters(Wanted::Off) };
    session(&args.config, &args.data, kept, &args.common, Some(Layout::Invoker), args.result)
}

/// A directory under `runs/` that is not there yet, named after the configuration and the time.
fn fresh_directory(config: &Path) -> PathBuf {
    let name = config.file_stem().map_or("run".into(), |n| n.to_string_lossy().into_owned());
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let first = PathBuf::from("runs").join(format!("{name}-{now}"));
    let others = (2..).map(|n| PathBuf::from("runs").join(format!("{name}-{now}-{n}")));
    std::iter::once(first).chain(others).find(|p| !p.exists()).unwrap_or_default()
}

fn layout_named(name: &str) -> Result<Layout, Failure> {
    let found = Layout::ALL.iter().find(|(_, word)| *word == name).map(|(layout, _)| *layout);
    found.ok_or_else(|| {
        let words: Vec<&str> = Layout::ALL.iter().map(|(_, word)| *word).collect();
        Failure::Usage(format!("error: unknown layout `{name}`; the layouts are {}", words.join(", ")))
    })
}

/// What is kept of a run, and where.
struct Kept {
    journal: Option<PathBuf>,
    resume: bool,
    counters: Wanted,
}

fn session(
    config: &Path,
    data: &[PathBuf],
    kept: Kept,
    common: &Common,
    default: Option<Layout>,
    result_line: bool,
) -> Result<(), Failure> {
    let Kept { journal, resume, counters } = kept;
    // Before anything is read: that may take a while, and a signal to stop must not be lost in it.
    hear_kill()?;
    let layout = match &common.layout {
        Some(name) => Some(layout_named(name)?),
        None => default,
    };
    let Setup { plan, warnings, notes, inputs, lines, .. } = set_up(config, data, |c| {
        if let Some(layout) = layout {
            c.runtime.layout = layout;
        }
    })?;
    if warnings.found.iter().any(|d| d.severity == Severity::Warning) {
        eprint!("{warnings}");
    }
    notes.iter().for_each(|note| eprintln!("warning: {note}"));
    if let Some(reason) = plan.refusal() {
        return Err(Failure::Usage(format!("error: {reason}")));
    }
    let directory = match &journal {
        Some(dir) => Some(RunDirectory::open(dir, resume)?),
        None => None,
    };
    let label = config.file_stem().map_or(String::new(), |n| n.to_string_lossy().into_owned());
    let options = Options {
        plan: &plan,
        inputs,
        journal: journal.clone(),
        resume,
        lines,
        progress: !common.output.is_json(),
        counters,
        label: format!("{label}, layout {}", plan.runtime.layout.label()),
    };
    let failed = |failure| match (failure, &directory) {
        // The data failed before its end: the run is none, and nobody should take it for one. What a run that goes on
        // has done before stays.
        (Failure::Usage(reason), Some(directory)) if !resume => {
            Failure::Usage(reason + &directory.remove_traces())
        }
        (failure, _) => failure,
    };
    let shown = journal.as_ref().map(|j| j.display().to_string());
    let report = if plan.runtime.layout == Layout::Fused {
        let done = fused::run(&options).map_err(failed)?;
        done.shards.iter().for_each(|(_, done)| tell_broken(&done.broken));
        Report::of_account(&plan, &done, shown.as_deref())
    } else {
        let done = run_session(&options).map_err(failed)?;
        tell_broken(&done.broken);
        Report::new(&plan, &done, shown.as_deref())
    };
    let breaches = pinion_runtime::memory::hot_allocations();
    if breaches > 0 {
        eprintln!(
            "warning: the sealed trading thread allocated or freed memory {breaches} times; run again with {}=1 to see where",
            crate::ABORT_VARIABLE
        );
    }
    let mut text = report.text().to_string();
    if let Some(dir) = &shown {
        text += &look_further(&plan, dir, config, report.json["orders"].as_u64().unwrap_or(0));
    }
    common.output.put(&report.json, &text)?;
    if result_line {
        println!(
            "RESULT bench=backtest value={:.1} unit=events/s_cpu events={} fills={} load_cpu_s={:.4} secs={:.4}",
            report.json["events_per_second"].as_f64().unwrap_or(0.0),
            report.json["events"],
            report.json["fills"],
            report.json["load_cpu_seconds"].as_f64().unwrap_or(0.0),
            report.json["run_cpu_seconds"].as_f64().unwrap_or(0.0)
        );
    }
    Ok(())
}

fn tell_broken(files: &[(PathBuf, Broken)]) {
    for (file, broken) in files.iter().filter(|(_, b)| b.count > 0) {
        eprintln!("warning: {}: {} broken lines were skipped", file.display(), broken.count);
        broken.first.iter().for_each(|(line, reason)| eprintln!("  {}:{line}: {reason}", file.display()));
    }
}

/// Where to look next.
fn look_further(plan: &Plan, dir: &str, config: &Path, orders: u64) -> String {
    let fused = plan.runtime.layout == Layout::Fused;
    let order = if orders > 0 && !fused { "1" } else { "ORDER" };
    let one = if fused { format!("{dir}/shard-0") } else { dir.into() };
    format!(
        "\nLook further:\n  pinion replay {dir}\n  pinion journal why {order} {one}\n  pinion config explain {}\n",
        config.display()
    )
}
