//! A run that was killed or stopped goes on from its journal, and ends as if nothing had happened.

use pinion_tests::{ok, pinion, program, project_root, text};
use serde_json::Value;
use std::io::Write as _;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const HEADER: u64 = 4096;
const FRAME: u64 = 128;
/// Everything but the journal's and the run's own notes.
const KINDS: &str = "quote,trade,depth,depth-levels,bar,execution,timer,command,budget,intent,verdict,order,cancel,\
                     order-state,position,account,grant,signal,risk-check";

/// An example with snapshots, in a directory of its own that sees the recordings.
fn config(dir: &Path, example: &str, change: impl Fn(String) -> String) -> PathBuf {
    let examples = project_root().join("examples");
    let text = std::fs::read_to_string(examples.join(example)).unwrap();
    let text = text.replace("[data/", &format!("[{}/", examples.join("data").display()));
    let path = dir.join(example);
    std::fs::write(&path, change(text) + "\njournal:\n  segment_mb: 1\n  snapshot_events: 8192\n").unwrap();
    path
}

fn run(config: &Path, layout: &str, dir: &Path, resume: bool) -> Value {
    let (config, dir) = (config.to_str().unwrap(), dir.to_str().unwrap());
    let mut args = vec!["run", config, "--layout", layout, "--journal", dir, "--json"];
    args.extend(resume.then_some("--resume"));
    serde_json::from_str(&ok(&args)).unwrap()
}

/// What a report says of the trading, without what depends on the process.
fn trading(report: &Value) -> Vec<Value> {
    let keys = [
        "decision_digest",
        "events",
        "bars",
        "late",
        "intents",
        "orders",
        "fills",
        "trades",
        "wins",
        "dust",
        "fees",
    ];
    let money = [
        "final_equity",
        "net_pnl",
        "max_drawdown",
        "sharpe",
        "positions",
        "halts",
        "stopped",
        "broken_lines",
    ];
    keys.iter().chain(&money).map(|key| report[key].clone()).collect()
}

/// The journal's records as they are shown, without their positions and times of the machine.
fn records(dir: &Path) -> Vec<String> {
    let shown = ok(&["journal", "cat", dir.to_str().unwrap(), "--json", "--kind", KINDS]);
    let bare = |line: &str| {
        let mut value: Value = serde_json::from_str(line).unwrap();
        let object = value.as_object_mut().unwrap();
        ["position", "ticks", "wall", "at"].iter().for_each(|key| drop(object.remove(*key)));
        value.to_string()
    };
    shown.lines().map(bare).collect()
}

/// The journal's segments, in order.
fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "seg"))
        .collect();
    all.sort();
    all
}

fn first_position(segment: &Path) -> u64 {
    segment.file_stem().unwrap().to_str().unwrap().rsplit('-').next().unwrap().parse().unwrap()
}

/// Leaves of a journal what a kill would leave that came when `position` was the next to be written.
fn cut(dir: &Path, position: u64) {
    for segment in segments(dir) {
        let first = first_position(&segment);
        if first >= position && first > 0 {
            std::fs::remove_file(&segment).unwrap();
            continue;
        }
        let file = std::fs::OpenOptions::new().write(true).read(true).open(&segment).unwrap();
        let mut capacity = [0; 8];
        file.read_exact_at(&mut capacity, 120).unwrap();
        let end = HEADER + FRAME * u64::from_le_bytes(capacity);
        let used = HEADER + FRAME * (position - first);
        if used < end {
            file.set_len(used).unwrap();
            file.set_len(end).unwrap();
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for segment in segments(from) {
        std::fs::copy(&segment, to.join(segment.file_name().unwrap())).unwrap();
    }
}

/// Cuts a run's journal at several places and lets the run go on: the end is that of the whole run.
fn goes_on(layout: &str, example: &str, change: impl Fn(String) -> String) {
    let tmp = tempfile::tempdir().unwrap();
    let config = config(tmp.path(), example, change);
    let whole = tmp.path().join("whole");
    let report = run(&config, layout, &whole, false);
    assert!(report["fills"].as_u64() > Some(1), "{report}");
    let all = records(&whole);
    let info: Value =
        serde_json::from_str(&ok(&["journal", "info", whole.to_str().unwrap(), "--json"])).unwrap();
    let count = info["records"].as_u64().unwrap();
    for (at, position) in [3, 60, count / 3, count / 2 + 1, count - 40, count - 3].into_iter().enumerate() {
        let dir = tmp.path().join(format!("cut-{at}"));
        copy(&whole, &dir);
        cut(&dir, position);
        // Killed again, a third of the way further on.
        run(&config, layout, &dir, true);
        cut(&dir, position + (count - position) / 3);
        let resumed = run(&config, layout, &dir, true);
        assert_eq!(trading(&resumed), trading(&report), "cut at {position} of {count}");
        assert_eq!(records(&dir), all, "cut at {position} of {count}");
        ok(&["journal", "verify", dir.to_str().unwrap()]);
        ok(&["replay", dir.to_str().unwrap()]);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}

#[test]
fn a_killed_run_goes_on_in_invoker() {
    goes_on("invoker", "paper.yaml", |t| t);
}

#[test]
fn a_killed_run_goes_on_in_solo_with_resting_orders() {
    goes_on("solo", "paper.yaml", |t| {
        t.replace(
            "  position_size: 0.1 ",
            "  entry_order: limit\n  limit_offset: 0\n  cancel_bars: 20\n  position_size: 0.1 ",
        )
    });
}

#[test]
fn a_killed_run_goes_on_in_shared() {
    goes_on("shared", "paper.yaml", |t| t);
}

#[test]
fn a_killed_run_goes_on_in_dedicated_which_has_no_snapshots() {
    goes_on("dedicated", "paper.yaml", |t| t);
}

#[test]
fn expressions_go_on_too() {
    goes_on("shared", "expression.yaml", |t| t);
}

#[test]
fn a_killed_fused_run_goes_on_with_each_shard_from_its_own_end() {
    let tmp = tempfile::tempdir().unwrap();
    let config = config(tmp.path(), "paper.yaml", |t| {
        t.replace(
            "  layout: shared",
            "  layout: fused\n  shards: [[BTCUSDT], [ETHUSDT, SOLUSDT]]\n  rebalance_ms: 1000",
        )
    });
    let whole = tmp.path().join("whole");
    let report = run(&config, "fused", &whole, false);
    let shards = ["shard-0", "shard-1"];
    for cuts in [[5_000, 9_000], [12_000, 3]] {
        let dir = tmp.path().join(format!("cut-{}", cuts[0]));
        std::fs::create_dir(&dir).unwrap();
        for (shard, position) in shards.iter().zip(cuts) {
            copy(&whole.join(shard), &dir.join(shard));
            cut(&dir.join(shard), position);
        }
        let resumed = run(&config, "fused", &dir, true);
        assert_eq!(trading(&resumed), trading(&report));
        for shard in shards {
            assert_eq!(records(&dir.join(shard)), records(&whole.join(shard)), "{shard} after {cuts:?}");
        }
        ok(&["replay", dir.to_str().unwrap()]);
    }
}

#[test]
fn a_run_that_was_stopped_goes_on_and_says_who_let_it() {
    let tmp = tempfile::tempdir().unwrap();
    let config = config(tmp.path(), "paper.yaml", |t| t);
    let whole = tmp.path().join("whole");
    let report = run(&config, "invoker", &whole, false);
    let dir = tmp.path().join("stopped");
    let (shown, config) = (dir.to_str().unwrap(), config.to_str().unwrap());
    let mut child = Command::new(program())
        .args(["run", config, "--layout", "solo", "--journal", shown, "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // As soon as it can hear: mostly in the middle, sometimes when all is done.
    while !dir.join("control.sock").exists() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    child.wait().unwrap();
    let args = ["run", config, "--layout", "solo", "--journal", shown, "--resume", "--json"];
    let resumed: Value = serde_json::from_str(&ok(&args)).unwrap();
    assert_eq!(resumed["events"], report["events"], "all of the recording");
    let commands = ok(&["journal", "cat", shown, "--kind", "command", "--json"]);
    let count = |command: &str| commands.matches(&format!(r#""command":"{command}""#)).count();
    assert_eq!(count("shutdown"), count("resumed") + 1, "{commands}");
    assert!(!commands.contains(r#""operator":"","#), "who let it go on is named: {commands}");
    ok(&["journal", "verify", shown]);
    ok(&["replay", shown]);
    // It is complete now: the same report again, and not a byte is written.
    let before = std::fs::read(segments(&dir).last().unwrap()).unwrap();
    let again: Value = serde_json::from_str(&ok(&args)).unwrap();
    assert_eq!(trading(&again), trading(&resumed));
    assert_eq!(std::fs::read(segments(&dir).last().unwrap()).unwrap(), before);
}

#[test]
fn a_journal_is_refused_without_resume_and_with_another_configuration_or_other_data() {
    let tmp = tempfile::tempdir().unwrap();
    let path = config(tmp.path(), "paper.yaml", |t| t);
    let dir = tmp.path().join("run");
    run(&path, "invoker", &dir, false);
    let shown = dir.to_str().unwrap();
    let base = ["run", path.to_str().unwrap(), "--layout", "invoker", "--journal", shown];
    let refused = pinion(&base);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused).contains("--resume"), "{}", text(&refused));

    cut(&dir, 30_000);
    let resume = [&base[..], &["--resume"]].concat();
    let other = std::fs::read_to_string(&path).unwrap().replace("atr_period: 14", "atr_period: 15");
    let changed = tmp.path().join("other.yaml");
    std::fs::write(&changed, other).unwrap();
    let refused = pinion(&[&["run", changed.to_str().unwrap()], &resume[2..]].concat());
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains("another plan"), "{}", text(&refused));

    // The same configuration over data of which one price is another: found where it matters, and nothing is
    // written behind what the journal has.
    let examples = project_root().join("examples/data");
    let packed = std::fs::read(examples.join("binance_spot_20250325.capture.gz")).unwrap();
    let mut lines = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[..]), &mut lines).unwrap();
    let data = tmp.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let write = |lines: &str| {
        let file = std::fs::File::create(data.join("binance_spot_20250325.capture.gz")).unwrap();
        let mut pack = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        pack.write_all(lines.as_bytes()).unwrap();
        pack.finish().unwrap();
    };
    write(&lines);
    let moved =
        std::fs::read_to_string(&path).unwrap().replace(examples.to_str().unwrap(), data.to_str().unwrap());
    let path = tmp.path().join("moved.yaml");
    std::fs::write(&path, moved).unwrap();
    let dir = tmp.path().join("second");
    run(&path, "shared", &dir, false);
    cut(&dir, 40_000);
    let kept = std::fs::read(segments(&dir).last().unwrap()).unwrap();
    // Behind the newest snapshot that is left, before the cut.
    let prices: Vec<usize> = lines.match_indices("\"p\":\"").map(|(at, _)| at + 5).collect();
    let at = prices[prices.len() * 72 / 100];
    let digit = if &lines[at..=at] == "9" { "8" } else { "9" };
    lines.replace_range(at..=at, digit);
    write(&lines);
    let shown = dir.to_str().unwrap();
    let args = ["run", path.to_str().unwrap(), "--layout", "shared", "--journal", shown, "--resume"];
    let refused = pinion(&args);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    assert!(text(&refused).contains("does not repeat its journal"), "{}", text(&refused));
    let now = ok(&["journal", "info", shown, "--json"]);
    let now: Value = serde_json::from_str(&now).unwrap();
    assert!(now["records"].as_u64() < Some(40_010), "only the journal's own notes are new: {now}");
    assert_eq!(kept.len(), std::fs::read(segments(&dir).last().unwrap()).unwrap().len());
}
