//! Limits and concentration groups.

use super::{some_entries, symbols};
use crate::calendar::clock;
use crate::config::{Group, RiskConfig};
use crate::diagnostic::{Diagnostics, Place, shown};
use crate::fields::Fields;
use crate::keys;
use crate::tree::Node;
use pinion_engine::plan::RiskLimits;
use std::collections::HashMap;

/// Limits.
pub(crate) fn risk(node: &Node, found: &mut Diagnostics) -> RiskConfig {
    let f = Fields::open(node, keys::RISK, "risk_management", found);
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
        max_order_qty: f.positive("max_order_quantity", found),
        max_order_notional: f.positive("max_order_notional", found),
        order_rate: f.int_opt("max_orders_per_second", found).map(|n| n as u32),
        order_rate_window_ns: 1_000_000_000,
        duplicate_window_ns: f.nanos_opt("duplicate_window_ms", found),
        stale_after_ns: f.nanos_opt("stale_after_ms", found),
    };
    RiskConfig {
        places: f.places(),
        limits,
        max_gross: f.positive("max_gross_exposure", found),
        max_net: f.positive("max_net_exposure", found),
        groups: f.get("groups").map_or(Vec::new(), |n| groups(n, found)),
    }
}

/// Groups of symbols; a symbol is in one group, whose limit holds for it.
fn groups(node: &Node, found: &mut Diagnostics) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut taken: HashMap<String, (String, Place)> = HashMap::new();
    for (key, list) in some_entries(node, "groups", "write `groups: {majors: [BTCUSDT, ETHUSDT]}`", found) {
        let members = symbols(list, &key.name, "name its symbols, or remove the group", found);
        for (symbol, place) in &members {
            let group = (key.name.clone(), *place);
            if let Some((other, first)) = taken.insert(symbol.clone(), group) {
                let reason = format!(
                    "`{}` is in the group `{}` and, in line {}, in `{}`",
                    shown(symbol),
                    shown(&key.name),
                    first.line,
                    shown(&other)
                );
                found.error(*place, reason, "keep it in one of them: each group has a limit of its own");
            }
        }
        groups.push(Group { name: key.name.clone(), symbols: members });
    }
    groups
}
