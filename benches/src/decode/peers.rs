//! JSON libraries: serde_json and sonic-rs into structs that borrow their texts, simd-json into the same and as
//! a tape. Their texts become integers by one plain loop, the same for all of them.
//!
//! simd-json writes into its input, so each message is copied into its buffer first: that is part of its price.

use super::{decoder, sum_of};
use crate::clock::ns_each;
use crate::contest::Contender;
use crate::frames::MessageKind;
use pinion_binance::Decoded;
use pinion_model::event::{Depth, Level, Market, NO_TIME, Quote, Trade};
use pinion_model::number::{Price, Qty};
use pinion_model::order::Side;
use serde::Deserialize;
use simd_json::{Buffers, Node, StaticNode, Tape};
use std::hint::black_box;

#[derive(Deserialize)]
struct BookTicker<'a> {
    u: u64,
    #[serde(borrow)]
    s: &'a str,
    b: &'a str,
    #[serde(rename = "B")]
    bid_qty: &'a str,
    a: &'a str,
    #[serde(rename = "A")]
    ask_qty: &'a str,
}

#[derive(Deserialize)]
struct Print<'a> {
    #[serde(borrow)]
    s: &'a str,
    /// Trades call their number `t`, aggregates the last one's `l`.
    #[serde(alias = "l")]
    t: u64,
    p: &'a str,
    q: &'a str,
    #[serde(rename = "T")]
    time_ms: u64,
    m: bool,
}

#[derive(Deserialize)]
struct Update<'a> {
    #[serde(rename = "E")]
    time_ms: u64,
    #[serde(borrow)]
    s: &'a str,
    #[serde(rename = "U")]
    first: u64,
    u: u64,
    #[serde(borrow)]
    b: Vec<[&'a str; 2]>,
    #[serde(borrow)]
    a: Vec<[&'a str; 2]>,
}

/// Digits with a point and eight decimals, as the venue writes them.
#[inline]
fn number(text: &str) -> i64 {
    text.bytes().filter(|b| *b != b'.').fold(0, |n, b| n * 10 + i64::from(b - b'0'))
}

/// Where levels go.
#[derive(Default)]
struct Levels {
    bids: Vec<Level>,
    asks: Vec<Level>,
}

fn quote(u: u64, numbers: [&str; 4]) -> Market<'static> {
    let [bid, bid_qty, ask, ask_qty] = numbers.map(number);
    let (bid, ask, bid_qty, ask_qty) = (Price(bid), Price(ask), Qty(bid_qty), Qty(ask_qty));
    Market::Quote(Quote { recv_ns: 1, venue_ns: NO_TIME, update_id: u, bid, ask, bid_qty, ask_qty })
}

fn trade(id: u64, time_ms: u64, price: &str, qty: &str, maker: bool) -> Market<'static> {
    Market::Trade(Trade {
        recv_ns: 1,
        venue_ns: time_ms as i64 * 1_000_000,
        trade_id: id,
        price: Price(number(price)),
        qty: Qty(number(qty)),
        aggressor: Some(if maker { Side::Sell } else { Side::Buy }),
    })
}

fn level(price: &str, qty: &str) -> Level {
    Level { price: Price(number(price)), qty: Qty(number(qty)) }
}

fn depth(time_ms: u64, first_id: u64, last_id: u64, levels: &Levels) -> Market<'_> {
    let (bids, asks) = (&levels.bids[..], &levels.asks[..]);
    let venue_ns = time_ms as i64 * 1_000_000;
    Market::Depth(Depth { recv_ns: 1, venue_ns, first_id, last_id, prev_id: 0, snapshot: false, bids, asks })
}

fn of_update<'l>(update: &Update<'_>, levels: &'l mut Levels) -> Market<'l> {
    levels.bids.clear();
    levels.asks.clear();
    levels.bids.extend(update.b.iter().map(|[price, qty]| level(price, qty)));
    levels.asks.extend(update.a.iter().map(|[price, qty]| level(price, qty)));
    depth(update.time_ms, update.first, update.u, levels)
}

/// Reads a struct of the kind by `$read`, an expression that gives it.
macro_rules! typed {
    ($kind:expr, $levels:expr, $read:expr) => {
        match $kind {
            MessageKind::BookTicker => {
                let m: BookTicker<'_> = $read;
                black_box(m.s);
                quote(m.u, [m.b, m.bid_qty, m.a, m.ask_qty])
            }
            MessageKind::Trade | MessageKind::AggTrade => {
                let m: Print<'_> = $read;
                black_box(m.s);
                trade(m.t, m.time_ms, m.p, m.q, m.m)
            }
            MessageKind::DepthUpdate => {
                let m: Update<'_> = $read;
                black_box(m.s);
                of_update(&m, $levels)
            }
        }
    };
}

const SOUND: &str = "the frames are sound";

/// Reads one message and shows what it holds.
type Reader = Box<dyn FnMut(&[u8], &mut dyn FnMut(&Market<'_>))>;

fn serde_json(kind: MessageKind) -> Reader {
    let mut levels = Levels::default();
    Box::new(move |frame, show| {
        show(&typed!(kind, &mut levels, serde_json::from_slice(frame).expect(SOUND)));
    })
}

fn sonic(kind: MessageKind) -> Reader {
    let mut levels = Levels::default();
    Box::new(move |frame, show| {
        show(&typed!(kind, &mut levels, sonic_rs::from_slice(frame).expect(SOUND)));
    })
}

fn simd_typed(kind: MessageKind) -> Reader {
    let (mut levels, mut buffers, mut copy) = (Levels::default(), Buffers::new(4096), Vec::new());
    Box::new(move |frame, show| {
        copy.clear();
        copy.extend_from_slice(frame);
        let (copy, buffers) = (&mut copy[..], &mut buffers);
        show(&typed!(
            kind,
            &mut levels,
            simd_json::serde::from_slice_with_buffers(copy, buffers).expect(SOUND)
        ));
    })
}

/// The texts and numbers of a flat tape by key.
fn walk<'t>(nodes: &[Node<'t>], mut see: impl FnMut(&'t str, &[Node<'t>])) {
    let mut at = 1;
    while let Some(Node::String(key)) = nodes.get(at) {
        let value = &nodes[at + 1..];
        see(key, value);
        at += 2 + match value[0] {
            Node::Array { count, .. } | Node::Object { count, .. } => count,
            _ => 0,
        };
    }
}

fn text<'t>(value: &[Node<'t>]) -> &'t str {
    if let Node::String(text) = value[0] { text } else { "" }
}

fn whole(value: &[Node<'_>]) -> u64 {
    match value[0] {
        Node::Static(StaticNode::U64(n)) => n,
        Node::Static(StaticNode::I64(n)) => n as u64,
        _ => 0,
    }
}

fn side(value: &[Node<'_>], out: &mut Vec<Level>) {
    out.clear();
    if let Node::Array { count, .. } = value[0] {
        // Each level is an array node and two texts.
        out.extend(value[1..=count].chunks_exact(3).map(|l| level(text(&l[1..]), text(&l[2..]))));
    }
}

fn of_tape<'l>(kind: MessageKind, nodes: &[Node<'_>], levels: &'l mut Levels) -> Market<'l> {
    let (mut ids, mut numbers, mut time_ms, mut maker) = ([0; 2], [""; 4], 0, false);
    walk(nodes, |key, value| match (kind, key) {
        (MessageKind::DepthUpdate, "b") => side(value, &mut levels.bids),
        (MessageKind::DepthUpdate, "a") => side(value, &mut levels.asks),
        (MessageKind::DepthUpdate, "E") | (MessageKind::Trade | MessageKind::AggTrade, "T") => {
            time_ms = whole(value);
        }
        (MessageKind::DepthUpdate, "U") => ids[0] = whole(value),
        (MessageKind::BookTicker | MessageKind::DepthUpdate, "u")
        | (MessageKind::Trade, "t")
        | (MessageKind::AggTrade, "l") => ids[1] = whole(value),
        (MessageKind::BookTicker, "b") | (_, "p") => numbers[0] = text(value),
        (MessageKind::BookTicker, "B") | (_, "q") => numbers[1] = text(value),
        (MessageKind::BookTicker, "a") => numbers[2] = text(value),
        (MessageKind::BookTicker, "A") => numbers[3] = text(value),
        (_, "m") => maker = matches!(value[0], Node::Static(StaticNode::Bool(true))),
        (_, "s") => _ = black_box(text(value)),
        _ => {}
    });
    match kind {
        MessageKind::BookTicker => quote(ids[1], numbers),
        MessageKind::Trade | MessageKind::AggTrade => trade(ids[1], time_ms, numbers[0], numbers[1], maker),
        MessageKind::DepthUpdate => depth(time_ms, ids[0], ids[1], levels),
    }
}

fn simd_tape(kind: MessageKind) -> Reader {
    let (mut levels, mut buffers, mut copy) = (Levels::default(), Buffers::new(4096), Vec::new());
    let mut kept = Some(Tape::null());
    Box::new(move |frame, show| {
        copy.clear();
        copy.extend_from_slice(frame);
        let mut tape = kept.take().unwrap_or_else(Tape::null).reset();
        simd_json::fill_tape(&mut copy, &mut buffers, &mut tape).expect(SOUND);
        show(&of_tape(kind, &tape.0, &mut levels));
        kept = Some(tape.reset());
    })
}

/// The numbers of a frame by our decoder.
fn ours(frame: &[u8]) -> u64 {
    match decoder().decode(1, frame) {
        Ok(Decoded::Market(_, market)) => sum_of(&market),
        _ => 0,
    }
}

/// The libraries on these frames, ns a message. Panics when one of them reads another number than we do.
pub(super) fn contenders(kind: MessageKind, frames: &[Vec<u8>], messages: usize) -> Vec<Contender<'_>> {
    type Make = fn(MessageKind) -> Reader;
    let all: [(&str, Make); 4] = [
        ("serde_json", serde_json),
        ("simd-json, typed", simd_typed),
        ("simd-json, tape", simd_tape),
        ("sonic-rs", sonic),
    ];
    let contender = |(name, make): (&str, Make)| {
        let mut read = make(kind);
        for frame in frames.iter().take(256) {
            let mut sum = 0;
            read(frame, &mut |market| sum = sum_of(market));
            assert_eq!(sum, ours(frame), "{name}: {}", String::from_utf8_lossy(frame));
        }
        Contender::new(name, move || {
            ns_each(messages, || {
                for frame in frames.iter().cycle().take(messages) {
                    read(black_box(frame), &mut |market| _ = black_box(market));
                }
            })
        })
    };
    all.map(contender).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::made;

    #[test]
    fn everyone_reads_the_same_numbers_and_another_number_is_seen() {
        for kind in MessageKind::ALL {
            let frames = made(kind);
            assert_eq!(contenders(kind, &frames, 10).len(), 4);
            let changed =
                String::from_utf8(frames[0].clone()).unwrap().replacen(".", ".1", 1).replacen("0\"", "\"", 1);
            assert_ne!(ours(&frames[0]), ours(changed.as_bytes()), "{changed}");
        }
    }
}
