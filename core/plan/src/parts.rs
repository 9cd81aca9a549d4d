//! Parts of a configuration, checked by themselves.

use crate::diagnostic::{Diagnostics, suggest};
use crate::fields::Fields;
use crate::table::KeyDef;
use crate::tree::{self, Node, Value};
use crate::{keys, read};
use pinion_engine::rules::catalog::RULES;
use pinion_engine::rules::params::RuleKind;
use std::path::Path;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A configuration, whole or with sections missing.
    Config,
    /// A strategy's section.
    Strategy,
    /// A broker's section.
    Broker,
    /// A paper venue's section.
    Paper,
    /// Limits.
    Risk,
    /// Parameters of entry rules.
    Entry,
    /// Parameters of exit rules.
    Exit,
    /// Notifications.
    Notifications,
}

impl Part {
    /// Every part with its word.
    pub const ALL: [(Part, &'static str); 8] = [
        (Part::Config, "config"),
        (Part::Strategy, "strategy"),
        (Part::Broker, "broker"),
        (Part::Paper, "paper"),
        (Part::Risk, "risk"),
        (Part::Entry, "entry"),
        (Part::Exit, "exit"),
        (Part::Notifications, "notifications"),
    ];

    /// The word for it.
    pub fn label(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The table of its keys; parameters have none, because every rule has its own.
    fn table(self) -> &'static [KeyDef] {
        match self {
            Part::Config => keys::CONFIG,
            Part::Strategy => keys::STRATEGY,
            Part::Broker => keys::BROKER,
            Part::Paper => keys::PAPER,
            Part::Risk => keys::RISK,
            Part::Notifications => keys::NOTIFICATIONS,
            Part::Entry | Part::Exit => &[],
        }
    }

    fn has_key(self, name: &str) -> bool {
        match self {
            Part::Entry => name.starts_with("e_") || read::is_parameter(RuleKind::Entry, name),
            Part::Exit => name.starts_with("x_") || read::is_parameter(RuleKind::Exit, name),
            other => other.table().iter().any(|k| k.name == name),
        }
    }

    /// True when a misspelt name may mean one of its keys.
    fn may_mean(self, name: &str) -> bool {
        let rules =
            |kind| RULES.iter().filter(move |r| r.kind == kind).flat_map(|r| r.params).map(|p| p.name);
        match self {
            Part::Entry => suggest(name, rules(RuleKind::Entry)).is_some(),
            Part::Exit => suggest(name, rules(RuleKind::Exit)).is_some(),
            other => suggest(name, other.table().iter().map(|k| k.name)).is_some(),
        }
    }

    /// What a text looks like: the part that has most of its keys, or could have them if they were spelt
    /// well. `None` with an error when that is not clear.
    pub(crate) fn detect(node: &Node, found: &mut Diagnostics) -> Option<Part> {
        let Value::Map(entries) = &node.value else { return Some(Part::Config) };
        // A file of a hundred keys that are all wrong is not about to become clearer.
        let names = || entries.iter().take(100).map(|(key, _)| key.name.as_str());
        let mut fitting = most(|part| names().filter(|name| part.has_key(name)).count());
        if fitting.is_empty() {
            fitting = most(|part| names().filter(|name| part.may_mean(name)).count());
        }
        match fitting[..] {
            // A whole configuration has the keys of a flat strategy.
            [part, ..] if part == Part::Config => return Some(part),
            [part] => return Some(part),
            _ => {}
        }
        let reason = match fitting[..] {
            [] => "no key here is one of a configuration or of a part of one".to_string(),
            _ => "this may be one of several parts of a configuration".to_string(),
        };
        let all: Vec<Part> = Part::ALL.iter().map(|(part, _)| *part).collect();
        let parts = if fitting.is_empty() { &all } else { &fitting };
        let words: Vec<String> = parts.iter().map(|part| format!("--part {}", part.label())).collect();
        found.error(node.place, reason, format!("say what it is: {}", words.join(" or ")));
        None
    }
}

/// The parts with the highest count; none when it is zero.
fn most(count: impl Fn(Part) -> usize) -> Vec<Part> {
    let counts: Vec<(Part, usize)> = Part::ALL.iter().map(|(part, _)| (*part, count(*part))).collect();
    let highest = counts.iter().map(|(_, n)| *n).max().filter(|n| *n > 0);
    counts.into_iter().filter(|(_, n)| Some(*n) == highest).map(|(part, _)| part).collect()
}

/// Checks a text as a part, or as what it looks like; returns what it was taken for.
pub fn check_part(file: &str, text: &str, base: &Path, part: Option<Part>) -> (Part, Diagnostics) {
    let mut found = Diagnostics::new(file, text);
    let Some(node) = tree::parse(text, &mut found) else { return (part.unwrap_or(Part::Config), found) };
    let Some(part) = part.or_else(|| Part::detect(&node, &mut found)) else {
        return (Part::Config, found);
    };
    // A section may stand under its own name, as in a whole configuration.
    let named = |names: &[&str]| names.iter().any(|name| node.has(name));
    match part {
        Part::Strategy
            if named(&["strategy", "strategies", "strategy_name", "broker", "risk_management"]) =>
        {
            drop(read::config(&node, base, &mut found))
        }
        Part::Broker if named(&["broker"]) => drop(read::config(&node, base, &mut found)),
        Part::Risk if named(&["risk_management"]) => drop(read::config(&node, base, &mut found)),
        Part::Paper if named(&["paper_trading_config"]) => drop(read::broker(&node, &mut found)),
        Part::Config => drop(read::config(&node, base, &mut found)),
        Part::Strategy => drop(read::strategy(&node, &mut found)),
        Part::Broker => drop(read::broker(&node, &mut found)),
        Part::Paper => drop(read::paper(&node, &mut found)),
        Part::Risk => drop(read::risk(&node, &mut found)),
        Part::Entry => read::check_bare(&node, RuleKind::Entry, &mut found),
        Part::Exit => read::check_bare(&node, RuleKind::Exit, &mut found),
        Part::Notifications => check_notifications(&node, &mut found),
    }
    (part, found)
}

/// The part that a text is, when it is only a part of a configuration.
pub fn only_part(text: &str) -> Option<Part> {
    let mut unseen = Diagnostics::default();
    let node = tree::parse(text, &mut unseen)?;
    Part::detect(&node, &mut unseen).filter(|part| *part != Part::Config)
}

impl Part {
    /// Where it stands in a whole configuration.
    pub fn home(self) -> &'static str {
        match self {
            Part::Config => "the top level",
            Part::Strategy => "`strategy`",
            Part::Broker => "`broker`",
            Part::Paper => "`paper_trading_config` of `broker`",
            Part::Risk => "`risk_management`",
            Part::Entry | Part::Exit => "`parameters` of a rule",
            Part::Notifications => "`notifications`",
        }
    }
}

fn check_notifications(node: &Node, found: &mut Diagnostics) {
    let f = Fields::open(node, keys::NOTIFICATIONS, "notifications", found);
    for key in keys::NOTIFICATIONS.iter().filter(|key| f.get(key.name).is_some()) {
        f.flag(key.name, found);
        let reason = format!("`{}` has no effect in Pinion yet", key.name);
        found.warn(f.place(key.name), reason, "notifications read the journal of a run");
    }
}
