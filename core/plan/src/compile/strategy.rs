//! A strategy over dense instruments.

use crate::config::{RuleConfig, StrategyConfig};
use crate::diagnostic::Diagnostics;
use crate::timeframe::Cut;
use pinion_engine::plan::*;
use pinion_engine::rules::params::{ParamValue, RuleSpec};
use pinion_model::instrument::{Instrument, InstrumentId};
use pinion_model::number::{Qty, Ratio};

pub(super) fn bar_spec(s: &StrategyConfig, cut: Cut, qty_exponent: u8) -> Option<BarSpec> {
    let cut = match cut {
        Cut::Fixed(cut) => cut,
        Cut::Volume(qty) => BarCut::Volume { qty: Qty(qty.to_scaled(qty_exponent).ok()?) },
    };
    Some(BarSpec { cut, source: s.source?, close_delay_ns: s.close_delay_ms * 1_000_000 })
}

pub(super) fn strategy(
    s: &StrategyConfig,
    instruments: &[Instrument],
    risk: &RiskLimits,
    found: &mut Diagnostics,
) -> Option<StrategyPlan> {
    let ids =
        s.instruments.iter().filter_map(|(symbol, _)| instruments.iter().position(|i| i.symbol == *symbol));
    let ids: Vec<InstrumentId> = ids.map(|i| InstrumentId(i as u32)).collect();
    let qty_exponent = instruments[ids.first()?.index()].qty_exponent;
    let by_volume = s.cut.iter().chain(s.entries.iter().chain(&s.exits).filter_map(|r| r.cut.as_ref()));
    let differ = ids.iter().any(|id| instruments[id.index()].qty_exponent != qty_exponent);
    if differ && by_volume.into_iter().any(|cut| matches!(cut, Cut::Volume(_))) {
        found.error(
            s.place,
            "volume bars over instruments whose quantities have different decimals",
            "give the instruments the same `qty_decimals`, or each a strategy of its own",
        );
    }
    let rule = |r: &RuleConfig| {
        let bars = match r.cut {
            Some(cut) => Some(bar_spec(s, cut, qty_exponent)?),
            None => None,
        };
        Some(RuleSpec { rule: r.def.name.into(), values: r.values.clone(), bars })
    };
    let rules = |list: &[RuleConfig]| list.iter().map(rule).collect::<Option<Vec<_>>>();
    for exit in &s.exits {
        check_targets(s, exit, found);
    }
    if risk.stop_loss_required && !s.exits.iter().any(|r| r.def.name != "TimeBased") {
        found.error(
            s.place,
            "`stop_loss_required` is set, but no exit rule has a stop",
            "add AdvancedATR, ATR, FixedRatio or TrailingStop to `exit_mixins`",
        );
    }
    if s.exits.is_empty() {
        found.warn(
            s.place,
            "the strategy has no exit rule: a position stays open to the end",
            "add one to `exit_mixins`",
        );
    }
    Some(StrategyPlan {
        name: s.name.clone(),
        bars: bar_spec(s, s.cut?, qty_exponent)?,
        direction: s.direction,
        entries: rules(&s.entries)?,
        combine_entries: s.combine_entries,
        exits: rules(&s.exits)?,
        combine_exits: s.combine_exits,
        sizing: s.sizing,
        entry_order: match s.limit_entry {
            None => EntryOrder::Market,
            Some((offset, cancel_bars)) => EntryOrder::Limit { offset, cancel_bars },
        },
        protection: s.protection?,
        instruments: ids,
    })
}

/// Partial targets come in pairs, and together close at most the whole position.
pub(super) fn check_targets(s: &StrategyConfig, rule: &RuleConfig, found: &mut Diagnostics) {
    let list = |name: &str| {
        let at = rule.def.params.iter().position(|p| p.name == name)?;
        match &rule.values[at] {
            ParamValue::RatioList(list) => Some(list.clone()),
            _ => None,
        }
    };
    let (Some(levels), Some(sizes)) = (list("pt_levels_r"), list("pt_sizes")) else { return };
    if levels.len() != sizes.len() {
        found.error(
            s.place,
            format!("`pt_levels_r` has {} values and `pt_sizes` {}", levels.len(), sizes.len()),
            "give one size for each level",
        );
    }
    if sizes.iter().map(|r| r.0).sum::<i64>() > Ratio::SCALE {
        found.error(
            s.place,
            "`pt_sizes` add up to more than 1",
            "they are fractions of the opening quantity",
        );
    }
}
