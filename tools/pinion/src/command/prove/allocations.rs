//! No allocation and no free: the hot thread is sealed as in a session and walks the whole way.

use super::inputs::{Stage, stages};
use super::rig::Rig;
use crate::command::bench::tick_to_order::pipeline::{Counts, Pipeline};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::start::Start;
use clap::{Args, ValueEnum};
use pinion_model::record::Entry;
use pinion_runtime::link::Tx;
use pinion_runtime::memory::{self, hot_allocations, warm::minor_faults};
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Args)]
pub struct AllocationsArgs {
    /// Capture whose frames are walked through as well
    #[arg(long)]
    data: Option<PathBuf>,
    /// Break the property on purpose: the proof must fail
    #[arg(long = "break", value_enum)]
    fault: Option<Fault>,
    #[command(flatten)]
    output: Output,
}

/// A planted defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Fault {
    /// The hot thread pushes to a vector that grows
    Grow,
    /// The hot thread drops a box
    Free,
}

/// What one kind of input did.
#[derive(Clone, Copy, Debug, Default)]
struct Walked {
    frames: usize,
    counts: Counts,
    breaches: u64,
    faults: u64,
}

/// Walks over everything. Runs on the hot thread, sealed.
struct Walker {
    pipeline: Pipeline<Tx<Entry>>,
    walked: Vec<Walked>,
    fault: Option<Fault>,
    grows: Vec<u64>,
    boxed: Option<Box<u64>>,
}

impl Walker {
    fn walk(&mut self, stage: &Stage) {
        let (before, breaches, faults) = (self.pipeline.counts(), hot_allocations(), minor_faults());
        for (at, frame) in stage.frames.iter().enumerate() {
            // So much room that entries never stop: what is walked does not depend on the cold thread.
            while !self.pipeline.has_plenty_of_room() {
                std::thread::yield_now();
            }
            self.pipeline.heed_link();
            self.pipeline.frame(frame);
            self.pipeline.settle();
            if at == stage.frames.len() / 2 {
                self.strike();
            }
        }
        // The vector has room for one per stage.
        self.walked.push(Walked {
            frames: stage.frames.len(),
            counts: self.pipeline.counts().since(&before),
            breaches: hot_allocations() - breaches,
            faults: minor_faults() - faults,
        });
    }

    fn strike(&mut self) {
        match self.fault {
            Some(Fault::Grow) => self.grows.push(1),
            Some(Fault::Free) => drop(self.boxed.take()),
            None => {}
        }
    }
}

/// `pinion prove allocations`.
pub fn run(args: &AllocationsArgs) -> Result<(), Failure> {
    let rig = Rig::new()?;
    let stages = stages(args.data.as_deref())?;
    let (tx, cold) = rig.cold(rig.keeper()?)?;
    let mut walker = Walker {
        pipeline: rig.pipeline(tx, false)?,
        walked: Vec::with_capacity(stages.len()),
        fault: args.fault,
        grows: Vec::new(),
        boxed: Some(Box::new(1)),
    };
    let hot = std::thread::Builder::new().name("hot".into()).spawn(move || {
        Start::default().begin()?;
        stages.iter().for_each(|stage| walker.walk(stage));
        memory::unseal();
        let names: Vec<&str> = stages.iter().map(|stage| stage.name).collect();
        Ok((names, walker.walked, walker.pipeline.finish().2))
    })?;
    let ended = hot.join().map_err(|_| Failure::Run("error: the hot thread fell".into()))?;
    let (names, walked, tx) =
        ended.map_err(|e: memory::lock::Refused| Failure::Run(format!("error: {e}")))?;
    drop(tx);
    let kept = cold.join().into_keeper().finish("{}");
    if let Some(error) = kept.error {
        return Err(Failure::Run(error.to_string()));
    }
    let records = kept.head.map_or(0, |head| head.records);
    let segments = std::fs::read_dir(rig.journal())?.count();
    report(args, &names, &walked, records, segments)
}

fn report(
    args: &AllocationsArgs,
    names: &[&str],
    walked: &[Walked],
    records: u64,
    segments: usize,
) -> Result<(), Failure> {
    let mut text = format!(
        "{:<14}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>7}{:>14}{:>8}\n",
        "input",
        "frames",
        "no event",
        "orders",
        "fills",
        "refused",
        "rejected",
        "gaps",
        "allocations",
        "faults"
    );
    let mut rows = Vec::new();
    for (name, w) in names.iter().zip(walked) {
        let c = w.counts;
        text += &format!(
            "{name:<14}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>7}{:>14}{:>8}\n",
            w.frames, c.failed, c.orders, c.fills, c.refused, c.rejected, c.gaps, w.breaches, w.faults
        );
        rows.push(json!({
            "input": name, "frames": w.frames, "no_event": c.failed, "orders": c.orders, "fills": c.fills,
            "refused": c.refused, "rejected": c.rejected, "gaps": c.gaps, "hot_allocations": w.breaches,
            "page_faults": w.faults,
        }));
    }
    let breaches = hot_allocations();
    text += &format!(
        "journal: {records} records in {segments} segments\nallocations and frees on the sealed hot thread: {breaches}\n"
    );
    let value = json!({ "stages": Value::Array(rows), "records": records, "segments": segments, "hot_allocations": breaches });
    args.output.put(&value, &text)?;
    if breaches > 0 {
        return Err(Failure::Run(format!(
            "FAIL: {breaches} allocations or frees on the hot thread; PINION_ABORT_ON_HOT_ALLOCATION=1 stops at the first"
        )));
    }
    let sum = |of: fn(&Counts) -> u64| walked.iter().map(|w| of(&w.counts)).sum::<u64>();
    let seen = [
        ("orders", sum(|c| c.orders), 100),
        ("fills", sum(|c| c.fills), 100),
        ("intents that risk refused", sum(|c| c.refused), 10),
        ("orders that the venue refused", sum(|c| c.rejected), 10),
        ("frames without an event", sum(|c| c.failed), 1_000),
        ("gaps in a book", sum(|c| c.gaps), 10),
        ("journal segments", segments as u64, 3),
    ];
    match seen.iter().find(|(_, count, least)| count < least) {
        Some((what, count, least)) => Err(Failure::Run(format!(
            "FAIL: the way was not walked: {count} {what}, and {least} must be seen"
        ))),
        None => Ok(()),
    }
}
