//! From the tree to typed values. Every mistake is noted and reading goes on.

mod broker;
mod instrument;
mod risk;
mod rules;
mod runtime;
mod strategy;

pub(crate) use broker::{broker, paper};
pub(crate) use risk::risk;
pub(crate) use rules::check_bare;
pub(crate) use strategy::strategy;

use crate::config::*;
use crate::diagnostic::{Diagnostics, Place, suggest};
use crate::fields::{Fields, items};
use crate::keys;
use crate::tree::{Node, Value};
use instrument::instrument;
use runtime::{journal, runtime};
use std::path::{Path, PathBuf};
use strategy::flat_strategy;

/// Reads a whole configuration; `base` is the directory that its files are relative to.
pub(crate) fn config(node: &Node, base: &Path, found: &mut Diagnostics) -> Config {
    let f = Fields::open(node, keys::CONFIG, "the configuration", found);
    let mut strategies = Vec::new();
    if let Some(section) = f.get("strategy") {
        strategies.push(strategy(section, found));
    }
    if let Some(list) = f.get("strategies") {
        items(list, "strategies", found).for_each(|n| strategies.push(strategy(n, found)));
    }
    if f.get("entry_mixins").is_some() || f.get("exit_mixins").is_some() {
        strategies.push(flat_strategy(&f, found));
    }
    let files = f.get("data").map(|n| data_files(n, base, found)).unwrap_or_default();
    let empty = Node { place: node.place, value: Value::Map(Vec::new()) };
    Config {
        name: f
            .text("name", found)
            .or_else(|| strategies.first().map(|s| s.name.clone()))
            .unwrap_or("run".into()),
        strategies,
        broker: broker(f.get("broker").unwrap_or(&empty), found),
        risk: risk(f.get("risk_management").unwrap_or(&empty), found),
        instruments: match f.get("instruments") {
            Some(list) => items(list, "instruments", found).filter_map(|n| instrument(n, found)).collect(),
            None => Vec::new(),
        },
        files,
        runtime: runtime(f.get("runtime").unwrap_or(&empty), found),
        journal: journal(f.get("journal").unwrap_or(&empty), found),
    }
}

fn data_files(node: &Node, base: &Path, found: &mut Diagnostics) -> Vec<PathBuf> {
    let f = Fields::open(node, keys::DATA, "data", found);
    let mut files = Vec::new();
    let Some(list) = f.get("files") else { return files };
    for item in items(list, "files", found) {
        let Value::Scalar(text, _) = &item.value else {
            found.error(item.place, format!("a file name is expected, not {}", item.describe()), "");
            continue;
        };
        let path = base.join(text);
        if !path.is_file() {
            found.error(
                item.place,
                format!("there is no file {}", path.display()),
                "names are relative to the configuration's directory",
            );
        }
        files.push(path);
    }
    files
}

/// A word with its place.
pub(super) fn scalar(node: &Node, found: &mut Diagnostics) -> Option<(String, Place)> {
    match &node.value {
        Value::Scalar(text, _) => Some((text.clone(), node.place)),
        _ => {
            found.error(node.place, format!("a word is expected, not {}", node.describe()), "");
            None
        }
    }
}

/// A suggestion for a symbol.
pub(crate) fn unknown_symbol(symbol: &str, at: Place, known: &[&str], found: &mut Diagnostics) {
    let remedy = match suggest(symbol, known.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("the instruments are {}", known.join(", ")),
    };
    found.error(at, format!("there is no instrument `{symbol}`"), remedy);
}
