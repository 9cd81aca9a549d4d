//! Puts a session together, has it laid out on threads, and takes apart what is left at its end.

use super::gate::Gate;
use super::keeper::{Keeper, Kept};
use super::meters::{Meters, Wanted};
use super::open::Opened;
use super::past::Repeats;
use super::retention::Retention;
use super::start::Start;
use super::trading::{Shared, Traded};
use super::{dedicated, layouts};
use crate::control::Control;
use crate::equity::EquityCurve;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::setup::machine;
use pinion_engine::Engine;
use pinion_model::body::CommandBody;
use pinion_plan::{Agent, Idle as IdleConfig, Layout, Plan};
use pinion_recorded::source::{Input, Source};
use pinion_recorded::{Broken, DataError};
use pinion_runtime::idle::{Idle, IdleKind};
use pinion_runtime::latency::Latency;
use pinion_runtime::link::Rx;
use pinion_runtime::ticks::{Anchors, Ticks};
use pinion_sim::paper::PaperVenue;
use std::path::PathBuf;
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
    /// Go on from the journal that is there.
    pub resume: bool,
    /// Lines of the recording, where a survey counted them; for progress.
    pub lines: u64,
    /// Show progress.
    pub progress: bool,
    /// Counters for readers outside the process.
    pub counters: Wanted,
    /// What runs, for people.
    pub label: String,
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
    pub broken: Vec<(PathBuf, Broken)>,
    /// The run was stopped before its data ended.
    pub stopped: bool,
    /// Stopping level at the end, before the end itself stopped entries.
    pub level: u8,
    /// Whether the threads run on the processors that were asked for; `None` where none was.
    pub pinned: Option<bool>,
}

/// Time between looks at a running session.
const LOOK: Duration = Duration::from_millis(20);

/// Runs a session to its end.
pub fn run(options: &Options<'_>) -> Result<Finished, Failure> {
    if options.journal.is_some() { lay_out::<true>(options) } else { lay_out::<false>(options) }
}

fn lay_out<const FULL: bool>(options: &Options<'_>) -> Result<Finished, Failure> {
    let plan = options.plan;
    let mut engine = Engine::new(&plan.engine).map_err(|e| Failure::Usage(e.to_string()))?;
    let source = Source::open(&options.inputs, &plan.engine.instruments)?;
    let ticks = Ticks::default();
    let anchors = Anchors::new(&ticks);
    let shared = Arc::new(Shared::default());
    let Opened { writer, past } = match &options.journal {
        Some(dir) => Opened::open(dir, plan, &anchors, options.resume)?,
        None => Opened::default(),
    };
    let (repeats, again) = past.map_or_else(Default::default, |past| (past.trading, Some(past.again)));
    let run = options.journal.as_deref();
    let mut meters = Meters::start(&options.counters, plan, &options.label, run, &anchors, &ticks);
    let mut keeper = Keeper::new(writer, anchors.clone(), shared.journal_failed.clone()).repeating(again);
    keeper.errors = meters.journal_errors();
    let (control, commands) = Control::start(options.journal.as_deref(), &shared)?;
    let mut venue = PaperVenue::new(&plan.venue(), plan.paper);
    if let Some(restored) = &repeats.restored {
        engine = restored.engine.clone();
        restored.restore_venue(&mut venue)?;
    }
    let start = Start::of(plan)?;
    let progress = Progress::new(options.progress, options.lines, shared.clone());
    let mut watch = Watch::new(control, progress, meters);
    // Layout `dedicated` makes its own, with its other ends.
    let gate = if plan.runtime.layout == Layout::Dedicated { None } else { keeper.gate(plan) };
    let rest = Rest { plan, engine, venue, source, repeats, commands, shared, ticks, start, gate };
    let parts = Parts { rest, keeper, began: Instant::now() };
    let retention = Retention::start(options.journal.iter().cloned().collect(), &plan.journal)?;
    let finished = match plan.runtime.layout {
        Layout::Invoker => layouts::invoker::<FULL>(parts, &mut watch),
        Layout::Solo => layouts::solo::<FULL>(parts, &mut watch),
        Layout::Shared => layouts::shared::<FULL>(parts, &mut watch),
        Layout::Dedicated => dedicated::run::<FULL>(parts, &mut watch),
        Layout::Fused => return Err(Failure::Usage("error: a fused run has no single session".into())),
    };
    drop(retention);
    watch.finish();
    let finished = finished.and_then(|finished| match finished.kept.failure() {
        Some(failure) => Err(Failure::Run(failure)),
        None => Ok(Finished { ns_per_tick: anchors.ns_per_tick(), ..finished }),
    });
    watch.meters.finish(finished.as_ref().err());
    finished
}

/// A thread that fell: the run ends with a sentence, its journal without an end.
pub fn ended(thread: &str, panic: &str) -> Failure {
    Failure::Run(format!(
        "error: the thread `{thread}` ended by a panic: {panic}; trading was stopped, and `pinion journal verify` \
         says how far the journal goes"
    ))
}

/// What a session is made of, before it is laid out on threads.
pub struct Parts<'a> {
    rest: Rest<'a>,
    keeper: Keeper,
    began: Instant,
}

/// All of it but the keeper.
pub struct Rest<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The engine at its start.
    pub engine: Engine,
    /// The simulated venue.
    pub venue: PaperVenue,
    /// The recording.
    pub source: Source,
    /// What a run that goes on begins with and does again.
    pub repeats: Repeats,
    /// What the operator says.
    pub commands: Rx<CommandBody>,
    /// What other threads may see and say.
    pub shared: Arc<Shared>,
    /// The time-stamp counter.
    pub ticks: Ticks,
    /// What hot threads do before their first work.
    pub start: Start,
    /// Where orders wait for their records, if they do.
    pub gate: Option<Gate>,
}

impl<'a> Parts<'a> {
    /// The keeper apart, and when the session began.
    pub fn split(self) -> (Rest<'a>, Keeper, Instant) {
        (self.rest, self.keeper, self.began)
    }
}

/// What the caller's thread does while others work.
pub struct Watch {
    control: Control,
    progress: Progress,
    /// Counters for readers outside the process.
    pub meters: Meters,
}

impl Watch {
    /// A watch on a session.
    pub fn new(control: Control, progress: Progress, meters: Meters) -> Watch {
        Watch { control, progress, meters }
    }

    /// The session is over.
    pub fn finish(&mut self) {
        self.progress.clear();
        self.control.finish();
    }

    /// Looks at the operator once and shows progress.
    pub fn look(&mut self) {
        self.control.look();
        self.progress.show();
        self.meters.look();
    }

    /// Looks again and again until `is_done`.
    pub fn until(&mut self, is_done: impl Fn() -> bool) {
        while !is_done() {
            self.look();
            std::thread::sleep(LOOK);
        }
    }
}

/// How a feed ended.
pub struct FeedEnd {
    /// The recording was worked through.
    pub complete: bool,
    /// What ended it otherwise.
    pub error: Option<DataError>,
    /// Broken lines by file.
    pub broken: Vec<(PathBuf, Broken)>,
    /// Time spent reading and decoding, and processor time of that.
    pub load: (Duration, Duration),
}

impl FeedEnd {
    /// Broken lines of a recording, by file.
    pub fn broken(source: &Source) -> Vec<(PathBuf, Broken)> {
        source.broken().map(|(path, broken)| (path.to_path_buf(), broken.clone())).collect()
    }
}

/// Takes the agents apart at the end.
pub fn collect<O>(
    traded: Traded<O>,
    feed: FeedEnd,
    run: Duration,
    pinned: Option<bool>,
    keeper_of: impl FnOnce(O) -> Result<Keeper, Failure>,
) -> Result<Finished, Failure> {
    let Traded { engine, out, latency, curve, run_cpu, level, stopped, start_error, broke_off } = traded;
    if let Some(refused) = start_error {
        return Err(Failure::Run(format!("error: {refused}")));
    }
    let keeper = keeper_of(out)?;
    if let Some(reason) = broke_off {
        return Err(Failure::Run(keeper.break_off().map_or(reason, |error| error.to_string())));
    }
    let stopped = stopped || !feed.complete;
    let kept = keeper.finish(&summary(&engine, !stopped));
    if let Some(error) = feed.error {
        return Err(error.into());
    }
    let (load, load_cpu) = feed.load;
    Ok(Finished {
        engine,
        curve,
        latency,
        ns_per_tick: 1.0,
        kept,
        load,
        run,
        load_cpu,
        run_cpu,
        broken: feed.broken,
        stopped,
        level,
        pinned,
    })
}

/// The journal's closing text; the keeper puts the digest in. `complete`: the recording was worked through.
fn summary(engine: &Engine, complete: bool) -> String {
    let (counters, inputs) = (engine.counters(), engine.inputs());
    let value = serde_json::json!({
        "complete": complete,
        "decision_digest": "DIGEST",
        "inputs": engine.seq(),
        "events": inputs.events,
        "orders": counters.orders,
        "fills": counters.fills,
    });
    value.to_string()
}

/// How an agent's thread waits.
pub fn idle_of(plan: &Plan, agent: Agent) -> Idle {
    waiter(plan.runtime.idle_of(agent, &machine()).0)
}

/// A waiter as the plan decided.
pub fn waiter(idle: IdleConfig) -> Idle {
    Idle::new(match idle {
        IdleConfig::Spin => IdleKind::Spin,
        IdleConfig::Yield | IdleConfig::Auto => IdleKind::Yield,
        IdleConfig::Backoff => IdleKind::Backoff,
    })
}
