//! Each `pinion bench` in a short form: it runs, and its closing line is sound. What a machine makes of it is not
//! this test's question.

use pinion_tests::{ok, pinion, text};
use serde_json::Value;
use std::collections::BTreeMap;

/// Fields of the closing line.
fn result(printed: &str) -> BTreeMap<String, String> {
    let line = printed.lines().last().unwrap_or_default();
    let fields = line.strip_prefix("RESULT ").unwrap_or_else(|| panic!("no closing line: {printed}"));
    let pair = |field: &str| field.split_once('=').map(|(key, value)| (key.to_string(), value.to_string()));
    fields.split_whitespace().map(|field| pair(field).unwrap_or_else(|| panic!("{line}"))).collect()
}

/// Runs a bench with few rounds; checks its name, its unit and that these fields are positive numbers.
fn sound(args: &[&str], unit: &str, numbers: &[&str]) -> BTreeMap<String, String> {
    let tmp = tempfile::tempdir().unwrap();
    let mut all = vec!["bench"];
    all.extend(args);
    all.extend(["--rounds", "1", "--result"]);
    let writes = matches!(args[0], "journal" | "backtest");
    if writes {
        all.extend(["--scratch", tmp.path().to_str().unwrap()]);
    }
    let fields = result(&ok(&all));
    assert_eq!((fields["bench"].as_str(), fields["unit"].as_str()), (args[0], unit), "{fields:?}");
    for name in ["value"].iter().chain(numbers) {
        let value: f64 = fields[*name].parse().unwrap_or_else(|_| panic!("{name} in {fields:?}"));
        assert!(value.is_finite() && value > 0.0, "{name} in {fields:?}");
    }
    assert_eq!(std::fs::read_dir(tmp.path()).unwrap().count(), 0, "what it made is gone");
    fields
}

#[test]
fn decode() {
    for kind in ["bookTicker", "trade", "aggtrade", "depthUpdate"] {
        let fields = sound(&["decode", "--kind", kind], "ns", &["min", "bytes", "messages"]);
        assert!(fields["kind"].eq_ignore_ascii_case(kind), "{fields:?}");
    }
    let refused = pinion(&["bench", "decode", "--kind", "candle"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused).contains("bookTicker"), "the kinds are named: {}", text(&refused));
}

#[test]
fn ring() {
    let args = ["ring", "--trips", "500", "--items", "5000"];
    sound(
        &args,
        "ns",
        &["min", "floor", "ratio", "value_64_bytes", "ratio_64_bytes", "rtrb", "std", "one_way_per_s"],
    );
    let refused = pinion(&["bench", "ring", "--core", "1023"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused).contains("1023"), "{}", text(&refused));
}

#[test]
fn indicators() {
    sound(&["indicators", "--bars", "2000"], "ns", &["min", "update", "asked"]);
    let json = ok(&["bench", "indicators", "--bars", "2000", "--rounds", "1", "--all", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let listed = ok(&["indicator", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let all = json["catalogue_ns"].as_array().unwrap();
    assert_eq!(
        all.len(),
        listed["indicators"].as_array().unwrap().len(),
        "each of the catalogue is measured"
    );
    assert!(all.iter().all(|one| one["median"].as_f64() > Some(0.0)), "{json}");
}

#[test]
fn risk() {
    let fields = sound(&["risk", "--checks", "1000"], "ns", &["min", "refused", "limits"]);
    assert!(fields["limits"].parse::<u32>().unwrap() >= 8, "nearly every limit is on: {fields:?}");
}

#[test]
fn journal() {
    let args = ["journal", "--records", "5000", "--gap-ns", "200"];
    let fields = sound(&args, "records_per_s", &["max"]);
    let number = |name: &str| fields[name].parse::<f64>().unwrap();
    // What is measured has the timer in it, and is more than nothing.
    assert!(number("timer_ns") > 0.0 && number("hand_over_p50_ns") > 0.0, "{fields:?}");
    assert!(number("hand_over_p50_ns") <= number("hand_over_p99_ns"), "{fields:?}");
    let refused = pinion(&["bench", "journal", "--scratch", "/no/such/directory"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused).contains("--scratch"), "{}", text(&refused));
}

#[test]
fn backtest() {
    let fields = sound(&["backtest", "--rows", "5000"], "bars_per_s_cpu", &["max", "fills"]);
    assert_eq!(fields["events"], "5000");
}

#[test]
fn every_bench_has_help_with_an_example() {
    for bench in ["decode", "tick-to-order", "ring", "indicators", "risk", "journal", "backtest"] {
        let help = ok(&["bench", bench, "--help"]);
        assert!(help.contains(&format!("Example: pinion bench {bench}")), "{help}");
        assert!(help.contains("--json") && help.contains("--result"), "{help}");
    }
}
