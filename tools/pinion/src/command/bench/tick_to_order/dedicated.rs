//! Layout `dedicated`: this thread is the feed, which decodes each frame when it is due; strategy, risk, gateway
//! and journal have threads of their own. The gateway writes an order's bytes as soon as risk lets it pass, and
//! an order's engine time says which frame caused it.

use super::drive::{Driven, Load};
use super::measured::histogram;
use super::pipeline::{BEGIN_NS, Counts, Encoding, Pipeline, decoder};
use super::tcp::{Answers, serve, write_all};
use super::{Rig, Run, close, join};
use crate::failure::Failure;
use crate::session::dedicated::{Makings, Threads, send_event, wait};
use crate::session::keeper::Keeper;
use crate::session::meters::Meters;
use crate::session::past::Repeats;
use crate::session::recorder::Wire;
use crate::session::start::Start;
use hdrhistogram::Histogram;
use pinion_binance::Decoded;
use pinion_engine::Engine;
use pinion_model::body::{CancelBody, OrderBody};
use pinion_model::event::MarketEvent;
use pinion_plan::Layout;
use pinion_runtime::idle::{Idle, IdleKind};
use pinion_runtime::link::link;
use pinion_sim::paper::PaperVenue;
use std::net::TcpStream;
use std::sync::Arc;

/// When frames are due.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    /// Counter at which the first one is.
    start: u64,
    /// Ticks between two.
    period: f64,
    ns_per_tick: f64,
    /// Virtual time between two, ns.
    step_ns: i64,
    warm_up: usize,
}

impl Schedule {
    fn due(&self, frame: usize) -> u64 {
        self.start + (frame as f64 * self.period) as u64
    }

    /// The frame of an engine time; `None` for times between frames.
    fn frame(&self, time_ns: i64) -> Option<usize> {
        let steps = (time_ns - BEGIN_NS) / self.step_ns - 1;
        let exact = (time_ns - BEGIN_NS) % self.step_ns == 0;
        usize::try_from(steps).ok().filter(|_| exact)
    }
}

/// Writes orders as messages, on the gateway's thread, and takes the time since their frames were due.
struct Timed {
    encoding: Encoding,
    schedule: Schedule,
    /// Where the messages go.
    socket: Option<TcpStream>,
    order: Histogram<u64>,
}

impl Wire for Timed {
    fn order(&mut self, order: &OrderBody) {
        self.encoding.order(order);
        if let Some(socket) = &mut self.socket {
            // A peer that is gone ends the run by itself.
            let _ = write_all(socket, &self.encoding.messages);
            self.encoding.messages.clear();
            return;
        }
        let Some(frame) = self.schedule.frame(order.time_ns) else { return };
        if frame >= self.schedule.warm_up {
            let ticks = self.encoding.ready().saturating_sub(self.schedule.due(frame));
            self.order.saturating_record((ticks as f64 * self.schedule.ns_per_tick) as u64);
        }
    }

    fn cancel(&mut self, cancel: &CancelBody) {
        self.encoding.cancel(cancel);
    }
}

/// Time for the threads to be there before the first frame is due, ns.
const HEAD_START_NS: f64 = 20e6;

/// Drives frames through the threads.
pub fn run(rig: &Rig, load: Load, step_ns: i64) -> Result<Run, Failure> {
    let start = rig.ticks.now() + (HEAD_START_NS / rig.ns_per_tick) as u64;
    let period = 1e9 / load.rate / rig.ns_per_tick;
    let schedule = Schedule { start, period, ns_per_tick: rig.ns_per_tick, step_ns, warm_up: load.warm_up };
    let mut threads = start_threads(rig, schedule, None)?;
    let failed = feed(rig, &load, &schedule, &mut threads);
    let waits = threads.events.refused();
    let (engine, stages, wire, keeper) = threads.finish()?.take_apart()?;
    let seconds = (rig.ticks.now() - schedule.due(load.warm_up)) as f64 * rig.ns_per_tick / 1e9;
    close(keeper, rig)?;
    let counts = Counts::of(&engine, &wire.encoding, failed);
    let achieved = load.frames as f64 / seconds;
    let driven = Driven { frame: wire.order.clone(), order: wire.order, achieved, waits };
    Ok(Run { load, driven, counts, stages, echo: None })
}

/// The same with frames from a peer, to which the gateway's thread writes the orders.
pub fn over_tcp(rig: &Rig, load: Load, step_ns: i64) -> Result<Run, Failure> {
    let orders = orders_by_frame(rig, &load, step_ns)?;
    let (stream, peer) = rig.peer(load, Answers::Orders(orders))?;
    let (period, ns_per_tick) = (1.0, rig.ns_per_tick);
    let schedule = Schedule { start: 0, period, ns_per_tick, step_ns, warm_up: load.warm_up };
    let mut threads = start_threads(rig, schedule, Some(stream.try_clone()?))?;
    let (mut decoder, mut now_ns, mut failed) = (decoder(&rig.plan), BEGIN_NS, 0);
    let take = |frame: &[u8], _: &mut Vec<u8>| {
        now_ns += step_ns;
        match decoder.decode(now_ns, frame) {
            Ok(Decoded::Market(instrument, market)) => {
                send(&mut threads, &MarketEvent { instrument, cursor: 0, market });
            }
            _ => failed += 1,
        }
    };
    serve(stream, take, std::thread::yield_now)?;
    let (engine, stages, wire, keeper) = threads.finish()?.take_apart()?;
    close(keeper, rig)?;
    let counts = Counts::of(&engine, &wire.encoding, failed);
    Ok(Run { load, driven: join(peer)?.driven(), counts, stages, echo: None })
}

/// How many orders each frame causes, found on one thread without a journal.
fn orders_by_frame(rig: &Rig, load: &Load, step_ns: i64) -> Result<Vec<u8>, Failure> {
    let keeper = Keeper::new(None, rig.anchors.clone(), Arc::default());
    let mut pipeline = Pipeline::new(&rig.plan, keeper, &rig.ticks, step_ns, true)?;
    let frames = rig.frames.iter().cycle().take(load.warm_up + load.frames);
    let orders = frames.map(|frame| {
        // What is due before the frame comes with it, as in the threads.
        pipeline.settle();
        pipeline.frame(frame);
        let count = memchr::memchr_iter(b'\n', pipeline.messages()).count();
        pipeline.messages().clear();
        count as u8
    });
    Ok(orders.collect())
}

fn start_threads(
    rig: &Rig,
    schedule: Schedule,
    socket: Option<TcpStream>,
) -> Result<Threads<Timed, true>, Failure> {
    let mut plan = rig.plan.clone();
    plan.runtime.layout = Layout::Dedicated;
    let encoding = Encoding::new(&plan, &rig.ticks, socket.is_some());
    let makings = Makings {
        plan: &plan,
        engine: Engine::new(&plan.engine).map_err(|e| Failure::Usage(e.to_string()))?,
        venue: PaperVenue::new(&plan.engine, plan.paper),
        repeats: Repeats::default(),
        // Nobody sends commands here.
        commands: link(1).1,
        shared: Arc::default(),
        ticks: rig.ticks.clone(),
        start: Start::of(&plan)?,
        keeper: rig.keeper()?,
        wire: Timed { encoding, schedule, socket, order: histogram() },
    };
    Threads::start(makings, &mut Meters::none(&rig.ticks))
}

/// Sends an event to the strategy's thread. One that has ended tells why at its join.
fn send(threads: &mut Threads<Timed, true>, event: &MarketEvent<'_>) {
    let mut idle = Idle::new(IdleKind::Yield);
    send_event(event, |message| {
        wait::send(&mut threads.events, &mut idle, message);
    });
}

/// Decodes frames when they are due and sends them on; how many could not be read.
fn feed(rig: &Rig, load: &Load, schedule: &Schedule, threads: &mut Threads<Timed, true>) -> u64 {
    let (mut decoder, mut now_ns) = (decoder(&rig.plan), BEGIN_NS);
    let mut failed = 0;
    for (at, bytes) in rig.frames.iter().cycle().take(load.warm_up + load.frames).enumerate() {
        while rig.ticks.now() < schedule.due(at) {
            // The other threads may need this processor.
            std::thread::yield_now();
        }
        now_ns += schedule.step_ns;
        let Ok(Decoded::Market(instrument, market)) = decoder.decode(now_ns, bytes) else {
            failed += 1;
            continue;
        };
        send(threads, &MarketEvent { instrument, cursor: 0, market });
    }
    failed
}
