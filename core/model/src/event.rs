//! Market events as feeds deliver them: compact, plain, allocation-free.
//!
//! Times are nanoseconds since 1970-01-01 UTC. `recv_ns` is when this machine (or the recorder) saw
//! the message and is the engine's clock; `venue_ns` is the venue's own time, or [`NO_TIME`].

use crate::instrument::InstrumentId;
use crate::number::{Price, Qty};
use crate::order::Side;
use serde::{Deserialize, Serialize};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Stands for a time that the venue did not give.
pub const NO_TIME: i64 = i64::MIN;

/// Best bid and offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Receive time, ns.
    pub recv_ns: i64,
    /// Venue time, ns, or [`NO_TIME`].
    pub venue_ns: i64,
    /// The venue's update id; 0 where it has none.
    pub update_id: u64,
    /// Best bid; 0 when that side is empty.
    pub bid: Price,
    /// Best offer; 0 when that side is empty.
    pub ask: Price,
    /// Size at the bid.
    pub bid_qty: Qty,
    /// Size at the offer.
    pub ask_qty: Qty,
}

/// A trade print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// Receive time, ns.
    pub recv_ns: i64,
    /// Venue time of the trade, ns, or [`NO_TIME`].
    pub venue_ns: i64,
    /// The venue's id of the trade (of the last one in an aggregate).
    pub trade_id: u64,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub qty: Qty,
    /// Who crossed the spread, if the venue tells.
    pub aggressor: Option<Side>,
}

/// A finished bar: 48 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// Start of the interval, ns.
    pub open_ns: i64,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Volume traded.
    pub volume: Qty,
}

const _: () = assert!(size_of::<Bar>() == 48);

/// One price level of a book. A quantity of zero removes the level.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
)]
#[repr(C)]
pub struct Level {
    /// Price of the level.
    pub price: Price,
    /// Total quantity at it.
    pub qty: Qty,
}

/// A depth update, or a snapshot when `snapshot` is set. The levels belong to the decoder's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth<'a> {
    /// Receive time, ns.
    pub recv_ns: i64,
    /// Venue time, ns, or [`NO_TIME`].
    pub venue_ns: i64,
    /// First update id in the message (`U`); of a snapshot, its last.
    pub first_id: u64,
    /// Last update id in the message (`u`).
    pub last_id: u64,
    /// Last id of the previous message (`pu`, USD-M futures); 0 where the venue has none.
    pub prev_id: u64,
    /// A whole book instead of changes.
    pub snapshot: bool,
    /// Bid levels in the message's order.
    pub bids: &'a [Level],
    /// Offer levels in the message's order.
    pub asks: &'a [Level],
}

impl Depth<'_> {
    /// All of it but the levels.
    pub fn head(&self) -> Depth<'static> {
        Depth { bids: &[], asks: &[], ..*self }
    }
}

/// What a feed says about one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Market<'a> {
    /// Best bid and offer.
    Quote(Quote),
    /// A trade.
    Trade(Trade),
    /// A finished bar of `interval_ns`.
    Bar {
        /// The bar.
        bar: Bar,
        /// Its length, ns.
        interval_ns: i64,
    },
    /// Depth.
    Depth(Depth<'a>),
}

impl Market<'_> {
    /// When the engine learns of the event, ns: the receive time, or a bar's end.
    pub fn time_ns(&self) -> i64 {
        match self {
            Market::Quote(q) => q.recv_ns,
            Market::Trade(t) => t.recv_ns,
            Market::Bar { bar, interval_ns } => bar.open_ns + interval_ns,
            Market::Depth(d) => d.recv_ns,
        }
    }
}

/// A market event with its instrument and where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketEvent<'a> {
    /// The instrument.
    pub instrument: InstrumentId,
    /// Line of the recording or number of the connection's message, from 1.
    pub cursor: u64,
    /// The event.
    pub market: Market<'a>,
}
