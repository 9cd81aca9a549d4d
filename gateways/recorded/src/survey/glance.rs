//! A quick look at a file before it is run: what a plan must know of it, and nothing else.

use super::kind::kind_of_depth;
use super::track::Decimals;
use super::{InstrumentSurvey, Jump, PRICE, QTY, Survey, check_good};
use crate::format::{Columns, Detected, Format, first_line};
use crate::lines::open;
use crate::name::symbol_of;
use crate::rows::RowReader;
use crate::source::decode_line;
use crate::time::TimeUnit;
use crate::{Broken, DataError};
use pinion_binance::symbols::Units;
use pinion_binance::{Decoded, Decoder, Reject, SymbolTable};
use pinion_model::digits;
use pinion_model::event::{Bar, Market};
use pinion_model::number::Price;
use std::path::Path;

/// What a run must know of a file before it reads it: decimals, order, interval, jumps. A plain table is read
/// without cutting most of its numbers, a capture without rebuilding its books; `None` for tables that need
/// the whole survey.
pub fn glance(path: &Path) -> Result<Option<Survey>, DataError> {
    let detected = first_line(path)?;
    if detected.format == Format::Capture {
        return glance_capture(path, &detected).map(Some);
    }
    let (Format::Bars(columns) | Format::Quotes(columns)) = detected.format else { return Ok(None) };
    let is_bars = matches!(detected.format, Format::Bars(_));
    match plain_unit(&columns, is_bars) {
        Some(unit_ns) => glance_table(path, &detected, is_bars, unit_ns).map(Some),
        None => Ok(None),
    }
}

/// Nanoseconds of the unit of time of a table whose columns are plain numbers in the usual order.
fn plain_unit(columns: &Columns, is_bars: bool) -> Option<i64> {
    let count = if is_bars { 5 } else { 4 };
    let usual = columns.values.iter().take(count).enumerate().all(|(i, c)| *c == Some(i + 1));
    let unit_ns = match columns.unit {
        TimeUnit::Millis => 1_000_000,
        TimeUnit::Nanos => 1,
        TimeUnit::Number | TimeUnit::Text => return None,
    };
    (usual && columns.time == 0 && columns.symbol.is_none()).then_some(unit_ns)
}

/// The steps from bar to bar that come first, and how often each comes.
#[derive(Default)]
struct Steps {
    counts: [(i64, u64); 8],
    rising: u64,
    falling: u64,
}

impl Steps {
    #[inline]
    fn add(&mut self, step: i64) {
        self.rising += u64::from(step > 0);
        self.falling += u64::from(step < 0);
        if let Some(slot) = self.counts.iter_mut().find(|(s, n)| *s == step.abs() || *n == 0) {
            *slot = (step.abs(), slot.1 + 1);
        }
    }

    fn usual(&self) -> i64 {
        let steps = self.counts.iter().filter(|(step, _)| *step > 0);
        steps.max_by_key(|(_, n)| *n).map_or(0, |(step, _)| *step)
    }
}

fn glance_table(path: &Path, detected: &Detected, is_bars: bool, unit_ns: i64) -> Result<Survey, DataError> {
    let (prices, count) = if is_bars { (4, 5) } else { (2, 4) };
    let (mut lines, _) = open(path)?;
    lines.next_line()?;
    let (mut read, mut previous, mut steps) = (0u64, 0i64, Steps::default());
    let mut decimals = [0usize; 2];
    let mut found = InstrumentSurvey { symbol: symbol_of(path), ..InstrumentSurvey::default() };
    let mut rows = RowReader::new(detected.format.clone(), Units { price: PRICE, qty: QTY });
    let (mut last, mut first_time): (Option<(Bar, u64)>, Option<i64>) = (None, None);
    while let Some((number, line)) = lines.next_line()? {
        // Anything that is not a plain row is left to the reader, which counts it as broken or not.
        let Some((end, time)) = digits::whole(line, 0) else { continue };
        digits::raise_decimals(line, prices, count, &mut decimals);
        if read > 0 {
            steps.add(time - previous);
        }
        if is_bars && let Some(close) = close_of(line, end) {
            let bar = Bar { open_ns: time.saturating_mul(unit_ns), close, ..Bar::default() };
            let jump = last.and_then(|(before, _)| Jump::between(&before, &bar, number));
            // What the reader will skip as broken is no price; it is asked only where it matters.
            if (last.is_some() && jump.is_none()) || rows.read(line).is_ok() {
                last = Some((bar, number));
                found.ends.get_or_insert([(bar, number); 2]);
                jump.into_iter().for_each(|jump| found.add_jump(jump));
            }
        }
        first_time.get_or_insert(time);
        (previous, read) = (time, read + 1);
    }
    if let (Some(ends), Some(last)) = (&mut found.ends, last) {
        ends[1] = last;
        ends.sort_by_key(|(bar, _)| bar.open_ns);
    }
    let times = [first_time.unwrap_or(previous), previous].map(|time| time.saturating_mul(unit_ns));
    (found.first_ns, found.last_ns) = match found.ends {
        Some([(first, _), (last, _)]) => (first.open_ns, last.open_ns),
        None => (times[0].min(times[1]), times[0].max(times[1])),
    };
    *(if is_bars { &mut found.bars } else { &mut found.quotes }) = read;
    found.price_decimals = decimals[0].min(PRICE.into()) as u8;
    found.qty_decimals = decimals[1].min(QTY.into()) as u8;
    found.bar_interval_ns = if is_bars { steps.usual() * unit_ns } else { 0 };
    Ok(Survey {
        files: vec![(path.display().to_string(), detected.format.label().into())],
        lines: read,
        descending: steps.falling > steps.rising,
        instruments: vec![found],
        ..Survey::default()
    })
}

/// The close of a plain bar whose time ends at `at`; `None` for what needs a closer look.
#[inline]
fn close_of(line: &[u8], at: usize) -> Option<Price> {
    let (mut at, mut close) = (at, 0);
    for _ in 0..4 {
        if *line.get(at)? != b',' {
            return None;
        }
        (at, close) = digits::decimal(line, at + 1, PRICE)?;
    }
    Some(Price(close))
}

/// Counts and decimals of a capture.
fn glance_capture(path: &Path, detected: &Detected) -> Result<Survey, DataError> {
    let mut decoder = Decoder::new(SymbolTable::open(Units { price: PRICE, qty: QTY }), 20_000);
    let mut tracks: Vec<(InstrumentSurvey, Decimals)> = Vec::new();
    let (mut lines, _) = open(path)?;
    let (mut broken, mut read) = (Broken::default(), 0u64);
    while let Some((number, line)) = lines.next_line()? {
        if line.is_empty() {
            continue;
        }
        read += 1;
        match decode_line(&mut decoder, line) {
            Ok(Decoded::Ignored) | Err(Reject::NotAMarketTrade) => {}
            Ok(Decoded::Market(id, market)) => {
                if tracks.len() <= id.index() {
                    tracks.resize_with(id.index() + 1, Default::default);
                }
                let (found, decimals) = &mut tracks[id.index()];
                decimals.note(&market);
                match market {
                    Market::Quote(_) => found.quotes += 1,
                    Market::Trade(_) => found.trades += 1,
                    Market::Bar { .. } => found.bars += 1,
                    Market::Depth(d) => {
                        found.depth_updates += u64::from(!d.snapshot);
                        found.looks_like = found.looks_like.or(kind_of_depth(&d));
                    }
                }
            }
            Err(reason) => broken.add(number, reason),
        }
    }
    check_good(path, read, &broken)?;
    let named = tracks.into_iter().zip(decoder.symbols.names());
    let instruments = named.map(|((mut found, decimals), symbol)| {
        found.symbol = symbol;
        (found.price_decimals, found.qty_decimals) = decimals.needed();
        found
    });
    Ok(Survey {
        files: vec![(path.display().to_string(), detected.format.label().into())],
        lines: read,
        broken: broken.count,
        instruments: instruments.collect(),
        ..Survey::default()
    })
}
