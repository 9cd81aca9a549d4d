//! What kind of file it is, from its first lines and its name.

use crate::shown;
use crate::time::{TimeUnit, parse_compact};
use jiff::tz::TimeZone;

/// Columns of a table of bars or quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    pub(crate) time: usize,
    pub(crate) unit: TimeUnit,
    /// Open, high, low, close, volume; or bid, ask, bid size, ask size and nothing.
    pub(crate) values: [Option<usize>; 5],
    pub(crate) symbol: Option<usize>,
}

/// A kind of file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// `recv_ns {json}` lines.
    Capture,
    /// Bars with a header that names the columns.
    Bars(Columns),
    /// Quotes with a header that names the columns.
    Quotes(Columns),
    /// Binance's candle dump: twelve columns, open time first.
    BinanceKlines,
    /// Binance's trade dump.
    BinanceTrades,
    /// Binance's aggregate-trade dump.
    BinanceAggTrades,
    /// `YYYYMMDD HH:MM` New York time and prices times 10,000.
    EquityBars {
        /// Whole days: the time is the session's date.
        daily: bool,
    },
    /// Milliseconds since midnight, price times 10,000, size.
    EquityTrades {
        /// Midnight of the file's day, ns.
        midnight_ns: i64,
    },
    /// Milliseconds since midnight, bid, size, ask, size.
    EquityQuotes {
        /// Midnight of the file's day, ns.
        midnight_ns: i64,
    },
    /// Milliseconds since midnight UTC, bid, ask.
    ForexTicks {
        /// Midnight of the file's day, ns.
        midnight_ns: i64,
    },
    /// Milliseconds since midnight UTC, bid bar with size, ask bar with size.
    ForexBars {
        /// Midnight of the file's day, ns.
        midnight_ns: i64,
    },
}

impl Format {
    /// Where its days begin.
    pub(crate) fn zone(&self) -> TimeZone {
        match self {
            Format::EquityBars { .. } | Format::EquityTrades { .. } | Format::EquityQuotes { .. } => {
                TimeZone::get("America/New_York").unwrap_or(TimeZone::UTC)
            }
            _ => TimeZone::UTC,
        }
    }

    /// The word for it.
    pub fn label(&self) -> &'static str {
        match self {
            Format::Capture => "raw capture",
            Format::Bars(_) => "bars",
            Format::Quotes(_) => "quotes",
            Format::BinanceKlines => "Binance klines",
            Format::BinanceTrades => "Binance trades",
            Format::BinanceAggTrades => "Binance aggregate trades",
            Format::EquityBars { .. } => "equity bars",
            Format::EquityTrades { .. } => "equity trades",
            Format::EquityQuotes { .. } => "equity quotes",
            Format::ForexTicks { .. } => "forex quotes",
            Format::ForexBars { .. } => "forex bid and ask bars",
        }
    }
}

/// The format of a file.
pub fn of_file(path: &std::path::Path) -> Result<Format, crate::DataError> {
    first_line(path).map(|detected| detected.format)
}

/// Opens a file for a look at its first line.
pub(crate) fn first_line(path: &std::path::Path) -> Result<Detected, crate::DataError> {
    let (mut lines, name) = crate::lines::open(path)?;
    let error = |line, reason| crate::DataError::Format { file: path.to_path_buf(), line, reason };
    let (number, first) = loop {
        match lines.next_line()? {
            None => return Err(error(1, "the file is empty".into())),
            Some((_, [])) => {}
            Some((number, line)) => break (number, line.to_vec()),
        }
    };
    detect(&first, &name).map_err(|reason| match crate::lines::broken_promise(path) {
        Some(kind) => {
            error(number, format!("the name says {kind}, but the file is none, nor a text that is known"))
        }
        None => error(number, reason),
    })
}

/// A format and whether the first line is a header.
pub(crate) struct Detected {
    pub format: Format,
    pub header: bool,
}

/// Tells the format from the first non-empty line and the name of the file (or of a zip's entry).
pub(crate) fn detect(first: &[u8], name: &str) -> Result<Detected, String> {
    let text = String::from_utf8_lossy(first);
    let headless = |format| Ok(Detected { format, header: false });
    if is_capture(first) {
        return headless(Format::Capture);
    }
    if !is_text(first) {
        return Err("the file is not text; known are captures, tables, and these as gzip, zstd or zip".into());
    }
    let lower = name.to_lowercase();
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    let numbers = fields.iter().filter(|f| f.parse::<f64>().is_ok()).count();
    if fields.len() < 2 {
        return Err("neither a capture (`recv_ns {json}`) nor a table with commas".into());
    }
    if fields[0].parse::<f64>().is_err() && parse_compact(fields[0].as_bytes(), &TimeZone::UTC).is_none() {
        return header(&fields).map(|format| Detected { format, header: true });
    }
    if let Some(midnight_ns) = lean_midnight(&lower) {
        return match fields.len() {
            3 => {
                headless(Format::ForexTicks { midnight_ns: lean_midnight_utc(&lower).unwrap_or(midnight_ns) })
            }
            11 => {
                headless(Format::ForexBars { midnight_ns: lean_midnight_utc(&lower).unwrap_or(midnight_ns) })
            }
            6 => headless(Format::EquityTrades { midnight_ns }),
            8 => headless(Format::EquityQuotes { midnight_ns }),
            n => Err(format!("a dated tick file with {n} columns; 3, 6, 8 or 11 are known")),
        };
    }
    if fields[0].len() >= 14 && fields[0].contains(':') && fields.len() >= 6 {
        // Daily files state midnight on every line.
        return headless(Format::EquityBars { daily: fields[0].ends_with("00:00") });
    }
    match (fields.len(), numbers) {
        (12, 12) => headless(Format::BinanceKlines),
        (6 | 7, _) if is_bool(fields[5]) && numbers >= 5 => headless(Format::BinanceTrades),
        (7 | 8, _) if is_bool(fields[6]) => headless(Format::BinanceAggTrades),
        (n, _) => Err(format!(
            "a table of {n} columns without a header; known are Binance dumps (12, 6-7 or 7-8 columns), \
             or add a header such as ts_ms,open,high,low,close,volume"
        )),
    }
}

/// False for lines that no one could have typed.
fn is_text(line: &[u8]) -> bool {
    let odd = |b: &&u8| b.is_ascii_control() && !matches!(b, b'\t' | b'\r');
    let text = String::from_utf8_lossy(line);
    let lost = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    line.iter().filter(odd).count() + lost <= line.len() / 16
}

fn is_bool(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

fn is_capture(line: &[u8]) -> bool {
    let Some(space) = line.iter().position(|b| *b == b' ') else { return false };
    space >= 10 && line[..space].iter().all(u8::is_ascii_digit) && line.get(space + 1) == Some(&b'{')
}

/// Midnight of the `YYYYMMDD` that a dated file's name begins with, New York time.
fn lean_midnight(name: &str) -> Option<i64> {
    let zone = TimeZone::get("America/New_York").ok()?;
    dated(name)?;
    parse_compact(&name.as_bytes()[..8], &zone)
}

fn lean_midnight_utc(name: &str) -> Option<i64> {
    dated(name)?;
    parse_compact(&name.as_bytes()[..8], &TimeZone::UTC)
}

fn dated(name: &str) -> Option<()> {
    let day = name.get(..8)?;
    (day.bytes().all(|b| b.is_ascii_digit()) && name.as_bytes().get(8) == Some(&b'_')).then_some(())
}

/// Columns by name, upper and lower case alike.
fn header(fields: &[&str]) -> Result<Format, String> {
    let names: Vec<String> =
        fields.iter().map(|f| f.trim_matches(['"', '\u{feff}', ' ']).to_lowercase()).collect();
    let find = |options: &[&str]| options.iter().find_map(|o| names.iter().position(|n| n == o));
    if names.iter().any(|n| n == "open_time") && names.len() >= 11 {
        return Ok(Format::BinanceKlines);
    }
    if names.iter().any(|n| n == "agg_trade_id" || n == "aggtradeid") {
        return Ok(Format::BinanceAggTrades);
    }
    if names.first().is_some_and(|n| n == "id") && find(&["is_buyer_maker", "isbuyermaker"]).is_some() {
        return Ok(Format::BinanceTrades);
    }
    let times: [(&[&str], TimeUnit); 4] = [
        (&["ts_ns", "time_ns", "timestamp_ns"], TimeUnit::Nanos),
        (&["ts_ms", "time_ms", "timestamp_ms"], TimeUnit::Millis),
        (&["ts", "unix", "time", "epoch"], TimeUnit::Number),
        (&["timestamp", "date", "datetime"], TimeUnit::Text),
    ];
    let time = times.iter().find_map(|(options, unit)| find(options).map(|at| (at, *unit)));
    let Some((time, unit)) = time else {
        return Err(format!(
            "the header names no time column (ts_ms, ts_ns, ts, unix, timestamp, date): {}",
            shown(&fields.join(","))
        ));
    };
    let symbol = find(&["symbol", "ticker"]);
    let ohlc = [
        find(&["open", "o"]),
        find(&["high", "h"]),
        find(&["low", "l"]),
        find(&["close", "c"]),
        find(&["volume", "v", "vol"]),
    ];
    if ohlc[..4].iter().all(Option::is_some) {
        return Ok(Format::Bars(Columns { time, unit, values: ohlc, symbol }));
    }
    let quote = [
        find(&["bid", "bid_price"]),
        find(&["ask", "ask_price"]),
        find(&["bid_size", "bid_qty"]),
        find(&["ask_size", "ask_qty"]),
        None,
    ];
    if quote[..2].iter().all(Option::is_some) {
        return Ok(Format::Quotes(Columns { time, unit, values: quote, symbol }));
    }
    Err(format!("the header names neither open,high,low,close nor bid,ask: {}", shown(&fields.join(","))))
}
