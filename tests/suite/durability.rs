//! Levels of durability as a person meets them: the same decisions at each and in every layout, nothing left
//! behind by a clean end, and what is explained and refused.

use pinion_tests::{ok, pinion, program, project_root, text};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Long enough for any machine: an order that waited in vain would change the run.
const LEVELS: [&str; 4] = [
    "durability: behind",
    "durability: staged\n  staged_dir: STAGED",
    "durability: gated\n  gate: mapped\n  gate_timeout_ms: 60000",
    "durability: gated\n  gate: disk\n  gate_timeout_ms: 60000",
];

/// The shipped example with another layout and a section `journal`.
fn example(dir: &Path, runtime: &str, journal: &str) -> PathBuf {
    let examples = project_root().join("examples");
    let config = std::fs::read_to_string(examples.join("paper.yaml")).unwrap();
    let config = config.replace("data/binance", &format!("{}/data/binance", examples.display()));
    let config = config.replace("  layout: shared", &format!("  layout: {runtime}"));
    assert!(!config.contains("\njournal:"));
    let path = dir.join("config.yaml");
    std::fs::write(&path, format!("{config}\njournal:\n  segment_mb: 1\n  {journal}\n")).unwrap();
    path
}

/// A directory on tmpfs for the links of a test.
fn staged_dir() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap()
}

fn run(config: &Path, journal: &Path) -> Value {
    let args = ["run", config.to_str().unwrap(), "--journal", journal.to_str().unwrap(), "--json"];
    serde_json::from_str(&ok(&args)).unwrap()
}

/// Runs a layout at every level; all must decide alike, and their journals must replay.
fn alike(runtime: &str, journals: &[&str]) -> String {
    let tmp = tempfile::tempdir().unwrap();
    let staged = staged_dir();
    let mut first: Option<Value> = None;
    for (n, level) in LEVELS.into_iter().enumerate() {
        let level = level.replace("STAGED", staged.path().to_str().unwrap());
        let config = example(tmp.path(), runtime, &level);
        let dir = tmp.path().join(n.to_string());
        let run = run(&config, &dir);
        assert!(run["fills"].as_u64() >= Some(2), "{runtime}: {run}");
        let seen = ["decision_digest", "events", "orders", "fills", "trades", "net_pnl"]
            .map(|key| run[key].clone())
            .to_vec();
        for journal in journals {
            let journal = dir.join(journal);
            ok(&["replay", journal.to_str().unwrap()]);
            ok(&["journal", "verify", journal.to_str().unwrap()]);
        }
        match &first {
            None => first = Some(Value::Array(seen)),
            Some(expected) => assert_eq!(*expected, Value::Array(seen), "{runtime}, {level}"),
        }
    }
    let left: Vec<_> = std::fs::read_dir(staged.path()).unwrap().collect();
    assert!(left.is_empty(), "a clean end leaves nothing: {left:?}");
    first.unwrap()[0].to_string()
}

#[test]
fn every_level_decides_alike_in_every_layout() {
    let digests = ["invoker", "solo", "shared", "dedicated"].map(|layout| alike(layout, &[""]));
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
}

#[test]
fn every_level_decides_alike_in_shards() {
    alike("fused\n  shards: 2", &["shard-0", "shard-1"]);
}

#[test]
fn explain_says_what_each_death_loses() {
    let tmp = tempfile::tempdir().unwrap();
    let explained = |journal: &str| {
        let config = example(tmp.path(), "shared", journal);
        ok(&["config", "explain", config.to_str().unwrap()])
    };
    let behind = explained("durability: behind");
    assert!(
        behind.contains("a kill loses") && behind.contains("orders that left may be among them"),
        "{behind}"
    );
    assert!(explained("durability: staged").contains("outlives the process in /dev/shm"));
    let disk = explained("durability: gated\n  gate: disk");
    assert!(disk.contains("gated, disk") && disk.contains("orders wait for the journal"), "{disk}");
}

#[test]
fn a_directory_on_a_disk_is_refused_before_anything_trades() {
    let tmp = tempfile::tempdir().unwrap();
    let journal = tmp.path().join("j");
    let config = example(tmp.path(), "shared", "durability: staged\n  staged_dir: /proc");
    let output = pinion(&["run", config.to_str().unwrap(), "--journal", journal.to_str().unwrap()]);
    let said = text(&output);
    assert!(!output.status.success() && said.contains("`staged_dir` /proc: it is not on tmpfs"), "{said}");
    let config = example(tmp.path(), "shared", "staged_dir: here\n  gate_timeout_ms: 5");
    let output = pinion(&["config", "check", config.to_str().unwrap()]);
    let said = text(&output);
    assert!(
        said.contains("does not begin with /") && said.contains("`gate_timeout_ms` has no effect"),
        "{said}"
    );
}

#[test]
fn a_staged_run_that_is_killed_goes_on_to_the_same_end() {
    let tmp = tempfile::tempdir().unwrap();
    let staged = staged_dir();
    let level = LEVELS[1].replace("STAGED", staged.path().to_str().unwrap());
    let config = example(tmp.path(), "shared", &level);
    let whole = run(&config, &tmp.path().join("whole"));
    let left = || std::fs::read_dir(staged.path()).unwrap().count();
    let mut killed = 0;
    for round in 0..12 {
        let dir = tmp.path().join(round.to_string());
        let args = ["run", config.to_str().unwrap(), "--journal", dir.to_str().unwrap()];
        let mut child =
            Command::new(program()).args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while left() == 0 && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(round));
        child.kill().unwrap();
        child.wait().unwrap();
        killed += left();
        let resumed = ok(&[&args[..], &["--resume", "--json"]].concat());
        let resumed: Value = serde_json::from_str(&resumed).unwrap();
        for key in ["decision_digest", "trades", "net_pnl"] {
            assert_eq!(resumed[key], whole[key], "{key} of round {round}");
        }
        ok(&["replay", dir.to_str().unwrap()]);
        assert_eq!(left(), 0, "what was drained is gone");
    }
    assert!(killed > 0, "no run was killed while it traded");
}
