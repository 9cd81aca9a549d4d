//! Fills what the text left open with what the data shows: instruments, decimals, timeframe.

use crate::config::*;
use crate::diagnostic::{Diagnostics, Place};
use crate::timeframe::{Cut, timeframe_text};
use pinion_engine::plan::{BarCut, BarSource, Direction, Protection};
use pinion_model::decimal::Decimal;
use pinion_model::instrument::{InstrumentKind, OptionRight};

/// Decimals of quantities when neither the text nor the data says: enough for any coin.
const DEFAULT_QTY_DECIMALS: u8 = 5;

/// Makes every open field explicit; what cannot be made explicit is an error.
pub(crate) fn resolve(config: &mut Config, facts: &[Fact], found: &mut Diagnostics) {
    let top = Place { line: 1, column: 1 };
    if config.strategies.is_empty() {
        found.error(top, "there is no strategy", "add `strategy: {entry_mixins: [...], exit_mixins: [...]}`");
    }
    if config.instruments.is_empty() {
        config.instruments = facts.iter().map(from_fact).collect();
    }
    if config.instruments.is_empty() {
        found.error(
            top,
            "there are no instruments",
            "add `instruments: [{symbol: ...}]`, or data from which they can be read",
        );
        return;
    }
    let is_mid = |c: &Config| c.strategies.iter().any(|s| s.source == Some(BarSource::Mid));
    for strategy in &mut config.strategies {
        resolve_strategy(strategy, facts, found);
    }
    let extra = u8::from(is_mid(config));
    for instrument in &mut config.instruments {
        let fact = facts.iter().find(|f| f.symbol.eq_ignore_ascii_case(&instrument.symbol));
        resolve_instrument(instrument, fact, extra, found);
    }
    let currency = config.instruments[0].settle.clone();
    let shared = config.instruments.iter().all(|i| i.settle == currency);
    if config.broker.currency.is_none() {
        if !shared {
            found.error(
                config.broker.place,
                "the instruments are settled in different currencies, so the base currency is not clear",
                "add `currency: USDT` to broker",
            );
        }
        config.broker.currency = currency;
    }
    let symbols: Vec<String> = config.instruments.iter().map(|i| i.symbol.clone()).collect();
    let known: Vec<&str> = symbols.iter().map(String::as_str).collect();
    for strategy in &mut config.strategies {
        if strategy.instruments.is_empty() {
            strategy.instruments = symbols.iter().map(|s| (s.clone(), strategy.place)).collect();
        }
        for (symbol, place) in &strategy.instruments {
            match config.instruments.iter().find(|i| i.symbol == *symbol) {
                None => crate::read::unknown_symbol(symbol, *place, &known, found),
                Some(i) if strategy.direction != Direction::Long && !i.kind.can_be_short() => found.error(
                    strategy.place,
                    format!("{symbol} is {} and a cash account cannot be short of it", i.kind),
                    "write `side: long`, or trade a perpetual or future",
                ),
                Some(_) => {}
            }
        }
    }
}

fn resolve_strategy(strategy: &mut StrategyConfig, facts: &[Fact], found: &mut Diagnostics) {
    let bars = facts.iter().find_map(|f| f.bar_interval_ns);
    if strategy.cut.is_none() {
        strategy.cut = bars.map(|interval_ns| Cut::Fixed(BarCut::Time { interval_ns }));
        if strategy.cut.is_none() {
            found.error(
                strategy.place,
                "the strategy has no `timeframe`, and the data is not made of bars",
                "add `timeframe: 1m`",
            );
        }
    }
    if let (Some(have), Some(Cut::Fixed(BarCut::Time { interval_ns }))) = (bars, strategy.cut)
        && interval_ns % have != 0
    {
        found.error(
            strategy.place,
            format!(
                "bars of {} cannot be made from bars of {}",
                timeframe_text(Cut::Fixed(BarCut::Time { interval_ns })),
                timeframe_text(Cut::Fixed(BarCut::Time { interval_ns: have }))
            ),
            "choose a multiple of the data's interval",
        );
    }
    let only_quotes = !facts.is_empty() && facts.iter().all(|f| f.only_quotes);
    let source = if only_quotes { BarSource::Mid } else { BarSource::Trades };
    strategy.source.get_or_insert(source);
    // A bar file has no prices within the bar: a stop must rest at the venue to be seen in it.
    let keeper = if bars.is_some() { Protection::Venue } else { Protection::Engine };
    strategy.protection.get_or_insert(keeper);
}

fn from_fact(fact: &Fact) -> InstrumentConfig {
    InstrumentConfig {
        place: Place { line: 1, column: 1 },
        symbol: fact.symbol.clone(),
        venue: fact.venue.clone().unwrap_or("file".into()),
        kind: InstrumentKind::Spot,
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

fn resolve_instrument(i: &mut InstrumentConfig, fact: Option<&Fact>, extra: u8, found: &mut Diagnostics) {
    let tick_decimals = i.ticks.iter().map(|(_, tick)| tick.scale()).max();
    let data_decimals = fact.map(|f| f.price_decimals);
    if i.price_decimals.is_none() {
        // Half a tick must be exact where bars are made from the middle of the quotes.
        let needed = tick_decimals.max(data_decimals);
        i.price_decimals = needed.map(|d| d + extra);
        if needed.is_none() {
            found.error(
                i.place,
                format!("the price decimals of {} are not known", i.symbol),
                "add `tick: 0.01` to the instrument",
            );
        }
    }
    let lot_decimals = i.lot.map(Decimal::scale);
    let decimals = fact.map_or(DEFAULT_QTY_DECIMALS, |f| f.qty_decimals.max(DEFAULT_QTY_DECIMALS));
    i.qty_decimals.get_or_insert(lot_decimals.max(fact.map(|f| f.qty_decimals)).unwrap_or(decimals));
    let price = i.price_decimals.unwrap_or(0);
    let qty = i.qty_decimals.unwrap_or(0);
    if i.ticks.is_empty() {
        i.ticks.push((Decimal::ZERO, Decimal::new(1, data_decimals.unwrap_or(price))));
    }
    let lot = *i.lot.get_or_insert(Decimal::new(1, DEFAULT_QTY_DECIMALS.min(qty)));
    i.min_qty.get_or_insert(lot);
    i.max_qty.get_or_insert(Decimal::new(1_000_000_000, 0));
    let (base, quote) = split_symbol(&i.symbol);
    i.base.get_or_insert(base);
    let quote = i.quote.get_or_insert(quote).clone();
    i.settle.get_or_insert(quote);
    if i.ticks.iter().any(|(from, tick)| tick.to_scaled(price).is_err() || from.to_scaled(price).is_err()) {
        found.error(
            i.place,
            format!("the tick of {} has more decimals than its prices ({price})", i.symbol),
            "raise `price_decimals`",
        );
    }
    for amount in [i.lot, i.min_qty, i.max_qty].into_iter().flatten() {
        if amount.to_scaled(qty).is_err() {
            found.error(
                i.place,
                format!("the lot of {} does not fit {qty} decimals", i.symbol),
                "raise `qty_decimals`",
            );
        }
    }
}

/// Base and quote of a symbol, by the quote currencies that venues use.
fn split_symbol(symbol: &str) -> (String, String) {
    const QUOTES: [&str; 12] =
        ["USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD", "EUR", "GBP", "JPY", "BTC", "ETH", "BNB"];
    let upper = symbol.to_uppercase();
    let bare: String = upper.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let quote = QUOTES.iter().find(|q| bare.len() > q.len() && bare.ends_with(**q));
    match quote {
        Some(q) => (bare[..bare.len() - q.len()].to_string(), q.to_string()),
        None => (upper, "USD".to_string()),
    }
}
