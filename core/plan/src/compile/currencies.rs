//! Currencies and the rates between them; amounts in their units.

use crate::config::Config;
use crate::diagnostic::Diagnostics;
use pinion_engine::plan::Conversion;
use pinion_model::decimal::Decimal;
use pinion_model::instrument::*;
use pinion_model::number::Money;

pub(super) struct Currencies {
    pub all: Vec<Currency>,
}

impl Currencies {
    pub(super) fn id(&mut self, code: &str) -> CurrencyId {
        let at = self.all.iter().position(|c| c.code == code).unwrap_or_else(|| {
            self.all.push(Currency { code: code.into(), scale: 8 });
            self.all.len() - 1
        });
        CurrencyId(at as u16)
    }
}

/// For each currency an instrument that prices it in the base currency, or the other way round.
pub(super) fn conversions(
    currencies: &[Currency],
    base: CurrencyId,
    instruments: &[Instrument],
) -> Vec<Option<Conversion>> {
    let ids = (0..currencies.len() as u16).map(CurrencyId);
    ids.map(|id| {
        let at =
            |f: &dyn Fn(&Instrument) -> bool| instruments.iter().position(f).map(|i| InstrumentId(i as u32));
        if id == base {
            return None;
        }
        if let Some(instrument) = at(&|i| i.base == id && i.quote == base) {
            return Some(Conversion { instrument, inverse: false });
        }
        at(&|i| i.quote == id && i.base == base).map(|instrument| Conversion { instrument, inverse: true })
    })
    .collect()
}

/// Amounts that the account opens with must be exact in their currency: nothing is cut silently.
pub(super) fn check_amounts(config: &Config, all: &[Currency], base: CurrencyId, found: &mut Diagnostics) {
    let base = &all[base.index()];
    let cash = ("cash", config.broker.cash, base);
    let others =
        config.broker.balances.iter().filter_map(|(code, amount)| {
            Some((code.as_str(), *amount, all.iter().find(|c| c.code == *code)?))
        });
    for (name, amount, currency) in std::iter::once(cash).chain(others) {
        if amount.to_scaled_i128(currency.scale).is_err() {
            let reason =
                format!("`{name}` has more than the {} decimals of {}", currency.scale, currency.code);
            found.error(config.broker.place, reason, "give fewer decimals");
        }
    }
    for i in &config.instruments {
        if [i.lot, i.max_qty].into_iter().flatten().any(|d| d.mantissa() == 0) {
            found.error(
                i.place,
                format!("the lot or the largest quantity of {} is zero", i.symbol),
                "give an increment above zero",
            );
        }
    }
}

/// An amount in a currency's units, towards zero.
pub(super) fn money(amount: Decimal, scale: u8) -> Money {
    match amount.to_scaled_i128(scale) {
        Ok(units) => Money(units),
        Err(_) => Money(amount.mantissa() / 10i128.pow(u32::from(amount.scale().saturating_sub(scale)))),
    }
}
