//! Positions, the account and budgets as named fields.

use super::*;

impl View {
    pub(super) fn position(&self, b: &PositionBody, f: &mut Fields) {
        let settle = self.settle(b.instrument);
        put(f, "cause", b.cause);
        put(f, "time", time(b.time_ns));
        put(f, "order", b.order);
        put(f, "instrument", self.symbol(b.instrument));
        put(f, "qty", self.qty(b.instrument, b.qty));
        put(f, "cost", self.money(settle, b.cost));
        put(f, "realised", self.money(settle, b.realised));
        put(f, "fee", self.money(settle, b.fee));
        if b.closed != 0 {
            put(f, "trade_net", self.money(settle, Money(b.trade_net.into())));
        }
    }

    pub(super) fn account(&self, b: &AccountBody, f: &mut Fields) {
        let base = self.plan.engine.base_currency;
        put(f, "cause", b.cause);
        put(f, "time", time(b.time_ns));
        put(f, "event", AccountEvent::from_code(b.event).map_or("?", AccountEvent::label));
        put(f, "level", b.level);
        for (name, money) in
            [("equity", b.equity), ("peak", b.peak), ("day_start", b.day_start), ("cash", b.cash)]
        {
            put(f, name, self.money(base, money));
        }
    }

    pub(super) fn budget(&self, b: &BudgetBody, f: &mut Fields) {
        put(f, "seq", b.seq);
        put(f, "time", time(b.time_ns));
        put(f, "shard", b.shard);
        put(f, "delta", self.money(CurrencyId(b.currency), b.delta));
        put(f, "transfer", b.transfer);
        put(f, "share", format!("{}/{}", b.parts, b.of));
    }

    pub(super) fn grant(&self, b: &GrantBody, f: &mut Fields) {
        put(f, "cause", b.cause);
        put(f, "time", time(b.time_ns));
        put(f, "shard", b.shard);
        for (name, money) in [("asked", b.asked), ("given", b.given), ("balance", b.balance)] {
            put(f, name, self.money(CurrencyId(b.currency), money));
        }
        put(f, "equity", self.money(self.plan.engine.base_currency, b.equity));
        put(f, "share", format!("{}/{}", b.parts, b.of));
    }
}
