//! `pinion bench tick-to-order`: recorded or made frames, at a set rate, through decoder, engine, rules, risk,
//! encoder and journal hand-over, measured from when each frame was due.

mod dedicated;
mod drive;
mod environment;
mod fused;
mod measured;
pub mod pipeline;
mod plot;
mod report;
mod saved;
mod tcp;

use super::decode::recorded;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::gate::Gate;
use crate::session::keeper::{Keeper, KeeperAgent};
use crate::session::open;
use crate::session::staged;
use clap::{Args, ValueEnum};
use drive::{Driven, Load, drive};
use hdrhistogram::Histogram;
use measured::{figures, head, row};
use pinion_benches::clock::Clock;
use pinion_benches::frames::{MessageKind, made};
use pinion_journal::Writer;
use pinion_model::record::Entry;
use pinion_plan::Plan;
use pinion_runtime::agent::Runner;
use pinion_runtime::idle::{Idle, IdleKind};
use pinion_runtime::latency::Latency;
use pinion_runtime::link::Tx;
use pinion_runtime::ticks::{Anchors, Ticks};
use pipeline::{Counts, Pipeline};
use serde_json::{Value, json};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tcp::Answers;

/// Levels of durability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BenchDurability {
    /// No order waits for the journal.
    Behind,
    /// The link to the journal lies in shared memory.
    Staged,
    /// An order leaves when its record is in the journal's mapping.
    GatedMapped,
    /// An order leaves when its record is on disk; give a --scratch that is on one.
    GatedDisk,
}

impl BenchDurability {
    /// The word for it.
    fn label(self) -> &'static str {
        match self {
            BenchDurability::Behind => "behind",
            BenchDurability::Staged => "staged",
            BenchDurability::GatedMapped => "gated-mapped",
            BenchDurability::GatedDisk => "gated-disk",
        }
    }

    /// As a plan says it.
    fn section(self) -> &'static str {
        match self {
            BenchDurability::Behind => "journal: {durability: behind}\n",
            BenchDurability::Staged => "journal: {durability: staged}\n",
            BenchDurability::GatedMapped => "journal: {durability: gated, gate: mapped}\n",
            BenchDurability::GatedDisk => "journal: {durability: gated, gate: disk}\n",
        }
    }
}

/// Where the agents run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BenchLayout {
    /// One thread does everything, the journal included.
    Solo,
    /// The journal is kept by a second thread.
    Shared,
    /// Feed, strategy, risk, gateway and journal have a thread each.
    Dedicated,
    /// Several hot threads with a part of the frames each; one thread keeps their journals.
    Fused,
}

#[derive(Args)]
pub struct TickToOrderArgs {
    /// Where the agents run
    #[arg(long, value_enum, default_value = "shared")]
    layout: BenchLayout,
    /// What of the journal an order waits for
    #[arg(long, value_enum, default_value = "behind")]
    durability: BenchDurability,
    /// Hot threads of layout fused
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    shards: u8,
    /// Frames a second
    #[arg(long, default_value_t = 50_000.0)]
    rate: f64,
    /// Frames that are measured
    #[arg(long, default_value_t = 200_000)]
    frames: usize,
    /// Capture whose bookTicker messages are taken; without it messages of the documented shape are made
    #[arg(long)]
    data: Option<PathBuf>,
    /// Send frames and orders over loopback TCP, beside a bare echo
    #[arg(long)]
    tcp: bool,
    /// Raise the rate until it is not reached any more
    #[arg(long, conflicts_with = "tcp")]
    sweep: bool,
    /// Processor of the hot thread
    #[arg(long)]
    core: Option<usize>,
    /// Processor of the cold thread and of the TCP peer; the next one after --core where that is given
    #[arg(long)]
    cold_core: Option<usize>,
    /// Directory in which the run's journal is made and removed again; /dev/shm where there is one, which
    /// leaves the disk out of the figures
    #[arg(long)]
    scratch: Option<PathBuf>,
    /// Directory for the run's figures, histogram (.hgrm) and plot (.svg)
    #[arg(long)]
    out: Option<PathBuf>,
    /// Compare two saved runs instead of making one
    #[arg(long, num_args = 2, value_names = ["BEFORE", "AFTER"])]
    compare: Option<Vec<PathBuf>>,
    /// Print one closing line RESULT bench=... value=... unit=...
    #[arg(long)]
    result: bool,
    #[command(flatten)]
    output: Output,
}

const PLAN: &str = include_str!("plan.yaml");
/// Orders of a virtual second stay below the plan's limit, however fast the frames come.
const LEAST_STEP_NS: i64 = 20_000;
const PROBE: Duration = Duration::from_millis(200);

/// A run's surroundings, made once.
struct Rig {
    plan: Plan,
    frames: Vec<Vec<u8>>,
    ticks: Ticks,
    anchors: Anchors,
    ns_per_tick: f64,
    /// Processor of the other thread. A thread inherits the mask of its maker, so beside a pinned one it is
    /// always given one of its own.
    cold_core: Option<usize>,
    scratch: PathBuf,
}

/// A run.
struct Run {
    load: Load,
    driven: Driven,
    counts: Counts,
    stages: Latency,
    /// Over TCP: the bare echo of the same run.
    echo: Option<Histogram<u64>>,
}

/// `pinion bench tick-to-order`.
pub fn run(args: &TickToOrderArgs) -> Result<(), Failure> {
    if let Some([before, after]) = args.compare.as_deref() {
        return saved::compare(before, after, &args.output);
    }
    if !(args.rate.is_finite() && (1.0..=10_000_000.0).contains(&args.rate)) || args.frames == 0 {
        return Err(Failure::Usage(
            "error: --rate is 1 to 10000000 frames a second, --frames at least 1".into(),
        ));
    }
    if args.core.is_some() && args.core == args.cold_core {
        return Err(Failure::Usage("error: --core and --cold-core are one processor; name two".into()));
    }
    let rig = Rig::new(args)?;
    let machine = environment::machine(args.core);
    if let Some(core) = args.core
        && !pinion_runtime::agent::pin(core)
    {
        return Err(Failure::Usage(format!("error: this process may not run on processor {core}")));
    }
    if args.sweep {
        return sweep(args, &rig);
    }
    let steal = environment::steal_ticks();
    let run = if args.tcp { over_tcp(args, &rig)? } else { in_memory(args, &rig, args.rate)? };
    let stolen = environment::steal_ticks().zip(steal).map(|(after, before)| after - before);
    let hiccups = environment::hiccups(&rig.ticks, rig.ns_per_tick, PROBE.as_nanos() as u64);
    let atomics = environment::two_atomics(&Clock::default(), args.core, rig.cold_core)?;
    let kept_up = run.driven.kept_up(&run.load);
    let mut value = run.json(args, &rig, kept_up);
    value["environment"] = machine;
    value["environment"]["stolen_ticks"] = json!(stolen);
    value["hiccups_ns"] = figures(&hiccups);
    value["two_atomics_ns"] = figures(&atomics);
    let text = run.text(args, &rig, kept_up, &hiccups, &atomics, &value);
    if let Some(dir) = &args.out {
        saved::save(dir, &value, &run.driven.order, &run.driven.frame, &hiccups, kept_up)?;
    }
    args.output.put(&value, &text)?;
    if args.result {
        println!("{}", run.result_line(args, kept_up));
    }
    if kept_up {
        Ok(())
    } else {
        Err(Failure::Run("FAIL: the rate was not reached; the figures are not latency at that rate".into()))
    }
}

impl Rig {
    fn new(args: &TickToOrderArgs) -> Result<Rig, Failure> {
        let frames = match &args.data {
            Some(path) => recorded(path, MessageKind::BookTicker)?,
            None => made(MessageKind::BookTicker),
        };
        let text = format!("{PLAN}{}", args.durability.section());
        let (config, mut found) = pinion_plan::read("plan.yaml", &text, Path::new("."))
            .map_err(|found| Failure::Run(found.to_string()))?;
        let plan = pinion_plan::compile(&config, &[], &mut found)
            .map_err(|found| Failure::Run(found.to_string()))?;
        let ticks = Ticks::default();
        let anchors = Anchors::new(&ticks);
        // The longer the two readings lie apart, the better the rate between them is known.
        std::thread::sleep(Duration::from_millis(50));
        let ns_per_tick = anchors.ns_per_tick();
        let parent = super::rounds::scratch(args.scratch.as_ref());
        let scratch = parent.join(format!("pinion-bench-{}", std::process::id()));
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let cold_core = args.cold_core.or(args.core.map(|core| (core + 1) % processors));
        Ok(Rig { plan, frames, ticks, anchors, ns_per_tick, cold_core, scratch })
    }

    fn keeper(&self) -> Result<Keeper, Failure> {
        self.keeper_in(&self.scratch)
    }

    fn keeper_in(&self, dir: &Path) -> Result<Keeper, Failure> {
        let writer: Writer = open::create(dir, &self.plan, &self.anchors)?;
        Ok(Keeper::new(Some(writer), self.anchors.clone(), Default::default()))
    }

    /// A peer that sends the frames over loopback TCP, and this end of its connection.
    fn peer(&self, load: Load, answers: Answers) -> Result<(TcpStream, Peer), Failure> {
        let (frames, ticks) = (self.frames.clone(), self.ticks.clone());
        tcp::start_peer(frames, load, answers, ticks, self.ns_per_tick, self.cold_core)
    }

    fn step_ns(&self, rate: f64) -> i64 {
        ((1e9 / rate) as i64).max(LEAST_STEP_NS)
    }

    /// The cold thread with a keeper on it, and the hot thread's end of the link.
    fn cold(&self) -> Result<(Tx<Entry>, Option<Gate>, Runner<KeeperAgent>), Failure> {
        let mut keeper = self.keeper()?;
        let gate = keeper.gate(&self.plan);
        let (tx, rx) = staged::journal_link(&self.plan, &mut keeper)?;
        let agent = KeeperAgent::new(keeper, rx);
        Ok((tx, gate, Runner::start("cold", self.cold_core, self.cold_idle(), agent)?))
    }

    /// Orders that wait for the cold thread find it awake.
    fn cold_idle(&self) -> Idle {
        Idle::new(if self.plan.runtime.cold_hurries { IdleKind::Yield } else { IdleKind::Backoff })
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // A journal that is left behind is a few megabytes in a folder of its own; nothing depends on it.
        let _ = std::fs::remove_dir_all(&self.scratch);
    }
}

/// Ends a run's journal; an error there is the run's.
fn close(keeper: Keeper, rig: &Rig) -> Result<(), Failure> {
    close_all(vec![keeper], rig)
}

/// Ends a run's journals.
fn close_all(keepers: Vec<Keeper>, rig: &Rig) -> Result<(), Failure> {
    let errors: Vec<_> = keepers.into_iter().filter_map(|keeper| keeper.finish("{}").error).collect();
    std::fs::remove_dir_all(&rig.scratch)?;
    errors.first().map_or(Ok(()), |error| Err(Failure::Run(error.to_string())))
}

fn in_memory(args: &TickToOrderArgs, rig: &Rig, rate: f64) -> Result<Run, Failure> {
    let load = Load { rate, frames: args.frames, warm_up: (args.frames / 4).max(1000) };
    let (step_ns, factor) = (rig.step_ns(rate), rig.ns_per_tick);
    match args.layout {
        BenchLayout::Solo => {
            let mut keeper = rig.keeper()?;
            let gate = keeper.gate(&rig.plan);
            let mut pipeline = Pipeline::new(&rig.plan, keeper, &rig.ticks, step_ns, false)?;
            pipeline.set_gate(gate);
            let driven = drive(&mut pipeline, &rig.frames, &load, &rig.ticks, factor, Keeper::housekeeping);
            let (counts, stages, keeper) = pipeline.finish();
            close(keeper, rig)?;
            Ok(Run { load, driven, counts, stages, echo: None })
        }
        BenchLayout::Shared => {
            let (tx, gate, cold) = rig.cold()?;
            let mut pipeline = Pipeline::new(&rig.plan, tx, &rig.ticks, step_ns, false)?;
            pipeline.set_gate(gate);
            let driven = drive(&mut pipeline, &rig.frames, &load, &rig.ticks, factor, |_| {});
            let (counts, stages, tx) = pipeline.finish();
            drop(tx);
            close(cold.join().into_keeper(), rig)?;
            Ok(Run { load, driven, counts, stages, echo: None })
        }
        BenchLayout::Dedicated => dedicated::run(rig, load, step_ns),
        BenchLayout::Fused => fused::run(rig, load, step_ns, args.shards.into(), false),
    }
}

fn over_tcp(args: &TickToOrderArgs, rig: &Rig) -> Result<Run, Failure> {
    // A peer that waits for each answer cannot ask for more than a round trip allows.
    let load = Load { rate: args.rate, frames: args.frames, warm_up: (args.frames / 4).max(1000) };
    let (stream, echo) = rig.peer(load, Answers::Each)?;
    tcp::serve_echo(stream)?;
    let echo = join(echo)?;
    let step_ns = rig.step_ns(args.rate);
    let run = match args.layout {
        BenchLayout::Solo => {
            let (stream, seen) = rig.peer(load, Answers::Each)?;
            let mut keeper = rig.keeper()?;
            let gate = keeper.gate(&rig.plan);
            let mut pipeline = Pipeline::new(&rig.plan, keeper, &rig.ticks, step_ns, true)?;
            pipeline.set_gate(gate);
            tcp::serve_pipeline(stream, &mut pipeline, Keeper::housekeeping)?;
            let (counts, stages, keeper) = pipeline.finish();
            close(keeper, rig)?;
            Run { load, driven: join(seen)?.driven(), counts, stages, echo: None }
        }
        BenchLayout::Shared => {
            let (stream, seen) = rig.peer(load, Answers::Each)?;
            let (tx, gate, cold) = rig.cold()?;
            let mut pipeline = Pipeline::new(&rig.plan, tx, &rig.ticks, step_ns, true)?;
            pipeline.set_gate(gate);
            tcp::serve_pipeline(stream, &mut pipeline, |_| {})?;
            let (counts, stages, tx) = pipeline.finish();
            drop(tx);
            close(cold.join().into_keeper(), rig)?;
            Run { load, driven: join(seen)?.driven(), counts, stages, echo: None }
        }
        BenchLayout::Dedicated => dedicated::over_tcp(rig, load, step_ns)?,
        BenchLayout::Fused => fused::run(rig, load, step_ns, args.shards.into(), true)?,
    };
    Ok(Run { echo: Some(echo.order), ..run })
}

type Peer = std::thread::JoinHandle<std::io::Result<tcp::Seen>>;

fn join(peer: Peer) -> Result<tcp::Seen, Failure> {
    match peer.join() {
        Ok(seen) => Ok(seen?),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Rates that a sweep tries, frames a second.
const SWEEP: [f64; 10] = [1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1.5e6, 2e6, 5e6];

fn sweep(args: &TickToOrderArgs, rig: &Rig) -> Result<(), Failure> {
    let (mut text, mut rows) = (format!("      asked   achieved {}\n", head()), Vec::new());
    for rate in SWEEP {
        let run = in_memory(args, rig, rate)?;
        let kept_up = run.driven.kept_up(&run.load);
        let verdict = if kept_up { "" } else { "  FAIL: the rate was not reached" };
        text += &format!(
            "{rate:>11.0} {:>10.0} {}{verdict}\n",
            run.driven.achieved,
            row("tick to order", &run.driven.order)
        );
        rows.push(run.json(args, rig, kept_up));
        if !kept_up {
            break;
        }
    }
    args.output.put(&Value::Array(rows), &text)
}
