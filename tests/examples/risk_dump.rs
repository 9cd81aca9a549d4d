use pinion_engine::orders::table::{Order, OrderTable};
use pinion_engine::plan::Sizing;
use pinion_engine::portfolio::account::Account;
use pinion_engine::portfolio::{Mark, Portfolio};
use pinion_engine::risk::{Context, Request, Risk, Verdict};
use pinion_engine::rules::ToClose;
use pinion_model::body::{Body, ExecutionBody};
use pinion_model::decimal::Decimal;
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Money, Price, Qty, Ratio};
use pinion_model::order::*;
use std::path::Path;

struct Rng(u64);
impl Rng {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545F4914F6CDD1D)
    }
    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }
    fn one(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}
fn main() {
    let mut r = Rng(std::env::args().nth(1).map_or(88172645463325252, |s| s.parse().unwrap()));
    let plans: u64 = std::env::args().nth(2).map_or(400, |s| s.parse().unwrap());
    let show = std::env::args().nth(3).is_some();
    let mut hash = 0xcbf29ce484222325u64;
    let (mut total, mut passed, mut cut, mut bad, mut wide) = (0u64, 0u64, 0u64, 0u64, 0u64);
    let mut binding = std::collections::BTreeMap::new();
    for _ in 0..plans {
        let mut limits: Vec<String> = Vec::new();
        let mut add = |r: &mut Rng, name: &str, values: &[&str]| {
            if !r.one(2) {
                limits.push(format!("{name}: {}", r.pick(values)))
            }
        };
        add(&mut r, "max_position_size", &["0.2", "0.05", "1.0", "0.000001"]);
        add(&mut r, "risk_per_trade", &["0.01", "0.001", "0.1"]);
        add(&mut r, "leverage_limit", &["0.5", "1.0", "2.0", "12.5"]);
        add(&mut r, "position_concentration", &["0.3", "0.5"]);
        add(&mut r, "max_gross_exposure", &["30000", "1000000"]);
        add(&mut r, "max_net_exposure", &["30000", "500000"]);
        add(&mut r, "max_order_quantity", &["50", "0.5", "7"]);
        add(&mut r, "max_order_notional", &["2500", "20000", "3"]);
        add(&mut r, "max_daily_loss", &["0.05"]);
        add(&mut r, "max_drawdown", &["0.2"]);
        add(&mut r, "stop_loss_required", &["true"]);
        add(&mut r, "price_collar", &["0.01", "0.05"]);
        add(&mut r, "max_orders_per_second", &["3", "100"]);
        add(&mut r, "stale_after_ms", &["5000"]);
        let cash = r.pick(&["100000", "1000", "1000000", "100000000000", "95000000000", "5"]);
        let fx = r.one(3);
        let inst = if fx {
            "{symbol: BTCUSDT, tick: 0.01, lot: 0.001, min_notional: 10}, {symbol: ETHBTC, base: ETH, quote: BTC, tick: 0.00001, lot: 0.001}, {symbol: SOLUSDT, tick: 0.01, lot: 0.01}"
        } else {
            "{symbol: BTCUSDT, tick: 0.01, lot: 0.001, min_notional: 10}, {symbol: ETHUSDT, tick: 0.01, lot: 0.0001}, {symbol: SOLUSDT, tick: 0.01, lot: 0.01}"
        };
        let text = format!(
            "
instruments: [{inst}]
strategy: {{entry_mixins: [RSIBB], exit_mixins: [ATR], timeframe: 1m, bars: trades}}
broker: {{cash: {cash}, commission_rate: {}, currency: USDT}}
risk_management: {{{}}}
",
            r.pick(&["0.001", "0", "0.00075"]),
            limits.join(", ")
        );
        let plan = match pinion_plan::read("test", &text, Path::new("."))
            .and_then(|(config, mut found)| pinion_plan::compile(&config, &[], &mut found))
        {
            Ok(plan) => plan,
            Err(e) => {
                if bad == 0 {
                    eprintln!("{e}\n{text}");
                }
                bad += 1;
                continue;
            }
        };
        let mut engine = plan.engine.clone();
        if r.one(4) {
            // margined kinds
            for i in &mut engine.instruments {
                if r.one(2) {
                    i.kind = pinion_model::instrument::InstrumentKind::Perpetual;
                }
            }
        }
        if r.one(4) {
            engine.groups = vec![0, 0, 1];
        }
        if r.one(3) {
            engine.risk.duplicate_window_ns = Some(1_000_000_000);
        }
        let mut p = Portfolio::new(&engine);
        let mut orders = OrderTable::new(r.pick(&[12, 64]));
        let mut account = Account::new(&engine.risk, p.equity());
        let mut risk = Risk::new(&engine);
        let mut now = 1_700_000_000_000_000_000i64;
        for _ in 0..120 {
            now += r.pick(&[0, 1_000_000, 300_000_000, 3_000_000_000]);
            for id in 0..3u32 {
                if r.one(3) {
                    let mid = match (id, fx) {
                        (0, _) => 6_000_000,
                        (1, true) => 5_000,
                        (1, false) => 250_000,
                        _ => 15_000,
                    } as i64;
                    let bid = if r.one(40) { 0 } else { mid + r.below(1 + mid as u64 / 50) as i64 };
                    let t = if r.one(30) { Mark::LOST } else { now - r.pick(&[0, 1000, 6_000_000_000]) };
                    p.set_mark(
                        InstrumentId(id),
                        Mark { bid: Price(bid), ask: Price(bid + r.below(5) as i64), time_ns: t },
                    );
                }
            }
            if r.one(6) {
                let mut fill = ExecutionBody::from_bytes(&[0; 96]);
                let id = InstrumentId(r.below(3) as u32);
                let m = *p.mark(id);
                if m.is_known() {
                    let top = match cash {
                        "100000000000" => 1_000_000_000_000,
                        "1000" | "5" => 100,
                        _ => 20_000,
                    };
                    (fill.instrument, fill.price, fill.qty) = (id, m.ask, Qty(1 + r.below(top) as i64));
                    fill.fee_currency = p.instrument(id).settle.0;
                    fill.fee = Money(r.below(10_000) as i128);
                    let side =
                        if p.instrument(id).kind.can_be_short() && r.one(2) { Side::Sell } else { Side::Buy };
                    p.apply_fill(&fill, side);
                }
            }
            if let Some(e) = p.equity() {
                let _ = account.observe(e);
            }
            if r.one(30) {
                account.arm(p.equity().unwrap_or_default());
            }
            let id = InstrumentId(r.below(3) as u32);
            let m = *p.mark(id);
            let ty = r.pick(&[OrderType::Market, OrderType::Market, OrderType::Limit, OrderType::Stop]);
            let near = Price(
                m.ask.0 - r.below(1 + m.ask.0.max(0) as u64 / 25) as i64
                    + r.below(1 + m.ask.0.max(0) as u64 / 25) as i64,
            );
            let request = Request {
                instrument: id,
                side: if r.one(3) { Side::Sell } else { Side::Buy },
                action: if r.one(5) { Action::Exit } else { Action::Enter },
                order_type: ty,
                limit: if ty == OrderType::Limit { near } else { Price::ZERO },
                trigger: if ty == OrderType::Stop { near } else { Price::ZERO },
                stop_distance: if r.one(4) {
                    Price::ZERO
                } else {
                    Price(1 + m.ask.0.max(0) / (1 + r.below(100) as i64))
                },
                sizing: match r.below(6) {
                    0 => Sizing::Quantity(Decimal::new(r.below(100_000) as i128, 3)),
                    1 => Sizing::Notional(Decimal::new(r.below(100_000) as i128, 1)),
                    2 => Sizing::Fraction(Ratio(r.pick(&[0, 1, 3_000_000_000, -5, 20_000_000_000]))),
                    3 => Sizing::Fraction(Ratio(r.below(2_000_000_000) as i64)),
                    _ => Sizing::Fraction(Ratio(Ratio::SCALE / r.pick(&[1, 10, 20, 1000]))),
                },
                qty: Qty(r.below(10_000) as i64),
                reducible: Qty(r.below(10_000) as i64),
                to_close: if r.one(10) {
                    Some(ToClose { left_ns: r.below(10) as i64, more_than_ns: 5 })
                } else {
                    None
                },
            };
            let cx = Context {
                portfolio: &p,
                orders: &orders,
                account: &account,
                level: u8::from(r.one(20)),
                now_ns: now,
            };
            let mut v = Verdict::default();
            risk.check(&request, &cx, &mut v);
            // through parts and back
            let mut parts = Vec::new();
            v.take_apart(|part| parts.push(part));
            let mut parts = parts.into_iter();
            let again = Verdict::put_together(|| parts.next()).unwrap();
            assert_eq!(again, v);
            let text = format!(
                "{:?} {} {} {:?} {:?} {:?} {:?} {} {:?} {:?} {:?}",
                v.instrument,
                v.failed,
                v.adjusted,
                v.binding,
                v.qty,
                v.price,
                v.limit,
                v.reducing,
                v.equity,
                v.exposure,
                v.operands().map(|o| (o.check, o.outcome, o.values())).collect::<Vec<_>>()
            );
            if show {
                println!("{text}");
            }
            for b in text.bytes() {
                hash = (hash ^ u64::from(b)).wrapping_mul(0x100000001b3);
            }
            total += 1;
            passed += u64::from(v.passed());
            cut += u64::from(v.adjusted != 0);
            wide += u64::from(v.equity.0 > i128::from(i64::MAX));
            *binding.entry(format!("{:?}", v.binding)).or_insert(0) += 1;
            if v.passed() {
                let order = Order {
                    number: 0,
                    intent: 1,
                    instrument: id,
                    strategy: 0,
                    action: request.action,
                    side: request.side,
                    order_type: ty,
                    tif: TimeInForce::Gtc,
                    reason: Reason::Entry,
                    status: OrderStatus::Sent,
                    qty: v.qty,
                    filled: Qty::ZERO,
                    limit: v.limit,
                    trigger: request.trigger,
                    reference: v.price,
                    reserved: Money::ZERO,
                };
                if let Some(n) = orders.insert(order) {
                    risk.on_sent(orders.get_mut(n).unwrap(), v.price, now, &p);
                }
            }
            // some end
            let open: Vec<u64> = orders.open_orders().map(|o| o.number).collect();
            for n in open {
                if r.one(4) {
                    orders.get_mut(n).unwrap().status = OrderStatus::Accepted;
                    orders.apply(n, pinion_engine::orders::lifecycle::OrderEvent::Cancelled);
                    if let Some(o) = orders.get_mut(n) {
                        risk.on_changed(o);
                    }
                }
            }
        }
    }
    println!(
        "{hash:016x} total {total} passed {passed} cut {cut} bad plans {bad} wide equity {wide} {binding:?}"
    );
}
