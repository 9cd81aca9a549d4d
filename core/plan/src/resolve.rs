//! Fills what the text left open with what the data shows: instruments, decimals, timeframe.

use crate::check;
use crate::config::*;
use crate::diagnostic::{Diagnostics, Place, shown};
use crate::places::Places;
use crate::shards;
use crate::symbol;
use crate::timeframe::{Cut, timeframe_text};
use pinion_engine::plan::{BarCut, BarSource, Protection};
use pinion_model::decimal::Decimal;
use pinion_model::instrument::{InstrumentKind, OptionRight};

/// Decimals of quantities when neither the text nor the data says: enough for any coin.
const DEFAULT_QTY_DECIMALS: u8 = 5;

/// Most decimals of a price or quantity: 64 bits must leave room for the digits before the point.
const MOST_DECIMALS: u8 = 12;

/// Makes every open field explicit; what cannot be made explicit is an error.
pub(crate) fn resolve(config: &mut Config, facts: &[Fact], found: &mut Diagnostics) {
    if config.strategies.is_empty() {
        let remedy = "add `strategy: {entry_mixins: [...], exit_mixins: [...]}`";
        found.error(Place::START, "there is no strategy", remedy);
    }
    if config.instruments.is_empty() {
        config.instruments = facts.iter().map(from_fact).collect();
    }
    if config.instruments.is_empty() {
        let remedy = "add `instruments: [{symbol: ...}]`, or data from which they can be read";
        found.error(Place::START, "there are no instruments", remedy);
        return;
    }
    for strategy in &mut config.strategies {
        resolve_strategy(strategy, facts, found);
    }
    // Half a tick must be exact where bars are made from the middle of the quotes.
    let extra = u8::from(config.strategies.iter().any(|s| s.source == Some(BarSource::Mid)));
    let alone = config.instruments.len() == 1;
    for instrument in &mut config.instruments {
        let fact = fact_of(instrument, alone, facts);
        resolve_currencies(instrument, found);
        resolve_units(instrument, fact.as_ref(), extra, found);
    }
    resolve_base_currency(config, found);
    let symbols: Vec<String> = config.instruments.iter().map(|i| i.symbol.clone()).collect();
    for strategy in config.strategies.iter_mut().filter(|s| s.instruments.is_empty()) {
        let place = strategy.places.section();
        strategy.instruments = symbols.iter().map(|s| (s.clone(), place)).collect();
    }
    shards::resolve(config, found);
}

fn resolve_base_currency(config: &mut Config, found: &mut Diagnostics) {
    if config.broker.currency.is_some() {
        return;
    }
    let currency = config.instruments[0].settle.clone();
    if config.instruments.iter().any(|i| i.settle != currency) {
        found.error(
            config.broker.places.section(),
            "the instruments are settled in different currencies, so the base currency is not clear",
            "add `currency: USDT` to broker",
        );
    }
    config.broker.currency = currency;
}

fn resolve_strategy(strategy: &mut StrategyConfig, facts: &[Fact], found: &mut Diagnostics) {
    let bars = facts.iter().find_map(|f| f.bar_interval_ns);
    if strategy.cut.is_none() {
        strategy.cut = bars.map(|interval_ns| Cut::Fixed(BarCut::Time { interval_ns }));
        if strategy.cut.is_none() {
            found.error(
                strategy.places.section(),
                "the strategy has no `timeframe`, and the data is not made of bars",
                "add `timeframe: 1m`",
            );
        }
    }
    let of_rules = strategy.entries.iter().chain(&strategy.exits).map(|r| (r.cut, &r.places));
    for (cut, places) in of_rules.chain([(strategy.cut, &strategy.places)]) {
        if let (Some(have), Some(cut @ Cut::Fixed(BarCut::Time { interval_ns }))) = (bars, cut)
            && interval_ns % have != 0
        {
            let have = timeframe_text(Cut::Fixed(BarCut::Time { interval_ns: have }));
            let reason = format!("bars of {} cannot be made from bars of {have}", timeframe_text(cut));
            found.error(places.of("timeframe"), reason, format!("choose a multiple of {have}"));
        }
    }
    let only_quotes = !facts.is_empty() && facts.iter().all(|f| f.only_quotes);
    if only_quotes && strategy.source == Some(BarSource::Trades) {
        let remedy = "write `bars: mid`, `bid` or `ask`";
        found.error(strategy.places.of("bars"), "the data has quotes, but no trades to make bars of", remedy);
    }
    let source = if only_quotes { BarSource::Mid } else { BarSource::Trades };
    strategy.source.get_or_insert(source);
    // A bar file has no prices within the bar: a stop must rest at the venue to be seen in it.
    let keeper = if bars.is_some() { Protection::Venue } else { Protection::Engine };
    strategy.protection.get_or_insert(keeper);
}

/// What is known of an instrument: by its symbol, and where it is the only one by every table, whatever
/// that is called.
fn fact_of(instrument: &InstrumentConfig, alone: bool, facts: &[Fact]) -> Option<Fact> {
    let is_own =
        |f: &&Fact| f.symbol.eq_ignore_ascii_case(&instrument.symbol) || (alone && f.venue.is_none());
    facts.iter().filter(is_own).cloned().reduce(|one, other| Fact {
        price_decimals: one.price_decimals.max(other.price_decimals),
        extra_decimals: one.extra_decimals.max(other.extra_decimals),
        qty_decimals: one.qty_decimals.max(other.qty_decimals),
        ..one
    })
}

fn from_fact(fact: &Fact) -> InstrumentConfig {
    InstrumentConfig {
        places: Places::NOWHERE,
        symbol: fact.symbol.clone(),
        venue: fact.venue.clone().unwrap_or("file".into()),
        kind: check::looks_like(&fact.symbol, Some(fact)).unwrap_or(InstrumentKind::Spot),
        base: None,
        quote: None,
        settle: None,
        price_decimals: None,
        qty_decimals: None,
        ticks: Vec::new(),
        lot: None,
        min_qty: None,
        max_qty: None,
        min_notional: Decimal::ZERO,
        multiplier: Decimal::new(1, 0),
        expiry_ns: None,
        strike: None,
        right: OptionRight::Call,
        session_s: None,
        maker: None,
        taker: None,
    }
}

fn resolve_currencies(i: &mut InstrumentConfig, found: &mut Diagnostics) {
    let dollars = i.quote.is_none() && i.kind == InstrumentKind::Equity;
    let quote = if dollars { Some("USD") } else { i.quote.as_deref() };
    let base = if i.kind == InstrumentKind::Equity {
        i.base.clone().or(Some(i.symbol.clone()))
    } else {
        i.base.clone()
    };
    match symbol::currencies(&i.symbol, base.as_deref(), quote) {
        Ok((base, quote)) => {
            if base == quote {
                let reason = format!("{} would be traded against itself", shown(&i.symbol));
                found.error(i.places.of("symbol"), reason, "give `base` and `quote`");
            }
            i.settle.get_or_insert(quote.clone());
            (i.base, i.quote) = (Some(base), Some(quote));
        }
        Err(readings) => {
            let either: Vec<String> = readings.iter().map(|(b, q)| format!("{b} in {q}")).collect();
            let reason = format!("{} can be {}", shown(&i.symbol), either.join(" or "));
            found.error(i.places.of("symbol"), reason, format!("add `quote: {}` to it", readings[0].1));
        }
    }
}

/// Decimals, increments and bounds of orders.
fn resolve_units(i: &mut InstrumentConfig, fact: Option<&Fact>, extra: u8, found: &mut Diagnostics) {
    let data_decimals = fact.map(|f| f.price_decimals);
    let stated = (i.price_decimals, i.qty_decimals);
    let extra = extra + fact.map_or(0, |f| f.extra_decimals);
    let ticks = i.ticks.iter().map(|(_, tick)| tick.scale()).max();
    let known = i.price_decimals.or(ticks.map(|d| d + extra));
    i.price_decimals = known.max(data_decimals.map(|d| d + extra));
    if i.price_decimals.is_none() {
        let reason = format!("the price decimals of {} are not known", shown(&i.symbol));
        found.error(i.places.section(), reason, "add `tick: 0.01` to the instrument");
        return;
    }
    let known = i.qty_decimals.or(i.lot.map(Decimal::scale)).max(fact.map(|f| f.qty_decimals));
    i.qty_decimals = known.or(Some(DEFAULT_QTY_DECIMALS));
    let stated = [("price_decimals", stated.0, i.price_decimals), ("qty_decimals", stated.1, i.qty_decimals)];
    for (key, stated, now) in stated {
        if let (Some(was), Some(now)) = (stated, now)
            && was < now
        {
            let reason =
                format!("the data of {} needs {now} decimals, not {was}: they are taken", shown(&i.symbol));
            found.warn(i.places.of(key), reason, format!("write `{key}: {now}`, or remove the key"));
        }
    }
    let price = i.price_decimals.unwrap_or(0);
    let qty = i.qty_decimals.unwrap_or(0);
    let symbol = shown(&i.symbol);
    for (what, key, decimals) in [("prices", "tick", price), ("quantities", "lot", qty)] {
        if decimals > MOST_DECIMALS {
            let reason = format!("{what} of {symbol} would need {decimals} decimals");
            found.error(i.places.of(key), reason, format!("at most {MOST_DECIMALS} are possible"));
            return;
        }
    }
    if i.ticks.is_empty() {
        i.ticks.push((Decimal::ZERO, Decimal::new(1, data_decimals.unwrap_or(price).min(price))));
    }
    let lot = *i.lot.get_or_insert(Decimal::new(1, DEFAULT_QTY_DECIMALS.min(qty)));
    i.min_qty.get_or_insert(lot);
    // A billion, or as much as 64 bits hold.
    i.max_qty.get_or_insert(Decimal::new(10i128.pow(u32::from(18 - qty).min(9)), 0));
    let key = if i.ticks.len() > 1 { "tick_bands" } else { "tick" };
    let in_price = i.ticks.iter().flat_map(|(from, tick)| [(key, *from), (key, *tick)]);
    let in_qty = [("lot", i.lot), ("min_qty", i.min_qty), ("max_qty", i.max_qty)];
    let in_qty = in_qty.into_iter().filter_map(|(key, d)| Some((key, d?, qty, "qty_decimals")));
    let in_price = in_price.chain(i.strike.map(|d| ("strike", d)));
    let all = in_price.map(|(key, d)| (key, d, price, "price_decimals")).chain(in_qty);
    for (key, amount, decimals, raise) in all {
        if amount.scale() > decimals {
            let reason = format!("`{key}` of {symbol}, {amount}, has more than its {decimals} decimals");
            found.error(i.places.of(key), reason, format!("raise `{raise}`"));
        } else if amount.to_scaled(decimals).is_err() {
            let reason = format!("`{key}` of {symbol}, {amount}, is too large for {decimals} decimals");
            found.error(i.places.of(key), reason, format!("lower it or `{raise}`"));
        }
    }
}
