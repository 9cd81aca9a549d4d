//! Old files rewritten in the canonical form, with every changed meaning listed.

use crate::canonical;
use crate::config::DataConfig;
use crate::diagnostic::{Diagnostics, Place};
use crate::parts::{Part, check_part};
use crate::read;
use crate::tree::{self, Key, Node, Value};
use std::path::Path;

/// An old file in the canonical form.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Migration {
    /// The word for what it was taken as: a whole configuration, or a part of one.
    pub part: &'static str,
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

/// Rewrites a configuration, or a part of one, and lists every changed meaning. Without a part it is taken for
/// what it looks like. Facts about data are not needed: what only data can tell stays open in the new text.
pub fn migrate(
    file: &str,
    text: &str,
    base: &Path,
    part: Option<Part>,
) -> Result<(Migration, Diagnostics), Diagnostics> {
    let (part, found) = check_part(file, text, base, part);
    let mut unseen = Diagnostics::default();
    let Some(node) = tree::parse(text, &mut unseen).filter(|_| !found.has_errors()) else {
        return Err(found);
    };
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
    let text = rewritten(&node, part, base);
    let part = part.label();
    Ok((Migration { part, text, changes }, found))
}

/// The canonical text of what was checked before.
fn rewritten(node: &Node, part: Part, base: &Path) -> String {
    let mut unseen = Diagnostics::default();
    let found = &mut unseen;
    // A section may stand under its own name.
    let section = |name: &str| node.get(name).unwrap_or(node);
    match part {
        Part::Strategy if node.has("entry_mixins") || node.has("exit_mixins") => {
            if node.has("strategy_name") {
                return canonical::strategies_text(&read::config(node, base, found));
            }
            canonical::strategy_text(&read::strategy(node, found))
        }
        Part::Strategy => canonical::strategies_text(&read::config(node, base, found)),
        Part::Broker => canonical::broker_text(&read::broker(section("broker"), found)),
        Part::Paper => canonical::paper_text(&read::paper(section("paper_trading_config"), found)),
        Part::Risk => canonical::risk_text(&read::risk(section("risk_management"), found)),
        Part::Entry => parameters_text(node, "e_"),
        Part::Exit => parameters_text(node, "x_"),
        Part::Notifications => "# Pinion reads nothing of this part: leave it out.\n".into(),
        Part::Config => {
            let config = read::config(node, base, found);
            canonical::text(&config) + &data_text(&config.data, base)
        }
    }
}

/// Parameters of rules, for the `parameters` of the rule that declares them.
fn parameters_text(node: &Node, prefix: &str) -> String {
    let Value::Map(entries) = &node.value else { return String::new() };
    let value = |node: &Node| match &node.value {
        Value::Scalar(text, _) => text.clone(),
        _ => String::new(),
    };
    let line = |(key, node): &(Key, Node)| {
        let bare = key.name.strip_prefix(prefix).unwrap_or(&key.name);
        let text = match &node.value {
            Value::List(items) => format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", ")),
            _ => value(node),
        };
        format!("{bare}: {text}\n")
    };
    entries.iter().map(line).collect()
}

/// Data is not part of a plan, and so not of its canonical text.
fn data_text(data: &DataConfig, base: &Path) -> String {
    let name = |path: &Path| {
        let shown = path.strip_prefix(base).unwrap_or(path);
        serde_json::Value::String(shown.display().to_string())
    };
    let mut text = String::new();
    if !data.files.is_empty() {
        text += "  files:\n";
        data.files.iter().for_each(|path| text += &format!("  - {}\n", name(path)));
    }
    if let Some(path) = &data.actions {
        text += &format!("  actions: {}\n", name(path));
    }
    if data.raw {
        text += "  adjust: raw\n";
    }
    if text.is_empty() { text } else { format!("data:\n{text}") }
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
        Value::Refused => {}
        Value::List(items) => items.iter().for_each(|item| note_changes(item, changes)),
        Value::Scalar(text, _) => {
            if let Some(bare) = text.strip_suffix("Mixin") {
                let bare = bare.strip_suffix("Entry").or(bare.strip_suffix("Exit")).unwrap_or(bare);
                changes.push(Change { place: node.place, was: text.clone(), now: format!("`{bare}`") });
            }
        }
    }
}
