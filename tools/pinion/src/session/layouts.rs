//! The layouts in which one thread trades: `invoker`, `solo`, `shared`.

use super::feed::Feed;
use super::keeper::{Keeper, KeeperAgent, Out};
use super::meters::{CALLER, Meters};
use super::recorder::{NoWire, Recorder};
use super::run::{FeedEnd, Finished, Parts, Rest, Watch, collect, ended, idle_of};
use super::staged;
use super::trading::Trading;
use crate::failure::Failure;
use pinion_plan::{Agent as Name, Plan};
use pinion_runtime::agent::{Agent, Runner, Spent};
use pinion_sim::paper::PaperVenue;
use std::time::Instant;

/// Trading at the paper venue.
pub type Paper<O, const FULL: bool> = Trading<O, NoWire, PaperVenue, FULL>;

/// Trading and keeping on one thread.
struct SoloAgent<const FULL: bool>(Paper<Keeper, FULL>);

impl<const FULL: bool> Agent for SoloAgent<FULL> {
    fn do_work(&mut self) -> usize {
        let work = self.0.do_work();
        self.0.recorder.out.housekeeping();
        work
    }

    fn is_done(&self) -> bool {
        self.0.is_done()
    }

    fn take_spent(&mut self) -> Spent {
        Spent { housekeeping: self.0.recorder.out.take_upkeep(), ..self.0.take_spent() }
    }
}

/// Everything but the keeper, as one agent whose records go to `out`.
pub fn trade<O: Out, const FULL: bool>(
    parts: Rest<'_>,
    out: O,
    meters: &mut Meters,
) -> Result<Paper<O, FULL>, Failure> {
    let Rest { plan, engine, venue, source, repeats, commands, shared, ticks, gate, .. } = parts;
    let latency_ns = plan.paper.max_latency_ns;
    let recorder = Recorder::new(out, NoWire, ticks).of_shard(plan.shard().unwrap_or(0));
    let mut feed = Feed::new(source);
    feed.meter = meters.feed(plan.shard());
    if let Some(restored) = &repeats.restored
        && !feed.skip(restored.events)?
    {
        return Err(Failure::Usage(format!(
            "error: the recording ends before the {} events that the journal has of it; give the data of then",
            restored.events
        )));
    }
    let mut trading = Trading::new(engine, venue, feed, recorder, commands, shared, latency_ns);
    trading.set_gate(gate);
    trading.journal_link = meters.link(Name::Hot, Name::Cold, plan.shard());
    trading.go_on(repeats);
    trading.open(plan);
    Ok(trading)
}

/// The run writes snapshots, where it has a journal. (A shard does not: its coordinator's state is in none.)
fn with_snapshots<O: Out, const FULL: bool>(mut trading: Paper<O, FULL>, plan: &Plan) -> Paper<O, FULL> {
    trading.snapshot_each(if FULL { plan.journal.snapshot_events } else { 0 });
    trading
}

/// Everything on the caller's thread.
pub fn invoker<const FULL: bool>(parts: Parts<'_>, watch: &mut Watch) -> Result<Finished, Failure> {
    let (rest, keeper, began) = parts.split();
    let plan = rest.plan;
    let mut agent = SoloAgent(with_snapshots(trade::<_, FULL>(rest, keeper, &mut watch.meters)?, plan));
    let mut meter = watch.meters.agent(CALLER);
    meter.start();
    while !agent.is_done() {
        let work = agent.do_work();
        watch.look();
        let spent = agent.take_spent();
        meter.turn(work, spent);
    }
    meter.end();
    end(agent.0, began, None, Ok)
}

/// Everything on a thread of its own.
pub fn solo<const FULL: bool>(parts: Parts<'_>, watch: &mut Watch) -> Result<Finished, Failure> {
    let (rest, keeper, began) = parts.split();
    let plan = rest.plan;
    let agent = SoloAgent(with_snapshots(trade::<_, FULL>(rest, keeper, &mut watch.meters)?, plan));
    let (core, idle) = (plan.runtime.agent(Name::Hot).core, idle_of(plan, Name::Hot));
    let meter = watch.meters.agent(Name::Hot.label());
    let solo = Runner::start_metered("solo", core, idle, meter, agent)?;
    let pinned = solo.pinned;
    watch.until(|| solo.is_finished());
    let solo = solo.finish().map_err(|panic| ended("solo", &panic))?;
    end(solo.0, began, pinned, Ok)
}

/// A hot thread that trades and a cold one that keeps.
pub fn shared<const FULL: bool>(parts: Parts<'_>, watch: &mut Watch) -> Result<Finished, Failure> {
    let (rest, mut keeper, began) = parts.split();
    let plan = rest.plan;
    let (tx, rx) = staged::journal_link(plan, &mut keeper)?;
    let start_core = |name| plan.runtime.agent(name).core;
    let agent = KeeperAgent::new(keeper, rx);
    let (idle, meter) = (idle_of(plan, Name::Cold), watch.meters.agent(Name::Cold.label()));
    let cold = Runner::start_metered("cold", start_core(Name::Cold), idle, meter, agent)?;
    let start = rest.start;
    let mut agent = with_snapshots(trade::<_, FULL>(rest, tx, &mut watch.meters)?, plan);
    agent.start = Some(start);
    let (idle, meter) = (idle_of(plan, Name::Hot), watch.meters.agent(Name::Hot.label()));
    let hot = Runner::start_metered("hot", start_core(Name::Hot), idle, meter, agent)?;
    let pinned = both(hot.pinned, cold.pinned);
    watch.until(|| hot.is_finished());
    let trading = hot.finish().map_err(|panic| ended("hot", &panic))?;
    end(trading, began, pinned, |tx| {
        // The cold thread ends when the ring is empty and its producer gone.
        drop(tx);
        Ok(cold.finish().map_err(|panic| ended("cold", &panic))?.into_keeper())
    })
}

/// True only if all that were asked for are so.
pub fn both(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    one.into_iter().chain(other).reduce(|a, b| a && b)
}

/// Takes an agent apart, with how its run went.
pub fn end<O: Out, const FULL: bool>(
    mut trading: Paper<O, FULL>,
    began: Instant,
    pinned: Option<bool>,
    keeper_of: impl FnOnce(O) -> Result<Keeper, Failure>,
) -> Result<Finished, Failure> {
    let run = began.elapsed().saturating_sub(trading.load);
    let feed = FeedEnd {
        complete: trading.feed().is_worked_off(),
        error: trading.error.take(),
        broken: trading.feed().source().map(FeedEnd::broken).unwrap_or_default(),
        load: (trading.load, trading.load_cpu),
    };
    collect(trading.finish(), feed, run, pinned, keeper_of)
}
