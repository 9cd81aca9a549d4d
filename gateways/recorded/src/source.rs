//! Files to a stream of market events in order of time, a chunk at a time.
//!
//! One table gives chunks of one type, which the engine takes without looking at each event's kind. A
//! capture, or several files merged by time, gives mixed chunks. Memory is bounded by the chunk, except
//! for files that run backwards in time: those are read whole and turned round.

use crate::actions::{Adjuster, Splits};
use crate::chunk::keep;
pub use crate::chunk::{Chunk, Event, EventKind};
use crate::format::{Format, first_line};
use crate::lines::{Lines, open};
use crate::rows::{Row, RowReader};
use crate::{Broken, DataError};
use pinion_binance::symbols::Units;
use pinion_binance::{Decoded, Decoder, Reject, SymbolTable};
use pinion_model::event::{Bar, Level, Quote};
use pinion_model::instrument::{Instrument, InstrumentId};
use std::path::{Path, PathBuf};

/// Most items of a chunk.
const CHUNK: usize = 16_384;
/// Fewest lines before a file can be called mostly broken.
const ENOUGH_LINES: u64 = 20;
/// Most levels on a side of a depth update or snapshot, as many as a venue sends.
pub const DEPTH_LEVELS: usize = 5_000;

/// A file to read: where, and for tables whose data it is.
#[derive(Clone, Debug)]
pub struct Input {
    /// The file.
    pub path: PathBuf,
    /// Instrument of a table; a capture names its own.
    pub instrument: InstrumentId,
    /// Length of its bars, ns; 0 for other kinds.
    pub interval_ns: i64,
    /// The file runs backwards in time.
    pub descending: bool,
    /// Splits that its prices are adjusted for.
    pub splits: Splits,
}

impl Input {
    /// A capture, which names its instruments itself.
    pub fn of_capture(path: PathBuf) -> Input {
        let splits = Splits::default();
        Input { path, instrument: InstrumentId(0), interval_ns: 0, descending: false, splits }
    }
}

enum Reader {
    Table(Box<RowReader>, Adjuster),
    Capture(Box<Decoder>),
}

/// One open file.
struct Stream {
    input: Input,
    lines: Lines,
    reader: Reader,
    broken: Broken,
    read: u64,
    skip_header: bool,
    ended: bool,
    bars: Vec<Bar>,
    quotes: Vec<Quote>,
    events: Vec<Event>,
    levels: Vec<Level>,
    first_cursor: u64,
    /// Next event to be merged.
    next: usize,
}

/// Recorded files as a feed.
pub struct Source {
    streams: Vec<Stream>,
    events: Vec<Event>,
    levels: Vec<Level>,
}

impl Source {
    /// Opens files; their formats are told from their content.
    pub fn open(inputs: &[Input], instruments: &[Instrument]) -> Result<Source, DataError> {
        let streams = inputs.iter().map(|i| Stream::open(i, instruments)).collect::<Result<Vec<_>, _>>()?;
        Ok(Source { streams, events: Vec::new(), levels: Vec::new() })
    }

    /// The next chunk, or `None` at the end.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk<'_>>, DataError> {
        if self.streams.len() == 1 {
            let more = self.streams[0].fill()?;
            return Ok(more.then(|| self.current()));
        }
        self.events.clear();
        self.levels.clear();
        while self.events.len() < CHUNK {
            let Some(at) = self.earliest()? else { break };
            let stream = &mut self.streams[at];
            let mut event = stream.events[stream.next];
            stream.next += 1;
            if let EventKind::Depth { start, bids, asks, .. } = &mut event.kind {
                let from = std::mem::replace(start, self.levels.len());
                self.levels.extend_from_slice(&stream.levels[from..from + *bids + *asks]);
            }
            self.events.push(event);
        }
        Ok((!self.events.is_empty()).then(|| self.current()))
    }

    /// The chunk that was read last.
    pub fn current(&self) -> Chunk<'_> {
        match &self.streams[..] {
            [stream] => stream.chunk(),
            _ => Chunk::Mixed { events: &self.events, levels: &self.levels },
        }
    }

    /// The stream whose next event is the earliest; the first of them on a tie.
    fn earliest(&mut self) -> Result<Option<usize>, DataError> {
        let mut best: Option<(i64, usize)> = None;
        for (at, stream) in self.streams.iter_mut().enumerate() {
            if stream.next == stream.events.len() && !stream.fill_events()? {
                continue;
            }
            let time_ns = stream.events[stream.next].time_ns();
            if best.is_none_or(|(t, _)| time_ns < t) {
                best = Some((time_ns, at));
            }
        }
        Ok(best.map(|(_, at)| at))
    }

    /// Unpacked bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.streams.iter().map(|s| s.lines.bytes()).sum()
    }

    /// Broken lines of each file.
    pub fn broken(&self) -> impl Iterator<Item = (&Path, &Broken)> {
        self.streams.iter().map(|s| (s.lines.file(), &s.broken))
    }
}

impl Stream {
    fn open(input: &Input, instruments: &[Instrument]) -> Result<Stream, DataError> {
        let detected = first_line(&input.path)?;
        let (lines, _) = open(&input.path)?;
        let reader = match detected.format {
            Format::Capture => {
                Reader::Capture(Box::new(Decoder::new(SymbolTable::of(instruments), DEPTH_LEVELS)))
            }
            format => {
                let instrument = &instruments[input.instrument.index()];
                let units = Units { price: instrument.price_exponent, qty: instrument.qty_exponent };
                let adjuster = input.splits.in_zone(&format.zone());
                Reader::Table(Box::new(RowReader::new(format, units)), adjuster)
            }
        };
        Ok(Stream {
            input: input.clone(),
            lines,
            reader,
            broken: Broken::default(),
            read: 0,
            skip_header: detected.header,
            ended: false,
            bars: Vec::new(),
            quotes: Vec::new(),
            events: Vec::new(),
            levels: Vec::new(),
            first_cursor: 0,
            next: 0,
        })
    }

    /// Reads the next chunk into the buffers; false at the end.
    fn fill(&mut self) -> Result<bool, DataError> {
        self.bars.clear();
        self.quotes.clear();
        self.events.clear();
        self.levels.clear();
        self.next = 0;
        let most = if self.input.descending { usize::MAX } else { CHUNK };
        while !self.ended && self.bars.len() + self.quotes.len() + self.events.len() < most {
            if !self.step()? {
                break;
            }
        }
        if self.input.descending {
            self.bars.reverse();
            self.quotes.reverse();
            self.events.reverse();
        }
        Ok(!(self.bars.is_empty() && self.quotes.is_empty() && self.events.is_empty()))
    }

    /// Reads one line; false when the chunk must end here.
    #[inline]
    fn step(&mut self) -> Result<bool, DataError> {
        let Some((number, line)) = self.lines.next_line()? else {
            self.ended = true;
            self.check_broken(ENOUGH_LINES)?;
            return Ok(false);
        };
        if line.is_empty() || std::mem::take(&mut self.skip_header) {
            return Ok(self.bars.is_empty() && self.quotes.is_empty());
        }
        self.read += 1;
        let instrument = self.input.instrument;
        match &mut self.reader {
            Reader::Table(reader, adjuster) => match adjuster.read(reader, line) {
                Ok(row) => {
                    if self.bars.is_empty() && self.quotes.is_empty() {
                        self.first_cursor = number;
                    }
                    match row {
                        Row::Bar(bar) | Row::BidAskBars(bar, _) => self.bars.push(bar),
                        Row::Quote(quote) => self.quotes.push(quote),
                        Row::Trade(t) => {
                            self.events.push(Event { instrument, cursor: number, kind: EventKind::Trade(t) });
                        }
                    }
                    return Ok(true);
                }
                Err(reason) => self.broken.add(number, reason),
            },
            Reader::Capture(decoder) => {
                match decode_line(decoder, line) {
                    Ok(Decoded::Ignored) => {}
                    // Other instruments of the recording are not ours to count.
                    Err(Reject::UnknownSymbol | Reject::NotAMarketTrade) => {}
                    Ok(Decoded::Market(instrument, market)) => {
                        let kind = keep(market, &mut self.levels);
                        self.events.push(Event { instrument, cursor: number, kind });
                    }
                    Err(reason) => self.broken.add(number, reason),
                }
                return Ok(true);
            }
        }
        self.check_broken(1000)?;
        // After a broken line the numbers no longer run on: the chunk ends.
        Ok(self.bars.is_empty() && self.quotes.is_empty())
    }

    fn check_broken(&self, enough: u64) -> Result<(), DataError> {
        let good = self.read - self.broken.count;
        let mostly = self.read >= enough && self.broken.count * 10 > self.read;
        if (mostly || good == 0) && self.broken.count > 0 && (mostly || self.ended) {
            return Err(mostly_broken(self.lines.file(), self.read, &self.broken));
        }
        Ok(())
    }

    /// The buffers as a chunk.
    fn chunk(&self) -> Chunk<'_> {
        let (instrument, interval_ns) = (self.input.instrument, self.input.interval_ns);
        if !self.bars.is_empty() {
            Chunk::Bars { instrument, interval_ns, first_cursor: self.first_cursor, bars: &self.bars }
        } else if !self.quotes.is_empty() {
            Chunk::Quotes { instrument, first_cursor: self.first_cursor, quotes: &self.quotes }
        } else {
            Chunk::Mixed { events: &self.events, levels: &self.levels }
        }
    }

    /// As `fill`, with every item as an event; false at the end.
    fn fill_events(&mut self) -> Result<bool, DataError> {
        if !self.fill()? {
            return Ok(false);
        }
        let (instrument, interval_ns, first) =
            (self.input.instrument, self.input.interval_ns, self.first_cursor);
        let bars = self.bars.iter().map(|bar| EventKind::Bar(*bar, interval_ns));
        let kinds = bars.chain(self.quotes.iter().map(|quote| EventKind::Quote(*quote)));
        let events = kinds.zip(first..).map(|(kind, cursor)| Event { instrument, cursor, kind });
        self.events.extend(events);
        Ok(true)
    }
}

/// The refusal of a file.
pub(crate) fn mostly_broken(file: &Path, lines: u64, broken: &Broken) -> DataError {
    let (first, reason) = broken.first.first().cloned().unwrap_or_default();
    DataError::MostlyBroken { file: file.to_path_buf(), lines, broken: broken.count, first, reason }
}

/// Splits a capture's line into receive time and frame, and decodes the frame.
#[inline]
pub(crate) fn decode_line<'a>(decoder: &'a mut Decoder, line: &[u8]) -> Result<Decoded<'a>, Reject> {
    let space = memchr::memchr(b' ', &line[..line.len().min(24)]).ok_or(Reject::Malformed)?;
    let recv_ns = crate::time::integer(&line[..space]).ok_or(Reject::BadNumber)?;
    decoder.decode(recv_ns, &line[space + 1..])
}
