//! A strategy: its rules, bars, side and size.

use super::rules::{Rules, read_rules, spread_loose};
use super::sound::check_rule;
use super::symbols;
use crate::config::*;
use crate::diagnostic::Diagnostics;
use crate::fields::Fields;
use crate::keys;
use crate::timeframe::parse_timeframe;
use crate::tree::{Node, Value};
use crate::values::{mismatch, read_value};
use pinion_engine::plan::{BarSource, Combine, Direction, Protection, Sizing};
use pinion_engine::rules::params::{ParamDef, ParamValue, RuleKind};
use pinion_model::number::Ratio;

/// A tenth of equity.
const DEFAULT_SIZE: Sizing = Sizing::Fraction(Ratio(100_000_000));

/// One strategy, by the key names of its section.
pub(crate) fn strategy(node: &Node, found: &mut Diagnostics) -> StrategyConfig {
    let f = Fields::open(node, keys::STRATEGY, "strategy", found);
    let limit = f.choice("entry_order", found) == 1;
    let offset = f.ratio("limit_offset", found);
    let cancel_bars = f.int("cancel_bars", found) as u32;
    for key in ["limit_offset", "cancel_bars"] {
        if !limit && f.get(key).is_some() {
            let reason = format!("`{key}` has no effect on market entries");
            found.warn(f.place(key), reason, "add `entry_order: limit`");
        }
    }
    let rules = common(&f, "name", found);
    StrategyConfig {
        combine_entries: combine(&f, "combine_entries", &rules.entries, rules.combine_entries, found),
        combine_exits: combine(&f, "combine_exits", &rules.exits, rules.combine_exits, found),
        direction: [Direction::Long, Direction::Short, Direction::Both][f.choice("side", found)],
        source: f.get("bars").map(|_| {
            [BarSource::Trades, BarSource::Mid, BarSource::Bid, BarSource::Ask][f.choice("bars", found)]
        }),
        close_delay_ns: f.nanos("bar_close_delay_ms", found),
        limit_entry: limit.then_some((offset, cancel_bars)),
        protection: f
            .get("protection")
            .map(|_| [Protection::Engine, Protection::Venue][f.choice("protection", found)]),
        instruments: f.get("instruments").map_or(Vec::new(), |list| {
            symbols(list, "instruments", "name a symbol, or remove the key to trade all", found)
        }),
        ..rules
    }
}

/// The flat form: rules by name, all parameters in one group, at the top level.
pub(super) fn flat_strategy(f: &Fields<'_>, found: &mut Diagnostics) -> StrategyConfig {
    common(f, "strategy_name", found)
}

/// What both forms have.
fn common(f: &Fields<'_>, name: &str, found: &mut Diagnostics) -> StrategyConfig {
    let (entries, exits) = rule_lists(f, found);
    let exits_known = !exits.incomplete;
    StrategyConfig {
        places: f.places(),
        name: f.text(name, found).unwrap_or_default(),
        entries: entries.rules,
        exits: exits.rules,
        exits_known,
        combine_entries: Combine::All,
        combine_exits: Combine::Any,
        direction: Direction::Long,
        cut: f.text("timeframe", found).and_then(|t| parse_timeframe(&t, f.place("timeframe"), found)),
        source: None,
        close_delay_ns: 0,
        sizing: f.get("position_size").map_or(Some(DEFAULT_SIZE), |n| sizing(n, found)),
        limit_entry: None,
        protection: None,
        instruments: Vec::new(),
    }
}

fn rule_lists(f: &Fields<'_>, found: &mut Diagnostics) -> (Rules, Rules) {
    if f.lacks("entry_mixins") {
        let remedy = "name at least one entry rule, such as RSIOrBB";
        found.error(f.node.place, "the strategy has no `entry_mixins`", remedy);
    }
    let mut read = |key, kind| match f.get(key) {
        Some(list) => read_rules(list, kind, found),
        None => Rules { incomplete: !f.lacks(key), ..Rules::default() },
    };
    let mut entries = read("entry_mixins", RuleKind::Entry);
    let mut exits = read("exit_mixins", RuleKind::Exit);
    if let Some(parameters) = f.get("parameters") {
        spread_loose(parameters, &mut entries, &mut exits, found);
    }
    entries.guessed.iter().chain(&exits.guessed).for_each(|rule| check_rule(rule, found));
    for rules in [&entries.rules, &exits.rules] {
        for (i, rule) in rules.iter().enumerate() {
            check_rule(rule, found);
            let same =
                |r: &&RuleConfig| (r.def.name, &r.values, r.cut) == (rule.def.name, &rule.values, rule.cut);
            if let Some(first) = rules[..i].iter().find(same) {
                let line = first.places.section().line;
                let reason = format!("{} stands in line {line} with the same parameters", rule.def.name);
                found.warn(rule.places.section(), reason, "remove one of them");
            }
        }
    }
    (entries, exits)
}

/// How the rules of one list combine.
fn combine(
    f: &Fields<'_>,
    key: &str,
    rules: &[RuleConfig],
    default: Combine,
    found: &mut Diagnostics,
) -> Combine {
    let read = f.get(key).and_then(|node| combine_of(node, key, found));
    let combine = read.unwrap_or(default);
    let votes: i64 = rules.iter().map(|r| r.weight.0).sum();
    match combine {
        Combine::Vote { at_least } if at_least.0 > votes && !rules.is_empty() => {
            let votes = Ratio(votes).to_decimal();
            let reason = format!("the rules have {votes} votes, and {} are needed", at_least.to_decimal());
            found.error(f.place(key), reason, "lower `at_least`, or raise a rule's `weight`");
        }
        Combine::Vote { .. } => {}
        Combine::All | Combine::Any => {
            for rule in rules.iter().filter(|r| r.weight != Ratio::ONE) {
                let remedy = format!("write `{key}: {{vote: {{at_least: 2}}}}`");
                found.warn(rule.places.of("weight"), "`weight` has no effect without a vote", remedy);
            }
        }
    }
    combine
}

/// A word, or a vote; `None` with an error when it is neither.
fn combine_of(node: &Node, key: &str, found: &mut Diagnostics) -> Option<Combine> {
    const REMEDY: &str = "write all, any or {vote: {at_least: 2}}";
    match &node.value {
        Value::Scalar(..) => {
            let def = ParamDef { name: "", kind: keys::COMBINE, unit: "", doc: REMEDY };
            match read_value(node, key, &def, found)? {
                ParamValue::Choice(0) => Some(Combine::All),
                _ => Some(Combine::Any),
            }
        }
        Value::Map(_) => {
            let f = Fields::open(node, keys::COMBINE_BY, key, found);
            if f.lacks("vote") {
                found.error(node.place, format!("`{key}` says nothing"), REMEDY);
            }
            let vote = Fields::open(f.get("vote")?, keys::VOTE, "vote", found);
            if vote.lacks("at_least") {
                found.error(vote.node.place, "a vote needs `at_least`", REMEDY);
            }
            vote.ratio_opt("at_least", found).map(|at_least| Combine::Vote { at_least })
        }
        _ => {
            mismatch(node, key, "a word or a vote", REMEDY, found);
            None
        }
    }
}

/// A plain fraction, or one size by its name; `None` with an error when it is neither.
fn sizing(node: &Node, found: &mut Diagnostics) -> Option<Sizing> {
    const REMEDY: &str = "write a fraction of equity such as 0.1, {quantity: \"1\"} or {notional: \"1000\"}";
    if let Value::Scalar(..) = node.value {
        let kind = keys::FRACTION;
        let def = ParamDef { name: "", kind, unit: "fraction of equity", doc: REMEDY };
        return match read_value(node, "position_size", &def, found)? {
            ParamValue::Ratio(r) => Some(Sizing::Fraction(r)),
            _ => None,
        };
    }
    if !matches!(node.value, Value::Map(_)) {
        mismatch(node, "position_size", "one size", REMEDY, found);
        return None;
    }
    let before = found.counts().0;
    let f = Fields::open(node, keys::SIZE, "position_size", found);
    let fraction = f.ratio_opt("fraction", found).map(Sizing::Fraction);
    let quantity = f.positive("quantity", found).map(Sizing::Quantity);
    let notional = f.positive("notional", found).map(Sizing::Notional);
    if found.counts().0 > before {
        return None;
    }
    let mut given = [fraction, quantity, notional].into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(size), None) => Some(size),
        (size, _) => {
            let reason = if size.is_none() { "`position_size` says nothing" } else { "more than one size" };
            found.error(node.place, reason, REMEDY);
            None
        }
    }
}
