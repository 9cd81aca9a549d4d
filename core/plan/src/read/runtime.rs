//! Threads and the journal.

use super::shards::shards;
use crate::config::ThreadPlaces;
use crate::diagnostic::{Diagnostics, shown};
use crate::durability::{Durability, Gate};
use crate::fields::Fields;
use crate::keys;
use crate::runtime::{Agent, AgentConfig, Idle, JournalConfig, Layout, LockMemory, RuntimeConfig};
use crate::shards::ShardsConfig;
use crate::tree::Node;

pub(super) fn runtime(
    node: &Node,
    found: &mut Diagnostics,
) -> (RuntimeConfig, ThreadPlaces, Option<ShardsConfig>) {
    let f = Fields::open(node, keys::RUNTIME, "runtime", found);
    let idle = Idle::ALL[f.choice("idle", found)].0;
    let of_all = |agent| if agent == Agent::Cold { Idle::Auto } else { idle };
    let mut agents = Agent::ALL.map(|agent| AgentConfig { core: None, idle: of_all(agent) });
    let mut places = Agent::ALL.map(|_| f.places().section());
    for (key, agent) in [("hot_core", Agent::Hot), ("cold_core", Agent::Cold)] {
        agents[agent as usize].core = f.int_opt(key, found).map(|n| n as usize);
        places[agent as usize] = f.place(key);
    }
    if let Some(node) = f.get("agents") {
        let table = Fields::open(node, keys::AGENTS, "agents", found);
        for agent in Agent::ALL {
            let Some(node) = table.get(agent.label()) else { continue };
            let a = Fields::open(node, keys::AGENT, agent.label(), found);
            let known = &mut agents[agent as usize];
            if let Some(core) = a.int_opt("core", found) {
                if known.core.is_some() {
                    let what = format!("the core of the {} thread", agent.label());
                    found.error_twice(places[agent as usize], a.place("core"), &what);
                }
                known.core = Some(core as usize);
            }
            if a.get("idle").is_some() {
                known.idle = Idle::ALL[a.choice("idle", found)].0;
            }
            places[agent as usize] = a.place("core");
        }
    }
    let core = |agent| agents[agent as usize].core;
    if core(Agent::Hot).is_some() && core(Agent::Hot) == core(Agent::Cold) {
        let remedy = "give the hot thread a core of its own";
        let place = places[Agent::Cold as usize];
        found.error(place, "the hot and the cold thread are pinned to one core", remedy);
    }
    let runtime = RuntimeConfig {
        layout: Layout::ALL[f.choice("layout", found)].0,
        agents,
        journal_ring_records: f.int("journal_ring_records", found) as usize,
        feed_ring_messages: f.int("feed_ring_messages", found) as usize,
        order_ring_messages: f.int("order_ring_messages", found) as usize,
        max_open_orders: f.int("max_open_orders", found) as u32,
        book_levels: f.int("book_levels", found) as u32,
        lock_memory: LockMemory::ALL[f.choice("lock_memory", found)].0,
        cold_hurries: false,
    };
    (runtime, places, shards(&f, found))
}

pub(super) fn journal(node: &Node, found: &mut Diagnostics) -> JournalConfig {
    let f = Fields::open(node, keys::JOURNAL, "journal", found);
    let staged_dir = f.text("staged_dir", found).unwrap_or_else(|| "/dev/shm".into());
    if !staged_dir.starts_with('/') {
        let reason = format!("`staged_dir` {} does not begin with /", shown(&staged_dir));
        found.error(
            f.place("staged_dir"),
            reason,
            "give the whole path of a directory on tmpfs, as /dev/shm",
        );
    }
    let durability = Durability::ALL[f.choice("durability", found)].0;
    let without_effect = [
        ("staged_dir", Durability::Staged),
        ("gate", Durability::Gated),
        ("gate_timeout_ms", Durability::Gated),
    ];
    for (key, level) in without_effect {
        if f.get(key).is_some() && durability != level {
            let reason = format!("`{key}` has no effect with `durability: {}`", durability.label());
            let remedy = format!("write `durability: {}`, or remove it", level.label());
            found.warn(f.place(key), reason, remedy);
        }
    }
    JournalConfig {
        segment_mb: f.int("segment_mb", found) as usize,
        msync_ms: f.int("msync_ms", found) as u64,
        msync_records: f.int("msync_records", found) as u64,
        durability,
        staged_dir,
        gate: Gate::ALL[f.choice("gate", found)].0,
        gate_timeout_ms: f.int("gate_timeout_ms", found) as u64,
        snapshot_events: f.int("snapshot_events", found) as u64,
        archive_after_segments: f.int("archive_after_segments", found) as u64,
        retain_segments: f.int("retain_segments", found) as u64,
    }
}
