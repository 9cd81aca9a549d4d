//! Fills on bars: market orders at the open, then stops, then limits.

use super::{Live, PaperVenue};
use crate::market::Touch;
use pinion_model::event::{Bar, Level};
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Price, Qty};
use pinion_model::order::{Liquidity, OrderType, Side};

impl PaperVenue {
    /// A bar: its open meets the market orders, its range the resting ones. Only what was sent before the
    /// bar began takes part.
    #[inline]
    pub fn on_bar(&mut self, id: InstrumentId, bar: &Bar) {
        self.state.on_bars = true;
        self.state.touches[id.index()] = Touch { bid: bar.open, ask: bar.open, ..Touch::default() };
        if !self.state.resting.is_empty() {
            self.match_bar(id, bar);
        }
    }

    /// Lets orders arrive that were sent up to the beginning of a bar.
    #[inline]
    pub fn before_bar(&mut self, open_ns: i64) {
        if self.state.next_ns <= open_ns {
            self.arrive_until(open_ns);
        }
    }

    fn arrive_until(&mut self, open_ns: i64) {
        while self.state.inbound.front().is_some_and(|(ns, _)| *ns <= open_ns) {
            if let Some((at_ns, message)) = self.state.inbound.pop_front() {
                self.arrive(message, at_ns);
            }
        }
        self.note_next();
    }

    fn match_bar(&mut self, id: InstrumentId, bar: &Bar) {
        // Market orders first, then stops, then limits: the stop is tested before the target.
        for kind in [OrderType::Market, OrderType::Stop, OrderType::Limit] {
            let mut at = 0;
            while let Some(order) = self.state.resting.get(at).copied() {
                let price = if order.instrument == id && order.order_type == kind {
                    bar_price(&order, bar)
                } else {
                    None
                };
                let Some(mut price) = price else {
                    at += 1;
                    continue;
                };
                self.state.resting.remove(at);
                let mut order = order;
                if kind != OrderType::Limit {
                    let open = Level { price, qty: Qty::ZERO };
                    price = self.slip(id, order.side, open, order.leaves);
                }
                let liquidity = if kind == OrderType::Limit { Liquidity::Maker } else { Liquidity::Taker };
                let whole = order.leaves;
                if !self.fill(&mut order, price, whole, liquidity, bar.open_ns) {
                    self.state.resting.insert(at, order);
                    at += 1;
                }
            }
        }
    }
}

/// Where an order fills within a bar, or `None`.
fn bar_price(order: &Live, bar: &Bar) -> Option<Price> {
    let reached = |price: Price| bar.low <= price && price <= bar.high;
    match (order.order_type, order.side) {
        (OrderType::Market, _) => Some(bar.open),
        // The worse of trigger and open.
        (OrderType::Stop, Side::Sell) => (bar.low <= order.trigger).then(|| order.trigger.min(bar.open)),
        (OrderType::Stop, Side::Buy) => (bar.high >= order.trigger).then(|| order.trigger.max(bar.open)),
        // The better of limit and open; a touch alone does not fill, the bar must trade through.
        (OrderType::Limit, Side::Buy) if bar.open <= order.limit => Some(bar.open),
        (OrderType::Limit, Side::Sell) if bar.open >= order.limit => Some(bar.open),
        (OrderType::Limit, Side::Buy) => {
            (bar.low < order.limit && reached(order.limit)).then_some(order.limit)
        }
        (OrderType::Limit, Side::Sell) => {
            (bar.high > order.limit && reached(order.limit)).then_some(order.limit)
        }
    }
}
