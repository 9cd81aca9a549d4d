//! Pieces of a feed: events as plain values, and some of them in order of time.

use pinion_model::event::{Bar, Depth, Level, Market, MarketEvent, Quote, Trade};
use pinion_model::instrument::InstrumentId;

/// A market event without its levels.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// Instrument.
    pub instrument: InstrumentId,
    /// Line in its file, from 1.
    pub cursor: u64,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum EventKind {
    /// Best bid and offer.
    Quote(Quote),
    /// A trade.
    Trade(Trade),
    /// A bar of this length in ns.
    Bar(Bar, i64),
    /// Depth whose levels are `levels[start..start + bids + asks]` of the chunk.
    Depth {
        /// The update with empty levels.
        head: Depth<'static>,
        /// First level.
        start: usize,
        /// Bids.
        bids: usize,
        /// Offers.
        asks: usize,
    },
}

impl Event {
    /// With its levels.
    #[inline]
    pub fn with_levels<'a>(&self, levels: &'a [Level]) -> MarketEvent<'a> {
        let market = match self.kind {
            EventKind::Quote(q) => Market::Quote(q),
            EventKind::Trade(t) => Market::Trade(t),
            EventKind::Bar(bar, interval_ns) => Market::Bar { bar, interval_ns },
            EventKind::Depth { head, start, bids, asks } => {
                let (bids, asks) = levels[start..start + bids + asks].split_at(bids);
                Market::Depth(Depth { bids, asks, ..head })
            }
        };
        MarketEvent { instrument: self.instrument, cursor: self.cursor, market }
    }

    /// When the engine learns of it, ns.
    pub fn time_ns(&self) -> i64 {
        match &self.kind {
            EventKind::Quote(q) => q.recv_ns,
            EventKind::Trade(t) => t.recv_ns,
            EventKind::Bar(bar, interval_ns) => bar.open_ns + interval_ns,
            EventKind::Depth { head, .. } => head.recv_ns,
        }
    }
}

/// Some events in order of time.
#[derive(Debug)]
pub enum Chunk<'a> {
    /// Bars of one instrument.
    Bars {
        /// Instrument.
        instrument: InstrumentId,
        /// Length of a bar, ns.
        interval_ns: i64,
        /// Line of the first; the others follow one by one.
        first_cursor: u64,
        /// The bars.
        bars: &'a [Bar],
    },
    /// Quotes of one instrument.
    Quotes {
        /// Instrument.
        instrument: InstrumentId,
        /// Line of the first; the others follow one by one.
        first_cursor: u64,
        /// The quotes.
        quotes: &'a [Quote],
    },
    /// Anything.
    Mixed {
        /// The events.
        events: &'a [Event],
        /// Levels of the depth updates among them.
        levels: &'a [Level],
    },
}

impl Chunk<'_> {
    /// Items in the chunk.
    pub fn len(&self) -> usize {
        match self {
            Chunk::Bars { bars, .. } => bars.len(),
            Chunk::Quotes { quotes, .. } => quotes.len(),
            Chunk::Mixed { events, .. } => events.len(),
        }
    }

    /// True without items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A market event as a plain value, its levels put behind those that are there.
pub(crate) fn keep(market: Market<'_>, levels: &mut Vec<Level>) -> EventKind {
    match market {
        Market::Quote(q) => EventKind::Quote(q),
        Market::Trade(t) => EventKind::Trade(t),
        Market::Bar { bar, interval_ns } => EventKind::Bar(bar, interval_ns),
        Market::Depth(d) => {
            let start = levels.len();
            levels.extend_from_slice(d.bids);
            levels.extend_from_slice(d.asks);
            let head = d.head();
            EventKind::Depth { head, start, bids: d.bids.len(), asks: d.asks.len() }
        }
    }
}
