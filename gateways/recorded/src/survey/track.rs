//! What is known of one instrument while a survey goes over its data.

use super::kind::kind_of_depth;
use super::{InstrumentSurvey, Jump, PRICE, QTY};
use pinion_engine::book::{Book, BookChange};
use pinion_model::decimal::{Decimal, POW10};
use pinion_model::event::{Bar, Depth, Level, Market, Quote, Trade};
use pinion_model::number::{Price, Qty};
use std::collections::BTreeMap;

/// Book states and quotes that are kept to be held against each other.
const WAITING: usize = 4096;

/// The state of a survey of one instrument.
#[derive(Default)]
pub(super) struct Track {
    pub found: InstrumentSurvey,
    pub decimals: Decimals,
    last_ns: i64,
    last_bar: Option<Bar>,
    steps: BTreeMap<i64, u64>,
    book: Option<Book>,
    quotes_by_id: BTreeMap<u64, [Level; 2]>,
    states_by_id: BTreeMap<u64, [Level; 2]>,
    seen: bool,
}

/// Decimals that the numbers of an instrument need, of those that a survey cuts.
pub(super) struct Decimals {
    /// Powers of ten that divide every price and every quantity.
    price_zeros: u32,
    qty_zeros: u32,
}

impl Default for Decimals {
    fn default() -> Decimals {
        Decimals { price_zeros: PRICE.into(), qty_zeros: QTY.into() }
    }
}

impl Decimals {
    #[inline]
    pub fn note_price(&mut self, price: Price) {
        self.price_zeros = fewer_zeros(price.0, self.price_zeros);
    }

    #[inline]
    pub fn note_qty(&mut self, qty: Qty) {
        self.qty_zeros = fewer_zeros(qty.0, self.qty_zeros);
    }

    pub fn note_bar(&mut self, bar: &Bar) {
        [bar.open, bar.high, bar.low, bar.close].into_iter().for_each(|p| self.note_price(p));
        self.note_qty(bar.volume);
    }

    pub fn note(&mut self, market: &Market<'_>) {
        match market {
            Market::Quote(q) => {
                self.note_price(q.bid);
                self.note_price(q.ask);
                self.note_qty(q.bid_qty);
                self.note_qty(q.ask_qty);
            }
            Market::Trade(t) => {
                self.note_price(t.price);
                self.note_qty(t.qty);
            }
            Market::Bar { bar, .. } => self.note_bar(bar),
            Market::Depth(d) => {
                for level in d.bids.iter().chain(d.asks) {
                    self.note_price(level.price);
                    self.note_qty(level.qty);
                }
            }
        }
    }

    /// Of prices and of quantities.
    pub fn needed(&self) -> (u8, u8) {
        (PRICE - self.price_zeros as u8, QTY - self.qty_zeros as u8)
    }
}

impl Track {
    /// The track of a table of this symbol.
    pub fn named(symbol: &str) -> Track {
        let found = InstrumentSurvey { symbol: symbol.into(), ..InstrumentSurvey::default() };
        Track { found, ..Track::default() }
    }

    /// One event; `line` is where it stands.
    pub fn market(&mut self, market: &Market<'_>, line: u64) {
        let time_ns = market.time_ns();
        if !std::mem::replace(&mut self.seen, true) {
            (self.found.first_ns, self.found.last_ns, self.last_ns) = (time_ns, time_ns, time_ns);
        }
        self.found.first_ns = self.found.first_ns.min(time_ns);
        self.found.last_ns = self.found.last_ns.max(time_ns);
        self.found.out_of_order += u64::from(time_ns < self.last_ns);
        self.last_ns = time_ns;
        self.decimals.note(market);
        match market {
            Market::Quote(q) => self.quote(q),
            Market::Trade(Trade { .. }) => self.found.trades += 1,
            Market::Bar { bar, .. } => self.bar(bar, line),
            Market::Depth(d) => self.depth(d),
        }
    }

    fn quote(&mut self, q: &Quote) {
        self.found.quotes += 1;
        self.found.crossed_quotes += u64::from(q.bid >= q.ask && q.ask > Price::ZERO);
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

    fn bar(&mut self, bar: &Bar, line: u64) {
        self.found.bars += 1;
        let ends = self.found.ends.get_or_insert([(*bar, line); 2]);
        if bar.open_ns < ends[0].0.open_ns {
            ends[0] = (*bar, line);
        }
        if bar.open_ns >= ends[1].0.open_ns {
            ends[1] = (*bar, line);
        }
        if let Some(last) = self.last_bar.replace(*bar) {
            let step = (bar.open_ns - last.open_ns).abs();
            self.found.duplicates += u64::from(step == 0);
            if step > 0 && (self.steps.len() < 1000 || self.steps.contains_key(&step)) {
                *self.steps.entry(step).or_default() += 1;
            }
            if let Some(jump) = Jump::between(&last, bar, line) {
                self.found.add_jump(jump);
            }
        }
    }

    fn depth(&mut self, d: &Depth<'_>) {
        if d.snapshot {
            self.found.depth_snapshots += 1;
        } else {
            self.found.depth_updates += 1;
        }
        self.found.looks_like = self.found.looks_like.or(kind_of_depth(d));
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

    pub fn finish(mut self) -> InstrumentSurvey {
        while let Some((id, state)) = self.states_by_id.pop_first() {
            self.compare(id, state);
        }
        (self.found.price_decimals, self.found.qty_decimals) = self.decimals.needed();
        let usual = self.steps.iter().max_by_key(|(_, count)| **count).map_or(0, |(step, _)| *step);
        if usual > 0 {
            self.found.bar_interval_ns = usual;
            let span = self.steps.iter().filter(|(step, _)| **step > usual);
            self.found.missing_bars = span.map(|(step, count)| ((step / usual - 1) as u64) * count).sum();
        }
        let show = |l: Option<Level>| {
            let level = l.unwrap_or_default();
            let price = Decimal::new(level.price.0.into(), PRICE);
            format!("{price} x {}", Decimal::new(level.qty.0.into(), QTY))
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
    while zeros > 0 && value % POW10[zeros as usize] != 0 {
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
