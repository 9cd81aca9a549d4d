//! The order desk: from an intent through risk to an order, and from a venue's report to money.
//!
//! It owns orders, portfolio, account and risk. Every request leaves the same trail: an intent, a verdict
//! with its operands, and an order when it passed.

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

    fn intent_body(&self, r: &Request, origin: Origin, tif: TimeInForce, number: u64) -> IntentBody {
        IntentBody {
            cause: self.seq,
            time_ns: self.now_ns,
            instrument: r.instrument,
            strategy: origin.strategy,
            rule: origin.rule,
            side: r.side.code(),
            action: r.action.code(),
            order_type: r.order_type.code(),
            tif: tif.code(),
            reason: origin.reason.code(),
            reduce_only: u16::from(r.action != Action::Enter),
            reference: origin.reference,
            limit: r.limit,
            trigger: r.trigger,
            stop_distance: r.stop_distance,
            qty: r.qty,
            number,
            reserved: 0,
        }
    }

    fn verdict_body(&self, intent: u64, order: u64, v: &Verdict) -> VerdictBody {
        VerdictBody {
            cause: self.seq,
            time_ns: self.now_ns,
            intent,
            order,
            failed: v.failed,
            adjusted: v.adjusted,
            qty: v.qty,
            price: v.price,
            instrument: v.instrument,
            reducing: u16::from(v.reducing),
            binding: v.binding.map_or(0, |c| c as u16 + 1),
            equity: v.equity,
            exposure: v.exposure,
        }
    }

    fn emit_signal<S: Sink>(&self, r: &Request, origin: Origin, intent: u64, note: &Noted, sink: &mut S) {
        for chunk in note.values().chunks(4) {
            let mut values = [SignalValue::default(); 4];
            for (slot, noted) in values.iter_mut().zip(chunk) {
                let exponent = noted.exponent.into();
                *slot = SignalValue { output: noted.name, exponent, reserved: 0, value: noted.value };
            }
            sink.emit(&SignalBody {
                cause: self.seq,
                time_ns: self.now_ns,
                intent,
                instrument: r.instrument,
                strategy: origin.strategy,
                rule: origin.rule,
                values,
            });
        }
    }

    fn emit_operands<S: Sink>(&self, intent: u64, verdict: &Verdict, sink: &mut S) {
        let mut operands = verdict.operands();
        while let Some(first) = operands.next() {
            let checks = [first, operands.next().unwrap_or_default()];
            sink.emit(&RiskCheckBody { cause: self.seq, intent, checks });
        }
    }

    fn order_body(&self, number: u64, held: bool) -> Option<OrderBody> {
        let order = self.orders.get(number)?;
        Some(OrderBody {
            cause: self.seq,
            time_ns: self.now_ns,
            order: number,
            intent: order.intent,
            instrument: order.instrument,
            strategy: order.strategy,
            reason: order.reason.code(),
            side: order.side.code(),
            order_type: order.order_type.code(),
            tif: order.tif.code(),
            reduce_only: u8::from(order.action != Action::Enter),
            held: u32::from(held),
            qty: order.qty,
            limit: order.limit,
            trigger: order.trigger,
            reference: order.reference,
            reserved: 0,
        })
    }

    /// Cancels an order: at the venue, or at once when the engine held it. True when it was held.
    pub fn cancel<S: Sink>(&mut self, number: u64, reason: Reason, sink: &mut S) -> bool {
        self.tell(DeskStep::Cancel { number, reason }, sink);
        self.cancel_one(number, reason, sink)
    }

    fn cancel_one<S: Sink>(&mut self, number: u64, reason: Reason, sink: &mut S) -> bool {
        let Some((before, after)) = self.orders.apply(number, OrderEvent::Cancel) else { return false };
        let held = before == OrderStatus::Held;
        if held {
            self.held.retain(|n| *n != number);
        }
        let Some(order) = self.orders.get(number).copied() else { return held };
        self.activity += 1;
        sink.emit(&CancelBody {
            cause: self.seq,
            time_ns: self.now_ns,
            order: number,
            instrument: order.instrument,
            reason: reason.code(),
            held: u16::from(held),
            reserved: [0; 8],
        });
        self.emit_state(&order, before, after, reason, sink);
        held
    }

    fn emit_state<S: Sink>(
        &self,
        o: &Order,
        from: OrderStatus,
        to: OrderStatus,
        reason: Reason,
        sink: &mut S,
    ) {
        sink.emit(&OrderStateBody {
            cause: self.seq,
            time_ns: self.now_ns,
            order: o.number,
            instrument: o.instrument,
            from: from.code(),
            to: to.code(),
            reason: reason.code(),
            filled: o.filled,
            leaves: o.leaves(),
            reserved: [0; 6],
        });
    }

    /// Sends the held stops whose trigger the market reached. `low` and `high` are what a seller and a
    /// buyer could have traded at.
    #[inline]
    pub fn trigger_held<S: Sink>(&mut self, id: InstrumentId, low: Price, high: Price, sink: &mut S) {
        if !self.held.is_empty() {
            self.tell(DeskStep::Reach { id, low, high }, sink);
            self.trigger_some(id, low, high, sink);
        }
    }

    fn trigger_some<S: Sink>(&mut self, id: InstrumentId, low: Price, high: Price, sink: &mut S) {
        let mut at = 0;
        while let Some(&number) = self.held.get(at) {
            let reached = self.orders.get(number).is_some_and(|o| {
                o.instrument == id
                    && match o.side {
                        Side::Sell => low > Price::ZERO && low <= o.trigger,
                        Side::Buy => high > Price::ZERO && high >= o.trigger,
                    }
            });
            if !reached {
                at += 1;
                continue;
            }
            self.held.remove(at);
            self.activity += 1;
            let Some((before, after)) = self.orders.apply(number, OrderEvent::Send) else { continue };
            let Some(order) = self.orders.get_mut(number) else { continue };
            order.order_type = OrderType::Market;
            let trigger = order.trigger;
            let Some(body) = self.order_body(number, false) else { continue };
            sink.send(&body);
            self.count_sent(number, trigger);
            if let Some(order) = self.orders.get(number) {
                self.emit_state(order, before, after, Reason::Triggered, sink);
            }
            sink.emit(&body);
        }
    }

    /// Takes a venue's report.
    pub fn on_report<S: Sink>(&mut self, report: &ExecutionBody, sink: &mut S) -> Option<Update> {
        self.tell(DeskStep::Report(*report), sink);
        let kind = ReportKind::from_code(report.kind);
        let (Some(kind), Some(order)) = (kind, self.orders.get_mut(report.order)) else {
            self.counters.anomalies += 1;
            return None;
        };
        let mut fill = None;
        if kind == ReportKind::Fill {
            order.filled += report.qty;
            self.counters.fills += 1;
            let applied = self.portfolio.apply_fill(report, order.side);
            fill = Some((report.price, report.qty, applied));
        }
        let event = match kind {
            ReportKind::Accepted => OrderEvent::Accepted,
            ReportKind::Rejected => OrderEvent::Rejected,
            ReportKind::Fill if order.filled >= order.qty => OrderEvent::LastFill,
            ReportKind::Fill => OrderEvent::PartialFill,
            ReportKind::Cancelled => OrderEvent::Cancelled,
            ReportKind::Expired => OrderEvent::Expired,
            ReportKind::CancelRejected => OrderEvent::CancelRejected,
            ReportKind::NoAnswer => OrderEvent::NoAnswer,
            ReportKind::NotFound => OrderEvent::ProvenAbsent,
            ReportKind::Replaced => OrderEvent::Replaced,
            ReportKind::ReplaceRejected => OrderEvent::ReplaceRejected,
        };
        self.counters.rejected += u64::from(kind == ReportKind::Rejected);
        let change = self.orders.apply(report.order, event);
        let order = self.orders.get_mut(report.order)?;
        self.risk.on_changed(order);
        let order = *order;
        match change {
            // The money has moved whatever we thought of the order's state.
            None => self.counters.anomalies += 1,
            Some((before, after)) => {
                let reason = Reason::from_code(report.reason).unwrap_or(Reason::None);
                self.emit_state(&order, before, after, reason, sink);
            }
        }
        Some(Update { order, fill })
    }

    /// New prices of an instrument; checks the account's limits when they move equity.
    #[inline(always)]
    pub fn set_mark<S: Sink>(&mut self, id: InstrumentId, mark: Mark, sink: &mut S) {
        self.tell(DeskStep::Mark { id, mark }, sink);
        if self.portfolio.set_mark(id, mark) {
            self.hold_equity_against_limits(sink);
        }
    }

    /// No stop is held and strategies may act: a price does nothing but move equity.
    pub fn is_calm(&self) -> bool {
        self.held.is_empty() && self.level < 4
    }

    /// Holds the present equity against the account's limits.
    #[inline(always)]
    pub fn observe_equity<S: Sink>(&mut self, sink: &mut S) {
        self.tell(DeskStep::Observe, sink);
        self.hold_equity_against_limits(sink);
    }

    #[inline(always)]
    fn hold_equity_against_limits<S: Sink>(&mut self, sink: &mut S) {
        let Some(equity) = self.portfolio.equity() else { return };
        if let Some(breach) = self.account.observe(equity) {
            self.halt(breach, sink);
        }
    }

    #[cold]
    fn halt<S: Sink>(&mut self, breach: Breach, sink: &mut S) {
        let event = match breach {
            Breach::DailyLoss => AccountEvent::DailyLossHalt,
            Breach::Drawdown => AccountEvent::DrawdownHalt,
        };
        self.emit_account(event, Reason::Halted, sink);
        self.cancel_where(Reason::Halted, sink, |o| o.action == Action::Enter);
    }

    /// An operator's command: the stopping level, and what it says of the account.
    pub fn on_command<S: Sink>(&mut self, kind: CommandKind, sink: &mut S) {
        self.tell(DeskStep::Command(kind), sink);
        match kind {
            CommandKind::NoEntries => self.level = self.level.max(1),
            CommandKind::CancelEntries | CommandKind::Shutdown => self.level = self.level.max(2),
            CommandKind::Flatten => self.level = self.level.max(3),
            CommandKind::HardStop => self.level = 4,
            CommandKind::HaltDay => self.account.daily_halt = true,
            CommandKind::HaltDrawdown => self.account.drawdown_halt = true,
            CommandKind::Arm => {
                self.level = 0;
                let equity = self.portfolio.equity().unwrap_or(self.account.peak());
                self.account.arm(equity);
            }
            CommandKind::Degraded => self.degraded = true,
            CommandKind::Recovered => self.degraded = false,
        }
        let event = match kind {
            CommandKind::Arm => AccountEvent::Armed,
            CommandKind::Degraded => AccountEvent::Degraded,
            CommandKind::Recovered => AccountEvent::Recovered,
            CommandKind::HaltDay => AccountEvent::DailyLossHalt,
            CommandKind::HaltDrawdown => AccountEvent::DrawdownHalt,
            _ => AccountEvent::Stopped,
        };
        self.emit_account(event, reason_of(kind), sink);
        match kind {
            CommandKind::NoEntries | CommandKind::Arm | CommandKind::Degraded | CommandKind::Recovered => {}
            CommandKind::CancelEntries
            | CommandKind::Shutdown
            | CommandKind::Flatten
            | CommandKind::HaltDay
            | CommandKind::HaltDrawdown => {
                self.cancel_where(reason_of(kind), sink, |o| o.action == Action::Enter);
            }
            CommandKind::HardStop => self.cancel_where(reason_of(kind), sink, |_| true),
        }
    }

    /// Starts a new day when it is time.
    #[inline(always)]
    pub fn roll_day<S: Sink>(&mut self, sink: &mut S) {
        if self.now_ns >= self.account.next_day_ns() {
            self.start_day(sink);
        }
    }

    #[cold]
    fn start_day<S: Sink>(&mut self, sink: &mut S) {
        let portfolio = &self.portfolio;
        let start = self.account.day_start();
        if self.account.roll_day(self.now_ns, || portfolio.equity().unwrap_or(start)) {
            self.emit_account(AccountEvent::DayStart, Reason::None, sink);
        }
    }

    /// Records a change of the account.
    pub fn emit_account<S: Sink>(&self, event: AccountEvent, reason: Reason, sink: &mut S) {
        sink.emit(&AccountBody {
            cause: self.seq,
            time_ns: self.now_ns,
            event: event.code(),
            level: self.level,
            reason: reason.code(),
            instrument: u32::MAX,
            reserved: 0,
            equity: self.portfolio.equity().unwrap_or_default(),
            peak: self.account.peak(),
            day_start: self.account.day_start(),
            cash: self.portfolio.balance(self.portfolio.base_currency()),
        });
    }

    /// Cancels every working order that `which` picks.
    fn cancel_where<S: Sink>(&mut self, reason: Reason, sink: &mut S, which: impl Fn(&Order) -> bool) {
        let mut after = 0;
        // One at a time in order of number: cancelling changes the table.
        while let Some(number) = self.next_open(after, &which) {
            self.cancel_one(number, reason, sink);
            after = number;
        }
    }

    fn next_open(&self, after: u64, which: &impl Fn(&Order) -> bool) -> Option<u64> {
        let open = self.orders.open_orders().filter(|o| o.number > after && which(o));
        open.map(|o| o.number).min()
    }
}

fn reason_of(kind: CommandKind) -> Reason {
    match kind {
        CommandKind::Shutdown => Reason::RunEnded,
        CommandKind::HaltDay | CommandKind::HaltDrawdown => Reason::Halted,
        _ => Reason::Operator,
    }
}
