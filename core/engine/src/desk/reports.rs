//! From a venue's report to the order's state and to money.

use super::*;

impl Desk {
    /// Takes a venue's report.
    pub fn on_report<S: Sink>(&mut self, report: &ExecutionBody, sink: &mut S) -> Option<Update> {
        self.tell(DeskStep::Report(*report), sink);
        let kind = ReportKind::from_code(report.kind);
        let (Some(kind), Some(order)) = (kind, self.orders.get_mut(report.order)) else {
            self.counters.anomalies += 1;
            return None;
        };
        let mut fill = None;
        if kind == ReportKind::Fill {
            order.filled += report.qty;
            self.counters.fills += 1;
            let applied = self.portfolio.apply_fill(report, order.side);
            fill = Some((report.price, report.qty, applied));
        }
        let event = match kind {
            ReportKind::Accepted => OrderEvent::Accepted,
            ReportKind::Rejected => OrderEvent::Rejected,
            ReportKind::Fill if order.filled >= order.qty => OrderEvent::LastFill,
            ReportKind::Fill => OrderEvent::PartialFill,
            ReportKind::Cancelled => OrderEvent::Cancelled,
            ReportKind::Expired => OrderEvent::Expired,
            ReportKind::CancelRejected => OrderEvent::CancelRejected,
            ReportKind::NoAnswer => OrderEvent::NoAnswer,
            ReportKind::NotFound => OrderEvent::ProvenAbsent,
            ReportKind::Replaced => OrderEvent::Replaced,
            ReportKind::ReplaceRejected => OrderEvent::ReplaceRejected,
        };
        self.counters.rejected += u64::from(kind == ReportKind::Rejected);
        let change = self.orders.apply(report.order, event);
        let order = self.orders.get_mut(report.order)?;
        self.risk.on_changed(order);
        let order = *order;
        match change {
            // The money has moved whatever we thought of the order's state.
            None => self.counters.anomalies += 1,
            Some((before, after)) => {
                let reason = Reason::from_code(report.reason).unwrap_or(Reason::None);
                self.emit_state(&order, before, after, reason, sink);
            }
        }
        Some(Update { order, fill })
    }
}
