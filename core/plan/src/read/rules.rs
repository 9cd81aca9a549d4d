//! Rules of a strategy: names with and without `Mixin`, parameters with and without `e_` and `x_`.

use crate::config::RuleConfig;
use crate::diagnostic::{Diagnostics, Place, shown, suggest};
use crate::fields::{Fields, entries, items};
use crate::keys;
use crate::places::Places;
use crate::timeframe::parse_timeframe;
use crate::tree::{Key, Node, Value};
use crate::values::{mismatch, read_value};
use pinion_engine::expression;
use pinion_engine::rules::catalog::{RULES, find};
use pinion_engine::rules::params::{ParamDef, ParamValue, RuleDef, RuleKind};
use pinion_model::number::Ratio;

/// The rules of one list.
#[derive(Default)]
pub(super) struct Rules {
    pub rules: Vec<RuleConfig>,
    /// What misspelt rules most likely are: no rules of the strategy, but their parameters are checked.
    pub guessed: Vec<RuleConfig>,
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
    let mut rules = Rules::default();
    for item in items(list, key, found) {
        match read_rule(item, kind, found) {
            Some((rule, true)) => rules.rules.push(rule),
            Some((rule, false)) => rules.guessed.push(rule),
            None => rules.incomplete = true,
        }
    }
    rules.incomplete |= rules.rules.is_empty() || !rules.guessed.is_empty();
    rules
}

fn new_rule(def: &'static RuleDef, places: Places) -> RuleConfig {
    RuleConfig {
        def,
        values: def.params.iter().map(|p| p.default_value()).collect(),
        given: vec![None; def.params.len()],
        sound: true,
        cut: None,
        weight: Ratio::ONE,
        places,
    }
}

/// A rule, and whether its name was right; `None` with an error when nobody can tell which it is.
fn read_rule(item: &Node, kind: RuleKind, found: &mut Diagnostics) -> Option<(RuleConfig, bool)> {
    if let Value::Scalar(name, _) = &item.value {
        let (def, sure) = rule_named(name, kind, item, found)?;
        return Some((new_rule(def, Places::at(item.place)), sure));
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
    let (def, sure) = rule_named(text, kind, name, found)?;
    let mut rule = new_rule(def, f.places());
    rule.cut = f.text("timeframe", found).and_then(|t| parse_timeframe(&t, f.place("timeframe"), found));
    rule.weight = f.ratio("weight", found);
    if f.get("parameters").is_some() && f.get("params").is_some() {
        found.error_twice(f.place("params"), f.place("parameters"), "`parameters` (`params` is the same)");
    }
    if let Some(parameters) = f.get("parameters").or(f.get("params")) {
        for (key, value) in entries(parameters, "parameters", "write `rsi_period: 14`", found) {
            match position(rule.def, &key.name) {
                Some(at) => set(&mut rule, at, key, value, found),
                // Another rule may be meant, to which it belongs.
                None if !sure && is_parameter(kind, &key.name) => {}
                None => unknown_parameter(key, &[rule.def], found),
            }
        }
    }
    Some((rule, sure))
}

/// Gives a rule the value of one parameter, which may be given once only.
fn set(rule: &mut RuleConfig, at: usize, key: &Key, value: &Node, found: &mut Diagnostics) {
    let def = &rule.def.params[at];
    if let Some(first) = rule.given[at].replace(key.place) {
        found.error_twice(key.place, first, &format!("the parameter `{}`", def.name));
        rule.given[at] = Some(first);
        return;
    }
    match read_parameter(value, &key.name, def, rule.def.kind, found) {
        Some(value) => rule.values[at] = value,
        None => rule.sound = false,
    }
}

/// Reads a parameter's value; a text is an expression, whose mistakes are noted at their characters.
fn read_parameter(
    node: &Node,
    name: &str,
    def: &ParamDef,
    kind: RuleKind,
    found: &mut Diagnostics,
) -> Option<ParamValue> {
    let value = read_value(node, name, def, found)?;
    let ParamValue::Text(text) = &value else { return Some(value) };
    let faults = expression::check(text, kind);
    for fault in &faults {
        found.error_within(node.place, text, fault.at, &fault.reason, &fault.remedy);
    }
    faults.is_empty().then_some(value)
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

/// The rule of this name, and whether it is sure; what is most likely meant, with an error, when there is none
/// of this name. `RSIOrBB`, `RSIOrBBEntry`, `RSIOrBBMixin` and `RSIOrBBEntryMixin` are one.
fn rule_named(
    name: &str,
    kind: RuleKind,
    at: &Node,
    found: &mut Diagnostics,
) -> Option<(&'static RuleDef, bool)> {
    const ENTRY: (RuleKind, &str, &str) = (RuleKind::Entry, "Entry", "entry_mixins");
    const EXIT: (RuleKind, &str, &str) = (RuleKind::Exit, "Exit", "exit_mixins");
    let (mine, other) = if kind == RuleKind::Entry { (ENTRY, EXIT) } else { (EXIT, ENTRY) };
    let plain = name.strip_suffix("Mixin").unwrap_or(name);
    let of = |(kind, word, _)| {
        let bare = plain.strip_suffix(word).unwrap_or(plain);
        RULES.iter().copied().find(|r| r.kind == kind && r.names().any(|name| name == bare))
    };
    if let Some(def) = of(mine) {
        return Some((def, true));
    }
    let names = || RULES.iter().filter(|r| r.kind == kind).map(|r| r.name);
    let near = suggest(plain.strip_suffix(mine.1).unwrap_or(plain), names());
    let foreign = of(other);
    let remedy = match near {
        _ if foreign.is_some() => format!("it belongs to `{}`", other.2),
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("the rules are {}", names().collect::<Vec<_>>().join(", ")),
    };
    found.error(at.place, format!("there is no {} rule `{}`", mine.1.to_lowercase(), shown(name)), remedy);
    let guess = foreign.or_else(|| find(kind, near?));
    guess.map(|def| (def, false))
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
        let all = [&mut *entry_rules, &mut *exit_rules]
            .into_iter()
            .flat_map(|r| r.rules.iter_mut().chain(&mut r.guessed));
        for rule in all {
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
        if !declaring.iter().any(|d| read_parameter(value, &key.name, d, kind, &mut quiet).is_some()) {
            read_parameter(value, &key.name, first, kind, found);
        }
    }
}
