//! The layouts in which one thread trades: `invoker`, `solo`, `shared`.

use super::feed::Feed;
use super::keeper::{Keeper, KeeperAgent, Out};
use super::recorder::{NoWire, Recorder};
use super::run::{FeedEnd, Finished, Parts, Rest, Watch, collect, idle_of};
use super::trading::Trading;
use crate::failure::Failure;
use pinion_plan::Agent as Name;
use pinion_runtime::agent::{Agent, Runner};
use pinion_runtime::link::link;
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
}

/// Everything but the keeper, as one agent whose records go to `out`.
pub fn trade<O: Out, const FULL: bool>(parts: Rest<'_>, out: O) -> Paper<O, FULL> {
    let Rest { plan, engine, venue, source, commands, shared, ticks } = parts;
    let latency_ns = plan.paper.max_latency_ns;
    let recorder = Recorder::new(out, NoWire, ticks).of_shard(plan.shard().unwrap_or(0));
    let mut trading = Trading::new(engine, venue, Feed::new(source), recorder, commands, shared, latency_ns);
    trading.open(plan);
    trading
}

/// Everything on the caller's thread.
pub fn invoker<const FULL: bool>(parts: Parts<'_>, watch: &mut Watch) -> Result<Finished, Failure> {
    let (rest, keeper, began) = parts.split();
    let mut trading = trade::<_, FULL>(rest, keeper);
    while !trading.is_done() {
        trading.do_work();
        trading.recorder.out.housekeeping();
        watch.look();
    }
    end(trading, began, None, |keeper| keeper)
}

/// Everything on a thread of its own.
pub fn solo<const FULL: bool>(parts: Parts<'_>, watch: &mut Watch) -> Result<Finished, Failure> {
    let (rest, keeper, began) = parts.split();
    let plan = rest.plan;
    let agent = SoloAgent(trade::<_, FULL>(rest, keeper));
    let solo = Runner::start("solo", plan.runtime.agent(Name::Hot).core, idle_of(plan, Name::Hot), agent)?;
    let pinned = solo.pinned;
    watch.until(|| solo.is_finished());
    end(solo.join().0, began, pinned, |keeper| keeper)
}

/// A hot thread that trades and a cold one that keeps.
pub fn shared<const FULL: bool>(parts: Parts<'_>, watch: &mut Watch) -> Result<Finished, Failure> {
    let (rest, keeper, began) = parts.split();
    let plan = rest.plan;
    let (tx, rx) = link(plan.runtime.journal_ring_depth());
    let start_core = |name| plan.runtime.agent(name).core;
    let agent = KeeperAgent::new(keeper, rx);
    let cold = Runner::start("cold", start_core(Name::Cold), idle_of(plan, Name::Cold), agent)?;
    let agent = trade::<_, FULL>(rest, tx);
    let hot = Runner::start("hot", start_core(Name::Hot), idle_of(plan, Name::Hot), agent)?;
    let pinned = both(hot.pinned, cold.pinned);
    watch.until(|| hot.is_finished());
    end(hot.join(), began, pinned, |tx| {
        // The cold thread ends when the ring is empty and its producer gone.
        drop(tx);
        cold.join().into_keeper()
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
    keeper_of: impl FnOnce(O) -> Keeper,
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
