//! An instrument in integers, and its fees.

use super::currencies::Currencies;
use crate::config::{BrokerConfig, InstrumentConfig};
use crate::diagnostic::{Diagnostics, shown};
use pinion_engine::plan::{FeeCurrency, FeeSchedule};
use pinion_model::decimal::Decimal;
use pinion_model::instrument::*;
use pinion_model::number::{Price, Qty};

/// Compiles an instrument that was resolved: everything in it is known and fits its decimals.
pub(super) fn instrument(
    c: &InstrumentConfig,
    currencies: &Currencies,
    found: &mut Diagnostics,
) -> Option<Instrument> {
    let (price_exponent, qty_exponent) = (c.price_decimals?, c.qty_decimals?);
    let settle = currencies.id(c.settle.as_ref()?);
    let scale = currencies.all[settle.index()].scale;
    let Some(factor) = notional_factor(c.multiplier, scale, price_exponent, qty_exponent) else {
        let remedy = "lower `price_decimals` or `qty_decimals`, or mend `multiplier`";
        let reason = format!("the money of {} does not fit", shown(&c.symbol));
        found.error(c.places.of("multiplier"), reason, remedy);
        return None;
    };
    let bands = c.ticks.iter().map(|(from, tick)| {
        Some(TickBand {
            from: Price(from.to_scaled(price_exponent).ok()?),
            tick: tick.to_scaled(price_exponent).ok()?,
        })
    });
    let qty = |d: Option<Decimal>| d.and_then(|d| d.to_scaled(qty_exponent).ok());
    let option = match c.strike {
        Some(strike) => Some((Price(strike.to_scaled(price_exponent).ok()?), c.right)),
        None => None,
    };
    let at = c.places.of("min_notional");
    Some(Instrument {
        venue: c.venue.clone(),
        symbol: c.symbol.clone(),
        kind: c.kind,
        base: currencies.id(c.base.as_ref()?),
        quote: currencies.id(c.quote.as_ref()?),
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
        lot: qty(c.lot)?,
        min_qty: Qty(qty(c.min_qty)?),
        max_qty: Qty(qty(c.max_qty)?),
        min_notional: currencies.money(c.min_notional, settle, ("min_notional", at), found),
        factor,
    })
}

/// Fees of an instrument: its own rates, or those of the broker.
pub(super) fn fees_of(
    c: &InstrumentConfig,
    settle: CurrencyId,
    broker: &BrokerConfig,
    charged_in: FeeCurrency,
    currencies: &Currencies,
    found: &mut Diagnostics,
) -> FeeSchedule {
    let minimum = ("commission_minimum", broker.places.of("commission_minimum"));
    FeeSchedule {
        maker: c.maker.unwrap_or(broker.maker),
        taker: c.taker.unwrap_or(broker.taker),
        per_unit: broker.per_unit,
        minimum: currencies.money(broker.minimum, settle, minimum, found),
        cap: broker.cap,
        charged_in,
    }
}
