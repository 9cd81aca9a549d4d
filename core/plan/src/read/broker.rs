//! The broker and its paper venue.

use crate::config::*;
use crate::diagnostic::Diagnostics;
use crate::fields::Fields;
use crate::keys;
use crate::paper::{PaperPlan, Slippage};
use crate::tree::{Node, Value};
use crate::values::amount;
use pinion_engine::plan::FeeCurrency;
use pinion_model::decimal::Decimal;
use pinion_model::number::Ratio;

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
