//! The paper venue: orders in, execution reports out, in virtual time.
//!
//! What the engine sends takes a random latency to arrive (never overtaking what was sent before), is
//! filled against the market as it stands at that moment or rests, and its reports take a latency back.
//! Nothing fills before its order has arrived. Where the book is known, a large order takes level after level,
//! and what is left of a market order behind the last one expires. On bars, market orders fill at the next bar's open, stops
//! are tested before limits, a stop fills at the worse of trigger and open, a limit at its price or the
//! better open. A resting limit fills when the market trades through it, or at its price once the
//! quantity that stood ahead of it has traded.
//!
//! Reduce-only orders never trade more than the position that this venue knows; what is left of them
//! expires.

mod bars;
mod matching;

use crate::market::{Ladder, Touch};
use crate::pricing;
use crate::random::Random;
use pinion_engine::book::Book;
use pinion_engine::plan::EnginePlan;
use pinion_model::body::{CancelBody, ExecutionBody, OrderBody};
use pinion_model::event::{Market, MarketEvent, Quote};
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Money, Price, Qty};
use pinion_model::order::*;
use pinion_plan::PaperPlan;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What was sent and has not arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Message {
    Order(Live),
    Cancel { order: u64, instrument: InstrumentId },
}

/// An order at the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Live {
    number: u64,
    instrument: InstrumentId,
    side: Side,
    order_type: OrderType,
    tif: TimeInForce,
    reduce_only: bool,
    limit: Price,
    trigger: Price,
    leaves: Qty,
    filled: Qty,
    /// Quantity that stood ahead of a resting limit; `None` until it is known.
    ahead: Option<Qty>,
    /// The order may fill in parts only, and has not done so yet.
    partial: bool,
}

/// A report on its way, or due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    due_ns: i64,
    order: Live,
    kind_code: u8,
    reason_code: u16,
    venue_ns: i64,
    price: Price,
    qty: Qty,
    liquidity_code: u8,
    exec_id: u64,
}

/// The venue's state; with its plan it continues after a restart as if there had been none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    random: Random,
    touches: Vec<Touch>,
    ladders: Vec<Ladder>,
    has_quotes: Vec<bool>,
    positions: Vec<Qty>,
    /// By currency: what is left of the opening balance for fees that a third asset pays.
    fee_assets: Vec<Money>,
    inbound: VecDeque<(i64, Message)>,
    resting: Vec<Live>,
    outbound: VecDeque<Pending>,
    /// Latest arrival and latest delivery so far: nothing overtakes.
    last_arrival_ns: i64,
    last_delivery_ns: i64,
    next_exec_id: u64,
    /// Earliest arrival or report that is on its way.
    next_ns: i64,
    on_bars: bool,
}

/// The paper venue.
#[derive(Clone, Debug)]
pub struct PaperVenue {
    plan: EnginePlan,
    paper: PaperPlan,
    state: State,
}

impl PaperVenue {
    /// A venue without orders.
    pub fn new(plan: &EnginePlan, paper: PaperPlan) -> PaperVenue {
        let state = State {
            random: Random::new(paper.seed),
            touches: vec![Touch::default(); plan.instruments.len()],
            ladders: vec![Ladder::default(); plan.instruments.len()],
            has_quotes: vec![false; plan.instruments.len()],
            positions: vec![Qty::ZERO; plan.instruments.len()],
            fee_assets: plan.balances.clone(),
            inbound: VecDeque::new(),
            resting: Vec::new(),
            outbound: VecDeque::new(),
            last_arrival_ns: i64::MIN,
            last_delivery_ns: i64::MIN,
            next_exec_id: 1,
            next_ns: i64::MAX,
            on_bars: false,
        };
        let mut venue = PaperVenue { plan: plan.clone(), paper, state };
        venue.reserve();
        venue
    }

    /// Makes room for as much as is on its way or rests at one time.
    // cold: before a run begins or goes on
    fn reserve(&mut self) {
        let orders = self.plan.max_open_orders as usize;
        let State { inbound, resting, outbound, .. } = &mut self.state;
        inbound.reserve((2 * orders).saturating_sub(inbound.len()));
        resting.reserve(orders.saturating_sub(resting.len()));
        // An order is accepted, filled level after level, and expires: few orders do all of that at once.
        let reports = 4 * orders + 64 * crate::market::LADDER_LEVELS;
        outbound.reserve(reports.saturating_sub(outbound.len()));
    }

    /// Everything that the venue must remember over a restart, as opaque bytes for `restore`.
    pub fn save<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.state.serialize(serializer)
    }

    /// Takes up where `save` left off.
    // cold: before a run goes on
    pub fn restore<'de, D: serde::Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        self.state = State::deserialize(deserializer)?;
        self.reserve();
        Ok(())
    }

    /// The engine sent an order at `now_ns`.
    pub fn submit(&mut self, body: &OrderBody, now_ns: i64) {
        let codes = (
            Side::from_code(body.side),
            OrderType::from_code(body.order_type),
            TimeInForce::from_code(body.tif),
        );
        let (Some(side), Some(order_type), Some(tif)) = codes else { return };
        let order = Live {
            number: body.order,
            instrument: body.instrument,
            side,
            order_type,
            tif,
            reduce_only: body.reduce_only != 0,
            limit: body.limit,
            trigger: body.trigger,
            leaves: body.qty,
            filled: Qty::ZERO,
            ahead: None,
            partial: self.state.random.chance(self.paper.partial_probability),
        };
        self.send(Message::Order(order), now_ns);
    }

    /// The engine sent a cancel at `now_ns`.
    pub fn cancel(&mut self, body: &CancelBody, now_ns: i64) {
        self.send(Message::Cancel { order: body.order, instrument: body.instrument }, now_ns);
    }

    fn latency_ns(&mut self) -> i64 {
        if self.paper.max_latency_ns == 0 {
            return 0;
        }
        self.state.random.between(self.paper.min_latency_ns, self.paper.max_latency_ns)
    }

    fn send(&mut self, message: Message, now_ns: i64) {
        let arrival_ns = now_ns.saturating_add(self.latency_ns()).max(self.state.last_arrival_ns);
        self.state.last_arrival_ns = arrival_ns;
        self.state.inbound.push_back((arrival_ns, message));
        self.note_next();
    }

    /// When the venue will next have something to do or to say; `i64::MAX` for never.
    #[inline]
    pub fn next_ns(&self) -> i64 {
        self.state.next_ns
    }

    /// Orders that rest here or are on their way here, and, as true, those of which a report is on its way back.
    pub fn orders(&self) -> impl Iterator<Item = (u64, bool)> + '_ {
        let State { inbound, resting, outbound, .. } = &self.state;
        let sent = inbound.iter().filter_map(|(_, message)| match message {
            Message::Order(order) => Some((order.number, false)),
            Message::Cancel { .. } => None,
        });
        let rest = resting.iter().map(|order| (order.number, false));
        sent.chain(rest).chain(outbound.iter().map(|report| (report.order.number, true)))
    }

    /// Nothing rests and nothing is on its way: until an order comes, events only move the touch.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.state.resting.is_empty() && self.state.next_ns == i64::MAX
    }

    /// Call after every change of what is on its way.
    fn note_next(&mut self) {
        let arrival = self.state.inbound.front().map_or(i64::MAX, |(ns, _)| *ns);
        let report = self.state.outbound.front().map_or(i64::MAX, |r| r.due_ns);
        self.state.next_ns = arrival.min(report);
    }

    /// Lets arrivals due by `until_ns` happen and returns the next report due by then. Call until `None`.
    pub fn poll(&mut self, until_ns: i64) -> Option<ExecutionBody> {
        let report = self.next_report(until_ns);
        self.note_next();
        report
    }

    fn next_report(&mut self, until_ns: i64) -> Option<ExecutionBody> {
        loop {
            let arrival = self.state.inbound.front().map_or(i64::MAX, |(ns, _)| *ns);
            let report = self.state.outbound.front().map_or(i64::MAX, |r| r.due_ns);
            if arrival <= until_ns && arrival <= report {
                if let Some((at_ns, message)) = self.state.inbound.pop_front() {
                    self.arrive(message, at_ns);
                }
            } else if report <= until_ns {
                let report = self.state.outbound.pop_front()?;
                return Some(self.body(&report));
            } else {
                return None;
            }
        }
    }

    fn arrive(&mut self, message: Message, at_ns: i64) {
        match message {
            Message::Cancel { order, instrument } => {
                let at =
                    self.state.resting.iter().position(|o| o.number == order && o.instrument == instrument);
                match at {
                    Some(at) => {
                        let order = self.state.resting.remove(at);
                        self.report(&order, ReportKind::Cancelled, Reason::None, at_ns);
                    }
                    None => {
                        let ghost = ghost(order, instrument);
                        self.report(&ghost, ReportKind::CancelRejected, Reason::TooLate, at_ns);
                    }
                }
            }
            Message::Order(order) => self.accept(order, at_ns),
        }
    }

    fn accept(&mut self, order: Live, at_ns: i64) {
        if self.state.random.chance(self.paper.reject_probability) {
            self.report(&order, ReportKind::Rejected, Reason::SimulatedReject, at_ns);
            return;
        }
        if order.reduce_only && self.reducible(&order) <= Qty::ZERO {
            self.report(&order, ReportKind::Rejected, Reason::PositionClosed, at_ns);
            return;
        }
        // On bars there is no market before the next open; elsewhere a market order meets it now.
        if !self.paper.basic {
            self.report(&order, ReportKind::Accepted, Reason::None, at_ns);
        }
        let mut order = order;
        if !self.state.on_bars && self.try_fill(&mut order, at_ns) {
            return;
        }
        if order.tif != TimeInForce::Gtc && !self.state.on_bars {
            self.report(&order, ReportKind::Expired, Reason::NoMarket, at_ns);
            return;
        }
        self.state.resting.push(order);
    }

    /// What a reduce-only order may still trade.
    fn reducible(&self, order: &Live) -> Qty {
        let position = self.state.positions[order.instrument.index()];
        Qty((-order.side.sign() * position.0).max(0))
    }

    /// A market event reached the venue (at its receive time).
    #[inline]
    pub fn on_market(&mut self, event: &MarketEvent<'_>) {
        let id = event.instrument;
        match &event.market {
            Market::Quote(q) => self.on_quote(id, q),
            Market::Trade(t) => {
                let touch = &mut self.state.touches[id.index()];
                if !self.state.has_quotes[id.index()] && (touch.bid.is_zero() || touch.bid == touch.ask) {
                    // Neither quotes nor a book: the last trade is the market.
                    *touch = Touch { bid: t.price, ask: t.price, ..Touch::default() };
                }
                if !self.state.resting.is_empty() {
                    self.trade_through(id, t.price, t.qty, t.recv_ns);
                    self.match_resting(id, t.recv_ns);
                }
            }
            Market::Bar { bar, .. } => self.on_bar(id, bar),
            // The engine rebuilds the book; the venue follows it.
            Market::Depth(_) => {}
        }
    }

    /// Best bid and offer.
    #[inline]
    pub fn on_quote(&mut self, id: InstrumentId, q: &Quote) {
        self.state.has_quotes[id.index()] = true;
        self.state.touches[id.index()] =
            Touch { bid: q.bid, ask: q.ask, bid_qty: q.bid_qty, ask_qty: q.ask_qty };
        if !self.state.resting.is_empty() {
            self.match_resting(id, q.recv_ns);
        }
    }

    /// After a depth update: the rebuilt book is what large orders meet, and where no quotes come, its best
    /// levels are the touch.
    pub fn follow_book(&mut self, id: InstrumentId, book: &Book, now_ns: i64) {
        if !self.paper.basic {
            self.state.ladders[id.index()].follow(book);
        }
        if self.state.has_quotes[id.index()] {
            return;
        }
        if !book.is_synced() {
            // Nobody knows what stands there: until the book is back, only trades make a market.
            self.state.touches[id.index()] = Touch::default();
            return;
        }
        if let (Some(bid), Some(ask)) = (book.best_bid(), book.best_ask()) {
            self.state.touches[id.index()] =
                Touch { bid: bid.price, ask: ask.price, bid_qty: bid.qty, ask_qty: ask.qty };
            self.match_resting(id, now_ns);
        }
    }

    fn report(&mut self, order: &Live, kind: ReportKind, reason: Reason, now_ns: i64) {
        self.push(order, kind, reason, now_ns, Price::ZERO, Qty::ZERO, Liquidity::None, 0);
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of one report")]
    fn push(
        &mut self,
        order: &Live,
        kind: ReportKind,
        reason: Reason,
        venue_ns: i64,
        price: Price,
        qty: Qty,
        liquidity: Liquidity,
        exec_id: u64,
    ) {
        let due_ns = venue_ns.saturating_add(self.latency_ns()).max(self.state.last_delivery_ns);
        self.state.last_delivery_ns = due_ns;
        self.state.outbound.push_back(Pending {
            due_ns,
            order: *order,
            kind_code: kind.code(),
            reason_code: reason.code(),
            venue_ns,
            price,
            qty,
            liquidity_code: liquidity.code(),
            exec_id,
        });
        self.note_next();
    }

    fn body(&mut self, r: &Pending) -> ExecutionBody {
        let liquidity = Liquidity::from_code(r.liquidity_code).unwrap_or(Liquidity::None);
        let index = r.order.instrument.index();
        let (fee, currency) = if r.qty.is_zero() {
            (Default::default(), self.plan.instruments[index].settle)
        } else {
            let State { touches, fee_assets, .. } = &mut self.state;
            pricing::fee(&self.plan, index, r.order.side, r.price, r.qty, liquidity, touches, fee_assets)
        };
        ExecutionBody {
            seq: 0,
            time_ns: r.due_ns,
            venue_ns: r.venue_ns,
            order: r.order.number,
            price: r.price,
            qty: r.qty,
            fee,
            fee_currency: currency.0,
            kind: r.kind_code,
            liquidity: r.liquidity_code,
            instrument: r.order.instrument,
            cumulative: r.order.filled,
            exec_id: r.exec_id,
            reason: r.reason_code,
            reserved: [0; 3],
        }
    }
}

/// An order that the venue does not have, for the refusal of its cancel.
fn ghost(number: u64, instrument: InstrumentId) -> Live {
    Live {
        number,
        instrument,
        side: Side::Buy,
        order_type: OrderType::Market,
        tif: TimeInForce::Gtc,
        reduce_only: false,
        limit: Price::ZERO,
        trigger: Price::ZERO,
        leaves: Qty::ZERO,
        filled: Qty::ZERO,
        ahead: None,
        partial: false,
    }
}
