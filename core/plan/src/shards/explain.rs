//! The shards in words.

use crate::compile::Plan;
use crate::explain::{Section, row, section};
use crate::machine::Machine;
use pinion_model::decimal::Scaled;
use pinion_model::number::Money;

/// The section about the shards, where there are any.
pub(crate) fn explain(plan: &Plan, machine: &Machine) -> Option<Section> {
    let shards = plan.shards.as_ref()?;
    let (engine, count) = (&plan.engine, shards.all.len());
    let (idle, why) = plan.shard_idle(machine);
    let mut rows = Vec::new();
    if let Some(only) = shards.only {
        rows.push(row("this plan", format!("is that of shard {only} of {count} alone")));
    }
    for (k, shard) in shards.all.iter().enumerate() {
        rows.push(row(format!("shard {k}"), shard.instruments.join(" ")));
        if !shard.watched.is_empty() {
            rows.push(row("  watches", format!("{} (rates only)", shard.watched.join(" "))));
        }
        let opening: Vec<String> =
            shard.opening.iter().map(|(id, amount)| money(plan, id.index(), *amount)).collect();
        rows.push(row("  opens with", opening.join(", ")));
        rows.push(row("  absolute limits", format!("1/{count} of the account's, rounded down")));
        if shards.only.is_none() {
            let core = machine.core_text(shards.hot_cores.get(k).copied());
            rows.push(row("  hot thread", format!("{core}, {}: {why}", idle.label())));
            let books =
                (shard.instruments.len() + shard.watched.len()) * engine.book_levels as usize * 2 * 16;
            let orders = (engine.max_open_orders as usize / count) * 144;
            let ring: usize = plan.rings().iter().map(|ring| ring.bytes).sum();
            let segment = plan.journal.segment_mb << 20;
            let bytes = books + orders + ring + segment;
            let parts = format!(
                "books {}, orders {}, ring {}, segment {}",
                kib(books),
                kib(orders),
                kib(ring),
                kib(segment)
            );
            rows.push(row("  memory", format!("{} ({parts})", kib(bytes))));
        }
    }
    let rebalance = match shards.rebalance_ns {
        None => "off: each shard keeps what it opens with and what it earns".into(),
        Some(ns) => format!(
            "free cash is evened out every {} ms of data time, from a hundredth of a shard's part on",
            ns / 1_000_000
        ),
    };
    rows.push(row("rebalance", rebalance));
    rows.push(row(
        "halts",
        "one shard's halt halts all; limits that are fractions of equity hold for each shard's own",
    ));
    Some(section("shards", rows))
}

fn money(plan: &Plan, currency: usize, amount: Money) -> String {
    let currency = &plan.engine.currencies[currency];
    format!("{} {}", Scaled { value: amount.0, exponent: currency.scale }, currency.code)
}

fn kib(bytes: usize) -> String {
    format!("{} KiB", bytes.div_ceil(1024))
}
