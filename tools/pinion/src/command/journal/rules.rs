//! What the plan knows of the rules behind a record: conditions as they were written, how the rules of a list
//! combine, and the names of what an expression reads.

use super::view::View;
use pinion_engine::expression::operands;
use pinion_engine::plan::{Combine, StrategyPlan};
use pinion_engine::rules::params::{ParamValue, RuleKind, RuleSpec};
use pinion_engine::rules::{OPERAND, VALUE_NAMES};
use pinion_model::body::SignalValue;
use pinion_model::decimal::Decimal;
use serde_json::{Value, json};

/// The list that a rule is in, its place there, and how the list combines. Entries come first.
struct Listed<'a> {
    rules: &'a [RuleSpec],
    at: usize,
    combine: Combine,
    kind: RuleKind,
}

fn listed(strategy: &StrategyPlan, rule: u16) -> Option<Listed<'_>> {
    let entries = &strategy.entries[..];
    let of = |rules, at, combine, kind| Listed { rules, at, combine, kind };
    let rule = usize::from(rule);
    let found = match rule.checked_sub(entries.len()) {
        None => of(entries, rule, strategy.combine_entries, RuleKind::Entry),
        Some(at) => of(&strategy.exits, at, strategy.combine_exits, RuleKind::Exit),
    };
    (found.at < found.rules.len()).then_some(found)
}

fn condition(rule: &RuleSpec) -> Option<&str> {
    rule.values
        .iter()
        .find_map(|value| if let ParamValue::Text(text) = value { Some(text.as_str()) } else { None })
}

impl View {
    fn listed(&self, strategy: u16, rule: u16) -> Option<Listed<'_>> {
        listed(self.plan.engine.strategies.get(usize::from(strategy))?, rule)
    }

    /// A value that a rule noted: its name and what it is.
    pub fn noted(&self, strategy: u16, rule: u16, value: &SignalValue) -> (String, Value) {
        let name = VALUE_NAMES.get(usize::from(value.output) - 1).copied().unwrap_or("?");
        let shown = json!(Decimal::new(value.value.into(), value.exponent as u8).to_string());
        let Some(list) = self.listed(strategy, rule) else { return (name.into(), shown) };
        if name == "voters" {
            let voted = |at: &usize| {
                u32::try_from(value.value).unwrap_or(0).checked_shr(*at as u32).unwrap_or(0) & 1 == 1
            };
            let names: Vec<&str> =
                (0..list.rules.len()).filter(voted).map(|at| list.rules[at].rule.as_str()).collect();
            return (name.into(), json!(names.join(" + ")));
        }
        let number = name.strip_prefix(OPERAND).and_then(|n| n.parse::<usize>().ok());
        let operand = number.and_then(|n| list.operands().into_iter().nth(n.checked_sub(1)?));
        (operand.unwrap_or(name.into()), shown)
    }

    /// The rule behind an intent: its condition where it is one, and how its list combines where it has more.
    pub fn decided_by(&self, strategy: u16, rule: u16) -> Vec<(&'static str, Value)> {
        let Some(list) = self.listed(strategy, rule) else { return Vec::new() };
        let mut lines = Vec::new();
        if let Some(text) = condition(&list.rules[list.at]) {
            lines.push(("condition", json!(text)));
        }
        if list.rules.len() > 1 {
            let how = match list.combine {
                Combine::All => "all must fire".to_string(),
                Combine::Any => "any is enough, the first names it".to_string(),
                Combine::Vote { at_least } => format!("a vote of at least {}", at_least.to_decimal()),
            };
            let weighted = matches!(list.combine, Combine::Vote { .. });
            let name = |r: &RuleSpec| match (weighted, condition(r)) {
                (true, _) => format!("{} {}", r.rule, r.weight.to_decimal()),
                (false, Some(text)) => format!("{} ({text})", r.rule),
                (false, None) => r.rule.clone(),
            };
            let rules: Vec<String> = list.rules.iter().map(name).collect();
            lines.push(("rules", json!(format!("{}: {how}", rules.join(", ")))));
        }
        lines
    }
}

impl Listed<'_> {
    /// Names of the operands of a record of this rule: those of the first expression that noted its own. The
    /// rule that is named comes first; only entries are followed by the rest of their list.
    fn operands(&self) -> Vec<String> {
        let others = self.rules.iter().enumerate().filter(|(at, _)| *at != self.at).map(|(_, r)| r);
        let others = others.filter(|_| self.kind == RuleKind::Entry);
        let first = std::iter::once(&self.rules[self.at]).chain(others).find_map(condition);
        first.map_or_else(Vec::new, |text| operands(text, self.kind))
    }
}
