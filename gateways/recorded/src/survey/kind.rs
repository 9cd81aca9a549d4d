//! What kind of instrument data is of, where it tells, and what messages are that carry no market event.

use crate::format::Format;
use pinion_model::event::Depth;
use pinion_model::instrument::InstrumentKind;

/// Formats that only one kind comes in.
pub(super) fn kind_of_format(format: &Format) -> Option<InstrumentKind> {
    match format {
        Format::EquityBars { .. } | Format::EquityTrades { .. } | Format::EquityQuotes { .. } => {
            Some(InstrumentKind::Equity)
        }
        Format::ForexTicks { .. } | Format::ForexBars { .. } => Some(InstrumentKind::Fx),
        _ => None,
    }
}

/// Only futures' depth updates name the update before them (`pu`).
pub(super) fn kind_of_depth(depth: &Depth<'_>) -> Option<InstrumentKind> {
    (depth.prev_id > 0).then_some(InstrumentKind::Perpetual)
}

/// What a message is that carries no market event: by its stream's name, else by its event.
#[cold]
pub(super) fn kind_of_message(line: &[u8]) -> String {
    let word = |text: &[u8], ends: &[u8]| -> Option<String> {
        let end = text.iter().take(32).position(|b| ends.contains(b))?;
        let word = String::from_utf8_lossy(&text[..end]).into_owned();
        (!word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(word)
    };
    let behind = |mark: &[u8]| memchr::memmem::find(line, mark).map(|at| &line[at + mark.len()..]);
    let of_stream = behind(b"\"stream\":\"").and_then(|rest| {
        let name = &rest[..memchr::memchr(b'"', rest)?];
        let kind = &rest[memchr::memchr(b'@', name)? + 1..];
        word(kind, b"_@\"")
    });
    of_stream.or_else(|| word(behind(b"\"e\":\"")?, b"\"")).unwrap_or("other".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_without_a_market_event_are_told_apart() {
        let cases = [
            (r#"1 {"stream":"btcusdt@kline_1m","data":{"e":"kline"}}"#, "kline"),
            (r#"1 {"stream":"btcusdt@markPrice@1s","data":{}}"#, "markPrice"),
            (r#"1 {"stream":"!ticker@arr","data":[]}"#, "arr"),
            (r#"1 {"e":"kline","E":1}"#, "kline"),
            (r#"1 {"result":null,"id":1}"#, "other"),
            (r#"1 {"stream":"x"#, "other"),
        ];
        for (line, want) in cases {
            assert_eq!(kind_of_message(line.as_bytes()), want, "{line}");
        }
    }
}
