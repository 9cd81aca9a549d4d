//! Threads, rings and the journal, as a plan keeps them.

use crate::durability::{Durability, Gate};
use crate::machine::Machine;

/// Threads and rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeConfig {
    /// Which agent runs where.
    pub layout: Layout,
    /// By [`Agent`]: where it runs and how it waits.
    pub agents: [AgentConfig; Agent::ALL.len()],
    /// Depth of the ring to the journal, records.
    pub journal_ring_records: usize,
    /// Layout `dedicated`: depth of the ring from the feed, messages.
    pub feed_ring_messages: usize,
    /// Layout `dedicated`: depth of each ring between strategy, risk and gateway, messages.
    pub order_ring_messages: usize,
    /// Places in the order table.
    pub max_open_orders: u32,
    /// Levels kept on each side of a book.
    pub book_levels: u32,
    /// Whether the process's memory is locked.
    pub lock_memory: LockMemory,
    /// Orders wait for the cold thread, by `journal.durability`.
    pub cold_hurries: bool,
}

/// Where a thread runs and how it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentConfig {
    /// Its processor; not pinned when absent.
    pub core: Option<usize>,
    /// What it does without work.
    pub idle: Idle,
}

/// The agents that can have a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agent {
    /// Layouts `solo` and `shared`: everything that is hot.
    Hot,
    /// Digest and journal.
    Cold,
    /// Reads and decodes market data.
    Feed,
    /// Books, bars, indicators and rules.
    Strategy,
    /// Checks orders.
    Risk,
    /// Sends orders and takes reports.
    Gateway,
}

impl Agent {
    /// Every agent, in the order of configuration.
    pub const ALL: [Agent; 6] =
        [Agent::Hot, Agent::Cold, Agent::Feed, Agent::Strategy, Agent::Risk, Agent::Gateway];

    /// The word for it, in configuration and as the thread's name.
    pub fn label(self) -> &'static str {
        ["hot", "cold", "feed", "strategy", "risk", "gateway"][self as usize]
    }

    /// What it does.
    pub(crate) fn work(self) -> &'static str {
        [
            "feed, engine, venue",
            "journal, digest",
            "data, decoding",
            "books, bars, rules",
            "checks of orders",
            "orders out, reports in",
        ][self as usize]
    }
}

/// A ring between two threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ring {
    /// Who sends.
    pub from: Agent,
    /// Who receives.
    pub to: Agent,
    /// Items that it holds.
    pub depth: usize,
    /// What they are.
    pub items: &'static str,
    /// Memory of its slots.
    pub bytes: usize,
    /// What the sender does when it is full.
    pub when_full: &'static str,
}

impl RuntimeConfig {
    /// A hot thread has a core of its own, in the layouts in which it does nothing but trade.
    pub(crate) fn owns_core(&self) -> bool {
        let owns = |agent: &Agent| *agent != Agent::Cold && self.agent(*agent).core.is_some();
        self.layout != Layout::Solo && self.layout.threads().iter().any(owns)
    }

    /// The rings of the layout, of which that to the journal holds `journal_depth`. A slot is two or three cache lines.
    pub(crate) fn rings(&self, journal_depth: usize) -> Vec<Ring> {
        const SOURCE: &str = "no input is taken, the source waits";
        const WAITS: &str = "the sender waits";
        let ring = |from, to, depth: usize, items, lines, when_full| Ring {
            from,
            to,
            depth,
            items,
            bytes: depth.next_power_of_two() * lines * 64,
            when_full,
        };
        let order = |from, to| ring(from, to, self.order_ring_messages, "messages", 3, WAITS);
        let journal = |from| ring(from, Agent::Cold, journal_depth, "records", 2, SOURCE);
        match self.layout {
            Layout::Invoker | Layout::Solo => Vec::new(),
            Layout::Shared | Layout::Fused => vec![journal(Agent::Hot)],
            Layout::Dedicated => vec![
                ring(Agent::Feed, Agent::Strategy, self.feed_ring_messages, "messages", 2, SOURCE),
                order(Agent::Strategy, Agent::Risk),
                order(Agent::Risk, Agent::Strategy),
                order(Agent::Risk, Agent::Gateway),
                order(Agent::Strategy, Agent::Gateway),
                order(Agent::Gateway, Agent::Strategy),
                journal(Agent::Strategy),
            ],
        }
    }

    /// Where an agent runs and how it waits.
    pub fn agent(&self, agent: Agent) -> AgentConfig {
        self.agents[agent as usize]
    }

    /// What an agent's thread does without work, and why, on this machine: it spins only where it owns a core
    /// and another core is left for everything else.
    pub fn idle_of(&self, agent: Agent, machine: &Machine) -> (Idle, &'static str) {
        let AgentConfig { core, idle } = self.agent(agent);
        let threads = self.layout.threads();
        let hot = threads.iter().filter(|t| **t != Agent::Cold).count();
        let alone = |core| threads.iter().all(|t| *t == agent || self.agent(*t).core != Some(core));
        match (idle, core) {
            (Idle::Auto, _) if agent == Agent::Cold && self.cold_hurries => {
                (Idle::Yield, "orders wait for the journal")
            }
            (Idle::Auto, _) if agent == Agent::Cold => (Idle::Backoff, "a cold thread makes room"),
            (Idle::Auto, Some(core)) if !alone(core) => (Idle::Yield, "another thread has the same core"),
            _ => idle.of_hot(core.is_some(), hot, machine),
        }
    }
}

impl Idle {
    /// What a hot thread does without work, one of so many, that owns a core or does not.
    pub(crate) fn of_hot(self, owns_core: bool, hot: usize, machine: &Machine) -> (Idle, &'static str) {
        match self {
            Idle::Auto if !owns_core => (Idle::Yield, "the thread does not own a core"),
            Idle::Auto if machine.online.len() <= hot => {
                (Idle::Yield, "there are not more processors than hot threads")
            }
            Idle::Auto => (Idle::Spin, "pinned, alone on its core"),
            other => (other, "as configured"),
        }
    }
}

/// Whether the process's memory is locked, with huge pages where the host has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMemory {
    /// Where the hot thread is pinned and the host allows it; otherwise a warning.
    Auto,
    /// Always; a host that refuses ends the run before it begins.
    On,
    /// Never.
    Off,
}

impl LockMemory {
    /// Names, in the order of configuration's choice.
    pub const ALL: [(LockMemory, &'static str); 3] =
        [(LockMemory::Auto, "auto"), (LockMemory::On, "on"), (LockMemory::Off, "off")];

    /// The word for it.
    pub fn label(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// Which agent runs on which thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The caller's thread does everything.
    Invoker,
    /// One thread of its own does everything.
    Solo,
    /// One hot thread, one cold.
    Shared,
    /// Feed, strategy, risk and gateway have a thread each, and there is a cold one.
    Dedicated,
    /// A hot thread for each shard of the instruments, and there is a cold one.
    Fused,
}

impl Layout {
    /// Names, in the order of configuration's choice.
    pub const ALL: [(Layout, &'static str); 5] = [
        (Layout::Invoker, "invoker"),
        (Layout::Solo, "solo"),
        (Layout::Shared, "shared"),
        (Layout::Dedicated, "dedicated"),
        (Layout::Fused, "fused"),
    ];

    /// The word for it.
    pub fn label(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The agents that have a thread of their own in it.
    pub fn threads(self) -> &'static [Agent] {
        match self {
            Layout::Invoker => &[],
            Layout::Solo => &[Agent::Hot],
            // Of a fused run each shard has a hot thread.
            Layout::Shared | Layout::Fused => &[Agent::Hot, Agent::Cold],
            Layout::Dedicated => &[Agent::Feed, Agent::Strategy, Agent::Risk, Agent::Gateway, Agent::Cold],
        }
    }
}

/// What a thread without work does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Spin on a core of its own, else yield; back off where the agent is cold.
    Auto,
    /// Spin.
    Spin,
    /// Give the processor away.
    Yield,
    /// Spin, then yield, then sleep.
    Backoff,
}

impl Idle {
    /// Names, in the order of configuration's choice.
    pub const ALL: [(Idle, &'static str); 4] =
        [(Idle::Auto, "auto"), (Idle::Spin, "spin"), (Idle::Yield, "yield"), (Idle::Backoff, "backoff")];

    /// The word for it.
    pub fn label(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// The journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalConfig {
    /// Size of a segment, MiB.
    pub segment_mb: usize,
    /// How often it is forced to disk, ms.
    pub msync_ms: u64,
    /// After how many records before that; 0: by time only.
    pub msync_records: u64,
    /// What outlives what.
    pub durability: Durability,
    /// Directory of the ring's file, where it has one.
    pub staged_dir: String,
    /// Where an order's record must be before it leaves, at level `gated`.
    pub gate: Gate,
    /// How long an order waits there at most, ms.
    pub gate_timeout_ms: u64,
    /// After how many events the state is written to it; 0 for never.
    pub snapshot_events: u64,
    /// Full segments that stay uncompressed; 0 for all.
    pub archive_after_segments: u64,
    /// Segments that stay at all; 0 for all.
    pub retain_segments: u64,
}
