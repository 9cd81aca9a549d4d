//! Lays the agents out on threads, runs them to the end, and puts together what is left.

use super::feed::Feed;
use super::keeper::{Keeper, KeeperAgent, Kept, Out};
use super::recorder::{NoWire, Recorder};
use super::start::Start;
use super::trading::{Shared, Trading, link_records};
use crate::control::Control;
use crate::equity::EquityCurve;
use crate::failure::Failure;
use crate::progress::Progress;
use pinion_engine::Engine;
use pinion_journal::{Anchor, Writer};
use pinion_model::record::Kind;
use pinion_plan::{Idle as IdleConfig, Layout, Plan};
use pinion_recorded::source::{Input, Source};
use pinion_runtime::agent::{Agent, Runner};
use pinion_runtime::idle::{Idle, IdleKind};
use pinion_runtime::latency::Latency;
use pinion_runtime::link::link;
use pinion_runtime::ticks::{Anchors, Ticks};
use pinion_sim::paper::PaperVenue;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a session is run with.
pub struct Options<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The recording.
    pub inputs: Vec<Input>,
    /// Directory of the journal, if one is written.
    pub journal: Option<PathBuf>,
    /// Lines of the recording, where a survey counted them; for progress.
    pub lines: u64,
    /// Show progress.
    pub progress: bool,
}

/// A session that came to its end.
pub struct Finished {
    /// The engine at the end.
    pub engine: Engine,
    /// Equity over time.
    pub curve: EquityCurve,
    /// Times of the stages.
    pub latency: Latency,
    /// Nanoseconds of a tick.
    pub ns_per_tick: f64,
    /// Digest and journal.
    pub kept: Kept,
    /// Time spent reading and decoding.
    pub load: Duration,
    /// Time spent in everything else.
    pub run: Duration,
    /// Processor time of the hot thread in both.
    pub load_cpu: Duration,
    /// See `load_cpu`.
    pub run_cpu: Duration,
    /// Broken lines by file.
    pub broken: Vec<(PathBuf, pinion_recorded::Broken)>,
    /// The run was stopped before its data ended.
    pub stopped: bool,
    /// Stopping level at the end, before the end itself stopped entries.
    pub level: u8,
    /// Whether the hot thread runs on the processor that was asked for.
    pub pinned: Option<bool>,
}

/// Time between durable marks at the least; between looks at a running session.
const LOOK: Duration = Duration::from_millis(20);

/// Runs a session to its end.
pub fn run(options: &Options<'_>) -> Result<Finished, Failure> {
    if options.journal.is_some() { lay_out::<true>(options) } else { lay_out::<false>(options) }
}

fn lay_out<const FULL: bool>(options: &Options<'_>) -> Result<Finished, Failure> {
    let plan = options.plan;
    let engine = Engine::new(&plan.engine).map_err(|e| Failure::Usage(e.to_string()))?;
    let source = Source::open(&options.inputs, &plan.engine.instruments)?;
    let ticks = Ticks::default();
    let anchors = Anchors::new(&ticks);
    let shared = Arc::new(Shared::default());
    let writer = match &options.journal {
        Some(dir) => Some(open_journal(dir, plan, &anchors)?),
        None => None,
    };
    let mark_every = Duration::from_millis(plan.journal.msync_ms);
    let keeper = Keeper::new(writer, anchors.clone(), mark_every, shared.journal_failed.clone());
    let (mut control, commands) = Control::start(options.journal.as_deref(), &shared)?;
    let venue = PaperVenue::new(&plan.engine, plan.paper);
    let start = Start::of(&plan.runtime)?;
    let progress = Progress::new(options.progress, options.lines, shared.clone());
    let began = Instant::now();
    let feed = Feed::new(source);
    let latency_ns = plan.paper.max_latency_ns;
    let finished = match plan.runtime.layout {
        Layout::Invoker => {
            let recorder = Recorder::<_, _, FULL>::new(keeper, NoWire, ticks);
            let mut trading = Trading::new(engine, venue, feed, recorder, commands, shared, latency_ns);
            while !trading.is_done() {
                trading.do_work();
                trading.recorder.out.housekeeping();
                control.look();
                progress.show();
            }
            collect(trading, began, None, Ok)
        }
        Layout::Solo => {
            let recorder = Recorder::<_, _, FULL>::new(keeper, NoWire, ticks);
            let trading = Trading::new(engine, venue, feed, recorder, commands, shared, latency_ns);
            let idle = Idle::new(hot_idle(plan));
            let solo = Runner::start("solo", plan.runtime.hot_core, idle, SoloAgent(trading))?;
            let pinned = solo.pinned;
            while !solo.is_finished() {
                control.look();
                progress.show();
                std::thread::sleep(LOOK);
            }
            {
                let solo = solo.finish().map_err(|panic| ended("solo", "trades", &panic))?;
                collect(solo.0, began, pinned, Ok)
            }
        }
        Layout::Shared => {
            let depth = link_records(&engine, plan.runtime.journal_ring_records);
            let (tx, rx) = link(depth);
            let cold = Runner::start(
                "cold",
                plan.runtime.cold_core,
                Idle::new(IdleKind::Backoff),
                KeeperAgent::new(keeper, rx),
            )?;
            let recorder = Recorder::<_, _, FULL>::new(tx, NoWire, ticks);
            let mut trading = Trading::new(engine, venue, feed, recorder, commands, shared, latency_ns);
            trading.start = Some(start);
            let hot = Runner::start("hot", plan.runtime.hot_core, Idle::new(hot_idle(plan)), trading)?;
            let pinned = hot.pinned;
            while !hot.is_finished() {
                control.look();
                progress.show();
                std::thread::sleep(LOOK);
            }
            let trading = hot.finish().map_err(|panic| ended("hot", "trades", &panic))?;
            collect(trading, began, pinned, |tx| {
                // The cold thread ends when the ring is empty and its producer gone.
                drop(tx);
                let cold = cold.finish().map_err(|panic| ended("cold", "keeps the journal", &panic))?;
                Ok(cold.into_keeper())
            })
        }
    };
    progress.clear();
    control.finish();
    let finished = finished?;
    match &finished.kept.error {
        Some(error) => Err(Failure::Run(format!("the journal failed and trading was stopped: {error}"))),
        None => Ok(Finished { ns_per_tick: anchors.ns_per_tick(), ..finished }),
    }
}

/// A thread that fell: the run ends with a sentence, its journal without an end.
fn ended(thread: &str, work: &str, panic: &str) -> Failure {
    Failure::Run(format!(
        "error: the thread `{thread}`, which {work}, ended by a panic: {panic}; trading was stopped, and \
         `pinion journal verify` says how far the journal goes"
    ))
}

/// Trading and keeping on one thread.
struct SoloAgent<const FULL: bool>(Trading<Keeper, NoWire, FULL>);

impl<const FULL: bool> Agent for SoloAgent<FULL> {
    fn do_work(&mut self) -> usize {
        let work = self.0.do_work();
        self.0.recorder.out.housekeeping();
        work
    }

    fn is_done(&self) -> bool {
        self.0.is_done()
    }
}

/// Takes the agents apart at the end.
fn collect<O: Out, const FULL: bool>(
    mut trading: Trading<O, NoWire, FULL>,
    began: Instant,
    pinned: Option<bool>,
    keeper_of: impl FnOnce(O) -> Result<Keeper, Failure>,
) -> Result<Finished, Failure> {
    let run = began.elapsed().saturating_sub(trading.load);
    let stopped = !trading.feed().is_worked_off() || trading.was_stopped();
    let broken =
        trading.feed().source().map(|s| s.broken().map(|(p, b)| (p.to_path_buf(), b.clone())).collect());
    let summary = summary(&trading.engine);
    let error = trading.error.take();
    if let Some(refused) = trading.start_error.take() {
        return Err(Failure::Run(format!("error: {refused}")));
    }
    let Trading { engine, recorder, curve, load, load_cpu, run_cpu, level, .. } = trading;
    let kept = keeper_of(recorder.out)?.finish(&summary);
    if let Some(error) = error {
        return Err(error.into());
    }
    let broken = broken.unwrap_or_default();
    Ok(Finished {
        engine,
        curve,
        latency: recorder.latency,
        ns_per_tick: 1.0,
        kept,
        load,
        run,
        load_cpu,
        run_cpu,
        broken,
        stopped,
        level,
        pinned,
    })
}

/// The journal's closing text; the keeper puts the digest in.
fn summary(engine: &Engine) -> String {
    let (counters, inputs) = (engine.counters(), engine.inputs());
    let value = serde_json::json!({
        "decision_digest": "DIGEST",
        "inputs": engine.seq(),
        "events": inputs.events,
        "orders": counters.orders,
        "fills": counters.fills,
    });
    value.to_string()
}

fn hot_idle(plan: &Plan) -> IdleKind {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    match plan.runtime.hot_idle(processors).0 {
        IdleConfig::Spin => IdleKind::Spin,
        IdleConfig::Yield | IdleConfig::Auto => IdleKind::Yield,
        IdleConfig::Backoff => IdleKind::Backoff,
    }
}

/// Makes the directory and the journal in it, beginning with the plan's text.
pub fn open_journal(dir: &Path, plan: &Plan, anchors: &Anchors) -> Result<Writer, Failure> {
    std::fs::create_dir_all(dir).map_err(|e| Failure::Run(format!("{}: {e}", dir.display())))?;
    let first = anchors.first();
    let mut options = pinion_journal::Options::new(first.wall_ns ^ (u64::from(std::process::id()) << 40));
    options.plan_hash = plan.hash;
    options.build = crate::BUILD.into();
    options.anchor = Anchor { ticks: first.ticks, wall_ns: first.wall_ns, mono_ns: first.mono_ns };
    options.segment_bytes = (plan.journal.segment_mb as u64) << 20;
    let mut writer = Writer::create(dir, options)?;
    writer.append_text(Kind::Plan, plan.canonical.as_bytes())?;
    Ok(writer)
}
