//! The compiled plan in words: what will be traded, under which limits, on which threads, in how much
//! memory.

use crate::compile::Plan;
use crate::machine::Machine;
use crate::paper::Slippage;
use crate::runtime::{Agent, JournalConfig, Layout, LockMemory};
use crate::shards;
use crate::timeframe::millis;
use crate::values::value_text;
use pinion_engine::plan::{BarCut, BarSource, Combine, Direction, Sizing};
use pinion_engine::rules::catalog::find;
use pinion_engine::rules::params::{RuleKind, RuleSpec};
use pinion_model::decimal::Scaled;
use pinion_model::number::{Money, Ratio};
use serde::Serialize;
use std::fmt;

/// Sections of lines; printed as they are, or as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// Hash of the canonical text.
    pub plan_hash: String,
    /// Titles with their rows of name and value.
    pub sections: Vec<Section>,
}

/// One section.
#[derive(Clone, Debug, Serialize)]
pub struct Section {
    /// What it is about.
    pub title: String,
    /// Name and value.
    pub rows: Vec<(String, String)>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for section in &self.sections {
            writeln!(f, "{}", section.title)?;
            let width = section.rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
            for (name, value) in &section.rows {
                writeln!(f, "  {name:width$}  {value}")?;
            }
        }
        writeln!(f, "plan {}", self.plan_hash)
    }
}

/// Explains a plan for a machine.
pub fn explain(plan: &Plan, machine: &Machine) -> Explanation {
    let mut sections = vec![
        instruments(plan),
        strategies(plan),
        limits(plan),
        paper(plan),
        threads(plan, machine),
        memory(plan),
    ];
    sections.extend(shards::explain(plan, machine));
    let plan_hash = plan.hash.iter().map(|b| format!("{b:02x}")).collect();
    Explanation { plan_hash, sections }
}

pub(crate) fn section(title: &str, rows: Vec<(String, String)>) -> Section {
    Section { title: title.into(), rows }
}

pub(crate) fn row(name: impl Into<String>, value: impl Into<String>) -> (String, String) {
    (name.into(), value.into())
}

fn instruments(plan: &Plan) -> Section {
    let e = &plan.engine;
    let rows = e.instruments.iter().zip(&e.fees).map(|(i, fee)| {
        let settle = &e.currencies[i.settle.index()];
        let tick = i.ticks[0].bands[0].tick;
        let value = format!(
            "{} {}, prices in 10^-{}, tick {} ({tick} units), lot {} ({} units), minimum notional {} {}, fees {} maker {} taker",
            i.venue,
            i.kind,
            i.price_exponent,
            Scaled { value: tick.into(), exponent: i.price_exponent },
            Scaled { value: i.lot.into(), exponent: i.qty_exponent },
            i.lot,
            Scaled { value: i.min_notional.0, exponent: settle.scale },
            settle.code,
            fee.maker.to_decimal(),
            fee.taker.to_decimal(),
        );
        row(&i.symbol, value)
    });
    section("instruments", rows.collect())
}

fn cut_text(cut: BarCut) -> String {
    match cut {
        BarCut::Time { interval_ns } => format!("{} s bars", interval_ns as f64 / 1e9),
        BarCut::Ticks { count } => format!("{count}-tick bars"),
        BarCut::Volume { qty } => format!("volume bars of {} units", qty.0),
    }
}

fn side_text(direction: Direction) -> &'static str {
    match direction {
        Direction::Long => "long",
        Direction::Short => "short",
        Direction::Both => "long and short",
    }
}

fn source_text(source: BarSource) -> &'static str {
    match source {
        BarSource::Trades => "trades",
        BarSource::Mid => "the middle of the quotes",
        BarSource::Bid => "bids",
        BarSource::Ask => "offers",
    }
}

fn rule_text(kind: RuleKind, spec: &RuleSpec, combine: Combine) -> String {
    let def = find(kind, &spec.rule);
    let names = def.map_or(&[][..], |d| d.params).iter().zip(&spec.values);
    let shown = names.map(|(def, value)| format!("{}={}", def.name, value_text(def, value)));
    let weight = match combine {
        Combine::Vote { .. } => format!(" weight {}", spec.weight.to_decimal()),
        Combine::All | Combine::Any => String::new(),
    };
    let bars = spec.bars.map_or(String::new(), |bars| format!(" on {}", cut_text(bars.cut)));
    format!("{}({}){bars}{weight}", spec.rule, shown.collect::<Vec<_>>().join(", "))
}

fn combine_text(combine: Combine) -> String {
    match combine {
        Combine::All => "all on one bar".into(),
        Combine::Any => "any".into(),
        Combine::Vote { at_least } => format!("a vote of at least {}", at_least.to_decimal()),
    }
}

fn strategies(plan: &Plan) -> Section {
    let mut rows = Vec::new();
    for s in &plan.engine.strategies {
        let symbols: Vec<&str> =
            s.instruments.iter().map(|i| plan.engine.instruments[i.index()].symbol.as_str()).collect();
        rows.push(row(
            &s.name,
            format!(
                "{} on {} from {}, {}",
                side_text(s.direction),
                cut_text(s.bars.cut),
                source_text(s.bars.source),
                symbols.join(" ")
            ),
        ));
        let size = match s.sizing {
            Sizing::Fraction(f) => format!("{} of equity", f.to_decimal()),
            Sizing::Quantity(q) => format!("quantity {q}"),
            Sizing::Notional(n) => format!("notional {n}"),
        };
        rows.push(row("  size", size));
        let lists = [
            ("  entry", RuleKind::Entry, &s.entries, s.combine_entries),
            ("  exit", RuleKind::Exit, &s.exits, s.combine_exits),
        ];
        for (name, kind, rules, combine) in lists {
            rules.iter().for_each(|r| rows.push(row(name, rule_text(kind, r, combine))));
            if rules.len() > 1 {
                rows.push(row("    together", combine_text(combine)));
            }
        }
    }
    section("strategies", rows)
}

fn limits(plan: &Plan) -> Section {
    let e = &plan.engine;
    let l = &e.risk;
    let base = &e.currencies[e.base_currency.index()];
    let equity = e.balances[e.base_currency.index()];
    let mut rows = Vec::new();
    let money = |m: Money| format!("{} {}", Scaled { value: m.0, exponent: base.scale }, base.code);
    let fractions: [(&str, Option<Ratio>); 6] = [
        ("max_position_size", l.max_position_size),
        ("risk_per_trade", l.risk_per_trade),
        ("position_concentration", l.position_concentration),
        ("leverage_limit", l.leverage_limit),
        ("max_daily_loss", l.max_daily_loss),
        ("max_drawdown", l.max_drawdown),
    ];
    for (name, limit) in fractions {
        let text = limit.map_or("off".into(), |r| {
            format!("{} of equity, {} at the start", r.to_decimal(), money(equity.mul_floor(r)))
        });
        rows.push(row(name, text));
    }
    if let (Some(limit), Some(i)) = (l.max_position_size, e.instruments.first()) {
        let whole = Scaled { value: i.lot.into(), exponent: i.qty_exponent };
        rows.push(row(
            "  in lots",
            format!("equity x {} / price, in lots of {whole} {}", limit.to_decimal(), i.symbol),
        ));
    }
    rows.push(row("max_gross_exposure", l.max_gross_exposure.map_or("off".into(), money)));
    rows.push(row("max_net_exposure", l.max_net_exposure.map_or("off".into(), money)));
    rows.push(row("price_collar", l.price_collar.map_or("off".into(), |r| r.to_decimal().to_string())));
    rows.push(row("order rate", l.order_rate.map_or("off".into(), |n| format!("{n} a second"))));
    let ms = |ns: Option<i64>| ns.map_or("off".into(), |ns| format!("{} ms", millis(ns)));
    rows.push(row("duplicate window", ms(l.duplicate_window_ns)));
    rows.push(row("stale after", ms(l.stale_after_ns)));
    rows.push(row("stop required", l.stop_loss_required.to_string()));
    section("limits", rows)
}

fn paper(plan: &Plan) -> Section {
    let p = &plan.paper;
    let mut rows = vec![row(
        "mode",
        if p.basic { "basic: at once and exactly; on bars at the next open" } else { "realistic" },
    )];
    if !p.basic {
        rows.push(row(
            "slippage",
            format!("{}, base {}", Slippage::ALL[p.slippage as usize].1, p.base_slippage.to_decimal()),
        ));
        rows.push(row("impact per 100,000", p.impact.to_decimal().to_string()));
        rows.push(row("latency", format!("{} to {} ms", millis(p.min_latency_ns), millis(p.max_latency_ns))));
        rows.push(row("partial fills", p.partial_probability.to_decimal().to_string()));
        rows.push(row("rejections", p.reject_probability.to_decimal().to_string()));
    }
    rows.push(row("seed", p.seed.to_string()));
    section("paper venue", rows)
}

fn threads(plan: &Plan, machine: &Machine) -> Section {
    let r = &plan.runtime;
    let mut rows = vec![row("layout", r.layout.label())];
    if r.layout == Layout::Invoker {
        rows.push(row("everything", "the caller's thread"));
    }
    for &agent in r.layout.threads() {
        let (idle, why) = r.idle_of(agent, machine);
        let work = if r.layout == Layout::Solo { "everything" } else { agent.work() };
        let value = if r.layout == Layout::Fused && agent == Agent::Hot {
            "one for each shard; where they run is told there".into()
        } else {
            format!("{}, {}: {why}", machine.core_text(r.agent(agent).core), idle.label())
        };
        rows.push(row(format!("{}: {work}", agent.label()), value));
    }
    for ring in plan.rings() {
        rows.push(row(
            format!("ring {} to {}", ring.from.label(), ring.to.label()),
            format!(
                "{} {}, {} KiB; full: {}",
                ring.depth,
                ring.items,
                ring.bytes.div_ceil(1024),
                ring.when_full
            ),
        ));
    }
    section("threads", rows)
}

fn lock_text(plan: &Plan) -> &'static str {
    match (plan.runtime.lock_memory, plan.locks_memory()) {
        (LockMemory::On, _) => "yes, in huge pages where the host has them; a host that refuses ends the run",
        (LockMemory::Auto, true) => {
            "yes, in huge pages where the host has them; a host that refuses is named"
        }
        (LockMemory::Auto, false) => "no: the hot thread owns no core",
        (LockMemory::Off, _) => "no, as configured",
    }
}

fn memory(plan: &Plan) -> Section {
    let e = &plan.engine;
    let books = e.instruments.len() * e.book_levels as usize * 2 * 16;
    let orders = e.max_open_orders as usize * 144;
    // The books and the order table are divided among shards, rings and journals are each shard's own.
    let shards = plan.side_by_side();
    let rings = shards * plan.rings().iter().map(|ring| ring.bytes).sum::<usize>();
    let segment = shards * (plan.journal.segment_mb << 20);
    let kib = |bytes: usize| format!("{} KiB", bytes.div_ceil(1024));
    // 128 bytes for each input: at 100 events a second, a quiet instrument.
    let per_day = 128.0 * 100.0 * 86_400.0 / 1e9;
    let mut rows = vec![
        row("order books", kib(books)),
        row("order table", kib(orders)),
        row("rings", kib(rings)),
        row("journal segment, mapped", kib(segment)),
        row("locked", lock_text(plan)),
        row("old segments", old_segments(&plan.journal)),
        row("journal growth", format!("{per_day:.1} GB a day for every 100 inputs a second")),
    ];
    let level = plan.journal.explain(plan.runtime.layout, plan.journal_ring_depth());
    rows.extend(level.into_iter().map(|(name, value)| row(name, value)));
    section("memory and journal", rows)
}

/// What happens to a journal's segments while a run goes on.
fn old_segments(journal: &JournalConfig) -> String {
    let archived = match journal.archive_after_segments {
        0 => "never archived".to_string(),
        count => format!("archived but for the newest {count}"),
    };
    let kept = match journal.retain_segments {
        0 => "all kept".to_string(),
        count => format!("pruned to the newest {count} as far as readers and replay allow"),
    };
    format!("{archived}, {kept}")
}
