//! What of a configuration is a shard's own.

use super::{Cut, List};
use crate::config::{Config, FeeName, InstrumentConfig};
use std::borrow::Cow;

/// True for the configuration of one shard.
pub(crate) fn is_one(config: &Config) -> bool {
    lists(config).is_some_and(|(only, _)| only.is_some())
}

fn lists(config: &Config) -> Option<(Option<usize>, &[List])> {
    let shards = config.shards.as_ref()?;
    match &shards.cut {
        Cut::Lists(lists) => Some((shards.one(), lists)),
        Cut::Into(_) => None,
    }
}

/// The configuration of the shard that it is of, or the whole where it is not of one.
pub(crate) fn own(config: &Config) -> Cow<'_, Config> {
    let Some((Some(only), lists)) = lists(config) else { return Cow::Borrowed(config) };
    let mut own = config.clone();
    let traded = |symbol: &str| lists[only].0.iter().any(|(s, _)| s == symbol);
    let watched = watched(config, only);
    own.instruments.retain(|i| traded(&i.symbol) || watched.contains(&i.symbol));
    for strategy in &mut own.strategies {
        strategy.instruments.retain(|(symbol, _)| traded(symbol));
    }
    own.strategies.retain(|s| !s.instruments.is_empty());
    for group in &mut own.risk.groups {
        group.symbols.retain(|(symbol, _)| traded(symbol));
    }
    own.risk.groups.retain(|g| !g.symbols.is_empty());
    own.runtime.max_open_orders /= lists.len() as u32;
    Cow::Owned(own)
}

/// Symbols of the instruments that shard `k` must see the prices of besides its own: those that turn into the
/// base currency what its instruments are traded and settled in, what the account holds, and what pays fees.
pub(super) fn watched(config: &Config, k: usize) -> Vec<String> {
    let Some((_, lists)) = lists(config) else { return Vec::new() };
    let traded = |i: &&InstrumentConfig| lists[k].0.iter().any(|(symbol, _)| *symbol == i.symbol);
    let own = config.instruments.iter().filter(traded).flat_map(|i| [&i.settle, &i.base]);
    let own = own.filter_map(|code| code.as_deref());
    let held = config.broker.balances.iter().map(|(code, ..)| code.as_str());
    let fees = match &config.broker.fee_currency {
        FeeName::Asset(code) => Some(code.as_str()),
        FeeName::Fixed(_) => None,
    };
    let rates: Vec<&InstrumentConfig> =
        own.chain(held).chain(fees).filter_map(|code| rate_of(config, code)).filter(|i| !traded(i)).collect();
    let named = |i: &&InstrumentConfig| rates.iter().any(|rate| rate.symbol == i.symbol);
    config.instruments.iter().filter(named).map(|i| i.symbol.clone()).collect()
}

/// The instrument that turns a currency into the base currency; the one that the account takes.
fn rate_of<'a>(config: &'a Config, code: &str) -> Option<&'a InstrumentConfig> {
    let base = config.broker.currency.as_deref()?;
    let between = |bought: &str, paid: &str| {
        let is =
            |i: &&InstrumentConfig| i.base.as_deref() == Some(bought) && i.quote.as_deref() == Some(paid);
        config.instruments.iter().find(is)
    };
    if code == base { None } else { between(code, base).or_else(|| between(base, code)) }
}
