//! Old files rewritten in the canonical form, with every changed meaning listed.

use crate::canonical;
use crate::config::DataConfig;
use crate::diagnostic::{Diagnostics, Place};
use crate::parts::Part;
use crate::read;
use crate::tree::{self, Node, Value};
use std::path::Path;

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
    let Some(part) = Part::detect(&node, &mut found) else { return Err(found) };
    if part != Part::Config {
        let reason = format!("this is only a part of a configuration ({})", part.label());
        found.error(node.place, reason, "put it under its section of a whole configuration");
        return Err(found);
    }
    let config = read::config(&node, base, &mut found);
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
    text += &data_text(&config.data, base);
    Ok((Migration { text, changes }, found))
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
