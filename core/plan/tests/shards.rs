//! Shards: what contradicts itself in how instruments are divided, and what a shard's plan is made of.

mod marked;

use marked::{found, is_one};
use pinion_model::number::Money;
use pinion_plan::{Plan, Severity, compile, from_canonical, read};
use std::path::Path;

const FOUR: &str = "\
instruments:
  - {symbol: BTCUSDT, tick: 0.01, lot: 0.001}
  - {symbol: ETHUSDT, tick: 0.01, lot: 0.001}
  - {symbol: SOLUSDT, tick: 0.01, lot: 0.001}
  - {symbol: ETHBTC, tick: 0.00001, lot: 0.001}
strategy: {entry_mixins: [RSIOrBB], exit_mixins: [ATR], timeframe: 1m, bars: trades}
broker: {cash: 100.01, currency: USDT}
";

fn with(more: &str) -> String {
    format!("{FOUR}{more}")
}

fn wrong(more: &str, want: &str) {
    is_one(Severity::Error, &with(more), want);
}

fn plan(more: &str) -> Plan {
    let (config, mut found) = read("c.yaml", &with(more), Path::new(".")).unwrap_or_else(|e| panic!("{e}"));
    compile(&config, &[], &mut found).unwrap_or_else(|e| panic!("{e}"))
}

fn symbols(plan: &Plan) -> Vec<&str> {
    plan.engine.instruments.iter().map(|i| i.symbol.as_str()).collect()
}

#[test]
fn every_instrument_is_in_one_shard_and_every_shard_has_one() {
    let lists = |shards: &str| format!("runtime: {{layout: fused, shards: {shards}}}\n");
    let all = "[BTCUSDT, ETHUSDT], [SOLUSDT, ETHBTC]";
    assert!(found(&with(&lists(&format!("[{all}]")))).found.is_empty());
    wrong(
        &lists("[[BTCUSDT, ETHUSDT], [SOLUSDT, ETHBTC, §BTCUSDT]]"),
        "BTCUSDT is in shard 0 and in shard 1",
    );
    wrong(&lists("[[BTCUSDT, ETHUSDT, §BTCUSDT], [SOLUSDT, ETHBTC]]"), "given twice");
    wrong(&lists("§[[BTCUSDT], [SOLUSDT]]"), "ETHUSDT, ETHBTC is in no shard");
    wrong(&lists(&format!("[{all}, [§DOGEUSDT]]")), "there is no instrument `DOGEUSDT`");
    wrong(&lists(&format!("[{all}, §[]]")), "`shards` names nothing");
    wrong(&lists("§[]"), "`shards` names nothing");
    wrong(&lists("[§BTCUSDT, [ETHUSDT, SOLUSDT, ETHBTC]]"), "must be a list");
    wrong(&lists("§5"), "5 shards for 4 instruments");
    wrong(&lists("§0"), "outside 1 to 64");
    wrong(&lists("§two"), "must be a whole number");
    wrong(&lists("§{a: [BTCUSDT]}"), "must be a list");
}

#[test]
fn instruments_of_a_group_share_a_shard() {
    let groups = "risk_management: {position_concentration: 0.3, groups: {majors: [BTCUSDT, SOLUSDT]}}\n";
    let cut = "runtime: {layout: fused, shards: §[[BTCUSDT, ETHUSDT], [SOLUSDT, ETHBTC]]}\n";
    wrong(&format!("{groups}{cut}"), "the group `majors` is cut in two: shard 0 and shard 1");
    wrong(&format!("{groups}runtime: {{layout: fused, shards: §4}}\n"), "make only 3 parts");
    let dealt = plan(&format!("{groups}runtime: {{layout: fused, shards: 3}}\n"));
    let shards = dealt.shards.as_ref().unwrap();
    assert_eq!(shards.all[0].instruments, ["BTCUSDT", "SOLUSDT"]);
    assert_eq!(shards.all[1].instruments, ["ETHUSDT"]);
}

#[test]
fn keys_that_need_shards_or_each_other_say_so() {
    wrong("runtime: {shard: §0}\n", "`shard` needs `shards`");
    wrong("runtime: {rebalance_ms: §1000}\n", "`rebalance_ms` needs `shards`");
    wrong("runtime: {hot_cores: §[1]}\n", "`hot_cores` needs `shards`");
    let fused = |more: &str| format!("runtime: {{layout: fused, shards: 2, {more}}}\n");
    wrong(&fused("shard: §2"), "there is no shard 2");
    wrong(&fused("hot_cores: §[1]"), "1 `hot_cores` for 2 shards");
    wrong(&fused("hot_cores: §[1, 1]"), "two shards are to run on core 1");
    wrong(&fused("cold_core: 1, hot_cores: §[0, 1]"), "a hot and the cold thread are to run on core 1");
    wrong(&fused("hot_core: §0"), "several hot threads");
    wrong(&fused("hot_cores: [0, §x]"), "must be a whole number");
    wrong(&fused("rebalance_ms: §0"), "outside 1 to");
    wrong(&fused("rebalance_ms: §often"), "must be a whole number");
    wrong(&fused("max_open_orders: §16"), "leaves 8 for each of 2 shards");
    assert!(found(&with(&fused("rebalance_ms: off"))).found.is_empty());
    let rate = "risk_management: {max_orders_per_second: §1}\n";
    wrong(&format!("{rate}{}", fused("rebalance_ms: off")), "leave none for each of 2 shards");
    let unused = "runtime: {layout: solo, shards: §2}\n";
    is_one(Severity::Warning, &with(unused), "has no effect in layout `solo`");
}

#[test]
fn a_shard_watches_the_rates_that_it_needs_and_trades_only_its_own() {
    let whole = plan("runtime: {layout: fused, shards: [[ETHBTC, SOLUSDT], [BTCUSDT, ETHUSDT]]}\n");
    assert_eq!(symbols(&whole).len(), 4);
    let one = whole.for_shard(0).unwrap();
    assert_eq!(symbols(&one), ["BTCUSDT", "ETHUSDT", "SOLUSDT", "ETHBTC"], "what ETH and BTC are worth");
    let traded: Vec<usize> = one.engine.strategies[0].instruments.iter().map(|id| id.index()).collect();
    assert_eq!(traded, [2, 3]);
    let shard = &whole.shards.as_ref().unwrap().all[0];
    assert_eq!(shard.watched, ["BTCUSDT", "ETHUSDT"]);
    let other = whole.for_shard(1).unwrap();
    assert_eq!(symbols(&other), ["BTCUSDT", "ETHUSDT"]);
    // Currencies have one number and one scale in every shard.
    assert_eq!(one.engine.currencies, whole.engine.currencies);
    assert_eq!(other.engine.currencies, whole.engine.currencies);
}

#[test]
fn a_shards_plan_comes_back_from_its_text_and_opens_with_its_part() {
    let whole = plan("runtime: {layout: fused, shards: 3, rebalance_ms: 250, max_open_orders: 100}\n");
    let base = whole.engine.base_currency;
    let mut sum = Money::ZERO;
    for k in 0..3 {
        let one = whole.for_shard(k).unwrap();
        assert!(one.canonical.contains(&format!("  shard: {k}\n")), "{}", one.canonical);
        let again = from_canonical(&one.canonical).unwrap();
        assert_eq!((&again.engine, again.hash, again.shard()), (&one.engine, one.hash, Some(k)));
        assert!(one.engine.balances.iter().all(|b| b.is_zero()), "the first input brings the money");
        assert_eq!(one.engine.max_open_orders, 33);
        let opening = one.opening_budgets();
        assert_eq!(opening.len(), 1);
        assert_eq!((opening[0].parts, opening[0].of, opening[0].currency), (1, 3, base.0));
        assert_eq!(one.venue().balances[base.index()], opening[0].delta);
        sum += opening[0].delta;
    }
    assert_eq!(sum, whole.engine.balances[base.index()]);
    assert!(whole.opening_budgets().is_empty());
    assert!(whole.for_shard(3).unwrap_err().to_string().contains("there is no shard 3"));
    assert_ne!(whole.for_shard(0).unwrap().hash, whole.for_shard(1).unwrap().hash);
}

#[test]
fn a_plan_without_shards_has_the_text_that_it_had() {
    for more in ["", "runtime: {layout: solo}\n"] {
        let text = plan(more).canonical;
        assert!(
            !text.contains("shard") && !text.contains("rebalance") && !text.contains("hot_cores"),
            "{text}"
        );
    }
}
