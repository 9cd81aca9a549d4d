//! From the tree to typed values. Every mistake is noted and reading goes on.

use crate::config::*;
use crate::diagnostic::{Diagnostics, Place, suggest};
use crate::fields::{Fields, amount, items, read_value};
use crate::keys;
use crate::rules_read::{Loose, read_rules, spread_loose};
use crate::tree::{Node, Value};
use pinion_engine::plan::{BarSource, Combine, Direction, FeeCurrency, Protection, RiskLimits, Sizing};
use pinion_engine::rules::params::RuleKind;
use pinion_model::decimal::Decimal;
use pinion_model::instrument::{InstrumentKind, OptionRight};
use pinion_model::number::Ratio;
use std::path::Path;

/// Reads a whole configuration; `base` is the directory that its files are relative to.
pub(crate) fn config(node: &Node, base: &Path, found: &mut Diagnostics) -> Config {
    let f = Fields::open(node, keys::CONFIG, "the configuration", found);
    let mut strategies = Vec::new();
    if let Some(section) = f.get("strategy") {
        strategies.push(strategy(section, found));
    }
    if let Some(list) = f.get("strategies") {
        items(list, "strategies", found).for_each(|n| strategies.push(strategy(n, found)));
    }
    if f.get("entry_mixins").is_some() || f.get("exit_mixins").is_some() {
        strategies.push(flat_strategy(&f, found));
    }
    let files = f.get("data").map(|n| data_files(n, base, found)).unwrap_or_default();
    let empty = Node { place: node.place, value: Value::Map(Vec::new()) };
    Config {
        name: f
            .text("name", found)
            .or_else(|| strategies.first().map(|s| s.name.clone()))
            .unwrap_or("run".into()),
        strategies,
        broker: broker(f.get("broker").unwrap_or(&empty), found),
        risk: risk(f.get("risk_management").unwrap_or(&empty), found),
        instruments: match f.get("instruments") {
            Some(list) => items(list, "instruments", found).filter_map(|n| instrument(n, found)).collect(),
            None => Vec::new(),
        },
        files,
        runtime: runtime(f.get("runtime").unwrap_or(&empty), found),
        journal: journal(f.get("journal").unwrap_or(&empty), found),
    }
}

fn data_files(node: &Node, base: &Path, found: &mut Diagnostics) -> Vec<std::path::PathBuf> {
    let f = Fields::open(node, keys::DATA, "data", found);
    let mut files = Vec::new();
    let Some(list) = f.get("files") else { return files };
    for item in items(list, "files", found) {
        let Value::Scalar(text, _) = &item.value else {
            found.error(item.place, format!("a file name is expected, not {}", item.describe()), "");
            continue;
        };
        let path = base.join(text);
        if !path.is_file() {
            found.error(
                item.place,
                format!("there is no file {}", path.display()),
                "names are relative to the configuration's directory",
            );
        }
        files.push(path);
    }
    files
}

/// One strategy.
pub(crate) fn strategy(node: &Node, found: &mut Diagnostics) -> StrategyConfig {
    let f = Fields::open(node, keys::STRATEGY, "strategy", found);
    let name = f.text("name", found).unwrap_or("strategy".into());
    let mut loose = Loose::read(f.get("parameters"), found);
    let (entries, exits) = rule_lists(&f, &mut loose, found);
    let limit = f.choice("entry_order", found) == 1;
    let offset = f.ratio("limit_offset", found);
    let cancel_bars = f.int("cancel_bars", found) as u32;
    if !limit && (f.get("limit_offset").is_some() || f.get("cancel_bars").is_some()) {
        found.warn(
            f.place("limit_offset"),
            "`limit_offset` and `cancel_bars` have no effect on market entries",
            "add `entry_order: limit`",
        );
    }
    StrategyConfig {
        place: node.place,
        name,
        entries,
        exits,
        combine_entries: [Combine::All, Combine::Any][f.choice("combine_entries", found)],
        combine_exits: [Combine::All, Combine::Any][f.choice("combine_exits", found)],
        direction: [Direction::Long, Direction::Short, Direction::Both][f.choice("side", found)],
        cut: f.text("timeframe", found).and_then(|t| parse_timeframe(&t, f.place("timeframe"), found)),
        source: f.get("bars").map(|_| {
            [BarSource::Trades, BarSource::Mid, BarSource::Bid, BarSource::Ask][f.choice("bars", found)]
        }),
        close_delay_ms: f.int("bar_close_delay_ms", found),
        sizing: f.get("position_size").map_or(DEFAULT_SIZE, |n| sizing(n, found)),
        limit_entry: limit.then_some((offset, cancel_bars)),
        protection: f
            .get("protection")
            .map(|_| [Protection::Engine, Protection::Venue][f.choice("protection", found)]),
        instruments: match f.get("instruments") {
            Some(list) => items(list, "instruments", found).filter_map(|n| scalar(n, found)).collect(),
            None => Vec::new(),
        },
    }
}

/// A tenth of equity.
const DEFAULT_SIZE: Sizing = Sizing::Fraction(Ratio(100_000_000));

fn scalar(node: &Node, found: &mut Diagnostics) -> Option<(String, Place)> {
    match &node.value {
        Value::Scalar(text, _) => Some((text.clone(), node.place)),
        _ => {
            found.error(node.place, format!("a word is expected, not {}", node.describe()), "");
            None
        }
    }
}

fn rule_lists(
    f: &Fields<'_>,
    loose: &mut Loose<'_>,
    found: &mut Diagnostics,
) -> (Vec<RuleConfig>, Vec<RuleConfig>) {
    let mut entries =
        f.get("entry_mixins").map(|n| read_rules(n, RuleKind::Entry, found)).unwrap_or_default();
    let mut exits = f.get("exit_mixins").map(|n| read_rules(n, RuleKind::Exit, found)).unwrap_or_default();
    spread_loose(loose, &mut entries, &mut exits, found);
    if f.get("entry_mixins").is_none() {
        found.error(
            f.node.place,
            "the strategy has no `entry_mixins`",
            "name at least one entry rule, such as RSIOrBB",
        );
    }
    (entries, exits)
}

/// The flat form: rules by name, all parameters in one group.
fn flat_strategy(f: &Fields<'_>, found: &mut Diagnostics) -> StrategyConfig {
    let mut loose = Loose::read(f.get("parameters"), found);
    let (entries, exits) = rule_lists(f, &mut loose, found);
    StrategyConfig {
        place: f.node.place,
        name: f.text("strategy_name", found).unwrap_or("strategy".into()),
        entries,
        exits,
        combine_entries: Combine::All,
        combine_exits: Combine::Any,
        direction: Direction::Long,
        cut: f.text("timeframe", found).and_then(|t| parse_timeframe(&t, f.place("timeframe"), found)),
        source: None,
        close_delay_ms: 0,
        sizing: f.get("position_size").map_or(DEFAULT_SIZE, |n| sizing(n, found)),
        limit_entry: None,
        protection: None,
        instruments: Vec::new(),
    }
}

fn sizing(node: &Node, found: &mut Diagnostics) -> Sizing {
    let remedy = "write a fraction of equity such as 0.1, {quantity: \"1\"} or {notional: \"1000\"}";
    match &node.value {
        Value::Scalar(..) => {
            let def = pinion_engine::rules::params::ParamDef {
                name: "",
                kind: pinion_engine::rules::params::ParamKind::Ratio {
                    default: Ratio::ONE,
                    min: Ratio(1),
                    max: Ratio(100 * Ratio::SCALE),
                },
                unit: "fraction of equity",
                doc: remedy,
            };
            match read_value(node, "position_size", &def, found) {
                Some(pinion_engine::rules::params::ParamValue::Ratio(r)) => Sizing::Fraction(r),
                _ => DEFAULT_SIZE,
            }
        }
        Value::Map(entries) if entries.len() == 1 => {
            let (key, value) = &entries[0];
            let size = amount(value, &key.name, found).unwrap_or(Decimal::new(1, 0));
            if size.mantissa() == 0 {
                found.error(value.place, format!("`{}` is zero", key.name), remedy);
            }
            match key.name.as_str() {
                "quantity" => Sizing::Quantity(size),
                "notional" => Sizing::Notional(size),
                "fraction" => Ratio::from_decimal(size).map_or(DEFAULT_SIZE, Sizing::Fraction),
                _ => {
                    found.error(key.place, format!("unknown key `{}` in position_size", key.name), remedy);
                    DEFAULT_SIZE
                }
            }
        }
        _ => {
            found.error(
                node.place,
                format!("`position_size` must be one size, not {}", node.describe()),
                remedy,
            );
            DEFAULT_SIZE
        }
    }
}

/// The broker.
pub(crate) fn broker(node: &Node, found: &mut Diagnostics) -> BrokerConfig {
    let f = Fields::open(node, keys::BROKER, "broker", found);
    let kind =
        [BrokerType::Paper, BrokerType::Sim, BrokerType::Binance, BrokerType::Ibkr][f.choice("type", found)];
    let mode = [TradingMode::Paper, TradingMode::Testnet, TradingMode::Shadow, TradingMode::Live]
        [f.choice("trading_mode", found)];
    if kind == BrokerType::Binance && mode == TradingMode::Paper {
        found.warn(
            f.place("trading_mode"),
            "Binance with `trading_mode: paper` is filled by Pinion's paper venue; the original meant Binance's test net",
            "write `trading_mode: testnet` for the test net; this reading is one word away from it",
        );
    }
    let rate = f.ratio("commission_rate", found);
    let named = |name, found: &mut Diagnostics| f.ratio_opt(name, found).unwrap_or(rate);
    let text = f.text("fee_currency", found).unwrap_or("settle".into());
    BrokerConfig {
        place: node.place,
        kind,
        mode,
        cash: f.amount("cash", found).unwrap_or(Decimal::new(10_000, 0)),
        currency: f.text("currency", found),
        maker: named("maker_rate", found),
        taker: named("taker_rate", found),
        per_unit: f.amount("commission_per_share", found).unwrap_or(Decimal::ZERO),
        minimum: f.amount("commission_minimum", found).unwrap_or(Decimal::ZERO),
        cap: f.ratio_opt("commission_cap", found),
        fee_currency: match text.as_str() {
            "settle" => FeeName::Fixed(FeeCurrency::Settle),
            "received" => FeeName::Fixed(FeeCurrency::Received),
            _ => FeeName::Asset(text),
        },
        balances: match f.get("balances").map(|n| &n.value) {
            Some(Value::Map(entries)) => entries
                .iter()
                .filter_map(|(k, v)| Some((k.name.clone(), amount(v, &k.name, found)?)))
                .collect(),
            Some(_) => {
                found.error(
                    f.place("balances"),
                    "`balances` must be a group of amounts",
                    "write `balances: {BNB: \"10\"}`",
                );
                Vec::new()
            }
            None => Vec::new(),
        },
        paper: match f.get("paper_trading_config") {
            Some(n) => paper(n, found),
            None => paper(&Node { place: node.place, value: Value::Map(Vec::new()) }, found),
        },
    }
}

/// The paper venue.
pub(crate) fn paper(node: &Node, found: &mut Diagnostics) -> PaperPlan {
    let f = Fields::open(node, keys::PAPER, "paper_trading_config", found);
    let latency = f.flag("latency_simulation", found);
    let (min, max) = (f.int("min_latency_ms", found), f.int("max_latency_ms", found));
    if min > max {
        found.error(
            f.place("min_latency_ms"),
            format!("`min_latency_ms` {min} is above `max_latency_ms` {max}"),
            "swap them",
        );
    }
    let impact = f.ratio("market_impact_factor", found);
    let plan = PaperPlan {
        basic: f.choice("mode", found) == 0,
        slippage: Slippage::ALL[f.choice("slippage_model", found)].0,
        base_slippage: f.ratio("base_slippage", found),
        impact: if f.flag("market_impact_enabled", found) { impact } else { Ratio(0) },
        min_latency_ns: if latency { min * 1_000_000 } else { 0 },
        max_latency_ns: if latency { max * 1_000_000 } else { 0 },
        partial_probability: f.ratio("partial_fill_probability", found),
        reject_probability: f.ratio("reject_probability", found),
        seed: f.int("seed", found) as u64,
    };
    if !plan.basic {
        return plan;
    }
    let off = [
        "slippage_model",
        "base_slippage",
        "market_impact_enabled",
        "latency_simulation",
        "partial_fill_probability",
        "reject_probability",
    ];
    if let Some(name) = off.into_iter().find(|n| f.get(n).is_some()) {
        found.warn(
            f.place(name),
            format!("`{name}` has no effect with `mode: basic`"),
            "write `mode: realistic`",
        );
    }
    let zero = Ratio(0);
    PaperPlan {
        slippage: Slippage::None,
        base_slippage: zero,
        impact: zero,
        min_latency_ns: 0,
        max_latency_ns: 0,
        partial_probability: zero,
        reject_probability: zero,
        ..plan
    }
}

/// Limits.
pub(crate) fn risk(node: &Node, found: &mut Diagnostics) -> RiskConfig {
    let f = Fields::open(node, keys::RISK, "risk_management", found);
    let ns = |name, found: &mut Diagnostics| f.int_opt(name, found).map(|ms| ms * 1_000_000);
    let reset = f.text("reset_at", found);
    let limits = RiskLimits {
        max_position_size: f.ratio_opt("max_position_size", found),
        risk_per_trade: f.ratio_opt("risk_per_trade", found),
        position_concentration: f.ratio_opt("position_concentration", found),
        leverage_limit: f.ratio_opt("leverage_limit", found),
        max_gross_exposure: None,
        max_net_exposure: None,
        max_daily_loss: f.ratio_opt("max_daily_loss", found),
        reset_at_s: reset.and_then(|t| clock(&t, f.place("reset_at"), found)).unwrap_or(0),
        max_drawdown: f.ratio_opt("max_drawdown", found),
        stop_loss_required: f.flag("stop_loss_required", found),
        price_collar: f.ratio_opt("price_collar", found),
        max_order_qty: f.amount("max_order_quantity", found),
        max_order_notional: f.amount("max_order_notional", found),
        order_rate: f.int_opt("max_orders_per_second", found).map(|n| n as u32),
        order_rate_window_ns: 1_000_000_000,
        duplicate_window_ns: ns("duplicate_window_ms", found),
        stale_after_ns: ns("stale_after_ms", found),
    };
    let mut groups = Vec::new();
    match f.get("groups").map(|n| &n.value) {
        Some(Value::Map(entries)) => {
            for (key, list) in entries {
                let members =
                    items(list, &key.name, found).filter_map(|n| scalar(n, found)).map(|(s, _)| s).collect();
                groups.push((key.name.clone(), members));
            }
        }
        Some(_) => found.error(
            f.place("groups"),
            "`groups` must be a group of lists",
            "write `groups: {majors: [BTCUSDT, ETHUSDT]}`",
        ),
        None => {}
    }
    RiskConfig {
        limits,
        max_gross: f.amount("max_gross_exposure", found),
        max_net: f.amount("max_net_exposure", found),
        groups,
    }
}

/// `HH:MM` as seconds after midnight.
fn clock(text: &str, at: Place, found: &mut Diagnostics) -> Option<u32> {
    let parts =
        text.split_once(':').and_then(|(h, m)| Some((h.parse::<u32>().ok()?, m.parse::<u32>().ok()?)));
    let seconds = parts.filter(|(h, m)| *h < 24 && *m < 60).map(|(h, m)| h * 3600 + m * 60);
    if seconds.is_none() {
        found.error(at, format!("`{text}` is not a time of day"), "write HH:MM in quotes, such as \"17:00\"");
    }
    seconds
}

fn instrument(node: &Node, found: &mut Diagnostics) -> Option<InstrumentConfig> {
    let f = Fields::open(node, keys::INSTRUMENT, "an instrument", found);
    let Some(symbol) = f.text("symbol", found) else {
        found.error(node.place, "an instrument needs a `symbol`", "write `symbol: BTCUSDT`");
        return None;
    };
    use InstrumentKind::*;
    let kind = [Spot, Perpetual, Future, Equity, Option, Fx][f.choice("kind", found)];
    let mut ticks: Vec<(Decimal, Decimal)> =
        f.amount("tick", found).map(|t| (Decimal::ZERO, t)).into_iter().collect();
    if let Some(list) = f.get("tick_bands") {
        ticks = items(list, "tick_bands", found)
            .filter_map(|n| {
                Some((amount(n.get("from")?, "from", found)?, amount(n.get("tick")?, "tick", found)?))
            })
            .collect();
    }
    if ticks.iter().any(|(_, tick)| tick.mantissa() == 0) {
        found.error(f.place("tick"), "a tick of zero", "give the price increment of an order");
    }
    let session_s = f.text("session", found).and_then(|text| {
        let at = f.place("session");
        let Some((open, close)) = text.split_once('-') else {
            found.error(at, format!("`{text}` is not a session"), "write HH:MM-HH:MM");
            return None;
        };
        Some((clock(open, at, found)?, clock(close, at, found)?))
    });
    let expiry_ns = f.text("expiry", found).and_then(|text| date_end_ns(&text, f.place("expiry"), found));
    if matches!(kind, Future | Option) && expiry_ns.is_none() {
        found.error(
            node.place,
            format!("{symbol} is a {kind} and needs an `expiry`"),
            "write `expiry: 2026-12-25`",
        );
    }
    Some(InstrumentConfig {
        place: node.place,
        symbol,
        venue: f.text("venue", found).unwrap_or("binance".into()),
        kind,
        base: f.text("base", found),
        quote: f.text("quote", found),
        settle: f.text("settle", found),
        price_decimals: f.int_opt("price_decimals", found).map(|v| v as u8),
        qty_decimals: f.int_opt("qty_decimals", found).map(|v| v as u8),
        ticks,
        lot: f.amount("lot", found),
        min_qty: f.amount("min_qty", found),
        max_qty: f.amount("max_qty", found),
        min_notional: f.amount("min_notional", found).unwrap_or(Decimal::ZERO),
        multiplier: f.amount("multiplier", found).unwrap_or(Decimal::new(1, 0)),
        expiry_ns,
        strike: f.amount("strike", found),
        right: [OptionRight::Call, OptionRight::Put][f.choice("right", found)],
        session_s,
        maker: f.ratio_opt("maker_rate", found),
        taker: f.ratio_opt("taker_rate", found),
    })
}

/// End of a day given as `YYYY-MM-DD`, ns since 1970 (civil-from-days, Hinnant's algorithm).
fn date_end_ns(text: &str, at: Place, found: &mut Diagnostics) -> Option<i64> {
    let numbers: Vec<i64> = text.split('-').filter_map(|p| p.parse().ok()).collect();
    let [year, month, day] = numbers[..] else {
        found.error(at, format!("`{text}` is not a date"), "write YYYY-MM-DD");
        return None;
    };
    if !(1970..=2200).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        found.error(at, format!("`{text}` is not a date between 1970 and 2200"), "write YYYY-MM-DD");
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let of_era = y.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = y.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some((days + 1) * 86_400_000_000_000)
}

fn runtime(node: &Node, found: &mut Diagnostics) -> RuntimeConfig {
    let f = Fields::open(node, keys::RUNTIME, "runtime", found);
    RuntimeConfig {
        layout: Layout::ALL[f.choice("layout", found)].0,
        hot_core: f.int_opt("hot_core", found).map(|n| n as usize),
        cold_core: f.int_opt("cold_core", found).map(|n| n as usize),
        idle: Idle::ALL[f.choice("idle", found)].0,
        journal_ring_records: f.int("journal_ring_records", found) as usize,
        max_open_orders: f.int("max_open_orders", found) as u32,
        book_levels: f.int("book_levels", found) as u32,
    }
}

fn journal(node: &Node, found: &mut Diagnostics) -> JournalConfig {
    let f = Fields::open(node, keys::JOURNAL, "journal", found);
    JournalConfig {
        segment_mb: f.int("segment_mb", found) as usize,
        msync_ms: f.int("msync_ms", found) as u64,
    }
}

/// A suggestion for a symbol.
pub(crate) fn unknown_symbol(symbol: &str, at: Place, known: &[&str], found: &mut Diagnostics) {
    let remedy = match suggest(symbol, known.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("the instruments are {}", known.join(", ")),
    };
    found.error(at, format!("there is no instrument `{symbol}`"), remedy);
}
