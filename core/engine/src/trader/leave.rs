//! From an exit signal to an order that closes, and again until the position is closed.

use super::*;

impl Trader {
    /// An exit rule fired.
    pub(super) fn leave<S: Sink>(
        &mut self,
        rule: usize,
        signal: ExitSignal,
        series: &[Series],
        desk: &mut Desk,
        sink: &mut S,
    ) {
        if self.closing.is_some() {
            return;
        }
        match signal.share {
            None => {
                let rule = (self.entries.len() + rule) as u16;
                self.closing = Some(Closing { reason: signal.reason, rule, retry_ns: i64::MIN });
            }
            Some(share) => self.exit_part(rule, signal.reason, share, series, desk, sink),
        }
    }

    pub(super) fn exit_part<S: Sink>(
        &mut self,
        rule: usize,
        reason: Reason,
        share: Ratio,
        series: &[Series],
        desk: &mut Desk,
        sink: &mut S,
    ) {
        let Some(holding) = self.holding else { return };
        let part = desk.portfolio.instrument(self.instrument).lot_floor(holding.opened_qty.mul_floor(share));
        if part <= Qty::ZERO {
            self.exits[rule].rule.part_sent();
        } else if self.exit.is_none() {
            let place = (self.entries.len() + rule) as u16;
            self.exit = self.send_exit(part, reason, place, series, desk, sink);
            if self.exit.is_some() {
                self.exits[rule].rule.part_sent();
                self.part = Some(rule);
            }
        }
    }

    /// Sends what is left of a decided exit, unless it is on its way or was refused a moment ago.
    pub fn pursue_close<S: Sink>(&mut self, series: &[Series], desk: &mut Desk, sink: &mut S) {
        let Some(closing) = self.closing else { return };
        if let Some(number) = self.entry {
            desk.cancel(number, closing.reason, sink);
        }
        if self.exit.is_some() || desk.now_ns < closing.retry_ns || self.position.qty.is_zero() {
            return;
        }
        self.drop_protection(Reason::Replaced, desk, sink);
        let qty = self.position.qty.abs();
        self.closing = Some(Closing { retry_ns: desk.now_ns.saturating_add(EXIT_RETRY_NS), ..closing });
        self.exit = self.send_exit(qty, closing.reason, closing.rule, series, desk, sink);
    }

    pub(super) fn send_exit<S: Sink>(
        &mut self,
        qty: Qty,
        reason: Reason,
        rule: u16,
        series: &[Series],
        desk: &mut Desk,
        sink: &mut S,
    ) -> Option<u64> {
        let at = &series[self.series];
        let origin = Origin { strategy: self.strategy, rule, reason, reference: at.last.close };
        let request = self.reducing(OrderType::Market, Action::Exit, qty);
        let exit = self.exits.get(usize::from(rule) - self.entries.len());
        let seen = self.holding.as_ref().zip(exit);
        let votes = matches!(self.combine_exits, Combine::Vote { .. }) && self.exits.len() > 1;
        let (voters, sum) = self.exit_votes;
        let explain = |desk: &Desk, note: &mut Noted| {
            if let Some((holding, exit)) = seen {
                if votes {
                    note.votes(voters, sum);
                }
                exit.rule.explain(holding, &series[exit.series].view(desk.now_ns), note);
            }
        };
        desk.submit(&request, origin, TimeInForce::Gtc, false, explain, sink)
    }

    /// A request that closes `qty` of the position.
    pub(super) fn reducing(&self, order_type: OrderType, action: Action, qty: Qty) -> Request {
        Request {
            instrument: self.instrument,
            side: if self.position.qty > Qty::ZERO { Side::Sell } else { Side::Buy },
            action,
            order_type,
            limit: Price::ZERO,
            trigger: Price::ZERO,
            stop_distance: Price::ZERO,
            sizing: self.sizing,
            qty,
            reducible: self.position.qty.abs(),
            to_close: None,
        }
    }

    /// Closes the position, whatever the rules say.
    pub fn flatten<S: Sink>(&mut self, reason: Reason, series: &[Series], desk: &mut Desk, sink: &mut S) {
        if self.holding.is_some() && self.closing.is_none() {
            self.closing = Some(Closing { reason, rule: self.entries.len() as u16, retry_ns: i64::MIN });
        }
        self.pursue_close(series, desk, sink);
    }
}
