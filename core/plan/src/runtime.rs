//! Threads, rings and the journal, as a plan keeps them.

/// Threads and rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeConfig {
    /// Which agent runs where.
    pub layout: Layout,
    /// Processor of the hot thread.
    pub hot_core: Option<usize>,
    /// Processor of the cold thread.
    pub cold_core: Option<usize>,
    /// What a hot thread without work does.
    pub idle: Idle,
    /// Depth of the ring to the journal, records.
    pub journal_ring_records: usize,
    /// Places in the order table.
    pub max_open_orders: u32,
    /// Levels kept on each side of a book.
    pub book_levels: u32,
    /// Whether the process's memory is locked.
    pub lock_memory: LockMemory,
}

impl RuntimeConfig {
    /// Whether locking is tried at all: a run whose hot thread owns no core is not about latency.
    pub fn locks_memory(&self) -> bool {
        match self.lock_memory {
            LockMemory::Auto => self.layout == Layout::Shared && self.hot_core.is_some(),
            LockMemory::On => true,
            LockMemory::Off => false,
        }
    }

    /// What the hot thread does without work, and why, on a machine with this many processors: it spins
    /// only where it owns a core.
    pub fn hot_idle(&self, processors: usize) -> (Idle, &'static str) {
        match self.idle {
            Idle::Auto if self.hot_core.is_some() && processors > 1 => {
                (Idle::Spin, "pinned, alone on its core")
            }
            Idle::Auto => (Idle::Yield, "the thread does not own a core"),
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
}

impl Layout {
    /// Names, in the order of configuration's choice.
    pub const ALL: [(Layout, &'static str); 3] =
        [(Layout::Invoker, "invoker"), (Layout::Solo, "solo"), (Layout::Shared, "shared")];

    /// The word for it.
    pub fn label(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// What a thread without work does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Spin on a core of its own, else yield.
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
}
