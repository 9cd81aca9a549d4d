//! From a frame's bytes to an order's bytes: the agents of a session, fed frame by frame.

use crate::failure::Failure;
use crate::session::feed::Feed;
use crate::session::gate::Gate;
use crate::session::keeper::Out;
use crate::session::recorder::{Recorder, Wire};
use crate::session::trading::{Shared, Trading};
use pinion_binance::encode::OrderEncoder;
use pinion_binance::symbols::Units;
use pinion_binance::{Decoded, Decoder, SymbolTable};
use pinion_engine::Engine;
use pinion_model::body::{CancelBody, OrderBody};
use pinion_model::event::MarketEvent;
use pinion_model::instrument::Instrument;
use pinion_plan::{Plan, least_depth};
use pinion_runtime::latency::Latency;
use pinion_runtime::link::link;
use pinion_runtime::ticks::Ticks;
use pinion_sim::paper::PaperVenue;
use std::sync::Arc;

/// Levels of the densest depth message.
const LEVELS: usize = 5_000;
/// Beginning of the run's virtual time, ns since 1970 UTC.
pub const BEGIN_NS: i64 = 1_700_000_000_000_000_000;

/// Writes orders as messages and remembers when.
pub struct Encoding {
    encoder: OrderEncoder,
    ticks: Ticks,
    /// Counter when the last order's bytes were ready; 0 when the frame caused none.
    ready: u64,
    /// The messages of the present frame, for a socket; left empty where nobody sends them.
    pub messages: Vec<u8>,
    keep: bool,
    orders: u64,
    /// Orders that could not be written.
    failed: u64,
}

impl Encoding {
    /// An encoder for the plan's instruments. `keep` gathers messages for a socket.
    pub fn new(plan: &Plan, ticks: &Ticks, keep: bool) -> Encoding {
        let units = |i: &Instrument| Units { price: i.price_exponent, qty: i.qty_exponent };
        let symbols = plan.engine.instruments.iter().map(|i| (i.symbol.as_str(), units(i)));
        Encoding {
            encoder: OrderEncoder::new(symbols, "pinion", 1),
            ticks: ticks.clone(),
            ready: 0,
            messages: Vec::with_capacity(64 * 1024),
            keep,
            orders: 0,
            failed: 0,
        }
    }

    /// Counter when the last order's bytes were ready.
    pub fn ready(&self) -> u64 {
        self.ready
    }
}

/// A decoder of the plan's instruments.
pub fn decoder(plan: &Plan) -> Decoder {
    Decoder::new(SymbolTable::of(&plan.engine.instruments), LEVELS)
}

impl Wire for Encoding {
    #[inline]
    fn order(&mut self, order: &OrderBody) {
        match self.encoder.place(order, order.time_ns) {
            Ok(bytes) => {
                if self.keep {
                    self.messages.extend_from_slice(bytes);
                    self.messages.push(b'\n');
                } else {
                    std::hint::black_box(bytes);
                }
                self.ready = self.ticks.now();
                self.orders += 1;
            }
            Err(_) => self.failed += 1,
        }
    }

    fn cancel(&mut self, cancel: &CancelBody) {
        if let Ok(bytes) = self.encoder.cancel(cancel, cancel.time_ns) {
            std::hint::black_box(bytes);
        }
    }
}

/// What the pipeline counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Orders that became bytes.
    pub orders: u64,
    /// Frames that were no market events, and orders that could not be written.
    pub failed: u64,
    /// Fills of the simulated venue.
    pub fills: u64,
    /// Intents that risk refused.
    pub refused: u64,
    /// Orders that the venue refused.
    pub rejected: u64,
    /// Gaps in order books.
    pub gaps: u64,
}

impl Counts {
    /// What an engine and its encoder have counted, and frames that were no market events.
    pub fn of(engine: &Engine, wire: &Encoding, failed: u64) -> Counts {
        let counters = engine.counters();
        Counts {
            orders: wire.orders,
            failed: failed + wire.failed,
            fills: counters.fills,
            refused: counters.refused,
            rejected: counters.rejected,
            gaps: engine.inputs().book_gaps,
        }
    }

    /// Of several engines together.
    pub fn and(&self, other: &Counts) -> Counts {
        Counts {
            orders: self.orders + other.orders,
            failed: self.failed + other.failed,
            fills: self.fills + other.fills,
            refused: self.refused + other.refused,
            rejected: self.rejected + other.rejected,
            gaps: self.gaps + other.gaps,
        }
    }

    /// What was counted since `before`.
    pub fn since(&self, before: &Counts) -> Counts {
        Counts {
            orders: self.orders - before.orders,
            failed: self.failed - before.failed,
            fills: self.fills - before.fills,
            refused: self.refused - before.refused,
            rejected: self.rejected - before.rejected,
            gaps: self.gaps - before.gaps,
        }
    }
}

/// Decoder, engine, risk, simulated venue, encoder and journal hand-over on one thread.
pub struct Pipeline<O> {
    trading: Trading<O, Encoding, PaperVenue, true>,
    decoder: Decoder,
    now_ns: i64,
    step_ns: i64,
    failed: u64,
}

impl<O: Out> Pipeline<O> {
    /// A pipeline whose frames lie `step_ns` of virtual time apart. `keep` gathers messages for a socket.
    pub fn new(plan: &Plan, out: O, ticks: &Ticks, step_ns: i64, keep: bool) -> Result<Self, Failure> {
        let engine = Engine::new(&plan.engine).map_err(|e| Failure::Usage(e.to_string()))?;
        let wire = Encoding::new(plan, ticks, keep);
        // Nobody sends commands here.
        let (_, commands) = link(1);
        let venue = PaperVenue::new(&plan.engine, plan.paper);
        let recorder = Recorder::new(out, wire, ticks.clone());
        let (feed, shared) = (Feed::default(), Arc::new(Shared::default()));
        Ok(Pipeline {
            trading: Trading::new(engine, venue, feed, recorder, commands, shared, 0),
            decoder: decoder(plan),
            now_ns: BEGIN_NS,
            step_ns,
            failed: 0,
        })
    }

    /// Orders become bytes when they have passed this gate.
    pub fn set_gate(&mut self, gate: Option<Gate>) {
        self.trading.set_gate(gate);
    }

    /// True when the journal's link can take what a frame may cause.
    #[inline]
    pub fn has_room(&mut self) -> bool {
        self.trading.has_room()
    }

    /// True when the link is far from stopping entries.
    #[inline]
    pub fn has_plenty_of_room(&mut self) -> bool {
        let most = self.link_records();
        self.trading.recorder.out.has_credits(most)
    }

    /// Before a frame: entries stop as the journal's link fills up, and go on when it has room again.
    #[inline]
    pub fn heed_link(&mut self) {
        self.trading.heed_link();
    }

    /// Takes a frame; returns the counter at which its last order was ready to be sent, or 0 without one. A
    /// function of its own, so that a profiler can count what it does.
    #[inline(never)]
    pub fn frame(&mut self, bytes: &[u8]) -> u64 {
        self.now_ns += self.step_ns;
        self.trading.recorder.wire.ready = 0;
        match self.decoder.decode(self.now_ns, bytes) {
            Ok(Decoded::Market(instrument, market)) => {
                self.trading.on_event(&MarketEvent { instrument, cursor: 0, market });
            }
            _ => self.failed += 1,
        }
        self.trading.recorder.wire.ready
    }

    /// What the venue answers before the next frame, as its own socket would deliver it: between frames.
    #[inline]
    pub fn settle(&mut self) {
        self.trading.advance(self.now_ns + self.step_ns - 1);
    }

    /// The messages of the frames since the last call, each with a line end.
    pub fn messages(&mut self) -> &mut Vec<u8> {
        &mut self.trading.recorder.wire.messages
    }

    /// Where records go.
    pub fn out(&mut self) -> &mut O {
        &mut self.trading.recorder.out
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        Counts::of(&self.trading.engine, &self.trading.recorder.wire, self.failed)
    }

    /// Least depth of a link for this pipeline, records.
    pub fn link_records(&self) -> usize {
        least_depth(self.trading.burst())
    }

    /// Takes the pipeline apart: counts, times of the stages, and where the records went.
    pub fn finish(self) -> (Counts, Latency, O) {
        (self.counts(), self.trading.recorder.latency, self.trading.recorder.out)
    }
}
