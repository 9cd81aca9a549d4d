//! Parts of a configuration, checked by themselves.

use crate::diagnostic::Diagnostics;
use crate::read::check_bare;
use crate::tree::{self, Node, Value};
use crate::{keys, read};
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

    /// What a text looks like, by its keys.
    pub(crate) fn detect(node: &Node) -> Part {
        let Value::Map(entries) = &node.value else { return Part::Config };
        let is = |name: &str| node.has(name);
        let all =
            |prefix: &str| !entries.is_empty() && entries.iter().all(|(k, _)| k.name.starts_with(prefix));
        if keys::CONFIG.iter().any(|k| k.name != "name" && k.name != "position_size" && is(k.name)) {
            Part::Config
        } else if is("type") || is("commission_per_share") {
            Part::Broker
        } else if is("slippage_model") || is("latency_simulation") || is("base_slippage") {
            Part::Paper
        } else if is("max_drawdown") || is("max_position_size") || is("risk_per_trade") {
            Part::Risk
        } else if all("e_") {
            Part::Entry
        } else if all("x_") {
            Part::Exit
        } else if is("telegram_enabled") || is("email_enabled") {
            Part::Notifications
        } else {
            Part::Config
        }
    }
}

const NOTIFICATIONS: [&str; 6] = [
    "position_opened",
    "position_closed",
    "email_enabled",
    "telegram_enabled",
    "error_notifications",
    "performance_reports",
];

/// Checks a text as a part, or as what it looks like; returns what it was taken for.
pub fn check_part(file: &str, text: &str, base: &Path, part: Option<Part>) -> (Part, Diagnostics) {
    let mut found = Diagnostics::new(file, text);
    let Some(node) = tree::parse(text, &mut found) else { return (part.unwrap_or(Part::Config), found) };
    let part = part.unwrap_or_else(|| Part::detect(&node));
    // A section may stand under its own name, as in a whole configuration.
    let inner = |name: &str| node.get(name).unwrap_or(&node);
    match part {
        Part::Config => drop(read::config(&node, base, &mut found)),
        Part::Strategy if node.has("strategy") || node.has("entry_mixins") => {
            drop(read::config(&node, base, &mut found))
        }
        Part::Strategy => drop(read::strategy(&node, &mut found)),
        Part::Broker => drop(read::broker(inner("broker"), &mut found)),
        Part::Paper => drop(read::paper(inner("paper_trading_config"), &mut found)),
        Part::Risk => drop(read::risk(inner("risk_management"), &mut found)),
        Part::Entry => check_bare(&node, RuleKind::Entry, &mut found),
        Part::Exit => check_bare(&node, RuleKind::Exit, &mut found),
        Part::Notifications => check_notifications(&node, &mut found),
    }
    (part, found)
}

fn check_notifications(node: &Node, found: &mut Diagnostics) {
    let Value::Map(entries) = &node.value else {
        found.error(node.place, "notifications must be a group of keys", "");
        return;
    };
    for (key, _) in entries {
        if NOTIFICATIONS.contains(&key.name.as_str()) {
            found.warn(
                key.place,
                format!("`{}` has no effect in Pinion yet", key.name),
                "notifications read the journal of a run",
            );
        } else {
            found.error(
                key.place,
                format!("unknown key `{}` in notifications", key.name),
                format!("the keys are {}", NOTIFICATIONS.join(", ")),
            );
        }
    }
}
