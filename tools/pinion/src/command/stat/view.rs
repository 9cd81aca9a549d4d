//! What a counters file says at one moment, in units for people: nanoseconds, counts, names.

use pinion_runtime::counters::reader::{CountersFile, SlotView, State};
use pinion_runtime::counters::schema::{Agent, Feed, Kind, Link, Process, Thread};
use pinion_runtime::ticks::wall_ns;
use serde::Serialize;

/// Everything.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    /// Where the file is.
    pub file: String,
    /// `live`, `ended`, `failed` or `crashed`.
    pub state: &'static str,
    /// What runs.
    pub run: String,
    /// The program that wrote it.
    pub build: String,
    /// The run's directory, empty without one.
    pub directory: String,
    /// The process.
    pub pid: u64,
    /// Start, UTC, ns since 1970.
    pub started_ns: u64,
    /// The moment that it speaks of: now, or the last sign of life.
    pub as_of_ns: i64,
    /// Time between the two.
    pub elapsed_ns: i64,
    /// Since the main thread last looked at its threads.
    pub since_look_ns: i64,
    /// Fed from a recording, as fast as it goes.
    pub recorded: bool,
    /// The file lies on tmpfs.
    pub in_memory: bool,
    /// The file is locked in memory.
    pub locked: bool,
    /// Allocations on threads that must not; `null` where they are not counted.
    pub hot_allocations: Option<u64>,
    /// Agents.
    pub agents: Vec<AgentView>,
    /// Links.
    pub links: Vec<LinkView>,
    /// Feeds.
    pub feeds: Vec<FeedView>,
    /// Distinct errors, the latest first.
    pub errors: Vec<ErrorView>,
    /// Errors that found no place.
    pub errors_not_kept: u64,
}

/// An agent and its thread.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct AgentView {
    pub name: String,
    pub note: String,
    pub started: bool,
    pub ended: bool,
    pub items: u64,
    pub duty_cycles: u64,
    pub busy_ns: u64,
    pub idle_ns: u64,
    pub blocked_ns: u64,
    pub housekeeping_ns: u64,
    pub longest_ns: u64,
    pub slow: u64,
    pub slow_from_ns: u64,
    /// Since its last turn, and since its last turn that found something.
    pub since_turn_ns: i64,
    pub since_work_ns: i64,
    /// Since its start, and since the end of its first second where it lived so long.
    pub system: SystemView,
    pub system_after_start: Option<SystemView>,
}

/// What the system did to a thread.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[allow(missing_docs)]
pub struct SystemView {
    pub minor_faults: u64,
    pub major_faults: u64,
    pub voluntary_switches: u64,
    pub involuntary_switches: u64,
}

/// A link.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct LinkView {
    pub name: String,
    pub items: String,
    pub depth: u64,
    pub in_use: u64,
    pub high_water: u64,
    pub refused: u64,
    pub lost: u64,
}

/// A feed.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct FeedView {
    pub name: String,
    pub refused: u64,
    pub by_reason: serde_json::Map<String, serde_json::Value>,
}

/// A distinct error.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ErrorView {
    pub source: String,
    pub text: String,
    pub count: u64,
    pub first_ns: i64,
    pub last_ns: i64,
}

impl AgentView {
    /// All of its time.
    pub fn total_ns(&self) -> u64 {
        self.busy_ns + self.idle_ns + self.blocked_ns + self.housekeeping_ns
    }

    /// It has started and not ended.
    pub fn is_at_work(&self) -> bool {
        self.started && !self.ended
    }
}

impl View {
    /// Looks at a file.
    pub fn of(file: &CountersFile) -> View {
        let state = file.state();
        let [build, run, directory] = file.identity();
        let (started_ns, _) = file.started();
        let looked_ns = file.process(Process::WallNs).cast_signed();
        let last_turn = file.of(Kind::Agent).map(|slot| file.get(slot, Agent::LastTurn)).filter(|t| *t != 0);
        let last_ns = last_turn.map(|ticks| file.wall_ns(ticks)).fold(looked_ns, i64::max);
        let now_ns = wall_ns().cast_signed();
        let as_of_ns = if state == State::Live { now_ns } else { last_ns.min(now_ns) };
        let counted = file.process(Process::HotAllocationsCounted) == 1;
        let (errors, errors_not_kept) = file.errors();
        let mut errors: Vec<ErrorView> = errors
            .into_iter()
            .map(|e| ErrorView {
                first_ns: file.wall_ns(e.first_ticks),
                last_ns: file.wall_ns(e.last_ticks),
                source: e.source,
                text: e.text,
                count: e.count,
            })
            .collect();
        errors.sort_by_key(|e| std::cmp::Reverse(e.last_ns));
        let threads: Vec<&SlotView> = file.of(Kind::Thread).collect();
        let agents = file.of(Kind::Agent).map(|slot| {
            let thread = threads.iter().find(|thread| thread.name == slot.name);
            agent(file, slot, thread.copied(), as_of_ns)
        });
        View {
            file: file.path().display().to_string(),
            state: word(state),
            run,
            build,
            directory,
            pid: file.owner().pid,
            started_ns,
            as_of_ns,
            elapsed_ns: as_of_ns - started_ns.cast_signed(),
            since_look_ns: as_of_ns - looked_ns,
            recorded: file.process(Process::Recorded) == 1,
            in_memory: file.process(Process::InMemory) == 1,
            locked: file.process(Process::Locked) == 1,
            hot_allocations: counted.then(|| file.process(Process::HotAllocations)),
            agents: agents.collect(),
            links: file.of(Kind::Link).map(|slot| link(file, slot)).collect(),
            feeds: file.of(Kind::Feed).map(|slot| feed(file, slot)).collect(),
            errors,
            errors_not_kept,
        }
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Live => "live",
        State::Ended => "ended",
        State::Failed => "failed",
        State::Crashed => "crashed",
    }
}

fn agent(file: &CountersFile, slot: &SlotView, thread: Option<&SlotView>, as_of_ns: i64) -> AgentView {
    let get = |counter: Agent| file.get(slot, counter);
    let ns = |counter| file.ns(get(counter));
    let since = |counter| (as_of_ns - file.wall_ns(get(counter))).max(0);
    let of_thread = |counter: Thread| thread.map_or(0, |thread| file.get(thread, counter));
    // Both count the same and neither goes back; at the end the thread's own is the later one.
    let later = |own, other| get(own).max(of_thread(other));
    let system = SystemView {
        minor_faults: later(Agent::EndMinorFaults, Thread::MinorFaults),
        major_faults: later(Agent::EndMajorFaults, Thread::MajorFaults),
        voluntary_switches: later(Agent::EndVoluntary, Thread::Voluntary),
        involuntary_switches: later(Agent::EndInvoluntary, Thread::Involuntary),
    };
    let system_after_start = (of_thread(Thread::WarmSet) == 1).then(|| SystemView {
        minor_faults: system.minor_faults - of_thread(Thread::WarmMinorFaults),
        major_faults: system.major_faults - of_thread(Thread::WarmMajorFaults),
        voluntary_switches: system.voluntary_switches - of_thread(Thread::WarmVoluntary),
        involuntary_switches: system.involuntary_switches - of_thread(Thread::WarmInvoluntary),
    });
    AgentView {
        name: slot.name.clone(),
        note: slot.note.clone(),
        started: get(Agent::ThreadId) != 0,
        ended: get(Agent::Ended) == 1,
        items: get(Agent::Items),
        duty_cycles: get(Agent::DutyCycles),
        busy_ns: ns(Agent::Busy),
        idle_ns: ns(Agent::Idle),
        blocked_ns: ns(Agent::Blocked),
        housekeeping_ns: ns(Agent::Housekeeping),
        longest_ns: ns(Agent::Longest),
        slow: get(Agent::Slow),
        slow_from_ns: get(Agent::SlowFrom),
        since_turn_ns: since(Agent::LastTurn),
        since_work_ns: since(Agent::LastWork),
        system,
        system_after_start,
    }
}

fn link(file: &CountersFile, slot: &SlotView) -> LinkView {
    let get = |counter: Link| file.get(slot, counter);
    LinkView {
        name: slot.name.clone(),
        items: slot.note.clone(),
        depth: get(Link::Depth),
        in_use: get(Link::InUse),
        high_water: get(Link::HighWater),
        refused: get(Link::Refused),
        lost: get(Link::Lost),
    }
}

fn feed(file: &CountersFile, slot: &SlotView) -> FeedView {
    let names = file.names(Kind::Feed).into_iter().enumerate().skip(Feed::ALL.len());
    let by_reason = names.map(|(index, name)| (name, file.get(slot, index).into())).collect();
    FeedView { name: slot.name.clone(), refused: file.get(slot, Feed::Refused), by_reason }
}
