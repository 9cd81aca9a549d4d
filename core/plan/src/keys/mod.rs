//! The tables of keys: names, types, ranges, defaults and a sentence for each.

mod account;
mod market;

pub(crate) use account::{BROKER, NOTIFICATIONS, PAPER, RISK};
pub(crate) use market::{COMBINE, COMBINE_BY, FRACTION, INSTRUMENT, RULE, SIZE, STRATEGY, TICK_BAND, VOTE};

use crate::table::{KeyDef, KeyKind, choice, key, whole};
use pinion_engine::rules::catalog::RULES;
use pinion_engine::rules::params::ParamKind;

const TEXT: KeyKind = KeyKind::Text;

/// The whole configuration. `strategy_name` to `position_size` are the flat form of a strategy.
pub(crate) const CONFIG: &[KeyDef] = &[
    key("name", TEXT, "", "Name of the run."),
    key("strategy", KeyKind::Section(STRATEGY), "", "The strategy."),
    key("strategies", KeyKind::List("strategy"), "", "Several strategies, each as `strategy`."),
    key("strategy_name", TEXT, "", "Name of the strategy (flat form)."),
    key("entry_mixins", KeyKind::List("entry_rule"), "", "Entry rules (flat form)."),
    key("exit_mixins", KeyKind::List("exit_rule"), "", "Exit rules (flat form)."),
    key(
        "parameters",
        KeyKind::Custom("object"),
        "",
        "Parameters of all rules, with e_ or x_ in front (flat form).",
    ),
    key("position_size", KeyKind::Custom("size"), "", "Size of an entry (flat form)."),
    key("timeframe", TEXT, "", "Bars of the strategy (flat form)."),
    key("broker", KeyKind::Section(BROKER), "", "Where and how orders are filled."),
    key("risk_management", KeyKind::Section(RISK), "", "Limits."),
    key("instruments", KeyKind::List("instrument"), "", "Instruments; those of the data when absent."),
    key("data", KeyKind::Section(DATA), "", "Recorded market data."),
    key("runtime", KeyKind::Section(RUNTIME), "", "Threads and rings."),
    key("journal", KeyKind::Section(JOURNAL), "", "The journal."),
    key(
        "notifications",
        KeyKind::Ignored("notifications read the journal and are configured with their own command"),
        "",
        "",
    ),
];

/// Recorded data.
pub(crate) const DATA: &[KeyDef] = &[
    key("files", KeyKind::List("text"), "", "Files, relative to the configuration; read as one recording."),
    key(
        "actions",
        TEXT,
        "",
        "CSV file of splits (date,split_ratio,dividend, and symbol for several shares): earlier prices are adjusted.",
    ),
    key(
        "adjust",
        choice(0, &["splits", "raw"]),
        "",
        "splits: share prices that jump like a split need `actions`; raw: prices are taken as they are.",
    ),
];

/// Threads.
pub(crate) const RUNTIME: &[KeyDef] = &[
    key(
        "layout",
        choice(2, &["invoker", "solo", "shared", "dedicated", "fused"]),
        "",
        "invoker: the caller's thread does all; solo: one thread of its own; shared: one hot thread, one cold; dedicated: a thread each for feed, strategy, risk, gateway and journal; fused: a hot thread for each of `shards`, one cold.",
    ),
    key("hot_core", whole(0, 0, 1023), "", "Processor of the hot thread (layouts solo and shared)."),
    key("cold_core", whole(1, 0, 1023), "", "Processor of the cold thread."),
    key("idle", choice(0, IDLE), "", "What hot threads without work do, where `agents` says nothing else."),
    key("agents", KeyKind::Section(AGENTS), "", "Processor and waiting of each thread."),
    key(
        "journal_ring_records",
        whole(16_384, 64, 1 << 22),
        "records",
        "Depth of the ring from the hot thread to the journal; at least three times what one input may cause is taken.",
    ),
    key(
        "feed_ring_messages",
        whole(4096, 64, 1 << 22),
        "messages",
        "Layout dedicated: depth of the ring from the feed.",
    ),
    key(
        "order_ring_messages",
        whole(1024, 64, 1 << 20),
        "messages",
        "Layout dedicated: depth of each ring between strategy, risk and gateway.",
    ),
    key(
        "shards",
        KeyKind::Custom("shards"),
        "",
        "Layout fused: how many hot threads share the instruments, or the instruments of each: [[BTCUSDT], [ETHUSDT]].",
    ),
    key("shard", whole(0, 0, MOST_SHARDS - 1), "", "Run this one of `shards` alone, in another layout."),
    key(
        "rebalance_ms",
        KeyKind::Custom("rebalance"),
        "ms of data time",
        "How often free cash is evened out between shards, or off (the default).",
    ),
    key("hot_cores", KeyKind::List("core"), "", "Layout fused: processor of each shard's hot thread."),
    key("max_open_orders", whole(1024, 16, 65_536), "orders", "Places in the order table."),
    key("book_levels", whole(2000, 10, 20_000), "levels", "Levels kept on each side of an order book."),
    key(
        "lock_memory",
        choice(0, &["auto", "on", "off"]),
        "",
        "Keep all memory present, in huge pages where the host has them. auto: where hot_core is given and the host allows it; on: a host that refuses is an error.",
    ),
];

const IDLE: &[&str] = &["auto", "spin", "yield", "backoff"];

/// Most shards of an account.
pub(crate) const MOST_SHARDS: i64 = 64;

/// How many shards, and a processor.
pub(crate) const SHARD_COUNT: ParamKind = ParamKind::Int { default: 2, min: 1, max: MOST_SHARDS };
/// See [`SHARD_COUNT`].
pub(crate) const CORE: ParamKind = ParamKind::Int { default: 0, min: 0, max: 1023 };
/// Time between rebalances, ms: up to a day.
pub(crate) const REBALANCE: ParamKind = ParamKind::Int { default: 1000, min: 1, max: 86_400_000 };

/// Threads, by agent.
pub(crate) const AGENTS: &[KeyDef] = &[
    key("hot", KeyKind::Section(AGENT), "", "Everything that is hot (layouts solo and shared)."),
    key("cold", KeyKind::Section(AGENT), "", "Digest and journal."),
    key("feed", KeyKind::Section(AGENT), "", "Layout dedicated: data and decoding."),
    key("strategy", KeyKind::Section(AGENT), "", "Layout dedicated: books, bars, indicators, rules."),
    key("risk", KeyKind::Section(AGENT), "", "Layout dedicated: checks of orders."),
    key("gateway", KeyKind::Section(AGENT), "", "Layout dedicated: orders out, reports in."),
];

/// A thread.
pub(crate) const AGENT: &[KeyDef] = &[
    key("core", whole(0, 0, 1023), "", "Its processor; not pinned when absent."),
    key("idle", choice(0, IDLE), "", "What it does without work."),
];

/// The journal.
pub(crate) const JOURNAL: &[KeyDef] = &[
    key("segment_mb", whole(64, 1, 4096), "MiB", "Size of a segment."),
    key("msync_ms", whole(200, 1, 60_000), "ms", "How often what was written is forced to disk."),
    key(
        "msync_records",
        whole(0, 0, 1_000_000_000),
        "records",
        "After how many records it is forced to disk before that; 0: by time only.",
    ),
    key(
        "durability",
        choice(0, &["behind", "staged", "gated"]),
        "",
        "behind: orders wait for nothing, and a kill loses what is in the ring to the journal; staged: the ring is in shared memory, from which the next start drains it; gated: an order leaves when its record is kept.",
    ),
    key(
        "staged_dir",
        TEXT,
        "",
        "Durability staged: directory of the ring's file, on tmpfs; /dev/shm when absent.",
    ),
    key(
        "gate",
        choice(0, &["mapped", "disk"]),
        "",
        "Durability gated: mapped: an order's record is in the journal's mapping before it leaves, and outlives the process; disk: it is on disk, and outlives the machine.",
    ),
    key(
        "gate_timeout_ms",
        whole(1000, 1, 60_000),
        "ms",
        "Durability gated: how long an order waits at most; then entries are refused until the journal has caught up, and exits and cancels leave.",
    ),
    key(
        "snapshot_events",
        whole(1_000_000, 0, 1_000_000_000_000),
        "events",
        "After how many events the state is written, so that `run --resume` need not begin at the start; 0: never.",
    ),
    key(
        "archive_after_segments",
        whole(0, 0, 1_000_000),
        "segments",
        "The newest full segments that stay uncompressed while a run goes on; 0: nothing is archived by itself.",
    ),
    key(
        "retain_segments",
        whole(0, 0, 1_000_000),
        "segments",
        "The newest segments that stay while a run goes on, as far as readers and replay allow; 0: all.",
    ),
];

/// Where a key that stands in the wrong section belongs, when that is clear.
pub(crate) fn section_of(name: &str) -> Option<&'static str> {
    const SECTIONS: [(&[KeyDef], &str); 10] = [
        (CONFIG, "the top level"),
        (STRATEGY, "`strategy`"),
        (BROKER, "`broker`"),
        (PAPER, "`paper_trading_config` of `broker`"),
        (RISK, "`risk_management`"),
        (INSTRUMENT, "an item of `instruments`"),
        (DATA, "`data`"),
        (RUNTIME, "`runtime`"),
        (AGENTS, "`agents` of `runtime`"),
        (JOURNAL, "`journal`"),
    ];
    let mut sections = SECTIONS.iter().filter(|(table, _)| table.iter().any(|k| k.name == name));
    match (sections.next(), sections.next()) {
        (Some((_, section)), None) => Some(section),
        (None, _) if RULES.iter().any(|r| r.params.iter().any(|p| p.name == name)) => {
            Some("`parameters` of a rule")
        }
        _ => None,
    }
}
