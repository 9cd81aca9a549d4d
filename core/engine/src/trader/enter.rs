//! From an entry signal to its order.

use super::*;

impl Trader {
    pub(super) fn enter<S: Sink>(
        &mut self,
        side: Side,
        rule: usize,
        series: &[Series],
        desk: &mut Desk,
        sink: &mut S,
    ) {
        let mut nearest: Option<Fx> = None;
        for exit in &mut self.exits {
            match exit.rule.arm(&series[exit.series].view(desk.now_ns)) {
                // An exit that cannot work yet would leave the position without it.
                Arming::NotReady => return,
                Arming::NoStop => {}
                Arming::Stop(distance) => nearest = Some(nearest.map_or(distance, |n| n.min(distance))),
            }
        }
        self.exits.iter_mut().for_each(|exit| exit.rule.note_risk(nearest));
        let reference = series[self.series].last.close;
        let instrument = desk.portfolio.instrument(self.instrument);
        let (order_type, limit) = match self.entry_order {
            EntryOrder::Market => (OrderType::Market, Price::ZERO),
            EntryOrder::Limit { offset, .. } => {
                let away = reference.mul_floor(offset);
                let limit = match side {
                    Side::Buy => instrument.tick_floor(reference - away, desk.now_ns),
                    Side::Sell => instrument.tick_ceil(reference + away, desk.now_ns),
                };
                (OrderType::Limit, limit)
            }
        };
        let request = Request {
            instrument: self.instrument,
            side,
            action: Action::Enter,
            order_type,
            limit,
            trigger: Price::ZERO,
            stop_distance: nearest.map_or(Price::ZERO, price_ceil),
            sizing: self.sizing,
            qty: Qty::ZERO,
            reducible: Qty::ZERO,
            to_close: series[self.series].view(desk.now_ns).to_close(self.leaves_at_close),
        };
        let origin = Origin { strategy: self.strategy, rule: rule as u16, reason: Reason::Entry, reference };
        let entries = &self.entries;
        let votes = matches!(self.combine_entries, Combine::Vote { .. });
        let explain = |desk: &Desk, note: &mut Noted| {
            if votes {
                let fires = entries.iter().map(|e| e.fires(side, &series[e.series].view(desk.now_ns)));
                let (voters, sum) = look::voters(fires.zip(entries.iter().map(|e| e.weight)));
                note.votes(voters, sum);
            }
            // A record has room for a few values: those of the rule that names the entry come first.
            let named = std::iter::once(&entries[rule]);
            let others = entries.iter().enumerate().filter(|(at, _)| *at != rule).map(|(_, e)| e);
            named.chain(others).for_each(|e| {
                e.rule.explain(side, &series[e.series].view(desk.now_ns), note);
            });
        };
        self.entry = desk.submit(&request, origin, TimeInForce::Gtc, false, explain, sink);
        if self.entry.is_some() {
            self.entry_age_bars = 0;
            for entry in &mut self.entries {
                entry.last_entry = Some(series[entry.series].bars);
            }
        }
    }

    /// Cancels a limit entry that has waited long enough.
    pub(super) fn age_entry<S: Sink>(&mut self, desk: &mut Desk, sink: &mut S) {
        let (Some(number), EntryOrder::Limit { cancel_bars, .. }) = (self.entry, self.entry_order) else {
            return;
        };
        self.entry_age_bars += 1;
        if self.entry_age_bars > cancel_bars {
            desk.cancel(number, Reason::TimeLimit, sink);
        }
    }
}
