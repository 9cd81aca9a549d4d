//! From a message's bytes to its numbers, by our decoder and by JSON libraries.
//!
//! Everyone reads every field that a trading engine needs into integers of [`UNITS`]. Before they are timed
//! their numbers are compared on every message, so that nobody is measured doing less.

#[cfg(feature = "peers")]
mod peers;

use crate::contest::Contender;
use crate::frames::MessageKind;
use pinion_binance::symbols::Units;
use pinion_binance::{Decoded, Decoder, SymbolTable};
#[cfg(feature = "peers")]
use pinion_model::event::Market;
use std::hint::black_box;

/// Units of prices and quantities: every decimal that the venue writes.
pub const UNITS: Units = Units { price: 8, qty: 8 };
/// Levels of the densest depth message.
const LEVELS: usize = 20_000;
/// Name of our decoder in tables.
pub const OURS: &str = "pinion";

/// A sum over the numbers of a message: the same for everyone who has read the same.
#[cfg(feature = "peers")]
fn sum_of(market: &Market<'_>) -> u64 {
    let add =
        |numbers: &[i64]| numbers.iter().fold(0u64, |sum, n| sum.wrapping_mul(31).wrapping_add(*n as u64));
    match market {
        Market::Quote(q) => add(&[q.update_id as i64, q.bid.0, q.bid_qty.0, q.ask.0, q.ask_qty.0]),
        Market::Trade(t) => add(&[t.trade_id as i64, t.price.0, t.qty.0]),
        Market::Depth(d) => {
            let levels = d.bids.iter().chain(d.asks);
            levels.fold(d.last_id, |sum, l| sum.wrapping_mul(31).wrapping_add((l.price.0 ^ l.qty.0) as u64))
        }
        Market::Bar { .. } => 0,
    }
}

fn decoder() -> Decoder {
    Decoder::new(SymbolTable::open(UNITS), LEVELS)
}

/// Our way through `messages` of these frames; how many were market events.
fn ours(decoder: &mut Decoder, frames: &[Vec<u8>], messages: usize) -> usize {
    let market = |frame: &Vec<u8>| matches!(decoder.decode(1, black_box(frame)), Ok(Decoded::Market(..)));
    frames.iter().cycle().take(messages).map(market).filter(|&is| is).count()
}

/// Everyone on these frames, ns a message.
pub fn contenders<'a>(kind: MessageKind, frames: &'a [Vec<u8>], messages: usize) -> Vec<Contender<'a>> {
    let mut decoder = decoder();
    let time = move || {
        let began = std::time::Instant::now();
        black_box(ours(&mut decoder, frames, messages));
        began.elapsed().as_nanos() as f64 / messages as f64
    };
    let mut all = vec![Contender::new(OURS, time)];
    add_peers(kind, frames, messages, &mut all);
    all
}

#[cfg(not(feature = "peers"))]
fn add_peers(_: MessageKind, _: &[Vec<u8>], _: usize, _: &mut Vec<Contender<'_>>) {}

#[cfg(feature = "peers")]
fn add_peers<'a>(kind: MessageKind, frames: &'a [Vec<u8>], messages: usize, all: &mut Vec<Contender<'a>>) {
    all.extend(peers::contenders(kind, frames, messages));
}
