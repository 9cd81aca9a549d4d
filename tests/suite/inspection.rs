//! The inspection of journals: one filter for all commands, columns for people and lines for programs, exports,
//! what the engine knew, how long it took, and where two runs part.

use pinion_tests::{ok, pinion, project_root, text};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A journal of the shipped example, made once for all tests of this file.
fn shipped() -> &'static str {
    static DIR: OnceLock<tempfile::TempDir> = OnceLock::new();
    let dir = DIR.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        run("examples/paper.yaml", &dir.path().join("j"));
        dir
    });
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| dir.path().join("j").to_str().unwrap().to_string())
}

fn run(config: &str, dir: &Path) {
    ok(&["run", config, "--layout", "invoker", "--journal", dir.to_str().unwrap()]);
}

/// The lines of a command that prints JSON lines.
fn lines(args: &[&str]) -> Vec<Value> {
    let all = [&["journal"], args, &["--json"]].concat();
    ok(&all).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn one(args: &[&str]) -> Value {
    serde_json::from_str(&ok(&[&["journal"], args, &["--json"]].concat())).unwrap()
}

#[test]
fn every_filter_takes_what_a_look_at_every_record_would() {
    let dir = shipped();
    let all = lines(&["cat", dir]);
    let kept = |keep: &dyn Fn(&Value) -> bool| all.iter().filter(|r| keep(r)).cloned().collect::<Vec<_>>();
    assert!(all.iter().enumerate().all(|(at, r)| r["position"] == at), "in order, each once");
    let within = |r: &Value, from: &str, to: &str| {
        r["time"].as_str().is_none_or(|t| (from.trim_end_matches('Z')..to.trim_end_matches('Z')).contains(&t))
    };
    assert_eq!(
        lines(&["cat", dir, "--kind", "order,cancel"]),
        kept(&|r| r["kind"] == "order" || r["kind"] == "cancel")
    );
    assert_eq!(lines(&["cat", dir, "--order", "1"]), kept(&|r| r["order"] == 1));
    let class = lines(&["cat", dir, "--class", "evidence"]);
    let evidence = ["position", "signal", "risk-check"];
    assert_eq!(class, kept(&|r| evidence.contains(&r["kind"].as_str().unwrap())));
    let symbol = lines(&["cat", dir, "--instrument", "ethusdt", "--class", "input,decision"]);
    assert!(!symbol.is_empty());
    assert_eq!(
        symbol,
        kept(&|r| r["instrument"] == "ETHUSDT" && r["kind"] != "signal" && r["kind"] != "position")
    );
    let (from, to) = ("2025-03-25T23:08:00Z", "2025-03-25T23:08:01Z");
    let time = lines(&["cat", dir, "--since", from, "--until", to, "--class", "input"]);
    assert!(time.len() > 10);
    assert_eq!(time, kept(&|r| r.get("seq").is_some() && r.get("time").is_some() && within(r, from, to)));
    // The same instant, on the clock and before the end.
    assert_eq!(lines(&["cat", dir, "--since", "23:08:00", "--until", to, "--class", "input"]), time);
    let tz = ["cat", dir, "--tz", "Europe/Vienna", "--since", "00:08:00", "--until", to, "--class", "input"];
    assert_eq!(lines(&tz), time);
    let last = lines(&["cat", dir, "--since", "-2s", "--class", "input"]);
    assert!(
        !last.is_empty() && last.len() < 2_000 && last.last() == all.iter().rfind(|r| r.get("seq").is_some())
    );
    assert_eq!(lines(&["cat", dir, "--from", "100", "--to", "199"]), all[100..200]);
    let rule = lines(&["grep", dir, "rule RSIOrBB.*reason entry"]);
    assert_eq!(rule, kept(&|r| r["kind"] == "intent" && r["rule"] == "RSIOrBB"));
    assert_eq!(lines(&["cat", dir, "--kind", "quote", "--limit", "3"]), kept(&|r| r["kind"] == "quote")[..3]);
    let count = ok(&["journal", "grep", dir, "--kind", "quote", "--count"]);
    assert_eq!(count.trim(), kept(&|r| r["kind"] == "quote").len().to_string());
    assert_eq!(lines(&["tail", dir, "-n", "5"]), all[all.len() - 5..]);
    let tail = lines(&["tail", dir, "-n", "2", "--kind", "order"]);
    let orders = kept(&|r| r["kind"] == "order");
    assert_eq!(tail, orders[orders.len() - 2..]);
}

#[test]
fn context_shows_neighbours_once_and_the_input_that_led_to_a_match() {
    let dir = shipped();
    let around = lines(&["grep", dir, "--kind", "order", "--limit", "1", "-B", "2", "-A", "3"]);
    let order = around.iter().position(|r| r["kind"] == "order").unwrap();
    assert_eq!((order, around.len()), (2, 6));
    let position = |r: &Value| r["position"].as_u64().unwrap();
    assert!(around.windows(2).all(|w| position(&w[0]) + 1 == position(&w[1])));
    let with = lines(&["grep", dir, "--kind", "order,signal", "--input"]);
    assert!(with.windows(2).all(|w| position(&w[0]) < position(&w[1])), "each once");
    for record in with.iter().filter(|r| r["kind"] == "order") {
        assert!(with.iter().any(|r| r["seq"] == record["cause"]), "the input of {record}");
    }
}

#[test]
fn what_is_unknown_is_refused_with_what_there_is() {
    let dir = shipped();
    let cases: [(&[&str], &str); 10] = [
        (&["cat", dir, "--kind", "ordre"], "did you mean `order`?"),
        (&["cat", dir, "--class", "inputs"], "did you mean `input`?"),
        (&["cat", dir, "--instrument", "BTCUSD"], "did you mean `BTCUSDT`?"),
        (&["cat", dir, "--strategy", "9"], "unknown strategy `9`"),
        (&["cat", dir, "--since", "noon"], "`noon` is no time; a time is"),
        (&["cat", dir, "--tz", "Mars/Olympus"], "unknown time zone"),
        (&["grep", dir, "(("], "--where"),
        (&["grep", dir], "a pattern or a filter"),
        (&["export", dir, "--format", "csv", "--out", "never.csv"], "a table has one kind"),
        (&["state", dir, "--at", "99999999"], "the last is"),
    ];
    for (args, want) in cases {
        let refused = pinion(&[&["journal"], args].concat());
        assert_eq!(refused.status.code(), Some(2), "{args:?}: {}", text(&refused));
        assert!(text(&refused).contains(want), "{args:?}: {}", text(&refused));
    }
    let nothing = pinion(&["journal", "grep", dir, "no such words"]);
    assert_eq!(nothing.status.code(), Some(1), "{}", text(&nothing));
}

#[test]
fn columns_have_a_header_units_and_the_zone_that_is_asked_for() {
    let dir = shipped();
    let shown = ok(&["journal", "cat", dir, "--kind", "quote", "--limit", "1"]);
    let rows: Vec<&str> = shown.lines().collect();
    assert!(rows[0].contains("time (UTC)") && !shown.contains('\x1b'), "{shown}");
    assert!(rows[1].contains("2025-03-25 23:07:00.7") && rows[1].contains(" USDT  bid_qty "), "{shown}");
    assert!(rows[1].contains(" BTC") || rows[1].contains(" ETH") || rows[1].contains(" SOL"), "{shown}");
    let local = ok(&["journal", "cat", dir, "--kind", "quote", "--limit", "1", "--tz", "Europe/Vienna"]);
    assert!(local.contains("time (Europe/Vienna)") && local.contains("2025-03-26 00:07:00.7"), "{local}");
    let always = ok(&["journal", "cat", dir, "--kind", "order", "--color", "always"]);
    assert!(always.contains("\x1b[1;33m"), "{always}");
}

#[test]
fn tables_hold_every_column_and_parquet_holds_what_json_lines_hold() {
    let dir = shipped();
    let tmp = tempfile::tempdir().unwrap();
    let out = |name: &str| tmp.path().join(name).to_str().unwrap().to_string();
    for kind in ["quote", "verdict", "execution", "position", "account", "signal", "risk-check"] {
        let (csv, jsonl, parquet) =
            (out(&format!("{kind}.csv")), out(&format!("{kind}.jsonl")), out(&format!("{kind}.parquet")));
        for (format, file) in [("csv", &csv), ("jsonl", &jsonl), ("parquet", &parquet)] {
            ok(&["journal", "export", dir, "--format", format, "--kind", kind, "--out", file]);
        }
        let rows = lines(&["cat", dir, "--kind", kind]);
        let table = std::fs::read_to_string(&csv).unwrap();
        assert_eq!(table.lines().count(), rows.len() + 1, "{kind}");
        let json = std::fs::read_to_string(&jsonl).unwrap();
        let json: Vec<Value> = json.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(json, rows, "{kind}");
        let again = pinion(&["journal", "export", dir, "--kind", kind, "--out", &csv]);
        assert_eq!(again.status.code(), Some(2), "a file is never written over");
        if std::env::var_os("PINION_DATA").is_some() {
            same_by_arrow(&parquet, &jsonl);
        }
    }
    // A reason that the first record has not is a column all the same.
    let header = std::fs::read_to_string(tmp.path().join("execution.csv")).unwrap();
    assert!(header.lines().next().unwrap().contains(",fee,liquidity,reason,"), "{header}");
    let mut left = std::fs::read_dir(tmp.path()).unwrap().map(|e| e.unwrap().file_name());
    assert!(left.all(|name| !name.to_string_lossy().starts_with('.')), "nothing half-written is left");
}

/// Apache Arrow reads the Parquet file and finds what the JSON lines say.
fn same_by_arrow(parquet: &str, jsonl: &str) {
    let python = std::env::var("PINION_PYTHON").unwrap_or_else(|_| "python3".to_string());
    let script = project_root().join("tests/suite/read_parquet.py");
    let read = Command::new(&python).args([script.to_str().unwrap(), parquet, jsonl]).output().unwrap();
    assert!(read.status.success(), "{parquet}: {}", text(&read));
}

#[test]
fn the_state_at_an_instant_is_that_of_the_records_before_it() {
    let dir = shipped();
    let all = lines(&["cat", dir]);
    let fill = all.iter().find(|r| r["kind"] == "position").unwrap();
    let at = fill["position"].as_u64().unwrap().to_string();
    let state = one(&["state", dir, "--at", &at]);
    let held = state["positions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|p| p["instrument"] == fill["instrument"])
        .unwrap();
    assert_eq!((&held["qty"], &held["cost"]), (&fill["qty"], &fill["cost"]));
    let quote = all[..fill["position"].as_u64().unwrap() as usize].iter().rev();
    let quote =
        quote.clone().find(|r| r["kind"] == "quote" && r["instrument"] == fill["instrument"]).unwrap();
    let market =
        state["market"].as_array().unwrap().iter().find(|m| m["instrument"] == fill["instrument"]).unwrap();
    assert_eq!((&market["bid"], &market["ask"]), (&quote["bid"], &quote["ask"]));
    // Before the first input nothing is known.
    let before = one(&["state", dir, "--at", "0"]);
    assert_eq!((&before["inputs"], &before["positions"][0]["qty"]), (&Value::from(0), &Value::from("0")));
    assert!(before["market"][0]["bid"].is_null());
    // Between the order and its fill it works.
    let order = all.iter().find(|r| r["kind"] == "order").unwrap();
    let working = one(&["state", dir, "--at", &order["position"].to_string()]);
    assert_eq!(working["orders"][0]["order"], order["order"], "{working}");
    let by_time = one(&["state", dir, "--at", fill["time"].as_str().unwrap()]);
    assert_eq!(by_time["positions"], state["positions"]);
    let shown = ok(&["journal", "state", dir, "--at", &at]);
    assert!(shown.contains("equity") && shown.contains("working orders"), "{shown}");
}

#[test]
fn statistics_add_up_to_the_records() {
    let dir = shipped();
    let all = lines(&["cat", dir]);
    let stat = one(&["stat", dir]);
    assert_eq!(stat["records"], all.len());
    let rows = stat["rows"].as_array().unwrap();
    assert_eq!(rows.iter().map(|r| r["records"].as_u64().unwrap()).sum::<u64>(), all.len() as u64);
    let quotes = all.iter().filter(|r| r["kind"] == "quote" && r["instrument"] == "BTCUSDT").count();
    let row = rows.iter().find(|r| r["kind"] == "quote" && r["instrument"] == "BTCUSDT").unwrap();
    assert_eq!(row["records"], quotes);
    let fills = all.iter().filter(|r| r["report"] == "fill").count();
    assert_eq!(
        (&stat["fills"], &stat["orders"]),
        (&fills.into(), &all.iter().filter(|r| r["kind"] == "order").count().into())
    );
    assert!(stat["gaps"][0]["ns"].as_i64() > stat["gaps"][4]["ns"].as_i64());
    let shown = ok(&["journal", "stat", dir]);
    assert!(shown.contains("longest gaps between inputs") && shown.contains("a second"), "{shown}");
}

#[test]
fn latency_is_a_table_a_map_and_a_picture() {
    let dir = shipped();
    let tmp = tempfile::tempdir().unwrap();
    let svg = tmp.path().join("l.svg");
    let shown = ok(&["journal", "latency", dir, "--svg", svg.to_str().unwrap()]);
    assert!(shown.contains("p99.9") && shown.contains("input to order over time"), "{shown}");
    let picture = std::fs::read_to_string(&svg).unwrap();
    assert!(
        picture.starts_with("<svg")
            && picture.contains("latency, log scale")
            && picture.contains("time (UTC)")
    );
    let json = one(&["latency", dir]);
    let orders = lines(&["cat", dir, "--kind", "order"]).len();
    let stage = &json["stages"]["input_to_order"];
    let value = |name: &str| stage[name].as_f64().unwrap();
    assert!(
        stage["count"].as_u64().unwrap() as usize <= orders
            && value("min") <= value("p50")
            && value("p50") <= value("max")
    );
    let wrong = pinion(&["journal", "latency", dir, "--stage", "decode"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn diff_shows_both_causes_and_the_plans_keys() {
    let tmp = tempfile::tempdir().unwrap();
    let base = std::fs::read_to_string(project_root().join("examples/paper.yaml")).unwrap();
    let data = project_root().join("examples/data");
    let other = base
        .replace("[data/", &format!("[{}/", data.display()))
        .replace("rsi_oversold: 30", "rsi_oversold: 20");
    let config = tmp.path().join("other.yaml");
    std::fs::write(&config, other).unwrap();
    let b: PathBuf = tmp.path().join("b");
    run(config.to_str().unwrap(), &b);
    let args = ["journal", "diff", shipped(), b.to_str().unwrap()];
    let shown = pinion(&args);
    assert_eq!(shown.status.code(), Some(1), "{}", text(&shown));
    for part in [
        "the journals differ at decision",
        "the plans differ",
        "rsi_oversold: a 30, b 20",
        "in all",
        "evidence: signal",
    ] {
        assert!(text(&shown).contains(part), "{part}: {}", text(&shown));
    }
    let json = pinion(&[&args[..], &["--json"]].concat());
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["same"], false);
    assert!(json["a"]["input"].is_object() && json["plans"].as_array().unwrap().len() == 1, "{json}");
    let same = one(&["diff", shipped(), shipped()]);
    assert_eq!((&same["same"], &same["plans"]), (&Value::Bool(true), &Value::Array(vec![])));
}

#[test]
fn damage_in_what_is_read_fails_and_is_named() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().join("j");
    run("examples/paper.yaml", &dir);
    let segment = std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().path());
    let segment = segment.into_iter().find(|p| p.extension().is_some_and(|e| e == "seg")).unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[4096 + 9_000 * 128 + 60] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    let (dir, out) = (dir.to_str().unwrap(), tmp.path().join("x.jsonl"));
    let out = out.to_str().unwrap();
    let commands: [&[&str]; 5] = [
        &["cat", dir, "--kind", "order"],
        &["grep", dir, "--order", "1"],
        &["stat", dir],
        &["export", dir, "--out", out],
        &["state", dir],
    ];
    for command in commands {
        let said = pinion(&[&["journal"], command].concat());
        assert_eq!(said.status.code(), Some(1), "{command:?}: {}", text(&said));
        assert!(text(&said).contains("position 9000"), "{command:?}: {}", text(&said));
    }
    assert!(!Path::new(out).exists(), "a part is not left under the name");
    // What lies before it is still read.
    assert_eq!(lines(&["cat", dir, "--from", "4930", "--to", "4932"]).len(), 3);
}

#[test]
fn a_pager_gets_what_a_terminal_cannot_show_and_may_be_left_early() {
    let script = project_root().join("tests/suite/page_on_a_terminal.py");
    let program = pinion_tests::program();
    let see = |pager: &str, rest: &[&str]| -> Value {
        let args = [&[script.to_str().unwrap(), pager, program.to_str().unwrap(), "journal"], rest].concat();
        let output = Command::new("python3").args(args).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&output)))
    };
    let dir = shipped();
    let long = see("sed 's/^/paged /' | head -3", &["cat", dir]);
    assert_eq!((&long["status"], &long["paged"]), (&0.into(), &3.into()), "{long}");
    let short = see("sed 's/^/paged /'", &["cat", dir, "--kind", "command"]);
    assert_eq!(
        (&short["status"], &short["paged"], &short["colours"]),
        (&0.into(), &0.into(), &true.into()),
        "{short}"
    );
    let without = see("sed 's/^/paged /'", &["cat", dir, "--kind", "order-state", "--no-pager"]);
    assert_eq!((&without["status"], &without["paged"]), (&0.into(), &0.into()), "{without}");
}

#[test]
fn tail_follows_a_live_journal_over_its_files_until_its_end() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().join("j");
    let base = std::fs::read_to_string(project_root().join("examples/paper.yaml")).unwrap();
    let data = project_root().join("examples/data");
    let config = tmp.path().join("small.yaml");
    let small = base.replace("[data/", &format!("[{}/", data.display())) + "\njournal:\n  segment_mb: 1\n";
    std::fs::write(&config, small).unwrap();
    let mut writer = Command::new(pinion_tests::program());
    writer.args(["run", config.to_str().unwrap(), "--journal", dir.to_str().unwrap()]);
    let mut writer = writer.stdout(std::process::Stdio::null()).spawn().unwrap();
    // The plan is the first thing that a run writes; a reader that comes before it is told so.
    let followed = loop {
        let tail = pinion(&["journal", "tail", "-f", dir.to_str().unwrap(), "-n", "1000000", "--json"]);
        if tail.status.success() {
            break tail;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    assert!(writer.wait().unwrap().success());
    let seen: Vec<Value> = followed
        .stdout
        .split(|b| *b == b'\n')
        .filter(|l| !l.is_empty())
        .map(|l| serde_json::from_slice(l).unwrap())
        .collect();
    assert!(seen.iter().enumerate().all(|(at, r)| r["position"] == at), "in order, each once");
    assert_eq!(seen.last().unwrap()["kind"], "end");
    let files = std::fs::read_dir(&dir)
        .unwrap()
        .filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|x| x == "seg"));
    assert!(files.count() > 1, "over more than one file");
}
