//! What reports do to the strategy's own position, and when a trade is done.

use super::*;

impl Trader {
    /// One of the strategy's orders changed.
    pub fn on_update<S: Sink>(&mut self, update: &Update, series: &[Series], desk: &mut Desk, sink: &mut S) {
        let order = &update.order;
        if let Some((price, qty, applied)) = &update.fill {
            self.on_fill(order, *price, *qty, applied, series, desk, sink);
        }
        if order.status.is_final() {
            if self.exit == Some(order.number)
                && let Some(rule) = self.part.take()
                && order.filled.is_zero()
            {
                self.exits[rule].rule.part_failed();
            }
            for slot in [&mut self.entry, &mut self.exit] {
                slot.take_if(|number| *number == order.number);
            }
            for slot in [&mut self.stop, &mut self.target] {
                slot.take_if(|resting| resting.order == order.number);
            }
        }
        if self.closing.is_some() && update.fill.is_some() {
            // A slice of an exit is done: the next one need not wait.
            if let Some(closing) = &mut self.closing {
                closing.retry_ns = i64::MIN;
            }
            self.pursue_close(series, desk, sink);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one fill")]
    pub(super) fn on_fill<S: Sink>(
        &mut self,
        order: &Order,
        price: Price,
        qty: Qty,
        applied: &Applied,
        series: &[Series],
        desk: &mut Desk,
        sink: &mut S,
    ) {
        let instrument = desk.portfolio.instrument(self.instrument);
        let mut realised = self.position.trade(instrument, order.side, price, qty);
        if applied.paid_in_kind > Qty::ZERO {
            realised += self.position.pay_in_kind(instrument, price, applied.paid_in_kind);
        }
        let fee = applied.fee_settled;
        self.trade_net += realised - fee;
        let tradable = instrument.lot_floor(self.position.qty.abs());
        let flat = tradable < instrument.min_qty || tradable.is_zero();
        let net = self.trade_net;
        sink.emit(&PositionBody {
            cause: desk.seq,
            time_ns: desk.now_ns,
            instrument: self.instrument,
            strategy: self.strategy,
            closed: u16::from(flat),
            qty: self.position.qty,
            order: order.number,
            trade_net: if flat { i64::try_from(net.0).unwrap_or(i64::MAX) } else { 0 },
            cost: self.position.cost,
            realised,
            fee,
        });
        if flat {
            self.finish_trade(desk, sink);
        } else if order.action == Action::Enter {
            self.grow(order.side, price, series, desk, sink);
        }
    }

    /// The position was opened or enlarged.
    pub(super) fn grow<S: Sink>(
        &mut self,
        side: Side,
        price: Price,
        series: &[Series],
        desk: &mut Desk,
        sink: &mut S,
    ) {
        let instrument = desk.portfolio.instrument(self.instrument);
        let qty = self.position.qty.abs();
        // Average cost in price units with 32 fractional bits; cost is below 2^95 for any sane account.
        let unit = i128::from(self.position.qty.0) * i128::from(instrument.factor);
        let entry = Fx::from_bits((self.position.cost.0 << 32) / unit);
        match &mut self.holding {
            Some(holding) => {
                holding.entry = entry;
                holding.opened_qty = holding.opened_qty.max(qty);
                let holding = *holding;
                self.exits.iter_mut().for_each(|e| e.rule.reprice(&holding));
            }
            None => {
                let holding = Holding { side, entry, opened_ns: desk.now_ns, bars_held: 0, opened_qty: qty };
                self.holding = Some(holding);
                self.since_fill = series[self.series].is_made_from_ticks().then_some((price, price));
                self.exits.iter_mut().for_each(|e| e.rule.open(&holding));
            }
        }
        if self.rests {
            self.protect(series, desk, sink);
        }
    }

    pub(super) fn finish_trade<S: Sink>(&mut self, desk: &mut Desk, sink: &mut S) {
        let net = self.trade_net;
        self.stats.trades += 1;
        match net.0.signum() {
            1 => {
                self.stats.wins += 1;
                self.stats.gross_profit += net;
            }
            -1 => {
                self.stats.losses += 1;
                self.stats.gross_loss -= net;
            }
            _ => {}
        }
        self.stats.dust += u64::from(!self.position.qty.is_zero());
        self.trade_net = Money::ZERO;
        (self.holding, self.since_fill, self.closing, self.part) = (None, None, None, None);
        self.exits.iter_mut().for_each(|e| e.rule.clear());
        self.drop_protection(Reason::PositionClosed, desk, sink);
    }
}
