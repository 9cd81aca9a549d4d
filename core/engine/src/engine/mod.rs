//! The engine: inputs in, outputs out, in one order.
//!
//! Each input gets the next sequence number and is offered to the sink before anything that it causes.
//! Bars that end because of an input end before the input's own price is applied, so no rule sees a price
//! that came after its bar.

mod bars;
mod series;
mod view;

use crate::EngineError;
use crate::book::Book;
use crate::desk::{Counters, Desk};
use crate::indicators::fx::MAX_PRICE;
use crate::plan::{BarCut, BarSource, BarSpec, EnginePlan};
use crate::portfolio::{Mark, Portfolio};
use crate::series::Series;
use crate::sink::Sink;
use crate::trader::{TradeStats, Trader};
use pinion_model::body::*;
use pinion_model::event::*;
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Money, Price, Qty, Ratio};
use pinion_model::order::Reason;
use serde::{Deserialize, Serialize};

/// What an instrument is marked by: the best source that it ever had, so that a worse one cannot pass for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum MarkSource {
    /// The last trade.
    #[default]
    Trades,
    /// The best levels of the book.
    Book,
    /// Quotes.
    Quotes,
}

/// What belongs to one instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Places {
    series: Vec<usize>,
    traders: Vec<usize>,
    /// Where its mark comes from.
    mark: MarkSource,
    /// A trader must see prices between bars: it pursues an exit, or was filled within the open bar.
    watched: bool,
}

/// Counters of inputs; none of them reaches a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputCounters {
    /// Market events.
    pub events: u64,
    /// Bars that ended, over all series.
    pub bars: u64,
    /// Market events with a price that no indicator can hold.
    pub out_of_range: u64,
    /// Gaps in order books.
    pub book_gaps: u64,
}

/// The engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    desk: Desk,
    series: Vec<Series>,
    traders: Vec<Trader>,
    places: Vec<Places>,
    books: Vec<Book>,
    next_deadline_ns: i64,
    inputs: InputCounters,
}

impl Engine {
    /// Builds an engine; everything it will ever need is allocated here.
    pub fn new(plan: &EnginePlan) -> Result<Engine, EngineError> {
        let (mut series, mut traders) = (Vec::new(), Vec::new());
        let mut places = vec![Places::default(); plan.instruments.len()];
        for (number, strategy) in plan.strategies.iter().enumerate() {
            for &instrument in &strategy.instruments {
                let find = |series: &mut Vec<Series>, id, spec| series_of(plan, series, id, spec);
                let trader = Trader::compile(number as u16, strategy, instrument, &mut series, find)?;
                places[instrument.index()].traders.push(traders.len());
                traders.push(trader);
            }
        }
        for (at, s) in series.iter().enumerate() {
            places[s.instrument.index()].series.push(at);
        }
        let books = plan.instruments.iter().map(|_| Book::new(plan.book_levels as usize)).collect();
        Ok(Engine {
            desk: Desk::new(plan),
            series,
            traders,
            places,
            books,
            next_deadline_ns: i64::MAX,
            inputs: InputCounters::default(),
        })
    }

    /// Makes room for all that it may ever hold: an engine that was read back from bytes has none to spare.
    pub fn reserve(&mut self) {
        self.books.iter_mut().for_each(Book::reserve);
    }

    /// The instant at which the engine wants a timer, ns; `i64::MAX` for none.
    #[inline]
    pub fn next_deadline_ns(&self) -> i64 {
        self.next_deadline_ns
    }

    /// Starts an input at `time_ns`; engine time never runs backwards.
    #[inline]
    fn begin(&mut self, time_ns: i64) -> u64 {
        self.desk.seq += 1;
        self.desk.now_ns = self.desk.now_ns.max(time_ns);
        self.desk.seq
    }

    /// A market event.
    #[inline]
    pub fn on_market<S: Sink>(&mut self, event: &MarketEvent<'_>, sink: &mut S) {
        let (id, cursor) = (event.instrument, event.cursor);
        match &event.market {
            Market::Quote(quote) => self.on_quote(id, cursor, quote, sink),
            Market::Trade(trade) => self.on_trade(id, cursor, trade, sink),
            Market::Bar { bar, interval_ns } => {
                self.on_bars(id, cursor, std::slice::from_ref(bar), *interval_ns, sink);
            }
            Market::Depth(depth) => self.on_depth(id, cursor, depth, sink),
        }
    }

    /// Best bid and offer.
    #[inline]
    pub fn on_quote<S: Sink>(&mut self, id: InstrumentId, cursor: u64, quote: &Quote, sink: &mut S) {
        self.inputs.events += 1;
        let seq = self.begin(quote.recv_ns);
        if S::INPUTS {
            sink.emit(&QuoteBody::new(seq, id, cursor, quote));
        }
        self.desk.roll_day(sink);
        if quote.bid.0 > MAX_PRICE || quote.ask.0 > MAX_PRICE {
            self.inputs.out_of_range += 1;
            return;
        }
        let time_ns = if quote.venue_ns == NO_TIME { quote.recv_ns } else { quote.venue_ns };
        let middle = if quote.bid > Price::ZERO && quote.ask > Price::ZERO {
            // The plan gives such an instrument one decimal more, so the middle is exact. Both are at most
            // MAX_PRICE.
            Some(Price(quote.bid.0.wrapping_add(quote.ask.0) >> 1))
        } else {
            None
        };
        self.places[id.index()].mark = MarkSource::Quotes;
        let usual = self.absorbs(id, time_ns, false);
        if !usual {
            self.roll_series(id, time_ns, false, sink);
        }
        self.touch(id, quote.bid, quote.ask, sink);
        let price_of = |source| match source {
            BarSource::Trades => None,
            BarSource::Mid => middle,
            BarSource::Bid => Some(quote.bid).filter(|&bid| bid > Price::ZERO),
            BarSource::Ask => Some(quote.ask).filter(|&ask| ask > Price::ZERO),
        };
        self.add_to_series(id, time_ns, Qty::ZERO, usual, price_of, sink);
    }

    /// A trade.
    #[inline]
    pub fn on_trade<S: Sink>(&mut self, id: InstrumentId, cursor: u64, trade: &Trade, sink: &mut S) {
        self.inputs.events += 1;
        let seq = self.begin(trade.recv_ns);
        if S::INPUTS {
            sink.emit(&TradeBody::new(seq, id, cursor, trade));
        }
        self.desk.roll_day(sink);
        if trade.price.0 > MAX_PRICE {
            self.inputs.out_of_range += 1;
            return;
        }
        let time_ns = if trade.venue_ns == NO_TIME { trade.recv_ns } else { trade.venue_ns };
        let usual = self.absorbs(id, time_ns, true);
        if !usual {
            self.roll_series(id, time_ns, true, sink);
        }
        match self.places[id.index()].mark {
            MarkSource::Trades => self.touch(id, trade.price, trade.price, sink),
            // The book is gone: trades still say what a position is worth.
            MarkSource::Book if !self.books[id.index()].is_synced() => self.value_by(id, trade.price, sink),
            MarkSource::Book | MarkSource::Quotes => {}
        }
        let price_of = |source| (source == BarSource::Trades).then_some(trade.price);
        self.add_to_series(id, time_ns, trade.qty, usual, price_of, sink);
    }

    /// A depth update or snapshot.
    pub fn on_depth<S: Sink>(&mut self, id: InstrumentId, cursor: u64, depth: &Depth<'_>, sink: &mut S) {
        self.inputs.events += 1;
        let seq = self.begin(depth.recv_ns);
        if S::INPUTS {
            sink.emit(&DepthBody::new(seq, id, cursor, depth));
            sink.levels(depth.bids, depth.asks);
        }
        self.desk.roll_day(sink);
        let book = &mut self.books[id.index()];
        let before = book.is_synced();
        book.apply(depth);
        let after = book.is_synced();
        self.inputs.book_gaps += u64::from(before && !after);
        if before != after {
            let event = if after { AccountEvent::DataFresh } else { AccountEvent::DataStale };
            self.desk.emit_account(event, Reason::None, sink);
        }
        let book = &self.books[id.index()];
        let best = book.best_bid().zip(book.best_ask());
        let place = &mut self.places[id.index()];
        if place.mark == MarkSource::Quotes {
            return;
        }
        match best {
            Some((bid, ask)) if after => {
                place.mark = MarkSource::Book;
                self.touch(id, bid.price, ask.price, sink);
            }
            _ if before => {
                let mark = Mark { time_ns: Mark::LOST, ..*self.desk.portfolio.mark(id) };
                self.desk.set_mark(id, mark, sink);
            }
            _ => {}
        }
    }

    /// The clock reached an instant that the engine had asked for.
    pub fn on_timer<S: Sink>(&mut self, time_ns: i64, sink: &mut S) {
        let seq = self.begin(time_ns);
        if S::INPUTS {
            sink.emit(&TimerBody { seq, time_ns, reserved: [0; 10] });
        }
        self.desk.roll_day(sink);
        for id in (0..self.places.len() as u32).map(InstrumentId) {
            let mut ended = false;
            for &at in &self.places[id.index()].series {
                let series = &mut self.series[at];
                if let Some(bar) = series.builder.on_timer(time_ns) {
                    series.push(&bar);
                    self.inputs.bars += 1;
                    ended = true;
                }
            }
            if ended {
                self.run_traders(id, sink);
            }
        }
        self.find_deadline();
    }

    /// A venue's report.
    pub fn on_execution<S: Sink>(&mut self, report: &ExecutionBody, sink: &mut S) {
        let seq = self.begin(report.time_ns);
        let report = ExecutionBody { seq, ..*report };
        if S::INPUTS {
            sink.emit(&report);
        }
        self.desk.roll_day(sink);
        let Some(update) = self.desk.on_report(&report, sink) else { return };
        let key = (update.order.strategy, update.order.instrument);
        if let Some(trader) = self.traders.iter_mut().find(|t| t.key() == key) {
            trader.on_update(&update, &self.series, &mut self.desk, sink);
        }
        self.note_watched(update.order.instrument);
        if update.fill.is_some() {
            self.desk.observe_equity(sink);
        }
    }

    /// An operator's command.
    pub fn on_command<S: Sink>(&mut self, command: &CommandBody, sink: &mut S) {
        let seq = self.begin(command.time_ns);
        let command = CommandBody { seq, ..*command };
        if S::INPUTS {
            sink.emit(&command);
        }
        let Some(kind) = CommandKind::from_code(command.command) else { return };
        self.desk.on_command(kind, sink);
        if kind == CommandKind::Flatten {
            for trader in &mut self.traders {
                trader.flatten(Reason::Flatten, &self.series, &mut self.desk, sink);
            }
            (0..self.places.len() as u32).for_each(|id| self.note_watched(InstrumentId(id)));
        }
    }

    /// A shard's budget changes; returns what really moved.
    pub fn on_budget<S: Sink>(&mut self, budget: &BudgetBody, sink: &mut S) -> GrantBody {
        let seq = self.begin(budget.time_ns);
        let budget = BudgetBody { seq, ..*budget };
        if S::INPUTS {
            sink.emit(&budget);
        }
        self.desk.on_budget(&budget, sink)
    }

    /// New best prices: mark, held stops, exits that wait to be sent again.
    #[inline(always)]
    fn touch<S: Sink>(&mut self, id: InstrumentId, bid: Price, ask: Price, sink: &mut S) {
        let mark = Mark { bid, ask, time_ns: self.desk.now_ns };
        self.desk.set_mark(id, mark, sink);
        self.desk.trigger_held(id, bid, ask, sink);
        if self.places[id.index()].watched {
            self.pursue_exits(id, sink);
        }
    }

    /// A price that values the position and triggers stops, but is too poor to enter by.
    fn value_by<S: Sink>(&mut self, id: InstrumentId, price: Price, sink: &mut S) {
        self.touch(id, price, price, sink);
        let mark = Mark { bid: price, ask: price, time_ns: Mark::LOST };
        self.desk.set_mark(id, mark, sink);
    }

    fn pursue_exits<S: Sink>(&mut self, id: InstrumentId, sink: &mut S) {
        for &at in &self.places[id.index()].traders {
            let trader = &mut self.traders[at];
            if trader.is_closing() && self.desk.level < 4 {
                trader.pursue_close(&self.series, &mut self.desk, sink);
            }
        }
    }
}

/// Finds or makes the series of one bar spec.
fn series_of(plan: &EnginePlan, series: &mut Vec<Series>, instrument: InstrumentId, spec: BarSpec) -> usize {
    let found = series.iter().position(|s| s.instrument == instrument && s.spec == spec);
    found.unwrap_or_else(|| {
        series.push(Series::new(instrument, &plan.instruments[instrument.index()], spec));
        series.len() - 1
    })
}
