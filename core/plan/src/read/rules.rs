//! Rules of a strategy: names with and without `Mixin`, parameters with and without `e_` and `x_`.

use crate::config::RuleConfig;
use crate::diagnostic::{Diagnostics, suggest};
use crate::fields::{Fields, items};
use crate::keys;
use crate::timeframe::parse_timeframe;
use crate::tree::{Key, Node, Value};
use crate::values::read_value;
use pinion_engine::rules::catalog::{RULES, find};
use pinion_engine::rules::params::{RuleDef, RuleKind};

/// Reads a list of rules.
pub(crate) fn read_rules(list: &Node, kind: RuleKind, found: &mut Diagnostics) -> Vec<RuleConfig> {
    let what = if kind == RuleKind::Entry { "entry_mixins" } else { "exit_mixins" };
    let rules: Vec<RuleConfig> =
        items(list, what, found).filter_map(|item| read_rule(item, kind, found)).collect();
    if kind == RuleKind::Entry && rules.is_empty() && !found.has_errors() {
        found.error(list.place, "no entry rule is named", "name at least one, such as RSIOrBB");
    }
    rules
}

fn read_rule(item: &Node, kind: RuleKind, found: &mut Diagnostics) -> Option<RuleConfig> {
    if let Value::Scalar(name, _) = &item.value {
        let def = rule_named(name, kind, item, found)?;
        return Some(RuleConfig {
            def,
            values: def.params.iter().map(|p| p.default_value()).collect(),
            cut: None,
        });
    }
    let f = Fields::open(item, keys::RULE, "a rule", found);
    let Some(name) = f.get("name") else {
        found.error(item.place, "a rule needs a `name`", "write `- name: RSIOrBB`");
        return None;
    };
    let Value::Scalar(text, _) = &name.value else {
        found.error(name.place, format!("a rule's name is expected, not {}", name.describe()), "");
        return None;
    };
    let def = rule_named(text, kind, name, found)?;
    let mut rule =
        RuleConfig { def, values: def.params.iter().map(|p| p.default_value()).collect(), cut: None };
    rule.cut = f.text("timeframe", found).and_then(|t| parse_timeframe(&t, f.place("timeframe"), found));
    if let Some(parameters) = f.get("parameters").or(f.get("params")) {
        for (key, value) in entries(parameters, "parameters", found) {
            let Some(at) = position(def, &key.name) else {
                unknown_parameter(key, &[def], found);
                continue;
            };
            if let Some(v) = read_value(value, def.params[at].name, &def.params[at], found) {
                rule.values[at] = v;
            }
        }
    }
    Some(rule)
}

fn entries<'a>(node: &'a Node, name: &str, found: &mut Diagnostics) -> &'a [(Key, Node)] {
    match &node.value {
        Value::Map(entries) => entries,
        _ => {
            found.error(node.place, format!("`{name}` must be a group of keys, not {}", node.describe()), "");
            &[]
        }
    }
}

/// Place of a parameter in the declaration, by its name with or without prefix.
fn position(def: &RuleDef, name: &str) -> Option<usize> {
    let prefix = if def.kind == RuleKind::Entry { "e_" } else { "x_" };
    let bare = name.strip_prefix(prefix).unwrap_or(name);
    def.params.iter().position(|p| p.name == bare)
}

fn unknown_parameter(key: &Key, defs: &[&RuleDef], found: &mut Diagnostics) {
    let names = || defs.iter().flat_map(|d| d.params.iter().map(|p| p.name));
    let bare = key.name.strip_prefix("e_").or(key.name.strip_prefix("x_")).unwrap_or(&key.name);
    let rules = defs.iter().map(|d| d.name).collect::<Vec<_>>().join(", ");
    let remedy = match suggest(bare, names()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("the parameters are {}", names().collect::<Vec<_>>().join(", ")),
    };
    found.error(key.place, format!("{rules} has no parameter `{}`", key.name), remedy);
}

/// The rule of this name: `RSIOrBB`, `RSIOrBBEntry`, `RSIOrBBMixin` and `RSIOrBBEntryMixin` are one.
fn rule_named(name: &str, kind: RuleKind, at: &Node, found: &mut Diagnostics) -> Option<&'static RuleDef> {
    let word = if kind == RuleKind::Entry { "Entry" } else { "Exit" };
    let bare = name.strip_suffix("Mixin").unwrap_or(name);
    let bare = bare.strip_suffix(word).unwrap_or(bare);
    if let Some(def) = find(kind, bare) {
        return Some(def);
    }
    let names = || RULES.iter().filter(|r| r.kind == kind).map(|r| r.name);
    let remedy = match suggest(bare, names()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("the rules are {}", names().collect::<Vec<_>>().join(", ")),
    };
    found.error(at.place, format!("there is no {} rule `{name}`", word.to_lowercase()), remedy);
    None
}

/// Parameters that stand beside the rules instead of within them.
pub(crate) struct Loose<'a> {
    entries: &'a [(Key, Node)],
}

impl<'a> Loose<'a> {
    pub fn read(node: Option<&'a Node>, found: &mut Diagnostics) -> Loose<'a> {
        Loose { entries: node.map_or(&[], |n| entries(n, "parameters", found)) }
    }
}

/// Gives each loose parameter to every rule that declares it; `e_` goes to entries only, `x_` to exits.
pub(crate) fn spread_loose(
    loose: &Loose<'_>,
    entries: &mut [RuleConfig],
    exits: &mut [RuleConfig],
    found: &mut Diagnostics,
) {
    for (key, value) in loose.entries {
        let mut taken = false;
        let all = entries.iter_mut().chain(exits.iter_mut());
        for rule in all {
            let other = if rule.def.kind == RuleKind::Entry { "x_" } else { "e_" };
            if key.name.starts_with(other) {
                continue;
            }
            if let Some(at) = position(rule.def, &key.name) {
                taken = true;
                if let Some(v) = read_value(value, rule.def.params[at].name, &rule.def.params[at], found) {
                    rule.values[at] = v;
                }
            }
        }
        if !taken {
            let defs: Vec<&RuleDef> = entries.iter().chain(exits.iter()).map(|r| r.def).collect();
            if !defs.is_empty() {
                unknown_parameter(key, &defs, found);
            }
        }
    }
}

/// Checks bare parameters (a part of a configuration) against every rule of one kind.
pub(crate) fn check_bare(node: &Node, kind: RuleKind, found: &mut Diagnostics) {
    let defs: Vec<&'static RuleDef> = RULES.iter().copied().filter(|r| r.kind == kind).collect();
    for (key, value) in entries(node, "parameters", found) {
        let declaring: Vec<_> =
            defs.iter().filter_map(|d| position(d, &key.name).map(|at| &d.params[at])).collect();
        let Some(first) = declaring.first() else {
            unknown_parameter(key, &defs, found);
            continue;
        };
        // Rules may differ in range; the part does not say which is meant, so the widest counts.
        let mut quiet = Diagnostics::default();
        if !declaring.iter().any(|d| read_value(value, d.name, d, &mut quiet).is_some()) {
            read_value(value, first.name, first, found);
        }
    }
}
