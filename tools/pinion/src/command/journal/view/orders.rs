//! Intents, verdicts, orders and what becomes of them as named fields.

use super::*;

impl View {
    pub(super) fn intent(&self, b: &IntentBody, f: &mut Fields) {
        put(f, "cause", b.cause);
        put(f, "time", time(b.time_ns));
        put(f, "intent", b.number);
        put(f, "instrument", self.symbol(b.instrument));
        put(f, "action", Action::from_code(b.action).map_or("?", Action::label));
        put(f, "side", Side::from_code(b.side).map_or("?", Side::label));
        put(f, "type", OrderType::from_code(b.order_type).map_or("?", OrderType::label));
        put(f, "rule", self.rule(b.strategy, b.rule));
        put(f, "reason", reason(b.reason));
        put(f, "reference", self.price(b.instrument, b.reference));
        for (name, price) in [("limit", b.limit), ("trigger", b.trigger), ("stop_distance", b.stop_distance)]
        {
            if !price.is_zero() {
                put(f, name, self.price(b.instrument, price));
            }
        }
        if !b.qty.is_zero() {
            put(f, "qty", self.qty(b.instrument, b.qty));
        }
    }

    pub(super) fn verdict(&self, b: &VerdictBody, f: &mut Fields) {
        let base = self.plan.engine.base_currency;
        put(f, "cause", b.cause);
        put(f, "time", time(b.time_ns));
        put(f, "intent", b.intent);
        put(f, "instrument", self.symbol(b.instrument));
        put(f, "order", b.order);
        put(f, "passed", b.failed == 0);
        let labels = |mask: u32| Check::of_mask(mask).map(Check::label).collect::<Vec<_>>().join(" ");
        if b.failed != 0 {
            put(f, "failed", labels(b.failed));
        }
        if b.adjusted != 0 {
            put(f, "adjusted", labels(b.adjusted));
        }
        if let Some(check) = usize::from(b.binding).checked_sub(1).and_then(|i| Check::ALL.get(i)) {
            put(f, "size_bound_by", check.label());
        }
        put(f, "qty", self.qty(b.instrument, b.qty));
        put(f, "equity", self.money(base, b.equity));
        put(f, "exposure", self.money(base, b.exposure));
    }

    /// The operands of a risk check, in units that people use.
    pub(super) fn operands(&self, check: Check, operands: &CheckOperands) -> Value {
        let id = operands.instrument;
        let show = |value: i128| match check.unit() {
            OperandUnit::Count => json!(value.to_string()),
            OperandUnit::Price => self.price(id, Price(value as i64)),
            OperandUnit::Qty if value == i128::from(i64::MAX) => json!("any"),
            OperandUnit::Qty => self.qty(id, Qty(value as i64)),
            OperandUnit::Settle => self.money(self.settle(id), Money(value)),
            OperandUnit::Base => self.money(self.plan.engine.base_currency, Money(value)),
            OperandUnit::Nanoseconds => json!(format!("{} ms", value as f64 / 1e6)),
            OperandUnit::Time => json!(time(value as i64)),
        };
        let ((measured, limit), (what, against)) = (operands.values(), check.operands());
        let outcome = ["passed", "failed", "adjusted"].get(usize::from(operands.outcome)).copied();
        json!({
            "outcome": outcome.unwrap_or("?"),
            "what": what,
            "measured": show(measured),
            "against": against,
            "limit": show(limit),
        })
    }

    pub(super) fn order(&self, b: &OrderBody, f: &mut Fields) {
        put(f, "cause", b.cause);
        put(f, "time", time(b.time_ns));
        put(f, "order", b.order);
        put(f, "intent", b.intent);
        put(f, "instrument", self.symbol(b.instrument));
        put(f, "side", Side::from_code(b.side).map_or("?", Side::label));
        put(f, "type", OrderType::from_code(b.order_type).map_or("?", OrderType::label));
        put(f, "tif", TimeInForce::from_code(b.tif).map_or("?", TimeInForce::label));
        put(f, "qty", self.qty(b.instrument, b.qty));
        for (name, price) in [("limit", b.limit), ("trigger", b.trigger), ("reference", b.reference)] {
            if !price.is_zero() {
                put(f, name, self.price(b.instrument, price));
            }
        }
        put(f, "reason", reason(b.reason));
        put(f, "reduce_only", b.reduce_only != 0);
        put(f, "held", b.held != 0);
    }

    pub(super) fn cancel(&self, b: &CancelBody, f: &mut Fields) {
        put(f, "cause", b.cause);
        put(f, "time", time(b.time_ns));
        put(f, "order", b.order);
        put(f, "instrument", self.symbol(b.instrument));
        put(f, "reason", reason(b.reason));
        put(f, "held", b.held != 0);
    }

    pub(super) fn order_state(&self, b: &OrderStateBody, f: &mut Fields) {
        put(f, "cause", b.cause);
        put(f, "time", time(b.time_ns));
        put(f, "order", b.order);
        put(f, "instrument", self.symbol(b.instrument));
        put(f, "from", status(b.from));
        put(f, "to", status(b.to));
        put(f, "reason", reason(b.reason));
        put(f, "filled", self.qty(b.instrument, b.filled));
        put(f, "leaves", self.qty(b.instrument, b.leaves));
    }

    pub(super) fn signal(&self, b: &SignalBody, f: &mut Fields) {
        put(f, "cause", b.cause);
        put(f, "intent", b.intent);
        put(f, "instrument", self.symbol(b.instrument));
        put(f, "rule", self.rule(b.strategy, b.rule));
        for v in b.values.iter().filter(|v| v.output > 0) {
            let (name, shown) = self.noted(b.strategy, b.rule, v);
            f.insert(name, shown);
        }
    }

    pub(super) fn risk_check(&self, b: &RiskCheckBody, f: &mut Fields) {
        put(f, "cause", b.cause);
        put(f, "intent", b.intent);
        for c in b.checks.iter().filter(|c| c.check > 0) {
            match Check::ALL.get(usize::from(c.check) - 1) {
                Some(check) => put(f, check.label(), self.operands(*check, c)),
                None => put(f, "?", json!({"number": c.check - 1, "outcome": c.outcome})),
            }
        }
    }
}
