//! What the dedicated threads tell each other: plain copies, two or three cache lines with the ring's
//! sequence. A depth update is a head and its levels, six to a message.

use pinion_engine::remote::DeskMessage;
use pinion_engine::risk::VerdictPart;
use pinion_model::body::{CancelBody, ExecutionBody, OrderBody};
use pinion_model::event::{Bar, Depth, Level, Market, MarketEvent, Quote, Trade};
use pinion_model::instrument::InstrumentId;

/// Levels in one message.
const LEVELS: usize = 6;

/// A market event or a part of one.
#[derive(Clone, Copy, Debug)]
pub enum MarketMessage {
    /// A quote with its instrument and cursor.
    Quote(InstrumentId, u64, Quote),
    /// A trade.
    Trade(InstrumentId, u64, Trade),
    /// A bar and its length, ns.
    Bar(InstrumentId, u64, Bar, i64),
    /// A depth update, whose levels follow, so many bids and then so many offers.
    Depth { id: InstrumentId, cursor: u64, head: Depth<'static>, bids: u32, asks: u32 },
    /// Levels of it, bids first; unused ones are zero.
    Levels([Level; LEVELS]),
}

/// From the strategy's thread to the risk thread.
pub type ToRisk = DeskMessage;

/// From the risk thread to the strategy's.
pub type FromRisk = VerdictPart;

/// From the risk thread to the gateway: what may leave.
#[derive(Clone, Copy, Debug)]
pub enum Outgoing {
    /// An order.
    Order(OrderBody),
    /// A cancel.
    Cancel(CancelBody),
}

impl Outgoing {
    /// Number of the order that it is about.
    pub fn order(&self) -> u64 {
        match self {
            Outgoing::Order(order) => order.order,
            Outgoing::Cancel(cancel) => cancel.order,
        }
    }
}

/// From the strategy's thread to the gateway, which keeps the venue's virtual time.
#[derive(Clone, Copy, Debug)]
pub enum ToGateway {
    /// The market moved.
    Market(MarketMessage),
    /// A bar will begin.
    BeforeBar(i64),
    /// A bar, once its open may be traded at.
    Bar(InstrumentId, Bar),
    /// Match against the book, which follows the depth updates, at this time.
    FollowBook(InstrumentId, i64),
    /// The order with this number, or its cancel, comes from the risk thread and left the engine at this time.
    Expect(u64, i64),
    /// The order with this number does not leave, though risk let it pass.
    Withhold(u64),
    /// Say how things stand.
    State,
    /// Let what is due by this time happen, and say what comes of it.
    Poll(i64),
}

/// From the gateway to the strategy's thread, for each question.
#[derive(Clone, Copy, Debug)]
pub struct FromGateway {
    /// A report that was due.
    pub report: Option<ExecutionBody>,
    /// When the venue will next have something to do or to say.
    pub next_ns: i64,
    /// Nothing rests and nothing is on its way.
    pub idle: bool,
}

const _: () = assert!(size_of::<MarketMessage>() <= 120);
const _: () = assert!(size_of::<ToRisk>() <= 176 && size_of::<FromRisk>() <= 176);
const _: () = assert!(size_of::<ToGateway>() <= 176 && size_of::<FromGateway>() <= 176);
const _: () = assert!(size_of::<Outgoing>() <= 176);

/// Puts an event into messages.
pub fn send_event(event: &MarketEvent<'_>, mut put: impl FnMut(MarketMessage)) {
    let (id, cursor) = (event.instrument, event.cursor);
    match &event.market {
        Market::Quote(quote) => put(MarketMessage::Quote(id, cursor, *quote)),
        Market::Trade(trade) => put(MarketMessage::Trade(id, cursor, *trade)),
        Market::Bar { bar, interval_ns } => put(MarketMessage::Bar(id, cursor, *bar, *interval_ns)),
        Market::Depth(d) => {
            let (bids, asks) = (d.bids.len() as u32, d.asks.len() as u32);
            put(MarketMessage::Depth { id, cursor, head: d.head(), bids, asks });
            let mut levels = d.bids.iter().chain(d.asks).copied();
            for _ in 0..(d.bids.len() + d.asks.len()).div_ceil(LEVELS) {
                put(MarketMessage::Levels(std::array::from_fn(|_| levels.next().unwrap_or_default())));
            }
        }
    }
}

/// Levels for which an assembler has room from the start: a snapshot of 5,000 a side.
const ROOM: usize = 10_000 + LEVELS;

/// Puts messages together again.
pub struct Assembler {
    /// A depth update whose levels are coming: its event without them, and how many of both kinds there are.
    head: Option<(InstrumentId, u64, Depth<'static>, usize, usize)>,
    levels: Vec<Level>,
}

impl Default for Assembler {
    fn default() -> Self {
        Assembler { head: None, levels: Vec::with_capacity(ROOM) }
    }
}

impl Assembler {
    /// Takes a message; the event that it completes.
    #[inline]
    pub fn take(&mut self, message: &MarketMessage) -> Option<MarketEvent<'_>> {
        let event = |instrument, cursor, market| Some(MarketEvent { instrument, cursor, market });
        match *message {
            MarketMessage::Quote(id, cursor, quote) => event(id, cursor, Market::Quote(quote)),
            MarketMessage::Trade(id, cursor, trade) => event(id, cursor, Market::Trade(trade)),
            MarketMessage::Bar(id, cursor, bar, interval_ns) => {
                event(id, cursor, Market::Bar { bar, interval_ns })
            }
            MarketMessage::Depth { id, cursor, head, bids, asks } => {
                self.head = Some((id, cursor, head, bids as usize, asks as usize));
                self.levels.clear();
                self.depth()
            }
            MarketMessage::Levels(levels) => {
                self.levels.extend_from_slice(&levels);
                self.depth()
            }
        }
    }

    /// The depth update, once all its levels are there.
    fn depth(&mut self) -> Option<MarketEvent<'_>> {
        let (instrument, cursor, head, bids, asks) = self.head?;
        let levels = self.levels.get(..bids + asks)?;
        self.head = None;
        let (bids, asks) = levels.split_at(bids);
        Some(MarketEvent { instrument, cursor, market: Market::Depth(Depth { bids, asks, ..head }) })
    }
}
