//! An instrument in integers, and its fees.

use super::currencies::{Currencies, money};
use crate::config::{BrokerConfig, InstrumentConfig};
use crate::diagnostic::Diagnostics;
use pinion_engine::plan::{FeeCurrency, FeeSchedule};
use pinion_model::decimal::Decimal;
use pinion_model::instrument::*;
use pinion_model::number::{Price, Qty};

pub(super) fn instrument(
    c: &InstrumentConfig,
    all: &mut Currencies,
    scales: &[u8],
    found: &mut Diagnostics,
) -> Option<Instrument> {
    let (price_exponent, qty_exponent) = (c.price_decimals?, c.qty_decimals?);
    let settle = all.id(c.settle.as_ref()?);
    let factor = notional_factor(c.multiplier, scales[settle.index()], price_exponent, qty_exponent);
    let Some(factor) = factor else {
        found.error(
            c.place,
            format!("the money of {} does not fit", c.symbol),
            "lower `price_decimals` or `qty_decimals`, or mend `multiplier`",
        );
        return None;
    };
    let bands = c.ticks.iter().map(|(from, tick)| {
        Some(TickBand {
            from: Price(from.to_scaled(price_exponent).ok()?),
            tick: tick.to_scaled(price_exponent).ok()?,
        })
    });
    let qty = |d: Option<Decimal>| d.and_then(|d| d.to_scaled(qty_exponent).ok());
    let option = match (c.kind, c.strike) {
        (InstrumentKind::Option, Some(strike)) => {
            Some((Price(strike.to_scaled(price_exponent).ok()?), c.right))
        }
        _ => None,
    };
    Some(Instrument {
        venue: c.venue.clone(),
        symbol: c.symbol.clone(),
        kind: c.kind,
        base: all.id(c.base.as_ref()?),
        quote: all.id(c.quote.as_ref()?),
        settle,
        price_exponent,
        qty_exponent,
        multiplier: c.multiplier,
        contract: c.expiry_ns.map(|expiry_ns| Contract { expiry_ns, option }),
        calendar: match c.session_s {
            None => Calendar::Always,
            Some((open_s, close_s)) => Calendar::Session { days: 0b1_1111, open_s, close_s },
        },
        ticks: vec![TickTable { from_ns: i64::MIN, bands: bands.collect::<Option<_>>()? }],
        lot: qty(c.lot)?.max(1),
        min_qty: Qty(qty(c.min_qty)?),
        max_qty: Qty(qty(c.max_qty)?),
        min_notional: money(c.min_notional, scales[settle.index()]),
        factor,
    })
}

pub(super) fn fees_of(
    c: &InstrumentConfig,
    broker: &BrokerConfig,
    charged_in: FeeCurrency,
    scale: u8,
) -> FeeSchedule {
    FeeSchedule {
        maker: c.maker.unwrap_or(broker.maker),
        taker: c.taker.unwrap_or(broker.taker),
        per_unit: broker.per_unit,
        minimum: money(broker.minimum, scale),
        cap: broker.cap,
        charged_in,
    }
}
