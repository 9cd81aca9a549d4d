//! Working orders: cancels, and stops that the engine holds until the market reaches them.

use super::*;

impl Desk {
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

    /// Cancels every working order that `which` picks.
    pub(super) fn cancel_where<S: Sink>(
        &mut self,
        reason: Reason,
        sink: &mut S,
        which: impl Fn(&Order) -> bool,
    ) {
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
