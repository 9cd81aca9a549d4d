//! A strategy: its rules, bars, side and size.

use super::rules::{Loose, read_rules, spread_loose};
use super::scalar;
use crate::config::*;
use crate::diagnostic::Diagnostics;
use crate::fields::{Fields, items};
use crate::keys;
use crate::timeframe::parse_timeframe;
use crate::tree::{Node, Value};
use crate::values::{amount, read_value};
use pinion_engine::plan::{BarSource, Combine, Direction, Protection, Sizing};
use pinion_engine::rules::params::RuleKind;
use pinion_model::decimal::Decimal;
use pinion_model::number::Ratio;

/// A tenth of equity.
const DEFAULT_SIZE: Sizing = Sizing::Fraction(Ratio(100_000_000));

/// One strategy.
pub(crate) fn strategy(node: &Node, found: &mut Diagnostics) -> StrategyConfig {
    let f = Fields::open(node, keys::STRATEGY, "strategy", found);
    let name = f.text("name", found).unwrap_or("strategy".into());
    let mut loose = Loose::read(f.get("parameters"), found);
    let (entries, exits) = rule_lists(&f, &mut loose, found);
    let limit = f.choice("entry_order", found) == 1;
    let offset = f.ratio("limit_offset", found);
    let cancel_bars = f.int("cancel_bars", found) as u32;
    if !limit && (f.get("limit_offset").is_some() || f.get("cancel_bars").is_some()) {
        found.warn(
            f.place("limit_offset"),
            "`limit_offset` and `cancel_bars` have no effect on market entries",
            "add `entry_order: limit`",
        );
    }
    StrategyConfig {
        place: node.place,
        name,
        entries,
        exits,
        combine_entries: [Combine::All, Combine::Any][f.choice("combine_entries", found)],
        combine_exits: [Combine::All, Combine::Any][f.choice("combine_exits", found)],
        direction: [Direction::Long, Direction::Short, Direction::Both][f.choice("side", found)],
        cut: f.text("timeframe", found).and_then(|t| parse_timeframe(&t, f.place("timeframe"), found)),
        source: f.get("bars").map(|_| {
            [BarSource::Trades, BarSource::Mid, BarSource::Bid, BarSource::Ask][f.choice("bars", found)]
        }),
        close_delay_ms: f.int("bar_close_delay_ms", found),
        sizing: f.get("position_size").map_or(DEFAULT_SIZE, |n| sizing(n, found)),
        limit_entry: limit.then_some((offset, cancel_bars)),
        protection: f
            .get("protection")
            .map(|_| [Protection::Engine, Protection::Venue][f.choice("protection", found)]),
        instruments: match f.get("instruments") {
            Some(list) => items(list, "instruments", found).filter_map(|n| scalar(n, found)).collect(),
            None => Vec::new(),
        },
    }
}

fn rule_lists(
    f: &Fields<'_>,
    loose: &mut Loose<'_>,
    found: &mut Diagnostics,
) -> (Vec<RuleConfig>, Vec<RuleConfig>) {
    let mut entries =
        f.get("entry_mixins").map(|n| read_rules(n, RuleKind::Entry, found)).unwrap_or_default();
    let mut exits = f.get("exit_mixins").map(|n| read_rules(n, RuleKind::Exit, found)).unwrap_or_default();
    spread_loose(loose, &mut entries, &mut exits, found);
    if f.get("entry_mixins").is_none() {
        found.error(
            f.node.place,
            "the strategy has no `entry_mixins`",
            "name at least one entry rule, such as RSIOrBB",
        );
    }
    (entries, exits)
}

/// The flat form: rules by name, all parameters in one group.
pub(super) fn flat_strategy(f: &Fields<'_>, found: &mut Diagnostics) -> StrategyConfig {
    let mut loose = Loose::read(f.get("parameters"), found);
    let (entries, exits) = rule_lists(f, &mut loose, found);
    StrategyConfig {
        place: f.node.place,
        name: f.text("strategy_name", found).unwrap_or("strategy".into()),
        entries,
        exits,
        combine_entries: Combine::All,
        combine_exits: Combine::Any,
        direction: Direction::Long,
        cut: f.text("timeframe", found).and_then(|t| parse_timeframe(&t, f.place("timeframe"), found)),
        source: None,
        close_delay_ms: 0,
        sizing: f.get("position_size").map_or(DEFAULT_SIZE, |n| sizing(n, found)),
        limit_entry: None,
        protection: None,
        instruments: Vec::new(),
    }
}

fn sizing(node: &Node, found: &mut Diagnostics) -> Sizing {
    let remedy = "write a fraction of equity such as 0.1, {quantity: \"1\"} or {notional: \"1000\"}";
    match &node.value {
        Value::Scalar(..) => {
            let def = pinion_engine::rules::params::ParamDef {
                name: "",
                kind: pinion_engine::rules::params::ParamKind::Ratio {
                    default: Ratio::ONE,
                    min: Ratio(1),
                    max: Ratio(100 * Ratio::SCALE),
                },
                unit: "fraction of equity",
                doc: remedy,
            };
            match read_value(node, "position_size", &def, found) {
                Some(pinion_engine::rules::params::ParamValue::Ratio(r)) => Sizing::Fraction(r),
                _ => DEFAULT_SIZE,
            }
        }
        Value::Map(entries) if entries.len() == 1 => {
            let (key, value) = &entries[0];
            let size = amount(value, &key.name, found).unwrap_or(Decimal::new(1, 0));
            if size.mantissa() == 0 {
                found.error(value.place, format!("`{}` is zero", key.name), remedy);
            }
            match key.name.as_str() {
                "quantity" => Sizing::Quantity(size),
                "notional" => Sizing::Notional(size),
                "fraction" => Ratio::from_decimal(size).map_or(DEFAULT_SIZE, Sizing::Fraction),
                _ => {
                    found.error(key.place, format!("unknown key `{}` in position_size", key.name), remedy);
                    DEFAULT_SIZE
                }
            }
        }
        _ => {
            found.error(
                node.place,
                format!("`position_size` must be one size, not {}", node.describe()),
                remedy,
            );
            DEFAULT_SIZE
        }
    }
}
