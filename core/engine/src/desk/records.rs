//! What the desk emits of intents, verdicts, orders and their states.

use super::*;

impl Desk {
    pub(super) fn intent_body(
        &self,
        r: &Request,
        origin: Origin,
        tif: TimeInForce,
        number: u64,
    ) -> IntentBody {
        IntentBody {
            cause: self.seq,
            time_ns: self.now_ns,
            instrument: r.instrument,
            strategy: origin.strategy,
            rule: origin.rule,
            side: r.side.code(),
            action: r.action.code(),
            order_type: r.order_type.code(),
            tif: tif.code(),
            reason: origin.reason.code(),
            reduce_only: u16::from(r.action != Action::Enter),
            reference: origin.reference,
            limit: r.limit,
            trigger: r.trigger,
            stop_distance: r.stop_distance,
            qty: r.qty,
            number,
            reserved: 0,
        }
    }

    pub(super) fn verdict_body(&self, intent: u64, order: u64, v: &Verdict) -> VerdictBody {
        VerdictBody {
            cause: self.seq,
            time_ns: self.now_ns,
            intent,
            order,
            failed: v.failed,
            adjusted: v.adjusted,
            qty: v.qty,
            price: v.price,
            instrument: v.instrument,
            reducing: u16::from(v.reducing),
            binding: v.binding.map_or(0, |c| c as u16 + 1),
            equity: v.equity,
            exposure: v.exposure,
        }
    }

    pub(super) fn emit_signal<S: Sink>(
        &self,
        r: &Request,
        origin: Origin,
        intent: u64,
        note: &Noted,
        sink: &mut S,
    ) {
        for chunk in note.values().chunks(4) {
            let mut values = [SignalValue::default(); 4];
            for (slot, noted) in values.iter_mut().zip(chunk) {
                let exponent = noted.exponent.into();
                *slot = SignalValue { output: noted.name, exponent, reserved: 0, value: noted.value };
            }
            sink.emit(&SignalBody {
                cause: self.seq,
                time_ns: self.now_ns,
                intent,
                instrument: r.instrument,
                strategy: origin.strategy,
                rule: origin.rule,
                values,
            });
        }
    }

    pub(super) fn emit_operands<S: Sink>(&self, intent: u64, verdict: &Verdict, sink: &mut S) {
        let mut operands = verdict.operands();
        while let Some(first) = operands.next() {
            let checks = [first, operands.next().unwrap_or_default()];
            sink.emit(&RiskCheckBody { cause: self.seq, intent, checks });
        }
    }

    pub(super) fn order_body(&self, number: u64, held: bool) -> Option<OrderBody> {
        let order = self.orders.get(number)?;
        Some(OrderBody {
            cause: self.seq,
            time_ns: self.now_ns,
            order: number,
            intent: order.intent,
            instrument: order.instrument,
            strategy: order.strategy,
            reason: order.reason.code(),
            side: order.side.code(),
            order_type: order.order_type.code(),
            tif: order.tif.code(),
            reduce_only: u8::from(order.action != Action::Enter),
            held: u32::from(held),
            qty: order.qty,
            limit: order.limit,
            trigger: order.trigger,
            reference: order.reference,
            reserved: 0,
        })
    }

    pub(super) fn emit_state<S: Sink>(
        &self,
        o: &Order,
        from: OrderStatus,
        to: OrderStatus,
        reason: Reason,
        sink: &mut S,
    ) {
        sink.emit(&OrderStateBody {
            cause: self.seq,
            time_ns: self.now_ns,
            order: o.number,
            instrument: o.instrument,
            from: from.code(),
            to: to.code(),
            reason: reason.code(),
            filled: o.filled,
            leaves: o.leaves(),
            reserved: [0; 6],
        });
    }
}
