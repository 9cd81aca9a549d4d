//! Corporate actions of shares: splits, applied backwards, so that the prices before one and after it are of
//! the same share.
//!
//! The file is CSV with a header, `date,split_ratio,dividend` (and `symbol` where it is of several):
//!
//! ```text
//!   date,split_ratio,dividend
//!   2014-06-09,7,            seven shares for one: earlier prices / 7, earlier volumes x 7
//!   2020-08-31,4:1,0.82      the same in the other spelling; 0.125 or 1:8 is a reverse split
//!   2000-09-29,1,            no split: the market moved the price as a split would
//! ```
//!
//! `date` is the first day on the new basis. It begins at 00:00 New York time in files whose times are New
//! York's, at 00:00 UTC in all others. Every price before it is divided by the ratio and every size multiplied
//! by it, in integers, rounded to the nearest unit, halves up. Prices get as many decimals more as make that
//! exact, but at most [`MOST_EXTRA`]. Dividends are read and checked, and change no price.

use crate::DataError;
use crate::lines::open;
use crate::rows::{Row, RowError, RowReader};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use pinion_binance::Reject;
use pinion_model::decimal::Decimal;
use pinion_model::event::{Bar, Quote, Trade};
use pinion_model::number::{Price, Qty};
use std::path::Path;

/// Most decimals that splits add to a price.
pub const MOST_EXTRA: u8 = 2;
/// Largest number of shares on either side of a ratio.
const MOST_SHARES: i128 = 1_000_000;

/// A split or a dividend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Of which share, in capitals; `None` where the file does not say.
    pub symbol: Option<String>,
    /// First day on the new basis.
    pub date: Date,
    /// New shares for old ones, in lowest terms.
    pub ratio: (i64, i64),
    /// It pays a dividend.
    pub dividend: bool,
    /// Its ratio is written and is 1: what the price does on this day is the market's doing.
    pub moved: bool,
    /// Line of the file.
    pub line: u64,
}

impl Action {
    /// True for a second split of the same share on the same day.
    fn repeats(&self, other: &Action) -> bool {
        let splits = self.ratio != (1, 1) && other.ratio != (1, 1);
        let same = self.symbol == other.symbol || self.symbol.is_none() || other.symbol.is_none();
        splits && same && self.date == other.date
    }

    /// When its day begins in UTC, ns.
    pub fn at_ns(&self) -> i64 {
        begin_of(&self.date, &TimeZone::UTC)
    }
}

/// Reads a file of actions.
pub fn read(path: &Path) -> Result<Vec<Action>, DataError> {
    let (mut lines, _) = open(path)?;
    let error = |line, reason: String| DataError::Format { file: path.to_path_buf(), line, reason };
    let header = match lines.next_line()? {
        Some((_, line)) => String::from_utf8_lossy(line).trim_start_matches('\u{feff}').to_lowercase(),
        None => return Err(error(1, "the file is empty; its header is date,split_ratio,dividend".into())),
    };
    let names: Vec<&str> = header.split(',').map(str::trim).collect();
    let column = |name: &str| names.iter().position(|n| *n == name);
    let (Some(date), Some(ratio)) = (column("date"), column("split_ratio")) else {
        let reason = format!("the header must be date,split_ratio,dividend, not {}", crate::shown(&header));
        return Err(error(1, reason));
    };
    let (dividend, symbol) = (column("dividend"), column("symbol"));
    let mut actions: Vec<Action> = Vec::new();
    while let Some((number, line)) = lines.next_line()? {
        let text = String::from_utf8_lossy(line).into_owned();
        if text.trim().is_empty() {
            continue;
        }
        let fields: Vec<&str> = text.split(',').map(str::trim).collect();
        let field = |at: Option<usize>| at.and_then(|at| fields.get(at).copied()).unwrap_or_default();
        let day = field(Some(date)).parse().map_err(|_| {
            error(number, format!("`{}` is not a date; write 2020-08-31", crate::shown(field(Some(date)))))
        })?;
        let written = field(Some(ratio));
        let ratio = parse_ratio(written).ok_or_else(|| {
            let shown = crate::shown(written);
            error(number, format!("`{shown}` is not a split ratio; write 4, 4:1 or 0.25, or nothing"))
        })?;
        let dividend = match field(dividend) {
            "" => false,
            text => match Decimal::parse(text.as_bytes()) {
                Ok(amount) if amount.mantissa() >= 0 => amount.mantissa() > 0,
                _ => {
                    let reason =
                        format!("`{}` is not a dividend; write an amount a share", crate::shown(text));
                    return Err(error(number, reason));
                }
            },
        };
        let symbol = Some(field(symbol)).filter(|s| !s.is_empty()).map(str::to_uppercase);
        let moved = !written.is_empty() && ratio == (1, 1);
        let action = Action { symbol, date: day, ratio, dividend, moved, line: number };
        if let Some(first) = actions.iter().find(|a| action.repeats(a)) {
            let reason = format!("the split of {day} stands in line {} already; remove one", first.line);
            return Err(error(number, reason));
        }
        actions.push(action);
    }
    Ok(actions)
}

/// `4`, `0.125` or `3:2` in lowest terms; nothing is 1.
fn parse_ratio(text: &str) -> Option<(i64, i64)> {
    let number = |text: &str| Decimal::parse(text.trim().as_bytes()).ok().filter(|d| d.mantissa() > 0);
    let (new, old) = match text.split_once(':') {
        _ if text.is_empty() => return Some((1, 1)),
        Some((new, old)) => (number(new)?, number(old)?),
        None => (number(text)?, Decimal::new(1, 0)),
    };
    let scale = new.scale().max(old.scale());
    let (new, old) = (new.to_scaled_i128(scale).ok()?, old.to_scaled_i128(scale).ok()?);
    let common = gcd(new, old);
    let (new, old) = (new / common, old / common);
    (new <= MOST_SHARES && old <= MOST_SHARES).then_some((new as i64, old as i64))
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The splits of one instrument, ready to be applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Splits {
    /// Days on which a basis ends, rising, with the product of all later ratios: new shares and old ones.
    steps: Vec<(Date, i128, i128)>,
}

impl Splits {
    /// The splits among actions; `None` when their product is beyond reason.
    pub fn of<'a>(actions: impl IntoIterator<Item = &'a Action>) -> Option<Splits> {
        let mut all: Vec<&Action> = actions.into_iter().filter(|a| a.ratio != (1, 1)).collect();
        all.sort_by_key(|a| std::cmp::Reverse(a.date));
        let (mut new, mut old) = (1i128, 1i128);
        let mut steps = Vec::with_capacity(all.len());
        for action in all {
            (new, old) = (new * i128::from(action.ratio.0), old * i128::from(action.ratio.1));
            let common = gcd(new, old);
            (new, old) = (new / common, old / common);
            if new > MOST_SHARES * MOST_SHARES || old > MOST_SHARES * MOST_SHARES {
                return None;
            }
            steps.push((action.date, new, old));
        }
        steps.reverse();
        Some(Splits { steps })
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Decimals that prices get beyond those of the data.
    pub fn extra_decimals(&self) -> u8 {
        let exact = |decimals: u8| {
            self.steps.iter().all(|(_, new, old)| (10i128.pow(decimals.into()) * old) % new == 0)
        };
        (0..MOST_EXTRA).find(|decimals| exact(*decimals)).unwrap_or(MOST_EXTRA)
    }

    /// For data whose days begin in this zone.
    pub(crate) fn in_zone(&self, zone: &TimeZone) -> Adjuster {
        let begin = |(date, new, old): &(Date, i128, i128)| (begin_of(date, zone), *new, *old);
        Adjuster { steps: self.steps.iter().map(begin).collect() }
    }

    /// Splits by which a price at least doubles or halves: date, its beginning in UTC, new and old shares.
    pub fn large(&self) -> impl Iterator<Item = (Date, i64, (i128, i128))> {
        let later = self.steps.iter().skip(1).map(|(_, new, old)| (*new, *old)).chain([(1, 1)]);
        let own = self.steps.iter().zip(later).map(|((date, new, old), (later_new, later_old))| {
            let (new, old) = (new * later_old, old * later_new);
            let common = gcd(new, old);
            (*date, begin_of(date, &TimeZone::UTC), (new / common, old / common))
        });
        own.filter(|(_, _, (new, old))| *new >= 2 * old || *old >= 2 * new)
    }

    /// What a price before a bar at `time_ns` became by the splits between it and a later one, as a fraction.
    pub fn between(&self, before_ns: i64, after_ns: i64) -> (i128, i128) {
        // A bar may be stamped in either zone; a day's tolerance finds the split between two bars of days.
        let adjuster = self.in_zone(&TimeZone::UTC);
        let (new, old) = adjuster.factor(before_ns);
        let (later_new, later_old) = adjuster.factor(after_ns);
        (old * later_new, new * later_old)
    }
}

/// When a day begins in a zone, ns.
fn begin_of(date: &Date, zone: &TimeZone) -> i64 {
    let stamp = zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).compatible().ok();
    stamp.and_then(|s| i64::try_from(s.as_nanosecond()).ok()).unwrap_or(i64::MIN)
}

/// Splits with the times at which they happen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Adjuster {
    steps: Vec<(i64, i128, i128)>,
}

impl Adjuster {
    /// New and old shares of all splits after a time.
    fn factor(&self, time_ns: i64) -> (i128, i128) {
        let at = self.steps.partition_point(|(from_ns, ..)| *from_ns <= time_ns);
        self.steps.get(at).map_or((1, 1), |(_, new, old)| (*new, *old))
    }

    /// Reads a line and adjusts it.
    #[inline]
    pub fn read(&self, reader: &mut RowReader, line: &[u8]) -> Result<Row, RowError> {
        let row = reader.read(line)?;
        if self.steps.is_empty() { Ok(row) } else { self.apply(row).ok_or(Reject::OutOfRange.into()) }
    }

    /// A row on the newest basis; `None` when a number no longer fits.
    fn apply(&self, row: Row) -> Option<Row> {
        let (new, old) = self.factor(row.time_ns());
        let price = |p: Price| scale(p.0, old, new).map(Price);
        let qty = |q: Qty| scale(q.0, new, old).map(Qty);
        let bar = |b: Bar| {
            Some(Bar {
                open: price(b.open)?,
                high: price(b.high)?,
                low: price(b.low)?,
                close: price(b.close)?,
                volume: qty(b.volume)?,
                ..b
            })
        };
        Some(match row {
            Row::Bar(b) => Row::Bar(bar(b)?),
            Row::BidAskBars(bid, ask) => Row::BidAskBars(bar(bid)?, bar(ask)?),
            Row::Quote(q) => Row::Quote(Quote {
                bid: price(q.bid)?,
                ask: price(q.ask)?,
                bid_qty: qty(q.bid_qty)?,
                ask_qty: qty(q.ask_qty)?,
                ..q
            }),
            Row::Trade(t) => Row::Trade(Trade { price: price(t.price)?, qty: qty(t.qty)?, ..t }),
        })
    }
}

/// `value * by / over`, to the nearest, halves up.
fn scale(value: i64, by: i128, over: i128) -> Option<i64> {
    let doubled = i128::from(value).checked_mul(by)?.checked_mul(2)?;
    i64::try_from((doubled + over).div_euclid(2 * over)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(date: &str, ratio: &str) -> Action {
        let date = date.parse().unwrap();
        Action {
            symbol: None,
            date,
            ratio: parse_ratio(ratio).unwrap(),
            dividend: false,
            moved: false,
            line: 0,
        }
    }

    #[test]
    fn earlier_prices_are_divided_by_all_later_splits_and_volumes_multiplied() {
        let splits = Splits::of(&[action("2020-08-31", "4"), action("2014-06-09", "7:1")]).unwrap();
        assert_eq!(splits.extra_decimals(), MOST_EXTRA, "sevenths have no end");
        let adjuster = splits.in_zone(&TimeZone::UTC);
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_nanosecond() as i64;
        let row = |time_ns| {
            let p = Price(28_014);
            Row::Bar(Bar { open_ns: time_ns, open: p, high: p, low: p, close: p, volume: Qty(10) })
        };
        let adjusted = |text| match adjuster.apply(row(at(text))) {
            Some(Row::Bar(bar)) => (bar.close.0, bar.volume.0),
            other => panic!("{other:?}"),
        };
        assert_eq!(adjusted("2020-08-31T00:00:00Z"), (28_014, 10));
        assert_eq!(adjusted("2020-08-30T23:59:59Z"), (7_004, 40), "7003.5 is rounded up");
        assert_eq!(adjusted("2014-06-09T00:00:00Z"), (7_004, 40));
        assert_eq!(adjusted("2014-06-08T00:00:00Z"), (1_001, 280), "1000.5 is rounded up");
    }

    #[test]
    fn ratios_are_exact_and_decimals_are_added_only_where_they_help() {
        assert_eq!(parse_ratio("0.125"), Some((1, 8)));
        assert_eq!(parse_ratio("3:2"), Some((3, 2)));
        assert_eq!(parse_ratio(""), Some((1, 1)));
        for wrong in ["0", "-2", "x", "2:0", "1:", "1e9"] {
            assert_eq!(parse_ratio(wrong), None, "{wrong}");
        }
        let extra = |ratio: &str| Splits::of(&[action("2020-01-01", ratio)]).unwrap().extra_decimals();
        assert_eq!(
            [extra("0.125"), extra("1"), extra("2"), extra("10"), extra("4"), extra("3:2")],
            [0, 0, 1, 1, 2, 2]
        );
    }
}
