//! The program as a person meets it: the main job, its replay, damage, and wrong input.

use pinion_tests::{ok, pinion, text};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn run_to(dir: &Path, layout: &str) -> Value {
    run_example("examples/paper.yaml", dir, layout)
}

fn run_example(example: &str, dir: &Path, layout: &str) -> Value {
    let json = ok(&["run", example, "--layout", layout, "--journal", dir.to_str().unwrap(), "--json"]);
    serde_json::from_str(&json).unwrap()
}

#[test]
fn every_layout_and_the_replay_decide_the_same_and_two_runs_are_alike() {
    let tmp = tempfile::tempdir().unwrap();
    let dirs: Vec<PathBuf> = ["a", "b", "c", "d"].iter().map(|n| tmp.path().join(n)).collect();
    let layouts = ["shared", "shared", "solo", "invoker"];
    let runs: Vec<Value> = dirs.iter().zip(layouts).map(|(dir, layout)| run_to(dir, layout)).collect();
    for run in &runs {
        assert_eq!(run["decision_digest"], runs[0]["decision_digest"]);
        assert_eq!((&run["events"], &run["hot_allocations"]), (&Value::from(50_000), &Value::from(0)));
        assert!(run["fills"].as_u64() >= Some(2), "{run}");
    }
    let backtest = ok(&["backtest", "examples/paper.yaml", "--json"]);
    let backtest: Value = serde_json::from_str(&backtest).unwrap();
    assert_eq!(backtest["decision_digest"], runs[0]["decision_digest"]);
    for dir in &dirs {
        let replay: Value = serde_json::from_str(&ok(&["replay", dir.to_str().unwrap(), "--json"])).unwrap();
        assert_eq!(
            (&replay["identical"], &replay["decision_digest"]),
            (&Value::Bool(true), &runs[0]["decision_digest"])
        );
        ok(&["journal", "verify", dir.to_str().unwrap()]);
    }
    ok(&["journal", "diff", dirs[0].to_str().unwrap(), dirs[2].to_str().unwrap()]);
    let refused = pinion(&["run", "examples/paper.yaml", "--journal", dirs[0].to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2), "a journal is never written over");
    assert!(text(&refused).contains("already holds a journal") && text(&refused).contains("--resume"));
}

#[test]
fn a_run_of_expressions_trades_and_its_replay_is_the_same() {
    let tmp = tempfile::tempdir().unwrap();
    let dirs = ["shared", "invoker"].map(|layout| (layout, tmp.path().join(layout)));
    let runs = dirs.each_ref().map(|(layout, dir)| run_example("examples/expression.yaml", dir, layout));
    assert!(runs[0]["fills"].as_u64() >= Some(10), "{}", runs[0]);
    assert_eq!(runs[0]["decision_digest"], runs[1]["decision_digest"]);
    let dir = dirs[0].1.to_str().unwrap();
    let replay: Value = serde_json::from_str(&ok(&["replay", dir, "--json"])).unwrap();
    assert_eq!(
        (&replay["identical"], &replay["decision_digest"]),
        (&Value::Bool(true), &runs[0]["decision_digest"])
    );
    let why = ok(&["journal", "why", "1", dir, "--json"]);
    assert!(why.contains("Expression") && why.contains("rsi"), "{why}");
}

#[test]
fn a_rule_written_as_an_expression_gives_the_same_fills() {
    let Some(data) = pinion_tests::recorded_data() else { return };
    let tmp = tempfile::tempdir().unwrap();
    let rule =
        std::fs::read_to_string(pinion_tests::project_root().join("examples/bar_oracle.yaml")).unwrap();
    let (from, to) = (rule.find("    - name: RSIOrBB").unwrap(), rule.find("  exit_mixins").unwrap());
    let when = "bars_since_entry >= 5 and (rsi(14) < 30 or close <= bb(20, 2).lower)";
    let entry = format!("    - name: Expression\n      parameters: {{when: \"{when}\"}}\n");
    let path = tmp.path().join("expression.yaml");
    std::fs::write(&path, format!("{}{entry}{}", &rule[..from], &rule[to..])).unwrap();
    for name in ["indicators/ohlcv_seed42.csv", "bars/btcusd_1h_2018_2022.csv.gz"] {
        let bars = pinion_tests::recorded_file(&data, name);
        let run = |config: &str| -> Value {
            let json = ok(&["backtest", config, "--data", bars.to_str().unwrap(), "--json"]);
            serde_json::from_str(&json).unwrap()
        };
        let (rule, written) = (run("examples/bar_oracle.yaml"), run(path.to_str().unwrap()));
        assert!(rule["fills"].as_u64() >= Some(50), "{rule}");
        assert_eq!(rule["fills"], written["fills"], "{name}");
        assert_eq!(rule["decision_digest"], written["decision_digest"], "{name}");
    }
}

#[test]
fn a_flipped_bit_and_a_cut_are_found_and_named() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().join("j");
    run_to(&dir, "shared");
    let segment = std::fs::read_dir(&dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "seg"));
    let segment = segment.unwrap();
    let good = std::fs::read(&segment).unwrap();
    for at in [100, 5_000, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 4;
        std::fs::write(&segment, &bad).unwrap();
        let verify = pinion(&["journal", "verify", dir.to_str().unwrap()]);
        assert_eq!(verify.status.code(), Some(1), "byte {at}");
        assert!(text(&verify).contains(".seg"), "{}", text(&verify));
    }
    std::fs::write(&segment, &good[..good.len() - 128]).unwrap();
    let cut = pinion(&["journal", "verify", dir.to_str().unwrap()]);
    assert_eq!(cut.status.code(), Some(1), "a cut is found: {}", text(&cut));
    std::fs::write(&segment, &good).unwrap();
    ok(&["journal", "verify", dir.to_str().unwrap()]);
}

#[test]
fn why_shows_the_whole_chain_behind_an_order() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().join("j");
    run_to(&dir, "shared");
    let why: Value =
        serde_json::from_str(&ok(&["journal", "why", "1", dir.to_str().unwrap(), "--json"])).unwrap();
    let shown = why.to_string();
    for part in [
        "rsi",
        "bb_lower",
        "RSIOrBB",
        "max_position_size",
        "stop_loss_required",
        "price_collar",
        "fill",
        "input to order",
    ] {
        assert!(shown.contains(part), "{part} is missing from {shown}");
    }
    let unknown = pinion(&["journal", "why", "999999", dir.to_str().unwrap()]);
    assert_eq!(unknown.status.code(), Some(1));
}

#[test]
fn wrong_configurations_are_refused_with_line_and_remedy_and_leave_nothing() {
    let tmp = tempfile::tempdir().unwrap();
    let base = std::fs::read_to_string(pinion_tests::project_root().join("examples/paper.yaml")).unwrap();
    let cases = [
        (base.replacen("entry_mixins", "entry_mixin", 1), "did you mean `entry_mixins`"),
        (base.replacen("RSIOrBB\n", "RSIOrBBB\n", 1), "did you mean `RSIOrBB`"),
        (base.replacen("rsi_period: 14", "rsi_period: -3", 1), "outside 2 to 200"),
        (base.replacen("max_drawdown: 0.15", "max_drawdown: plenty", 1), "max_drawdown"),
        (base.replacen("binance_spot_20250325", "nothing", 1), "there is no file"),
        (format!("{base}\n  : ["), "not YAML"),
        (String::new(), "empty"),
    ];
    for (config, want) in cases {
        let file = tmp.path().join("c.yaml");
        std::fs::write(&file, config.replace("data/binance", "examples/data/binance")).unwrap();
        let journal = tmp.path().join("journal");
        for args in [vec!["config", "check", "c"], vec!["run", "c", "--journal", "j"]] {
            let args: Vec<&str> = args
                .into_iter()
                .map(|a| match a {
                    "c" => file.to_str().unwrap(),
                    "j" => journal.to_str().unwrap(),
                    other => other,
                })
                .collect();
            let output = pinion(&args);
            assert_eq!(output.status.code(), Some(2), "{want}: {}", text(&output));
            assert!(text(&output).contains(want), "{want}: {}", text(&output));
            assert!(!text(&output).contains("panicked"));
        }
        assert!(!journal.exists(), "{want}: nothing half-made is left");
    }
}

#[test]
fn all_mistakes_of_a_file_are_shown_at_once() {
    let tmp = tempfile::tempdir().unwrap();
    let file = tmp.path().join("c.yaml");
    let config = "strategy:\n  entry_mixins: [RSIOrBBB]\n  exit_mixins:\n    - {name: ATR, parameters: {atr_period: 0}}\n  \
                  sid: long\nbroker:\n  cash: lots\nrisk_management:\n  max_drawdown: 2\n";
    std::fs::write(&file, config).unwrap();
    let output = pinion(&["config", "check", file.to_str().unwrap()]);
    let shown = text(&output);
    for line in [2, 4, 5, 7, 9] {
        assert!(shown.contains(&format!("c.yaml:{line}:")), "line {line} is missing:\n{shown}");
    }
}

#[test]
fn broken_data_is_refused_and_a_few_broken_lines_are_counted() {
    let tmp = tempfile::tempdir().unwrap();
    let bars: String = (0..200).map(|i| format!("{},10.0,11.0,9.0,10.{},5\n", i * 60_000, i % 10)).collect();
    let header = "ts_ms,open,high,low,close,volume\n";
    let path = tmp.path().join("bars.csv");
    let config = "examples/bar_oracle.yaml";
    std::fs::write(&path, format!("{header}{bars}12000000,bad,1,1,1,1\n")).unwrap();
    let output = pinion(&["backtest", config, "--data", path.to_str().unwrap()]);
    assert!(output.status.success() && text(&output).contains("bars.csv:202:"), "{}", text(&output));
    for (content, want) in [
        (format!("{header}{}", "nonsense\n".repeat(50)), "lines are broken"),
        (String::new(), "empty"),
        (header.to_string(), "no data"),
        ("a,b,c\n1,2,3\n".to_string(), "time column"),
    ] {
        std::fs::write(&path, content).unwrap();
        let output = pinion(&["data", "info", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{want}: {}", text(&output));
        assert!(text(&output).contains(want), "{want}: {}", text(&output));
    }
    let cut =
        std::fs::read(pinion_tests::project_root().join("examples/data/binance_spot_20250325.capture.gz"))
            .unwrap();
    let path = tmp.path().join("cut.gz");
    std::fs::write(&path, &cut[..cut.len() / 2]).unwrap();
    assert_eq!(pinion(&["data", "info", path.to_str().unwrap()]).status.code(), Some(2));
}

#[test]
fn what_cannot_be_run_as_asked_is_refused_with_exit_code_2_and_a_remedy() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().to_str().unwrap();
    let missing = tmp.path().join("nothing");
    let missing = missing.to_str().unwrap();
    let risk = tmp.path().join("risk.json");
    std::fs::write(&risk, r#"{"leverage_limit": 2}"#).unwrap();
    let risk = risk.to_str().unwrap();
    let cases: [(&[&str], &str); 11] = [
        (&["replay", missing], "check the path"),
        (&["replay", dir], "no journal-*.seg file here"),
        (&["journal", "info", missing], "check the path"),
        (&["journal", "why", "1", dir], "check the path"),
        (&["control", "flatten", missing], "is no directory"),
        (&["run", dir], "is a directory"),
        (&["config", "check", dir], "is a directory"),
        (&["backtest", "examples/paper.yaml", "--data", dir], "is a directory"),
        (&["run", "examples/paper.yaml", "--journal", "README.md"], "README.md is a file"),
        (&["config", "explain", risk], "only a part of a configuration (risk)"),
        (&["config", "migrate", risk, "--part", "all"], "unknown part `all`"),
    ];
    for (args, want) in cases {
        let output = pinion(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output));
        assert!(
            text(&output).starts_with("error: ") && text(&output).contains(want),
            "{args:?}: {}",
            text(&output)
        );
    }
    let output = pinion(&["control", "flatten", dir]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).starts_with("error: no session answers"), "{}", text(&output));
    let migrated = ok(&["config", "migrate", risk, "--part", "risk"]);
    assert!(migrated.contains("risk_management:") && migrated.contains("leverage_limit: 2"), "{migrated}");
}

#[test]
fn explanations_and_reports_say_words() {
    let plan = ok(&["config", "explain", "examples/paper.yaml"]);
    for part in ["long on 1 s bars from trades", "linear, base"] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
    let report: Value = serde_json::from_str(&ok(&["backtest", "examples/paper.yaml", "--json"])).unwrap();
    assert_eq!((&report["halts"]["ended"], &report["halts"]["level"]), (&Value::Bool(true), &Value::Null));
    assert_eq!((&report["daily_returns"], &report["book_gaps"]), (&0.into(), &0.into()));
    for figures in report["latency_ns"].as_object().unwrap().values() {
        assert_eq!(figures["count"] == 0, figures["p50"].is_null(), "{report}");
    }
}

#[test]
fn original_configurations_load_as_they_are() {
    let Some(data) = pinion_tests::recorded_data() else { return };
    let dir = data.join("../configs");
    let mut count = 0;
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "yaml" || e == "json") {
            ok(&["config", "check", path.to_str().unwrap()]);
            ok(&["config", "migrate", path.to_str().unwrap()]);
            count += 1;
        }
    }
    assert_eq!(count, 9);
}

#[test]
fn other_recordings_trade_as_well_and_replay() {
    let Some(data) = pinion_tests::recorded_data() else { return };
    let tmp = tempfile::tempdir().unwrap();
    let spot = pinion_tests::recorded_file(&data, "binance/raw/spot_btcusdt_20240808.gz");
    let config = std::fs::read_to_string(pinion_tests::project_root().join("examples/paper.yaml")).unwrap();
    let config = config.replace("data/binance_spot_20250325.capture.gz", spot.to_str().unwrap());
    let only: Vec<&str> =
        config.lines().filter(|l| !l.contains("ETHUSDT") && !l.contains("SOLUSDT")).collect();
    let file = tmp.path().join("spot.yaml");
    std::fs::write(&file, only.join("\n").replace("lot: 0.00001", "lot: 0.00001, qty_decimals: 8")).unwrap();
    let dir = tmp.path().join("j");
    let run = ok(&["run", file.to_str().unwrap(), "--journal", dir.to_str().unwrap(), "--json"]);
    let run: Value = serde_json::from_str(&run).unwrap();
    assert!(run["fills"].as_u64() >= Some(2), "{run}");
    ok(&["replay", dir.to_str().unwrap()]);
}

#[test]
fn ticks_of_a_share_make_bars_and_trade() {
    let Some(data) = pinion_tests::recorded_data() else { return };
    let tmp = tempfile::tempdir().unwrap();
    let config =
        std::fs::read_to_string(pinion_tests::project_root().join("examples/bar_oracle.yaml")).unwrap();
    let file = tmp.path().join("ticks.yaml");
    std::fs::write(&file, config.replacen("strategy:\n", "strategy:\n  timeframe: 1m\n", 1)).unwrap();
    for name in ["equity/ibm_tick_20131007_trade.zip", "equity/ibm_tick_20131007_quote.zip"] {
        let ticks = pinion_tests::recorded_file(&data, name);
        let run = ok(&["backtest", file.to_str().unwrap(), "--data", ticks.to_str().unwrap(), "--json"]);
        let run: Value = serde_json::from_str(&run).unwrap();
        assert_eq!(run["broken_lines"], 0);
        assert!(run["bars"].as_u64() > Some(300) && run["fills"].as_u64() >= Some(2), "{run}");
    }
}

#[test]
fn the_bench_from_tick_to_order_sends_orders_through_every_check() {
    for layout in ["solo", "shared", "dedicated", "fused"] {
        let tmp = tempfile::tempdir().unwrap();
        let dir = tmp.path().to_str().unwrap();
        let args = ["bench", "tick-to-order", "--layout", layout, "--rate", "1000", "--frames", "500"];
        // Whether a busy machine reaches the rate is not this test's question; what passed through is.
        let output = pinion(&[&args[..], &["--scratch", dir, "--out", dir, "--json"]].concat());
        let run: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
        assert!(run["orders"].as_u64() > Some(400) && run["fills"].as_u64() > Some(400), "{run}");
        assert_eq!((run["failed"].as_u64(), run["refused"].as_u64()), (Some(0), Some(0)));
        assert!(run["tick_to_order_ns"]["p50"].as_u64() > Some(50), "{run}");
        let names: Vec<_> = std::fs::read_dir(dir).unwrap().map(|f| f.unwrap().file_name()).collect();
        assert_eq!(names.len(), 3, "figures, histogram and plot, and no journal: {names:?}");
    }
}
