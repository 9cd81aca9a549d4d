//! `journal why` of orders whose reasons are a user's condition, a vote, and the protection of a position.

use pinion_tests::{ok, project_root};
use serde_json::Value;
use std::path::Path;

const CONFIG: &str = "\
instruments: [{symbol: BTCUSDT, tick: 0.01, lot: 0.00001}]
strategy:
  timeframe: 1s
  combine_entries: {vote: {at_least: 1}}
  combine_exits: {vote: {at_least: 1}}
  entry_mixins:
    - {name: Expression, weight: 0.5, parameters: {when: 'close < ema(20) and close[1] > low'}}
    - {name: RSIOrBB, weight: 0.6, parameters: {cooldown_bars: 5}}
    - {name: Expression, weight: 0.1, parameters: {when: 'volume > 1000000'}}
  exit_mixins:
    - {name: TimeBased, weight: 0.1, parameters: {max_bars: 100000}}
    - {name: FixedRatio, weight: 1, parameters: {stop_loss_pct: 0.0005, risk_reward: 2, intrabar: true}}
    - {name: Expression, weight: 1, parameters: {when: 'bars_held >= 3 and highest(high, 5)[1] > entry_price'}}
  position_size: 0.1
broker: {cash: 100000}
";

fn orders(dir: &Path) -> Vec<Value> {
    let shown = ok(&["journal", "cat", dir.to_str().unwrap(), "--kind", "order", "--json"]);
    shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn why(order: &Value, dir: &Path) -> Value {
    let number = order["order"].to_string();
    serde_json::from_str(&ok(&["journal", "why", &number, dir.to_str().unwrap(), "--json"])).unwrap()
}

/// Every value that the rules noted, of all records together.
fn seen(why: &Value) -> serde_json::Map<String, Value> {
    let records = why["what_it_saw"].as_array().unwrap().iter();
    records.flat_map(|r| r.as_object().unwrap().clone()).collect()
}

fn number(seen: &serde_json::Map<String, Value>, key: &str) -> f64 {
    let text = seen.get(key).unwrap_or_else(|| panic!("{key} is missing from {seen:?}"));
    text.as_str().unwrap().parse().unwrap()
}

#[test]
fn conditions_votes_and_protection_are_explained_with_what_they_saw() {
    let tmp = tempfile::tempdir().unwrap();
    let config = tmp.path().join("c.yaml");
    let data = project_root().join("examples/data/binance_spot_20250325.capture.gz");
    std::fs::write(&config, format!("{CONFIG}data: {{files: [{}]}}\n", data.display())).unwrap();
    let dir = tmp.path().join("j");
    ok(&["backtest", config.to_str().unwrap(), "--journal", dir.to_str().unwrap()]);
    let orders = orders(&dir);
    let by =
        |reason: &str| orders.iter().find(|o| o["reason"] == reason).unwrap_or_else(|| panic!("no {reason}"));

    let entry = why(by("entry"), &dir);
    let saw = seen(&entry);
    assert_eq!((&saw["voters"], &saw["votes"]), (&"Expression + RSIOrBB".into(), &"1.1".into()));
    assert!(entry["rules"].as_str().unwrap().contains("RSIOrBB 0.6, Expression 0.1: a vote of at least 1"));
    assert!(
        number(&saw, "close") < number(&saw, "EMA(20)") && number(&saw, "close[1]") > number(&saw, "low")
    );

    let stop = why(by("stop_loss"), &dir);
    let saw = seen(&stop);
    assert_eq!(stop["the_rule_fired"][0]["rule"], "FixedRatio");
    assert!(number(&saw, "stop") < number(&saw, "entry") && number(&saw, "entry") < number(&saw, "target"));
    let target = why(by("take_profit"), &dir);
    assert_eq!(target["the_rule_fired"][0]["rule"], "FixedRatio", "the rule whose target it is");
    assert!(number(&seen(&target), "target") > 0.0);

    let exit = why(by("condition"), &dir);
    let saw = seen(&exit);
    assert_eq!(exit["condition"], "bars_held >= 3 and highest(high, 5)[1] > entry_price");
    assert_eq!((&saw["voters"], &saw["votes"]), (&"Expression".into(), &"1".into()));
    assert!(number(&saw, "bars_held") >= 3.0);
    assert!(number(&saw, "highest(high[1], 5)") > number(&saw, "entry_price"), "{saw:?}");
    ok(&["replay", dir.to_str().unwrap()]);
}

#[test]
fn the_report_tells_of_fees_that_their_asset_did_not_pay_and_of_dust() {
    let tmp = tempfile::tempdir().unwrap();
    let data = project_root().join("examples/data/binance_spot_20250325.capture.gz");
    let run = |lot: &str, broker: &str| {
        let config = tmp.path().join("c.yaml");
        let text = format!(
            "instruments: [{{symbol: BTCUSDT, tick: 0.01, lot: {lot}}}, {{symbol: SOLUSDT, tick: 0.01, lot: 0.001}}]\n\
             strategy:\n  timeframe: 1s\n  instruments: [BTCUSDT]\n  entry_mixins: [RSIOrBB]\n  \
             exit_mixins: [AdvancedATR]\n  position_size: 0.1\n\
             broker: {{cash: 100000, currency: USDT, commission_rate: 0.001, {broker}}}\ndata: {{files: [{}]}}\n",
            data.display()
        );
        std::fs::write(&config, text).unwrap();
        ok(&["backtest", config.to_str().unwrap()])
    };
    let shown = run("0.00001", "fee_currency: SOL, balances: {SOL: 0.2}");
    assert!(shown.contains(" USDT were not taken in SOL: its balance did not last"), "{shown}");
    let shown = run("0.00001", "fee_currency: SOL, balances: {SOL: 100}");
    assert!(!shown.contains("were not taken"), "{shown}");
    let shown = run("0.001", "fee_currency: received");
    assert!(shown.contains("  dust BTCUSDT 0.000") && !shown.contains("  open "), "{shown}");
}
