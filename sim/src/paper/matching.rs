//! Fills against quotes, books and trades.

use super::{Live, PaperVenue};
use crate::market::is_at_or_better;
use crate::pricing;
use pinion_model::event::Level;
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Price, Qty, Ratio};
use pinion_model::order::*;

/// What became of an order that took from the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// Nothing is left of it, or it ended.
    All,
    /// A part; the rest tries again.
    Part,
    /// All that it could reach; the rest is still open.
    Visible,
}

impl PaperVenue {
    /// Tries every resting order of an instrument against the touch.
    pub(super) fn match_resting(&mut self, id: InstrumentId, now_ns: i64) {
        let mut at = 0;
        while let Some(order) = self.state.resting.get(at).copied() {
            let mut order = order;
            if order.instrument == id && self.try_fill(&mut order, now_ns) {
                self.state.resting.remove(at);
                continue;
            }
            self.state.resting[at] = order;
            at += 1;
        }
    }

    /// Tries an order against the touch; true when nothing is left of it.
    pub(super) fn try_fill(&mut self, order: &mut Live, now_ns: i64) -> bool {
        let touch = self.state.touches[order.instrument.index()];
        let (opposite, size) = touch.opposite(order.side);
        if opposite <= Price::ZERO {
            return false;
        }
        match order.order_type {
            OrderType::Stop => {
                // A sell stop is reached when the bid is at or below it, a buy stop when the offer is at or above.
                let seen = touch.own(order.side.opposite()).0;
                if seen <= Price::ZERO || !is_at_or_better(order.side.opposite(), seen, order.trigger) {
                    return false;
                }
                order.order_type = OrderType::Market;
                self.try_fill(order, now_ns)
            }
            OrderType::Market => {
                let taken = self.take(order, opposite, size, now_ns);
                if taken == Taken::Visible {
                    self.report(order, ReportKind::Expired, Reason::NoMarket, now_ns);
                }
                taken != Taken::Part
            }
            OrderType::Limit => {
                if is_at_or_better(order.side, opposite, order.limit) {
                    if order.ahead.is_none() {
                        // It crosses on arrival; what the book cannot give rests first in line.
                        let taken = self.take(order, opposite, size, now_ns);
                        order.ahead = (taken == Taken::Visible).then_some(Qty::ZERO);
                        return taken == Taken::All;
                    }
                    // The market came through it while it rested.
                    let (limit, whole) = (order.limit, order.leaves);
                    return self.fill(order, limit, whole, Liquidity::Maker, now_ns);
                }
                if order.ahead.is_none() {
                    let (own, standing) = touch.own(order.side);
                    let joins = own == order.limit;
                    order.ahead = Some(if joins { standing } else { Qty::ZERO });
                }
                false
            }
        }
    }

    /// Takes what stands in the market, from the touch (`best`, `size`) on: all of it there where nothing is
    /// known behind it, else level by level, and never beyond a limit.
    fn take(&mut self, order: &mut Live, best: Price, size: Qty, now_ns: i64) -> Taken {
        let (index, side, limit) = (order.instrument.index(), order.side, order.limit);
        let limited = order.order_type == OrderType::Limit;
        let is_deep = !self.state.ladders[index].is_empty();
        let mut level = Level { price: best, qty: size };
        loop {
            let known = is_deep && level.qty > Qty::ZERO;
            let part = if known { order.leaves.min(level.qty) } else { order.leaves };
            let mut price = self.slip(order.instrument, side, level, part);
            if limited && !is_at_or_better(side, price, limit) {
                price = limit;
            }
            let before = order.leaves;
            if self.fill(order, price, part, Liquidity::Taker, now_ns) {
                return Taken::All;
            }
            if before - order.leaves < part {
                return Taken::Part;
            }
            match self.state.ladders[index].beyond(side, level.price) {
                Some(next) if !limited || is_at_or_better(side, next.price, limit) => level = next,
                _ => return Taken::Visible,
            }
        }
    }

    /// A trade happened: limits beyond it fill, limits at it once what stood ahead has traded.
    pub(super) fn trade_through(&mut self, id: InstrumentId, price: Price, qty: Qty, now_ns: i64) {
        let mut at = 0;
        while let Some(order) = self.state.resting.get(at).copied() {
            let mut order = order;
            let limit =
                order.order_type == OrderType::Limit && order.instrument == id && order.ahead.is_some();
            let mut fills = Qty::ZERO;
            if limit && price != order.limit && is_at_or_better(order.side, price, order.limit) {
                fills = order.leaves;
            } else if limit && price == order.limit {
                let ahead = order.ahead.unwrap_or_default();
                fills = (qty - ahead).max(Qty::ZERO).min(order.leaves);
                order.ahead = Some((ahead - qty).max(Qty::ZERO));
            }
            let limit_price = order.limit;
            if fills > Qty::ZERO && self.fill(&mut order, limit_price, fills, Liquidity::Maker, now_ns) {
                self.state.resting.remove(at);
                continue;
            }
            self.state.resting[at] = order;
            at += 1;
        }
    }

    /// What `qty` costs that is taken from a level.
    pub(super) fn slip(&self, id: InstrumentId, side: Side, level: Level, qty: Qty) -> Price {
        if self.paper.basic {
            return level.price;
        }
        let instrument = &self.plan.instruments[id.index()];
        let scale = self.plan.currencies[instrument.settle.index()].scale;
        pricing::slipped(&self.paper, instrument, scale, side, level.price, level.qty, qty)
    }

    /// Fills up to `qty` of an order; true when nothing is left of it.
    pub(super) fn fill(
        &mut self,
        order: &mut Live,
        price: Price,
        qty: Qty,
        liquidity: Liquidity,
        now_ns: i64,
    ) -> bool {
        let mut qty = qty;
        if order.reduce_only {
            let left = self.reducible(order);
            if left <= Qty::ZERO {
                self.report(order, ReportKind::Expired, Reason::PositionClosed, now_ns);
                return true;
            }
            qty = qty.min(left);
        }
        let lot = self.plan.instruments[order.instrument.index()].lot;
        if order.partial && qty == order.leaves {
            order.partial = false;
            let share = Ratio(self.state.random.between(Ratio::SCALE / 10, Ratio::SCALE * 9 / 10));
            let part = Qty(qty.mul_floor(share).0 / lot * lot);
            qty = if part > Qty::ZERO { part } else { qty };
        }
        order.leaves -= qty;
        order.filled += qty;
        let (instrument, side) = (order.instrument.index(), order.side);
        self.state.positions[instrument] += Qty(side.sign() * qty.0);
        // A fee in the base asset comes out of what was bought.
        self.state.positions[instrument] -=
            pricing::fee_in_kind(&self.plan, instrument, side, qty, liquidity);
        let exec_id = self.state.next_exec_id;
        self.state.next_exec_id += 1;
        self.push(order, ReportKind::Fill, Reason::None, now_ns, price, qty, liquidity, exec_id);
        let spent = order.reduce_only && self.reducible(order) <= Qty::ZERO;
        if spent && order.leaves > Qty::ZERO {
            self.report(order, ReportKind::Expired, Reason::PositionClosed, now_ns);
        }
        order.leaves.is_zero() || spent
    }
}
