//! The engine: inputs in, outputs out, in one order.
//!
//! Each input gets the next sequence number and is offered to the sink before anything that it causes.
//! Bars that end because of an input end before the input's own price is applied, so no rule sees a price
//! that came after its bar.

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

    /// Finished bars from a bar file, one input each. It stops after a bar on which a strategy asked for
    /// something, so that the venue hears of it, and returns how many were taken. `cursor` is the first
    /// one's.
    #[inline]
    pub fn on_bars<S: Sink>(
        &mut self,
        id: InstrumentId,
        cursor: u64,
        bars: &[Bar],
        interval_ns: i64,
        sink: &mut S,
    ) -> usize {
        let before = self.desk.activity;
        let alone = self.alone(id, interval_ns);
        let mut taken = 0;
        while taken < bars.len() && self.desk.activity == before {
            if let Some((series, trader)) = alone {
                let cursor = cursor + taken as u64;
                let rest = &bars[taken..];
                taken += match self.traders[trader].is_holding() {
                    true => self.scan::<S, true>(series, trader, cursor, rest, interval_ns, sink),
                    false => self.scan::<S, false>(series, trader, cursor, rest, interval_ns, sink),
                };
                if taken == bars.len() || self.desk.activity != before {
                    break;
                }
            }
            let cursor = cursor + taken as u64;
            self.on_bar(id, cursor, &bars[taken], interval_ns, sink);
            taken += 1;
        }
        if self.desk.activity != before {
            self.note_watched(id);
        }
        taken
    }

    /// The series and the trader of an instrument that has one of each, where the series is cut as its bars
    /// are and the trader waits for nothing but its rules.
    fn alone(&mut self, id: InstrumentId, interval_ns: i64) -> Option<(usize, usize)> {
        let place = &self.places[id.index()];
        let (&[series], &[trader]) = (&place.series[..], &place.traders[..]) else { return None };
        let direct = self.series[series].spec.cut == (BarCut::Time { interval_ns });
        if !direct || !self.desk.is_calm() || !self.traders[trader].is_settled() {
            return None;
        }
        self.series[series].fed_interval_ns = interval_ns;
        Some((series, trader))
    }

    /// Takes bars, up to the first on which the rules find something and with it. It stops before a bar that
    /// does more than move prices: one that begins a day, reaches a limit or cannot be held. Whether the
    /// trader holds something cannot change in between, and each case has a loop of its own.
    #[inline(never)]
    fn scan<S: Sink, const HOLDING: bool>(
        &mut self,
        series: usize,
        trader: usize,
        cursor: u64,
        bars: &[Bar],
        interval_ns: i64,
        sink: &mut S,
    ) -> usize {
        let (desk, trader) = (&mut self.desk, &mut self.traders[trader]);
        let id = trader.key().1;
        // Nothing below changes what a day is or what is held.
        let day_end_ns = desk.account.next_day_ns();
        let Some(equity) = desk.portfolio.equity_line(id) else { return 0 };
        let own = &mut self.series[series];
        let (mut taken, mut found) = (0, None);
        for bar in bars {
            let time_ns = desk.now_ns.max(bar.open_ns + interval_ns);
            if time_ns >= day_end_ns || bar.high.0 > MAX_PRICE {
                break;
            }
            if (HOLDING || !equity.is_flat()) && !desk.account.absorbs(equity.at(bar.close)) {
                break;
            }
            desk.seq += 1;
            desk.now_ns = time_ns;
            if S::INPUTS {
                sink.emit(&BarBody::new(desk.seq, id, cursor + taken as u64, bar, interval_ns));
            }
            own.indicators.update(bar);
            own.bars += 1;
            taken += 1;
            let view = |_| own.view_of(bar, time_ns);
            found = if HOLDING { trader.look_for_exit(view) } else { trader.look_for_entry(view) };
            if found.is_some() {
                break;
            }
            trader.look_back(|_| own.view_of(bar, time_ns));
        }
        let Some(last) = bars[..taken].last() else { return 0 };
        own.last = *last;
        let mark = Mark { bid: last.close, ask: last.close, time_ns: desk.now_ns };
        desk.portfolio.set_mark(id, mark);
        self.inputs.events += taken as u64;
        self.inputs.bars += taken as u64;
        trader.note_seen(&self.series);
        if found.is_some() {
            trader.act(found, &self.series, desk, sink);
        }
        taken
    }

    fn on_bar<S: Sink>(&mut self, id: InstrumentId, cursor: u64, bar: &Bar, interval_ns: i64, sink: &mut S) {
        self.inputs.events += 1;
        let seq = self.begin(bar.open_ns + interval_ns);
        if S::INPUTS {
            sink.emit(&BarBody::new(seq, id, cursor, bar, interval_ns));
        }
        self.desk.roll_day(sink);
        if bar.high.0 > MAX_PRICE {
            self.inputs.out_of_range += 1;
            return;
        }
        self.desk.trigger_held(id, bar.low, bar.high, sink);
        let mark = Mark { bid: bar.close, ask: bar.close, time_ns: self.desk.now_ns };
        self.desk.set_mark(id, mark, sink);
        for &at in &self.places[id.index()].series {
            let series = &mut self.series[at];
            series.fed_interval_ns = interval_ns;
            if series.spec.cut == (BarCut::Time { interval_ns }) {
                series.push(bar);
                self.inputs.bars += 1;
            } else {
                self.inputs.bars += series.gather(bar, interval_ns);
            }
        }
        self.run_traders(id, sink);
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
        let desk = &mut self.desk;
        match kind {
            CommandKind::NoEntries => desk.level = desk.level.max(1),
            CommandKind::CancelEntries | CommandKind::Shutdown => desk.level = desk.level.max(2),
            CommandKind::Flatten => desk.level = desk.level.max(3),
            CommandKind::HardStop => desk.level = 4,
            CommandKind::Arm => {
                desk.level = 0;
                let equity = desk.portfolio.equity().unwrap_or(desk.account.peak());
                desk.account.arm(equity);
            }
        }
        let reason = if kind == CommandKind::Shutdown { Reason::RunEnded } else { Reason::Operator };
        let event = if kind == CommandKind::Arm { AccountEvent::Armed } else { AccountEvent::Stopped };
        desk.emit_account(event, reason, sink);
        match kind {
            CommandKind::NoEntries | CommandKind::Arm => {}
            CommandKind::CancelEntries | CommandKind::Shutdown => desk.cancel_entries(reason, sink),
            CommandKind::Flatten => {
                desk.cancel_entries(reason, sink);
                for trader in &mut self.traders {
                    trader.flatten(Reason::Flatten, &self.series, &mut self.desk, sink);
                }
                (0..self.places.len() as u32).for_each(|id| self.note_watched(InstrumentId(id)));
            }
            CommandKind::HardStop => desk.cancel_where(reason, sink, |_| true),
        }
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

    /// True when something at `time_ns` is one more price of every open bar that it belongs to: no bar
    /// ends or begins by it.
    #[inline(always)]
    fn absorbs(&self, id: InstrumentId, time_ns: i64, trades: bool) -> bool {
        self.places[id.index()].series.iter().all(|&at| {
            let series = &self.series[at];
            (series.spec.source == BarSource::Trades) != trades || series.builder.absorbs(time_ns)
        })
    }

    /// Ends the bars that something at `time_ns` comes after.
    fn roll_series<S: Sink>(&mut self, id: InstrumentId, time_ns: i64, trades: bool, sink: &mut S) {
        let mut ended = false;
        for &at in &self.places[id.index()].series {
            let series = &mut self.series[at];
            if (series.spec.source == BarSource::Trades) != trades {
                continue;
            }
            if let Some(bar) = series.builder.roll(time_ns) {
                series.push(&bar);
                self.inputs.bars += 1;
                ended = true;
            }
        }
        if ended {
            self.run_traders(id, sink);
            self.find_deadline();
        }
    }

    /// Adds a price to the series that are made from it.
    #[inline(always)]
    fn add_to_series<S: Sink>(
        &mut self,
        id: InstrumentId,
        time_ns: i64,
        qty: Qty,
        usual: bool,
        price_of: impl Fn(BarSource) -> Option<Price>,
        sink: &mut S,
    ) {
        let place = &self.places[id.index()];
        if place.watched {
            for &t in &place.traders {
                let trader = &mut self.traders[t];
                if let Some(price) = price_of(self.series[trader.series].spec.source) {
                    trader.on_price(price);
                }
            }
        }
        if !usual {
            return self.add_slowly(id, time_ns, qty, price_of, sink);
        }
        for &at in &place.series {
            let series = &mut self.series[at];
            if let Some(price) = price_of(series.spec.source) {
                series.builder.absorb(price, qty);
            }
        }
    }

    #[inline(never)]
    fn add_slowly<S: Sink>(
        &mut self,
        id: InstrumentId,
        time_ns: i64,
        qty: Qty,
        price_of: impl Fn(BarSource) -> Option<Price>,
        sink: &mut S,
    ) {
        let mut ended = false;
        for &at in &self.places[id.index()].series {
            let series = &mut self.series[at];
            let Some(price) = price_of(series.spec.source) else { continue };
            if let Some(bar) = series.builder.add(time_ns, price, qty) {
                series.push(&bar);
                self.inputs.bars += 1;
                ended = true;
            }
            self.next_deadline_ns = self.next_deadline_ns.min(series.builder.deadline_ns());
        }
        if ended {
            self.run_traders(id, sink);
        }
    }

    /// Lets the strategies decide whose series ended a bar that they have not seen, after all series of
    /// the instrument took theirs.
    #[inline(always)]
    fn run_traders<S: Sink>(&mut self, id: InstrumentId, sink: &mut S) {
        let mut watched = false;
        for &at in &self.places[id.index()].traders {
            let trader = &mut self.traders[at];
            if trader.has_news(&self.series) {
                trader.on_bar(&self.series, &mut self.desk, sink);
            }
            watched |= trader.watches();
        }
        self.places[id.index()].watched = watched;
    }

    /// Call after a trader may have begun or stopped to look at prices between bars.
    fn note_watched(&mut self, id: InstrumentId) {
        let place = &mut self.places[id.index()];
        place.watched = place.traders.iter().any(|&t| self.traders[t].watches());
    }

    fn find_deadline(&mut self) {
        self.next_deadline_ns = self.series.iter().map(|s| s.builder.deadline_ns()).min().unwrap_or(i64::MAX);
    }

    /// Positions, balances and marks.
    pub fn portfolio(&self) -> &Portfolio {
        &self.desk.portfolio
    }

    /// Equity in the base currency, while every rate that it needs is known.
    pub fn equity(&self) -> Option<Money> {
        self.desk.portfolio.equity()
    }

    /// Equity when it was first known.
    pub fn opening_equity(&self) -> Option<Money> {
        self.desk.account.opening()
    }

    /// When the account's next day begins, ns, and its equity when this one did; `None` before equity is known.
    #[inline]
    pub fn day(&self) -> Option<(i64, Money)> {
        let account = &self.desk.account;
        account.opening().map(|_| (account.next_day_ns(), account.day_start()))
    }

    /// Deepest fall of equity from its peak.
    pub fn max_drawdown(&self) -> Ratio {
        self.desk.account.worst().ratio()
    }

    /// Stopping level, and whether the daily and the drawdown halt stand.
    pub fn halts(&self) -> (u8, bool, bool) {
        (self.desk.level, self.desk.account.daily_halt, self.desk.account.drawdown_halt)
    }

    /// Orders that are not final.
    pub fn open_orders(&self) -> usize {
        self.desk.orders.open_count()
    }

    /// Counters of orders.
    pub fn counters(&self) -> &Counters {
        &self.desk.counters
    }

    /// Counters of inputs.
    pub fn inputs(&self) -> InputCounters {
        self.inputs
    }

    /// Number of the last input.
    pub fn seq(&self) -> u64 {
        self.desk.seq
    }

    /// Engine time, ns.
    pub fn now_ns(&self) -> i64 {
        self.desk.now_ns
    }

    /// Trades that came too late for their bar, over all series.
    pub fn late(&self) -> u64 {
        self.series.iter().map(|s| s.builder.late()).sum()
    }

    /// Each strategy's finished trades by instrument.
    pub fn trade_stats(&self) -> impl Iterator<Item = (u16, InstrumentId, &TradeStats)> {
        self.traders.iter().map(|t| (t.key().0, t.key().1, &t.stats))
    }

    /// The book of an instrument.
    pub fn book(&self, id: InstrumentId) -> &Book {
        &self.books[id.index()]
    }

    /// Working entries' reservations equal what the order table implies; for tests.
    pub fn reservations_agree(&self) -> bool {
        let implied = self.desk.orders.open_orders().fold(Money::ZERO, |sum, o| sum + o.reserved);
        let ids = (0..self.places.len() as u32).map(InstrumentId);
        let kept = ids.fold(Money::ZERO, |sum, id| {
            let [buys, sells] = self.desk.risk.reserved.of(id);
            sum + buys + sells
        });
        implied == kept
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
