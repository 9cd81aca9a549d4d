//! The gateway's thread: the simulated venue behind it, and the strategy's view of it.
//!
//! An order comes from the risk thread; its place among the market's events comes from the strategy, so that
//! the venue sees both in the order of virtual time. An order that the strategy expects and risk did not
//! send, or the other way round, ends the run.

use super::messages::{Assembler, FromGateway, Outgoing, ToGateway, send_event};
use super::wait;
use crate::session::recorder::Wire;
use crate::session::start;
use crate::session::venue::Venue;
use pinion_engine::book::Book;
use pinion_model::body::{CancelBody, ExecutionBody, OrderBody};
use pinion_model::event::{Bar, Market, MarketEvent, Quote};
use pinion_model::instrument::InstrumentId;
use pinion_runtime::agent::{Agent, Spent};
use pinion_runtime::counters::link::LinkMeter;
use pinion_runtime::idle::Idle;
use pinion_runtime::link::{Rx, Tx};
use pinion_runtime::memory;
use pinion_sim::paper::PaperVenue;
use std::collections::VecDeque;

/// Messages that are taken in one turn.
const BATCH: usize = 64;

/// The agent.
pub struct GatewayAgent<W> {
    /// What orders pass as soon as they come from risk.
    pub wire: W,
    /// Orders pass when the strategy says that their records are kept, and not before.
    pub waits: bool,
    venue: PaperVenue,
    books: Vec<Book>,
    assembler: Assembler,
    rx: Rx<ToGateway>,
    orders: Rx<Outgoing>,
    /// Orders that came and are not expected yet: the risk thread is never made to wait for the strategy.
    came: VecDeque<Outgoing>,
    replies: Tx<FromGateway>,
    /// Shows the link with the answers.
    pub meter: LinkMeter,
    idle: Idle,
    done: bool,
}

impl<W: Wire> GatewayAgent<W> {
    /// An agent without orders. `most_orders` may have come before they are expected: those of one input, which
    /// are at most as many as can be open, and those whose notes fill the strategy's link.
    #[expect(clippy::too_many_arguments, reason = "each is another end of a link")]
    pub fn new(
        wire: W,
        venue: PaperVenue,
        books: Vec<Book>,
        most_orders: usize,
        rx: Rx<ToGateway>,
        orders: Rx<Outgoing>,
        replies: Tx<FromGateway>,
        idle: Idle,
    ) -> GatewayAgent<W> {
        let came = VecDeque::with_capacity(2 * most_orders);
        let assembler = Assembler::default();
        let meter = LinkMeter::default();
        GatewayAgent {
            wire,
            waits: false,
            venue,
            books,
            assembler,
            rx,
            orders,
            came,
            replies,
            meter,
            idle,
            done: false,
        }
    }

    fn take_orders(&mut self) -> usize {
        let GatewayAgent { orders, came, wire, waits, .. } = self;
        orders.read_batch(BATCH, |outgoing, _| {
            if !*waits {
                pass(wire, outgoing);
            }
            came.push_back(*outgoing);
        })
    }

    /// The order that risk let pass, once it is there.
    fn next_order(&mut self) -> Option<Outgoing> {
        while self.came.is_empty() {
            if self.orders.is_finished() {
                return None;
            }
            let work = self.take_orders();
            self.idle.idle(work);
        }
        self.came.pop_front()
    }

    /// The order that the strategy says is next; without one this ends.
    fn expected(&mut self, number: u64) -> Option<Outgoing> {
        let next = self.next_order();
        self.done |= next.is_none();
        let outgoing = next?;
        let passed = outgoing.order();
        assert!(passed == number, "risk let order {passed} pass where the strategy sent {number}");
        Some(outgoing)
    }

    fn take(&mut self, message: ToGateway) {
        match message {
            ToGateway::Market(message) => {
                let Some(event) = self.assembler.take(&message) else { return };
                if let Market::Depth(depth) = &event.market {
                    self.books[event.instrument.index()].apply(depth);
                }
                self.venue.on_market(&event);
            }
            ToGateway::BeforeBar(open_ns) => self.venue.before_bar(open_ns),
            ToGateway::Bar(id, bar) => self.venue.on_bar(id, &bar),
            ToGateway::FollowBook(id, now_ns) => self.venue.follow_book(id, &self.books[id.index()], now_ns),
            ToGateway::Expect(number, now_ns) => {
                let Some(outgoing) = self.expected(number) else { return };
                if self.waits {
                    pass(&mut self.wire, &outgoing);
                }
                match outgoing {
                    Outgoing::Order(order) => self.venue.submit(&order, now_ns),
                    Outgoing::Cancel(cancel) => self.venue.cancel(&cancel, now_ns),
                }
            }
            ToGateway::Withhold(number) => {
                self.expected(number);
            }
            ToGateway::State => self.reply(None),
            ToGateway::Poll(until_ns) => {
                let report = self.venue.poll(until_ns);
                self.reply(report);
            }
        }
    }

    fn reply(&mut self, report: Option<ExecutionBody>) {
        let (next_ns, idle) = (self.venue.next_ns(), self.venue.is_idle());
        let reply = FromGateway { report, next_ns, idle };
        self.done |= !wait::send(&mut self.replies, &mut self.idle, reply);
    }
}

impl<W: Wire> Agent for GatewayAgent<W> {
    fn on_start(&mut self) {
        start::join();
    }

    fn on_close(&mut self) {
        memory::unseal();
    }

    fn do_work(&mut self) -> usize {
        let mut work = self.take_orders();
        while work < BATCH && !self.done {
            let Some(message) = self.rx.read() else { break };
            self.take(message);
            work += 1;
        }
        if self.done {
            self.replies.close();
        }
        work
    }

    fn is_done(&self) -> bool {
        self.done || self.rx.is_finished()
    }

    fn take_spent(&mut self) -> Spent {
        Spent { blocked: self.idle.take_waited(), ..Spent::default() }
    }

    fn publish(&mut self) {
        self.meter.show(&self.replies);
    }
}

fn pass(wire: &mut impl Wire, outgoing: &Outgoing) {
    match outgoing {
        Outgoing::Order(order) => wire.order(order),
        Outgoing::Cancel(cancel) => wire.cancel(cancel),
    }
}

/// The venue as the strategy's thread sees it: it asks only when the answer may have changed.
pub struct RemoteVenue {
    tx: Tx<ToGateway>,
    replies: Rx<FromGateway>,
    /// Shows the link with the questions.
    pub meter: LinkMeter,
    idle: Idle,
    /// How things stood at the last answer.
    known: FromGateway,
    /// Something has been sent since that may have changed it.
    stale: bool,
    gone: bool,
}

const NOTHING: FromGateway = FromGateway { report: None, next_ns: i64::MAX, idle: true };

impl RemoteVenue {
    /// The view of a venue without orders.
    pub fn new(tx: Tx<ToGateway>, replies: Rx<FromGateway>, idle: Idle) -> RemoteVenue {
        let meter = LinkMeter::default();
        RemoteVenue { tx, replies, meter, idle, known: NOTHING, stale: false, gone: false }
    }

    /// Ticks waited since the last call.
    pub fn take_waited(&mut self) -> u64 {
        self.idle.take_waited()
    }

    /// Shows the link to the gateway.
    pub fn publish(&self) {
        self.meter.show(&self.tx);
    }

    /// The gateway's thread ended before this one.
    pub fn is_gone(&self) -> bool {
        self.gone
    }

    fn tell(&mut self, message: ToGateway) {
        self.gone |= !wait::send(&mut self.tx, &mut self.idle, message);
        // What moves only prices changes nothing while nothing rests and nothing is on its way.
        self.stale |= !self.known.idle;
    }

    fn ask(&mut self, question: ToGateway) -> Option<ExecutionBody> {
        self.tell(question);
        let answer = wait::receive(&mut self.replies, &mut self.idle);
        self.gone |= answer.is_none();
        self.known = answer.unwrap_or(NOTHING);
        self.stale = false;
        self.known.report
    }

    fn expect(&mut self, number: u64, now_ns: i64) {
        self.tell(ToGateway::Expect(number, now_ns));
        self.stale = true;
    }

    fn state(&mut self) -> &FromGateway {
        if self.stale && !self.gone {
            self.ask(ToGateway::State);
        }
        &self.known
    }
}

impl Venue for RemoteVenue {
    #[inline]
    fn next_ns(&mut self) -> i64 {
        self.state().next_ns
    }

    #[inline]
    fn is_idle(&mut self) -> bool {
        self.state().idle
    }

    fn poll(&mut self, until_ns: i64) -> Option<ExecutionBody> {
        self.ask(ToGateway::Poll(until_ns))
    }

    fn submit(&mut self, order: &OrderBody, now_ns: i64) {
        self.expect(order.order, now_ns);
    }

    fn withhold(&mut self, order: &OrderBody) {
        self.tell(ToGateway::Withhold(order.order));
    }

    fn cancel(&mut self, cancel: &CancelBody, now_ns: i64) {
        self.expect(cancel.order, now_ns);
    }

    fn before_bar(&mut self, open_ns: i64) {
        self.tell(ToGateway::BeforeBar(open_ns));
    }

    fn on_bar(&mut self, id: InstrumentId, bar: &Bar) {
        self.tell(ToGateway::Bar(id, *bar));
    }

    fn on_quote(&mut self, instrument: InstrumentId, quote: &Quote) {
        self.on_market(&MarketEvent { instrument, cursor: 0, market: Market::Quote(*quote) });
    }

    fn on_market(&mut self, event: &MarketEvent<'_>) {
        send_event(event, |message| self.tell(ToGateway::Market(message)));
    }

    fn follow_book(&mut self, id: InstrumentId, _: &Book, now_ns: i64) {
        self.tell(ToGateway::FollowBook(id, now_ns));
    }

    /// They are on another thread; the gateway itself ends the run over an order that only one side knows.
    fn orders(&self) -> Option<Vec<(u64, bool)>> {
        None
    }

    /// It is on another thread, and what is on its way there is nowhere: a run in this layout goes on from its start.
    fn save(&self) -> Option<Vec<u8>> {
        None
    }
}
