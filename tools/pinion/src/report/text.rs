//! The report for people.

use super::ratios::FEWEST_DAYS;
use pinion_model::number::{Money, mul_div_floor};
use pinion_runtime::latency::Stage;
use serde_json::Value;
use std::fmt::Write;

/// A line of blocks.
fn sparkline(values: &[Money]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let (Some(low), Some(high)) = (values.iter().min(), values.iter().max()) else { return String::new() };
    let width = values.len().min(64);
    let block = |v: Money| {
        let span = (*high - *low).0.max(1);
        BLOCKS[(mul_div_floor((v - *low).0, 7, span) as usize).min(7)]
    };
    (0..width)
        .map(|i| block(values[i * (values.len() - 1) / width.max(2).saturating_sub(1).max(1)]))
        .collect()
}

fn or_na(value: &Value, digits: usize, days: &Value) -> String {
    value
        .as_f64()
        .map_or(format!("n/a ({days} daily returns, {FEWEST_DAYS} needed)"), |v| format!("{v:.digits$}"))
}

/// The report's text, from its JSON object and a line of equity.
pub fn text(j: &Value, line: &[Money], code: &str) -> String {
    let mut t = account(j, line, code);
    let s = |key: &str| j[key].as_str().unwrap_or("n/a").to_string();
    t += &latency_table(j);
    let seconds = |key: &str| j[key].as_f64().unwrap_or(0.0);
    let _ = writeln!(
        t,
        "\n  {:.0} events a second of the hot thread's processor time; load {:.3} s, run {:.3} s, processor {:.2} s",
        seconds("events_per_second"),
        seconds("load_seconds"),
        seconds("run_seconds"),
        seconds("cpu_seconds")
    );
    let _ = writeln!(t, "  decision digest {}", s("decision_digest"));
    if j["journal_head"].is_string() {
        let _ = writeln!(
            t,
            "  journal {} ({} records, head {})",
            s("journal"),
            j["journal_records"],
            s("journal_head")
        );
    }
    t
}

/// What came of the account, from its JSON object and a line of equity.
pub fn account(j: &Value, line: &[Money], code: &str) -> String {
    let mut t = String::new();
    let s = |key: &str| j[key].as_str().unwrap_or("n/a").to_string();
    let money = |key: &str| {
        let value = s(key);
        let cut = value.find('.').map_or(value.len(), |p| (p + 3).min(value.len()));
        format!("{} {code}", &value[..cut])
    };
    let percent = |key: &str| j[key].as_f64().map_or("n/a".to_string(), |v| format!("{:.2} %", 100.0 * v));
    let interrupted = if j["stopped"] == true { ", interrupted before its data ended" } else { "" };
    let _ = writeln!(t, "{} ({}{interrupted})", s("name"), s("layout"));
    let _ = writeln!(
        t,
        "  events {}   bars {}   late {}   broken lines {}",
        j["events"], j["bars"], j["late"], j["broken_lines"]
    );
    let _ = writeln!(
        t,
        "  intents {}   refused {}   orders {}   rejected {}   fills {}",
        j["intents"], j["refused"], j["orders"], j["rejected"], j["fills"]
    );
    if j["book_gaps"].as_u64() > Some(0) {
        let _ = writeln!(t, "  order books lost their sequence {} times (gaps)", j["book_gaps"]);
    }
    if j["bars"] == 0 && j["events"].as_u64() > Some(0) {
        let _ =
            writeln!(t, "  no bar was made: the data has nothing that `bars` and `timeframe` make bars of");
    }
    let halts: Vec<&str> =
        ["daily_loss", "drawdown"].into_iter().filter(|halt| j["halts"][halt] == true).collect();
    if !halts.is_empty() {
        let _ = writeln!(t, "  entries halted by {}", halts.join(", ").replace('_', " "));
    }
    if let Some(refused) = j["refused_by"].as_object().filter(|r| !r.is_empty()) {
        let reasons: Vec<String> = refused.iter().map(|(k, v)| format!("{k} {v}")).collect();
        let _ = writeln!(t, "  refused by {}", reasons.join(", "));
    }
    let _ = writeln!(
        t,
        "  trades {}   win rate {}   profit factor {}",
        j["trades"],
        percent("win_rate"),
        j["profit_factor"].as_f64().map_or("n/a".into(), |v| format!("{v:.2}"))
    );
    let _ = writeln!(
        t,
        "  net P&L {}   fees {}   final equity {}",
        money("net_pnl"),
        money("fees"),
        money("final_equity")
    );
    t += &fees_elsewhere(j);
    let _ = writeln!(
        t,
        "  max drawdown {}   Sharpe {}   Sortino {}",
        percent("max_drawdown"),
        or_na(&j["sharpe"], 2, &j["daily_returns"]),
        or_na(&j["sortino"], 2, &j["daily_returns"])
    );
    let _ = writeln!(t, "  equity {}", sparkline(line));
    t += &open_positions(j);
    t
}

/// Fees that were not taken in the asset that the plan names, because too little of it was left.
fn fees_elsewhere(j: &Value) -> String {
    let (Some(asset), Some(fees)) = (j["fee_asset"].as_str(), j["fees_by_currency"].as_object()) else {
        return String::new();
    };
    let other = fees.iter().filter(|(code, _)| *code != asset);
    let other: Vec<String> =
        other.map(|(code, m)| format!("{} {code}", m.as_str().unwrap_or("n/a"))).collect();
    if other.is_empty() {
        return String::new();
    }
    format!("  fees of {} were not taken in {asset}: its balance did not last\n", other.join(", "))
}

/// What is open at the end, a line each; what is less than a lot can no longer be closed by an order.
fn open_positions(j: &Value) -> String {
    let mut t = String::new();
    for position in j["positions"].as_array().into_iter().flatten() {
        let s = |key: &str| position[key].as_str().unwrap_or("n/a");
        let is_dust = position["dust"] == true;
        let _ = writeln!(
            t,
            "  {} {} {} at {} (mark {}, unrealised {} {}{})",
            if is_dust { "dust" } else { "open" },
            s("symbol"),
            s("quantity"),
            s("average_price"),
            s("mark"),
            s("unrealised"),
            s("currency"),
            if is_dust { "; less than a lot" } else { "" }
        );
    }
    t
}

/// Times of the stages; where none of a stage was taken, the table says so.
fn latency_table(j: &Value) -> String {
    let mut t = format!(
        "\n  {:<16} {:>10} {:>10} {:>10} {:>10} {:>9}\n",
        "latency, ns", "p50", "p99", "p99.9", "max", "count"
    );
    let mut missing = false;
    for stage in Stage::ALL {
        let f = &j["latency_ns"][stage.label().replace(' ', "_")];
        missing |= f["count"] == 0;
        let n = |key: &str| f[key].as_f64().map_or("-".into(), |v| format!("{v:.0}"));
        let _ = writeln!(
            t,
            "  {:<16} {:>10} {:>10} {:>10} {:>10} {:>9}",
            stage.label(),
            n("p50"),
            n("p99"),
            n("p999"),
            n("max"),
            f["count"]
        );
    }
    if missing && j["orders"].as_u64() > Some(0) {
        let _ = writeln!(t, "  - not measured: without a journal only a sample of the inputs is timed");
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sparkline_spans_low_to_high() {
        let line = sparkline(&[Money(1), Money(2), Money(3)]);
        assert!(line.starts_with('▁') && line.ends_with('█'), "{line}");
        assert_eq!(sparkline(&[Money(5)]).chars().count(), 1);
    }

    #[test]
    fn it_says_what_is_open_what_was_lost_and_what_was_not_measured() {
        let position = serde_json::json!({
            "symbol": "BTCUSDT", "quantity": "0.5", "average_price": "100.00", "mark": "90.00",
            "unrealised": "-5.00", "currency": "USDT",
        });
        let stage = serde_json::json!({ "count": 0, "p50": null });
        let mut report = serde_json::json!({
            "fee_asset": "BNB", "fees_by_currency": { "BNB": "0.01", "USDT": "3.25" },
            "stopped": true, "book_gaps": 2, "positions": [position.clone(), position], "orders": 3,
            "halts": { "daily_loss": true, "drawdown": false },
            "latency_ns": { "input": { "count": 4, "p50": 30.0 }, "decide": stage, "check": stage, "send": stage, "input_to_order": stage },
        });
        report["positions"][1]["dust"] = true.into();
        let shown = text(&report, &[], "USDT");
        for part in [
            "fees of 3.25 USDT were not taken in BNB: its balance did not last",
            "dust BTCUSDT 0.5 at 100.00 (mark 90.00, unrealised -5.00 USDT; less than a lot)",
            "interrupted before its data ended",
            "lost their sequence 2 times",
            "entries halted by daily loss\n",
            "open BTCUSDT 0.5 at 100.00 (mark 90.00, unrealised -5.00 USDT)",
            "not measured: without a journal",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        report["stopped"] = false.into();
        report["orders"] = 0.into();
        report["fees_by_currency"] = serde_json::json!({ "BNB": "0.01" });
        let quiet = text(&report, &[], "USDT");
        assert!(!quiet.contains("interrupted") && !quiet.contains("not measured"), "{quiet}");
        assert!(!quiet.contains("not taken in"), "{quiet}");
    }
}
