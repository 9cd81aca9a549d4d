//! What a recording holds: formats, instruments, counts, span, gaps, broken lines, and how well books
//! rebuilt from its depth agree with its quotes.
//!
//! Numbers are cut at nine decimals (prices) and eight (quantities), which is finer than any venue; how
//! many of them are needed is what the plan compiler asks for.

use crate::format::{Format, first_line};
use crate::lines::open;
use crate::rows::{Row, RowReader};
use crate::source::{decode_line, mostly_broken};
use crate::time::TimeUnit;
use crate::{Broken, DataError};
use pinion_binance::symbols::Units;
use pinion_binance::{Decoded, Decoder, Reject, SymbolTable};
use pinion_engine::book::{Book, BookChange};
use pinion_model::decimal::Scaled;
use pinion_model::digits;
use pinion_model::event::{Bar, Depth, Level, Market, Quote, Trade};
use pinion_model::number::{Price, Qty};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

const PRICE: u8 = 9;
const QTY: u8 = 8;
/// Book states and quotes that are kept to be held against each other.
const WAITING: usize = 4096;

/// What was found about one instrument.
#[derive(Clone, Debug, Default, Serialize)]
pub struct InstrumentSurvey {
    /// Symbol, or the file's name.
    pub symbol: String,
    /// Quotes.
    pub quotes: u64,
    /// Trades.
    pub trades: u64,
    /// Bars.
    pub bars: u64,
    /// Depth updates.
    pub depth_updates: u64,
    /// Depth snapshots.
    pub depth_snapshots: u64,
    /// Decimals that prices need.
    pub price_decimals: u8,
    /// Decimals that quantities need.
    pub qty_decimals: u8,
    /// First event, ns since 1970 UTC.
    pub first_ns: i64,
    /// Last event, ns since 1970 UTC.
    pub last_ns: i64,
    /// Length of its bars, ns; 0 without bars.
    pub bar_interval_ns: i64,
    /// Bars missing between the first and the last.
    pub missing_bars: u64,
    /// Missing depth updates.
    pub gaps: u64,
    /// Events earlier than the one before.
    pub out_of_order: u64,
    /// Bars with the time of the one before.
    pub duplicates: u64,
    /// Quotes with the bid at or above the offer.
    pub crossed_quotes: u64,
    /// Book states with the bid at or above the offer.
    pub crossed_books: u64,
    /// Changes of more than 35 % between bars, as a split makes.
    pub jumps: u64,
    /// Book states that can be held against the quote that stood at their update id.
    pub book_states: u64,
    /// Those that agree with it in best prices and sizes.
    pub book_agree: u64,
    /// Last update id of the book.
    pub last_update_id: u64,
    /// Best bid of the book at the end, `price x quantity`.
    pub final_bid: String,
    /// Best offer of the book at the end, `price x quantity`.
    pub final_ask: String,
}

/// What a recording holds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Survey {
    /// Files with their formats.
    pub files: Vec<(String, String)>,
    /// Lines read.
    pub lines: u64,
    /// Messages that carry no market event.
    pub ignored: u64,
    /// Trades that are no market trades.
    pub special_trades: u64,
    /// Lines that could not be read.
    pub broken: u64,
    /// Files, line numbers and reasons of the first of them.
    pub broken_lines: Vec<(String, u64, String)>,
    /// Volumes with more than eight decimals, cut.
    pub volume_cut: u64,
    /// The file runs backwards in time.
    pub descending: bool,
    /// States of all rebuilt books that can be held against the quote that stood at their update id.
    pub book_states: u64,
    /// Those that agree with it.
    pub book_agree: u64,
    /// By instrument.
    pub instruments: Vec<InstrumentSurvey>,
}

/// Takes the rows of a survey, for building something from them on the way.
pub trait Visitor {
    /// One event of the instrument with this index; prices have nine decimals, quantities eight.
    fn visit(&mut self, instrument: usize, market: &Market<'_>);
}

/// Visits nothing.
pub struct NoVisitor;

impl Visitor for NoVisitor {
    fn visit(&mut self, _: usize, _: &Market<'_>) {}
}

/// What a run must know of a plain table before it reads it: decimals, order, interval. One pass that cuts
/// no number but the time; `None` for tables that need the whole survey.
pub fn glance(path: &Path) -> Result<Option<Survey>, DataError> {
    let detected = first_line(path)?;
    let (Format::Bars(columns) | Format::Quotes(columns)) = &detected.format else { return Ok(None) };
    let is_bars = matches!(detected.format, Format::Bars(_));
    let prices = if is_bars { 4 } else { 2 };
    let count = if is_bars { 5 } else { 4 };
    let usual = columns.values.iter().take(count).enumerate().all(|(i, c)| *c == Some(i + 1));
    let unit_ns = match columns.unit {
        TimeUnit::Millis => 1_000_000,
        TimeUnit::Nanos => 1,
        TimeUnit::Number | TimeUnit::Text => return Ok(None),
    };
    if !usual || columns.time != 0 || columns.symbol.is_some() {
        return Ok(None);
    }
    let (mut lines, _) = open(path)?;
    lines.next_line()?;
    let (mut read, mut rising, mut falling, mut previous) = (0u64, 0u64, 0u64, 0i64);
    let mut decimals = [0usize; 2];
    let mut steps: [(i64, u64); 8] = [(0, 0); 8];
    while let Some((_, line)) = lines.next_line()? {
        // Anything that is not a plain row is left to the reader, which counts it as broken or not.
        let Some((_, time)) = digits::whole(line, 0) else { continue };
        digits::raise_decimals(line, prices, count, &mut decimals);
        if read > 0 {
            let step = time - previous;
            rising += u64::from(step > 0);
            falling += u64::from(step < 0);
            if is_bars && let Some(slot) = steps.iter_mut().find(|(s, n)| *s == step.abs() || *n == 0) {
                *slot = (step.abs(), slot.1 + 1);
            }
        }
        (previous, read) = (time, read + 1);
    }
    let usual_step =
        steps.iter().filter(|(step, _)| *step > 0).max_by_key(|(_, n)| *n).map_or(0, |(step, _)| *step);
    let instrument = InstrumentSurvey {
        symbol: stem(path),
        quotes: if is_bars { 0 } else { read },
        bars: if is_bars { read } else { 0 },
        price_decimals: decimals[0].min(PRICE.into()) as u8,
        qty_decimals: decimals[1].min(QTY.into()) as u8,
        bar_interval_ns: usual_step * unit_ns,
        ..InstrumentSurvey::default()
    };
    Ok(Some(Survey {
        files: vec![(path.display().to_string(), detected.format.label().into())],
        lines: read,
        descending: falling > rising,
        instruments: vec![instrument],
        ..Survey::default()
    }))
}

/// The state of a survey of one instrument.
#[derive(Default)]
struct Track {
    found: InstrumentSurvey,
    /// Smallest power of ten that divides every price and every quantity.
    price_zeros: u32,
    qty_zeros: u32,
    last_ns: i64,
    last_bar: Option<Bar>,
    steps: BTreeMap<i64, u64>,
    book: Option<Book>,
    quotes_by_id: BTreeMap<u64, [Level; 2]>,
    states_by_id: BTreeMap<u64, [Level; 2]>,
    seen: bool,
}

/// Surveys files read one after the other as one recording.
pub fn survey(paths: &[impl AsRef<Path>]) -> Result<Survey, DataError> {
    visit(paths, &mut NoVisitor)
}

/// As [`survey`], and shows every event to `visitor`.
pub fn visit(paths: &[impl AsRef<Path>], visitor: &mut impl Visitor) -> Result<Survey, DataError> {
    let mut survey = Survey::default();
    let mut tracks: Vec<Track> = Vec::new();
    let mut decoder = Decoder::new(SymbolTable::open(Units { price: PRICE, qty: QTY }), 20_000);
    for path in paths {
        one_file(path.as_ref(), &mut survey, &mut tracks, &mut decoder, visitor)?;
    }
    survey.instruments = tracks.into_iter().map(Track::finish).collect();
    survey.book_states = survey.instruments.iter().map(|i| i.book_states).sum();
    survey.book_agree = survey.instruments.iter().map(|i| i.book_agree).sum();
    Ok(survey)
}

/// Name of a table without its endings.
fn stem(path: &Path) -> String {
    let name = path.file_name().map_or(String::new(), |n| n.to_string_lossy().into_owned());
    name.split('.').next().unwrap_or("data").to_uppercase()
}

fn one_file(
    path: &Path,
    survey: &mut Survey,
    tracks: &mut Vec<Track>,
    decoder: &mut Decoder,
    visitor: &mut impl Visitor,
) -> Result<(), DataError> {
    let error = |line, reason| DataError::Format { file: path.to_path_buf(), line, reason };
    let detected = first_line(path)?;
    let (mut lines, _) = open(path)?;
    survey.files.push((path.display().to_string(), detected.format.label().into()));
    let mut skip_header = detected.header;
    let is_capture = detected.format == Format::Capture;
    let symbol_column = match &detected.format {
        Format::Bars(c) | Format::Quotes(c) => c.symbol,
        _ => None,
    };
    let mut rows = RowReader::new(detected.format, Units { price: PRICE, qty: QTY });
    let table = if is_capture { None } else { Some(track_named(tracks, &stem(path))) };
    let (mut broken, mut read, mut falling, mut rising) = (Broken::default(), 0u64, 0u64, 0u64);
    let mut previous_ns = None;
    while let Some((number, line)) = lines.next_line()? {
        if line.is_empty() || std::mem::take(&mut skip_header) {
            continue;
        }
        read += 1;
        let Some(table) = table else {
            match decode_line(decoder, line) {
                Ok(Decoded::Ignored) => survey.ignored += 1,
                Ok(Decoded::Market(id, market)) => {
                    while tracks.len() <= id.index() {
                        tracks.push(Track::default());
                    }
                    tracks[id.index()].market(&market);
                    visitor.visit(id.index(), &market);
                }
                Err(Reject::NotAMarketTrade) => survey.special_trades += 1,
                Err(reason) => broken.add(number, reason),
            }
            continue;
        };
        if let (Some(column), 1) = (symbol_column, read) {
            let symbol = line.split(|b| *b == b',').nth(column).unwrap_or_default();
            tracks[table].found.symbol = String::from_utf8_lossy(symbol).replace('/', "").to_uppercase();
        }
        match rows.read(line) {
            Ok(row) => {
                let time_ns = row.time_ns();
                match previous_ns.replace(time_ns) {
                    Some(p) if time_ns < p => falling += 1,
                    Some(p) if time_ns > p => rising += 1,
                    _ => {}
                }
                let track = &mut tracks[table];
                let (market, other) = match row {
                    Row::Bar(bar) => (Market::Bar { bar, interval_ns: 0 }, None),
                    Row::BidAskBars(bid, ask) => (Market::Bar { bar: bid, interval_ns: 0 }, Some(ask)),
                    Row::Quote(quote) => (Market::Quote(quote), None),
                    Row::Trade(trade) => (Market::Trade(trade), None),
                };
                track.market(&market);
                if let Some(ask) = other {
                    track.note_bar_decimals(&ask);
                }
                visitor.visit(table, &market);
            }
            Err(reason) => broken.add(number, reason),
        }
    }
    for (track, symbol) in tracks.iter_mut().zip(decoder.symbols.names()) {
        if is_capture {
            track.found.symbol = symbol;
        }
    }
    survey.descending |= falling > rising;
    if survey.descending
        && let Some(at) = table
    {
        tracks[at].found.out_of_order = rising;
    }
    survey.volume_cut += rows.volume_cut;
    survey.lines += read;
    survey.broken += broken.count;
    let shown = broken.first.iter().map(|(line, reason)| (path.display().to_string(), *line, reason.clone()));
    survey.broken_lines.extend(shown);
    let good = read - broken.count;
    if (read >= 20 && broken.count * 10 > read) || (good == 0 && broken.count > 0) {
        return Err(mostly_broken(path, read, &broken));
    }
    if read == 0 {
        return Err(error(1, "the file has a header but no data".into()));
    }
    Ok(())
}

/// The track of a table: several files of one instrument share it.
fn track_named(tracks: &mut Vec<Track>, symbol: &str) -> usize {
    tracks.iter().position(|t| t.found.symbol == symbol).unwrap_or_else(|| {
        let found = InstrumentSurvey { symbol: symbol.into(), ..InstrumentSurvey::default() };
        tracks.push(Track { found, ..Track::default() });
        tracks.len() - 1
    })
}

impl Track {
    fn market(&mut self, market: &Market<'_>) {
        let time_ns = market.time_ns();
        if !std::mem::replace(&mut self.seen, true) {
            (self.found.first_ns, self.found.last_ns, self.last_ns) = (time_ns, time_ns, time_ns);
            (self.price_zeros, self.qty_zeros) = (PRICE.into(), QTY.into());
        }
        self.found.first_ns = self.found.first_ns.min(time_ns);
        self.found.last_ns = self.found.last_ns.max(time_ns);
        self.found.out_of_order += u64::from(time_ns < self.last_ns);
        self.last_ns = time_ns;
        match market {
            Market::Quote(q) => self.quote(q),
            Market::Trade(t) => self.trade(t),
            Market::Bar { bar, .. } => self.bar(bar),
            Market::Depth(d) => self.depth(d),
        }
    }

    #[inline]
    fn note_price(&mut self, price: Price) {
        self.price_zeros = fewer_zeros(price.0, self.price_zeros);
    }

    #[inline]
    fn note_qty(&mut self, qty: Qty) {
        self.qty_zeros = fewer_zeros(qty.0, self.qty_zeros);
    }

    fn quote(&mut self, q: &Quote) {
        self.found.quotes += 1;
        self.found.crossed_quotes += u64::from(q.bid >= q.ask && q.ask > Price::ZERO);
        self.note_price(q.bid);
        self.note_price(q.ask);
        self.note_qty(q.bid_qty);
        self.note_qty(q.ask_qty);
        if q.update_id == 0 {
            return;
        }
        let best = [Level { price: q.bid, qty: q.bid_qty }, Level { price: q.ask, qty: q.ask_qty }];
        put_waiting(&mut self.quotes_by_id, q.update_id, best);
        // A quote stands until the next one: this one decides every state before its own id.
        while let Some(entry) = self.states_by_id.first_entry().filter(|e| *e.key() < q.update_id) {
            let (id, state) = entry.remove_entry();
            self.compare(id, state);
        }
    }

    fn trade(&mut self, t: &Trade) {
        self.found.trades += 1;
        self.note_price(t.price);
        self.note_qty(t.qty);
    }

    fn note_bar_decimals(&mut self, bar: &Bar) {
        [bar.open, bar.high, bar.low, bar.close].into_iter().for_each(|p| self.note_price(p));
        self.note_qty(bar.volume);
    }

    fn bar(&mut self, bar: &Bar) {
        self.found.bars += 1;
        self.note_bar_decimals(bar);
        if let Some(last) = self.last_bar.replace(*bar) {
            let step = (bar.open_ns - last.open_ns).abs();
            self.found.duplicates += u64::from(step == 0);
            if step > 0 && (self.steps.len() < 1000 || self.steps.contains_key(&step)) {
                *self.steps.entry(step).or_default() += 1;
            }
            let (low, high) = (last.close.0.min(bar.close.0), last.close.0.max(bar.close.0));
            self.found.jumps += u64::from(i128::from(high - low) * 100 > i128::from(last.close.0) * 35);
        }
    }

    fn depth(&mut self, d: &Depth<'_>) {
        if d.snapshot {
            self.found.depth_snapshots += 1;
        } else {
            self.found.depth_updates += 1;
        }
        for level in d.bids.iter().chain(d.asks) {
            self.note_price(level.price);
            self.note_qty(level.qty);
        }
        let mut book = self.book.take().unwrap_or_else(|| Book::new(20_000));
        let change = book.apply_each(d, |book| self.state(book));
        match change {
            BookChange::Gap { .. } => self.found.gaps += 1,
            BookChange::Applied => self.state(&book),
            BookChange::Rebuilt | BookChange::Early | BookChange::Old => {}
        }
        self.book = Some(book);
    }

    /// The book is in a new state.
    fn state(&mut self, book: &Book) {
        self.found.crossed_books += u64::from(book.is_crossed());
        self.found.last_update_id = book.last_id();
        let (Some(bid), Some(ask)) = (book.best_bid(), book.best_ask()) else { return };
        let (id, best) = (book.last_id(), [bid, ask]);
        if self.quotes_by_id.last_key_value().is_some_and(|(newest, _)| *newest > id) {
            self.compare(id, best);
        } else {
            put_waiting(&mut self.states_by_id, id, best);
        }
    }

    /// Holds a state of the book against the quote that stood at its update id.
    fn compare(&mut self, id: u64, book: [Level; 2]) {
        if let Some((_, quote)) = self.quotes_by_id.range(..=id).next_back() {
            self.found.book_states += 1;
            self.found.book_agree += u64::from(book == *quote);
        }
    }

    fn finish(mut self) -> InstrumentSurvey {
        while let Some((id, state)) = self.states_by_id.pop_first() {
            self.compare(id, state);
        }
        self.found.price_decimals = PRICE - self.price_zeros as u8;
        self.found.qty_decimals = QTY - self.qty_zeros as u8;
        let usual = self.steps.iter().max_by_key(|(_, count)| **count).map_or(0, |(step, _)| *step);
        if usual > 0 {
            self.found.bar_interval_ns = usual;
            let span = self.steps.iter().filter(|(step, _)| **step > usual);
            self.found.missing_bars = span.map(|(step, count)| ((step / usual - 1) as u64) * count).sum();
        }
        let show = |l: Option<Level>| {
            let level = l.unwrap_or_default();
            let price = pinion_model::decimal::Decimal::new(level.price.0.into(), PRICE);
            format!("{price} x {}", pinion_model::decimal::Decimal::new(level.qty.0.into(), QTY))
        };
        if let Some(book) = &self.book {
            (self.found.final_bid, self.found.final_ask) = (show(book.best_bid()), show(book.best_ask()));
        }
        self.found
    }
}

/// How many trailing zeros are left when `value` is looked at as well.
#[inline]
fn fewer_zeros(value: i64, zeros: u32) -> u32 {
    let mut zeros = zeros;
    while zeros > 0 && value % pinion_model::decimal::POW10[zeros as usize] != 0 {
        zeros -= 1;
    }
    zeros
}

fn put_waiting(map: &mut BTreeMap<u64, [Level; 2]>, id: u64, best: [Level; 2]) {
    map.insert(id, best);
    if map.len() > WAITING {
        map.pop_first();
    }
}

impl InstrumentSurvey {
    /// A price of the survey as text.
    pub fn price(price: Price) -> String {
        Scaled { value: price.0.into(), exponent: PRICE }.to_string()
    }
}
