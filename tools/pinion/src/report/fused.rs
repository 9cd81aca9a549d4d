//! The report of a fused run: the account as the sum of its shards, and a row for each of them.

use super::ratios::ratios;
use super::{Report, cpu_seconds, fees_in_base, ratio_f64};
use crate::session::fused::FusedFinished;
use pinion_model::decimal::Scaled;
use pinion_model::number::Money;
use pinion_plan::Plan;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// Counts that are added up.
const SUMS: [&str; 16] = [
    "events",
    "bars",
    "late",
    "intents",
    "refused",
    "orders",
    "rejected",
    "fills",
    "trades",
    "wins",
    "losses",
    "dust",
    "open_orders",
    "anomalies",
    "book_gaps",
    "broken_lines",
];
/// Times that are added up, seconds.
const SECONDS: [&str; 3] = ["load_cpu_seconds", "run_cpu_seconds", "load_seconds"];

impl Report {
    /// Of a fused run; `journal` names its directory.
    pub fn of_account(plan: &Plan, done: &FusedFinished, journal: Option<&str>) -> Report {
        let shards: Vec<Value> = done
            .shards
            .iter()
            .enumerate()
            .map(|(k, (plan, run))| {
                let dir = journal.map(|j| format!("{j}/shard-{k}"));
                let mut row = Report::new(plan, run, dir.as_deref()).json;
                row["shard"] = json!(k);
                row["instruments"] = json!(done.shards[k].0.shards.as_ref().map(|s| &s.all[k].instruments));
                row
            })
            .collect();
        let mut json = Map::new();
        let mut put = |key: &str, value: Value| json.insert(key.into(), value);
        put("name", json!(plan.name));
        put("layout", json!(plan.runtime.layout.label()));
        let all = |key: &str| shards.iter().map(|s| s[key].clone()).collect::<Vec<_>>();
        for key in SUMS {
            put(key, json!(all(key).iter().filter_map(Value::as_u64).sum::<u64>()));
        }
        for key in SECONDS {
            put(key, json!(all(key).iter().filter_map(Value::as_f64).sum::<f64>()));
        }
        money(plan, done, &mut put);
        put("refused_by", refused_by(&all("refused_by")));
        put(
            "positions",
            json!(all("positions").iter().flat_map(|p| p.as_array().cloned()).flatten().collect::<Vec<_>>()),
        );
        let any = |key: &str| shards.iter().any(|s| s["halts"][key] == true);
        let level = shards.iter().filter_map(|s| s["halts"]["level"].as_u64()).max();
        put(
            "halts",
            json!({ "ended": true, "level": level, "daily_loss": any("daily_loss"), "drawdown": any("drawdown") }),
        );
        put("stopped", json!(all("stopped").iter().any(|s| *s == true)));
        put("transfers", json!(done.transfers));
        put("decision_digest", json!(done.digest));
        put("plan_hash", json!(plan.hash.iter().map(|b| format!("{b:02x}")).collect::<String>()));
        put("journal", json!(journal));
        put("cpu_seconds", json!(cpu_seconds()));
        let run = all("run_seconds").iter().filter_map(Value::as_f64).fold(0.0, f64::max);
        put("run_seconds", json!(run));
        let events: u64 = all("events").iter().filter_map(Value::as_u64).sum();
        let cpu: f64 = all("run_cpu_seconds").iter().filter_map(Value::as_f64).sum();
        put("events_per_second", json!(events as f64 / cpu.max(1e-9)));
        let text = text(&Value::Object(json.clone()), &shards, done);
        json.insert("shards".into(), json!(shards));
        Report { json: Value::Object(json), text }
    }
}

/// Equity and what was made of it: exact sums over the shards, measured while they rested together.
fn money(plan: &Plan, done: &FusedFinished, put: &mut impl FnMut(&str, Value) -> Option<Value>) {
    let base = &plan.engine.currencies[plan.engine.base_currency.index()];
    let show = |m: Money| json!(Scaled { value: m.0, exponent: base.scale }.to_string());
    let (opening, last) = done.account.equities();
    let opening = opening.unwrap_or_default();
    let sum = |of: &dyn Fn(&(Plan, crate::session::Finished)) -> Option<Money>| {
        done.shards.iter().try_fold(Money::ZERO, |sum, shard| Some(sum + of(shard)?))
    };
    let equity = sum(&|(_, run)| run.engine.equity()).or(last).unwrap_or(opening);
    let fees = sum(&|(plan, run)| Some(fees_in_base(plan, run))).unwrap_or_default();
    put("currency", json!(base.code));
    put("initial_equity", show(opening));
    put("final_equity", show(equity));
    put("net_pnl", show(equity - opening));
    put("fees", show(fees));
    let stats =
        || done.shards.iter().flat_map(|(_, run)| run.engine.trade_stats().map(|(_, _, stats)| stats));
    let (profit, loss) = stats().fold((0, 0), |(p, l), s| (p + s.gross_profit.0, l + s.gross_loss.0));
    let (trades, wins) = stats().fold((0, 0), |(t, w), s| (t + s.trades, w + s.wins));
    put("win_rate", json!((trades > 0).then(|| wins as f64 / trades as f64)));
    put("profit_factor", json!((loss > 0).then(|| profit as f64 / loss as f64)));
    put("max_drawdown", json!(ratio_f64(done.account.max_drawdown())));
    let ratios = ratios(&done.account.curve.daily);
    put("sharpe", json!(ratios.sharpe));
    put("sortino", json!(ratios.sortino));
    put("daily_returns", json!(ratios.days));
}

/// Counts by check, added up.
fn refused_by(shards: &[Value]) -> Value {
    let mut sums = Map::new();
    for (check, count) in shards.iter().filter_map(Value::as_object).flatten() {
        let sum = sums.get(check).and_then(Value::as_u64).unwrap_or(0) + count.as_u64().unwrap_or(0);
        sums.insert(check.clone(), json!(sum));
    }
    Value::Object(sums)
}

fn text(account: &Value, shards: &[Value], done: &FusedFinished) -> String {
    let code = account["currency"].as_str().unwrap_or_default();
    let mut t = super::text::account(account, &done.account.curve.line, code);
    let _ = writeln!(
        t,
        "\n  {:<6} {:>9} {:>7} {:>7} {:>7} {:>16} {:>14}  instruments",
        "shard", "events", "orders", "fills", "trades", "final equity", "net P&L"
    );
    let cents = |value: &Value| {
        let value = value.as_str().unwrap_or("n/a");
        value[..value.find('.').map_or(value.len(), |p| (p + 3).min(value.len()))].to_string()
    };
    for row in shards {
        let symbols = row["instruments"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let n = |key: &str| row[key].to_string();
        let _ = writeln!(
            t,
            "  {:<6} {:>9} {:>7} {:>7} {:>7} {:>16} {:>14}  {}",
            n("shard"),
            n("events"),
            n("orders"),
            n("fills"),
            n("trades"),
            cents(&row["final_equity"]),
            cents(&row["net_pnl"]),
            symbols.collect::<Vec<_>>().join(" ")
        );
    }
    for row in shards {
        let _ = writeln!(
            t,
            "  decision digest of shard {} {}",
            row["shard"],
            row["decision_digest"].as_str().unwrap_or("n/a")
        );
    }
    let transfers = account["transfers"].as_u64().unwrap_or(0);
    if transfers > 0 {
        let _ = writeln!(t, "  {transfers} transfers of free cash between shards");
    }
    let _ = writeln!(
        t,
        "  decision digest {} (over those of the shards)",
        account["decision_digest"].as_str().unwrap_or("n/a")
    );
    if let Some(dir) = account["journal"].as_str() {
        let _ = writeln!(t, "  journals {dir}/shard-0 to {dir}/shard-{}", shards.len() - 1);
    }
    t
}
