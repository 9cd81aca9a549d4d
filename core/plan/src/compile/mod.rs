//! From a resolved configuration to the plan: dense indices, integers, nothing left to decide.

mod currencies;
mod instrument;
mod strategy;

use crate::config::*;
use crate::diagnostic::{Diagnostics, Place};
use crate::paper::PaperPlan;
use crate::runtime::{JournalConfig, RuntimeConfig};
use currencies::{Currencies, check_amounts, conversions, money};
use instrument::{fees_of, instrument};
use pinion_engine::plan::*;
use pinion_model::instrument::*;
use pinion_model::number::Money;
use strategy::strategy;

/// Everything that a run is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name of the run.
    pub name: String,
    /// The engine's part.
    pub engine: EnginePlan,
    /// The paper venue's part.
    pub paper: PaperPlan,
    /// Venue of the orders.
    pub broker: BrokerType,
    /// How real it is.
    pub mode: TradingMode,
    /// Threads and rings.
    pub runtime: RuntimeConfig,
    /// The journal.
    pub journal: JournalConfig,
    /// The configuration with every value explicit; reading it gives this plan again.
    pub canonical: String,
    /// BLAKE3 of `canonical`.
    pub hash: [u8; 32],
}

/// Compiles a resolved configuration.
pub(crate) fn compile(config: &Config, canonical: String, found: &mut Diagnostics) -> Option<Plan> {
    let mut currencies = Currencies { all: Vec::new() };
    let base_currency = currencies.id(config.broker.currency.as_deref().unwrap_or("USD"));
    for i in &config.instruments {
        for code in [&i.base, &i.quote, &i.settle].into_iter().flatten() {
            let id = currencies.id(code);
            if Some(code) == i.settle.as_ref() {
                // Money must hold price times quantity exactly.
                let needed = i.price_decimals? + i.qty_decimals? + i.multiplier.scale();
                let scale = &mut currencies.all[id.index()].scale;
                *scale = (*scale).max(needed);
            }
        }
        let base = currencies.id(i.base.as_ref()?);
        let scale = &mut currencies.all[base.index()].scale;
        *scale = (*scale).max(i.qty_decimals?);
    }
    let fee_asset = match &config.broker.fee_currency {
        FeeName::Asset(code) => FeeCurrency::Asset(currencies.id(code)),
        FeeName::Fixed(currency) => *currency,
    };
    for (code, _) in &config.broker.balances {
        currencies.id(code);
    }
    let place = Place { line: 1, column: 1 };
    if currencies.all.iter().any(|c| c.scale > 24) {
        found.error(
            place,
            "an instrument needs more than 24 decimals of money",
            "lower `price_decimals` or `qty_decimals`",
        );
        return None;
    }
    let scales: Vec<u8> = currencies.all.iter().map(|c| c.scale).collect();
    check_amounts(config, &currencies.all, base_currency, found);
    let instruments: Vec<Instrument> = config
        .instruments
        .iter()
        .map(|i| instrument(i, &mut currencies, &scales, found))
        .collect::<Option<_>>()?;
    let mut balances = vec![Money::ZERO; currencies.all.len()];
    balances[base_currency.index()] = money(config.broker.cash, scales[base_currency.index()]);
    for (code, amount) in &config.broker.balances {
        let id = currencies.id(code);
        balances[id.index()] += money(*amount, scales[id.index()]);
    }
    let conversions = conversions(&currencies.all, base_currency, &instruments);
    for (c, conversion) in conversions.iter().enumerate() {
        let needed = c != base_currency.index() && instruments.iter().any(|i| i.settle.index() == c);
        if needed && conversion.is_none() {
            found.error(
                config.broker.place,
                format!(
                    "nothing turns {} into the base currency {}",
                    currencies.all[c].code,
                    currencies.all[base_currency.index()].code
                ),
                "add an instrument that quotes one in the other",
            );
        }
    }
    if let FeeCurrency::Asset(asset) = fee_asset {
        let code = &currencies.all[asset.index()].code;
        let in_base = instruments.iter().all(|i| i.settle == base_currency);
        if conversions[asset.index()].is_none_or(|c| c.inverse) || !in_base {
            let reason =
                format!("fees in {code} need its price in the currency that every instrument is settled in");
            found.error(
                config.broker.place,
                reason,
                format!("add an instrument that trades {code}, or write `fee_currency: settle`"),
            );
        }
    }
    let (groups, group_names) = groups(config, found);
    let mut risk = config.risk.limits.clone();
    risk.max_gross_exposure = config.risk.max_gross.map(|m| money(m, scales[base_currency.index()]));
    risk.max_net_exposure = config.risk.max_net.map(|m| money(m, scales[base_currency.index()]));
    let strategies = config
        .strategies
        .iter()
        .map(|s| strategy(s, &instruments, &risk, found))
        .collect::<Option<Vec<_>>>()?;
    let fees = config.instruments.iter().zip(&instruments);
    let engine = EnginePlan {
        fees: fees.map(|(c, i)| fees_of(c, &config.broker, fee_asset, scales[i.settle.index()])).collect(),
        currencies: currencies.all,
        base_currency,
        balances,
        instruments,
        groups,
        group_names,
        conversions,
        strategies,
        risk,
        max_open_orders: config.runtime.max_open_orders,
        book_levels: config.runtime.book_levels,
    };
    Some(Plan {
        name: config.name.clone(),
        engine,
        paper: config.broker.paper,
        broker: config.broker.kind,
        mode: config.broker.mode,
        runtime: config.runtime.clone(),
        journal: config.journal.clone(),
        hash: *blake3::hash(canonical.as_bytes()).as_bytes(),
        canonical,
    })
}

fn groups(config: &Config, found: &mut Diagnostics) -> (Vec<u16>, Vec<String>) {
    let mut names: Vec<String> = config.risk.groups.iter().map(|(name, _)| name.clone()).collect();
    let known: Vec<&str> = config.instruments.iter().map(|i| i.symbol.as_str()).collect();
    for (_, members) in &config.risk.groups {
        for symbol in members.iter().filter(|m| !known.contains(&m.as_str())) {
            crate::read::unknown_symbol(symbol, Place { line: 1, column: 1 }, &known, found);
        }
    }
    let of = |symbol: &String| config.risk.groups.iter().position(|(_, members)| members.contains(symbol));
    let groups = config.instruments.iter().map(|i| match of(&i.symbol) {
        Some(at) => at as u16,
        None => {
            names.push(i.symbol.clone());
            names.len() as u16 - 1
        }
    });
    (groups.collect::<Vec<_>>(), names)
}
