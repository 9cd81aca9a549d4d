//! Divides the instruments, and finds what contradicts itself in how they are divided.

use super::{Cut, List, ShardsConfig};
use crate::config::{Config, Group};
use crate::diagnostic::{Diagnostics, Place, shown, suggest};
use crate::machine::Machine;
use crate::runtime::{Agent, Layout};

/// Fewest places in the order table of a shard.
const LEAST_ORDERS: u32 = 16;

/// Makes the shards explicit. In a layout that has none they are dropped, with a warning.
pub(crate) fn resolve(config: &mut Config, found: &mut Diagnostics) {
    let fused = config.runtime.layout == Layout::Fused;
    let Some(mut shards) = config.shards.take() else {
        if fused {
            let at = config.thread_places[Agent::Hot as usize];
            found.error(at, "layout `fused` needs to know its shards", "add `shards: 2` to runtime");
        }
        return;
    };
    if !fused && shards.only.is_none() {
        let reason = format!("`shards` has no effect in layout `{}`", config.runtime.layout.label());
        found.warn(
            shards.places.of("shards"),
            reason,
            "write `layout: fused`, or `shard: 0` to run one alone",
        );
        return;
    }
    let errors = found.error_count();
    let lists = match &shards.cut {
        Cut::Into(count) => divide(config, *count, shards.places.of("shards"), found),
        Cut::Lists(lists) => {
            listed(config, lists, shards.places.of("shards"), found);
            lists.clone()
        }
    };
    if found.error_count() == errors {
        shards.cut = Cut::Lists(in_order(config, lists));
        limits(config, &shards, found);
        threads(config, &shards, found);
    }
    config.shards = Some(shards);
}

/// Each list in the order of the instruments.
fn in_order(config: &Config, lists: Vec<List>) -> Vec<List> {
    let position = |symbol: &str| config.instruments.iter().position(|i| i.symbol == symbol);
    let sorted = lists.into_iter().map(|(mut list, place)| {
        list.sort_by_key(|(symbol, _)| position(symbol));
        (list, place)
    });
    sorted.collect()
}

fn is_traded(config: &Config, symbol: &str) -> bool {
    config.strategies.iter().any(|s| s.instruments.iter().any(|(traded, _)| traded == symbol))
}

/// The instruments in parts that cannot be divided: those of a group together, every other one alone. Parts
/// that are traded come first.
fn parts(config: &Config) -> Vec<Vec<String>> {
    let group_of = |symbol: &str| config.risk.groups.iter().position(|g| has(g, symbol));
    let mut parts: Vec<(Option<usize>, Vec<String>)> = Vec::new();
    for instrument in &config.instruments {
        let group = group_of(&instrument.symbol);
        match parts.iter_mut().find(|(g, _)| group.is_some() && *g == group) {
            Some((_, part)) => part.push(instrument.symbol.clone()),
            None => parts.push((group, vec![instrument.symbol.clone()])),
        }
    }
    let mut parts: Vec<Vec<String>> = parts.into_iter().map(|(_, part)| part).collect();
    parts.sort_by_key(|part| !part.iter().any(|symbol| is_traded(config, symbol)));
    parts
}

fn has(group: &Group, symbol: &str) -> bool {
    group.symbols.iter().any(|(s, _)| s == symbol)
}

/// Deals the parts out, one after the other.
fn divide(config: &Config, count: usize, at: Place, found: &mut Diagnostics) -> Vec<List> {
    let parts = parts(config);
    let traded = parts.iter().filter(|part| part.iter().any(|symbol| is_traded(config, symbol))).count();
    if count > config.instruments.len() {
        let reason = format!("{count} shards for {} instruments", config.instruments.len());
        found.error(at, reason, format!("give at most {traded}"));
    } else if count > traded {
        let why = "instruments of a group share a shard, and each shard needs one that a strategy trades";
        let reason = format!("{count} shards, but the instruments make only {traded} parts: {why}");
        found.error(at, reason, format!("give at most {traded}, or smaller `groups`"));
    }
    let mut lists: Vec<List> = vec![(Vec::new(), at); count];
    for (turn, part) in parts.into_iter().enumerate() {
        lists[turn % count].0.extend(part.into_iter().map(|symbol| (symbol, at)));
    }
    lists
}

/// Holds lists against the instruments and their groups.
fn listed(config: &Config, lists: &[List], at: Place, found: &mut Diagnostics) {
    let names = || config.instruments.iter().map(|i| i.symbol.as_str());
    let all =
        || lists.iter().enumerate().flat_map(|(k, (list, _))| list.iter().map(move |(s, p)| (k, s, *p)));
    let shard_of = |symbol: &str| all().find(|(_, s, _)| *s == symbol).map(|(k, ..)| k);
    for (k, symbol, place) in all() {
        if !names().any(|name| name == symbol) {
            let remedy = match suggest(symbol, names()) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("the instruments are {}", names().take(20).collect::<Vec<_>>().join(", ")),
            };
            found.error(place, format!("there is no instrument `{}`", shown(symbol)), remedy);
        } else if let Some((other, ..)) = all().find(|(other, s, _)| *s == symbol && *other < k) {
            let reason = format!("{} is in shard {other} and in shard {k}", shown(symbol));
            found.error(place, reason, "keep it in one of them: a shard knows nothing of the other's orders");
        }
    }
    let missing: Vec<&str> = names().filter(|name| shard_of(name).is_none()).collect();
    if !missing.is_empty() {
        let reason = format!("{} is in no shard", missing.join(", "));
        found.error(at, reason, "add it to one, or remove it from `instruments`");
    }
    for (k, (list, place)) in lists.iter().enumerate() {
        let known = list.iter().filter(|(symbol, _)| names().any(|name| name == symbol));
        if known.clone().count() > 0 && !known.into_iter().any(|(symbol, _)| is_traded(config, symbol)) {
            let reason = format!("no strategy trades an instrument of shard {k}");
            found.error(*place, reason, "join it with another shard: its budget would lie idle");
        }
    }
    for group in &config.risk.groups {
        let shards: Vec<usize> = group.symbols.iter().filter_map(|(symbol, _)| shard_of(symbol)).collect();
        if let Some(other) = shards.iter().find(|k| **k != shards[0]) {
            let reason = format!(
                "the group `{}` is cut in two: shard {} and shard {other} have instruments of it",
                shown(&group.name),
                shards[0]
            );
            found.error(at, reason, "instruments that share a limit share a shard: move them into one");
        }
    }
}

/// Absolute limits of which every shard's share must leave something.
fn limits(config: &Config, shards: &ShardsConfig, found: &mut Diagnostics) {
    let Cut::Lists(lists) = &shards.cut else { return };
    let count = lists.len() as u32;
    if let Some(only) = shards.only.filter(|only| *only >= lists.len()) {
        let reason = format!("there is no shard {only}");
        found.error(shards.places.of("shard"), reason, format!("the shards are 0 to {}", count - 1));
    }
    if let Some(rate) = config.risk.limits.order_rate.filter(|rate| *rate < count) {
        let at = config.risk.places.of("max_orders_per_second");
        let reason = format!("{rate} orders a second leave none for each of {count} shards");
        found.error(at, reason, "each has an equal share: raise the limit, or take fewer shards");
    }
    let orders = config.runtime.max_open_orders;
    if orders / count < LEAST_ORDERS {
        let reason =
            format!("`max_open_orders` {orders} leaves {} for each of {count} shards", orders / count);
        let remedy = format!("each needs {LEAST_ORDERS}: give at least {}", LEAST_ORDERS * count);
        found.error(shards.places.of("max_open_orders"), reason, remedy);
    }
}

/// Cores of the shards' threads.
fn threads(config: &Config, shards: &ShardsConfig, found: &mut Diagnostics) {
    let Cut::Lists(lists) = &shards.cut else { return };
    let (at, cores) = (shards.places.of("hot_cores"), &shards.hot_cores);
    if config.runtime.layout == Layout::Fused && config.runtime.agent(Agent::Hot).core.is_some() {
        let at = config.thread_places[Agent::Hot as usize];
        found.error(at, "layout `fused` has several hot threads", "give each a core: `hot_cores: [2, 3]`");
    }
    if cores.is_empty() {
        return;
    }
    if cores.len() != lists.len() {
        let reason = format!("{} `hot_cores` for {} shards", cores.len(), lists.len());
        found.error(at, reason, "give one for each shard, in their order");
    }
    if let Some((_, core)) = cores.iter().enumerate().find(|(i, core)| cores[..*i].contains(core)) {
        let reason = format!("two shards are to run on core {core}");
        found.error(at, reason, "give each hot thread a core of its own");
    }
    if let Some(core) = config.runtime.agent(Agent::Cold).core.filter(|core| cores.contains(core)) {
        let reason = format!("a hot and the cold thread are to run on core {core}");
        found.error(at, reason, "give each hot thread a core of its own");
    }
}

/// Holds the cores of the shards' threads against a machine.
pub(crate) fn check_cores(config: &Config, machine: &Machine, found: &mut Diagnostics) {
    let Some(shards) = config.shards.as_ref().filter(|_| config.runtime.layout == Layout::Fused) else {
        return;
    };
    let at = shards.places.of("hot_cores");
    for core in &shards.hot_cores {
        if !machine.online.contains(core) {
            let reason = format!("a shard is to run on core {core}, which this machine does not have");
            found.error(at, reason, format!("its processors are {}", machine.processors()));
        } else if !machine.isolated.contains(core) {
            let reason =
                format!("a shard runs on core {core}, which is not isolated: other work interrupts it");
            found.warn(at, reason, "isolate it; see `pinion doctor`");
        }
    }
}
