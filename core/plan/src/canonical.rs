//! A resolved configuration as text with every value explicit. Reading it gives the same plan, so the
//! journal's copy is enough to run a recording again.

use crate::calendar::{clock_text, date};
use crate::config::*;
use crate::durability::Durability;
use crate::paper::{PaperPlan, Slippage};
use crate::runtime::{Agent, Idle, JournalConfig, Layout, RuntimeConfig};
use crate::shards::{Cut, ShardsConfig};
use crate::timeframe::{millis, timeframe_text};
use crate::values::value_text;
use pinion_engine::plan::{BarSource, Combine, Direction, FeeCurrency, Protection, Sizing};
use pinion_model::decimal::Decimal;
use pinion_model::number::Ratio;
use std::fmt::{Display, Write};

struct Text {
    out: String,
}

impl Text {
    fn line(&mut self, indent: usize, key: &str, value: impl Display) {
        let _ = writeln!(self.out, "{:indent$}{key}: {value}", "");
    }

    fn some(&mut self, indent: usize, key: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.line(indent, key, value);
        }
    }

    fn head(&mut self, indent: usize, text: &str) {
        let _ = writeln!(self.out, "{:indent$}{text}", "");
    }
}

/// Text in quotes.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.into()).to_string()
}

fn number(ratio: Ratio) -> Decimal {
    ratio.to_decimal()
}

/// The canonical text; data files are not part of it, because a plan does not depend on them.
pub(crate) fn text(config: &Config) -> String {
    let mut t = Text { out: String::new() };
    t.line(0, "name", quoted(&config.name));
    if !config.strategies.is_empty() {
        t.head(0, "strategies:");
    }
    config.strategies.iter().for_each(|s| strategy(&mut t, s));
    broker(&mut t, &config.broker);
    risk(&mut t, &config.risk);
    if !config.instruments.is_empty() {
        t.head(0, "instruments:");
        config.instruments.iter().for_each(|i| instrument(&mut t, i));
    }
    let r = &config.runtime;
    t.head(0, "runtime:");
    t.line(2, "layout", r.layout.label());
    threads(&mut t, r);
    t.line(2, "journal_ring_records", r.journal_ring_records);
    if r.layout == Layout::Dedicated {
        t.line(2, "feed_ring_messages", r.feed_ring_messages);
        t.line(2, "order_ring_messages", r.order_ring_messages);
    }
    t.line(2, "max_open_orders", r.max_open_orders);
    t.line(2, "book_levels", r.book_levels);
    t.line(2, "lock_memory", r.lock_memory.label());
    if let Some(s) = &config.shards {
        shards(&mut t, s);
    }
    t.head(0, "journal:");
    t.line(2, "segment_mb", config.journal.segment_mb);
    t.line(2, "msync_ms", config.journal.msync_ms);
    t.line(2, "msync_records", config.journal.msync_records);
    durability(&mut t, &config.journal);
    t.line(2, "snapshot_events", config.journal.snapshot_events);
    t.line(2, "archive_after_segments", config.journal.archive_after_segments);
    t.line(2, "retain_segments", config.journal.retain_segments);
    t.out
}

/// The level, and what belongs to it.
fn durability(t: &mut Text, journal: &JournalConfig) {
    t.line(2, "durability", journal.durability.label());
    match journal.durability {
        Durability::Behind => {}
        Durability::Staged => t.line(2, "staged_dir", quoted(&journal.staged_dir)),
        Durability::Gated => {
            t.line(2, "gate", journal.gate.label());
            t.line(2, "gate_timeout_ms", journal.gate_timeout_ms);
        }
    }
}

/// The threads: what most configurations say in the short form, what only some say under `agents`.
fn threads(t: &mut Text, r: &RuntimeConfig) {
    t.some(2, "hot_core", r.agent(Agent::Hot).core);
    t.some(2, "cold_core", r.agent(Agent::Cold).core);
    let idle = r.agent(Agent::Hot).idle;
    t.line(2, "idle", idle.label());
    let usual = |agent| if agent == Agent::Cold { Idle::Auto } else { idle };
    let short = |agent| matches!(agent, Agent::Hot | Agent::Cold);
    let said = Agent::ALL.map(|agent| {
        let config = r.agent(agent);
        (agent, config.core.filter(|_| !short(agent)), Some(config.idle).filter(|idle| *idle != usual(agent)))
    });
    let mut said = said.iter().filter(|(_, core, idle)| core.is_some() || idle.is_some()).peekable();
    if said.peek().is_some() {
        t.head(2, "agents:");
    }
    for (agent, core, idle) in said {
        t.head(4, &format!("{}:", agent.label()));
        t.some(6, "core", *core);
        t.some(6, "idle", idle.map(Idle::label));
    }
}

/// How the instruments are sharded, as it was resolved.
fn shards(t: &mut Text, s: &ShardsConfig) {
    let symbols =
        |list: &[(String, _)]| list.iter().map(|(symbol, _)| quoted(symbol)).collect::<Vec<_>>().join(", ");
    match &s.cut {
        Cut::Into(count) => t.line(2, "shards", count),
        Cut::Lists(lists) => {
            let lists: Vec<String> = lists.iter().map(|(list, _)| format!("[{}]", symbols(list))).collect();
            t.line(2, "shards", format!("[{}]", lists.join(", ")));
        }
    }
    t.some(2, "rebalance_ms", s.rebalance_ns.map(|ns| ns / 1_000_000));
    if !s.hot_cores.is_empty() {
        t.line(2, "hot_cores", format!("{:?}", s.hot_cores));
    }
    t.some(2, "shard", s.only);
}

/// The strategies of a configuration alone.
pub(crate) fn strategies_text(config: &Config) -> String {
    let mut t = Text { out: String::new() };
    t.head(0, "strategies:");
    config.strategies.iter().for_each(|s| strategy(&mut t, s));
    t.out
}

/// Sections of the canonical text by themselves, each under its own name.
pub(crate) fn strategy_text(s: &StrategyConfig) -> String {
    let mut t = Text { out: String::new() };
    t.head(0, "strategies:");
    strategy(&mut t, s);
    t.out
}

/// See [`strategy_text`].
pub(crate) fn broker_text(b: &BrokerConfig) -> String {
    let mut t = Text { out: String::new() };
    broker(&mut t, b);
    t.out
}

/// See [`strategy_text`].
pub(crate) fn paper_text(p: &PaperPlan) -> String {
    let mut t = Text { out: String::new() };
    paper(&mut t, 0, p);
    t.out
}

/// See [`strategy_text`].
pub(crate) fn risk_text(r: &RiskConfig) -> String {
    let mut t = Text { out: String::new() };
    risk(&mut t, r);
    t.out
}

fn strategy(t: &mut Text, s: &StrategyConfig) {
    // A strategy gets its name from the whole; one that is alone may have none.
    t.line(0, "- name", quoted(if s.name.is_empty() { "strategy" } else { &s.name }));
    let side = match s.direction {
        Direction::Long => "long",
        Direction::Short => "short",
        Direction::Both => "both",
    };
    t.line(2, "side", side);
    t.some(2, "timeframe", s.cut.map(timeframe_text));
    let source = |s| match s {
        BarSource::Trades => "trades",
        BarSource::Mid => "mid",
        BarSource::Bid => "bid",
        BarSource::Ask => "ask",
    };
    t.some(2, "bars", s.source.map(source));
    t.line(2, "bar_close_delay_ms", millis(s.close_delay_ns));
    let size = s.sizing.map(|sizing| match sizing {
        Sizing::Fraction(f) => number(f).to_string(),
        Sizing::Quantity(q) => format!("{{quantity: \"{q}\"}}"),
        Sizing::Notional(n) => format!("{{notional: \"{n}\"}}"),
    });
    t.some(2, "position_size", size);
    t.line(2, "entry_order", if s.limit_entry.is_some() { "limit" } else { "market" });
    t.some(2, "limit_offset", s.limit_entry.map(|(offset, _)| number(offset)));
    t.some(2, "cancel_bars", s.limit_entry.map(|(_, bars)| bars));
    let keeper = |p| if p == Protection::Engine { "engine" } else { "venue" };
    t.some(2, "protection", s.protection.map(keeper));
    if !s.instruments.is_empty() {
        let symbols: Vec<String> = s.instruments.iter().map(|(symbol, _)| quoted(symbol)).collect();
        t.line(2, "instruments", format!("[{}]", symbols.join(", ")));
    }
    let combine = |c| match c {
        Combine::All => "all".to_string(),
        Combine::Any => "any".to_string(),
        Combine::Vote { at_least } => format!("{{vote: {{at_least: {}}}}}", number(at_least)),
    };
    t.line(2, "combine_entries", combine(s.combine_entries));
    t.line(2, "combine_exits", combine(s.combine_exits));
    for (key, rules) in [("entry_mixins", &s.entries), ("exit_mixins", &s.exits)] {
        if !rules.is_empty() {
            t.head(2, &format!("{key}:"));
            rules.iter().for_each(|r| rule(t, r));
        }
    }
}

fn rule(t: &mut Text, rule: &RuleConfig) {
    t.line(2, "- name", rule.def.name);
    t.some(4, "timeframe", rule.cut.map(timeframe_text));
    t.some(4, "weight", (rule.weight != Ratio::ONE).then(|| number(rule.weight)));
    if !rule.values.is_empty() {
        t.head(4, "parameters:");
    }
    for (def, value) in rule.def.params.iter().zip(&rule.values) {
        t.line(6, def.name, value_text(def, value));
    }
}

fn broker(t: &mut Text, b: &BrokerConfig) {
    t.head(0, "broker:");
    t.line(2, "type", ["paper", "sim", "binance", "ibkr"][b.kind as usize]);
    t.line(2, "trading_mode", ["paper", "testnet", "shadow", "live"][b.mode as usize]);
    t.line(2, "cash", b.cash);
    t.some(2, "currency", b.currency.as_deref().map(quoted));
    t.line(2, "maker_rate", number(b.maker));
    t.line(2, "taker_rate", number(b.taker));
    t.line(2, "commission_per_share", b.per_unit);
    t.line(2, "commission_minimum", b.minimum);
    t.some(2, "commission_cap", b.cap.map(number));
    let fee = match &b.fee_currency {
        FeeName::Fixed(FeeCurrency::Received) => "received".to_string(),
        FeeName::Fixed(_) => "settle".to_string(),
        FeeName::Asset(code) => quoted(code),
    };
    t.line(2, "fee_currency", fee);
    if !b.balances.is_empty() {
        t.head(2, "balances:");
        b.balances.iter().for_each(|(code, amount, _)| t.line(4, &quoted(code), amount));
    }
    paper(t, 2, &b.paper);
}

fn paper(t: &mut Text, indent: usize, p: &PaperPlan) {
    t.head(indent, "paper_trading_config:");
    let indent = indent + 2;
    t.line(indent, "mode", if p.basic { "basic" } else { "realistic" });
    if !p.basic {
        t.line(indent, "slippage_model", Slippage::ALL[p.slippage as usize].1);
        let (slips, moves, waits) = (p.slippage != Slippage::None, p.impact.0 != 0, p.max_latency_ns > 0);
        t.some(indent, "base_slippage", slips.then(|| number(p.base_slippage)));
        t.line(indent, "market_impact_enabled", moves);
        t.some(indent, "market_impact_factor", moves.then(|| number(p.impact)));
        t.line(indent, "latency_simulation", waits);
        t.some(indent, "min_latency_ms", waits.then(|| millis(p.min_latency_ns)));
        t.some(indent, "max_latency_ms", waits.then(|| millis(p.max_latency_ns)));
        t.line(indent, "partial_fill_probability", number(p.partial_probability));
        t.line(indent, "reject_probability", number(p.reject_probability));
    }
    t.line(indent, "seed", p.seed);
}

fn risk(t: &mut Text, r: &RiskConfig) {
    let l = &r.limits;
    t.head(0, "risk_management:");
    t.line(2, "stop_loss_required", l.stop_loss_required);
    let fractions = [
        ("max_position_size", l.max_position_size),
        ("risk_per_trade", l.risk_per_trade),
        ("position_concentration", l.position_concentration),
        ("leverage_limit", l.leverage_limit),
        ("max_daily_loss", l.max_daily_loss),
        ("max_drawdown", l.max_drawdown),
        ("price_collar", l.price_collar),
    ];
    fractions.into_iter().for_each(|(key, value)| t.some(2, key, value.map(number)));
    let amounts = [
        ("max_gross_exposure", r.max_gross),
        ("max_net_exposure", r.max_net),
        ("max_order_quantity", l.max_order_qty),
        ("max_order_notional", l.max_order_notional),
    ];
    amounts.into_iter().for_each(|(key, value)| t.some(2, key, value));
    t.some(2, "max_orders_per_second", l.order_rate);
    t.some(2, "duplicate_window_ms", l.duplicate_window_ns.map(millis));
    t.some(2, "stale_after_ms", l.stale_after_ns.map(millis));
    t.line(2, "reset_at", quoted(&clock_text(l.reset_at_s)));
    if !r.groups.is_empty() {
        t.head(2, "groups:");
        for group in &r.groups {
            let members: Vec<String> = group.symbols.iter().map(|(symbol, _)| quoted(symbol)).collect();
            t.line(4, &quoted(&group.name), format!("[{}]", members.join(", ")));
        }
    }
}

fn instrument(t: &mut Text, i: &InstrumentConfig) {
    t.line(0, "- symbol", quoted(&i.symbol));
    t.line(2, "venue", quoted(&i.venue));
    t.line(2, "kind", i.kind);
    for (key, value) in [("base", &i.base), ("quote", &i.quote), ("settle", &i.settle)] {
        t.some(2, key, value.as_deref().map(quoted));
    }
    t.some(2, "price_decimals", i.price_decimals);
    t.some(2, "qty_decimals", i.qty_decimals);
    if let [(from, tick)] = i.ticks[..]
        && from == Decimal::ZERO
    {
        t.line(2, "tick", tick);
    } else if !i.ticks.is_empty() {
        let bands: Vec<String> =
            i.ticks.iter().map(|(from, tick)| format!("{{from: {from}, tick: {tick}}}")).collect();
        t.line(2, "tick_bands", format!("[{}]", bands.join(", ")));
    }
    let amounts = [
        ("lot", i.lot),
        ("min_qty", i.min_qty),
        ("max_qty", i.max_qty),
        ("min_notional", Some(i.min_notional)),
    ];
    amounts.into_iter().for_each(|(key, value)| t.some(2, key, value));
    t.line(2, "multiplier", i.multiplier);
    t.some(2, "expiry", i.expiry_ns.map(|ns| date(ns - 1)));
    t.some(2, "strike", i.strike);
    if i.strike.is_some() {
        t.line(2, "right", i.right);
    }
    let session = |(open, close)| format!("\"{}-{}\"", clock_text(open), clock_text(close));
    t.some(2, "session", i.session_s.map(session));
    t.some(2, "maker_rate", i.maker.map(number));
    t.some(2, "taker_rate", i.taker.map(number));
}
