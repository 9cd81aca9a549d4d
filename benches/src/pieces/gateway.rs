//! Bytes to events, and orders to bytes.

use super::{Step, warmed};
use crate::frames::{MessageKind, made};
use pinion_binance::encode::OrderEncoder;
use pinion_binance::symbols::Units;
use pinion_binance::{Decoded, Decoder, SymbolTable};
use pinion_model::body::{Body, OrderBody};
use pinion_model::number::{Price, Qty};
use pinion_model::order::{OrderType, Side, TimeInForce};
use std::hint::black_box;

/// Units of an order's numbers; messages are decoded to all of their decimals, as `pinion bench decode` does.
const UNITS: Units = Units { price: 2, qty: 5 };

fn decode(kind: MessageKind) -> Step {
    let frames = made(kind);
    let mut decoder = Decoder::new(SymbolTable::open(crate::decode::UNITS), 100);
    let mut at = 0;
    warmed(move || {
        let decoded = decoder.decode(1, black_box(&frames[at]));
        assert!(matches!(black_box(decoded), Ok(Decoded::Market(..))));
        at = (at + 1) % frames.len();
    })
}

pub(super) fn decode_book_ticker() -> Step {
    decode(MessageKind::BookTicker)
}

pub(super) fn decode_agg_trade() -> Step {
    decode(MessageKind::AggTrade)
}

pub(super) fn decode_depth() -> Step {
    decode(MessageKind::DepthUpdate)
}

pub(super) fn encode_order() -> Step {
    let mut encoder = OrderEncoder::new([("BTCUSDT", UNITS)], "pinion", 3);
    let mut order = OrderBody::from_bytes(&[0; 96]);
    (order.side, order.order_type) = (Side::Buy.code(), OrderType::Limit.code());
    order.tif = TimeInForce::Ioc.code();
    (order.order, order.qty, order.limit) = (1_000_017, Qty(378_826), Price(6_183_763));
    warmed(move || {
        assert!(black_box(encoder.place(black_box(&order), 1_723_161_255_343_999_999)).is_ok());
    })
}
