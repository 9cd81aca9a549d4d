//! Layout `fused`: several pipelines side by side, each with a hot thread, a part of the rate and a journal of its
//! own; one cold thread keeps all journals.

use super::drive::{Driven, Load, drive};
use super::pipeline::Pipeline;
use super::tcp::{Answers, serve_pipeline};
use super::{Counts, Rig, Run, close_all, join};
use crate::failure::Failure;
use crate::session::fused::Keepers;
use crate::session::keeper::KeeperAgent;
use crate::session::staged;
use pinion_runtime::agent::Runner;
use pinion_runtime::latency::Latency;

/// Drives frames through `shards` pipelines, from memory or each over a connection of its own.
pub fn run(rig: &Rig, load: Load, step_ns: i64, shards: usize, tcp: bool) -> Result<Run, Failure> {
    let part = Load {
        rate: load.rate / shards as f64,
        frames: load.frames.div_ceil(shards),
        warm_up: load.warm_up.div_ceil(shards),
    };
    let (mut keepers, mut pipelines) = (Vec::new(), Vec::new());
    for shard in 0..shards {
        let mut keeper = rig.keeper_in(&rig.scratch.join(format!("shard-{shard}")))?;
        let gate = keeper.gate(&rig.plan);
        let (tx, rx) = staged::journal_link_of(&rig.plan, Some(shard), &mut keeper)?;
        keepers.push(KeeperAgent::new(keeper, rx));
        let mut pipeline = Pipeline::new(&rig.plan, tx, &rig.ticks, step_ns * shards as i64, tcp)?;
        pipeline.set_gate(gate);
        pipelines.push(pipeline);
    }
    let cold = Runner::start("cold", rig.cold_core, rig.cold_idle(), Keepers::new(keepers))?;
    let done: Vec<_> = std::thread::scope(|scope| {
        let run = |mut pipeline: Pipeline<_>| {
            let driven = if tcp {
                let (stream, peer) = rig.peer(part, Answers::Each)?;
                serve_pipeline(stream, &mut pipeline, |_| {})?;
                join(peer)?.driven()
            } else {
                drive(&mut pipeline, &rig.frames, &part, &rig.ticks, rig.ns_per_tick, |_| {})
            };
            Ok::<_, Failure>((driven, pipeline.finish()))
        };
        let threads: Vec<_> =
            pipelines.into_iter().map(|pipeline| scope.spawn(move || run(pipeline))).collect();
        threads.into_iter().map(|t| t.join().unwrap_or_else(|p| std::panic::resume_unwind(p))).collect()
    });
    let mut all: Option<Run> = None;
    for done in done {
        let (driven, (counts, stages, tx)) = done?;
        drop(tx);
        all = Some(match all {
            None => Run { load, driven, counts, stages, echo: None },
            Some(all) => all.and(driven, &counts, &stages)?,
        });
    }
    close_all(cold.join().into_keepers(), rig)?;
    all.ok_or_else(|| Failure::Usage("error: --shards is at least 1".into()))
}

impl Run {
    /// With another shard's figures added.
    fn and(self, driven: Driven, counts: &Counts, stages: &Latency) -> Result<Run, Failure> {
        let failed = |e| Failure::Run(format!("error: histograms: {e}"));
        let Run { load, driven: mut sum, counts: before, stages: mut all, echo } = self;
        sum.order.add(&driven.order).map_err(failed)?;
        sum.frame.add(&driven.frame).map_err(failed)?;
        sum.achieved += driven.achieved;
        sum.waits += driven.waits;
        all.add(stages);
        Ok(Run { load, driven: sum, counts: before.and(counts), stages: all, echo })
    }
}
