//! Layout `dedicated`: a thread each for feed, strategy, risk, gateway and journal.
//!
//! ```text
//!                     +--verdicts---------+
//!                     v                   |
//!   feed --events--> strategy --steps--> risk --orders--> gateway (simulated venue)
//!                     |  ^ |                                ^  |
//!              records|  | +------market, questions---------+  |
//!                     v  +----------answers, reports-----------+
//!                   cold
//! ```
//! The strategy decides the order of everything, so this layout gives the records of all others. It waits for
//! a verdict after each intent, and for the venue's answer before time goes on while an order is open.
//!
//! A thread that panics drops its links; the others see that and end, and the run fails with what it said.

mod feed;
mod gateway;
mod messages;
mod risk;
mod strategy;
pub mod wait;

use super::feed::Feed;
use super::keeper::{Keeper, KeeperAgent};
use super::layouts::both;
use super::meters::Meters;
use super::past::Repeats;
use super::recorder::{NoWire, Recorder, Wire};
use super::run::{FeedEnd, Finished, Parts, Rest, Watch, collect, ended, idle_of};
use super::staged;
use super::start::Start;
use super::trading::{Shared, Traded, Trading};
use crate::failure::Failure;
use feed::FeedAgent;
use gateway::{GatewayAgent, RemoteVenue};
pub use messages::{MarketMessage, send_event};
use pinion_engine::Engine;
use pinion_engine::book::Book;
use pinion_engine::desk::Desk;
use pinion_model::body::CommandBody;
use pinion_model::record::Entry;
use pinion_plan::{Agent as Name, Plan};
use pinion_runtime::agent::{Agent, Runner};
use pinion_runtime::latency::Latency;
use pinion_runtime::link::{Rx, Tx, link};
use pinion_runtime::ticks::Ticks;
use pinion_sim::paper::PaperVenue;
use risk::RiskAgent;
use std::sync::Arc;
use strategy::{RiskLink, StrategyAgent};

/// What the threads behind the feed are made of. Orders pass `wire` as soon as risk lets them.
pub struct Makings<'a, W> {
    /// The plan.
    pub plan: &'a Plan,
    /// The engine at its start.
    pub engine: Engine,
    /// The simulated venue.
    pub venue: PaperVenue,
    /// What a run that goes on does again, from its start.
    pub repeats: Repeats,
    /// What the operator says.
    pub commands: Rx<CommandBody>,
    /// What other threads may see and say.
    pub shared: Arc<Shared>,
    /// The time-stamp counter.
    pub ticks: Ticks,
    /// What hot threads do before their first work.
    pub start: Start,
    /// Digest and journal.
    pub keeper: Keeper,
    /// What orders pass.
    pub wire: W,
}

/// The threads behind the feed.
pub struct Threads<W, const FULL: bool> {
    /// Where events go in; they end when it is closed or dropped.
    pub events: Tx<MarketMessage>,
    /// The strategy's thread, which ends by itself once it has seen the last event.
    pub strategy: Runner<StrategyAgent<Tx<Entry>, FULL>>,
    risk: Runner<RiskAgent>,
    gateway: Runner<GatewayAgent<W>>,
    cold: Runner<KeeperAgent>,
}

/// What is left of them at the end.
pub struct Ended<W> {
    /// What traded.
    pub traded: Traded<Tx<Entry>>,
    /// What orders passed.
    pub wire: W,
    cold: Runner<KeeperAgent>,
}

/// Runs a session in this layout.
pub fn run<const FULL: bool>(parts: Parts<'_>, watch: &mut Watch) -> Result<Finished, Failure> {
    let (rest, keeper, began) = parts.split();
    let Rest { plan, engine, venue, source, repeats, commands, shared, ticks, start, .. } = rest;
    let makings =
        Makings { plan, engine, venue, repeats, commands, shared, ticks, start, keeper, wire: NoWire };
    let mut threads = Threads::<_, FULL>::start(makings, &mut watch.meters)?;
    // The feed's thread takes the sending end.
    let events = std::mem::replace(&mut threads.events, link(1).0);
    let idle = watch.meters.blocking(idle_of(plan, Name::Feed));
    let mut agent = FeedAgent::new(source, events, idle);
    (agent.meter, agent.link) =
        (watch.meters.feed(None), watch.meters.link(Name::Feed, Name::Strategy, None));
    let feed = thread(plan, Name::Feed, &mut watch.meters, agent)?;
    let pinned = both(feed.pinned, threads.pinned());
    watch.until(|| threads.strategy.is_finished());
    let ended_threads = threads.finish();
    let feed = feed.finish().map_err(|panic| ended("feed", &panic))?;
    let Ended { traded, cold, .. } = ended_threads?;
    let run = began.elapsed().saturating_sub(feed.load.0);
    let broken = FeedEnd::broken(&feed.source);
    let feed = FeedEnd { complete: feed.complete, broken, error: feed.error, load: feed.load };
    collect(traded, feed, run, pinned, |tx| keeper_of(tx, cold))
}

/// The keeper, whose thread ends when the ring is empty and its producer gone.
fn keeper_of(tx: Tx<Entry>, cold: Runner<KeeperAgent>) -> Result<Keeper, Failure> {
    drop(tx);
    Ok(cold.finish().map_err(|panic| ended("cold", &panic))?.into_keeper())
}

impl<W> Ended<W> {
    /// The engine and the stages' times; what orders passed; the keeper.
    pub fn take_apart(self) -> Result<(Engine, Latency, W, Keeper), Failure> {
        let Traded { engine, latency, out, .. } = self.traded;
        Ok((engine, latency, self.wire, keeper_of(out, self.cold)?))
    }
}

impl<W: Wire + Send + 'static, const FULL: bool> Threads<W, FULL> {
    /// Starts the threads from the journal's end, so that whoever receives is there before what it receives.
    pub fn start(makings: Makings<'_, W>, meters: &mut Meters) -> Result<Threads<W, FULL>, Failure> {
        let Makings { plan, engine, venue, repeats, commands, shared, ticks, start, mut keeper, wire } =
            makings;
        let gate = keeper.gate(plan);
        let order_ring = plan.runtime.order_ring_messages;
        let (events, from_feed) = link(plan.runtime.feed_ring_messages);
        let (steps, from_strategy) = link(order_ring);
        let (verdicts, from_risk) = link(order_ring);
        let (orders, passed) = link(order_ring);
        let (questions, asked) = link(order_ring);
        let (answers, answered) = link(order_ring);
        let (records, written) = staged::journal_link(plan, &mut keeper)?;
        let idle = |agent, meters: &Meters| meters.blocking(idle_of(plan, agent));
        let book = |_| Book::new(plan.engine.book_levels as usize);
        let books = plan.engine.instruments.iter().map(book).collect();

        let cold = thread(plan, Name::Cold, meters, KeeperAgent::new(keeper, written))?;
        let most = plan.engine.max_open_orders as usize;
        let waits = idle(Name::Gateway, meters);
        let mut agent =
            GatewayAgent::new(wire, venue, books, most + order_ring, asked, passed, answers, waits);
        agent.meter = meters.link(Name::Gateway, Name::Strategy, None);
        agent.waits = gate.is_some();
        let gateway = thread(plan, Name::Gateway, meters, agent)?;
        let desk = Desk::new(&plan.engine);
        let mut agent = RiskAgent::new(desk, from_strategy, verdicts, orders, idle(Name::Risk, meters));
        agent.meters = [Name::Strategy, Name::Gateway].map(|to| meters.link(Name::Risk, to, None));
        let risk = thread(plan, Name::Risk, meters, agent)?;
        let mut wire = RiskLink::new(steps, from_risk, idle(Name::Strategy, meters));
        wire.meter = meters.link(Name::Strategy, Name::Risk, None);
        let recorder = Recorder::new(records, wire, ticks).of_shard(plan.shard().unwrap_or(0));
        let mut venue = RemoteVenue::new(questions, answered, idle(Name::Strategy, meters));
        venue.meter = meters.link(Name::Strategy, Name::Gateway, None);
        let latency_ns = plan.paper.max_latency_ns;
        let mut trading =
            Trading::new(engine, venue, Feed::default(), recorder, commands, shared, latency_ns);
        trading.set_gate(gate);
        trading.go_on(repeats);
        trading.open(plan);
        trading.start = Some(start);
        trading.journal_link = meters.link(Name::Strategy, Name::Cold, None);
        let strategy = thread(plan, Name::Strategy, meters, StrategyAgent::new(trading, from_feed))?;
        Ok(Threads { events, strategy, risk, gateway, cold })
    }

    /// True only if all that were to be pinned are.
    pub fn pinned(&self) -> Option<bool> {
        let Threads { strategy, risk, gateway, cold, .. } = self;
        [strategy.pinned, risk.pinned, gateway.pinned, cold.pinned].into_iter().fold(None, both)
    }

    /// Waits for their end; the strategy's comes first.
    pub fn finish(self) -> Result<Ended<W>, Failure> {
        let Threads { events, strategy, risk, gateway, cold } = self;
        drop(events);
        let strategy = strategy.finish().map_err(|panic| ended("strategy", &panic))?;
        let broken_off = strategy.is_alone();
        let desk = strategy.trading.engine.desk().clone();
        // Without its links the other threads come to their end.
        let traded = strategy.into_trading().finish();
        let risk = risk.finish().map_err(|panic| ended("risk", &panic))?;
        let gateway = gateway.finish().map_err(|panic| ended("gateway", &panic))?;
        if broken_off || risk.desk != desk {
            return Err(Failure::Run(
                "error: the desk of the risk thread is not that of the strategy's".into(),
            ));
        }
        Ok(Ended { traded, wire: gateway.wire, cold })
    }
}

fn thread<A: Agent + Send + 'static>(
    plan: &Plan,
    name: Name,
    meters: &mut Meters,
    agent: A,
) -> std::io::Result<Runner<A>> {
    let meter = meters.agent(name.label());
    Runner::start_metered(name.label(), plan.runtime.agent(name).core, idle_of(plan, name), meter, agent)
}
