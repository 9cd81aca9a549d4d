//! Threads and the journal.

use crate::diagnostic::Diagnostics;
use crate::fields::Fields;
use crate::keys;
use crate::runtime::{Idle, JournalConfig, Layout, LockMemory, RuntimeConfig};
use crate::tree::Node;

pub(super) fn runtime(node: &Node, found: &mut Diagnostics) -> RuntimeConfig {
    let f = Fields::open(node, keys::RUNTIME, "runtime", found);
    let (hot_core, cold_core) = (f.int_opt("hot_core", found), f.int_opt("cold_core", found));
    if hot_core.is_some() && hot_core == cold_core {
        let remedy = "give the hot thread a core of its own";
        found.error(f.place("cold_core"), "the hot and the cold thread are pinned to one core", remedy);
    }
    RuntimeConfig {
        layout: Layout::ALL[f.choice("layout", found)].0,
        hot_core: hot_core.map(|n| n as usize),
        cold_core: cold_core.map(|n| n as usize),
        idle: Idle::ALL[f.choice("idle", found)].0,
        journal_ring_records: f.int("journal_ring_records", found) as usize,
        max_open_orders: f.int("max_open_orders", found) as u32,
        book_levels: f.int("book_levels", found) as u32,
        lock_memory: LockMemory::ALL[f.choice("lock_memory", found)].0,
    }
}

pub(super) fn journal(node: &Node, found: &mut Diagnostics) -> JournalConfig {
    let f = Fields::open(node, keys::JOURNAL, "journal", found);
    JournalConfig {
        segment_mb: f.int("segment_mb", found) as usize,
        msync_ms: f.int("msync_ms", found) as u64,
    }
}
