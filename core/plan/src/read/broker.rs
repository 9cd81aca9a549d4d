//! The broker and its paper venue.

use super::some_entries;
use crate::config::*;
use crate::diagnostic::{Diagnostics, Place, shown};
use crate::fields::Fields;
use crate::keys;
use crate::paper::{PaperPlan, Slippage};
use crate::tree::Node;
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
    // Only the venue's own connection reads these, but a mistake in them is one now.
    f.text("host", found);
    f.text("api_key_env", found);
    f.int("port", found);
    f.int("client_id", found);
    let rate = f.ratio("commission_rate", found);
    let named = |name, found: &mut Diagnostics| f.ratio_opt(name, found).unwrap_or(rate);
    BrokerConfig {
        places: f.places(),
        kind,
        mode,
        cash: f.amount("cash", found).unwrap_or(Decimal::new(10_000, 0)),
        currency: currency(&f, "currency", found),
        maker: named("maker_rate", found),
        taker: named("taker_rate", found),
        per_unit: f.amount("commission_per_share", found).unwrap_or(Decimal::ZERO),
        minimum: f.amount("commission_minimum", found).unwrap_or(Decimal::ZERO),
        cap: f.ratio_opt("commission_cap", found),
        fee_currency: fee_currency(&f, found),
        balances: f.get("balances").map_or(Vec::new(), |n| balances(n, found)),
        paper: paper(f.get("paper_trading_config").unwrap_or(&Node::empty_group(node.place)), found),
    }
}

fn fee_currency(f: &Fields<'_>, found: &mut Diagnostics) -> FeeName {
    match f.text("fee_currency", found).as_deref() {
        None | Some("settle") => FeeName::Fixed(FeeCurrency::Settle),
        Some("received") => FeeName::Fixed(FeeCurrency::Received),
        Some(code) => {
            check_code(code, f.place("fee_currency"), found);
            FeeName::Asset(code.into())
        }
    }
}

/// A currency's code, as venues write it.
pub(super) fn currency(f: &Fields<'_>, name: &str, found: &mut Diagnostics) -> Option<String> {
    let code = f.text(name, found)?;
    check_code(&code, f.place(name), found);
    Some(code)
}

/// `usdt` and `USDT` would be two currencies.
fn check_code(code: &str, at: Place, found: &mut Diagnostics) {
    if code.chars().any(|c| c.is_ascii_lowercase()) {
        let reason = format!("`{}` is not the code of a currency", shown(code));
        found.error(at, reason, format!("write it in capitals: {}", shown(&code.to_uppercase())));
    }
}

fn balances(node: &Node, found: &mut Diagnostics) -> Vec<(String, Decimal, Place)> {
    let mut balances = Vec::new();
    for (key, value) in some_entries(node, "balances", "write `balances: {BNB: \"10\"}`", found) {
        check_code(&key.name, key.place, found);
        if let Some(amount) = amount(value, &key.name, found) {
            balances.push((key.name.clone(), amount, key.place));
        }
    }
    balances
}

/// The paper venue.
pub(crate) fn paper(node: &Node, found: &mut Diagnostics) -> PaperPlan {
    let f = Fields::open(node, keys::PAPER, "paper_trading_config", found);
    let latency = f.flag("latency_simulation", found);
    let (min_ns, max_ns) = latencies(&f, found);
    let impact = f.flag("market_impact_enabled", found);
    let factor = f.ratio("market_impact_factor", found);
    let model = Slippage::ALL[f.choice("slippage_model", found)].0;
    let base = f.ratio("base_slippage", found);
    let basic = f.choice("mode", found) == 0;
    let partial = f.ratio("partial_fill_probability", found);
    let reject = f.ratio("reject_probability", found);
    let zero = Ratio(0);
    note_without_effect(&f, basic, latency, impact, model, found);
    PaperPlan {
        basic,
        slippage: if basic { Slippage::None } else { model },
        base_slippage: if basic || model == Slippage::None { zero } else { base },
        impact: if impact && !basic { factor } else { zero },
        min_latency_ns: if latency && !basic { min_ns } else { 0 },
        max_latency_ns: if latency && !basic { max_ns } else { 0 },
        partial_probability: if basic { zero } else { partial },
        reject_probability: if basic { zero } else { reject },
        seed: f.int("seed", found) as u64,
    }
}

fn latencies(f: &Fields<'_>, found: &mut Diagnostics) -> (i64, i64) {
    let (min_ns, max_ns) = (f.nanos("min_latency_ms", found), f.nanos("max_latency_ms", found));
    let (min_at, max_at) = (f.place("min_latency_ms"), f.place("max_latency_ms"));
    if min_ns > max_ns && !found.has_error_at(min_at) && !found.has_error_at(max_at) {
        let (at, remedy) = match (f.get("min_latency_ms"), f.get("max_latency_ms")) {
            (Some(_), None) => (min_at, "`max_latency_ms` is 100 by default: give it as well"),
            (None, _) => (max_at, "`min_latency_ms` is 10 by default: give it as well"),
            _ => (min_at, "swap them"),
        };
        found.error(at, "`min_latency_ms` is above `max_latency_ms`", remedy);
    }
    (min_ns, max_ns)
}

/// Keys that another key switches off.
fn note_without_effect(
    f: &Fields<'_>,
    basic: bool,
    latency: bool,
    impact: bool,
    model: Slippage,
    found: &mut Diagnostics,
) {
    const MODELS: [&str; 9] = [
        "slippage_model",
        "base_slippage",
        "market_impact_enabled",
        "market_impact_factor",
        "latency_simulation",
        "min_latency_ms",
        "max_latency_ms",
        "partial_fill_probability",
        "reject_probability",
    ];
    let mut note = |names: &[&str], without: &str| {
        for name in names.iter().filter(|n| f.get(n).is_some()) {
            let reason = format!("`{name}` has no effect without `{without}`");
            found.warn(f.place(name), reason, format!("write `{without}`, or remove the key"));
        }
    };
    if basic {
        note(&MODELS, "mode: realistic");
        return;
    }
    if !latency {
        note(&["min_latency_ms", "max_latency_ms"], "latency_simulation: true");
    }
    if !impact {
        note(&["market_impact_factor"], "market_impact_enabled: true");
    }
    if model == Slippage::None {
        note(&["base_slippage"], "slippage_model: fixed");
    }
}
