//! Frames to market events: `bookTicker`, `trade`, `aggTrade`, `depthUpdate` of spot and USD-M futures,
//! and the REST depth snapshot, bare or wrapped in a combined stream's `{"stream":..,"data":..}`.
//!
//! A REST snapshot names no symbol. It belongs to the only symbol there is, or else to the symbol of the
//! last depth update: recorders ask for it right after they subscribe.

use crate::fast::Strict;
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

/// What a frame of a usual shape held; the levels of depth are in the decoder's buffers.
enum Usual {
    Market(Market<'static>),
    Depth(Depth<'static>),
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
        match self.usual(recv_ns, frame) {
            Some((id, Usual::Market(market))) => Ok(Decoded::Market(id, market)),
            Some((id, Usual::Depth(head))) => {
                let depth = Depth { bids: &self.bids, asks: &self.asks, ..head };
                Ok(Decoded::Market(id, Market::Depth(depth)))
            }
            None => self.decode_any(recv_ns, frame),
        }
    }

    /// The usual shapes of quotes, trades and depth updates.
    #[inline(always)]
    fn usual(&mut self, recv_ns: i64, frame: &[u8]) -> Option<(InstrumentId, Usual)> {
        let mut at = Strict::new(frame);
        at.unwrap_stream()?;
        if at.has(b"{\"e\":\"") {
            return match at.word()? {
                b"bookTicker" => self.usual_quote(recv_ns, at, b","),
                b"trade" => self.usual_trade(recv_ns, at),
                b"aggTrade" => self.usual_agg_trade(recv_ns, at),
                b"depthUpdate" => self.usual_depth(recv_ns, at),
                _ => None,
            };
        }
        self.usual_quote(recv_ns, at, b"{")
    }

    #[inline(always)]
    fn usual_quote(
        &mut self,
        recv_ns: i64,
        mut at: Strict<'_>,
        opening: &[u8],
    ) -> Option<(InstrumentId, Usual)> {
        at.lit(opening)?;
        let update_id = if at.has(b"\"u\":") {
            let id = at.whole()?;
            at.lit(b",")?;
            id
        } else {
            0
        };
        at.lit(b"\"s\":\"")?;
        let (instrument, units) = at.symbol(&mut self.symbols)?;
        at.lit(b",\"b\":\"")?;
        let bid = Price(at.quoted(units.price)?);
        at.lit(b",\"B\":\"")?;
        let bid_qty = Qty(at.quoted(units.qty)?);
        at.lit(b",\"a\":\"")?;
        let ask = Price(at.quoted(units.price)?);
        at.lit(b",\"A\":\"")?;
        let ask_qty = Qty(at.quoted(units.qty)?);
        let venue_ns = if at.has(b"}") {
            NO_TIME
        } else if at.has(b",\"T\":") {
            let trade_ms = at.whole()?;
            at.lit(b",\"E\":")?;
            at.skip_whole()?;
            at.lit(b"}")?;
            venue_ns(trade_ms)
        } else {
            at.lit(b",\"Tns\":")?;
            let ns = at.whole()?;
            at.lit(b"}")?;
            ns as i64
        };
        let quote = Quote { recv_ns, venue_ns, update_id, bid, ask, bid_qty, ask_qty };
        Some((instrument, Usual::Market(Market::Quote(quote))))
    }

    #[inline(always)]
    fn usual_trade(&mut self, recv_ns: i64, mut at: Strict<'_>) -> Option<(InstrumentId, Usual)> {
        let mut trade_ms = None;
        if at.has(b",\"E\":") {
            at.skip_whole()?;
            if at.has(b",\"T\":") {
                trade_ms = Some(at.whole()?);
            }
        }
        at.lit(b",\"s\":\"")?;
        let (instrument, units) = at.symbol(&mut self.symbols)?;
        at.lit(b",\"t\":")?;
        let trade_id = at.whole()?;
        at.lit(b",\"p\":\"")?;
        let price = Price(at.quoted(units.price)?);
        at.lit(b",\"q\":\"")?;
        let qty = Qty(at.quoted(units.qty)?);
        let trade_ms = match trade_ms {
            Some(ms) => {
                at.lit(b",\"X\":\"MARKET\"")?;
                ms
            }
            None => {
                at.lit(b",\"T\":")?;
                at.whole()?
            }
        };
        self.end_trade(recv_ns, at, instrument, (venue_ns(trade_ms), trade_id, price, qty))
    }

    #[inline(always)]
    fn usual_agg_trade(&mut self, recv_ns: i64, mut at: Strict<'_>) -> Option<(InstrumentId, Usual)> {
        at.lit(b",\"E\":")?;
        at.skip_whole()?;
        at.lit(b",\"s\":\"")?;
        let (instrument, units) = at.symbol(&mut self.symbols)?;
        at.lit(b",\"a\":")?;
        let trade_id = at.whole()?;
        at.lit(b",\"p\":\"")?;
        let price = Price(at.quoted(units.price)?);
        at.lit(b",\"q\":\"")?;
        let qty = Qty(at.quoted(units.qty)?);
        at.lit(b",\"f\":")?;
        at.skip_whole()?;
        at.lit(b",\"l\":")?;
        at.skip_whole()?;
        at.lit(b",\"T\":")?;
        let trade_ms = at.whole()?;
        self.end_trade(recv_ns, at, instrument, (venue_ns(trade_ms), trade_id, price, qty))
    }

    /// `,"m":true` with or without `,"M":true` behind it.
    #[inline(always)]
    fn end_trade(
        &self,
        recv_ns: i64,
        mut at: Strict<'_>,
        instrument: InstrumentId,
        (venue_ns, trade_id, price, qty): (i64, u64, Price, Qty),
    ) -> Option<(InstrumentId, Usual)> {
        at.lit(b",\"m\":")?;
        let maker = at.has(b"true");
        if !maker {
            at.lit(b"false")?;
        }
        if !at.has(b"}") {
            at.lit(b",\"M\":")?;
            if !at.has(b"true}") {
                at.lit(b"false}")?;
            }
        }
        if price <= Price::ZERO || qty <= Qty::ZERO {
            return None;
        }
        let aggressor = Some(if maker { Side::Sell } else { Side::Buy });
        let trade = Trade { recv_ns, venue_ns, trade_id, price, qty, aggressor };
        Some((instrument, Usual::Market(Market::Trade(trade))))
    }

    #[inline(always)]
    fn usual_depth(&mut self, recv_ns: i64, mut at: Strict<'_>) -> Option<(InstrumentId, Usual)> {
        at.lit(b",\"E\":")?;
        let mut time_ms = at.whole()?;
        if at.has(b",\"T\":") {
            time_ms = at.whole()?;
        }
        at.lit(b",\"s\":\"")?;
        let (instrument, units) = at.symbol(&mut self.symbols)?;
        at.lit(b",\"U\":")?;
        let first_id = at.whole().filter(|id| *id > 0)?;
        at.lit(b",\"u\":")?;
        let last_id = at.whole().filter(|id| *id > 0)?;
        let prev_id = if at.has(b",\"pu\":") { at.whole()? } else { 0 };
        at.lit(b",\"b\":[")?;
        at.levels(units.price, units.qty, &mut self.bids)?;
        at.lit(b",\"a\":[")?;
        at.levels(units.price, units.qty, &mut self.asks)?;
        at.lit(b"}")?;
        self.last_depth = Some((instrument, units));
        let venue_ns = venue_ns(time_ms);
        let head =
            Depth { recv_ns, venue_ns, first_id, last_id, prev_id, snapshot: false, bids: &[], asks: &[] };
        Some((instrument, Usual::Depth(head)))
    }

    /// Any shape, key by key.
    fn decode_any(&mut self, recv_ns: i64, frame: &[u8]) -> Result<Decoded<'_>, Reject> {
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
        if f.first_id == 0 || f.last_id == 0 {
            // Without its ids an update cannot be placed in its sequence.
            return Err(Reject::MissingField);
        }
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
        venue_ns(if self.trade_ms > 0 { self.trade_ms } else { self.event_ms })
    }
}

/// Milliseconds, or microseconds where a socket was asked for them (16 digits instead of 13).
#[inline]
fn venue_ns(time: u64) -> i64 {
    match time {
        0 => NO_TIME,
        1..10_000_000_000_000 => time as i64 * 1_000_000,
        _ => time.min(9_000_000_000_000_000) as i64 * 1000,
    }
}

/// A key that comes twice says two things: the frame is no message.
#[inline]
fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Reject> {
    if slot.replace(value).is_some() { Err(Reject::Malformed) } else { Ok(()) }
}

#[inline]
fn once_number(slot: &mut u64, value: u64) -> Result<(), Reject> {
    if std::mem::replace(slot, value) != 0 { Err(Reject::Malformed) } else { Ok(()) }
}

/// Walks the keys of a payload, stepping into `data` of a combined stream.
#[inline]
fn read(mut cursor: Cursor<'_>) -> Result<Fields<'_>, Reject> {
    let mut f = Fields::default();
    let mut first = true;
    while let Some(key) = cursor.key(&mut first)? {
        match key {
            b"e" => once(&mut f.event, cursor.string()?)?,
            b"s" | b"symbol" => once(&mut f.symbol, cursor.string()?)?,
            b"E" => once_number(&mut f.event_ms, cursor.integer()?)?,
            b"T" => once_number(&mut f.trade_ms, cursor.integer()?)?,
            b"Tns" => once_number(&mut f.nanoseconds, cursor.integer()?)?,
            b"U" => once_number(&mut f.first_id, cursor.integer()?)?,
            b"u" => once_number(&mut f.last_id, cursor.integer()?)?,
            b"pu" => once_number(&mut f.prev_id, cursor.integer()?)?,
            b"m" => once(&mut f.buyer_is_maker, cursor.boolean()?)?,
            b"X" => once(&mut f.execution, cursor.string()?)?,
            // What follows the payload (the closing brace of the wrapper) holds nothing more.
            b"data" => return read(cursor),
            b"lastUpdateId" => once(&mut f.snapshot_id, cursor.integer()?)?,
            b"t" => once(&mut f.trade_id, cursor.later()?)?,
            b"a" => once(&mut f.agg_or_ask, cursor.later()?)?,
            b"b" => once(&mut f.bid, cursor.later()?)?,
            b"B" => once(&mut f.bid_qty, cursor.later()?)?,
            b"A" => once(&mut f.ask_qty, cursor.later()?)?,
            b"p" => once(&mut f.price, cursor.later()?)?,
            b"q" => once(&mut f.qty, cursor.later()?)?,
            b"bids" => once(&mut f.snapshot_bids, cursor.later()?)?,
            b"asks" => once(&mut f.snapshot_asks, cursor.later()?)?,
            _ => cursor.skip()?,
        }
    }
    Ok(f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FRAMES: [&str; 8] = [
        r#"{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}"#,
        r#"{"stream":"btcusdt@bookTicker","data":{"s":"BTCUSDT","b":"61837.63","B":"3.78826","a":"61837.64","A":"1.5","Tns":1742944020773674205}}"#,
        r#"{"e":"bookTicker","u":5123107839020,"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510","T":1723161256313,"E":1723161256314}"#,
        r#"{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}"#,
        r#"{"e":"trade","E":1723161256322,"T":1723161256321,"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":false}"#,
        r#"{"e":"aggTrade","E":1,"s":"BTCUSDT","a":5,"p":"1.5","q":"2","f":1,"l":3,"T":1723161256321,"m":false,"M":true}"#,
        r#"{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":5,"u":9,"b":[["61737.63000000","0.00000000"],["5.5","1"]],"a":[]}"#,
        r#"{"e":"depthUpdate","E":2,"T":1,"s":"BTCUSDT","U":5,"u":9,"pu":4,"b":[],"a":[["58710.20","0.014"]]}"#,
    ];

    fn decoder() -> Decoder {
        Decoder::new(SymbolTable::open(Units { price: 2, qty: 5 }), 100)
    }

    /// An event as text, levels included: what can be compared across decoders.
    fn shown(result: Result<Decoded<'_>, Reject>) -> String {
        format!("{result:?}")
    }

    #[test]
    fn usual_frames_take_the_short_way() {
        for frame in FRAMES {
            let mut decoder = decoder();
            assert!(decoder.usual(7, frame.as_bytes()).is_some(), "{frame}");
            assert!(matches!(decoder.decode(7, frame.as_bytes()), Ok(Decoded::Market(..))));
        }
    }

    #[test]
    fn what_is_not_a_number_that_fits_is_refused_with_its_reason() {
        let cases = [
            (r#"{"u":1,"s":"BTCUSDT","b":"1.234","B":"1","a":"2","A":"1"}"#, Reject::TooFine),
            (r#"{"u":1,"s":"BTCUSDT","b":"x","B":"1","a":"2","A":"1"}"#, Reject::BadNumber),
            (r#"{"u":1,"s":"BTCUSDT","b":"1","B":"1","a":"2"}"#, Reject::MissingField),
            (r#"{"u":1,"s":"BTCUSDT","b":"1","B":"1","a"#, Reject::Truncated),
            (
                r#"{"e":"trade","s":"BTCUSDT","t":1,"p":"1","q":"1","T":1,"X":"NA","m":true}"#,
                Reject::NotAMarketTrade,
            ),
            (r#"{"e":"trade","s":"BTCUSDT","t":1,"p":"-1","q":"1","T":1,"m":true}"#, Reject::NotPositive),
        ];
        for (frame, want) in cases {
            assert_eq!(decoder().decode(1, frame.as_bytes()), Err(want), "{frame}");
        }
        assert_eq!(decoder().decode(1, br#"{"result":null,"id":1}"#), Ok(Decoded::Ignored));
    }

    proptest! {
        /// Whatever the short way takes, the careful one reads alike.
        #[test]
        fn both_ways_agree_on_mutated_frames(which in 0usize..8, at in 0usize..140, byte in 32u8..127, cut in 0usize..200) {
            let mut frame = FRAMES[which].as_bytes().to_vec();
            let at = at % frame.len();
            frame[at] = byte;
            frame.truncate(cut.max(at + 1));
            let (mut fast, mut careful) = (decoder(), decoder());
            let quick = fast.usual(7, &frame).is_some();
            let (ours, reference) = (shown(fast.decode(7, &frame)), shown(careful.decode_any(7, &frame)));
            if quick {
                prop_assert_eq!(ours, reference);
            }
        }
    }
}
