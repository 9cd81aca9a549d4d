//! From the tree to typed values. Every mistake is noted and reading goes on.

mod broker;
mod instrument;
mod risk;
mod rules;
mod runtime;
mod shards;
mod sound;
mod strategy;

pub(crate) use broker::{broker, paper};
pub(crate) use risk::risk;
pub(crate) use rules::{check_bare, is_parameter};
pub(crate) use strategy::strategy;

use crate::check;
use crate::config::*;
use crate::diagnostic::{Diagnostics, Place, shown};
use crate::fields::{Fields, entries, items, word};
use crate::keys;
use crate::tree::{Key, Node, Value};
use crate::values::mismatch;
use instrument::instrument;
use runtime::{journal, runtime};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use strategy::flat_strategy;

/// Most items of a list: instruments, strategies, files. Each strategy trades each instrument, so that much
/// more would be slow to check and far beyond one machine.
const MOST_ITEMS: usize = 1024;

/// Reads a whole configuration; `base` is the directory that its files are relative to.
pub(crate) fn config(node: &Node, base: &Path, found: &mut Diagnostics) -> Config {
    let f = Fields::open(node, keys::CONFIG, "the configuration", found);
    let strategies = strategies(&f, found);
    let empty = Node::empty_group(node.place);
    let (mut runtime, thread_places, shards) = runtime(f.get("runtime").unwrap_or(&empty), found);
    let journal = journal(f.get("journal").unwrap_or(&empty), found);
    runtime.cold_hurries = journal.order_gate().is_some();
    let config = Config {
        name: f
            .text("name", found)
            .or_else(|| strategies.first().map(|s| s.name.clone()))
            .unwrap_or("run".into()),
        strategies,
        broker: broker(f.get("broker").unwrap_or(&empty), found),
        risk: risk(f.get("risk_management").unwrap_or(&empty), found),
        instruments: match f.get("instruments") {
            Some(list) => some_items(
                list,
                "instruments",
                "name one, or remove the key to take those of the data",
                found,
            )
            .filter_map(|n| instrument(n, found))
            .collect(),
            None => Vec::new(),
        },
        data: f.get("data").map(|n| data(n, base, found)).unwrap_or_default(),
        runtime,
        thread_places,
        shards,
        journal,
    };
    check::config(&config, found);
    config
}

/// The strategies of whichever of the three forms is used: a section, a list of sections, or flat.
fn strategies(f: &Fields<'_>, found: &mut Diagnostics) -> Vec<StrategyConfig> {
    const FLAT: [&str; 6] =
        ["strategy_name", "entry_mixins", "exit_mixins", "parameters", "position_size", "timeframe"];
    let mut strategies = Vec::new();
    if let Some(section) = f.get("strategy") {
        strategies.push(strategy(section, found));
    }
    if let Some(list) = f.get("strategies") {
        if f.get("strategy").is_some() {
            let remedy = "make `strategy` an item of `strategies`";
            found.error(f.place("strategies"), "`strategies` stands beside `strategy`", remedy);
        }
        some_items(list, "strategies", "give at least one", found)
            .for_each(|n| strategies.push(strategy(n, found)));
    }
    let in_section = f.get("strategy").is_some() || f.get("strategies").is_some();
    let flat = FLAT.into_iter().filter(|key| f.get(key).is_some());
    if in_section {
        for key in flat {
            let reason = format!("`{key}` stands beside the strategy's own section and has no effect");
            let into = if key == "strategy_name" { "name" } else { key };
            found.error(f.place(key), reason, format!("make it `{into}` of the strategy"));
        }
    } else if flat.count() > 0 {
        strategies.push(flat_strategy(f, found));
    }
    name_strategies(&mut strategies, found);
    strategies
}

/// Every strategy has a name of its own: reports and the journal tell them apart by it.
fn name_strategies(strategies: &mut [StrategyConfig], found: &mut Diagnostics) {
    for i in 0..strategies.len() {
        let (before, rest) = strategies.split_at_mut(i);
        let strategy = &mut rest[0];
        if strategy.name.is_empty() {
            strategy.name = if i == 0 { "strategy".into() } else { format!("strategy {}", i + 1) };
        }
        if let Some(first) = before.iter().find(|s| s.name == strategy.name) {
            let what = format!("the strategy `{}`", shown(&strategy.name));
            found.error_twice(strategy.places.of("name"), first.places.of("name"), &what);
        }
    }
}

/// The items of a list that must not be empty or endless.
fn some_items<'a>(
    list: &'a Node,
    name: &str,
    remedy: &str,
    found: &mut Diagnostics,
) -> impl Iterator<Item = &'a Node> + use<'a> {
    match &list.value {
        Value::List(items) if items.is_empty() => {
            found.error(list.place, format!("`{}` names nothing", shown(name)), remedy);
        }
        Value::List(items) if items.len() > MOST_ITEMS => {
            let reason = format!("`{}` has more than {MOST_ITEMS} items", shown(name));
            found.error(list.place, reason, "split the configuration into several");
        }
        _ => {}
    }
    items(list, name, found).take(MOST_ITEMS)
}

/// The keys of a group that has no table and must not be endless.
fn some_entries<'a>(node: &'a Node, name: &str, remedy: &str, found: &mut Diagnostics) -> &'a [(Key, Node)] {
    let all = entries(node, name, remedy, found);
    if all.len() > MOST_ITEMS {
        let reason = format!("`{name}` has more than {MOST_ITEMS} keys");
        found.error(node.place, reason, "is this the right file?");
    }
    &all[..all.len().min(MOST_ITEMS)]
}

fn data(node: &Node, base: &Path, found: &mut Diagnostics) -> DataConfig {
    let f = Fields::open(node, keys::DATA, "data", found);
    let raw = f.choice("adjust", found) == 1;
    let actions = f.text("actions", found).map(|text| existing(&text, base, f.place("actions"), found));
    if raw && actions.is_some() {
        let reason = "`actions` adjusts prices, and `adjust: raw` takes them as they are";
        found.error(f.place("actions"), reason, "keep one of them");
    }
    DataConfig { files: f.get("files").map_or(Vec::new(), |list| files(list, base, found)), actions, raw }
}

fn files(list: &Node, base: &Path, found: &mut Diagnostics) -> Vec<PathBuf> {
    let mut files: Vec<(PathBuf, Place)> = Vec::new();
    for item in some_items(list, "files", "name a file, or remove the key", found) {
        let Value::Scalar(text, _) = &item.value else {
            mismatch(item, "files", "a list of names", "write `files: [bars.csv]`", found);
            continue;
        };
        let path = existing(text, base, item.place, found);
        if let Some((_, first)) = files.iter().find(|(p, _)| *p == path) {
            found.error_twice(item.place, *first, &format!("the file {}", shown(text)));
        }
        files.push((path, item.place));
    }
    files.into_iter().map(|(path, _)| path).collect()
}

/// The path of a file that must be there.
fn existing(text: &str, base: &Path, at: Place, found: &mut Diagnostics) -> PathBuf {
    let path = base.join(text);
    if path.is_dir() {
        let reason = format!("{} is a directory", shown(&path.display().to_string()));
        found.error(at, reason, "name the files in it");
    } else if !path.is_file() {
        let reason = format!("there is no file {}", shown(&path.display().to_string()));
        found.error(at, reason, "names are relative to the configuration's directory");
    }
    path
}

/// A list of symbols, each named once, with their places.
fn symbols(list: &Node, name: &str, remedy: &str, found: &mut Diagnostics) -> Vec<(String, Place)> {
    let mut symbols = Vec::new();
    let mut seen: HashMap<&str, Place> = HashMap::new();
    for item in some_items(list, name, remedy, found) {
        let Some(symbol) = word(item, name, found) else { continue };
        match seen.insert(symbol, item.place) {
            Some(first) => found.error_twice(item.place, first, &format!("`{}`", shown(symbol))),
            None => symbols.push((symbol.to_string(), item.place)),
        }
    }
    symbols
}
