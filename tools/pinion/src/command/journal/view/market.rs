//! Market events and the venue's answers as named fields.

use super::*;

impl View {
    pub(super) fn market(&self, kind: Kind, r: &Record, f: &mut Fields) {
        match kind {
            Kind::Quote => {
                let b = QuoteBody::from_bytes(&r.body);
                head(f, b.seq, b.recv_ns, &self.symbol(b.instrument), b.cursor);
                put(f, "bid", self.price(b.instrument, b.bid));
                put(f, "bid_qty", self.qty(b.instrument, b.bid_qty));
                put(f, "ask", self.price(b.instrument, b.ask));
                put(f, "ask_qty", self.qty(b.instrument, b.ask_qty));
            }
            Kind::Trade => {
                let b = TradeBody::from_bytes(&r.body);
                head(f, b.seq, b.recv_ns, &self.symbol(b.instrument), b.cursor);
                put(f, "price", self.price(b.instrument, b.price));
                put(f, "qty", self.qty(b.instrument, b.qty));
                put(f, "aggressor", Side::from_code(b.aggressor).map_or("-", Side::label));
            }
            Kind::Bar => {
                let b = BarBody::from_bytes(&r.body);
                head(f, b.seq, b.recv_ns, &self.symbol(b.instrument), b.cursor);
                for (name, price) in [("open", b.open), ("high", b.high), ("low", b.low), ("close", b.close)]
                {
                    put(f, name, self.price(b.instrument, price));
                }
                put(f, "volume", self.qty(b.instrument, b.volume));
            }
            Kind::Depth => {
                let b = DepthBody::from_bytes(&r.body);
                head(f, b.seq, b.recv_ns, &self.symbol(b.instrument), b.cursor);
                put(f, "first_id", b.first_id);
                put(f, "last_id", b.last_id);
                put(f, "bids", b.bids);
                put(f, "asks", b.asks);
                put(f, "snapshot", b.snapshot != 0);
            }
            _ => put(f, "levels", 6),
        }
    }

    pub(super) fn execution(&self, b: &ExecutionBody, f: &mut Fields) {
        put(f, "seq", b.seq);
        put(f, "time", time(b.time_ns));
        put(f, "order", b.order);
        put(f, "instrument", self.symbol(b.instrument));
        put(f, "report", ReportKind::from_code(b.kind).map_or("?", ReportKind::label));
        if !b.qty.is_zero() {
            put(f, "qty", self.qty(b.instrument, b.qty));
            put(f, "price", self.price(b.instrument, b.price));
            put(f, "fee", self.money(CurrencyId(b.fee_currency), b.fee));
            put(f, "liquidity", Liquidity::from_code(b.liquidity).map_or("?", Liquidity::label));
        }
        if b.reason != 0 {
            put(f, "reason", reason(b.reason));
        }
        put(f, "venue_time", time(b.venue_ns));
    }
}
