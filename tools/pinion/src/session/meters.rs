//! A session's counters: makes the file for the plan's agents and links, hands each its slot, and keeps the
//! file's last state at the end. Belongs to the main thread.
//!
//! A session whose counters cannot be made runs without them and says so.

use crate::counters_files;
use crate::failure::Failure;
use pinion_plan::{Agent, Layout, Plan};
use pinion_recorded::source::Source;
use pinion_recorded::{Broken, REASONS};
use pinion_runtime::counters::link::LinkMeter;
use pinion_runtime::counters::schema::{Feed, Kind, Process};
use pinion_runtime::counters::{Counters, DutyMeter, ErrorLog, Identity, Shape, Slot};
use pinion_runtime::idle::Idle;
use pinion_runtime::ticks::{Anchors, Ticks};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Whether a session has counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// None.
    Off,
    /// They end up in the run's directory.
    On,
    /// They end up in this file too.
    File(PathBuf),
}

/// Name of the agent where the caller's thread does everything.
pub const CALLER: &str = "main";
/// Time between looks at clock and threads.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long the rate of the time-stamp counter is measured at the least before it is used.
const CALIBRATE: Duration = Duration::from_millis(2);

/// The counters of a session, or none.
pub struct Meters {
    counters: Option<Counters>,
    ticks: Ticks,
    run: Option<PathBuf>,
    file: Option<PathBuf>,
    looked: Instant,
    /// Several shards run side by side, and what each has one of is numbered.
    fused: bool,
}

impl Meters {
    /// No counters.
    pub fn none(ticks: &Ticks) -> Meters {
        let looked = Instant::now();
        Meters { counters: None, ticks: ticks.clone(), run: None, file: None, looked, fused: false }
    }

    /// Makes the file.
    pub fn start(
        wanted: &Wanted,
        plan: &Plan,
        label: &str,
        run: Option<&Path>,
        anchors: &Anchors,
        ticks: &Ticks,
    ) -> Meters {
        let made = (*wanted != Wanted::Off).then(|| create(plan, label, run, anchors));
        let counters = match made {
            Some(Ok(counters)) => Some(counters),
            Some(Err(reason)) => {
                eprintln!("warning: this run has no counters: {reason}");
                None
            }
            None => None,
        };
        let file = if let Wanted::File(file) = wanted { Some(file.clone()) } else { None };
        let run = run.map(Path::to_path_buf);
        Meters {
            counters,
            ticks: ticks.clone(),
            run,
            file,
            looked: Instant::now(),
            fused: plan.runtime.layout == Layout::Fused,
        }
    }

    /// Measures the agent with this name.
    pub fn agent(&mut self, name: &str) -> DutyMeter {
        let Some(counters) = &mut self.counters else { return DutyMeter::off() };
        let rate = counters.ticks_per_second();
        let slot = counters.slot(Kind::Agent, name);
        slot.map_or_else(DutyMeter::off, |slot| DutyMeter::new(slot, self.ticks.clone(), rate))
    }

    /// Shows the link between these two; of shard `shard`, where there are several.
    pub fn link(&mut self, from: Agent, to: Agent, shard: Option<usize>) -> LinkMeter {
        let name = of_shard(&link_name(from, to), shard.filter(|_| self.fused));
        LinkMeter::new(self.counters.as_mut().and_then(|c| c.slot(Kind::Link, &name)))
    }

    /// Shows what a feed refuses; that of shard `shard`, where there are several.
    pub fn feed(&mut self, shard: Option<usize>) -> Option<FeedMeter> {
        let name = of_shard("feed", shard.filter(|_| self.fused));
        let counters = self.counters.as_mut()?;
        let (slot, errors) = (counters.slot(Kind::Feed, &name)?, counters.errors(&name)?);
        Some(FeedMeter { slot, errors, ticks: self.ticks.clone(), seen: 0, by_reason: [0; REASONS] })
    }

    /// The journal's errors.
    pub fn journal_errors(&mut self) -> Option<ErrorLog> {
        self.counters.as_mut()?.errors("journal")
    }

    /// A waiter whose time counts as blocked.
    pub fn blocking(&self, idle: Idle) -> Idle {
        if self.counters.is_some() { idle.measured(self.ticks.clone()) } else { idle }
    }

    /// Looks at clock and threads when it is time to.
    pub fn look(&mut self) {
        if let Some(counters) = &self.counters
            && self.looked.elapsed() >= LOOK_EVERY
        {
            self.looked = Instant::now();
            counters.look();
        }
    }

    /// Nothing has run: the file is not kept.
    pub fn discard(mut self) {
        if let Some(counters) = self.counters.take() {
            // What cannot be removed is listed by `pinion stat --list` and cleaned away there.
            let _ = std::fs::remove_file(counters.path());
        }
    }

    /// Says in the file how the session ended, and keeps it.
    pub fn finish(mut self, failure: Option<&Failure>) {
        let Some(mut counters) = self.counters.take() else { return };
        if let (Some(failure), Some(mut log)) = (failure, counters.errors("session")) {
            log.note(0, self.ticks.now(), 1, &failure.to_string());
        }
        counters.end(failure.is_some());
        let (run, file) = (self.run.as_deref(), self.file.as_deref());
        if let Err(reason) = counters_files::keep(run, file, counters.path(), &counters.bytes()) {
            eprintln!("warning: the counters of this run stay at {}: {reason}", counters.path().display());
        }
    }
}

fn link_name(from: Agent, to: Agent) -> String {
    format!("{} -> {}", from.label(), to.label())
}

/// The name of what each shard has one of.
fn of_shard(name: &str, shard: Option<usize>) -> String {
    match shard {
        Some(shard) => format!("{name} {shard}"),
        None => name.into(),
    }
}

/// The shards of a fused run, or one run without a number.
fn shards(plan: &Plan) -> Vec<Option<usize>> {
    match &plan.shards {
        Some(shards) if plan.runtime.layout == Layout::Fused => (0..shards.all.len()).map(Some).collect(),
        _ => vec![None],
    }
}

/// Names of the agents and the cores they are to run on.
fn agents(plan: &Plan) -> Vec<(String, String)> {
    let note = |core: Option<usize>| core.map_or(String::new(), |core| format!("core {core}"));
    let mut agents = Vec::new();
    for &agent in plan.runtime.layout.threads() {
        match &plan.shards {
            Some(shards) if plan.runtime.layout == Layout::Fused && agent == Agent::Hot => {
                let core = |k: usize| note(shards.hot_cores.get(k).copied());
                agents.extend((0..shards.all.len()).map(|k| (format!("hot-{k}"), core(k))));
            }
            _ => agents.push((agent.label().to_string(), note(plan.runtime.agent(agent).core))),
        }
    }
    if plan.runtime.layout == Layout::Invoker {
        agents.push((CALLER.into(), String::new()));
    }
    agents
}

fn create(plan: &Plan, label: &str, run: Option<&Path>, anchors: &Anchors) -> Result<Counters, String> {
    let place = "there is no tmpfs (/dev/shm) and no directory of the run to put them into";
    let path = counters_files::fresh(run, anchors.first().wall_ns).ok_or(place)?;
    let failed = |e: std::io::Error| format!("{}: {e}", path.display());
    let (agents, shards) = (agents(plan), shards(plan));
    let each = |name: &str| shards.iter().map(|shard| of_shard(name, *shard)).collect::<Vec<_>>();
    let links = plan.rings();
    let links =
        links.iter().flat_map(|r| each(&link_name(r.from, r.to)).into_iter().map(|name| (name, r.items)));
    let links: Vec<_> = links.collect();
    let feeds = each("feed");
    let reasons: Vec<String> = Broken::reasons().collect();
    let agents: Vec<_> = agents.iter().map(|(name, note)| (name.as_str(), note.as_str())).collect();
    let links: Vec<_> = links.iter().map(|(name, note)| (name.as_str(), *note)).collect();
    let feeds: Vec<_> = feeds.iter().map(String::as_str).collect();
    let errors: Vec<_> = feeds.iter().copied().chain(["journal", "session"]).collect();
    let reasons: Vec<_> = reasons.iter().map(String::as_str).collect();
    let directory = run.map_or(String::new(), |r| absolute(r).display().to_string());
    let identity = Identity { build: crate::BUILD, label, directory: &directory };
    let shape = Shape { agents: &agents, links: &links, feeds: &feeds, reasons: &reasons, errors: &errors };
    // What is slow is told in ticks from the first turn on.
    std::thread::sleep(CALIBRATE);
    let mut counters = Counters::create(&path, &identity, &shape, anchors).map_err(failed)?;
    counters.hot_allocations = Some(pinion_runtime::memory::hot_allocations);
    // What is counted from the start is shown from the start.
    counters.look();
    counters.process().set(Process::Recorded, 1);
    if counters.process().get(Process::InMemory) == 0 {
        eprintln!(
            "warning: {} is not on tmpfs: a store to the counters may wait for the disk",
            path.display()
        );
    }
    if let Some(run) = run {
        counters_files::point(run, &absolute(&path)).map_err(failed)?;
    }
    Ok(counters)
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Shows what a feed refuses, from the thread that decodes.
pub struct FeedMeter {
    slot: Slot,
    errors: ErrorLog,
    ticks: Ticks,
    seen: u64,
    by_reason: [u64; REASONS],
}

impl FeedMeter {
    /// Looks at a recording after a piece of it was read.
    pub fn show(&mut self, source: &Source) {
        let count: u64 = source.broken().map(|(_, broken)| broken.count).sum();
        if count != self.seen {
            self.seen = count;
            self.note(source);
        }
    }

    #[cold]
    fn note(&mut self, source: &Source) {
        self.slot.set(Feed::Refused, self.seen);
        let now = self.ticks.now();
        for (index, reason) in Broken::reasons().enumerate() {
            let count: u64 = source.broken().map(|(_, broken)| broken.by_reason[index]).sum();
            let newly = count - std::mem::replace(&mut self.by_reason[index], count);
            if newly > 0 {
                self.slot.set(Feed::ALL.len() + index, count);
                self.errors.note(index as u64, now, newly, &first_of(source, &reason));
            }
        }
    }
}

/// Where a reason was met first, as far as that was kept.
fn first_of(source: &Source, reason: &str) -> String {
    let met = source.broken().find_map(|(file, broken)| {
        let line = broken.first.iter().find(|(_, text)| text == reason)?.0;
        Some(format!("{reason} (first in {} line {line})", file.file_name()?.to_string_lossy()))
    });
    met.unwrap_or_else(|| reason.to_string())
}
