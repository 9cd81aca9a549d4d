//! An instrument.

use super::broker::currency;
use super::some_items;
use crate::calendar::{clock, date_end_ns};
use crate::config::InstrumentConfig;
use crate::diagnostic::{Diagnostics, shown};
use crate::fields::Fields;
use crate::keys;
use crate::tree::Node;
use crate::values::units;
use pinion_model::decimal::Decimal;
use pinion_model::instrument::{InstrumentKind, OptionRight};

/// An instrument; `None` with an error when it has no symbol.
pub(super) fn instrument(node: &Node, found: &mut Diagnostics) -> Option<InstrumentConfig> {
    let f = Fields::open(node, keys::INSTRUMENT, "an instrument", found);
    if f.lacks("symbol") {
        found.error(node.place, "an instrument needs a `symbol`", "write `symbol: BTCUSDT`");
    }
    use InstrumentKind::*;
    let kind = [Spot, Perpetual, Future, Equity, Option, Fx][f.choice("kind", found)];
    check_contract(&f, kind, found);
    let decimals = |name, found: &mut Diagnostics| f.int_opt(name, found).map(|v| v as u8);
    let instrument = InstrumentConfig {
        places: f.places(),
        symbol: f.text("symbol", found).unwrap_or_default(),
        venue: f.text("venue", found).unwrap_or("binance".into()),
        kind,
        base: currency(&f, "base", found),
        quote: currency(&f, "quote", found),
        settle: currency(&f, "settle", found),
        price_decimals: decimals("price_decimals", found),
        qty_decimals: decimals("qty_decimals", found),
        ticks: ticks(&f, found),
        lot: f.positive("lot", found),
        min_qty: f.amount("min_qty", found),
        max_qty: f.positive("max_qty", found),
        min_notional: f.amount("min_notional", found).unwrap_or(Decimal::ZERO),
        multiplier: f.positive("multiplier", found).unwrap_or(Decimal::new(1, 0)),
        expiry_ns: f.text("expiry", found).and_then(|text| date_end_ns(&text, f.place("expiry"), found)),
        strike: f.positive("strike", found),
        right: [OptionRight::Call, OptionRight::Put][f.choice("right", found)],
        session_s: session(&f, found),
        maker: f.ratio_opt("maker_rate", found),
        taker: f.ratio_opt("taker_rate", found),
    };
    (!instrument.symbol.is_empty()).then_some(instrument)
}

/// A contract has an expiry, and an option a strike; nothing else has them.
fn check_contract(f: &Fields<'_>, kind: InstrumentKind, found: &mut Diagnostics) {
    use InstrumentKind::{Future, Option};
    let rows = [
        ("expiry", matches!(kind, Future | Option), "write `expiry: 2026-12-25`"),
        ("strike", kind == Option, "write `strike: 100000`"),
    ];
    for (key, wanted, remedy) in rows {
        if wanted && f.lacks(key) {
            found.error(f.place("kind"), format!("the {kind} has no `{key}`"), remedy);
        }
    }
    let foreign = [("expiry", rows[0].1), ("strike", rows[1].1), ("right", rows[1].1)];
    for (key, _) in foreign.into_iter().filter(|(key, wanted)| !wanted && f.get(key).is_some()) {
        let remedy = "remove it, or mend `kind`";
        found.error(f.place(key), format!("`{key}` has no meaning for the kind {kind}"), remedy);
    }
}

/// Price from which each tick holds, rising from 0.
fn ticks(f: &Fields<'_>, found: &mut Diagnostics) -> Vec<(Decimal, Decimal)> {
    let single = f.positive("tick", found).map(|tick| (Decimal::ZERO, tick));
    let Some(list) = f.get("tick_bands") else { return single.into_iter().collect() };
    if f.get("tick").is_some() {
        let remedy = "keep `tick` for one increment, `tick_bands` for several";
        found.error(f.place("tick_bands"), "`tick_bands` stands beside `tick`", remedy);
    }
    let mut bands: Vec<(Decimal, Decimal)> = Vec::new();
    let mut sound = true;
    for item in some_items(list, "tick_bands", "write `[{from: 0, tick: 0.01}]`", found) {
        let band = Fields::open(item, keys::TICK_BAND, "a tick band", found);
        for key in ["from", "tick"].into_iter().filter(|key| band.lacks(key)) {
            found.error(item.place, format!("a tick band needs `{key}`"), "write `{from: 0, tick: 0.01}`");
        }
        match (band.amount("from", found), band.positive("tick", found)) {
            (Some(from), Some(tick)) => bands.push((from, tick)),
            _ => sound = false,
        }
    }
    let rises = bands.is_sorted_by(|(a, _), (b, _)| units(*a) < units(*b));
    if sound && (!rises || bands.first().is_some_and(|(from, _)| from.mantissa() != 0)) {
        let reason = "the bands of `tick_bands` do not rise from 0";
        found.error(f.place("tick_bands"), reason, "begin with `from: 0` and go up");
    }
    bands
}

/// Opening and closing time, seconds after midnight UTC.
fn session(f: &Fields<'_>, found: &mut Diagnostics) -> Option<(u32, u32)> {
    let text = f.text("session", found)?;
    let at = f.place("session");
    let Some((open, close)) = text.split_once('-') else {
        let reason = format!("`{}` is not a session", shown(&text));
        found.error(at, reason, "write HH:MM-HH:MM, such as \"14:30-21:00\"");
        return None;
    };
    let (open, close) = (clock(open.trim(), at, found)?, clock(close.trim(), at, found)?);
    if open >= close {
        let remedy = "times are UTC; a session ends on the day on which it begins";
        found.error(at, format!("the session `{}` ends before it begins", shown(&text)), remedy);
        return None;
    }
    Some((open, close))
}
