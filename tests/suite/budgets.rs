//! Budgets of shards: whatever is moved between them and whatever they trade, their balances are the account's,
//! their limits are within the account's, a transfer is no profit or loss, and no limit of the account is crossed
//! before a shard has halted.

use pinion_engine::desk::{Desk, Origin};
use pinion_engine::plan::Sizing;
use pinion_engine::portfolio::Mark;
use pinion_engine::portfolio::account::Account;
use pinion_engine::risk::Request;
use pinion_engine::sink::Sink;
use pinion_model::body::{Body, BudgetBody, ExecutionBody, OrderBody};
use pinion_model::decimal::Decimal;
use pinion_model::event::Level;
use pinion_model::instrument::{CurrencyId, InstrumentId};
use pinion_model::number::{Money, Price, Qty};
use pinion_model::order::{Action, OrderType, Reason, ReportKind, Side, TimeInForce};
use pinion_model::record::Kind;
use pinion_plan::Plan;
use proptest::prelude::*;
use std::path::Path;

const SHARDS: usize = 3;
/// Parts that shares are counted in.
const OF: u32 = 3_000;

/// Two perpetuals and a coin, one in each shard.
fn plan() -> Plan {
    let text = "
instruments:
  - {symbol: AUSDT, kind: perpetual, base: A, quote: USDT, tick: 0.01, lot: 0.001}
  - {symbol: BUSDT, tick: 0.01, lot: 0.001}
  - {symbol: CUSDT, kind: perpetual, base: C, quote: USDT, tick: 0.01, lot: 0.001}
strategy: {entry_mixins: [RSIBB], exit_mixins: [ATR], timeframe: 1m, bars: trades}
broker: {cash: 100000.01, currency: USDT, commission_rate: 0.001}
risk_management:
  max_gross_exposure: 50000
  max_net_exposure: 40000
  max_orders_per_second: 7
  leverage_limit: 2
  max_daily_loss: 0.02
  max_drawdown: 0.03
runtime: {layout: fused, shards: 3}
";
    let (config, mut found) =
        pinion_plan::read("test", text, Path::new(".")).unwrap_or_else(|e| panic!("{e}"));
    pinion_plan::compile(&config, &[], &mut found).unwrap_or_else(|e| panic!("{e}"))
}

#[derive(Default)]
struct Tape {
    orders: Vec<OrderBody>,
}

impl Sink for Tape {
    const INPUTS: bool = false;
    const EVIDENCE: bool = false;
    fn emit<B: Body>(&mut self, body: &B) {
        let bytes = body.to_bytes();
        if B::KIND == Kind::Order {
            self.orders.push(OrderBody::from_bytes(&bytes));
        }
    }
    fn levels(&mut self, _: &[Level], _: &[Level]) {}
}

#[derive(Clone, Debug)]
enum Step {
    Enter { shard: usize, buy: bool, thousandths: i64 },
    Exit { shard: usize, percent: i64 },
    Fill { pick: usize, percent: i64 },
    Cancel { pick: usize },
    Cash { from: usize, to: usize, amount: i128 },
    Share { from: usize, to: usize, parts: u32 },
    Wait { ms: i64 },
    Price { shard: usize, per_mille: i64 },
}

fn steps(prices_move: bool) -> impl Strategy<Value = Vec<Step>> {
    let shard = || 0..SHARDS;
    let enter = (shard(), any::<bool>(), 1i64..500_000).prop_map(|(shard, buy, thousandths)| Step::Enter {
        shard,
        buy,
        thousandths,
    });
    let exit = (shard(), 1i64..=100).prop_map(|(shard, percent)| Step::Exit { shard, percent });
    let fill = (any::<usize>(), 1i64..=100).prop_map(|(pick, percent)| Step::Fill { pick, percent });
    let cancel = any::<usize>().prop_map(|pick| Step::Cancel { pick });
    let cash = (shard(), shard(), 1i128..10_000_000_000_000).prop_map(|(from, to, amount)| Step::Cash {
        from,
        to,
        amount,
    });
    let share = (shard(), shard(), 1u32..OF).prop_map(|(from, to, parts)| Step::Share { from, to, parts });
    let wait = (1i64..800).prop_map(|ms| Step::Wait { ms });
    let price = (shard(), -200i64..=200).prop_map(|(shard, per_mille)| Step::Price { shard, per_mille });
    let moves = if prices_move { 4 } else { 0 };
    let one = prop_oneof![
        4 => enter, 2 => exit, 5 => fill, 1 => cancel, 3 => cash, 2 => share, 2 => wait, moves => price
    ];
    prop::collection::vec(one, 1..120)
}

struct Shard {
    desk: Desk,
    price: i64,
    /// Times of the entries that passed.
    entered_ns: Vec<i64>,
    tape: Tape,
}

struct Shards {
    plan: Plan,
    all: Vec<Shard>,
    base: CurrencyId,
    opening: Money,
    now_ns: i64,
    transfers: u64,
}

impl Shards {
    fn new() -> Shards {
        let plan = plan();
        let all = (0..SHARDS).map(|k| {
            let own = plan.for_shard(k).unwrap();
            let mut tape = Tape::default();
            let mut desk = Desk::new(&own.engine);
            assert_eq!(desk.portfolio.equity(), Some(Money::ZERO));
            for budget in own.opening_budgets() {
                desk.on_budget(&budget, &mut tape);
            }
            let mut shard = Shard { desk, price: 10_000, entered_ns: Vec::new(), tape };
            shard.mark();
            shard
        });
        let base = plan.engine.base_currency;
        let opening = plan.engine.balances[base.index()];
        let mut shards = Shards { all: all.collect(), base, opening, now_ns: 0, transfers: 0, plan };
        for k in 0..SHARDS {
            shards.budget(k, Money::ZERO, OF / SHARDS as u32);
        }
        shards
    }

    fn budget(&mut self, k: usize, delta: Money, parts: u32) -> (Money, u32) {
        self.transfers += 1;
        let (currency, transfer) = (self.base.0, self.transfers);
        let budget =
            BudgetBody { delta, parts, of: OF, currency, transfer, shard: k as u16, ..BudgetBody::default() };
        let Shard { desk, tape, .. } = &mut self.all[k];
        // A restored copy grants the same.
        let mut twin: Desk = postcard::from_bytes(&postcard::to_stdvec(desk).unwrap()).unwrap();
        let grant = desk.on_budget(&budget, tape);
        assert_eq!(twin.on_budget(&budget, &mut Tape::default()), grant);
        assert_eq!(&twin, desk);
        (grant.given, grant.parts)
    }

    fn parts(&self, k: usize) -> u32 {
        let share = self.all[k].desk.risk.share();
        assert_eq!(share.of, OF);
        share.parts
    }

    /// Takes a step; what is on its way between two shards is never more than one of them gave.
    fn step(&mut self, step: &Step) {
        match *step {
            Step::Enter { shard, buy, thousandths } => self.all[shard].enter(buy, thousandths),
            Step::Exit { shard, percent } => self.all[shard].exit(percent),
            Step::Fill { pick, percent } => self.report(pick, Some(percent)),
            Step::Cancel { pick } => self.report(pick, None),
            Step::Cash { from, to, amount } => {
                let before = self.equity();
                let free = self.all[from].desk.free(self.base);
                let halts = self.halts();
                let (given, _) = self.budget(from, Money(-amount), self.parts(from));
                assert_eq!(given, -Money(amount).min(free));
                let (got, _) = self.budget(to, -given, self.parts(to));
                assert_eq!(got, -given);
                assert_eq!(self.equity(), before, "a transfer is no profit");
                self.all.iter_mut().for_each(Shard::observe);
                assert_eq!(self.halts(), halts, "nobody gives itself into a halt");
            }
            Step::Share { from, to, parts } if from != to => {
                let had = self.parts(from);
                let (_, left) = self.budget(from, Money::ZERO, had.saturating_sub(parts));
                let (_, got) = self.budget(to, Money::ZERO, self.parts(to) + (had - left));
                assert!(left <= had && got <= OF);
            }
            Step::Share { .. } => {}
            Step::Wait { ms } => {
                self.now_ns += ms * 1_000_000;
                let now_ns = self.now_ns;
                self.all.iter_mut().for_each(|shard| shard.desk.now_ns = now_ns);
            }
            Step::Price { shard, per_mille } => {
                let shard = &mut self.all[shard];
                shard.price = (shard.price * (1_000 + per_mille) / 1_000).clamp(1_000, 100_000);
                shard.mark();
            }
        }
    }

    fn report(&mut self, pick: usize, percent: Option<i64>) {
        let open: Vec<(usize, u64)> = self
            .all
            .iter()
            .enumerate()
            .flat_map(|(k, shard)| shard.desk.orders.open_orders().map(move |o| (k, o.number)))
            .collect();
        if !open.is_empty() {
            let (k, number) = open[pick % open.len()];
            self.all[k].report(number, percent);
        }
    }

    fn equity(&self) -> Money {
        self.all.iter().fold(Money::ZERO, |sum, s| sum + s.desk.portfolio.equity().unwrap())
    }

    /// Shards that a limit has halted.
    fn halts(&self) -> usize {
        self.all.iter().filter(|s| s.desk.account.daily_halt || s.desk.account.drawdown_halt).count()
    }

    /// The cash identity of the account, over its shards.
    fn check_balances(&self) {
        let (mut balance, mut want) = (Money::ZERO, self.opening);
        for shard in &self.all {
            let portfolio = &shard.desk.portfolio;
            let (position, instrument) = (portfolio.position(ID), portfolio.instrument(ID));
            balance += portfolio.balance(self.base);
            want += position.realised - portfolio.fees(self.base);
            if instrument.kind.pays_notional() {
                want += -position.cost;
            }
        }
        assert_eq!(balance, want);
    }

    fn check_limits(&self) {
        let limits = &self.plan.engine.risk;
        let (mut gross, mut net, mut rate) = (Money::ZERO, Money::ZERO, 0);
        for shard in &self.all {
            let (g, n, r) = shard.desk.risk.absolute_limits();
            (gross, net, rate) = (gross + g.unwrap(), net + n.unwrap(), rate + r.unwrap());
        }
        assert!(gross <= limits.max_gross_exposure.unwrap() && net <= limits.max_net_exposure.unwrap());
        assert!(rate <= limits.order_rate.unwrap());
        let since = self.now_ns - limits.order_rate_window_ns;
        let entered = self.all.iter().flat_map(|s| &s.entered_ns).filter(|t| **t > since).count();
        assert!(entered <= limits.order_rate.unwrap() as usize, "{entered} entries within a second");
    }

    /// With prices that stand still no exposure grows by itself, so the sum is within the account's at all times.
    fn check_exposure(&self) {
        let limits = &self.plan.engine.risk;
        let (mut gross, mut net) = (Money::ZERO, Money::ZERO);
        for shard in &self.all {
            let (g, n) = shard.desk.portfolio.exposure().unwrap();
            let [buys, sells] = shard.desk.risk.reserved.of(ID);
            gross += g + buys + sells;
            net += n;
        }
        assert!(gross <= limits.max_gross_exposure.unwrap(), "{gross:?}");
        assert!(net.abs() <= limits.max_net_exposure.unwrap(), "{net:?}");
        assert!(gross <= self.equity() + self.equity(), "the account's leverage is 2 at most");
    }
}

/// Each shard has one instrument.
const ID: InstrumentId = InstrumentId(0);

impl Shard {
    fn mark(&mut self) {
        let mark = Mark { bid: Price(self.price), ask: Price(self.price), time_ns: 0 };
        self.desk.set_mark(ID, mark, &mut self.tape);
    }

    fn observe(&mut self) {
        self.desk.observe_equity(&mut self.tape);
    }

    fn submit(&mut self, action: Action, side: Side, qty: Qty, reducible: Qty) -> Option<u64> {
        let request = Request {
            instrument: ID,
            side,
            action,
            order_type: OrderType::Market,
            limit: Price::ZERO,
            trigger: Price::ZERO,
            stop_distance: Price::ZERO,
            sizing: Sizing::Quantity(Decimal::new(qty.0.into(), 3)),
            qty,
            reducible,
            to_close: None,
        };
        let reason = if action == Action::Enter { Reason::Entry } else { Reason::Flatten };
        let origin = Origin { strategy: 0, rule: 0, reason, reference: Price(self.price) };
        self.desk.submit(&request, origin, TimeInForce::Gtc, false, |_, _| {}, &mut self.tape)
    }

    fn enter(&mut self, buy: bool, thousandths: i64) {
        let side = if buy { Side::Buy } else { Side::Sell };
        if self.submit(Action::Enter, side, Qty(thousandths), Qty::ZERO).is_some() {
            self.entered_ns.push(self.desk.now_ns);
        }
    }

    fn exit(&mut self, percent: i64) {
        let held = self.desk.portfolio.position(ID).qty;
        let closing: Qty = self
            .desk
            .orders
            .open_orders()
            .filter(|o| o.action == Action::Exit)
            .map(|o| o.leaves())
            .fold(Qty::ZERO, |a, b| a + b);
        let qty = Qty((held.abs() - closing).0 * percent / 100);
        if qty > Qty::ZERO {
            let side = if held > Qty::ZERO { Side::Sell } else { Side::Buy };
            self.submit(Action::Exit, side, qty, qty);
        }
    }

    /// A fill of this part of what is open, with its fee; or a cancel.
    fn report(&mut self, number: u64, percent: Option<i64>) {
        let order = *self.desk.orders.get(number).unwrap();
        let mut report =
            ExecutionBody { order: number, instrument: ID, price: Price(self.price), ..Default::default() };
        report.kind = ReportKind::Cancelled.code();
        if let Some(percent) = percent {
            report.kind = ReportKind::Fill.code();
            report.qty = Qty((order.leaves().0 * percent / 100).max(1));
            let instrument = self.desk.portfolio.instrument(ID);
            report.fee = Money(instrument.notional(report.price, report.qty).0 / 1_000);
            report.fee_currency = instrument.settle.0;
        }
        self.desk.on_report(&report, &mut self.tape);
        self.observe();
    }
}

proptest! {
    #[test]
    fn the_shards_are_the_account_and_their_limits_within_its(steps in steps(false)) {
        let mut shards = Shards::new();
        for step in &steps {
            shards.step(step);
            shards.check_balances();
            shards.check_limits();
            shards.check_exposure();
        }
    }

    #[test]
    fn no_limit_of_the_account_is_crossed_before_a_shard_has_halted(steps in steps(true)) {
        let mut shards = Shards::new();
        let mut account = Account::new(&shards.plan.engine.risk, Some(shards.equity()));
        for step in &steps {
            shards.step(step);
            shards.check_balances();
            shards.check_limits();
            if account.observe(shards.equity()).is_some() {
                prop_assert!(shards.halts() > 0, "late after {step:?}");
            }
        }
    }
}

#[test]
fn what_a_shard_opens_with_adds_up_and_what_is_left_over_is_the_first_ones() {
    let shards = Shards::new();
    let balances: Vec<i128> = shards.all.iter().map(|s| s.desk.portfolio.balance(shards.base).0).collect();
    assert_eq!(balances.iter().sum::<i128>(), shards.opening.0);
    assert_eq!(balances[0] - balances[1], shards.opening.0 % 3);
    for shard in &shards.all {
        assert_eq!(shard.desk.account.opening(), shard.desk.portfolio.equity());
        let (gross, net, rate) = shard.desk.risk.absolute_limits();
        let third = |limit: Option<Money>| limit.map(|l| Money(l.0 / 3));
        let limits = &shards.plan.engine.risk;
        assert_eq!((gross, net), (third(limits.max_gross_exposure), third(limits.max_net_exposure)));
        assert_eq!(rate, Some(2), "7 over 3, rounded down");
    }
}

#[test]
fn nothing_that_is_bound_is_given() {
    let mut shards = Shards::new();
    let all = Money(i128::from(i64::MAX));
    let cash = shards.all[1].desk.portfolio.balance(shards.base);
    // 100 coins at 100.00 are bought, a tenth of them is filled: the order binds the rest and its fee.
    shards.all[1].enter(true, 100_000);
    let number = shards.all[1].tape.orders[0].order;
    shards.all[1].report(number, Some(10));
    let given = -shards.budget(1, -all, OF / 3).0;
    let left = shards.all[1].desk.portfolio.balance(shards.base);
    let unit = 10i128.pow(8);
    assert!(given > Money::ZERO && left + given < cash);
    assert!(left.0 >= 9_000 * unit + 9 * unit, "{left:?}");
    shards.all[1].report(number, Some(100));
    assert!(
        shards.all[1].desk.portfolio.balance(shards.base) >= Money::ZERO,
        "the order could still be paid"
    );
    // A short position of 10,000 needs half of that under a leverage of 2.
    shards.all[2].enter(false, 100_000);
    let number = shards.all[2].tape.orders[0].order;
    shards.all[2].report(number, Some(100));
    shards.budget(2, -all, OF / 3);
    assert!(shards.all[2].desk.portfolio.equity().unwrap().0 >= 5_000 * unit);
    shards.all[2].observe();
    assert_eq!(shards.halts(), 0, "the limits on losses leave it room as well");
}

#[test]
fn a_transfer_moves_the_floors_with_the_money() {
    let mut shards = Shards::new();
    let (daily, drawdown) = shards.all[0].desk.account.floors();
    let before = shards.all[0].desk.account.day_start();
    let gift = Money(1_000 * 10i128.pow(8));
    shards.budget(0, gift, OF / 3);
    let account = &shards.all[0].desk.account;
    assert_eq!(account.day_start(), before + gift);
    assert_eq!(account.peak(), before + gift);
    let (daily_now, drawdown_now) = account.floors();
    assert!(
        daily_now > daily
            && daily_now < daily + gift
            && drawdown_now > drawdown
            && drawdown_now < drawdown + gift
    );
    assert_eq!(account.worst().ratio().0, 0, "it is no rise from which it could fall");
}
