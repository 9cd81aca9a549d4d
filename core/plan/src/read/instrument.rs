//! An instrument.

use crate::calendar::{clock, date_end_ns};
use crate::config::InstrumentConfig;
use crate::diagnostic::Diagnostics;
use crate::fields::{Fields, items};
use crate::keys;
use crate::tree::Node;
use crate::values::amount;
use pinion_model::decimal::Decimal;
use pinion_model::instrument::{InstrumentKind, OptionRight};

pub(super) fn instrument(node: &Node, found: &mut Diagnostics) -> Option<InstrumentConfig> {
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
