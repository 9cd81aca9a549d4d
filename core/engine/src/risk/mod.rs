//! Risk: one function through which every order passes.
//!
//! All checks are computed into a mask and decided by one branch; the operands go to the record. A check
//! of size cuts an entry instead of refusing it, and the order is refused only when what is left is below
//! the instrument's minimum. An order that reduces the position is never refused by a limit: it is cut to
//! what can be reduced and to the largest order, and passes.

mod amount;
pub mod checks;
mod figures;
mod notes;
mod parts;
mod rate;
mod reserve;
mod share;
mod sizing;
mod terms;

use crate::orders::table::{Order, OrderTable};
use crate::plan::{EnginePlan, RiskLimits, Sizing};
use crate::portfolio::account::Account;
use crate::portfolio::{Mark, Portfolio};
use crate::rules::ToClose;
use checks::Check;
use figures::{Figure, Pricings};
use notes::Notes;
pub use parts::VerdictPart;
use pinion_model::body::CheckOperands;
use pinion_model::instrument::{Instrument, InstrumentId};
use pinion_model::number::{Money, Price, Qty};
use pinion_model::order::{Action, OrderType, Side};
use rate::Sent;
pub use reserve::Reserved;
use serde::{Deserialize, Serialize};
pub use share::Share;
use terms::Terms;

/// Slots of the order table that entries leave to exits.
const EXIT_RESERVE: usize = 8;

/// What a strategy asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Instrument.
    pub instrument: InstrumentId,
    /// Side.
    pub side: Side,
    /// What for.
    pub action: Action,
    /// Type.
    pub order_type: OrderType,
    /// Limit price, or zero.
    pub limit: Price,
    /// Trigger price, or zero.
    pub trigger: Price,
    /// Distance from entry to stop, or zero.
    pub stop_distance: Price,
    /// How an entry is sized.
    pub sizing: Sizing,
    /// Quantity of an exit.
    pub qty: Qty,
    /// Quantity of the strategy's position that other exits do not claim.
    pub reducible: Qty,
    /// What an entry has left of the session; `None` around the clock.
    pub to_close: Option<ToClose>,
}

/// What the checks look at besides the request.
pub struct Context<'a> {
    /// Positions, balances and marks.
    pub portfolio: &'a Portfolio,
    /// Orders.
    pub orders: &'a OrderTable,
    /// Halts.
    pub account: &'a Account,
    /// Stopping level, 0 to 4.
    pub level: u8,
    /// Engine time, ns.
    pub now_ns: i64,
}

/// What became of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Instrument.
    pub instrument: InstrumentId,
    /// Bit per failed check; the order passes when it is zero.
    pub failed: u32,
    /// Bit per check that changed the order.
    pub adjusted: u32,
    /// The check that bound the size.
    pub binding: Option<Check>,
    /// Quantity that passes.
    pub qty: Qty,
    /// Price that the checks used.
    pub price: Price,
    /// Limit price, moved into the collar where that was needed.
    pub limit: Price,
    /// The order only reduces.
    pub reducing: bool,
    /// Equity that the checks used.
    pub equity: Money,
    /// Gross exposure with working entries that the checks used.
    pub exposure: Money,
    /// Operands of the checks that were made, and what their amounts buy.
    operands: Notes,
    pricings: Pricings,
}

impl Verdict {
    /// The order may leave.
    pub fn passed(&self) -> bool {
        self.failed == 0
    }

    /// Operands of the checks that were made, for records.
    pub fn operands(&self) -> impl Iterator<Item = CheckOperands> {
        self.operands.iter().map(|operands| self.pricings.write(&operands, self.instrument, self.equity))
    }

    #[inline(always)]
    fn note(&mut self, check: Check, outcome: u16, measured: i128, limit: i128) {
        self.note_figures(check, outcome, Figure::of(measured), Figure::of(limit));
    }

    #[inline(always)]
    fn note_figures(&mut self, check: Check, outcome: u16, measured: Figure, limit: Figure) {
        // Without branches: the outcome is no news that a processor could have foreseen.
        self.failed |= u32::from(outcome == 1) << check as u32;
        self.adjusted |= u32::from(outcome == 2) << check as u32;
        self.operands.push(check, outcome, measured, limit);
    }

    /// A limit without room at all refuses by itself.
    #[inline(always)]
    fn refuse_without(&mut self, check: Check, is_room: bool) {
        self.failed |= u32::from(!is_room) << check as u32;
    }

    /// What [`Verdict::back_to`] comes back to.
    #[inline(always)]
    fn so_far(&self) -> SoFar {
        SoFar { failed: self.failed, adjusted: self.adjusted, operands: self.operands.len() }
    }

    /// Forgets what was noted since.
    fn back_to(&mut self, before: SoFar) {
        (self.failed, self.adjusted) = (before.failed, before.adjusted);
        self.operands.truncate(before.operands);
        self.pricings = Pricings::default();
    }

    /// Notes a check that refuses when `bad`.
    #[inline(always)]
    fn refuse_if(&mut self, bad: bool, check: Check, measured: i128, limit: i128) {
        self.note(check, u16::from(bad), measured, limit);
    }
}

/// How far a verdict is before an entry is sized.
struct SoFar {
    failed: u32,
    adjusted: u32,
    operands: usize,
}

/// The last entry on an instrument, for the duplicate check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct LastEntry {
    time_ns: i64,
    side: Side,
    qty: Qty,
    limit: Price,
}

/// The risk desk's own state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// The limits of this engine: those of the account, the absolute ones cut to the engine's share.
    limits: RiskLimits,
    account: share::Absolute,
    share: Share,
    groups: Vec<u16>,
    /// By instrument: its limits in its own units.
    terms: Vec<Terms>,
    /// Times of the last `order_rate` orders.
    sent: Sent,
    last_entries: Vec<Option<LastEntry>>,
    /// What working entries reserve.
    pub reserved: Reserved,
}

impl Risk {
    /// A desk that has sent nothing.
    pub fn new(plan: &EnginePlan) -> Risk {
        let reserved = Reserved::new(plan);
        Risk {
            limits: plan.risk.clone(),
            account: share::Absolute::of(&plan.risk),
            share: Share::WHOLE,
            groups: plan.groups.clone(),
            terms: (0..plan.instruments.len()).map(|id| Terms::new(plan, id, &reserved)).collect(),
            sent: Sent::new(plan.risk.order_rate.unwrap_or(0) as usize),
            last_entries: vec![None; plan.instruments.len()],
            reserved,
        }
    }

    /// Every check on one request, into an empty verdict (which is large, and therefore not returned).
    pub fn check(&self, request: &Request, cx: &Context<'_>, verdict: &mut Verdict) {
        let instrument = cx.portfolio.instrument(request.instrument);
        let mark = cx.portfolio.mark(request.instrument);
        let price = match request.order_type {
            OrderType::Limit => request.limit,
            OrderType::Stop => request.trigger,
            OrderType::Market => mark.paying(request.side),
        };
        verdict.instrument = request.instrument;
        (verdict.price, verdict.limit) = (price, request.limit);
        verdict.equity = cx.portfolio.equity().unwrap_or_default();
        if request.action == Action::Enter {
            self.check_entry(request, cx, instrument, verdict);
        } else {
            self.check_reducing(request, cx, instrument, verdict);
        }
    }

    fn check_entry(&self, request: &Request, cx: &Context<'_>, instrument: &Instrument, v: &mut Verdict) {
        let id = request.instrument;
        v.refuse_if(cx.level > 0, Check::KillSwitch, cx.level.into(), 0);
        let (daily_floor, drawdown_floor) = cx.account.floors();
        if self.limits.max_drawdown.is_some() || cx.account.drawdown_halt {
            v.refuse_if(cx.account.drawdown_halt, Check::Drawdown, v.equity.0, drawdown_floor.0);
        }
        if self.limits.max_daily_loss.is_some() || cx.account.daily_halt {
            v.refuse_if(cx.account.daily_halt, Check::DailyLoss, v.equity.0, daily_floor.0);
        }
        if let Some(contract) = &instrument.contract {
            let (now, expiry) = (cx.now_ns.into(), contract.expiry_ns.into());
            v.refuse_if(now >= expiry, Check::Expired, now, expiry);
        }
        if let Some(ToClose { left_ns, more_than_ns }) = request.to_close {
            v.refuse_if(left_ns <= more_than_ns, Check::Session, left_ns.into(), more_than_ns.into());
        }
        let mark = cx.portfolio.mark(id);
        let lost = mark.is_known() && mark.time_ns == Mark::LOST;
        if lost || self.limits.stale_after_ns.is_some() {
            let age_ns = cx.now_ns.saturating_sub(mark.time_ns);
            let limit_ns = self.limits.stale_after_ns.unwrap_or(i64::MAX);
            v.refuse_if(lost || age_ns > limit_ns, Check::StaleData, age_ns.into(), limit_ns.into());
        }
        if request.side == Side::Sell && !instrument.kind.can_be_short() {
            v.refuse_if(true, Check::ShortSale, 1, 0);
        }
        if self.limits.stop_loss_required {
            let distance = request.stop_distance.0.into();
            v.refuse_if(request.stop_distance <= Price::ZERO, Check::StopRequired, distance, 1);
        }
        let (open, places) = (cx.orders.open_count() as i128, cx.orders.capacity() as i128);
        v.refuse_if(cx.orders.is_full(EXIT_RESERVE), Check::Capacity, open, places - EXIT_RESERVE as i128);
        self.check_rate(cx.now_ns, v);
        if v.price <= Price::ZERO || !mark.is_known() || cx.portfolio.equity().is_none() {
            v.refuse_if(true, Check::MissingMark, v.price.0.into(), 1);
            return;
        }
        self.check_collar(request, cx, v);
        self.size_entry(request, cx, instrument, v);
        self.check_duplicate(request, cx.now_ns, v);
    }

    fn check_rate(&self, now_ns: i64, v: &mut Verdict) {
        if let Some(limit) = self.limits.order_rate {
            let recent = self.recent_orders(now_ns);
            v.refuse_if(recent >= limit as usize, Check::OrderRate, recent as i128, limit.into());
        }
    }

    /// Orders within the window of the rate, as far as the account's limit reaches.
    fn recent_orders(&self, now_ns: i64) -> usize {
        self.sent.after(now_ns.saturating_sub(self.limits.order_rate_window_ns))
    }

    fn check_duplicate(&self, request: &Request, now_ns: i64, v: &mut Verdict) {
        let Some(window_ns) = self.limits.duplicate_window_ns else { return };
        let Some(last) = self.last_entries[request.instrument.index()] else { return };
        let age_ns = now_ns.saturating_sub(last.time_ns);
        let same = last.side == request.side && last.qty == v.qty && last.limit == request.limit;
        v.refuse_if(same && age_ns < window_ns, Check::Duplicate, age_ns.into(), window_ns.into());
    }

    /// Refuses an entry outside the collar.
    fn check_collar(&self, request: &Request, cx: &Context<'_>, v: &mut Verdict) {
        let Some((low, high, middle, room)) = self.collar(request.instrument, cx) else { return };
        let distance = (v.price - middle).abs();
        v.refuse_if(v.price < low || v.price > high, Check::PriceCollar, distance.0.into(), room.0.into());
    }

    /// Lowest and highest price inside the collar, its middle and half its width.
    fn collar(&self, id: InstrumentId, cx: &Context<'_>) -> Option<(Price, Price, Price, Price)> {
        let mark = cx.portfolio.mark(id);
        let collar = self.limits.price_collar.filter(|_| mark.is_known())?;
        let middle = Price(i64::midpoint(mark.bid.0, mark.ask.0));
        let room = middle.mul_floor(collar);
        Some((middle - room, middle + room, middle, room))
    }

    /// A reducing order is cut and repriced, never refused by a limit.
    fn check_reducing(&self, request: &Request, cx: &Context<'_>, instrument: &Instrument, v: &mut Verdict) {
        v.reducing = true;
        let exposure = cx.portfolio.exposure().zip(self.reserved_base(cx));
        v.exposure = exposure.map_or(Money::ZERO, |((gross, _), reserved)| gross + reserved);
        let mut qty = request.qty.min(request.reducible);
        let largest = self.terms[request.instrument.index()].largest_order(instrument, v.price);
        if qty > largest {
            v.note(Check::OrderQty, 2, qty.0.into(), largest.0.into());
            qty = largest;
        }
        v.qty = instrument.lot_floor(qty);
        let outcome = match v.qty {
            nothing if nothing <= Qty::ZERO => 1,
            _ => 2 * u16::from(request.qty > request.reducible),
        };
        v.note(Check::Reducible, outcome, request.qty.0.into(), request.reducible.0.into());
        if request.order_type == OrderType::Limit
            && let Some((low, high, middle, room)) = self.collar(request.instrument, cx)
            && (v.limit < low || v.limit > high)
        {
            v.note(Check::PriceCollar, 2, (v.limit - middle).abs().0.into(), room.0.into());
            v.limit = match request.side {
                Side::Buy => instrument.tick_floor(v.limit.min(high), cx.now_ns),
                Side::Sell => instrument.tick_ceil(v.limit.max(low), cx.now_ns),
            };
        }
    }

    /// An order left: count it and reserve what it may cost.
    pub fn on_sent(&mut self, order: &mut Order, price: Price, now_ns: i64, portfolio: &Portfolio) {
        self.sent.push(now_ns, now_ns.saturating_sub(self.limits.order_rate_window_ns));
        if order.action == Action::Enter {
            let last = LastEntry { time_ns: now_ns, side: order.side, qty: order.qty, limit: order.limit };
            self.last_entries[order.instrument.index()] = Some(last);
            self.reserved.set(order, portfolio.instrument(order.instrument).notional(price, order.qty));
        }
    }

    /// An order's open quantity changed: settle its reservation.
    pub fn on_changed(&mut self, order: &mut Order) {
        if order.reserved.is_zero() {
            return;
        }
        let leaves = order.leaves();
        let left = if leaves.is_zero() {
            Money::ZERO
        } else {
            // In proportion to what is open, towards the larger reservation.
            Money(-pinion_model::number::mul_div_floor(
                -order.reserved.0,
                leaves.0.into(),
                (leaves + order.filled).0.max(1).into(),
            ))
        };
        self.reserved.set(order, left);
    }
}
