//! Rules of a strategy: names with and without `Mixin`, parameters with and without `e_` and `x_`.

use crate::config::RuleConfig;
use crate::diagnostic::{Diagnostics, Place, shown, suggest};
use crate::fields::{Fields, entries, items};
use crate::keys;
use crate::places::Places;
use crate::timeframe::parse_timeframe;
use crate::tree::{Key, Node, Value};
use crate::values::{mismatch, read_value};
use pinion_engine::rules::catalog::RULES;
use pinion_engine::rules::params::{RuleDef, RuleKind};
use pinion_model::number::Ratio;

/// The rules of one list.
pub(super) struct Rules {
    pub rules: Vec<RuleConfig>,
    /// A rule of the list could not be read, so that its parameters are not known.
    pub incomplete: bool,
}

/// Reads a list of rules.
pub(super) fn read_rules(list: &Node, kind: RuleKind, found: &mut Diagnostics) -> Rules {
    let (key, remedy) = match kind {
        RuleKind::Entry => ("entry_mixins", "name at least one entry rule, such as RSIOrBB"),
        RuleKind::Exit => {
            ("exit_mixins", "name an exit rule, such as AdvancedATR, or remove the key to hold to the end")
        }
    };
    if matches!(&list.value, Value::List(items) if items.is_empty()) {
        found.error(list.place, format!("`{key}` names no rule"), remedy);
    }
    let read: Vec<Option<RuleConfig>> =
        items(list, key, found).map(|item| read_rule(item, kind, found)).collect();
    let incomplete = read.is_empty() || read.iter().any(Option::is_none);
    Rules { rules: read.into_iter().flatten().collect(), incomplete }
}

fn read_rule(item: &Node, kind: RuleKind, found: &mut Diagnostics) -> Option<RuleConfig> {
    let new = |def: &'static RuleDef, places: Places| RuleConfig {
        def,
        values: def.params.iter().map(|p| p.default_value()).collect(),
        given: vec![None; def.params.len()],
        sound: true,
        cut: None,
        weight: Ratio::ONE,
        places,
    };
    if let Value::Scalar(name, _) = &item.value {
        return Some(new(rule_named(name, kind, item, found)?, Places::at(item.place)));
    }
    let f = Fields::open(item, keys::RULE, "a rule", found);
    if f.lacks("name") {
        found.error(item.place, "a rule needs a `name`", "write `name: RSIOrBB`");
    }
    let name = f.get("name")?;
    let Value::Scalar(text, _) = &name.value else {
        mismatch(name, "name", "the name of a rule", "write `name: RSIOrBB`", found);
        return None;
    };
    let mut rule = new(rule_named(text, kind, name, found)?, f.places());
    rule.cut = f.text("timeframe", found).and_then(|t| parse_timeframe(&t, f.place("timeframe"), found));
    rule.weight = f.ratio("weight", found);
    if f.get("parameters").is_some() && f.get("params").is_some() {
        found.error_twice(f.place("params"), f.place("parameters"), "`parameters` (`params` is the same)");
    }
    if let Some(parameters) = f.get("parameters").or(f.get("params")) {
        for (key, value) in entries(parameters, "parameters", "write `rsi_period: 14`", found) {
            match position(rule.def, &key.name) {
                Some(at) => set(&mut rule, at, key, value, found),
                None => unknown_parameter(key, &[rule.def], found),
            }
        }
    }
    Some(rule)
}

/// Gives a rule the value of one parameter, which may be given once only.
fn set(rule: &mut RuleConfig, at: usize, key: &Key, value: &Node, found: &mut Diagnostics) {
    let def = &rule.def.params[at];
    if let Some(first) = rule.given[at].replace(key.place) {
        found.error_twice(key.place, first, &format!("the parameter `{}`", def.name));
        rule.given[at] = Some(first);
        return;
    }
    match read_value(value, &key.name, def, found) {
        Some(value) => rule.values[at] = value,
        None => rule.sound = false,
    }
}

/// Place of a parameter in the declaration, by its name with or without prefix.
fn position(def: &RuleDef, name: &str) -> Option<usize> {
    let prefix = if def.kind == RuleKind::Entry { "e_" } else { "x_" };
    let bare = name.strip_prefix(prefix).unwrap_or(name);
    def.params.iter().position(|p| p.name == bare)
}

/// True when a rule of this kind declares the parameter.
pub(crate) fn is_parameter(kind: RuleKind, name: &str) -> bool {
    RULES.iter().any(|r| r.kind == kind && position(r, name).is_some())
}

fn unknown_parameter(key: &Key, defs: &[&RuleDef], found: &mut Diagnostics) {
    let names = || defs.iter().flat_map(|d| d.params.iter().map(|p| p.name));
    let bare = key.name.strip_prefix("e_").or(key.name.strip_prefix("x_")).unwrap_or(&key.name);
    let rules = defs.iter().map(|d| d.name).collect::<Vec<_>>().join(", ");
    let remedy = match suggest(bare, names()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("the parameters are {}", names().collect::<Vec<_>>().join(", ")),
    };
    found.error(key.place, format!("{rules} has no parameter `{}`", shown(&key.name)), remedy);
}

/// The rule of this name: `RSIOrBB`, `RSIOrBBEntry`, `RSIOrBBMixin` and `RSIOrBBEntryMixin` are one.
fn rule_named(name: &str, kind: RuleKind, at: &Node, found: &mut Diagnostics) -> Option<&'static RuleDef> {
    const ENTRY: (RuleKind, &str, &str) = (RuleKind::Entry, "Entry", "entry_mixins");
    const EXIT: (RuleKind, &str, &str) = (RuleKind::Exit, "Exit", "exit_mixins");
    let (mine, other) = if kind == RuleKind::Entry { (ENTRY, EXIT) } else { (EXIT, ENTRY) };
    let plain = name.strip_suffix("Mixin").unwrap_or(name);
    let of = |(kind, word, _)| {
        let bare = plain.strip_suffix(word).unwrap_or(plain);
        RULES.iter().copied().find(|r| r.kind == kind && r.names().any(|name| name == bare))
    };
    if let Some(def) = of(mine) {
        return Some(def);
    }
    let names = || RULES.iter().filter(|r| r.kind == kind).map(|r| r.name);
    let remedy = match suggest(plain.strip_suffix(mine.1).unwrap_or(plain), names()) {
        _ if of(other).is_some() => format!("it belongs to `{}`", other.2),
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("the rules are {}", names().collect::<Vec<_>>().join(", ")),
    };
    found.error(at.place, format!("there is no {} rule `{}`", mine.1.to_lowercase(), shown(name)), remedy);
    None
}

/// Gives each parameter that stands beside the rules to every rule that declares it; `e_` goes to entries
/// only, `x_` to exits.
pub(super) fn spread_loose(
    node: &Node,
    entry_rules: &mut Rules,
    exit_rules: &mut Rules,
    found: &mut Diagnostics,
) {
    for (key, value) in entries(node, "parameters", "write `e_rsi_period: 14`", found) {
        let mut taken = false;
        for rule in entry_rules.rules.iter_mut().chain(&mut exit_rules.rules) {
            if let Some(at) = position(rule.def, &key.name) {
                taken = true;
                set(rule, at, key, value, found);
            }
        }
        // A rule that could not be read may be the one that declares it.
        let missed = |rules: &Rules, kind| rules.incomplete && is_parameter(kind, &key.name);
        if taken || missed(entry_rules, RuleKind::Entry) || missed(exit_rules, RuleKind::Exit) {
            continue;
        }
        let defs: Vec<&RuleDef> = entry_rules.rules.iter().chain(&exit_rules.rules).map(|r| r.def).collect();
        if !defs.is_empty() {
            unknown_parameter(key, &defs, found);
        }
    }
}

/// Checks bare parameters (a part of a configuration) against every rule of one kind.
pub(crate) fn check_bare(node: &Node, kind: RuleKind, found: &mut Diagnostics) {
    let defs: Vec<&'static RuleDef> = RULES.iter().copied().filter(|r| r.kind == kind).collect();
    let mut seen: Vec<(&str, Place)> = Vec::new();
    for (key, value) in entries(node, "parameters", "write `rsi_period: 14`", found) {
        let declaring: Vec<_> =
            defs.iter().filter_map(|d| position(d, &key.name).map(|at| &d.params[at])).collect();
        let Some(first) = declaring.first() else {
            unknown_parameter(key, &defs, found);
            continue;
        };
        if let Some((_, before)) = seen.iter().find(|(name, _)| *name == first.name) {
            found.error_twice(key.place, *before, &format!("the parameter `{}`", first.name));
            continue;
        }
        seen.push((first.name, key.place));
        // Rules may differ in range; the part does not say which is meant, so the widest counts.
        let mut quiet = Diagnostics::default();
        if !declaring.iter().any(|d| read_value(value, &key.name, d, &mut quiet).is_some()) {
            read_value(value, &key.name, first, found);
        }
    }
}
