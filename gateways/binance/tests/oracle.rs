//! The decoder against simd-json, which knows nothing of it: over recorded frames, over made ones with any
//! numbers, and over damaged ones. Where the library reads a value, the decoder's must be the same number.

use pinion_binance::symbols::Units;
use pinion_binance::{Decoded, Decoder, SymbolTable};
use pinion_model::decimal::Decimal;
use pinion_model::event::{Level, Market, NO_TIME};
use pinion_model::order::Side;
use proptest::prelude::*;
use simd_json::OwnedValue;
use simd_json::prelude::*;

const UNITS: Units = Units { price: 8, qty: 8 };

fn decoder() -> Decoder {
    Decoder::new(SymbolTable::open(UNITS), 5_000)
}

/// A decimal in quotes, in the decoder's units.
fn units(value: &OwnedValue, key: &str) -> Option<i64> {
    Decimal::parse(value.get_str(key)?.as_bytes()).ok()?.to_scaled(8).ok()
}

fn levels(value: &OwnedValue, key: &str) -> Option<Vec<(i64, i64)>> {
    let cut = |text: &str| Decimal::parse(text.as_bytes()).ok()?.to_scaled(8).ok();
    let level =
        |pair: &OwnedValue| Some((cut(pair.get_idx(0)?.as_str()?)?, cut(pair.get_idx(1)?.as_str()?)?));
    value.get_array(key)?.iter().map(level).collect()
}

fn plain(levels: &[Level]) -> Vec<(i64, i64)> {
    levels.iter().map(|l| (l.price.0, l.qty.0)).collect()
}

fn venue_ns(value: &OwnedValue) -> i64 {
    let ms = value.get_i64("T").filter(|t| *t > 0).or_else(|| value.get_i64("E")).unwrap_or(0);
    if ms == 0 { NO_TIME } else { ms * 1_000_000 }
}

/// Whether an event says what the library read; `Err` shows both.
fn agrees(market: &Market<'_>, value: &OwnedValue) -> Result<(), String> {
    let data = value.get("data").unwrap_or(value);
    let alike = match market {
        Market::Quote(q) => {
            let want = ["b", "B", "a", "A"].map(|key| units(data, key));
            want == [q.bid.0, q.bid_qty.0, q.ask.0, q.ask_qty.0].map(Some)
                && data.get_u64("u").unwrap_or(0) == q.update_id
                && (data.get("Tns").is_some() || venue_ns(data) == q.venue_ns)
        }
        Market::Trade(t) => {
            let id = if data.get_str("e") == Some("aggTrade") { "a" } else { "t" };
            let maker = data.get_bool("m").map(|maker| if maker { Side::Sell } else { Side::Buy });
            (units(data, "p"), units(data, "q")) == (Some(t.price.0), Some(t.qty.0))
                && data.get_u64(id) == Some(t.trade_id)
                && (data.get("Tns").is_some() || venue_ns(data) == t.venue_ns)
                && maker == t.aggressor
        }
        Market::Depth(d) if d.snapshot => {
            data.get_u64("lastUpdateId") == Some(d.last_id)
                && levels(data, "bids") == Some(plain(d.bids))
                && levels(data, "asks") == Some(plain(d.asks))
        }
        Market::Depth(d) => {
            (data.get_u64("U"), data.get_u64("u")) == (Some(d.first_id), Some(d.last_id))
                && data.get_u64("pu").unwrap_or(0) == d.prev_id
                && levels(data, "b") == Some(plain(d.bids))
                && levels(data, "a") == Some(plain(d.asks))
        }
        Market::Bar { .. } => false,
    };
    if alike { Ok(()) } else { Err(format!("{market:?}\nagainst {value}")) }
}

/// Decodes a frame both ways; true when it was a market event.
fn check(decoder: &mut Decoder, frame: &[u8]) -> Result<bool, String> {
    let read = simd_json::to_owned_value(&mut frame.to_vec());
    match (decoder.decode(1, frame), read) {
        (Ok(Decoded::Market(_, market)), Ok(value)) => agrees(&market, &value).map(|()| true),
        _ => Ok(false),
    }
}

fn frame(kind: u8, [a, b, c, d]: [u64; 4], decimals: usize, maker: bool) -> String {
    let unit = 10u64.pow(decimals as u32);
    let text = |n: u64| {
        if decimals == 0 { format!("{n}") } else { format!("{}.{:0decimals$}", n / unit, n % unit) }
    };
    let (p, q, r, s) = (text(a), text(b), text(c), text(d));
    let (id, ms) = (a ^ 0x5555, 1_600_000_000_000 + b % 1_000_000_000_000);
    match kind {
        0 => format!(r#"{{"u":{id},"s":"BTCUSDT","b":"{p}","B":"{q}","a":"{r}","A":"{s}"}}"#),
        1 => format!(
            r#"{{"stream":"x@bookTicker","data":{{"e":"bookTicker","u":{id},"s":"ETHUSDT","b":"{p}","B":"{q}","a":"{r}","A":"{s}","T":{ms},"E":{ms}}}}}"#
        ),
        2 => format!(
            r#"{{"e":"trade","E":{ms},"s":"BTCUSDT","t":{id},"p":"{p}","q":"{q}","T":{ms},"m":{maker},"M":true}}"#
        ),
        3 => format!(
            r#"{{"e":"aggTrade","E":{ms},"s":"BTCUSDT","a":{id},"p":"{p}","q":"{q}","f":1,"l":2,"T":{ms},"m":{maker}}}"#
        ),
        _ => format!(
            r#"{{"e":"depthUpdate","E":{ms},"s":"BTCUSDT","U":{id},"u":{id},"b":[["{p}","{q}"],["{r}","{s}"]],"a":[["{s}","{p}"]]}}"#
        ),
    }
}

#[test]
fn recorded_frames_say_what_the_library_reads() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/binance_spot_20250325.capture.gz");
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(file), &mut text).unwrap();
    let mut decoder = decoder();
    let mut events = 0;
    for line in text.lines().step_by(7) {
        let frame = line.split_once(' ').unwrap().1.as_bytes();
        events += u32::from(check(&mut decoder, frame).unwrap());
    }
    assert!(events > 7_000, "{events}");
}

#[test]
fn a_decoder_that_read_another_number_would_be_found() {
    let frame = frame(0, [100, 200, 300, 400], 2, true);
    let value = simd_json::to_owned_value(&mut frame.clone().into_bytes()).unwrap();
    let mut decoder = decoder();
    let Ok(Decoded::Market(_, Market::Quote(quote))) = decoder.decode(1, frame.as_bytes()) else { panic!() };
    assert_eq!(agrees(&Market::Quote(quote), &value), Ok(()));
    let wrong = pinion_model::event::Quote { ask: pinion_model::number::Price(quote.ask.0 + 1), ..quote };
    assert!(agrees(&Market::Quote(wrong), &value).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_numbers_are_read_as_the_library_reads_them(
        kind in 0u8..5,
        numbers in prop::array::uniform4(1u64..1_000_000_000_000),
        decimals in 0usize..=8,
        maker: bool,
    ) {
        // A depth level of nine digits before the point is beyond any price and takes the careful way.
        let frame = frame(kind, numbers.map(|n| n % 1_000_000_000), decimals, maker);
        prop_assume!(numbers.iter().all(|n| n % 1_000_000_000 > 0));
        prop_assert_eq!(check(&mut decoder(), frame.as_bytes()), Ok(true), "{}", frame);
    }

    #[test]
    fn damaged_frames_never_say_something_else(
        kind in 0u8..5,
        numbers in prop::array::uniform4(1u64..1_000_000_000_000),
        decimals in 0usize..=8,
        at in 0usize..200,
        byte in 0x20u8..0x7f,
    ) {
        let mut frame = frame(kind, numbers, decimals, true).into_bytes();
        let at = at % frame.len();
        frame[at] = byte;
        let checked = check(&mut decoder(), &frame);
        prop_assert!(checked.is_ok(), "{:?}\n{}", checked, String::from_utf8_lossy(&frame));
    }
}
