//! Limits and concentration groups.

use super::scalar;
use crate::calendar::clock;
use crate::config::RiskConfig;
use crate::diagnostic::Diagnostics;
use crate::fields::{Fields, items};
use crate::keys;
use crate::tree::{Node, Value};
use pinion_engine::plan::RiskLimits;

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
