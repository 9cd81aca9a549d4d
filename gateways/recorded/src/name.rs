//! The instrument that a file is of, from the file's name: what vendors put behind the symbol (interval,
//! date, kind of data) is taken off, so that the files of one instrument are one series.

use std::path::Path;

/// Kinds of data and words for intervals, as dumps name them.
const WORDS: [&str; 46] = [
    "trade",
    "trades",
    "aggtrade",
    "aggtrades",
    "agg",
    "kline",
    "klines",
    "candle",
    "candles",
    "quote",
    "quotes",
    "tick",
    "ticks",
    "bar",
    "bars",
    "ohlc",
    "ohlcv",
    "bookticker",
    "book",
    "depth",
    "l1",
    "l2",
    "bid",
    "ask",
    "bidask",
    "nbbo",
    "second",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "hourly",
    "daily",
    "weekly",
    "monthly",
    "intraday",
    "eod",
    "raw",
    "data",
    "history",
    "historical",
    "prices",
    "sample",
    "part",
    "utc",
];

/// Units of the lengths of bars.
const UNITS: [&str; 14] =
    ["ms", "s", "sec", "m", "min", "mins", "h", "hr", "hour", "d", "day", "w", "mo", "t"];

/// The symbol that a file's name tells, in capitals: `BTCUSDT-1m-2024-08.csv` and `btcusdt-trades-2024-08-01.zip`
/// are both of BTCUSDT. A name that is made of such words alone stands for itself.
pub(crate) fn symbol_of(path: &Path) -> String {
    let name = path.file_name().map_or(String::new(), |n| n.to_string_lossy().into_owned());
    let stem = name.split('.').next().filter(|s| !s.is_empty()).unwrap_or("data");
    let mut end = 0;
    for part in stem.split_inclusive(['-', '_']) {
        let bare = part.trim_end_matches(['-', '_']);
        if end > 0 && is_suffix(bare) {
            break;
        }
        end += part.len();
    }
    stem[..end].trim_end_matches(['-', '_']).to_uppercase()
}

fn is_suffix(part: &str) -> bool {
    let lower = part.to_lowercase();
    let unit = lower.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = lower.len() - unit.len();
    match (digits, unit) {
        (0, word) => word.is_empty() || WORDS.contains(&word),
        (_, "") => is_date_or_count(&lower),
        (_, unit) => UNITS.contains(&unit),
    }
}

/// A year, a month, a day, or a number of rows. `240927` is the day on which a contract ends, and a short
/// number may be a part of the name.
fn is_date_or_count(digits: &str) -> bool {
    let number = |from: usize, to: usize| digits[from..to].parse::<u32>().unwrap_or(0);
    match digits.len() {
        0..=3 => false,
        6 => {
            !((20..70).contains(&number(0, 2)) && is_day(number(2, 4), number(4, 6)))
                || is_month(number(0, 4), number(4, 6))
        }
        _ => true,
    }
}

fn is_day(month: u32, day: u32) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

fn is_month(year: u32, month: u32) -> bool {
    (1970..2070).contains(&year) && (1..=12).contains(&month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dumps_put_behind_the_symbol_is_taken_off() {
        let names = "BTCUSDT BTCUSDT-1m-2024-08.csv, BTCUSDT BTCUSDT-1m-00.csv, BTCUSDT BTCUSDT-1mo-2024-08.zip, \
            BTCUSDT BTCUSDT-trades-2024-08-01.zip, BTCUSDT BTCUSDT-aggTrades-2024-08.csv.gz, BTCUSDT btcusdt.csv, \
            EURUSD eurusd_tick_20140507.zip, EURUSD eurusd_minute_20140507.zip, AAPL aapl_daily.zip, SPY spy_hour.zip, \
            IBM ibm_tick_20131007_trade.zip, IBM ibm_tick_20131007_quote.zip, BTCPERP btcperp_1m_202201.csv.gz, \
            BTCUSD btcusd_1h_2018_2022.csv.gz, BARS bars_1000000.csv, SPY spy_502d_quotes.csv, BTC-USD BTC-USD_1d.csv, \
            BTCUSDT_PERP BTCUSDT_PERP-1h-2024.csv, BTCUSDT_240927 BTCUSDT_240927-1m-2024-08.csv, FUND_1 fund_1.csv, \
            OHLCV_SEED42 ohlcv_seed42.csv, 1INCHUSDT 1INCHUSDT-5m-2024-01-02.csv, TICKS ticks.csv, DATA .csv, \
            ETHUSDT ETHUSDT_2019.csv, GOLD gold_200001.csv";
        for case in names.split(", ") {
            let (symbol, name) = case.trim().split_once(' ').unwrap();
            assert_eq!(symbol_of(Path::new(name)), symbol, "{name}");
        }
    }
}
