//! Layout `fused` as a person meets it: its shards decide as they do alone, their journals replay, transfers are
//! repeatable and lose nothing, and one shard's halt halts the others.

use pinion_tests::{ok, pinion, text};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The shipped example with other keys of `runtime`.
fn example(dir: &Path, name: &str, runtime: &str) -> PathBuf {
    let examples = pinion_tests::project_root().join("examples");
    let config = std::fs::read_to_string(examples.join("paper.yaml")).unwrap();
    let config = config.replace("data/binance", &format!("{}/data/binance", examples.display()));
    write(dir, name, &config.replace("  layout: shared", runtime))
}

fn write(dir: &Path, name: &str, content: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&ok(&[args, &["--json"]].concat())).unwrap()
}

fn run(config: &Path, journal: &Path) -> Value {
    json(&["run", config.to_str().unwrap(), "--journal", journal.to_str().unwrap()])
}

/// Records of some kinds.
fn records(journal: &Path, kinds: &str) -> Vec<Value> {
    let lines = ok(&["journal", "cat", journal.to_str().unwrap(), "--kind", kinds, "--json"]);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// An amount such as `50000.5 USDT`, in hundred-millionths.
fn units(value: &Value) -> i128 {
    let text = value.as_str().unwrap().split(' ').next().unwrap();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let sign = if text.starts_with('-') { -1 } else { 1 };
    whole.parse::<i128>().unwrap() * 100_000_000 + sign * format!("{part:0<8}").parse::<i128>().unwrap()
}

#[test]
fn each_shard_decides_as_it_does_alone_in_every_layout() {
    let tmp = tempfile::tempdir().unwrap();
    for shards in ["2", "3", "[[SOLUSDT], [ETHUSDT, BTCUSDT]]"] {
        let config = example(tmp.path(), "fused.yaml", &format!("  layout: fused\n  shards: {shards}"));
        let dir = tmp.path().join(format!("fused {shards}"));
        let whole = run(&config, &dir);
        let rows = whole["shards"].as_array().unwrap();
        assert!(whole["fills"].as_u64() >= Some(4), "{whole}");
        for (k, row) in rows.iter().enumerate() {
            let layouts =
                if shards == "2" { &["invoker", "solo", "shared", "dedicated"][..] } else { &["solo"] };
            for layout in layouts {
                let runtime = format!("  layout: {layout}\n  shards: {shards}\n  shard: {k}");
                let config = example(tmp.path(), "one.yaml", &runtime);
                let dir = tmp.path().join(format!("{k} {layout} {shards}"));
                let alone = run(&config, &dir);
                assert_eq!(
                    alone["decision_digest"], row["decision_digest"],
                    "shard {k} of {shards} in {layout}"
                );
                ok(&["replay", dir.to_str().unwrap()]);
            }
        }
        let sum = |key: &str| rows.iter().filter_map(|r| r[key].as_u64()).sum::<u64>();
        for key in ["events", "orders", "fills", "trades"] {
            assert_eq!(whole[key], sum(key), "{key}");
        }
        for key in ["initial_equity", "final_equity", "net_pnl", "fees"] {
            assert_eq!(units(&whole[key]), rows.iter().map(|r| units(&r[key])).sum::<i128>(), "{key}");
        }
        assert_eq!(units(&whole["initial_equity"]), 100_000 * 100_000_000);
        let dir = dir.to_str().unwrap();
        let replay = json(&["replay", dir]);
        assert_eq!(
            (&replay["identical"], &replay["decision_digest"]),
            (&Value::Bool(true), &whole["decision_digest"])
        );
        assert_eq!(json(&["journal", "verify", dir])["shards"].as_array().unwrap().len(), rows.len());
    }
}

#[test]
fn the_directory_of_a_fused_run_says_where_its_journals_are_and_is_not_written_over() {
    let tmp = tempfile::tempdir().unwrap();
    let config = example(tmp.path(), "fused.yaml", "  layout: fused\n  shards: 2");
    let dir = tmp.path().join("j");
    run(&config, &dir);
    let dir = dir.to_str().unwrap();
    for args in [&["journal", "info", dir][..], &["journal", "latency", dir], &["journal", "why", "1", dir]] {
        let refused = pinion(args);
        assert_eq!(refused.status.code(), Some(2), "{args:?}");
        assert!(text(&refused).contains("fused run of 2 shards") && text(&refused).contains("shard-0"));
    }
    ok(&["journal", "info", &format!("{dir}/shard-1")]);
    let again = pinion(&["run", config.to_str().unwrap(), "--journal", dir]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again).contains("already holds a journal"), "{}", text(&again));
    let segment = std::fs::read_dir(format!("{dir}/shard-1")).unwrap().map(|e| e.unwrap().path());
    let segment = segment.into_iter().find(|p| p.extension().is_some_and(|e| e == "seg")).unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[9_000] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let bad = pinion(&["journal", "verify", dir]);
    assert_eq!(bad.status.code(), Some(1), "damage to one shard is found");
    assert!(text(&bad).contains("shard-1"), "{}", text(&bad));
}

const HALTS: &str = "
strategy:
  entry_mixins: [{name: Expression, parameters: {when: \"close > 0\"}}]
  exit_mixins: [{name: TimeBased, parameters: {max_bars: 3}}]
  position_size: 0.9
broker: {cash: 10000, currency: USDT, paper_trading_config: {mode: basic}}
risk_management: {max_daily_loss: 0.05}
";

/// Minute bars of two days: one coin falls by a third in the first day's second hour, the other one does nothing.
fn two_coins(dir: &Path, runtime: &str) -> PathBuf {
    let falls = |at: i64| 100.0 - 0.5 * (at - 60).clamp(0, 60) as f64;
    for (name, price) in [("AAAUSDT", &falls as &dyn Fn(i64) -> f64), ("BBBUSDT", &|_| 100.0)] {
        let mut csv = String::from("ts_ms,open,high,low,close,volume\n");
        for at in 0..2_880 {
            let p = price(at);
            let ms = (1_742_860_800 + at * 60) * 1000;
            let _ = writeln!(csv, "{ms},{p:.2},{:.2},{:.2},{p:.2},100", p * 1.001, p * 0.999);
        }
        write(dir, &format!("{name}.csv"), &csv);
    }
    let data = "data: {files: [AAAUSDT.csv, BBBUSDT.csv]}\n";
    write(dir, "halts.yaml", &format!("{HALTS}{data}runtime: {{{runtime}}}\n"))
}

/// Times of a journal's entries.
fn entries(journal: &Path) -> Vec<String> {
    let orders = records(journal, "order");
    let entries = orders.iter().filter(|o| o["reason"] == "entry");
    entries.map(|o| o["time"].as_str().unwrap().to_string()).collect()
}

#[test]
fn one_shards_daily_loss_halts_the_others_until_the_next_day() {
    let tmp = tempfile::tempdir().unwrap();
    let config = two_coins(tmp.path(), "layout: fused, shards: [[AAAUSDT], [BBBUSDT]]");
    let dir = tmp.path().join("j");
    let whole = run(&config, &dir);
    ok(&["replay", dir.to_str().unwrap()]);
    let (falling, calm) = (dir.join("shard-0"), dir.join("shard-1"));
    let halts = records(&falling, "account");
    let halt = halts.iter().find(|a| a["event"] == "daily-loss-halt").unwrap_or_else(|| panic!("{whole}"));
    let halted = halt["time"].as_str().unwrap().to_string();
    let told = records(&calm, "command");
    let told: Vec<&Value> = told.iter().filter(|c| c["command"] == "halt-day").collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["operator"], &told[0]["note"]), (&"coordinator".into(), &"shard 0".into()));
    // The falling coin halts between 01:00 and 02:00 of the first day.
    assert!(halted.as_str() > "2025-03-25T01" && halted.as_str() < "2025-03-25T02:01", "{halted}");
    let (next_day, entries_of) = ("2025-03-26T", |dir: &Path| entries(dir));
    let after = |dir: &Path| {
        entries_of(dir)
            .into_iter()
            .filter(|t| t.as_str() > "2025-03-25T02:01" && t.as_str() < next_day)
            .count()
    };
    let before = entries_of(&calm).into_iter().filter(|t| *t < halted).count();
    assert!(before > 5, "{before}");
    assert_eq!(after(&calm), 0, "the calm shard enters no more that day");
    let resumed = entries_of(&calm).into_iter().filter(|t| t.as_str() >= next_day).count();
    assert!(resumed > 100, "and again on the next: {resumed}");

    // Without the coordinator's message it would have gone on.
    let config = two_coins(tmp.path(), "layout: solo, shards: [[AAAUSDT], [BBBUSDT]], shard: 1");
    let alone = tmp.path().join("alone");
    run(&config, &alone);
    assert!(after(&alone) > 100, "{}", after(&alone));

    // The message comes at the same place of the data in every run.
    let config = two_coins(tmp.path(), "layout: fused, shards: [[AAAUSDT], [BBBUSDT]]");
    let again = run(&config, &tmp.path().join("again"));
    assert_eq!(again["decision_digest"], whole["decision_digest"]);
}

#[test]
fn transfers_lose_nothing_are_no_profit_and_can_be_repeated() {
    let tmp = tempfile::tempdir().unwrap();
    let runtime = |rebalance: &str| {
        let config = two_coins(tmp.path(), &format!("layout: fused, shards: 2{rebalance}"));
        let text = std::fs::read_to_string(&config).unwrap();
        write(tmp.path(), "halts.yaml", &text.replace("risk_management: {max_daily_loss: 0.05}\n", ""))
    };
    let dirs = ["a", "b", "off"].map(|name| tmp.path().join(name));
    let config = runtime(", rebalance_ms: 60000");
    let (a, b) = (run(&config, &dirs[0]), run(&config, &dirs[1]));
    assert!(a["transfers"].as_u64() > Some(0), "{a}");
    assert_eq!(a["decision_digest"], b["decision_digest"], "transfers depend on the data alone");
    ok(&["replay", dirs[0].to_str().unwrap()]);
    let mut sum = 0;
    let mut sides = [0, 0];
    for k in 0..2 {
        for grant in records(&dirs[0].join(format!("shard-{k}")), "grant") {
            let given = units(&grant["given"]);
            sum += given;
            sides[usize::from(given < 0)] += 1;
        }
    }
    assert_eq!(sum, 10_000 * 100_000_000, "what one gives another gets; the rest is what they opened with");
    assert!(sides[0] > 2 && sides[1] > 0, "{sides:?}");
    let off = run(&runtime(""), &dirs[2]);
    assert_eq!(off["transfers"], 0);
    assert_ne!(off["decision_digest"], a["decision_digest"]);
    // The calm coin earns nothing, whatever it is given or gives.
    for run in [&a, &off] {
        assert_eq!(units(&run["shards"][1]["net_pnl"]), 0, "{run}");
        let sum: i128 = (0..2).map(|k| units(&run["shards"][k]["net_pnl"])).sum();
        assert_eq!(units(&run["net_pnl"]), sum);
    }
    // The account's fall is that of the money, not of the transfers.
    let lost = -units(&a["net_pnl"]) as f64 / (10_000.0 * 1e8);
    let fell = a["max_drawdown"].as_f64().unwrap();
    assert!(fell < lost + 0.001 && fell > lost - 0.001, "{fell} {lost}");
}

#[test]
fn a_shard_alone_is_not_run_fused_and_nothing_runs_without_its_data() {
    let tmp = tempfile::tempdir().unwrap();
    let refused = |config: &Path, want: &str| {
        let output = pinion(&["run", config.to_str().unwrap(), "--journal", "off"]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains(want), "{want}: {}", text(&output));
    };
    refused(
        &example(tmp.path(), "c.yaml", "  layout: fused\n  shards: 2\n  shard: 1"),
        "runs one shard alone",
    );
    refused(&example(tmp.path(), "c.yaml", "  layout: fused"), "needs to know its shards");
    refused(&example(tmp.path(), "c.yaml", "  layout: solo\n  shards: 2\n  shard: 2"), "there is no shard 2");
    let config = two_coins(tmp.path(), "layout: fused, shards: 2");
    let text = std::fs::read_to_string(&config).unwrap().replace("AAAUSDT.csv, ", "");
    let instruments = "instruments: [{symbol: AAAUSDT, tick: 0.01, lot: 0.00001}, {symbol: BBBUSDT, tick: 0.01, lot: 0.00001}]\n";
    let config = write(tmp.path(), "half.yaml", &(instruments.to_string() + &text));
    refused(&config, "no file holds data of shard 0 (AAAUSDT)");
}
