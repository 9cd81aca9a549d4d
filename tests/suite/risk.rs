//! Risk: each limit cuts or refuses entries with its reason, and none refuses an order that reduces.

use pinion_engine::orders::table::OrderTable;
use pinion_engine::plan::Sizing;
use pinion_engine::portfolio::account::Account;
use pinion_engine::portfolio::{Mark, Portfolio};
use pinion_engine::risk::checks::Check;
use pinion_engine::risk::{Context, Request, Risk, Verdict};
use pinion_engine::rules::ToClose;
use pinion_model::body::{Body, ExecutionBody};
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Price, Qty, Ratio};
use pinion_model::order::{Action, OrderType, Side};
use pinion_plan::Plan;
use std::path::Path;

fn plan(limits: &str) -> Plan {
    let text = format!(
        "
instruments: [{{symbol: BTCUSDT, tick: 0.01, lot: 0.001, min_notional: 10}}, {{symbol: ETHUSDT, tick: 0.01, lot: 0.001}}]
strategy: {{entry_mixins: [RSIBB], exit_mixins: [ATR], timeframe: 1m, bars: trades}}
broker: {{cash: 100000, commission_rate: 0.001}}
risk_management: {{{limits}}}
"
    );
    let (config, mut found) =
        pinion_plan::read("test", &text, Path::new(".")).unwrap_or_else(|e| panic!("{e}"));
    pinion_plan::compile(&config, &[], &mut found).unwrap_or_else(|e| panic!("{e}"))
}

struct Desk {
    portfolio: Portfolio,
    orders: OrderTable,
    account: Account,
    risk: Risk,
    level: u8,
    now_ns: i64,
}

impl Desk {
    /// An account of 100,000 with the market at 100.00.
    fn new(limits: &str) -> Desk {
        let plan = plan(limits);
        let mut portfolio = Portfolio::new(&plan.engine);
        for id in [InstrumentId(0), InstrumentId(1)] {
            portfolio.set_mark(id, Mark { bid: Price(10_000), ask: Price(10_000), time_ns: 0 });
        }
        let equity = portfolio.equity().unwrap();
        Desk {
            account: Account::new(&plan.engine.risk, Some(equity)),
            orders: OrderTable::new(64),
            risk: Risk::new(&plan.engine),
            portfolio,
            level: 0,
            now_ns: 0,
        }
    }

    fn holds(mut self, qty: i64) -> Desk {
        let mut fill = ExecutionBody::from_bytes(&[0; 96]);
        (fill.price, fill.qty) = (Price(10_000), Qty(qty));
        fill.fee_currency = self.portfolio.instrument(InstrumentId(0)).settle.0;
        self.portfolio.apply_fill(&fill, Side::Buy);
        self
    }

    fn check(&self, request: &Request) -> Verdict {
        let cx = Context {
            portfolio: &self.portfolio,
            orders: &self.orders,
            account: &self.account,
            level: self.level,
            now_ns: self.now_ns,
        };
        let mut verdict = Verdict::default();
        self.risk.check(request, &cx, &mut verdict);
        verdict
    }
}

/// An entry that wants all of the equity: 1,000 pieces.
fn entry() -> Request {
    Request {
        instrument: InstrumentId(0),
        side: Side::Buy,
        action: Action::Enter,
        order_type: OrderType::Market,
        limit: Price::ZERO,
        trigger: Price::ZERO,
        stop_distance: Price(500),
        sizing: Sizing::Fraction(Ratio::ONE),
        qty: Qty::ZERO,
        reducible: Qty::ZERO,
        to_close: None,
    }
}

fn exit(qty: i64) -> Request {
    let (action, side) = (Action::Exit, Side::Sell);
    Request { action, side, qty: Qty(qty), reducible: Qty(1_000_000), ..entry() }
}

#[test]
fn the_least_of_all_limits_sizes_an_entry_and_is_named() {
    let cases = [
        ("", 999_000, Some(Check::Cash)),
        ("max_position_size: 0.2", 200_000, Some(Check::PositionSize)),
        // 1,000 of risk over 5.00 to the stop and 0.20 for the round trip.
        ("risk_per_trade: 0.01", 192_307, Some(Check::RiskPerTrade)),
        ("leverage_limit: 0.5", 500_000, Some(Check::Leverage)),
        ("max_gross_exposure: 30000", 300_000, Some(Check::GrossExposure)),
        ("max_net_exposure: 10000", 100_000, Some(Check::NetExposure)),
        ("position_concentration: 0.3", 300_000, Some(Check::Concentration)),
        ("max_order_quantity: 50", 50_000, Some(Check::OrderQty)),
        ("max_order_notional: 2500", 25_000, Some(Check::OrderQty)),
        ("max_position_size: 0.2, risk_per_trade: 0.001", 19_230, Some(Check::RiskPerTrade)),
    ];
    for (limits, qty, binding) in cases {
        let verdict = Desk::new(limits).check(&entry());
        assert!(verdict.passed(), "{limits}");
        let scale = 10i64.pow(2);
        assert_eq!(
            (verdict.qty.0 / scale * scale, verdict.binding),
            (qty / scale * scale, binding),
            "{limits}"
        );
    }
}

#[test]
fn positions_use_up_the_room_of_limits() {
    let desk = Desk::new("max_position_size: 0.2").holds(150_000);
    assert_eq!(desk.check(&entry()).qty, Qty(50_000));
    let full = Desk::new("max_position_size: 0.2").holds(200_000);
    let verdict = full.check(&entry());
    assert_ne!(verdict.failed & Check::PositionSize.bit(), 0, "no room at all refuses by name");
}

#[test]
fn what_refuses_an_entry_is_named() {
    let refused =
        |desk: &Desk, request: &Request| Check::of_mask(desk.check(request).failed).collect::<Vec<_>>();
    let mut desk =
        Desk::new("stop_loss_required: true, price_collar: 0.01, stale_after_ms: 1000, max_drawdown: 0.1");
    assert_eq!(refused(&desk, &Request { stop_distance: Price::ZERO, ..entry() }), [Check::StopRequired]);
    let far = Request { order_type: OrderType::Limit, limit: Price(9_000), ..entry() };
    assert_eq!(refused(&desk, &far), [Check::PriceCollar]);
    assert_eq!(refused(&desk, &Request { side: Side::Sell, ..entry() }), [Check::ShortSale]);
    desk.now_ns = 1_000_000_001;
    assert_eq!(refused(&desk, &entry()), [Check::StaleData]);
    desk.now_ns = 0;
    desk.level = 1;
    assert_eq!(refused(&desk, &entry()), [Check::KillSwitch]);
    desk.level = 0;
    desk.account.drawdown_halt = true;
    assert_eq!(refused(&desk, &entry()), [Check::Drawdown]);
    let small = Request { sizing: Sizing::Quantity(pinion_model::decimal::Decimal::new(1, 3)), ..entry() };
    assert_eq!(refused(&Desk::new(""), &small), [Check::Instrument], "0.10 is below the minimum notional");
}

#[test]
fn an_entry_leaves_room_for_its_exit_at_the_stop() {
    // 0.115 at 100.00 is 11.50; at a stop 5 % lower 10.925, below 1.1 times the minimum of 10.
    let sized = |thousandths| Request {
        sizing: Sizing::Quantity(pinion_model::decimal::Decimal::new(thousandths, 3)),
        ..entry()
    };
    assert!(!Desk::new("").check(&sized(115)).passed());
    assert!(Desk::new("").check(&sized(116)).passed());
}

#[test]
fn no_limit_refuses_an_order_that_reduces() {
    let limits = "max_position_size: 0.0001, risk_per_trade: 0.0001, leverage_limit: 0.001, max_gross_exposure: 1, \
                  max_net_exposure: 1, position_concentration: 0.0001, price_collar: 0.0001, max_orders_per_second: 1, \
                  duplicate_window_ms: 1000, stale_after_ms: 1, stop_loss_required: true, max_daily_loss: 0.0001, \
                  max_drawdown: 0.0001";
    let mut desk = Desk::new(limits).holds(100_000);
    desk.now_ns = 60_000_000_000;
    desk.level = 2;
    (desk.account.daily_halt, desk.account.drawdown_halt) = (true, true);
    assert!(!desk.check(&entry()).passed());
    let verdict = desk.check(&exit(100_000));
    assert!(verdict.passed() && verdict.reducing, "{:?}", Check::of_mask(verdict.failed).collect::<Vec<_>>());
    assert_eq!(verdict.qty, Qty(100_000));
}

#[test]
fn a_reducing_order_is_cut_sliced_and_repriced() {
    let desk = Desk::new("max_order_quantity: 30, price_collar: 0.01").holds(100_000);
    let verdict = desk.check(&exit(100_000));
    assert_eq!((verdict.qty, verdict.adjusted), (Qty(30_000), Check::OrderQty.bit()));
    let verdict = desk.check(&Request { reducible: Qty(20_000), ..exit(100_000) });
    assert_eq!(verdict.qty, Qty(20_000), "never more than is left to reduce");
    let far = Request { order_type: OrderType::Limit, limit: Price(5_000), ..exit(10_000) };
    let verdict = desk.check(&far);
    assert!(verdict.passed());
    assert_eq!(verdict.limit, Price(9_900), "moved into the collar");
}

#[test]
fn an_entry_needs_time_before_the_close_and_an_exit_needs_none() {
    let desk = Desk::new("").holds(100_000);
    let left = |left_ns, more_than_ns| Some(ToClose { left_ns, more_than_ns });
    for (to_close, passes) in
        [(None, true), (left(1, 0), true), (left(0, 0), false), (left(60, 60), false), (left(61, 60), true)]
    {
        let verdict = desk.check(&Request { to_close, ..entry() });
        assert_eq!(verdict.failed & Check::Session.bit() == 0, passes, "{to_close:?}");
    }
    assert!(desk.check(&exit(100_000)).passed());
}

#[test]
fn the_record_of_an_exit_tells_what_was_wanted_what_could_be_reduced_and_the_exposure() {
    let desk = Desk::new("").holds(100_000);
    let reducible = |request: &Request| {
        let verdict = desk.check(request);
        assert!(verdict.exposure.0 > 0, "the position counts as exposure");
        let checks = verdict.operands().filter(|o| o.check == Check::Reducible as u16 + 1);
        checks.map(|o| (o.outcome, o.measured[0], o.limit[0])).collect::<Vec<_>>()
    };
    assert_eq!(reducible(&exit(100_000)), [(0, 100_000, 1_000_000)]);
    assert_eq!(reducible(&Request { reducible: Qty(20_000), ..exit(100_000) }), [(2, 100_000, 20_000)]);
    assert_eq!(reducible(&Request { reducible: Qty::ZERO, ..exit(100_000) }), [(1, 100_000, 0)]);
}
