//! Orders to bytes: `order.place` and `order.cancel` of Binance's WebSocket API, for a session that has
//! logged on (such requests carry a time stamp and no signature).
//!
//! What does not change between two orders of an instrument is written once, at the start; the rest goes
//! into a buffer that never grows. The gateway's thread owns the encoder; it performs no I/O.

use crate::symbols::Units;
use crate::text::Text;
use pinion_model::body::{CancelBody, OrderBody};
use pinion_model::order::{OrderType, Side, TimeInForce};
use std::ops::Range;

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

/// Pieces of an instrument's messages.
struct Symbol {
    /// Behind the order's number, by side, up to the side.
    place: [Vec<u8>; 2],
    /// The same of a market order up to its quantity.
    market: [Vec<u8>; 2],
    /// Behind the number of an order to cancel, up to the number in its client order id.
    cancel: Vec<u8>,
    units: Units,
}

/// The encoder of one session.
pub struct OrderEncoder {
    symbols: Vec<Symbol>,
    /// Behind the quantity, up to the number in the client order id.
    client_id: Vec<u8>,
    text: Text<CAPACITY>,
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
        let prefix = format!("{bot}-{epoch}-");
        let head = |method: &str, symbol: &str| {
            let symbol = symbol.to_uppercase();
            format!("\",\"method\":\"{method}\",\"params\":{{\"symbol\":\"{symbol}\",")
        };
        let symbols = instruments.into_iter().map(|(symbol, units)| {
            let sides = ["BUY", "SELL"]
                .map(|side| format!("{}\"side\":\"{side}\",\"type\":\"", head("order.place", symbol)));
            Symbol {
                market: [0, 1].map(|side| format!("{}MARKET\",\"quantity\":\"", sides[side]).into_bytes()),
                place: sides.map(String::into_bytes),
                cancel: format!("{}\"origClientOrderId\":\"{prefix}", head("order.cancel", symbol))
                    .into_bytes(),
                units,
            }
        });
        OrderEncoder {
            symbols: symbols.collect(),
            client_id: format!("\",\"newClientOrderId\":\"{prefix}").into_bytes(),
            text: Text::new(),
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
        let symbol = self.symbols.get(order.instrument.index()).ok_or(EncodeError::UnknownInstrument)?;
        let out = &mut self.text;
        let side = usize::from(side == Side::Sell);
        let head = if kind == OrderType::Market { &symbol.market[side] } else { &symbol.place[side] };
        let number = begin(out, order.order, head);
        match kind {
            OrderType::Market => {}
            OrderType::Limit => {
                match tif {
                    TimeInForce::Gtc => out.push(b"LIMIT\",\"timeInForce\":\"GTC\",\"price\":\""),
                    TimeInForce::Ioc => out.push(b"LIMIT\",\"timeInForce\":\"IOC\",\"price\":\""),
                    TimeInForce::Fok => out.push(b"LIMIT\",\"timeInForce\":\"FOK\",\"price\":\""),
                }
                out.push_units(order.limit.0, symbol.units.price);
                out.push(b"\",\"quantity\":\"");
            }
            OrderType::Stop => {
                out.push(b"STOP_LOSS\",\"stopPrice\":\"");
                out.push_units(order.trigger.0, symbol.units.price);
                out.push(b"\",\"quantity\":\"");
            }
        }
        out.push_units(order.qty.0, symbol.units.qty);
        out.push_slice(&self.client_id);
        out.repeat(number);
        out.push(b"\",\"newOrderRespType\":\"ACK\",\"timestamp\":");
        end(out, time_ns);
        Ok(out.as_bytes())
    }

    /// `order.cancel` for an order of this session.
    pub fn cancel(&mut self, cancel: &CancelBody, time_ns: i64) -> Result<&[u8], EncodeError> {
        let symbol = self.symbols.get(cancel.instrument.index()).ok_or(EncodeError::UnknownInstrument)?;
        let out = &mut self.text;
        let number = begin(out, cancel.order, &symbol.cancel);
        out.repeat(number);
        out.push(b"\",\"timestamp\":");
        end(out, time_ns);
        Ok(out.as_bytes())
    }
}

/// `{"id":"ORDER` and what follows it; returns where the order's number stands.
#[inline(always)]
fn begin(out: &mut Text<CAPACITY>, order: u64, head: &[u8]) -> Range<usize> {
    out.clear();
    out.push(b"{\"id\":\"");
    let start = out.length();
    out.push_whole(order);
    let number = start..out.length();
    out.push_slice(head);
    number
}

/// The time stamp, and the end of the message.
#[inline(always)]
fn end(out: &mut Text<CAPACITY>, time_ns: i64) {
    out.push_whole(time_ns.max(0) as u64 / 1_000_000);
    out.push(b"}}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use pinion_model::body::Body;
    use pinion_model::instrument::InstrumentId;
    use pinion_model::number::{Price, Qty};

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
}
