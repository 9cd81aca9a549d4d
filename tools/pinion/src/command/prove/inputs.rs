//! What the way is walked with: usual, dense, malformed, refused and reconnecting input, the same on every
//! machine. All of it is made before anything is sealed.

use crate::failure::Failure;
use pinion_benches::frames::{MessageKind, made};
use std::path::Path;

/// Levels on a side of the densest message, as many as the decoder keeps.
const DENSEST: usize = pinion_recorded::source::DEPTH_LEVELS;

/// A kind of input.
pub struct Stage {
    /// What it is.
    pub name: &'static str,
    /// Its frames.
    pub frames: Vec<Vec<u8>>,
}

/// Every kind, the densest first: no smaller message has grown a buffer before it.
pub fn stages(data: Option<&Path>) -> Result<Vec<Stage>, Failure> {
    let mut stages = vec![
        Stage { name: "dense", frames: dense() },
        Stage { name: "reconnecting", frames: reconnecting() },
        Stage { name: "malformed", frames: malformed() },
        Stage { name: "usual", frames: usual() },
    ];
    if let Some(path) = data {
        stages.push(Stage { name: "recorded", frames: recorded(path)? });
    }
    Ok(stages)
}

/// Quotes and trades of a market that moves, between them more orders than risk lets through.
pub fn usual() -> Vec<Vec<u8>> {
    let quotes = made(MessageKind::BookTicker).into_iter();
    let trades = made(MessageKind::Trade).into_iter().map(|frame| renamed(&frame, "ETHUSDT"));
    let others = made(MessageKind::AggTrade).into_iter();
    quotes.zip(trades).zip(others).flat_map(|((quote, trade), other)| [quote, trade, other]).collect()
}

fn renamed(frame: &[u8], symbol: &str) -> Vec<u8> {
    String::from_utf8_lossy(frame).replace("BTCUSDT", symbol).into_bytes()
}

/// Levels around a price as JSON.
fn levels(count: usize, sign: i64, salt: u64) -> String {
    let level = |at: usize| {
        let cents = 6_183_763 + sign * (1 + at as i64);
        let qty = 1 + (at as u64).wrapping_mul(7_919).wrapping_add(salt) % 1_000;
        format!(r#"["{}.{:02}","0.{qty:05}"]"#, cents / 100, cents % 100)
    };
    (0..count).map(level).collect::<Vec<_>>().join(",")
}

fn snapshot(symbol: &str, id: u64, count: usize) -> Vec<u8> {
    let (bids, asks) = (levels(count, -1, id), levels(count, 1, id));
    format!(r#"{{"lastUpdateId":{id},"symbol":"{symbol}","bids":[{bids}],"asks":[{asks}]}}"#).into_bytes()
}

fn update(symbol: &str, (first, last): (u64, u64), count: usize) -> Vec<u8> {
    let (bids, asks) = (levels(count, -1, last), levels(count, 1, last));
    format!(
        r#"{{"e":"depthUpdate","E":1723161255208,"s":"{symbol}","U":{first},"u":{last},"b":[{bids}],"a":[{asks}]}}"#
    )
    .into_bytes()
}

fn trade(symbol: &str, id: u64) -> Vec<u8> {
    let cents = 6_183_700 + id * 37 % 120;
    format!(
        r#"{{"e":"trade","E":1723161255343,"s":"{symbol}","t":{id},"p":"{}.{:02}","q":"0.02","T":1723161255342,"m":true,"M":true}}"#,
        cents / 100,
        cents % 100
    )
    .into_bytes()
}

/// Snapshots and updates with as many levels as there can be, and trades between them.
fn dense() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for at in 0..8 {
        let id = 1_000 + 10 * at;
        frames.push(snapshot("ETHUSDT", id, DENSEST));
        frames.push(update("ETHUSDT", (id + 1, id + 2), DENSEST));
        frames.push(update("ETHUSDT", (id + 3, id + 4), DENSEST));
        frames.extend((0..20).map(|n| trade("ETHUSDT", id + n)));
    }
    frames
}

/// What a connection brings that comes back again and again: updates before their snapshot (more than are
/// kept), the snapshot, a burst, what is old, a gap.
fn reconnecting() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for round in 0..50u64 {
        let base = 10_000 + 1_000 * round;
        let step = |at: u64| (base + 2 * at, base + 2 * at + 1);
        frames.extend((0..100).map(|at| update("ETHUSDT", step(at), 5 + (at % 40) as usize)));
        frames.push(snapshot("ETHUSDT", base + 190, 1_000));
        frames
            .extend((95..160).flat_map(|at| [update("ETHUSDT", step(at), 20), trade("ETHUSDT", base + at)]));
        frames.push(update("ETHUSDT", step(3), 20));
        frames.push(snapshot("ETHUSDT", base + 7, 100));
        // The next round's first update leaves a gap behind this one.
    }
    frames
}

/// Frames cut at every byte, with every byte changed, and others that no venue sends.
fn malformed() -> Vec<Vec<u8>> {
    let mut frames: Vec<Vec<u8>> = [
        r#"{"u":1,"s":"BTCUSDT","b":"1.23456789012","B":"1","a":"2","A":"1"}"#,
        r#"{"u":1,"s":"NOSUCH","b":"1","B":"1","a":"2","A":"1"}"#,
        r#"{"u":1,"s":"BTCUSDT","b":"99999999999999999999999","B":"1","a":"2","A":"1"}"#,
        r#"{"u":1,"s":"BTCUSDT","s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"}"#,
        r#"{"e":"trade","s":"BTCUSDT","t":1,"p":"-1","q":"1","T":1,"m":true}"#,
        r#"{"result":null,"id":1}"#,
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    frames.push(snapshot("ETHUSDT", 1, DENSEST + 1));
    frames.push(update("ETHUSDT", (1, 2), DENSEST + 1));
    let kinds =
        [MessageKind::BookTicker, MessageKind::Trade, MessageKind::AggTrade, MessageKind::DepthUpdate];
    for kind in kinds {
        let good = made(kind).swap_remove(7);
        frames.extend((0..good.len()).map(|cut| good[..cut].to_vec()));
        for at in 0..good.len() {
            for byte in [b'"', b'}', b'0', b'x', 0xff] {
                let mut bad = good.clone();
                bad[at] = byte;
                frames.push(bad);
            }
        }
    }
    frames
}

/// The frames of a capture.
fn recorded(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let (mut file, _) = pinion_recorded::lines::open(path)?;
    let mut frames = Vec::new();
    while let Some((_, line)) = file.next_line()? {
        if let Some(space) = memchr::memchr(b' ', line) {
            frames.push(line[space + 1..].to_vec());
        }
    }
    if frames.is_empty() {
        return Err(Failure::Usage(format!("error: {} holds no frames of a capture", path.display())));
    }
    Ok(frames)
}
