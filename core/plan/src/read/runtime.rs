//! Threads and the journal.

use crate::diagnostic::Diagnostics;
use crate::fields::Fields;
use crate::keys;
use crate::runtime::{Idle, JournalConfig, Layout, RuntimeConfig};
use crate::tree::Node;

pub(super) fn runtime(node: &Node, found: &mut Diagnostics) -> RuntimeConfig {
    let f = Fields::open(node, keys::RUNTIME, "runtime", found);
    RuntimeConfig {
        layout: Layout::ALL[f.choice("layout", found)].0,
        hot_core: f.int_opt("hot_core", found).map(|n| n as usize),
        cold_core: f.int_opt("cold_core", found).map(|n| n as usize),
        idle: Idle::ALL[f.choice("idle", found)].0,
        journal_ring_records: f.int("journal_ring_records", found) as usize,
        max_open_orders: f.int("max_open_orders", found) as u32,
        book_levels: f.int("book_levels", found) as u32,
    }
}

pub(super) fn journal(node: &Node, found: &mut Diagnostics) -> JournalConfig {
    let f = Fields::open(node, keys::JOURNAL, "journal", found);
    JournalConfig {
        segment_mb: f.int("segment_mb", found) as usize,
        msync_ms: f.int("msync_ms", found) as u64,
    }
}
