//! `pinion stat`: what it says of a live run, of one that ended, of one that was killed, and of wrong files.

use pinion_tests::{program, project_root, text};
use serde_json::Value;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A place for live files that no other test uses.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("shm")).unwrap();
        Place { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(args).current_dir(project_root()).env("PINION_SHM", self.path("shm"));
        command
    }

    fn pinion(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn ok(&self, args: &[&str]) -> String {
        let output = self.pinion(args);
        assert!(output.status.success(), "{args:?}: {}", text(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(args)).unwrap()
    }

    fn live(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.path("shm")).unwrap().map(|e| e.unwrap().path()).collect()
    }
}

/// A run that is stopped in the middle, so that it stays there however long the test takes.
struct Running {
    child: Child,
    dir: String,
}

impl Running {
    fn start(place: &Place, name: &str) -> Running {
        let dir = place.path(name);
        let data = place.path(&format!("{name}.csv"));
        write_bars(&data, 400_000);
        let (dir, data) = (dir.to_str().unwrap().to_string(), data.to_str().unwrap().to_string());
        let args = ["backtest", "examples/bar_oracle.yaml", "--data", &data, "--journal", &dir];
        let args = [&args[..], &["--layout", "shared", "--counters"]].concat();
        let mut child = place.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !has_worked(place, &dir) {
            assert!(child.try_wait().unwrap().is_none(), "the run ended before it was looked at");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let running = Running { child, dir };
        running.signal("STOP");
        running
    }

    fn signal(&self, name: &str) {
        let signal = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(signal.unwrap().success());
    }

    fn die(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn has_worked(place: &Place, dir: &str) -> bool {
    let output = place.pinion(&["stat", dir, "--json"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    value["agents"][0]["items"].as_u64() > Some(0)
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write_bars(path: &Path, count: i64) {
    let mut out = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    writeln!(out, "ts_ms,open,high,low,close,volume").unwrap();
    for n in 0..count {
        let close = 30_000 + n * 7_919 % 400;
        let time = 1_600_000_000_000 + 60_000 * n;
        writeln!(out, "{time},{close}.00,{}.00,{}.00,{close}.00,2.5", close + 30, close - 30).unwrap();
    }
}

fn severities(value: &Value) -> Vec<&str> {
    value["findings"].as_array().unwrap().iter().map(|f| f["severity"].as_str().unwrap()).collect()
}

#[test]
fn a_run_that_is_killed_is_told_apart_from_a_live_one_and_shows_its_last_values() {
    let place = Place::new();
    let mut running = Running::start(&place, "run");
    let live = place.json(&["stat", &running.dir, "--json"]);
    assert_eq!(live["state"], "live");
    assert_eq!(live["pid"], running.child.id());
    assert_eq!(place.json(&["stat", "--json"])["pid"], live["pid"], "the one that is live needs no name");
    assert_eq!(place.json(&["stat", "--list", "--json"])[0]["state"], "live");
    assert!(place.ok(&["stat", "--clean"]).starts_with("0 removed"));
    assert_eq!(place.live().len(), 1, "a live run's file is not touched");

    running.die();
    let dead = place.json(&["stat", &running.dir, "--json"]);
    assert_eq!(dead["state"], "crashed");
    assert_eq!(dead["agents"][0]["items"], live["agents"][0]["items"], "what it had counted is still there");
    assert!(dead["agents"][0]["items"].as_u64() > Some(0) && dead["agents"][0]["ended"] == false);
    assert_eq!(severities(&dead)[0], "wrong");
    let text = place.ok(&["stat", &running.dir]);
    assert!(
        text.contains("CRASHED") && text.contains("Something is wrong") && text.contains("journal verify")
    );
    assert_eq!(place.json(&["stat", "--list", "--json"])[0]["state"], "crashed");
    assert!(place.ok(&["stat", "--clean"]).contains("1 removed"));
    assert!(place.live().is_empty());
    let gone = place.pinion(&["stat", &running.dir]);
    assert_eq!(gone.status.code(), Some(2), "{}", self::text(&gone));
}

#[test]
fn several_live_runs_are_listed_and_a_run_that_stands_still_is_told() {
    let place = Place::new();
    let (one, two) = (Running::start(&place, "one"), Running::start(&place, "two"));
    let refused = place.pinion(&["stat"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused).contains(&one.dir) && text(&refused).contains(&two.dir), "{}", text(&refused));
    // A stopped process does not look at its threads: after five seconds that is worth a word.
    std::thread::sleep(std::time::Duration::from_millis(5_500));
    let value = place.json(&["stat", &one.dir, "--json"]);
    let said = value["findings"].to_string();
    assert!(said.contains("last heard of") && said.contains("has not come back"), "{said}");
}

#[test]
fn a_run_that_ended_keeps_its_counters_in_its_directory() {
    let place = Place::new();
    for layout in ["invoker", "solo", "shared", "dedicated"] {
        let dir = place.path(layout);
        let dir = dir.to_str().unwrap();
        place.ok(&["run", "examples/paper.yaml", "--layout", layout, "--journal", dir]);
        assert!(place.live().is_empty(), "{layout}");
        let stat = place.json(&["stat", dir, "--json"]);
        assert_eq!((&stat["state"], &stat["directory"]), (&"ended".into(), &dir.into()));
        assert!(severities(&stat).iter().all(|s| *s == "note"), "{stat}");
        let agents = stat["agents"].as_array().unwrap();
        assert!(agents.iter().all(|a| a["ended"] == true), "{layout}");
        let most = agents.iter().map(|a| a["items"].as_u64().unwrap()).max();
        assert!(most >= Some(50_000), "{layout}: {stat}");
        let links = stat["links"].as_array().unwrap();
        assert_eq!(
            links.len(),
            [("shared", 1), ("dedicated", 7)].iter().find(|(l, _)| *l == layout).map_or(0, |l| l.1)
        );
        for link in links {
            let depth = link["depth"].as_u64().unwrap();
            assert!(depth > 0 && link["high_water"].as_u64().unwrap() <= depth, "{link}");
            assert_eq!(link["lost"], 0);
        }
        let elapsed = stat["elapsed_ns"].as_u64().unwrap();
        for agent in agents {
            let parts = ["busy_ns", "idle_ns", "blocked_ns", "housekeeping_ns"];
            let sum: u64 = parts.iter().map(|part| agent[part].as_u64().unwrap()).sum();
            assert!(sum > 0 && sum <= elapsed + elapsed / 20, "{layout} {agent}: of {elapsed} ns");
        }
        // Nothing of a screen where there is none, and nothing wider than one.
        let text = place.ok(&["stat", dir]);
        assert!(!text.contains('\x1b') && text.contains("Nothing is wrong."), "{text}");
        let wide = text.lines().find(|line| line.chars().count() > 80 && !line.starts_with("Counters:"));
        assert_eq!(wide, None, "80 columns");
    }
}

#[test]
fn refused_lines_are_counted_by_reason_and_each_kind_is_noted_once() {
    let place = Place::new();
    let data = place.path("bars.csv");
    write_bars(&data, 2_000);
    let mut lines: Vec<String> = std::fs::read_to_string(&data).unwrap().lines().map(Into::into).collect();
    for n in [100, 200, 300] {
        lines[n] = lines[n].replace(".00", ".0x");
    }
    lines[400] = "1600024000000,1.00".into();
    std::fs::write(&data, lines.join("\n")).unwrap();
    let (data, dir, kept) = (data.to_str().unwrap(), place.path("run"), place.path("kept.counters"));
    let counters = format!("--counters={}", kept.display());
    let args = [
        "backtest",
        "examples/bar_oracle.yaml",
        "--data",
        data,
        "--journal",
        dir.to_str().unwrap(),
        &counters,
    ];
    place.ok(&args);
    let stat = place.json(&["stat", dir.to_str().unwrap(), "--json"]);
    let feed = &stat["feeds"][0];
    assert_eq!((&feed["refused"], &feed["by_reason"]["too few columns"]), (&4.into(), &1.into()));
    assert_eq!(feed["by_reason"]["a number is malformed"], 3);
    let errors: Vec<_> =
        stat["errors"].as_array().unwrap().iter().map(|e| (&e["count"], e["text"].as_str())).collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(
        errors.iter().any(|(n, text)| **n == 3 && text.unwrap().contains("bars.csv line 101")),
        "{errors:?}"
    );
    assert!(
        place.ok(&["stat", kept.to_str().unwrap()]).contains("4 lines were refused"),
        "the named file is kept too"
    );
}

#[test]
fn counters_are_on_for_run_and_off_for_backtest_unless_asked() {
    let place = Place::new();
    let has = |name: &str, args: &[&str]| {
        let dir = place.path(name);
        let all = [args, &["--journal", dir.to_str().unwrap()]].concat();
        place.ok(&all);
        dir.join("counters").is_file()
    };
    assert!(has("a", &["run", "examples/paper.yaml"]));
    assert!(!has("b", &["run", "examples/paper.yaml", "--counters=off"]));
    assert!(!has("c", &["backtest", "examples/paper.yaml"]));
    assert!(has("d", &["backtest", "examples/paper.yaml", "--counters"]));
    let none = place.pinion(&["stat", place.path("b").to_str().unwrap()]);
    assert_eq!(none.status.code(), Some(2));
    assert!(text(&none).contains("--counters=off"));
    assert_eq!(place.pinion(&["stat"]).status.code(), Some(2), "nothing is live");
}

#[test]
fn a_watch_without_a_terminal_prints_one_state_after_the_other_and_ends_with_the_run() {
    let place = Place::new();
    let mut running = Running::start(&place, "run");
    let args = ["stat", &running.dir, "--watch", "--every", "0.05", "--json"];
    let mut watch = place.command(&args).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(watch.stdout.take().unwrap()).lines();
    for _ in 0..3 {
        let value: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(value["state"], "live");
    }
    running.die();
    let last: Value = serde_json::from_str(&lines.last().unwrap().unwrap()).unwrap();
    assert_eq!(last["state"], "crashed");
    assert!(watch.wait().unwrap().success());
}

#[test]
fn a_watch_on_a_terminal_draws_in_place_and_gives_the_terminal_back_on_ctrl_c() {
    let place = Place::new();
    let running = Running::start(&place, "run");
    let script = project_root().join("tests/suite/watch_on_a_terminal.py");
    let output = Command::new("python3")
        .arg(script)
        .arg(program())
        .args(["stat", &running.dir, "--watch", "--every", "0.05"])
        .env_remove("NO_COLOR")
        .output()
        .expect("this test runs python3 3.9 or later");
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
    assert!(seen["drawn"].as_u64() >= Some(3), "{seen}");
    for (key, wanted) in [("status", 0), ("taken", 1), ("given_back", 1)] {
        assert_eq!(seen[key], wanted, "{key}: {seen}");
    }
    assert!(seen["colours"] == true && seen["stays"] == true, "the last state stays on the terminal: {seen}");
}

#[test]
fn what_is_no_counters_file_is_refused_with_a_sentence() {
    let place = Place::new();
    let cases: [(&str, &[u8], &str); 2] = [
        ("foreign", b"time,open,high,low,close", "no counters file"),
        ("empty.counters", &[0; 4096], "not finished"),
    ];
    for (name, bytes, said) in cases {
        let path = place.path(name);
        std::fs::write(&path, bytes).unwrap();
        let output = place.pinion(&["stat", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(text(&output).contains(said), "{}", text(&output));
    }
}
