//! From a resolved configuration to the plan: dense indices, integers, nothing left to decide.

mod currencies;
mod instrument;
mod strategy;

use crate::config::*;
use crate::diagnostic::{Diagnostics, shown};
use crate::paper::PaperPlan;
use crate::runtime::{JournalConfig, RuntimeConfig};
use crate::shards::{self, Shards};
use currencies::{Currencies, balances, check_conversions, conversions};
use instrument::{fees_of, instrument};
use pinion_engine::plan::*;
use pinion_model::decimal::Decimal;
use pinion_model::instrument::{Instrument, InstrumentId};
use pinion_model::number::Money;
use std::collections::HashMap;
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
    /// How the instruments are sharded, where they are.
    pub shards: Option<Shards>,
    /// The configuration with every value explicit; reading it gives this plan again.
    pub canonical: String,
    /// BLAKE3 of `canonical`.
    pub hash: [u8; 32],
}

/// Compiles a resolved configuration; `None` with errors where it cannot be.
pub(crate) fn compile(whole: &Config, canonical: String, found: &mut Diagnostics) -> Option<Plan> {
    // Currencies and their decimals are the account's in every shard.
    let currencies = Currencies::of(whole, found);
    let opening = balances(whole, &currencies, found);
    if found.has_errors() {
        return None;
    }
    let shards = shards::compile(whole, &opening, currencies.base);
    let config = &*shards::own(whole);
    let all: Vec<Option<Instrument>> =
        config.instruments.iter().map(|i| instrument(i, &currencies, found)).collect();
    // A shard is given what it opens with by its first inputs.
    let balances = if shards::is_one(whole) { vec![Money::ZERO; opening.len()] } else { opening };
    let instruments: Vec<Instrument> = all.into_iter().collect::<Option<_>>()?;
    let conversions = conversions(&currencies, &instruments);
    check_conversions(config, &currencies, &conversions, &instruments, found);
    let charged_in = fee_currency(config, &currencies, &conversions, &instruments, found);
    let fees = config.instruments.iter().zip(&instruments);
    let fees = fees.map(|(c, i)| fees_of(c, i.settle, &config.broker, charged_in, &currencies, found));
    let fees = fees.collect();
    let ids = (0u32..).map(InstrumentId);
    let by_symbol: HashMap<&str, InstrumentId> =
        config.instruments.iter().map(|i| i.symbol.as_str()).zip(ids).collect();
    let strategies: Vec<Option<StrategyPlan>> =
        config.strategies.iter().map(|s| strategy(s, &instruments, &by_symbol, found)).collect();
    let risk = risk(&config.risk, &currencies, found);
    let (groups, group_names) = groups(config);
    let engine = EnginePlan {
        fees,
        base_currency: currencies.base,
        currencies: currencies.all,
        balances,
        instruments,
        groups,
        group_names,
        conversions,
        strategies: strategies.into_iter().collect::<Option<_>>()?,
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
        shards,
        hash: *blake3::hash(canonical.as_bytes()).as_bytes(),
        canonical,
    })
}

/// Currency of fees; a third asset must have a price.
fn fee_currency(
    config: &Config,
    currencies: &Currencies,
    conversions: &[Option<Conversion>],
    instruments: &[Instrument],
    found: &mut Diagnostics,
) -> FeeCurrency {
    let code = match &config.broker.fee_currency {
        FeeName::Asset(code) => code,
        FeeName::Fixed(currency) => return *currency,
    };
    let asset = currencies.id(code);
    let in_base = instruments.iter().all(|i| i.settle == currencies.base);
    if conversions[asset.index()].is_none_or(|c| c.inverse) || !in_base {
        let code = shown(code);
        let reason =
            format!("fees in {code} need its price in the currency that every instrument is settled in");
        let remedy = format!("add an instrument that trades {code}, or write `fee_currency: settle`");
        found.error(config.broker.places.of("fee_currency"), reason, remedy);
    }
    FeeCurrency::Asset(asset)
}

fn risk(config: &RiskConfig, currencies: &Currencies, found: &mut Diagnostics) -> RiskLimits {
    let mut money = |amount: Option<Decimal>, key| {
        amount.map(|a| currencies.money(a, currencies.base, (key, config.places.of(key)), found))
    };
    RiskLimits {
        max_gross_exposure: money(config.max_gross, "max_gross_exposure"),
        max_net_exposure: money(config.max_net, "max_net_exposure"),
        ..config.limits.clone()
    }
}

/// Concentration group of each instrument, and their names; an instrument without one is its own.
fn groups(config: &Config) -> (Vec<u16>, Vec<String>) {
    let mut names: Vec<String> = config.risk.groups.iter().map(|g| g.name.clone()).collect();
    let groups = config.risk.groups.iter().enumerate();
    let of: HashMap<&str, usize> =
        groups.flat_map(|(at, g)| g.symbols.iter().map(move |(symbol, _)| (symbol.as_str(), at))).collect();
    let groups = config.instruments.iter().map(|i| match of.get(i.symbol.as_str()) {
        Some(at) => *at as u16,
        None => {
            names.push(i.symbol.clone());
            names.len() as u16 - 1
        }
    });
    (groups.collect(), names)
}
