//! What the values of one rule together cannot be: a rule that can never fire is a mistake.

use crate::config::RuleConfig;
use crate::diagnostic::{Diagnostics, Place};
use pinion_engine::rules::params::{ParamValue, RuleKind};
use pinion_model::number::Ratio;

/// Thresholds that no RSI is beyond: rule, parameter, value.
const UNREACHABLE: [(RuleKind, &str, &str, i64); 9] = [
    (RuleKind::Entry, "RSIBB", "rsi_oversold", 0),
    (RuleKind::Entry, "RSIBBVolume", "rsi_oversold", 0),
    (RuleKind::Entry, "RSIIchimoku", "rsi_oversold", 0),
    (RuleKind::Entry, "RSIVolumeSuperTrend", "rsi_oversold", 0),
    (RuleKind::Entry, "EOMPullback", "rsi_oversold", 0),
    (RuleKind::Entry, "EOMBreakout", "rsi_overbought", 0),
    (RuleKind::Exit, "RSIBB", "rsi_overbought", 0),
    (RuleKind::Exit, "EOMRejection", "rsi_overbought", 100),
    (RuleKind::Exit, "EOMBreakdown", "rsi_oversold", 100),
];

/// Pairs of which the first must be below the second.
const RISING: [(&str, &str); 4] = [
    ("fast_period", "slow_period"),
    ("macd_fast", "macd_slow"),
    ("resistance_range_low", "resistance_range_high"),
    ("support_range_low", "support_range_high"),
];

/// Checks a rule whose values could be read.
pub(super) fn check_rule(rule: &RuleConfig, found: &mut Diagnostics) {
    if !rule.sound {
        return;
    }
    let name = rule.def.name;
    let value = |name: &str| {
        let at = rule.def.params.iter().position(|p| p.name == name)?;
        Some(&rule.values[at])
    };
    let is = |name: &str, wanted: ParamValue| value(name) == Some(&wanted);
    let place = |name: &str| {
        let at = rule.def.params.iter().position(|p| p.name == name);
        at.and_then(|at| rule.given[at]).unwrap_or(rule.places.section())
    };
    if name == "TimeBased"
        && is("max_bars", ParamValue::Int(0))
        && is("max_minutes", ParamValue::Int(0))
        && is("session_end", ParamValue::Bool(false))
    {
        let remedy = "set `max_bars`, `max_minutes` or `session_end: true`, or remove the rule";
        found.error(place("max_bars"), "TimeBased never closes: everything in it is off", remedy);
    }
    if is("when", ParamValue::Text(String::new())) {
        let remedy = "write `when: \"rsi(14) < 30\"` under its `parameters`";
        found.error(place("when"), format!("{name} has no `when`"), remedy);
    }
    for (kind, of, param, end) in UNREACHABLE {
        let end_value = ParamValue::Ratio(Ratio(end * Ratio::SCALE));
        if (kind, of) == (rule.def.kind, name) && is(param, end_value) {
            let beyond = if end == 0 { "below" } else { "above" };
            let verb = if kind == RuleKind::Entry { "fires" } else { "closes" };
            let reason = format!("{name} never {verb}: no RSI is {beyond} an `{param}` of {end}");
            found.error(place(param), reason, "give a threshold such as 30 or 70");
        }
    }
    for (low, high) in RISING {
        let (of_low, of_high) = (value(low).and_then(number), value(high).and_then(number));
        if of_low.zip(of_high).is_some_and(|(low, high)| low >= high) {
            let reason = format!("`{low}` of {name} is not below `{high}`");
            found.error(place(low), reason, format!("give a `{low}` below `{high}`"));
        }
    }
    check_targets(rule, &place, found);
}

fn number(value: &ParamValue) -> Option<i64> {
    match value {
        ParamValue::Int(v) => Some(*v),
        ParamValue::Ratio(v) => Some(v.0),
        _ => None,
    }
}

/// Partial targets come in pairs by rising profit, and together close at most the whole position.
fn check_targets(rule: &RuleConfig, place: &impl Fn(&str) -> Place, found: &mut Diagnostics) {
    let list = |name: &str| {
        let at = rule.def.params.iter().position(|p| p.name == name)?;
        match &rule.values[at] {
            ParamValue::RatioList(list) => Some(list),
            _ => None,
        }
    };
    let (Some(levels), Some(sizes)) = (list("pt_levels_r"), list("pt_sizes")) else { return };
    if levels.len() != sizes.len() {
        let longer = if levels.len() > sizes.len() { "pt_levels_r" } else { "pt_sizes" };
        let reason = format!("`pt_levels_r` has {} values and `pt_sizes` {}", levels.len(), sizes.len());
        found.error(place(longer), reason, "give one size for each level");
    }
    if !levels.is_sorted_by(|a, b| a < b) {
        found.error(place("pt_levels_r"), "`pt_levels_r` does not rise", "begin with the nearest target");
    }
    if sizes.iter().map(|r| r.0).sum::<i64>() > Ratio::SCALE {
        let remedy = "they are fractions of the opening quantity";
        found.error(place("pt_sizes"), "`pt_sizes` add up to more than 1", remedy);
    }
}
