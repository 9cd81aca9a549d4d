//! An account with positions, orders and limits, and requests that pass and that are refused.

use pinion_engine::orders::table::OrderTable;
use pinion_engine::plan::Sizing;
use pinion_engine::portfolio::account::Account;
use pinion_engine::portfolio::{Mark, Portfolio};
use pinion_engine::risk::checks::Check;
use pinion_engine::risk::{Context, Request, Risk, Verdict};
use pinion_model::body::{Body, ExecutionBody};
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Price, Qty, Ratio};
use pinion_model::order::{Action, OrderType, Side};

/// The plan of the account: three instruments, and nearly every limit on.
pub const PLAN: &str = include_str!("plan.yaml");

/// What the engine's risk function looks at.
pub struct Desk {
    portfolio: Portfolio,
    orders: OrderTable,
    account: Account,
    risk: Risk,
    now_ns: i64,
}

impl Default for Desk {
    fn default() -> Self {
        let plan = super::plan(PLAN);
        let mut portfolio = Portfolio::new(&plan.engine);
        let now_ns = 1_700_000_000_000_000_000;
        for (id, bid) in [(0, 6_183_763), (1, 262_850), (2, 14_211)] {
            let mark = Mark { bid: Price(bid), ask: Price(bid + 1), time_ns: now_ns - 1_000_000 };
            portfolio.set_mark(InstrumentId(id), mark);
        }
        let mut fill = ExecutionBody::from_bytes(&[0; 96]);
        (fill.instrument, fill.price, fill.qty) = (InstrumentId(1), Price(262_000), Qty(300_000));
        fill.fee_currency = portfolio.instrument(InstrumentId(1)).settle.0;
        portfolio.apply_fill(&fill, Side::Buy);
        let account = Account::new(&plan.engine.risk, portfolio.equity());
        Desk { portfolio, orders: OrderTable::new(256), account, risk: Risk::new(&plan.engine), now_ns }
    }
}

impl Desk {
    /// One request through every check, as the engine does it: into an empty verdict, of which records are made
    /// later.
    #[inline]
    pub fn check(&self, request: &Request, verdict: &mut Verdict) {
        let context = Context {
            portfolio: &self.portfolio,
            orders: &self.orders,
            account: &self.account,
            level: 0,
            now_ns: self.now_ns,
        };
        self.risk.check(request, &context, verdict);
    }
}

/// A market entry that passes and is sized by the desk.
pub fn passing() -> Request {
    Request {
        instrument: InstrumentId(0),
        side: Side::Buy,
        action: Action::Enter,
        order_type: OrderType::Market,
        limit: Price::ZERO,
        trigger: Price::ZERO,
        stop_distance: Price(50_000),
        sizing: Sizing::Fraction(Ratio(Ratio::SCALE / 10)),
        qty: Qty::ZERO,
        reducible: Qty::ZERO,
        to_close: None,
    }
}

/// A limit entry that the collar refuses.
pub fn refused() -> Request {
    Request { order_type: OrderType::Limit, limit: Price(5_900_000), ..passing() }
}

/// The check that refuses [`refused`].
pub const REFUSES: Check = Check::PriceCollar;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_passes_and_the_other_is_refused_by_its_check_alone() {
        let desk = Desk::default();
        let mut verdict = Verdict::default();
        desk.check(&passing(), &mut verdict);
        assert!(verdict.passed() && verdict.qty > Qty::ZERO, "{verdict:?}");
        assert!(verdict.operands().count() >= 8, "most limits are on: {verdict:?}");
        let mut verdict = Verdict::default();
        desk.check(&refused(), &mut verdict);
        assert_eq!(verdict.failed, REFUSES.bit());
    }
}
