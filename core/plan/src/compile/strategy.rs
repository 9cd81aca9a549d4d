//! A strategy over dense instruments.

use crate::config::{RuleConfig, StrategyConfig};
use crate::diagnostic::Diagnostics;
use crate::places::Places;
use crate::timeframe::{Cut, timeframe_text};
use pinion_engine::plan::*;
use pinion_engine::rules::params::RuleSpec;
use pinion_model::instrument::{Instrument, InstrumentId};
use pinion_model::number::Qty;
use std::collections::HashMap;

/// Compiles a strategy that was resolved, over instruments by symbol.
pub(super) fn strategy(
    s: &StrategyConfig,
    instruments: &[Instrument],
    by_symbol: &HashMap<&str, InstrumentId>,
    found: &mut Diagnostics,
) -> Option<StrategyPlan> {
    let ids: Vec<InstrumentId> =
        s.instruments.iter().filter_map(|(symbol, _)| by_symbol.get(symbol.as_str()).copied()).collect();
    let exponents: Vec<u8> = ids.iter().map(|id| instruments[id.index()].qty_exponent).collect();
    let mut bars = |cut, places: &Places| bar_spec(s, cut, places, &exponents, found);
    let own = bars(s.cut?, &s.places);
    let mut rules = |list: &[RuleConfig]| -> Option<Vec<RuleSpec>> {
        let rule = |r: &RuleConfig| {
            let bars = match r.cut {
                Some(cut) => Some(bars(cut, &r.places)?),
                None => None,
            };
            Some(RuleSpec { rule: r.def.name.into(), values: r.values.clone(), bars, weight: r.weight })
        };
        // Every rule is looked at, so that every error is found.
        list.iter().map(rule).collect::<Vec<_>>().into_iter().collect()
    };
    let (entries, exits) = (rules(&s.entries), rules(&s.exits));
    Some(StrategyPlan {
        name: s.name.clone(),
        bars: own?,
        direction: s.direction,
        entries: entries?,
        combine_entries: s.combine_entries,
        exits: exits?,
        combine_exits: s.combine_exits,
        sizing: s.sizing?,
        entry_order: match s.limit_entry {
            None => EntryOrder::Market,
            Some((offset, cancel_bars)) => EntryOrder::Limit { offset, cancel_bars },
        },
        protection: s.protection?,
        instruments: ids,
    })
}

/// Bars in the units of the instruments, whose quantities have these decimals.
fn bar_spec(
    s: &StrategyConfig,
    cut: Cut,
    places: &Places,
    exponents: &[u8],
    found: &mut Diagnostics,
) -> Option<BarSpec> {
    let fixed = match cut {
        Cut::Fixed(fixed) => fixed,
        Cut::Volume(qty) => {
            let exponent = *exponents.first()?;
            let at = places.of("timeframe");
            if exponents.iter().any(|e| *e != exponent) {
                let remedy = "give the instruments the same `qty_decimals`, or each a strategy of its own";
                let reason = "volume bars over instruments whose quantities have different decimals";
                found.error(at, reason, remedy);
                return None;
            }
            let Ok(units) = qty.to_scaled(exponent) else {
                let reason =
                    format!("{} does not fit quantities of {exponent} decimals", timeframe_text(cut));
                found.error(at, reason, "give a volume that the instruments can trade");
                return None;
            };
            BarCut::Volume { qty: Qty(units) }
        }
    };
    Some(BarSpec { cut: fixed, source: s.source?, close_delay_ns: s.close_delay_ns })
}
