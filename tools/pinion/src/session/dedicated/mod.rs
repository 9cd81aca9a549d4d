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
mod wait;

use super::feed::Feed;
use super::keeper::{Keeper, KeeperAgent};
use super::layouts::both;
use super::meters::Meters;
use super::recorder::Recorder;
use super::run::{FeedEnd, Finished, Parts, Rest, Watch, collect, ended, idle_of};
use super::trading::Trading;
use crate::failure::Failure;
use feed::FeedAgent;
use gateway::{GatewayAgent, RemoteVenue};
use pinion_engine::book::Book;
use pinion_engine::desk::Desk;
use pinion_model::record::Entry;
use pinion_plan::{Agent as Name, Plan};
use pinion_runtime::agent::{Agent, Runner};
use pinion_runtime::link::{Tx, link};
use risk::RiskAgent;
use strategy::{RiskLink, StrategyAgent};

/// The threads.
struct Threads<const FULL: bool> {
    feed: Runner<FeedAgent>,
    strategy: Runner<StrategyAgent<Tx<Entry>, FULL>>,
    risk: Runner<RiskAgent>,
    gateway: Runner<GatewayAgent>,
    cold: Runner<KeeperAgent>,
}

/// Runs a session in this layout.
pub fn run<const FULL: bool>(parts: Parts<'_>, watch: &mut Watch) -> Result<Finished, Failure> {
    let (rest, keeper, began) = parts.split();
    let threads = start::<FULL>(rest, keeper, &mut watch.meters)?;
    let Threads { feed, strategy, risk, gateway, cold } = threads;
    let pinned = [feed.pinned, strategy.pinned, risk.pinned, gateway.pinned, cold.pinned];
    let pinned = pinned.into_iter().fold(None, both);
    watch.until(|| strategy.is_finished());
    let strategy = strategy.finish().map_err(|panic| ended("strategy", &panic))?;
    let broken_off = strategy.is_alone();
    let desk = strategy.trading.engine.desk().clone();
    // Without its links the other threads come to their end.
    let traded = strategy.trading.finish();
    let feed = feed.finish().map_err(|panic| ended("feed", &panic))?;
    let risk = risk.finish().map_err(|panic| ended("risk", &panic))?;
    gateway.finish().map_err(|panic| ended("gateway", &panic))?;
    if broken_off || risk.desk != desk {
        return Err(Failure::Run("error: the desk of the risk thread is not that of the strategy's".into()));
    }
    let run = began.elapsed().saturating_sub(feed.load.0);
    let broken = FeedEnd::broken(&feed.source);
    let feed = FeedEnd { complete: feed.complete, broken, error: feed.error, load: feed.load };
    collect(traded, feed, run, pinned, |tx| {
        drop(tx);
        Ok(cold.finish().map_err(|panic| ended("cold", &panic))?.into_keeper())
    })
}

/// Starts the threads from the journal's end, so that whoever receives is there before what it receives.
fn start<const FULL: bool>(
    rest: Rest<'_>,
    keeper: Keeper,
    meters: &mut Meters,
) -> Result<Threads<FULL>, Failure> {
    let Rest { plan, engine, venue, source, commands, shared, ticks, start } = rest;
    let order_ring = plan.runtime.order_ring_messages;
    let (events, from_feed) = link(plan.runtime.feed_ring_messages);
    let (steps, from_strategy) = link(order_ring);
    let (verdicts, from_risk) = link(order_ring);
    let (orders, passed) = link(order_ring);
    let (questions, asked) = link(order_ring);
    let (answers, answered) = link(order_ring);
    let (records, written) = link(plan.journal_ring_depth());
    let idle = |agent, meters: &Meters| meters.blocking(idle_of(plan, agent));
    let books = plan.engine.instruments.iter().map(|_| Book::new(plan.engine.book_levels as usize)).collect();

    let cold = thread(plan, Name::Cold, meters, KeeperAgent::new(keeper, written))?;
    let most = plan.engine.max_open_orders as usize;
    let mut agent =
        GatewayAgent::new(venue, books, most, asked, passed, answers, idle(Name::Gateway, meters));
    agent.meter = meters.link(Name::Gateway, Name::Strategy, None);
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
    let mut trading = Trading::new(engine, venue, Feed::default(), recorder, commands, shared, latency_ns);
    trading.open(plan);
    trading.start = Some(start);
    trading.journal_link = meters.link(Name::Strategy, Name::Cold, None);
    let strategy = thread(plan, Name::Strategy, meters, StrategyAgent::new(trading, from_feed))?;
    let mut agent = FeedAgent::new(source, events, idle(Name::Feed, meters));
    (agent.meter, agent.link) = (meters.feed(None), meters.link(Name::Feed, Name::Strategy, None));
    let feed = thread(plan, Name::Feed, meters, agent)?;
    Ok(Threads { feed, strategy, risk, gateway, cold })
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
