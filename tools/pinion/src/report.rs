//! What a run was, in numbers: for people as text, for programs as JSON. Floats appear here and only here;
//! amounts of money are exact.

use crate::session::Finished;
use pinion_model::decimal::Scaled;
use pinion_model::instrument::CurrencyId;
use pinion_model::number::{Money, Ratio, mul_div_floor};
use pinion_plan::Plan;
use pinion_runtime::latency::Stage;
use serde_json::{Value, json};
use std::fmt::Write;

/// Fewest daily returns from which a ratio says anything.
const FEWEST_DAYS: usize = 30;
const DAY_NS: f64 = 86_400e9;
const YEAR_DAYS: f64 = 365.0;

/// The report.
pub struct Report {
    /// The JSON object.
    pub json: Value,
    text: String,
}

/// Ratios of daily returns.
struct Ratios {
    days: usize,
    sharpe: Option<f64>,
    sortino: Option<f64>,
}

/// Sharpe and Sortino of equity at the end of each day, annualised by the mean distance of the days. The
/// risk-free rate is zero; Sortino's downside deviation is over all days.
fn ratios(daily: &[(i64, Money)]) -> Ratios {
    let returns: Vec<f64> = daily.windows(2).map(|w| w[1].1.0 as f64 / w[0].1.0 as f64 - 1.0).collect();
    let days = returns.len();
    if days < FEWEST_DAYS {
        return Ratios { days, sharpe: None, sortino: None };
    }
    let span = (daily[days].0 - daily[0].0) as f64 / DAY_NS;
    let per_year = (YEAR_DAYS * days as f64 / span).sqrt();
    let n = days as f64;
    let mean = returns.iter().sum::<f64>() / n;
    let variance = returns.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let downside = returns.iter().map(|r| r.min(0.0).powi(2)).sum::<f64>() / n;
    let over = |risk: f64| (risk > 0.0).then(|| mean / risk.sqrt() * per_year);
    Ratios { days, sharpe: over(variance), sortino: over(downside) }
}

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

/// Processor time of the process so far, seconds.
pub fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after.split_whitespace().skip(11).take(2).filter_map(|f| f.parse::<f64>().ok()).sum();
    // Linux counts in hundredths of a second on every platform that it supports.
    ticks / 100.0
}

impl Report {
    /// Of a finished run; `journal` names its directory.
    pub fn new(plan: &Plan, done: &Finished, journal: Option<&str>) -> Report {
        let engine = &done.engine;
        let base = engine.portfolio().currency(plan.engine.base_currency).clone();
        let show = |m: Money| Scaled { value: m.0, exponent: base.scale }.to_string();
        let opening = engine.opening_equity().unwrap_or_default();
        let last = done.curve.daily.last().map_or(opening, |(_, equity)| *equity);
        let equity = engine.equity().unwrap_or(last);
        let fees = fees_in_base(plan, done);
        let (mut trades, mut wins, mut losses, mut dust) = (0, 0, 0, 0);
        let (mut profit, mut loss) = (Money::ZERO, Money::ZERO);
        for (_, _, stats) in engine.trade_stats() {
            trades += stats.trades;
            wins += stats.wins;
            losses += stats.losses;
            dust += stats.dust;
            profit += stats.gross_profit;
            loss += stats.gross_loss;
        }
        let win_rate = (trades > 0).then(|| wins as f64 / trades as f64);
        let factor = (loss > Money::ZERO).then(|| profit.0 as f64 / loss.0 as f64);
        let ratios = ratios(&done.curve.daily);
        let (counters, inputs) = (engine.counters(), engine.inputs());
        let rate = inputs.events as f64 / done.run_cpu.as_secs_f64().max(1e-9);
        let drawdown = engine.max_drawdown();
        let refused = refusals(&counters.refused_by);
        let (level, daily_halt, drawdown_halt) = engine.halts();
        let json = json!({
            "name": plan.name,
            "layout": plan.runtime.layout.label(),
            "events": inputs.events,
            "bars": inputs.bars,
            "late": engine.late(),
            "intents": counters.intents,
            "refused": counters.refused,
            "refused_by": refused,
            "orders": counters.orders,
            "rejected": counters.rejected,
            "fills": counters.fills,
            "trades": trades,
            "wins": wins,
            "losses": losses,
            "dust": dust,
            "open_orders": engine.open_orders(),
            "anomalies": counters.anomalies,
            "currency": base.code,
            "initial_equity": show(opening),
            "final_equity": show(equity),
            "net_pnl": show(equity - opening),
            "fees": show(fees),
            "win_rate": win_rate,
            "profit_factor": factor,
            "max_drawdown": ratio_f64(drawdown),
            "sharpe": ratios.sharpe,
            "sortino": ratios.sortino,
            "daily_returns": ratios.days,
            "halts": { "level": level, "daily_loss": daily_halt, "drawdown": drawdown_halt },
            "stopped": done.stopped,
            "broken_lines": done.broken.iter().map(|(_, b)| b.count).sum::<u64>(),
            "decision_digest": done.kept.digest,
            "plan_hash": plan.hash.iter().map(|b| format!("{b:02x}")).collect::<String>(),
            "journal": journal,
            "journal_head": done.kept.head.map(|h| h.chain.iter().map(|b| format!("{b:02x}")).collect::<String>()),
            "journal_records": done.kept.head.map_or(0, |h| h.records),
            "load_seconds": done.load.as_secs_f64(),
            "run_seconds": done.run.as_secs_f64(),
            "load_cpu_seconds": done.load_cpu.as_secs_f64(),
            "run_cpu_seconds": done.run_cpu.as_secs_f64(),
            "cpu_seconds": cpu_seconds(),
            "pinned": done.pinned,
            "events_per_second": rate,
            "latency_ns": latency(done),
        });
        let text = text(&json, &done.curve.line, &base.code);
        Report { json, text }
    }

    /// For people.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn ratio_f64(ratio: Ratio) -> f64 {
    ratio.0 as f64 / Ratio::SCALE as f64
}

fn fees_in_base(plan: &Plan, done: &Finished) -> Money {
    let portfolio = done.engine.portfolio();
    let ids = (0..plan.engine.currencies.len() as u16).map(CurrencyId);
    ids.fold(Money::ZERO, |sum, id| sum + portfolio.to_base_floor(id, portfolio.fees(id)).unwrap_or_default())
}

fn refusals(by: &[u64]) -> Value {
    use pinion_engine::risk::checks::Check;
    let counted = Check::ALL.iter().filter(|c| by[**c as usize] > 0);
    counted.map(|c| (c.label().to_string(), json!(by[*c as usize]))).collect::<serde_json::Map<_, _>>().into()
}

fn latency(done: &Finished) -> Value {
    let stages = Stage::ALL.iter().map(|stage| {
        let f = done.latency.figures(*stage, done.ns_per_tick);
        let figures = json!({ "count": f.count, "p50": f.p50, "p99": f.p99, "p999": f.p999, "max": f.max });
        (stage.label().replace(' ', "_"), figures)
    });
    stages.collect::<serde_json::Map<_, _>>().into()
}

fn or_na(value: &Value, digits: usize, days: &Value) -> String {
    value
        .as_f64()
        .map_or(format!("n/a ({days} daily returns, {FEWEST_DAYS} needed)"), |v| format!("{v:.digits$}"))
}

fn text(j: &Value, line: &[Money], code: &str) -> String {
    let mut t = String::new();
    let s = |key: &str| j[key].as_str().unwrap_or("n/a").to_string();
    let money = |key: &str| {
        let value = s(key);
        let cut = value.find('.').map_or(value.len(), |p| (p + 3).min(value.len()));
        format!("{} {code}", &value[..cut])
    };
    let percent = |key: &str| j[key].as_f64().map_or("n/a".to_string(), |v| format!("{:.2} %", 100.0 * v));
    let _ = writeln!(t, "{} ({})", s("name"), s("layout"));
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
    let _ = writeln!(
        t,
        "  max drawdown {}   Sharpe {}   Sortino {}",
        percent("max_drawdown"),
        or_na(&j["sharpe"], 2, &j["daily_returns"]),
        or_na(&j["sortino"], 2, &j["daily_returns"])
    );
    let _ = writeln!(t, "  equity {}", sparkline(line));
    let _ = writeln!(
        t,
        "\n  {:<16} {:>10} {:>10} {:>10} {:>10} {:>9}",
        "latency, ns", "p50", "p99", "p99.9", "max", "count"
    );
    for stage in Stage::ALL {
        let f = &j["latency_ns"][stage.label().replace(' ', "_")];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_need_thirty_days_and_use_the_real_interval() {
        let day = 86_400_000_000_000i64;
        let curve = |n: i64, step: i64| -> Vec<(i64, Money)> {
            (0..n).map(|i| (i * step, Money(1_000_000 + i128::from(i * 1000 + (i % 3) * 700)))).collect()
        };
        assert!(ratios(&curve(30, day)).sharpe.is_none());
        let daily = ratios(&curve(40, day)).sharpe.unwrap();
        let weekly = ratios(&curve(40, 7 * day)).sharpe.unwrap();
        assert!((daily / weekly - 7f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn the_sparkline_spans_low_to_high() {
        let line = sparkline(&[Money(1), Money(2), Money(3)]);
        assert!(line.starts_with('▁') && line.ends_with('█'), "{line}");
        assert_eq!(sparkline(&[Money(5)]).chars().count(), 1);
    }
}
