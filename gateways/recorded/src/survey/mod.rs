//! What a recording holds: formats, instruments, counts, span, gaps, broken lines, and how well books
//! rebuilt from its depth agree with its quotes.
//!
//! Numbers are cut at nine decimals (prices) and eight (quantities), which is finer than any venue; how
//! many of them are needed is what the plan compiler asks for.

mod glance;
mod jump;
mod kind;
mod track;

pub use glance::glance;
pub use jump::{Jump, is_jump};

use crate::format::{Detected, Format, first_line};
use crate::lines::open;
use crate::name::symbol_of;
use crate::rows::{Row, RowReader};
use crate::source::{decode_line, mostly_broken};
use crate::{Broken, DataError};
use kind::{kind_of_format, kind_of_message};
use pinion_binance::symbols::Units;
use pinion_binance::{Decoded, Decoder, Reject, SymbolTable};
use pinion_model::decimal::Scaled;
use pinion_model::event::{Bar, Market};
use pinion_model::instrument::InstrumentKind;
use pinion_model::number::Price;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use track::Track;

const PRICE: u8 = 9;
const QTY: u8 = 8;

/// What was found about one instrument.
#[derive(Clone, Debug, Default, Serialize)]
pub struct InstrumentSurvey {
    /// Symbol, or what the file's name tells of it.
    pub symbol: String,
    /// Kind of instrument that the data looks like, where it tells.
    #[serde(serialize_with = "kind_text")]
    pub looks_like: Option<InstrumentKind>,
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
    /// The first of them.
    pub jump_list: Vec<Jump>,
    /// The earliest and the latest bar, each with its line.
    #[serde(skip)]
    pub ends: Option<[(Bar, u64); 2]>,
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
    /// Those by what they are, such as `kline`.
    pub ignored_kinds: BTreeMap<String, u64>,
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

    /// Where bars come in pairs: the bar of offers beside the bar of bids that was shown last.
    fn visit_offers(&mut self, _instrument: usize, _bar: &Bar) {}
}

/// Visits nothing.
pub struct NoVisitor;

impl Visitor for NoVisitor {
    fn visit(&mut self, _: usize, _: &Market<'_>) {}
}

/// Surveys files read one after the other as one recording.
pub fn survey(paths: &[impl AsRef<Path>]) -> Result<Survey, DataError> {
    visit(paths, &mut NoVisitor)
}

/// As [`survey`], and shows every event to `visitor`.
pub fn visit(paths: &[impl AsRef<Path>], visitor: &mut impl Visitor) -> Result<Survey, DataError> {
    let mut surveyor = Surveyor {
        survey: Survey::default(),
        tracks: Vec::new(),
        captured: Vec::new(),
        decoder: Decoder::new(SymbolTable::open(Units { price: PRICE, qty: QTY }), 20_000),
        visitor,
    };
    for path in paths {
        surveyor.file(path.as_ref())?;
    }
    let Surveyor { mut survey, tracks, .. } = surveyor;
    survey.instruments = tracks.into_iter().map(Track::finish).collect();
    survey.book_states = survey.instruments.iter().map(|i| i.book_states).sum();
    survey.book_agree = survey.instruments.iter().map(|i| i.book_agree).sum();
    Ok(survey)
}

/// A survey on its way.
struct Surveyor<'a, V> {
    survey: Survey,
    tracks: Vec<Track>,
    /// Tracks by the decoder's instruments.
    captured: Vec<usize>,
    decoder: Decoder,
    visitor: &'a mut V,
}

impl<V: Visitor> Surveyor<'_, V> {
    fn file(&mut self, path: &Path) -> Result<(), DataError> {
        let detected = first_line(path)?;
        self.survey.files.push((path.display().to_string(), detected.format.label().into()));
        let (read, broken) = match detected.format {
            Format::Capture => self.capture(path)?,
            _ => self.table(path, detected)?,
        };
        self.survey.lines += read;
        self.survey.broken += broken.count;
        let shown = broken.first.iter();
        let shown = shown.map(|(line, reason)| (path.display().to_string(), *line, reason.clone()));
        self.survey.broken_lines.extend(shown);
        check_good(path, read, &broken)
    }

    fn capture(&mut self, path: &Path) -> Result<(u64, Broken), DataError> {
        let (mut lines, _) = open(path)?;
        let (mut broken, mut read) = (Broken::default(), 0u64);
        while let Some((number, line)) = lines.next_line()? {
            if line.is_empty() {
                continue;
            }
            read += 1;
            match decode_line(&mut self.decoder, line) {
                Ok(Decoded::Ignored) => {
                    self.survey.ignored += 1;
                    *self.survey.ignored_kinds.entry(kind_of_message(line)).or_default() += 1;
                }
                Ok(Decoded::Market(id, market)) => {
                    while self.captured.len() <= id.index() {
                        self.captured.push(self.tracks.len());
                        self.tracks.push(Track::default());
                    }
                    let at = self.captured[id.index()];
                    self.tracks[at].market(&market, number);
                    self.visitor.visit(at, &market);
                }
                Err(Reject::NotAMarketTrade) => self.survey.special_trades += 1,
                Err(reason) => broken.add(number, reason),
            }
        }
        for (at, symbol) in self.captured.iter().zip(self.decoder.symbols.names()) {
            self.tracks[*at].found.symbol = symbol;
        }
        Ok((read, broken))
    }

    fn table(&mut self, path: &Path, detected: Detected) -> Result<(u64, Broken), DataError> {
        let (mut lines, _) = open(path)?;
        let symbol_column = match &detected.format {
            Format::Bars(c) | Format::Quotes(c) => c.symbol,
            _ => None,
        };
        let kind = kind_of_format(&detected.format);
        let mut skip_header = detected.header;
        let mut rows = RowReader::new(detected.format, Units { price: PRICE, qty: QTY });
        let (mut broken, mut read, mut falling, mut rising) = (Broken::default(), 0u64, 0u64, 0u64);
        let (mut table, mut previous_ns) = (None, None);
        while let Some((number, line)) = lines.next_line()? {
            if line.is_empty() || std::mem::take(&mut skip_header) {
                continue;
            }
            read += 1;
            let at = *table.get_or_insert_with(|| {
                let symbol = symbol_column.and_then(|column| line.split(|b| *b == b',').nth(column));
                let symbol = symbol.map(|s| String::from_utf8_lossy(s).replace('/', "").to_uppercase());
                track_named(&mut self.tracks, &symbol.unwrap_or_else(|| symbol_of(path)))
            });
            let row = match rows.read(line) {
                Ok(row) => row,
                Err(reason) => {
                    broken.add(number, reason);
                    continue;
                }
            };
            let time_ns = row.time_ns();
            match previous_ns.replace(time_ns) {
                Some(p) if time_ns < p => falling += 1,
                Some(p) if time_ns > p => rising += 1,
                _ => {}
            }
            let track = &mut self.tracks[at];
            let mut offers = None;
            let market = match row {
                Row::Bar(bar) => Market::Bar { bar, interval_ns: 0 },
                Row::BidAskBars(bid, ask) => {
                    track.decimals.note_bar(&ask);
                    offers = Some(ask);
                    Market::Bar { bar: bid, interval_ns: 0 }
                }
                Row::Quote(quote) => Market::Quote(quote),
                Row::Trade(trade) => Market::Trade(trade),
            };
            track.market(&market, number);
            self.visitor.visit(at, &market);
            if let Some(bar) = offers {
                self.visitor.visit_offers(at, &bar);
            }
        }
        self.survey.volume_cut += rows.volume_cut;
        if let Some(at) = table {
            let found = &mut self.tracks[at].found;
            found.looks_like = found.looks_like.or(kind);
            if falling > rising {
                self.survey.descending = true;
                found.out_of_order = rising;
            }
        }
        Ok((read, broken))
    }
}

/// Refuses a file that is empty or mostly broken.
fn check_good(path: &Path, read: u64, broken: &Broken) -> Result<(), DataError> {
    let good = read - broken.count;
    if (read >= 20 && broken.count * 10 > read) || (good == 0 && broken.count > 0) {
        return Err(mostly_broken(path, read, broken));
    }
    if read == 0 {
        let reason = "the file has a header but no data".into();
        return Err(DataError::Format { file: path.to_path_buf(), line: 1, reason });
    }
    Ok(())
}

/// The track of a table: several files of one instrument share it.
fn track_named(tracks: &mut Vec<Track>, symbol: &str) -> usize {
    tracks.iter().position(|t| t.found.symbol == symbol).unwrap_or_else(|| {
        tracks.push(Track::named(symbol));
        tracks.len() - 1
    })
}

fn kind_text<S: serde::Serializer>(kind: &Option<InstrumentKind>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(kind.map_or("", InstrumentKind::label))
}

impl InstrumentSurvey {
    /// A price of the survey as text.
    pub fn price(price: Price) -> String {
        Scaled { value: price.0.into(), exponent: PRICE }.to_string()
    }
}
