//! Orders to bytes: `order.place` and `order.cancel` of Binance's WebSocket API, for a session that has
//! logged on (such requests carry a time stamp and no signature).
//!
//! What does not change between two orders of an instrument is written once, at the start; the rest goes
//! into a buffer that never grows. The gateway's thread owns the encoder; it performs no I/O.

use crate::symbols::Units;
use pinion_model::body::{CancelBody, OrderBody};
use pinion_model::instrument::InstrumentId;
use pinion_model::order::{OrderType, Side, TimeInForce};

/// Longest message: every field at its widest stays below half of it.
const CAPACITY: usize = 1024;
/// Longest bot name that client order ids can carry beside an epoch and a number in 36 characters.
const MAX_BOT: usize = 12;

/// Why an order cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The record carries a code that this version does not know.
    #[error("an order with an unknown side, type or time in force")]
    UnknownCode,
    /// No such instrument.
    #[error("an order for an instrument that the encoder was not made for")]
    UnknownInstrument,
}

struct Symbol {
    /// `"BTCUSDT"` with its quotes.
    quoted: Vec<u8>,
    units: Units,
}

/// The encoder of one session.
pub struct OrderEncoder {
    symbols: Vec<Symbol>,
    /// `bot-epoch-`: what client order ids begin with.
    prefix: Vec<u8>,
    buffer: Vec<u8>,
}

impl OrderEncoder {
    /// An encoder for a plan's instruments, in its order. `bot` is cut to twelve letters, digits, `-` and `_`, which is
    /// what the venue allows in an id.
    pub fn new<'a>(
        instruments: impl IntoIterator<Item = (&'a str, Units)>,
        bot: &str,
        epoch: u64,
    ) -> OrderEncoder {
        let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let bot: String = bot.chars().filter(allowed).take(MAX_BOT).collect();
        let symbols = instruments.into_iter().map(|(symbol, units)| Symbol {
            quoted: format!("\"{}\"", symbol.to_uppercase()).into_bytes(),
            units,
        });
        OrderEncoder {
            symbols: symbols.collect(),
            prefix: format!("{bot}-{epoch}-").into_bytes(),
            buffer: Vec::with_capacity(CAPACITY),
        }
    }

    /// `order.place` for an order that leaves at `time_ns` (UTC).
    pub fn place(&mut self, order: &OrderBody, time_ns: i64) -> Result<&[u8], EncodeError> {
        let codes = (
            Side::from_code(order.side),
            OrderType::from_code(order.order_type),
            TimeInForce::from_code(order.tif),
        );
        let (Some(side), Some(kind), Some(tif)) = codes else { return Err(EncodeError::UnknownCode) };
        self.begin(b"\"method\":\"order.place\"", order.order, order.instrument)?;
        let symbol = &self.symbols[order.instrument.index()];
        let out = &mut self.buffer;
        out.extend_from_slice(match side {
            Side::Buy => b",\"side\":\"BUY\"",
            Side::Sell => b",\"side\":\"SELL\"",
        });
        match kind {
            OrderType::Market => out.extend_from_slice(b",\"type\":\"MARKET\""),
            OrderType::Limit => {
                out.extend_from_slice(b",\"type\":\"LIMIT\",\"timeInForce\":");
                out.extend_from_slice(match tif {
                    TimeInForce::Gtc => b"\"GTC\"",
                    TimeInForce::Ioc => b"\"IOC\"",
                    TimeInForce::Fok => b"\"FOK\"",
                });
                out.extend_from_slice(b",\"price\":\"");
                push_units(out, order.limit.0, symbol.units.price);
                out.push(b'"');
            }
            OrderType::Stop => {
                out.extend_from_slice(b",\"type\":\"STOP_LOSS\",\"stopPrice\":\"");
                push_units(out, order.trigger.0, symbol.units.price);
                out.push(b'"');
            }
        }
        out.extend_from_slice(b",\"quantity\":\"");
        push_units(out, order.qty.0, symbol.units.qty);
        out.extend_from_slice(b"\",\"newClientOrderId\":\"");
        self.end(order.order, b"\",\"newOrderRespType\":\"ACK\"", time_ns);
        Ok(&self.buffer)
    }

    /// `order.cancel` for an order of this session.
    pub fn cancel(&mut self, cancel: &CancelBody, time_ns: i64) -> Result<&[u8], EncodeError> {
        self.begin(b"\"method\":\"order.cancel\"", cancel.order, cancel.instrument)?;
        self.buffer.extend_from_slice(b",\"origClientOrderId\":\"");
        self.end(cancel.order, b"\"", time_ns);
        Ok(&self.buffer)
    }

    /// `{"id":"ORDER","method":...,"params":{"symbol":...`.
    fn begin(&mut self, method: &[u8], order: u64, id: InstrumentId) -> Result<(), EncodeError> {
        let symbol = self.symbols.get(id.index()).ok_or(EncodeError::UnknownInstrument)?;
        let out = &mut self.buffer;
        out.clear();
        out.extend_from_slice(b"{\"id\":\"");
        push_whole(out, order);
        out.extend_from_slice(b"\",");
        out.extend_from_slice(method);
        out.extend_from_slice(b",\"params\":{\"symbol\":");
        out.extend_from_slice(&symbol.quoted);
        Ok(())
    }

    /// The client order id, what follows it, and the time stamp.
    fn end(&mut self, order: u64, after_id: &[u8], time_ns: i64) {
        let out = &mut self.buffer;
        out.extend_from_slice(&self.prefix);
        push_whole(out, order);
        out.extend_from_slice(after_id);
        out.extend_from_slice(b",\"timestamp\":");
        push_whole(out, time_ns.max(0) as u64 / 1_000_000);
        out.extend_from_slice(b"}}");
    }
}

/// Appends a whole number.
fn push_whole(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends `value * 10^-exponent` with all of its decimals; prices and quantities of orders are positive.
fn push_units(out: &mut Vec<u8>, value: i64, exponent: u8) {
    let unit = pinion_model::decimal::POW10[usize::from(exponent)] as u64;
    let value = value.unsigned_abs();
    push_whole(out, value / unit);
    if exponent > 0 {
        // A one before the decimals keeps their zeros; it becomes the point.
        let point = out.len();
        push_whole(out, unit + value % unit);
        out[point] = b'.';
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pinion_model::body::Body;
    use pinion_model::decimal::Decimal;
    use pinion_model::number::{Price, Qty};
    use proptest::prelude::*;

    fn encoder() -> OrderEncoder {
        OrderEncoder::new([("btcusdt", Units { price: 2, qty: 5 })], "my bot: a/b", 3)
    }

    fn order(kind: OrderType) -> OrderBody {
        let mut order = OrderBody::from_bytes(&[0; 96]);
        order.order = 17;
        order.side = Side::Buy.code();
        order.order_type = kind.code();
        order.tif = TimeInForce::Ioc.code();
        (order.qty, order.limit, order.trigger) = (Qty(1_000), Price(6_183_763), Price(6_100_005));
        order
    }

    #[test]
    fn orders_are_what_the_venue_documents() {
        let place = |kind| {
            let mut encoder = encoder();
            let bytes = encoder.place(&order(kind), 1_723_161_255_343_999_999).unwrap().to_vec();
            serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
        };
        let common = |extra: serde_json::Value| {
            let mut params = serde_json::json!({
                "symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01000", "newClientOrderId": "mybotab-3-17",
                "newOrderRespType": "ACK", "timestamp": 1_723_161_255_343u64
            });
            params.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            serde_json::json!({"id": "17", "method": "order.place", "params": params})
        };
        assert_eq!(place(OrderType::Market), common(serde_json::json!({"type": "MARKET"})));
        let limit = serde_json::json!({"type": "LIMIT", "timeInForce": "IOC", "price": "61837.63"});
        assert_eq!(place(OrderType::Limit), common(limit));
        let stop = serde_json::json!({"type": "STOP_LOSS", "stopPrice": "61000.05"});
        assert_eq!(place(OrderType::Stop), common(stop));
    }

    #[test]
    fn a_cancel_names_the_order_by_its_client_id() {
        let mut cancel = CancelBody::from_bytes(&[0; 96]);
        cancel.order = 17;
        let mut encoder = encoder();
        let got: serde_json::Value =
            serde_json::from_slice(encoder.cancel(&cancel, 5_000_000).unwrap()).unwrap();
        let params =
            serde_json::json!({"symbol": "BTCUSDT", "origClientOrderId": "mybotab-3-17", "timestamp": 5});
        assert_eq!(got, serde_json::json!({"id": "17", "method": "order.cancel", "params": params}));
    }

    #[test]
    fn what_cannot_be_written_says_why() {
        let mut encoder = encoder();
        let mut bad = order(OrderType::Market);
        bad.side = 9;
        assert_eq!(encoder.place(&bad, 0), Err(EncodeError::UnknownCode));
        let mut bad = order(OrderType::Market);
        bad.instrument = InstrumentId(7);
        assert_eq!(encoder.place(&bad, 0), Err(EncodeError::UnknownInstrument));
    }

    proptest! {
        #[test]
        fn numbers_are_exact(value in 0i64.., exponent in 0u8..=18) {
            let mut out = Vec::new();
            push_units(&mut out, value, exponent);
            let decimal = Decimal::parse(&out).unwrap();
            prop_assert_eq!(decimal.to_scaled(exponent), Ok(value), "{}", String::from_utf8_lossy(&out));
        }
    }
}
