//! Currencies and the rates between them; amounts in their units.

use crate::config::{Config, FeeName, InstrumentConfig};
use crate::diagnostic::{Diagnostics, Place, shown};
use pinion_engine::plan::Conversion;
use pinion_model::decimal::{Decimal, DecimalError};
use pinion_model::instrument::*;
use pinion_model::number::Money;

/// Decimals of a currency that no instrument asks more of.
const SCALE: u8 = 8;

/// Most decimals of a currency: its amounts are products of a price, a quantity and a multiplier.
const MOST_DECIMALS: u8 = 24;

/// Largest opening amount or limit, in units of its currency. Of the 38 digits of an amount, these leave
/// enough for sums and for products with ratios.
const MOST_UNITS: i128 = 10i128.pow(33);

/// The currencies of a configuration.
pub(super) struct Currencies {
    pub all: Vec<Currency>,
    pub base: CurrencyId,
}

impl Currencies {
    /// Those of the instruments and the account, each with as many decimals as its amounts need.
    pub fn of(config: &Config, found: &mut Diagnostics) -> Currencies {
        let mut currencies = Currencies { all: Vec::new(), base: CurrencyId(0) };
        currencies.base = currencies.add(config.broker.currency.as_deref().unwrap_or("USD"), SCALE);
        for i in &config.instruments {
            let (price, qty) = (i.price_decimals.unwrap_or(0), i.qty_decimals.unwrap_or(0));
            for (code, needed) in
                [(&i.base, qty), (&i.quote, 0), (&i.settle, notional_decimals(i, price, qty))]
            {
                if let Some(code) = code {
                    currencies.add(code, needed.max(SCALE));
                }
            }
            if notional_decimals(i, price, qty) > MOST_DECIMALS {
                let reason =
                    format!("{} needs more than {MOST_DECIMALS} decimals of money", shown(&i.symbol));
                found.error(i.places.of("symbol"), reason, "lower `price_decimals` or `qty_decimals`");
            }
        }
        if let FeeName::Asset(code) = &config.broker.fee_currency {
            currencies.add(code, SCALE);
        }
        for (code, ..) in &config.broker.balances {
            currencies.add(code, SCALE);
        }
        currencies
    }

    fn add(&mut self, code: &str, scale: u8) -> CurrencyId {
        let at = self.all.iter().position(|c| c.code == code).unwrap_or_else(|| {
            self.all.push(Currency { code: code.into(), scale });
            self.all.len() - 1
        });
        let known = &mut self.all[at].scale;
        *known = scale.max(*known);
        CurrencyId(at as u16)
    }

    /// The currency of a code; the base currency for one that is not among them.
    pub fn id(&self, code: &str) -> CurrencyId {
        self.all.iter().position(|c| c.code == code).map_or(self.base, |at| CurrencyId(at as u16))
    }

    /// An amount in a currency's units; an error when it is not exact there or too large.
    pub fn money(
        &self,
        amount: Decimal,
        id: CurrencyId,
        (key, at): (&str, Place),
        found: &mut Diagnostics,
    ) -> Money {
        let Currency { code, scale } = &self.all[id.index()];
        let key = shown(key);
        match amount.to_scaled_i128(*scale) {
            Ok(units) if units <= MOST_UNITS => return Money(units),
            Err(DecimalError::TooFine) => {
                let reason = format!("`{key}` has more than the {scale} decimals of {code}");
                found.error(at, reason, "give fewer decimals");
            }
            _ => {
                let reason = format!("`{key}` is too large for the {scale} decimals of {code}");
                found.error(at, reason, "give less");
            }
        }
        Money::ZERO
    }
}

/// Money must hold price times quantity exactly.
fn notional_decimals(i: &InstrumentConfig, price: u8, qty: u8) -> u8 {
    price + qty + i.multiplier.scale()
}

/// Opening balances, by currency.
pub(super) fn balances(config: &Config, currencies: &Currencies, found: &mut Diagnostics) -> Vec<Money> {
    let broker = &config.broker;
    let base = currencies.base;
    let mut balances = vec![Money::ZERO; currencies.all.len()];
    balances[base.index()] = currencies.money(broker.cash, base, ("cash", broker.places.of("cash")), found);
    for (code, amount, place) in &broker.balances {
        let id = currencies.id(code);
        if id == base {
            let reason = format!("{} is the base currency, whose balance is `cash`", shown(code));
            found.error(*place, reason, "add it to `cash`");
        }
        balances[id.index()] = currencies.money(*amount, id, (code, *place), found);
    }
    balances
}

/// For each currency an instrument that prices it in the base currency, or the other way round.
pub(super) fn conversions(currencies: &Currencies, instruments: &[Instrument]) -> Vec<Option<Conversion>> {
    let base = currencies.base;
    let mut conversions = vec![None; currencies.all.len()];
    for (at, i) in instruments.iter().enumerate() {
        let instrument = InstrumentId(at as u32);
        let direct = Conversion { instrument, inverse: false };
        let inverse = Conversion { instrument, inverse: true };
        if i.quote == base && i.base != base {
            let known = &mut conversions[i.base.index()];
            // The first direct rate is taken before any inverse one.
            if known.is_none_or(|c: Conversion| c.inverse) {
                *known = Some(direct);
            }
        } else if i.base == base && i.quote != base {
            conversions[i.quote.index()].get_or_insert(inverse);
        }
    }
    conversions
}

/// Equity is in the base currency: what is held or settled in another one needs a rate.
pub(super) fn check_conversions(
    config: &Config,
    currencies: &Currencies,
    conversions: &[Option<Conversion>],
    instruments: &[Instrument],
    found: &mut Diagnostics,
) {
    let base = &currencies.all[currencies.base.index()].code;
    let remedy = "add an instrument that quotes one in the other";
    let lacks = |c: usize| c != currencies.base.index() && conversions[c].is_none();
    for (i, c) in instruments.iter().zip(&config.instruments) {
        if lacks(i.settle.index()) {
            let code = &currencies.all[i.settle.index()].code;
            let reason = format!("nothing turns {} into the base currency {}", shown(code), shown(base));
            let at = if config.broker.places.has("currency") {
                config.broker.places.of("currency")
            } else {
                c.places.of("settle")
            };
            found.error(at, reason, remedy);
        }
    }
    for (code, amount, place) in &config.broker.balances {
        let at = currencies.all.iter().position(|c| c.code == *code);
        if amount.mantissa() > 0 && at.is_some_and(lacks) {
            let reason = format!("nothing turns {} into the base currency {}", shown(code), shown(base));
            found.error(*place, reason, remedy);
        }
    }
}
