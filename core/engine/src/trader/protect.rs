//! Resting stops and targets, where the rules want them.

use super::*;

impl Trader {
    /// Moves the resting stop and target to where the rules want them.
    pub(super) fn protect<S: Sink>(&mut self, series: &[Series], desk: &mut Desk, sink: &mut S) {
        let Some(holding) = self.holding else { return };
        let mut stop: Option<(Fx, usize)> = None;
        let mut target: Option<(Fx, usize)> = None;
        for (at, exit) in self.exits.iter().enumerate() {
            let (s, t) = exit.rule.levels();
            // The stop that is reached first, and the target that is reached first.
            stop = s.map(|s| stop.filter(|(old, _)| *old >= s).unwrap_or((s, at))).or(stop);
            target = t.map(|t| target.filter(|(old, _)| *old <= t).unwrap_or((t, at))).or(target);
        }
        let side = holding.side;
        let unoriented = |level: Fx| if side == Side::Buy { price_floor(level) } else { price_ceil(-level) };
        let instrument = desk.portfolio.instrument(self.instrument);
        let (now_ns, long) = (desk.now_ns, side == Side::Buy);
        let on_tick = |price: Price, up: bool| {
            if up { instrument.tick_ceil(price, now_ns) } else { instrument.tick_floor(price, now_ns) }
        };
        let stop = stop.map(|(level, at)| (on_tick(unoriented(level), !long), at));
        let target = target.map(|(level, at)| (on_tick(unoriented(level), long), at));
        if let Some((level, at)) = stop {
            self.rest_stop(level, at, series, desk, sink);
        }
        if let Some((level, at)) = target {
            self.rest_target(level, at, series, desk, sink);
        }
    }

    pub(super) fn rest_stop<S: Sink>(
        &mut self,
        level: Price,
        rule: usize,
        series: &[Series],
        desk: &mut Desk,
        sink: &mut S,
    ) {
        if self.stop.is_some_and(|s| s.level == level && self.covers(s, desk)) {
            return;
        }
        if let Some(old) = self.stop.take() {
            desk.cancel(old.order, Reason::Replaced, sink);
        }
        let reason = self.exits[rule].rule.stop_reason();
        let request = Request {
            trigger: level,
            ..self.reducing(OrderType::Stop, Action::Protect, self.position.qty.abs())
        };
        let hold = self.protection == Protection::Engine;
        let rule = (self.entries.len() + rule) as u16;
        self.stop =
            self.rest(request, reason, rule, hold, series, desk, sink).map(|order| Resting { order, level });
    }

    pub(super) fn rest_target<S: Sink>(
        &mut self,
        level: Price,
        rule: usize,
        series: &[Series],
        desk: &mut Desk,
        sink: &mut S,
    ) {
        if self.target.is_some_and(|t| t.level == level && self.covers(t, desk)) {
            return;
        }
        if let Some(old) = self.target.take() {
            desk.cancel(old.order, Reason::Replaced, sink);
        }
        let request = Request {
            limit: level,
            ..self.reducing(OrderType::Limit, Action::Protect, self.position.qty.abs())
        };
        let rule = (self.entries.len() + rule) as u16;
        let order = self.rest(request, Reason::TakeProfit, rule, false, series, desk, sink);
        self.target = order.map(|order| Resting { order, level });
    }

    #[allow(clippy::too_many_arguments, reason = "one call site each for stop and target, all of it needed")]
    pub(super) fn rest<S: Sink>(
        &mut self,
        request: Request,
        reason: Reason,
        rule: u16,
        hold: bool,
        series: &[Series],
        desk: &mut Desk,
        sink: &mut S,
    ) -> Option<u64> {
        let at = &series[self.series];
        let origin = Origin { strategy: self.strategy, rule, reason, reference: at.last.close };
        let seen = self.holding.as_ref().zip(self.exits.get(usize::from(rule) - self.entries.len()));
        let explain = |desk: &Desk, note: &mut Noted| {
            if let Some((holding, exit)) = seen {
                exit.rule.explain(holding, &series[exit.series].view(desk.now_ns), note);
            }
        };
        desk.submit(&request, origin, TimeInForce::Gtc, hold, explain, sink)
    }

    /// The resting order still stands for the whole position.
    pub(super) fn covers(&self, resting: Resting, desk: &Desk) -> bool {
        desk.orders.get(resting.order).is_some_and(|o| {
            let lots = desk.portfolio.instrument(self.instrument).lot_floor(self.position.qty.abs());
            o.leaves() == lots
        })
    }

    pub(super) fn drop_protection<S: Sink>(&mut self, reason: Reason, desk: &mut Desk, sink: &mut S) {
        for resting in [self.stop.take(), self.target.take()].into_iter().flatten() {
            desk.cancel(resting.order, reason, sink);
        }
    }
}
