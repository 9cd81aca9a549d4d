//! Runs that are kept: figures, distribution and picture in a folder, and the comparison of two of them.

use super::measured::{QUANTILES, distribution};
use super::plot::svg;
use crate::failure::Failure;
use crate::output::Output;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::path::Path;

/// Writes a run into `dir`. A run that did not reach its rate says so in its files' names.
pub fn save(
    dir: &Path,
    value: &Value,
    order: &Histogram<u64>,
    frame: &Histogram<u64>,
    hiccups: &Histogram<u64>,
    kept_up: bool,
) -> Result<(), Failure> {
    std::fs::create_dir_all(dir)?;
    let mark = if kept_up { "" } else { "FAIL-" };
    let put = |name: &str, text: String| {
        let file = dir.join(format!("{mark}{name}"));
        std::fs::write(&file, text).map_err(|e| Failure::Run(format!("error: {}: {e}", file.display())))
    };
    put("tick-to-order.json", format!("{value:#}\n"))?;
    put("tick-to-order.hgrm", distribution(order))?;
    let lines = [("tick to order", order), ("every frame", frame), ("clock only", hiccups)];
    put("tick-to-order.svg", svg("tick to order, by percentile", &lines))
}

fn load(dir: &Path) -> Result<Value, Failure> {
    let file = dir.join("tick-to-order.json");
    let text = std::fs::read_to_string(&file).map_err(|e| {
        let hint = "; save a run with --out DIR (a run that missed its rate has FAIL- before its name)";
        Failure::Usage(format!("error: {}: {e}{hint}", file.display()))
    })?;
    serde_json::from_str(&text).map_err(|e| Failure::Usage(format!("error: {}: {e}", file.display())))
}

/// Shows two saved runs side by side.
pub fn compare(before: &Path, after: &Path, output: &Output) -> Result<(), Failure> {
    let runs = [load(before)?, load(after)?];
    let mut text = String::from("  tick to order, ns     before      after   change\n");
    let mut rows = serde_json::Map::new();
    for name in ["min"].into_iter().chain(QUANTILES.map(|(name, _)| name)).chain(["max"]) {
        let [old, new] = runs.each_ref().map(|r| r["tick_to_order_ns"][name].as_f64().unwrap_or(f64::NAN));
        text += &format!("  {name:<16} {old:>11.0} {new:>10.0} {:>+7.1} %\n", 100.0 * (new / old - 1.0));
        rows.insert(name.into(), json!({"before": old, "after": new, "ratio": new / old}));
    }
    for key in ["layout", "durability", "path", "asked_per_second"] {
        if runs[0][key] != runs[1][key] {
            text += &format!("  not alike in {key}: {} and {}\n", runs[0][key], runs[1][key]);
        }
    }
    if runs[0]["environment"]["cpu"] != runs[1]["environment"]["cpu"] {
        text += "  not alike in the machine: the change says nothing about the program\n";
    }
    output.put(&Value::Object(rows), &text)
}
