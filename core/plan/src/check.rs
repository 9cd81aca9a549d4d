//! What single keys cannot tell: keys that contradict each other. It runs over what the text says and again
//! when the data has filled the gaps, so that as much as possible is found without data.

use crate::config::*;
use crate::diagnostic::{Diagnostics, Place, shown, suggest};
use crate::symbol;
use crate::timeframe::{Cut, timeframe_text};
use crate::values::units;
use pinion_engine::expression::needs_stop;
use pinion_engine::plan::{BarCut, Direction, Sizing};
use pinion_engine::rules::longer_bars_ns;
use pinion_engine::rules::params::ParamValue;
use pinion_model::decimal::Decimal;
use pinion_model::instrument::InstrumentKind;
use pinion_model::number::Ratio;
use std::collections::{HashMap, HashSet};

/// Checks a configuration as far as it is known.
pub(crate) fn config(config: &Config, found: &mut Diagnostics) {
    listed_once(config, found);
    known_symbols(config, found);
    if config.broker.cash.mantissa() == 0 && config.broker.balances.is_empty() {
        found.error(config.broker.places.of("cash"), "an account without cash cannot trade", "give `cash`");
    }
    let by_symbol: HashMap<&str, &InstrumentConfig> =
        config.instruments.iter().map(|i| (i.symbol.as_str(), i)).collect();
    for strategy in &config.strategies {
        exits(strategy, config, found);
        let named = strategy.instruments.iter().filter_map(|(symbol, _)| by_symbol.get(symbol.as_str()));
        let all = config.instruments.iter().filter(|_| strategy.instruments.is_empty());
        let traded: Vec<&InstrumentConfig> = named.copied().chain(all).collect();
        side(strategy, &traded, found);
        session_end(strategy, &traded, found);
        longer_bars(strategy, found);
        size(strategy, &traded, found);
        for instrument in traded {
            affordable(strategy, instrument, config, found);
        }
    }
    for instrument in &config.instruments {
        order_limits(instrument, &config.risk, found);
    }
}

/// An instrument whose kind the text does not give is spot, though its data may look like something else.
pub(crate) fn kinds(config: &Config, facts: &[Fact], found: &mut Diagnostics) {
    let alone = config.instruments.len() == 1;
    for i in config.instruments.iter().filter(|i| i.is_named() && !i.places.has("kind")) {
        let own = |f: &&Fact| f.symbol.eq_ignore_ascii_case(&i.symbol) || (alone && f.venue.is_none());
        let Some(kind) = looks_like(&i.symbol, facts.iter().find(own)) else { continue };
        let reason = format!("{} is taken as {}, but looks like {kind}", shown(&i.symbol), i.kind);
        found.warn(
            i.places.of("symbol"),
            reason,
            format!("add `kind: {kind}` (or `kind: {}`) to it", i.kind),
        );
    }
}

/// What an instrument looks like other than spot: by its data, else by a name that is two countries' money.
pub(crate) fn looks_like(symbol: &str, fact: Option<&Fact>) -> Option<InstrumentKind> {
    let by_name = || (fact?.venue.is_none() && symbol::is_money_pair(symbol)).then_some(InstrumentKind::Fx);
    fact.and_then(|f| f.kind).or_else(by_name)
}

/// Data names instruments by symbol in any case, so that two of one symbol cannot be told apart.
fn listed_once(config: &Config, found: &mut Diagnostics) {
    let mut seen: HashMap<String, Place> = HashMap::new();
    for instrument in &config.instruments {
        let place = instrument.places.of("symbol");
        if let Some(first) = seen.insert(instrument.symbol.to_uppercase(), place) {
            found.error_twice(place, first, &format!("the instrument {}", shown(&instrument.symbol)));
        }
    }
}

/// Strategies and groups name instruments that there are.
fn known_symbols(config: &Config, found: &mut Diagnostics) {
    if config.instruments.is_empty() {
        // The data will say which there are.
        return;
    }
    let known: HashSet<&str> = config.instruments.iter().map(|i| i.symbol.as_str()).collect();
    let groups = config.risk.groups.iter().map(|g| &g.symbols);
    for (symbol, place) in config.strategies.iter().map(|s| &s.instruments).chain(groups).flatten() {
        if known.contains(symbol.as_str()) {
            continue;
        }
        let names = config.instruments.iter().map(|i| i.symbol.as_str());
        let remedy = match suggest(symbol, names.clone()) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("the instruments are {}", names.take(20).collect::<Vec<_>>().join(", ")),
        };
        found.error(*place, format!("there is no instrument `{}`", shown(symbol)), remedy);
    }
}

/// A position needs a way out, and where it is required a stop.
fn exits(strategy: &StrategyConfig, config: &Config, found: &mut Diagnostics) {
    let at = strategy.places.of("exit_mixins");
    let has_stop = strategy.exits.iter().any(|r| r.def.has_stop());
    if !has_stop && strategy.exits_known {
        strategy.exits.iter().for_each(|rule| measured_by_stop(rule, found));
    }
    if config.risk.limits.stop_loss_required && !has_stop {
        if strategy.exits_known {
            let remedy = "add AdvancedATR, ATR, FixedRatio or TrailingStop to `exit_mixins`";
            found.error(at, "`stop_loss_required` is set, but no exit rule has a stop", remedy);
        }
    } else if strategy.exits.is_empty() && strategy.exits_known {
        let reason = "the strategy has no exit rule: a position stays open to the end";
        found.warn(at, reason, "add one to `exit_mixins`");
    }
}

/// A profit in units of the distance to a stop is never known where no rule has one.
fn measured_by_stop(rule: &RuleConfig, found: &mut Diagnostics) {
    for (value, given) in rule.values.iter().zip(&rule.given) {
        if let ParamValue::Text(text) = value
            && needs_stop(text)
        {
            let remedy = "add AdvancedATR, ATR, FixedRatio or TrailingStop to `exit_mixins`";
            let reason = "`profit_r` has no value: no exit rule has a stop";
            found.error(given.unwrap_or(rule.places.section()), reason, remedy);
        }
    }
}

fn side(strategy: &StrategyConfig, traded: &[&InstrumentConfig], found: &mut Diagnostics) {
    let long_only = traded.iter().filter(|i| !i.kind.can_be_short());
    if let (Some(i), true) = (long_only.clone().next(), strategy.direction != Direction::Long) {
        let others = match long_only.count() {
            1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        let reason =
            format!("{} is {} and a cash account cannot be short of it{others}", shown(&i.symbol), i.kind);
        let remedy = "write `side: long`, or trade a perpetual or future";
        found.error(strategy.places.of("side"), reason, remedy);
    }
}

/// Longer bars that a rule reads beside its own must be made of them.
fn longer_bars(strategy: &StrategyConfig, found: &mut Diagnostics) {
    for rule in &strategy.exits {
        let Some(longer_ns) = longer_bars_ns(rule.def, &rule.values) else { continue };
        let Some(Cut::Fixed(BarCut::Time { interval_ns })) = rule.cut.or(strategy.cut) else { continue };
        if longer_ns > interval_ns && longer_ns % interval_ns == 0 {
            continue;
        }
        let text = |interval_ns| timeframe_text(Cut::Fixed(BarCut::Time { interval_ns }));
        let at = rule.def.params.iter().position(|p| p.name == "htf_timeframe");
        let place = at.and_then(|at| rule.given[at]).unwrap_or(rule.places.section());
        let (longer, own) = (text(longer_ns), text(interval_ns));
        let reason = format!("`htf_timeframe` of {} is {longer}, not longer bars of {own}", rule.def.name);
        found.error(place, reason, format!("choose a larger multiple of {own}"));
    }
}

/// A rule that waits for the end of a session needs one.
fn session_end(strategy: &StrategyConfig, traded: &[&InstrumentConfig], found: &mut Diagnostics) {
    let Some(endless) = traded.iter().find(|i| i.session_s.is_none()) else { return };
    for rule in &strategy.exits {
        let Some(at) = rule.def.params.iter().position(|p| p.name == "session_end") else { continue };
        if rule.values[at] == ParamValue::Bool(true) {
            let reason =
                format!("`session_end` never closes {}: it has no `session`", shown(&endless.symbol));
            let place = rule.given[at].unwrap_or(rule.places.section());
            found.warn(place, reason, "give the instrument `session: \"14:30-21:00\"`");
        }
    }
}

/// A fixed quantity that every order would be cut to nothing from, or that no order may have.
fn size(strategy: &StrategyConfig, traded: &[&InstrumentConfig], found: &mut Diagnostics) {
    let Some(Sizing::Quantity(quantity)) = strategy.sizing else { return };
    let at = strategy.places.of("position_size");
    let least = |i: &InstrumentConfig| {
        let all = [("lot", i.lot), ("smallest quantity", i.min_qty)];
        let mut all = all.into_iter().filter_map(|(what, least)| Some((what, least?)));
        all.find(|(_, least)| units(quantity) < units(*least))
    };
    if let Some((i, (what, least))) = traded.iter().find_map(|i| Some((i, least(i)?))) {
        let symbol = shown(&i.symbol);
        let reason = format!(
            "a quantity of {quantity} is below the {what} of {symbol}, {least}: no order could be sent"
        );
        found.error(at, reason, format!("give a multiple of the lot, at least {least}"));
        return;
    }
    let uneven = |i: &InstrumentConfig| i.lot.filter(|lot| !is_multiple(quantity, *lot));
    if let Some((i, lot)) = traded.iter().find_map(|i| Some((i, uneven(i)?))) {
        let symbol = shown(&i.symbol);
        let reason = format!("a quantity of {quantity} is not a multiple of the lot of {symbol}, {lot}");
        found.warn(at, reason, "orders are rounded down to the lot; give a multiple of it");
    }
    let above = |i: &InstrumentConfig| i.max_qty.filter(|most| units(quantity) > units(*most));
    if let Some((i, most)) = traded.iter().find_map(|i| Some((i, above(i)?))) {
        let symbol = shown(&i.symbol);
        let reason = format!("a quantity of {quantity} is above the largest of {symbol}, {most}");
        found.warn(at, reason, "orders are cut to it; give less");
    }
}

fn is_multiple(quantity: Decimal, lot: Decimal) -> bool {
    match (units(quantity), units(lot)) {
        (Some(quantity), Some(lot)) if lot > 0 => quantity % lot == 0,
        _ => true,
    }
}

/// The smallest order must be within what the opening cash and the limits allow.
fn affordable(strategy: &StrategyConfig, i: &InstrumentConfig, config: &Config, found: &mut Diagnostics) {
    let (broker, limits) = (&config.broker, &config.risk.limits);
    // Amounts in several currencies can be compared only when rates are known.
    let one_currency = broker.balances.is_empty()
        && [&broker.currency, &i.settle].into_iter().all(|c| c.is_none() || *c == broker.currency);
    let (Some(least), true) = (units(i.min_notional), one_currency) else { return };
    let own = if i.kind.pays_notional() { Some(Ratio::ONE) } else { None };
    let wanted = match strategy.sizing {
        Some(Sizing::Fraction(fraction)) => Some(fraction),
        _ => own,
    };
    let limits =
        [wanted, own, limits.max_position_size, limits.position_concentration, limits.leverage_limit];
    let fraction = limits.into_iter().flatten().min();
    let most =
        fraction.zip(units(broker.cash)).map(|(f, cash)| cash / i128::from(Ratio::SCALE) * i128::from(f.0));
    if let Some(most) = most.filter(|most| *most < least) {
        let reason = format!(
            "the smallest order of {} is {}, but {} of cash and the limits allow at most {}",
            shown(&i.symbol),
            i.min_notional,
            broker.cash,
            Decimal::new(most, 18),
        );
        let at = i.places.of("min_notional");
        let blamed = [at, broker.places.of("cash"), strategy.places.of("position_size")];
        if !blamed.into_iter().any(|place| found.has_error_at(place)) {
            found.error(at, reason, "lower `min_notional`, or raise `cash`, `position_size` or the limits");
        }
    }
    if let Some(Sizing::Notional(notional)) = strategy.sizing
        && units(notional) < Some(least)
    {
        let reason = format!(
            "a notional of {notional} is below the smallest of {}, {}: no order could be sent",
            shown(&i.symbol),
            i.min_notional
        );
        found.error(strategy.places.of("position_size"), reason, "give more");
    }
}

/// Limits on one order must leave room for the smallest one.
fn order_limits(i: &InstrumentConfig, risk: &RiskConfig, found: &mut Diagnostics) {
    let least = [i.lot, i.min_qty].into_iter().flatten().max_by_key(|d| units(*d));
    let pairs = [
        ("max_qty", i.places.of("max_qty"), i.max_qty, least, "quantity"),
        (
            "max_order_quantity",
            risk.places.of("max_order_quantity"),
            risk.limits.max_order_qty,
            least,
            "quantity",
        ),
        (
            "max_order_notional",
            risk.places.of("max_order_notional"),
            risk.limits.max_order_notional,
            Some(i.min_notional),
            "notional",
        ),
    ];
    for (key, at, most, least, what) in pairs {
        if let (Some(most), Some(least)) = (most, least)
            && units(most) < units(least)
            && !found.has_error_at(at)
        {
            let reason =
                format!("`{key}` {most} is below the smallest {what} of {}, {least}", shown(&i.symbol));
            found.error(at, reason, "no order could be sent: raise it");
        }
    }
}
