//! Parts of a configuration checked by themselves, and old files rewritten in the canonical form.

use crate::canonical;
use crate::diagnostic::{Diagnostics, Place};
use crate::rules_read::check_bare;
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
    fn detect(node: &Node) -> Part {
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

/// An old file in the canonical form.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Migration {
    /// The new text.
    pub text: String,
    /// What changed in form or meaning, with its place in the old text.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Change {
    /// Where in the old text.
    #[serde(flatten)]
    pub place: Place,
    /// What stood there.
    pub was: String,
    /// What it means now.
    pub now: String,
}

/// Rewrites a configuration and lists every changed meaning. Facts about data are not needed: what only
/// data can tell stays open in the new text.
pub fn migrate(file: &str, text: &str, base: &Path) -> Result<(Migration, Diagnostics), Diagnostics> {
    let mut found = Diagnostics::new(file, text);
    let Some(node) = tree::parse(text, &mut found) else { return Err(found) };
    let part = Part::detect(&node);
    let config = match part {
        Part::Config => read::config(&node, base, &mut found),
        _ => {
            let name = Part::ALL.iter().find(|(p, _)| *p == part).map_or("part", |(_, word)| word);
            found.error(
                node.place,
                format!("this is only a part of a configuration ({name})"),
                "put it under its section of a whole configuration",
            );
            return Err(found);
        }
    };
    if found.has_errors() {
        return Err(found);
    }
    let mut changes = Vec::new();
    note_changes(&node, &mut changes);
    for warning in &found.found {
        changes.push(Change {
            place: warning.place,
            was: warning.reason.clone(),
            now: warning.remedy.clone(),
        });
    }
    changes.sort_by_key(|c| (c.place.line, c.place.column));
    let mut text = canonical::text(&config);
    if !config.files.is_empty() {
        text += "data:\n  files:\n";
        for path in &config.files {
            let shown = path.strip_prefix(base).unwrap_or(path);
            text += &format!("  - {}\n", serde_json::Value::String(shown.display().to_string()));
        }
    }
    Ok((Migration { text, changes }, found))
}

/// Keys whose spelling or meaning differs from the original system.
fn note_changes(node: &Node, changes: &mut Vec<Change>) {
    const MEANINGS: [(&str, &str); 7] = [
        ("position_size", "a fraction of equity, applied once (the original applied it twice)"),
        (
            "max_daily_loss",
            "measured from equity at the day's start, realised and unrealised, reset at `reset_at` UTC",
        ),
        ("max_drawdown", "a fraction of the running peak; the halt stays until an operator arms trading"),
        ("e_cooldown_bars", "counted from the signal bar of the last entry that risk let pass"),
        ("cooldown_bars", "counted from the signal bar of the last entry that risk let pass"),
        ("commission_rate", "written out as `maker_rate` and `taker_rate`"),
        ("strategy_name", "the flat form became an item of `strategies`"),
    ];
    match &node.value {
        Value::Map(entries) => {
            for (key, value) in entries {
                let mut add =
                    |now: String| changes.push(Change { place: key.place, was: key.name.clone(), now });
                if let Some((_, meaning)) = MEANINGS.iter().find(|(name, _)| *name == key.name) {
                    add((*meaning).into());
                }
                if let Some(bare) = key.name.strip_prefix("e_").or(key.name.strip_prefix("x_")) {
                    add(format!("`{bare}` of the rule that declares it"));
                }
                note_changes(value, changes);
            }
        }
        Value::List(items) => items.iter().for_each(|item| note_changes(item, changes)),
        Value::Scalar(text, _) => {
            if let Some(bare) = text.strip_suffix("Mixin") {
                let bare = bare.strip_suffix("Entry").or(bare.strip_suffix("Exit")).unwrap_or(bare);
                changes.push(Change { place: node.place, was: text.clone(), now: format!("`{bare}`") });
            }
        }
    }
}
