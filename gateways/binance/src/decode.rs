//! Frames to market events: `bookTicker`, `trade`, `aggTrade`, `depthUpdate` of spot and USD-M futures,
//! and the REST depth snapshot, bare or wrapped in a combined stream's `{"stream":..,"data":..}`.
//!
//! A REST snapshot names no symbol. It belongs to the only symbol there is, or else to the symbol of the
//! last depth update: recorders ask for it right after they subscribe.

use crate::scan::{Cursor, Reject};
use crate::symbols::{SymbolTable, Units};
use pinion_model::event::{Depth, Level, Market, NO_TIME, Quote, Trade};
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Price, Qty};
use pinion_model::order::Side;

/// What a frame held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decoded<'a> {
    /// A market event of an instrument.
    Market(InstrumentId, Market<'a>),
    /// A message of a kind that carries no market event (a candle, an acknowledgement).
    Ignored,
}

/// The decoder.
#[derive(Clone, Debug)]
pub struct Decoder {
    /// The symbols that it knows.
    pub symbols: SymbolTable,
    bids: Vec<Level>,
    asks: Vec<Level>,
    last_depth: Option<(InstrumentId, Units)>,
}

/// Values of a payload's keys, cut but not read: what `b` means depends on the kind.
#[derive(Default)]
struct Fields<'a> {
    event: Option<&'a [u8]>,
    symbol: Option<&'a [u8]>,
    execution: Option<&'a [u8]>,
    event_ms: u64,
    trade_ms: u64,
    nanoseconds: u64,
    first_id: u64,
    last_id: u64,
    prev_id: u64,
    trade_id: Option<Cursor<'a>>,
    agg_or_ask: Option<Cursor<'a>>,
    bid: Option<Cursor<'a>>,
    bid_qty: Option<Cursor<'a>>,
    ask_qty: Option<Cursor<'a>>,
    price: Option<Cursor<'a>>,
    qty: Option<Cursor<'a>>,
    buyer_is_maker: Option<bool>,
    snapshot_id: Option<u64>,
    snapshot_bids: Option<Cursor<'a>>,
    snapshot_asks: Option<Cursor<'a>>,
}

impl Decoder {
    /// A decoder that keeps at most `levels` levels a side.
    pub fn new(symbols: SymbolTable, levels: usize) -> Decoder {
        Decoder {
            symbols,
            bids: Vec::with_capacity(levels),
            asks: Vec::with_capacity(levels),
            last_depth: None,
        }
    }

    /// Decodes one frame that was received at `recv_ns`.
    #[inline]
    pub fn decode(&mut self, recv_ns: i64, frame: &[u8]) -> Result<Decoded<'_>, Reject> {
        let fields = read(Cursor::new(frame))?;
        match fields.event {
            Some(b"bookTicker") => self.quote(recv_ns, &fields),
            Some(b"trade") => self.trade(recv_ns, &fields, fields.trade_id),
            Some(b"aggTrade") => self.trade(recv_ns, &fields, fields.agg_or_ask),
            Some(b"depthUpdate") => self.depth(recv_ns, &fields),
            Some(_) => Ok(Decoded::Ignored),
            None if fields.snapshot_id.is_some() => self.snapshot(recv_ns, &fields),
            // Spot's bookTicker has no event name.
            None if fields.bid_qty.is_some() && fields.symbol.is_some() => self.quote(recv_ns, &fields),
            None => Ok(Decoded::Ignored),
        }
    }

    #[inline]
    fn quote(&mut self, recv_ns: i64, f: &Fields<'_>) -> Result<Decoded<'_>, Reject> {
        let (id, units) = self.find(f)?;
        let quote = Quote {
            recv_ns,
            venue_ns: f.venue_ns(),
            update_id: f.last_id,
            bid: Price(cut(f.bid, units.price)?),
            ask: Price(cut(f.agg_or_ask, units.price)?),
            bid_qty: Qty(cut(f.bid_qty, units.qty)?),
            ask_qty: Qty(cut(f.ask_qty, units.qty)?),
        };
        if quote.bid < Price::ZERO
            || quote.ask < Price::ZERO
            || quote.bid_qty < Qty::ZERO
            || quote.ask_qty < Qty::ZERO
        {
            return Err(Reject::NotPositive);
        }
        Ok(Decoded::Market(id, Market::Quote(quote)))
    }

    #[inline]
    fn trade(
        &mut self,
        recv_ns: i64,
        f: &Fields<'_>,
        number: Option<Cursor<'_>>,
    ) -> Result<Decoded<'_>, Reject> {
        let (id, units) = self.find(f)?;
        if f.execution.is_some_and(|x| x != b"MARKET") {
            return Err(Reject::NotAMarketTrade);
        }
        let trade = Trade {
            recv_ns,
            venue_ns: f.venue_ns(),
            trade_id: number.ok_or(Reject::MissingField)?.integer()?,
            price: Price(cut(f.price, units.price)?),
            qty: Qty(cut(f.qty, units.qty)?),
            aggressor: f.buyer_is_maker.map(|maker| if maker { Side::Sell } else { Side::Buy }),
        };
        if trade.price <= Price::ZERO || trade.qty <= Qty::ZERO {
            return Err(Reject::NotPositive);
        }
        Ok(Decoded::Market(id, Market::Trade(trade)))
    }

    fn depth(&mut self, recv_ns: i64, f: &Fields<'_>) -> Result<Decoded<'_>, Reject> {
        let found = self.find(f)?;
        self.last_depth = Some(found);
        let (id, units) = found;
        self.read_levels(units, f.bid, f.agg_or_ask)?;
        let depth = Depth {
            recv_ns,
            venue_ns: f.venue_ns(),
            first_id: f.first_id,
            last_id: f.last_id,
            prev_id: f.prev_id,
            snapshot: false,
            bids: &self.bids,
            asks: &self.asks,
        };
        Ok(Decoded::Market(id, Market::Depth(depth)))
    }

    fn snapshot(&mut self, recv_ns: i64, f: &Fields<'_>) -> Result<Decoded<'_>, Reject> {
        let named = f.symbol.and_then(|s| self.symbols.find(s));
        let found = named.or(self.symbols.only()).or(self.last_depth);
        let (id, units) = found.ok_or(Reject::UnknownSymbol)?;
        self.read_levels(units, f.snapshot_bids, f.snapshot_asks)?;
        let last_id = f.snapshot_id.ok_or(Reject::MissingField)?;
        let depth = Depth {
            recv_ns,
            venue_ns: f.venue_ns(),
            first_id: last_id,
            last_id,
            prev_id: 0,
            snapshot: true,
            bids: &self.bids,
            asks: &self.asks,
        };
        Ok(Decoded::Market(id, Market::Depth(depth)))
    }

    fn read_levels(
        &mut self,
        units: Units,
        bids: Option<Cursor<'_>>,
        asks: Option<Cursor<'_>>,
    ) -> Result<(), Reject> {
        for (side, cursor) in [(&mut self.bids, bids), (&mut self.asks, asks)] {
            side.clear();
            cursor.ok_or(Reject::MissingField)?.levels(units.price, units.qty, side)?;
        }
        Ok(())
    }

    #[inline]
    fn find(&mut self, f: &Fields<'_>) -> Result<(InstrumentId, Units), Reject> {
        self.symbols.find(f.symbol.ok_or(Reject::MissingField)?).ok_or(Reject::UnknownSymbol)
    }
}

#[inline]
fn cut(cursor: Option<Cursor<'_>>, exponent: u8) -> Result<i64, Reject> {
    cursor.ok_or(Reject::MissingField)?.decimal(exponent)
}

impl Fields<'_> {
    /// Trade time, else event time, else nothing; `Tns` is Pinion's own, for recordings that have more
    /// than milliseconds.
    #[inline]
    fn venue_ns(&self) -> i64 {
        if self.nanoseconds > 0 {
            return self.nanoseconds as i64;
        }
        let time = if self.trade_ms > 0 { self.trade_ms } else { self.event_ms };
        match time {
            0 => NO_TIME,
            // Sockets can be asked for microseconds: 16 digits instead of 13.
            1..10_000_000_000_000 => time as i64 * 1_000_000,
            _ => time.min(9_000_000_000_000_000) as i64 * 1000,
        }
    }
}

/// Walks the keys of a payload, stepping into `data` of a combined stream.
#[inline]
fn read(mut cursor: Cursor<'_>) -> Result<Fields<'_>, Reject> {
    let mut f = Fields::default();
    let mut first = true;
    while let Some(key) = cursor.key(&mut first)? {
        match key {
            b"e" => f.event = Some(cursor.string()?),
            b"s" | b"symbol" => f.symbol = Some(cursor.string()?),
            b"E" => f.event_ms = cursor.integer()?,
            b"T" => f.trade_ms = cursor.integer()?,
            b"Tns" => f.nanoseconds = cursor.integer()?,
            b"U" => f.first_id = cursor.integer()?,
            b"u" => f.last_id = cursor.integer()?,
            b"pu" => f.prev_id = cursor.integer()?,
            b"m" => f.buyer_is_maker = Some(cursor.boolean()?),
            b"X" => f.execution = Some(cursor.string()?),
            // What follows the payload (the closing brace of the wrapper) holds nothing more.
            b"data" => return read(cursor),
            b"lastUpdateId" => f.snapshot_id = Some(cursor.integer()?),
            b"t" => f.trade_id = Some(cursor.later()?),
            b"a" => f.agg_or_ask = Some(cursor.later()?),
            b"b" => f.bid = Some(cursor.later()?),
            b"B" => f.bid_qty = Some(cursor.later()?),
            b"A" => f.ask_qty = Some(cursor.later()?),
            b"p" => f.price = Some(cursor.later()?),
            b"q" => f.qty = Some(cursor.later()?),
            b"bids" => f.snapshot_bids = Some(cursor.later()?),
            b"asks" => f.snapshot_asks = Some(cursor.later()?),
            _ => cursor.skip()?,
        }
    }
    Ok(f)
}
