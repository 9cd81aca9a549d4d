//! One line of a table to a bar, quote or trade. Numbers are cut exactly into the given units.

use crate::format::{Columns, Format};
use crate::time::{TimeUnit, integer, parse, parse_compact};
use jiff::tz::TimeZone;
use pinion_binance::Reject;
use pinion_binance::scan::decimal;
use pinion_binance::symbols::Units;
use pinion_model::digits;
use pinion_model::event::{Bar, NO_TIME, Quote, Trade};
use pinion_model::number::{Price, Qty};
use pinion_model::order::Side;

/// What a line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// A bar.
    Bar(Bar),
    /// Bars of the bid and of the offer over the same interval.
    BidAskBars(Bar, Bar),
    /// A quote.
    Quote(Quote),
    /// A trade.
    Trade(Trade),
}

impl Row {
    /// The row's time, ns.
    pub fn time_ns(&self) -> i64 {
        match self {
            Row::Bar(bar) | Row::BidAskBars(bar, _) => bar.open_ns,
            Row::Quote(q) => q.recv_ns,
            Row::Trade(t) => t.recv_ns,
        }
    }
}

/// Why a line is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Fewer columns than the format has.
    #[error("too few columns")]
    Columns,
    /// The time is not one.
    #[error("the time cannot be read")]
    Time,
    /// A number is not one, or does not fit.
    #[error(transparent)]
    Number(#[from] Reject),
    /// High below low, or open or close outside.
    #[error("the bar's prices contradict each other")]
    Range,
    /// A price of zero or less, or a negative size.
    #[error("a price or size below its range")]
    NotPositive,
}

/// What is wrong with a row as such.
pub(crate) const ROW_REASONS: [RowError; 4] =
    [RowError::Columns, RowError::Time, RowError::Range, RowError::NotPositive];

impl RowError {
    /// Its place among [`crate::Broken::reasons`].
    pub(crate) fn index(self) -> usize {
        match self {
            RowError::Columns => 0,
            RowError::Time => 1,
            RowError::Range => 2,
            RowError::NotPositive => 3,
            RowError::Number(reject) => ROW_REASONS.len() + reject as usize,
        }
    }
}

/// Tables whose columns stand in the usual order and are plain numbers: read in one pass.
#[derive(Clone, Copy, Debug)]
enum Plain {
    /// Time in units of so many ns, open, high, low, close, volume.
    Bars(i64),
    /// Time in units of so many ns, bid, ask, bid size, ask size.
    Quotes(i64),
}

impl Plain {
    fn of(format: &Format) -> Option<Plain> {
        let (Format::Bars(columns) | Format::Quotes(columns)) = format else { return None };
        let unit_ns = match columns.unit {
            TimeUnit::Millis => 1_000_000,
            TimeUnit::Nanos => 1,
            TimeUnit::Number | TimeUnit::Text => return None,
        };
        let usual =
            |count: usize| columns.values.iter().take(count).enumerate().all(|(i, c)| *c == Some(i + 1));
        match format {
            Format::Bars(_) if columns.time == 0 && usual(5) => Some(Plain::Bars(unit_ns)),
            Format::Quotes(_) if columns.time == 0 && usual(4) => Some(Plain::Quotes(unit_ns)),
            _ => None,
        }
    }
}

const MAX_COLUMNS: usize = 32;

/// Reads rows of one format.
pub struct RowReader {
    format: Format,
    units: Units,
    new_york: TimeZone,
    plain: Option<Plain>,
    /// Last bid and offer of files that state one side at a time.
    sides: [(Price, Qty); 2],
    /// Volumes with more decimals than the unit holds, cut.
    pub volume_cut: u64,
}

impl RowReader {
    /// A reader of `format` into these units.
    pub fn new(format: Format, units: Units) -> RowReader {
        let new_york = TimeZone::get("America/New_York").unwrap_or(TimeZone::UTC);
        let plain = Plain::of(&format);
        RowReader { format, units, new_york, plain, sides: Default::default(), volume_cut: 0 }
    }

    /// Reads a line.
    #[inline]
    pub fn read(&mut self, line: &[u8]) -> Result<Row, RowError> {
        match self.plain {
            Some(Plain::Bars(unit_ns)) => {
                if let Some([open_ns, open, high, low, close, volume]) = self.numbers(line, unit_ns, 4) {
                    let [open, high, low, close] = [open, high, low, close].map(Price);
                    return check_bar(Bar { open_ns, open, high, low, close, volume: Qty(volume) })
                        .map(Row::Bar);
                }
            }
            Some(Plain::Quotes(unit_ns)) => {
                if let Some([recv_ns, bid, ask, bid_qty, ask_qty]) = self.numbers(line, unit_ns, 2) {
                    let (bid, ask, bid_qty, ask_qty) = (Price(bid), Price(ask), Qty(bid_qty), Qty(ask_qty));
                    return check_quote(Quote {
                        recv_ns,
                        venue_ns: NO_TIME,
                        update_id: 0,
                        bid,
                        ask,
                        bid_qty,
                        ask_qty,
                    });
                }
            }
            None => {}
        }
        self.read_any(line)
    }

    /// A time and plain numbers, of which the first `prices` are prices and the others quantities, in one
    /// pass; `None` for whatever needs a closer look.
    #[inline]
    fn numbers<const N: usize>(&self, line: &[u8], unit_ns: i64, prices: usize) -> Option<[i64; N]> {
        let mut values = [0i64; N];
        let (mut at, time) = digits::whole(line, 0)?;
        values[0] = time.checked_mul(unit_ns)?;
        for (index, value) in values[1..].iter_mut().enumerate() {
            if *line.get(at)? != b',' {
                return None;
            }
            let exponent = if index < prices { self.units.price } else { self.units.qty };
            (at, *value) = digits::decimal(line, at + 1, exponent)?;
        }
        (at == line.len()).then_some(values)
    }

    fn read_any(&mut self, line: &[u8]) -> Result<Row, RowError> {
        let mut fields: [&[u8]; MAX_COLUMNS] = [&[]; MAX_COLUMNS];
        let count = split(line, &mut fields);
        let fields = &fields[..count];
        match &self.format {
            Format::Bars(columns) => {
                let columns = *columns;
                self.bar(fields, &columns)
            }
            Format::Quotes(columns) => {
                let columns = *columns;
                self.quote(fields, &columns)
            }
            Format::Capture => Err(RowError::Columns),
            Format::BinanceKlines => self.bar(fields, &KLINES),
            Format::BinanceTrades => self.binance_trade(fields, [0, 1, 2, 4, 5]),
            Format::BinanceAggTrades => self.binance_trade(fields, [0, 1, 2, 5, 6]),
            Format::EquityBars { .. } => self.equity_bar(fields),
            Format::EquityTrades { midnight_ns } => self.equity_trade(fields, *midnight_ns),
            Format::EquityQuotes { midnight_ns } => self.equity_quote(fields, *midnight_ns),
            Format::ForexTicks { midnight_ns } => self.forex_tick(fields, *midnight_ns),
            Format::ForexBars { midnight_ns } => self.forex_bars(fields, *midnight_ns),
        }
    }

    fn price(&self, field: &[u8]) -> Result<Price, RowError> {
        Ok(Price(decimal(field, self.units.price)?))
    }

    /// A price that the file states times 10,000.
    fn price_10k(&self, field: &[u8]) -> Result<Price, RowError> {
        let units = decimal(field, 0)?;
        let power = |digits: u8| pinion_model::decimal::POW10[usize::from(digits)];
        match self.units.price.checked_sub(4) {
            Some(up) => Ok(Price(units.checked_mul(power(up)).ok_or(Reject::OutOfRange)?)),
            None => {
                let cut = power(4 - self.units.price);
                if units % cut == 0 { Ok(Price(units / cut)) } else { Err(Reject::TooFine.into()) }
            }
        }
    }

    fn qty(&mut self, field: &[u8]) -> Result<Qty, RowError> {
        match decimal(field, self.units.qty) {
            Err(Reject::TooFine) => {
                // Volumes are sums of someone's floats: what is finer than the unit is cut and counted.
                self.volume_cut += 1;
                let point = field.iter().position(|b| *b == b'.').unwrap_or(field.len());
                Ok(Qty(decimal(
                    &field[..(point + 1 + usize::from(self.units.qty)).min(field.len())],
                    self.units.qty,
                )?))
            }
            other => Ok(Qty(other?)),
        }
    }

    #[inline]
    fn bar(&mut self, fields: &[&[u8]], columns: &Columns) -> Result<Row, RowError> {
        let field = |at: Option<usize>| at.and_then(|at| fields.get(at).copied()).ok_or(RowError::Columns);
        let [open, high, low, close, volume] = columns.values;
        let bar = Bar {
            open_ns: parse(field(Some(columns.time))?, columns.unit).ok_or(RowError::Time)?,
            open: self.price(field(open)?)?,
            high: self.price(field(high)?)?,
            low: self.price(field(low)?)?,
            close: self.price(field(close)?)?,
            volume: match volume {
                Some(_) => self.qty(field(volume)?)?,
                None => Qty::ZERO,
            },
        };
        check_bar(bar).map(Row::Bar)
    }

    #[inline]
    fn quote(&mut self, fields: &[&[u8]], columns: &Columns) -> Result<Row, RowError> {
        let field = |at: Option<usize>| at.and_then(|at| fields.get(at).copied()).ok_or(RowError::Columns);
        let [bid, ask, bid_qty, ask_qty, _] = columns.values;
        let (bid, ask) = (self.price(field(bid)?)?, self.price(field(ask)?)?);
        let mut size = |at: Option<usize>| if at.is_some() { self.qty(field(at)?) } else { Ok(Qty::ZERO) };
        let recv_ns = parse(field(Some(columns.time))?, columns.unit).ok_or(RowError::Time)?;
        check_quote(Quote {
            recv_ns,
            venue_ns: NO_TIME,
            update_id: 0,
            bid,
            ask,
            bid_qty: size(bid_qty)?,
            ask_qty: size(ask_qty)?,
        })
    }

    fn binance_trade(&mut self, fields: &[&[u8]], columns: [usize; 5]) -> Result<Row, RowError> {
        let field = |at: usize| fields.get(at).copied().ok_or(RowError::Columns);
        let [id, price, qty, time, maker] = columns;
        let time_ns = parse(field(time)?, TimeUnit::Number).ok_or(RowError::Time)?;
        let maker = field(maker)?.eq_ignore_ascii_case(b"true");
        check_trade(Trade {
            recv_ns: time_ns,
            venue_ns: time_ns,
            trade_id: integer(field(id)?).ok_or(RowError::Columns)? as u64,
            price: self.price(field(price)?)?,
            qty: self.qty(field(qty)?)?,
            aggressor: Some(if maker { Side::Sell } else { Side::Buy }),
        })
    }

    fn equity_bar(&mut self, fields: &[&[u8]]) -> Result<Row, RowError> {
        let &[time, open, high, low, close, volume, ..] = fields else { return Err(RowError::Columns) };
        check_bar(Bar {
            open_ns: parse_compact(time, &self.new_york).ok_or(RowError::Time)?,
            open: self.price_10k(open)?,
            high: self.price_10k(high)?,
            low: self.price_10k(low)?,
            close: self.price_10k(close)?,
            volume: self.qty(volume)?,
        })
        .map(Row::Bar)
    }

    fn since(midnight_ns: i64, millis: &[u8]) -> Result<i64, RowError> {
        Ok(midnight_ns + integer(millis).ok_or(RowError::Time)? * 1_000_000)
    }

    fn equity_trade(&mut self, fields: &[&[u8]], midnight_ns: i64) -> Result<Row, RowError> {
        let &[time, price, size, ..] = fields else { return Err(RowError::Columns) };
        let recv_ns = Self::since(midnight_ns, time)?;
        let (price, qty) = (self.price_10k(price)?, self.qty(size)?);
        check_trade(Trade { recv_ns, venue_ns: recv_ns, trade_id: 0, price, qty, aggressor: None })
    }

    fn equity_quote(&mut self, fields: &[&[u8]], midnight_ns: i64) -> Result<Row, RowError> {
        let &[time, bid, bid_size, ask, ask_size, ..] = fields else { return Err(RowError::Columns) };
        let recv_ns = Self::since(midnight_ns, time)?;
        let sides =
            [(self.price_10k(bid)?, self.qty(bid_size)?), (self.price_10k(ask)?, self.qty(ask_size)?)];
        // Such files state the side that changed; the other one stands.
        for (known, side) in self.sides.iter_mut().zip(sides) {
            if side.0 > Price::ZERO {
                *known = side;
            }
        }
        let [(bid, bid_qty), (ask, ask_qty)] = self.sides;
        check_quote(Quote { recv_ns, venue_ns: recv_ns, update_id: 0, bid, ask, bid_qty, ask_qty })
    }

    fn forex_tick(&mut self, fields: &[&[u8]], midnight_ns: i64) -> Result<Row, RowError> {
        let &[time, bid, ask] = fields else { return Err(RowError::Columns) };
        let recv_ns = Self::since(midnight_ns, time)?;
        let (bid, ask) = (self.price(bid)?, self.price(ask)?);
        check_quote(Quote {
            recv_ns,
            venue_ns: recv_ns,
            update_id: 0,
            bid,
            ask,
            bid_qty: Qty::ZERO,
            ask_qty: Qty::ZERO,
        })
    }

    fn forex_bars(&mut self, fields: &[&[u8]], midnight_ns: i64) -> Result<Row, RowError> {
        if fields.len() != 11 {
            return Err(RowError::Columns);
        }
        let open_ns = Self::since(midnight_ns, fields[0])?;
        let mut bar = |f: &[&[u8]]| {
            check_bar(Bar {
                open_ns,
                open: self.price(f[0])?,
                high: self.price(f[1])?,
                low: self.price(f[2])?,
                close: self.price(f[3])?,
                volume: self.qty(f[4])?,
            })
        };
        Ok(Row::BidAskBars(bar(&fields[1..6])?, bar(&fields[6..11])?))
    }
}

/// Binance's candle columns.
const KLINES: Columns = Columns {
    time: 0,
    unit: TimeUnit::Number,
    values: [Some(1), Some(2), Some(3), Some(4), Some(5)],
    symbol: None,
};

#[inline]
pub(crate) fn split<'a>(line: &'a [u8], fields: &mut [&'a [u8]; MAX_COLUMNS]) -> usize {
    let (mut count, mut start) = (0, 0);
    for at in memchr::memchr_iter(b',', line) {
        if count == MAX_COLUMNS - 1 {
            break;
        }
        fields[count] = line[start..at].trim_ascii();
        count += 1;
        start = at + 1;
    }
    fields[count] = line[start..].trim_ascii();
    count + 1
}

fn check_bar(bar: Bar) -> Result<Bar, RowError> {
    if bar.low <= Price::ZERO || bar.volume < Qty::ZERO {
        return Err(RowError::NotPositive);
    }
    let inside = |p: Price| bar.low <= p && p <= bar.high;
    if inside(bar.open) && inside(bar.close) { Ok(bar) } else { Err(RowError::Range) }
}

fn check_quote(quote: Quote) -> Result<Row, RowError> {
    let sizes = quote.bid_qty < Qty::ZERO || quote.ask_qty < Qty::ZERO;
    if quote.bid < Price::ZERO
        || quote.ask < Price::ZERO
        || sizes
        || (quote.bid.is_zero() && quote.ask.is_zero())
    {
        return Err(RowError::NotPositive);
    }
    Ok(Row::Quote(quote))
}

fn check_trade(trade: Trade) -> Result<Row, RowError> {
    if trade.price <= Price::ZERO || trade.qty < Qty::ZERO {
        Err(RowError::NotPositive)
    } else {
        Ok(Row::Trade(trade))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_place() {
        let numbers = Reject::ALL.map(RowError::Number);
        let all: Vec<RowError> = ROW_REASONS.into_iter().chain(numbers).collect();
        assert_eq!(all.len(), crate::REASONS);
        for (index, (reason, words)) in all.iter().zip(crate::Broken::reasons()).enumerate() {
            assert_eq!((reason.index(), reason.to_string()), (index, words));
        }
    }
}
