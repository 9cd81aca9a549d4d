//! What a run was, in numbers: for people as text, for programs as JSON. Floats appear here and only here;
//! amounts of money are exact.

mod fused;
mod ratios;
mod text;

use crate::session::Finished;
use pinion_engine::plan::FeeCurrency;
use pinion_model::decimal::Scaled;
use pinion_model::instrument::{CurrencyId, InstrumentId};
use pinion_model::number::{Money, Ratio};
use pinion_plan::Plan;
use pinion_runtime::latency::Stage;
use ratios::ratios;
use serde_json::{Value, json};
use text::text;

/// The report.
pub struct Report {
    /// The JSON object.
    pub json: Value,
    text: String,
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
            "fees_by_currency": fees_by_currency(plan, &[done]),
            "fee_asset": fee_asset(plan),
            "win_rate": win_rate,
            "profit_factor": factor,
            "max_drawdown": ratio_f64(drawdown),
            "sharpe": ratios.sharpe,
            "sortino": ratios.sortino,
            "daily_returns": ratios.days,
            "positions": positions(plan, done),
            "book_gaps": inputs.book_gaps,
            "halts": halts(done),
            "stopped": done.stopped,
            "broken_lines": done.broken.iter().map(|(_, b)| b.count).sum::<u64>(),
            "decision_digest": done.kept.digest,
            "plan_hash": plan.hash.iter().map(|b| format!("{b:02x}")).collect::<String>(),
            "journal": journal,
            "journal_head": done.kept.head.map(|h| h.chain.iter().map(|b| format!("{b:02x}")).collect::<String>()),
            "journal_records": done.kept.head.map_or(0, |h| h.records),
            "journal_stalls": done.kept.stalls,
            "load_seconds": done.load.as_secs_f64(),
            "run_seconds": done.run.as_secs_f64(),
            "load_cpu_seconds": done.load_cpu.as_secs_f64(),
            "run_cpu_seconds": done.run_cpu.as_secs_f64(),
            "cpu_seconds": cpu_seconds(),
            "pinned": done.pinned,
            "hot_allocations": pinion_runtime::memory::hot_allocations(),
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

pub(super) fn fees_in_base(plan: &Plan, done: &Finished) -> Money {
    let portfolio = done.engine.portfolio();
    let ids = (0..plan.engine.currencies.len() as u16).map(CurrencyId);
    ids.fold(Money::ZERO, |sum, id| sum + portfolio.to_base_floor(id, portfolio.fees(id)).unwrap_or_default())
}

/// Fees in the currencies that they were taken in.
fn fees_by_currency(plan: &Plan, done: &[&Finished]) -> Value {
    let fees =
        |id| done.iter().fold(Money::ZERO, |sum, run| sum + run.engine.portfolio().fees(CurrencyId(id)));
    let all = plan.engine.currencies.iter().zip(0..).map(|(c, id)| (c, fees(id)));
    let shown = |m: Money, scale| Scaled { value: m.0, exponent: scale }.to_string();
    let taken = all.filter(|(_, fees)| *fees != Money::ZERO);
    taken
        .map(|(c, fees)| (c.code.clone(), json!(shown(fees, c.scale))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The third asset in which the plan wants fees to be taken.
fn fee_asset(plan: &Plan) -> Option<&str> {
    plan.engine.fees.iter().find_map(|fees| match fees.charged_in {
        FeeCurrency::Asset(id) => Some(plan.engine.currencies[id.index()].code.as_str()),
        FeeCurrency::Settle | FeeCurrency::Received => None,
    })
}

fn refusals(by: &[u64]) -> Value {
    use pinion_engine::risk::checks::Check;
    let counted = Check::ALL.iter().filter(|c| by[**c as usize] > 0);
    counted.map(|c| (c.label().to_string(), json!(by[*c as usize]))).collect::<serde_json::Map<_, _>>().into()
}

/// What is open at the end.
fn positions(plan: &Plan, done: &Finished) -> Value {
    let portfolio = done.engine.portfolio();
    let open = plan.engine.instruments.iter().enumerate().filter_map(|(at, i)| {
        let id = InstrumentId(at as u32);
        let position = portfolio.position(id);
        if position.qty.is_zero() {
            return None;
        }
        let mark = portfolio.mark(id).closing(position.qty);
        let settle = portfolio.currency(i.settle);
        let price = |value: i64| Scaled { value: value.into(), exponent: i.price_exponent }.to_string();
        let unrealised = Scaled { value: position.unrealised(i, mark).0, exponent: settle.scale };
        Some(json!({
            "symbol": i.symbol,
            "dust": i.lot_floor(position.qty.abs()).is_zero(),
            "quantity": Scaled { value: position.qty.0.into(), exponent: i.qty_exponent }.to_string(),
            "average_price": price(position.average_price_floor(i).0),
            "mark": price(mark.0),
            "unrealised": unrealised.to_string(),
            "currency": settle.code,
        }))
    });
    open.collect()
}

/// What stopped entries before the run ended; the end stops them as well.
fn halts(done: &Finished) -> Value {
    let (_, daily_loss, drawdown) = done.engine.halts();
    json!({
        "ended": true,
        "level": (done.level > 0).then_some(done.level),
        "daily_loss": daily_loss,
        "drawdown": drawdown,
    })
}

/// Figures of the stages; those of a stage that was never timed are null.
fn latency(done: &Finished) -> Value {
    let stages = Stage::ALL.iter().map(|stage| {
        let f = done.latency.figures(*stage, done.ns_per_tick);
        let timed = |ns: f64| (f.count > 0).then_some(ns);
        let figures = json!({
            "count": f.count,
            "p50": timed(f.p50),
            "p99": timed(f.p99),
            "p999": timed(f.p999),
            "max": timed(f.max),
        });
        (stage.label().replace(' ', "_"), figures)
    });
    stages.collect::<serde_json::Map<_, _>>().into()
}
