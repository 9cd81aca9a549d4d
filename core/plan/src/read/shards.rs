//! How the instruments are sharded, as the text says it.

use super::{some_items, symbols};
use crate::diagnostic::Diagnostics;
use crate::fields::Fields;
use crate::keys;
use crate::shards::{Cut, ShardsConfig};
use crate::tree::{Node, Value};
use crate::values::read_value;
use pinion_engine::rules::params::{ParamDef, ParamKind, ParamValue};

const SHAPES: &str = "write `shards: 2`, or `shards: [[BTCUSDT], [ETHUSDT, SOLUSDT]]`";

pub(super) fn shards(f: &Fields<'_>, found: &mut Diagnostics) -> Option<ShardsConfig> {
    let Some(node) = f.get("shards") else {
        for key in ["shard", "rebalance_ms", "hot_cores"] {
            if f.get(key).is_some() {
                found.error(f.place(key), format!("`{key}` needs `shards`"), SHAPES);
            }
        }
        return None;
    };
    let rebalance_ns = f.get("rebalance_ms").and_then(|node| rebalance(node, found));
    let cores = f.get("hot_cores").map_or(Vec::new(), |node| hot_cores(node, found));
    let only = f.int_opt("shard", found).map(|n| n as usize);
    let cut = cut(node, found)?;
    Some(ShardsConfig { cut, rebalance_ns, hot_cores: cores, only, whole_first: false, places: f.places() })
}

fn int(node: &Node, name: &str, kind: ParamKind, doc: &'static str, found: &mut Diagnostics) -> Option<i64> {
    match read_value(node, name, &ParamDef { name: "", kind, unit: "", doc }, found)? {
        ParamValue::Int(n) => Some(n),
        _ => None,
    }
}

fn cut(node: &Node, found: &mut Diagnostics) -> Option<Cut> {
    if let Value::Scalar(..) = &node.value {
        return int(node, "shards", keys::SHARD_COUNT, SHAPES, found).map(|n| Cut::Into(n as usize));
    }
    let lists = some_items(node, "shards", SHAPES, found);
    Some(Cut::Lists(lists.map(|list| (symbols(list, "shards", SHAPES, found), list.place)).collect()))
}

fn rebalance(node: &Node, found: &mut Diagnostics) -> Option<i64> {
    if matches!(&node.value, Value::Scalar(text, _) if text == "off") {
        return None;
    }
    let ms = int(node, "rebalance_ms", keys::REBALANCE, "give milliseconds, or `off`", found)?;
    Some(ms * 1_000_000)
}

fn hot_cores(node: &Node, found: &mut Diagnostics) -> Vec<usize> {
    let items = some_items(node, "hot_cores", "give a core for each shard, or remove the key", found);
    let core = |item| int(item, "hot_cores", keys::CORE, "give the number of a processor", found);
    items.filter_map(core).map(|n| n as usize).collect()
}
