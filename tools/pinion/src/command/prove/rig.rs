//! What every proof is made of: the plan, a pipeline, a cold thread, and a hot thread
//! that was started as a session starts it.

use crate::command::bench::tick_to_order::pipeline::Pipeline;
use crate::failure::Failure;
use crate::session::keeper::{Keeper, KeeperAgent, Out};
use crate::session::open;
use pinion_journal::Writer;
use pinion_model::record::Entry;
use pinion_plan::Plan;
use pinion_runtime::agent::Runner;
use pinion_runtime::idle::{Idle, IdleKind};
use pinion_runtime::link::{Tx, link};
use pinion_runtime::ticks::{Anchors, Ticks};
use std::path::{Path, PathBuf};

const PLAN: &str = include_str!("plan.yaml");
/// Names of journals, before the number of their process.
const PREFIX: &str = "pinion-proof-";
/// Virtual time between frames, ns: an exit that the venue refused is tried again after two hundred.
const STEP_NS: i64 = 5_000_000;

/// The surroundings of a proof; what it wrote is removed with it.
pub struct Rig {
    /// The plan.
    pub plan: Plan,
    /// The counter.
    pub ticks: Ticks,
    anchors: Anchors,
    scratch: PathBuf,
}

impl Rig {
    /// Compiles the plan.
    pub fn new() -> Result<Rig, Failure> {
        let failed = |found: pinion_plan::Diagnostics| Failure::Run(found.to_string());
        let (config, mut found) = pinion_plan::read("plan.yaml", PLAN, Path::new(".")).map_err(failed)?;
        let plan = pinion_plan::compile(&config, &[], &mut found).map_err(failed)?;
        let ticks = Ticks::default();
        let anchors = Anchors::new(&ticks);
        remove_remains();
        let scratch = std::env::temp_dir().join(format!("{PREFIX}{}", std::process::id()));
        Ok(Rig { plan, ticks, anchors, scratch })
    }

    /// Nanoseconds of a tick.
    pub fn ns_per_tick(&self) -> f64 {
        self.anchors.ns_per_tick()
    }

    /// Where the journal is.
    pub fn journal(&self) -> &Path {
        &self.scratch
    }

    /// A keeper with a journal of its own.
    pub fn keeper(&self) -> Result<Keeper, Failure> {
        Ok(self.keeper_of(Some(open::create(&self.scratch, &self.plan, &self.anchors)?)))
    }

    /// A keeper of the digest alone.
    pub fn keeper_without_journal(&self) -> Keeper {
        self.keeper_of(None)
    }

    fn keeper_of(&self, writer: Option<Writer>) -> Keeper {
        Keeper::new(writer, self.anchors.clone(), Default::default())
    }

    /// The cold thread with this keeper, and the hot thread's end of the link.
    pub fn cold(&self, keeper: Keeper) -> Result<(Tx<Entry>, Runner<KeeperAgent>), Failure> {
        let (tx, rx) = link(self.plan.runtime.journal_ring_records);
        let agent = KeeperAgent::new(keeper, rx);
        Ok((tx, Runner::start("cold", None, Idle::new(IdleKind::Backoff), agent)?))
    }

    /// The way from a frame to an order. `keep` gathers orders for a socket.
    pub fn pipeline<O: Out>(&self, out: O, keep: bool) -> Result<Pipeline<O>, Failure> {
        Pipeline::new(&self.plan, out, &self.ticks, STEP_NS, keep)
    }
}

/// Removes what proofs left behind whose process was killed, as a broken proof's is.
pub fn remove_remains() {
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        if process.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            // Somebody else's may not be ours to remove.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // What is left behind is a few megabytes in a folder of its own; nothing depends on it.
        let _ = std::fs::remove_dir_all(&self.scratch);
    }
}
