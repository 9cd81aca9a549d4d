//! Layout `fused`: the instruments are sharded, and each shard has a hot thread with an engine of its own.
//!
//! ```text
//!                    gate, budgets, commands
//!   coordinator ---------------------------------+------------------+
//!    (caller)                                    v                  v
//!        ^                shard 0: feed -> engine <-> venue    shard 1: ...
//!        |                        |        |                    |      |
//!        +------- boards ---------+        +----- records ------+------+---> cold: keeper 0, keeper 1
//! ```
//! A shard decides as the same shard does alone on one thread with the same budget. Each has a journal of its own
//! in `RUN/shard-K`, whose plan is that of the shard. The digest of the run is BLAKE3 over the 32 bytes of each
//! shard's decision digest, in the order of the shards.

mod account;
mod board;
mod cold;
mod coordinator;
mod rebalance;
mod shard;

use super::keeper::{Keeper, KeeperAgent};
use super::layouts::{both, end, trade};
use super::meters::Meters;
use super::open::Opened;
use super::retention::Retention;
use super::run::{Finished, Options, Rest, Watch, ended, idle_of, waiter};
use super::staged;
use super::start::Start;
use super::trading::Shared;
use crate::control::Control;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::setup::{machine, shard_inputs};
use account::Account;
use board::Board;
pub use cold::Keepers;
use coordinator::{Coordinator, Member};
use pinion_engine::Engine;
use pinion_model::record::Entry;
use pinion_plan::{Agent as Name, Plan, Shards};
use pinion_recorded::source::Source;
use pinion_runtime::agent::Runner;
use pinion_runtime::link::{Tx, link};
use pinion_runtime::ticks::{Anchors, Ticks};
use pinion_sim::paper::PaperVenue;
use shard::{ORDERS, ShardAgent};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// A fused run that came to its end.
pub struct FusedFinished {
    /// By shard: its plan and its run.
    pub shards: Vec<(Plan, Finished)>,
    /// The account over the run.
    pub account: Account,
    /// BLAKE3 over the shards' decision digests.
    pub digest: String,
    /// Transfers between shards.
    pub transfers: u64,
}

/// Directory of a shard's journal.
pub fn shard_directory(run: &Path, k: usize) -> PathBuf {
    run.join(format!("shard-{k}"))
}

/// Runs every shard to its end.
pub fn run(options: &Options<'_>) -> Result<FusedFinished, Failure> {
    if options.journal.is_some() { lay_out::<true>(options) } else { lay_out::<false>(options) }
}

/// A shard before its thread is started, and the coordinator's and the keeper's side of it.
struct Made<const FULL: bool> {
    plan: Plan,
    agent: ShardAgent<Tx<Entry>, FULL>,
    member: Member,
    keeper: KeeperAgent,
}

fn lay_out<const FULL: bool>(options: &Options<'_>) -> Result<FusedFinished, Failure> {
    let plan = options.plan;
    let Some(shards) = &plan.shards else {
        return Err(Failure::Usage("error: layout `fused` needs `shards`".into()));
    };
    let ticks = Ticks::default();
    let anchors = Anchors::new(&ticks);
    if let Some(dir) = &options.journal {
        std::fs::create_dir_all(dir).map_err(|e| Failure::Run(format!("{}: {e}", dir.display())))?;
    }
    let begin = Start::of(plan)?;
    let run = options.journal.as_deref();
    let mut meters = Meters::start(&options.counters, plan, &options.label, run, &anchors, &ticks);
    let made = (0..shards.all.len()).map(|k| make::<FULL>(options, k, &ticks, &anchors, begin, &mut meters));
    let made = match made.collect::<Result<Vec<_>, Failure>>() {
        Ok(made) => made,
        Err(failure) => {
            meters.discard();
            return Err(failure);
        }
    };
    let shared = Arc::new(Shared::default());
    let (control, commands) = Control::start(options.journal.as_deref(), &shared)?;
    let progress = Progress::new(options.progress, options.lines, shared.clone());
    let mut watch = Watch::new(control, progress, meters);
    let began = Instant::now();
    let account = Account::new(&plan.engine.risk);
    let base = plan.engine.base_currency.0;
    let (threads, plans, members) = start(plan, shards, made, &mut watch.meters)?;
    let dirs = run.map_or_else(Vec::new, |run| (0..members.len()).map(|k| shard_directory(run, k)).collect());
    let retention = Retention::start(dirs, &plan.journal)?;
    let mut coordinator = Coordinator::new(members, account, shared, commands, shards, base);
    coordinator.run(&mut watch, |k| threads.hot[k].is_finished());
    let Coordinator { account, transfers, .. } = coordinator;
    watch.finish();
    drop(retention);
    let finished = threads.end(began);
    watch.meters.finish(finished.as_ref().err());
    let finished = finished?;
    let runs = finished.into_iter().map(|done| Finished { ns_per_tick: anchors.ns_per_tick(), ..done });
    let shards: Vec<(Plan, Finished)> = plans.into_iter().zip(runs).collect();
    if let Some(failure) = shards.iter().find_map(|(_, done)| done.kept.failure()) {
        return Err(Failure::Run(failure));
    }
    let digest = combined(shards.iter().map(|(_, done)| done.kept.digest.as_str()));
    Ok(FusedFinished { shards, account, digest, transfers })
}

/// BLAKE3 over digests, given as hexadecimal, in their order.
pub fn combined<'a>(digests: impl Iterator<Item = &'a str>) -> String {
    let mut hasher = blake3::Hasher::new();
    for digest in digests {
        if let Ok(hash) = blake3::Hash::from_hex(digest) {
            hasher.update(hash.as_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// One shard, with everything that it will ever need.
fn make<const FULL: bool>(
    options: &Options<'_>,
    k: usize,
    ticks: &Ticks,
    anchors: &Anchors,
    start: Start,
    meters: &mut Meters,
) -> Result<Made<FULL>, Failure> {
    let plan = options.plan.for_shard(k).map_err(|found| Failure::Run(found.to_string()))?;
    let inputs = shard_inputs(options.plan, &plan, &options.inputs)?;
    let source = Source::open(&inputs, &plan.engine.instruments)?;
    let engine = Engine::new(&plan.engine).map_err(|e| Failure::Usage(e.to_string()))?;
    let shared = Arc::new(Shared::default());
    let Opened { writer, past } = match &options.journal {
        Some(run) => Opened::open(&shard_directory(run, k), &plan, anchors, options.resume)?,
        None => Opened::default(),
    };
    let (repeats, again) = past.map_or_else(Default::default, |past| (past.trading, Some(past.again)));
    let mut keeper = Keeper::new(writer, anchors.clone(), shared.journal_failed.clone()).repeating(again);
    let (records, written) = staged::journal_link(&plan, &mut keeper)?;
    let gate = keeper.gate(&plan);
    let (orders, ordered) = link(ORDERS);
    let board = Arc::new(Board::default());
    // What an operator says comes from the coordinator, in the order in which it says it to all.
    let (_, commands) = link(1);
    let venue = PaperVenue::new(&plan.venue(), plan.paper);
    let rest = Rest {
        plan: &plan,
        engine,
        venue,
        source,
        repeats,
        commands,
        shared: shared.clone(),
        ticks: ticks.clone(),
        start,
        gate,
    };
    let mut trading = trade::<_, FULL>(rest, records, meters)?;
    trading.start = Some(start);
    Ok(Made {
        agent: ShardAgent::new(trading, ordered, board.clone()),
        member: Member::new(board, orders, shared),
        keeper: KeeperAgent::new(keeper, written),
        plan,
    })
}

/// The threads of a run.
struct Threads<const FULL: bool> {
    hot: Vec<Runner<ShardAgent<Tx<Entry>, FULL>>>,
    cold: Runner<Keepers>,
}

type Started<const FULL: bool> = (Threads<FULL>, Vec<Plan>, Vec<Member>);

/// Starts the cold thread, then the hot ones.
fn start<const FULL: bool>(
    plan: &Plan,
    shards: &Shards,
    made: Vec<Made<FULL>>,
    meters: &mut Meters,
) -> Result<Started<FULL>, Failure> {
    let (mut plans, mut members, mut agents, mut keepers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for Made { plan, agent, member, keeper } in made {
        plans.push(plan);
        members.push(member);
        agents.push(agent);
        keepers.push(keeper);
    }
    let cold_core = plan.runtime.agent(Name::Cold).core;
    let cold_idle = idle_of(plan, Name::Cold);
    let cold = Runner::start_metered(
        "cold",
        cold_core,
        cold_idle,
        meters.agent(Name::Cold.label()),
        Keepers::new(keepers),
    )?;
    let idle = plan.shard_idle(&machine()).0;
    let mut hot = Vec::with_capacity(agents.len());
    for (k, agent) in agents.into_iter().enumerate() {
        let core = shards.hot_cores.get(k).copied();
        let name = format!("hot-{k}");
        hot.push(Runner::start_metered(&name, core, waiter(idle), meters.agent(&name), agent)?);
    }
    Ok((Threads { hot, cold }, plans, members))
}

impl<const FULL: bool> Threads<FULL> {
    /// Waits for the threads and takes their agents apart.
    fn end(self, began: Instant) -> Result<Vec<Finished>, Failure> {
        let pinned: Vec<Option<bool>> = self.hot.iter().map(|t| both(t.pinned, self.cold.pinned)).collect();
        let mut agents = Vec::with_capacity(self.hot.len());
        for hot in self.hot {
            agents.push(hot.finish().map_err(|panic| ended("hot", &panic))?);
        }
        for agent in &mut agents {
            // The cold thread ends when every ring is empty and its producer gone.
            drop(std::mem::replace(&mut agent.trading.recorder.out, link(1).0));
        }
        let keepers = self.cold.finish().map_err(|panic| ended("cold", &panic))?.into_keepers();
        let parts = agents.into_iter().zip(keepers).zip(pinned);
        let finished =
            parts.map(|((agent, keeper), pinned)| end(agent.trading, began, pinned, |_| Ok(keeper)));
        // Every journal is closed before the first error is told.
        finished.collect::<Vec<_>>().into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_combined_digest_is_over_the_bytes_of_the_digests_in_order() {
        let [a, b] = [b"a", b"b"].map(|t| blake3::hash(t));
        let both = [*a.as_bytes(), *b.as_bytes()].concat();
        let (a, b) = (a.to_hex().to_string(), b.to_hex().to_string());
        assert_eq!(combined([a.as_str(), b.as_str()].into_iter()), blake3::hash(&both).to_hex().as_str());
        assert_ne!(
            combined([a.as_str(), b.as_str()].into_iter()),
            combined([b.as_str(), a.as_str()].into_iter())
        );
    }
}
