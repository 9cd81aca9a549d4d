//! The order desk: from an intent through risk to an order, and from a venue's report to money.
//!
//! It owns orders, portfolio, account and risk. Every request leaves the same trail: an intent, a verdict
//! with its operands, and an order when it passed.
//!
//! | file | one idea |
//! |---|---|
//! | this one | the desk, and a request's way through it |
//! | `records` | what is emitted of it |
//! | `working` | cancels and held stops |
//! | `reports` | what the venue says |
//! | `account` | prices, limits, days, operators |

mod account;
mod records;
mod reports;
mod working;

use crate::orders::lifecycle::OrderEvent;
use crate::orders::table::{Order, OrderTable};
use crate::plan::EnginePlan;
use crate::portfolio::account::{Account, Breach};
use crate::portfolio::{Applied, Mark, Portfolio};
use crate::remote::{DeskMessage, DeskStep};
use crate::risk::checks::Check;
use crate::risk::{Context, Request, Risk, Verdict};
use crate::rules::Noted;
use crate::sink::{Moment, Sink};
use arrayvec::ArrayVec;
use pinion_model::body::*;
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Money, Price, Qty};
use pinion_model::order::*;
use serde::{Deserialize, Serialize};

/// Most stops that the engine holds at once; beyond it a stop is refused for capacity.
pub const MAX_HELD: usize = 1024;

/// Who asks, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Strategy of the plan.
    pub strategy: u16,
    /// Rule of the strategy, entries first.
    pub rule: u16,
    /// Why.
    pub reason: Reason,
    /// Price that the rule saw.
    pub reference: Price,
}

/// What a report did to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// The order afterwards.
    pub order: Order,
    /// The fill, if it was one.
    pub fill: Option<(Price, Qty, Applied)>,
}

/// Counters for reports; none of them reaches a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Intents made.
    pub intents: u64,
    /// Intents that risk refused.
    pub refused: u64,
    /// Orders sent to the venue.
    pub orders: u64,
    /// Fills.
    pub fills: u64,
    /// Orders that the venue refused.
    pub rejected: u64,
    /// Reports that no order could have caused in its state, or for an order that the table lost.
    pub anomalies: u64,
    /// By check: intents that it refused.
    pub refused_by: [u64; 32],
}

/// The desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    /// Positions, balances, marks.
    pub portfolio: Portfolio,
    /// Orders.
    pub orders: OrderTable,
    /// Daily loss and drawdown.
    pub account: Account,
    /// Risk.
    pub risk: Risk,
    /// Stopping level, 0 to 4 (see [`CommandKind`]).
    pub level: u8,
    /// The run was shut down: the level before that, for when it goes on.
    level_before_end: Option<u8>,
    /// The journal's link is filling up: no new entries, whatever the level.
    pub degraded: bool,
    /// Number of the current input.
    pub seq: u64,
    /// Engine time, ns.
    pub now_ns: i64,
    /// Rises with every intent, cancel and triggered stop.
    pub activity: u64,
    /// Counters.
    pub counters: Counters,
    held: ArrayVec<u64, MAX_HELD>,
}

impl Desk {
    /// A desk with the plan's opening balances.
    pub fn new(plan: &EnginePlan) -> Desk {
        let portfolio = Portfolio::new(plan);
        Desk {
            account: Account::new(&plan.risk, portfolio.equity()),
            portfolio,
            orders: OrderTable::new(plan.max_open_orders as usize),
            risk: Risk::new(plan),
            level: 0,
            level_before_end: None,
            degraded: false,
            seq: 0,
            now_ns: i64::MIN,
            activity: 0,
            counters: Counters::default(),
            held: ArrayVec::new(),
        }
    }

    /// Intent, verdict and, if it passes, order. The order leaves first; then come the records of all three, in
    /// that order, and the evidence, so that no order waits for them.
    /// `explain` notes what the rule saw. Returns the order's number.
    pub fn submit<S: Sink>(
        &mut self,
        request: &Request,
        origin: Origin,
        tif: TimeInForce,
        hold: bool,
        explain: impl FnOnce(&Desk, &mut Noted),
        sink: &mut S,
    ) -> Option<u64> {
        self.activity += 1;
        self.counters.intents += 1;
        let intent = self.counters.intents;
        sink.reach(Moment::Decided);
        let mut verdict = Verdict::default();
        if S::REMOTE_RISK {
            self.tell(DeskStep::Submit { request: *request, origin, tif, hold }, sink);
            sink.wait_for_verdict(&mut verdict);
        } else {
            self.risk.check(request, &self.context(), &mut verdict);
        }
        if hold && self.held.is_full() {
            verdict.failed |= Check::Capacity.bit();
        }
        let number =
            if verdict.passed() { self.place(request, origin, tif, hold, intent, &verdict) } else { None };
        if number.is_none() && verdict.passed() {
            verdict.failed |= Check::Capacity.bit();
        }
        sink.reach(Moment::Checked);
        let order = number.and_then(|number| self.order_body(number, hold));
        if let (Some(order), false) = (&order, hold) {
            sink.send(order);
        }
        sink.emit(&self.intent_body(request, origin, tif, intent));
        sink.emit(&self.verdict_body(intent, number.unwrap_or(0), &verdict));
        match order {
            Some(order) => {
                sink.emit(&order);
                if !hold {
                    self.count_sent(order.order, verdict.price);
                }
            }
            None => {
                self.counters.refused += 1;
                Check::of_mask(verdict.failed).for_each(|c| self.counters.refused_by[c as usize] += 1);
            }
        }
        sink.judged(&verdict);
        if S::EVIDENCE {
            let mut note = Noted::new(self.portfolio.instrument(request.instrument).price_exponent);
            explain(self, &mut note);
            self.emit_signal(request, origin, intent, &note, sink);
            self.emit_operands(intent, &verdict, sink);
        }
        number
    }

    /// What the checks look at.
    #[inline(always)]
    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            portfolio: &self.portfolio,
            orders: &self.orders,
            account: &self.account,
            level: self.effective_level(),
            now_ns: self.now_ns,
        }
    }

    /// As [`Desk::context`], beside the risk desk that it is for.
    pub(crate) fn risk_and_context(&mut self) -> (&mut Risk, Context<'_>) {
        let level = self.effective_level();
        let Desk { risk, portfolio, orders, account, now_ns, .. } = self;
        (risk, Context { portfolio, orders, account, level, now_ns: *now_ns })
    }

    /// The stopping level that checks see: a link that is filling up forbids entries as level 1 does.
    fn effective_level(&self) -> u8 {
        self.level.max(u8::from(self.degraded))
    }

    /// Tells the desk of another thread, where there is one, what moves this one.
    #[inline(always)]
    pub(crate) fn tell<S: Sink>(&self, step: DeskStep, sink: &mut S) {
        if S::REMOTE_RISK {
            sink.tell(&DeskMessage { seq: self.seq, now_ns: self.now_ns, step });
        }
    }

    fn place(
        &mut self,
        request: &Request,
        origin: Origin,
        tif: TimeInForce,
        hold: bool,
        intent: u64,
        verdict: &Verdict,
    ) -> Option<u64> {
        let order = Order {
            number: 0,
            intent,
            instrument: request.instrument,
            strategy: origin.strategy,
            action: request.action,
            side: request.side,
            order_type: request.order_type,
            tif,
            reason: origin.reason,
            status: if hold { OrderStatus::Held } else { OrderStatus::Sent },
            qty: verdict.qty,
            filled: Qty::ZERO,
            limit: verdict.limit,
            trigger: request.trigger,
            reference: origin.reference,
            reserved: Money::ZERO,
        };
        let number = self.orders.insert(order)?;
        if hold {
            self.held.push(number);
        }
        Some(number)
    }

    /// An order has left: risk counts it, at the price that was checked.
    fn count_sent(&mut self, number: u64, price: Price) {
        self.counters.orders += 1;
        if let Some(order) = self.orders.get_mut(number) {
            self.risk.on_sent(order, price, self.now_ns, &self.portfolio);
        }
    }
}
