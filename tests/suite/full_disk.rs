//! A disk that is full while a run trades: the run ends by itself, safely and with a sentence, and goes on later.
//!
//! The disk is a real one of a few MiB, mounted where only the run sees it. Where nobody may mount, the test says so
//! and proves nothing.

use pinion_tests::{ok, program, project_root, text};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The example with orders that rest, in a directory of its own that sees the recordings.
fn config(dir: &Path) -> PathBuf {
    let examples = project_root().join("examples");
    let text = std::fs::read_to_string(examples.join("paper.yaml")).unwrap();
    let text = text.replace("[data/", &format!("[{}/", examples.join("data").display())).replace(
        "  position_size: 0.1 ",
        "  entry_order: limit\n  limit_offset: 0\n  cancel_bars: 20\n  position_size: 0.1 ",
    );
    let path = dir.join("paper.yaml");
    std::fs::write(&path, text + "\njournal:\n  segment_mb: 1\n").unwrap();
    path
}

/// A shell in a place where it may mount.
fn apart() -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let mut command = Command::new("unshare");
    command.arg(if is_root { "-m" } else { "-rm" }).args(["sh", "-c"]);
    command
}

fn may_mount(dir: &Path) -> bool {
    let probe = apart().arg("mount -t tmpfs -o size=1m none \"$0\"").arg(dir).output();
    probe.is_ok_and(|output| output.status.success())
}

/// Runs with the journal on a disk of this many MiB, and copies what is on it afterwards.
fn run_on(disk: &Path, mib: u32, config: &Path, layout: &str, kept: &Path) -> Output {
    let script = "mount -t tmpfs -o size=$5m none \"$0\" || exit 99
        \"$1\" run \"$2\" --layout \"$3\" --journal \"$0/run\" --json
        code=$?
        cp -a \"$0/run\" \"$4\"
        exit $code";
    let mut command = apart();
    command.arg(script).arg(disk).arg(program()).args([config, Path::new(layout), kept]);
    command.arg(mib.to_string()).output().unwrap()
}

/// The journal's records of some kinds, in order.
fn records(dir: &Path, kinds: &str) -> Vec<Value> {
    let shown = ok(&["journal", "cat", dir.to_str().unwrap(), "--json", "--kind", kinds]);
    shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn stops_and_goes_on(layout: &str) {
    let tmp = tempfile::tempdir().unwrap();
    let disk = tmp.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    if !may_mount(&disk) {
        eprintln!("nothing is proven here: a file system cannot be mounted");
        return;
    }
    let config = config(tmp.path());
    let whole = tmp.path().join("whole");
    let output = run_on(&disk, 64, &config, layout, &whole);
    assert_eq!(output.status.code(), Some(0), "control, with room: {}", text(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();

    let kept = tmp.path().join("kept");
    let output = run_on(&disk, 5, &config, layout, &kept);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the journal failed and trading was stopped"), "{said}");
    assert!(said.contains("Free space"), "{said}");

    // It ended while there was room: its end is in the journal, and no order was sent behind it.
    let shown = kept.to_str().unwrap();
    ok(&["journal", "verify", shown]);
    ok(&["replay", shown]);
    let ends = records(&kept, "command,order");
    let is_end = |record: &Value| record.to_string().contains("shutdown");
    let end = ends.iter().position(is_end).unwrap_or_else(|| panic!("no shutdown in {} records", ends.len()));
    assert_eq!(end + 1, ends.len(), "{:?}", &ends[end..]);
    let all = records(&whole, "order").len();
    assert!(end < all, "it was stopped in the middle: {end} of {all} orders");

    // There is space again: the run goes on to the end of the recording.
    let config = config.to_str().unwrap();
    let args = ["run", config, "--layout", layout, "--journal", shown, "--resume", "--json"];
    let resumed: Value = serde_json::from_str(&ok(&args)).unwrap();
    assert_eq!(resumed["events"], report["events"], "all of the recording");
    ok(&["journal", "verify", shown]);
    ok(&["replay", shown]);
}

#[test]
fn a_full_disk_ends_a_solo_run_which_goes_on_when_there_is_space() {
    stops_and_goes_on("solo");
}

#[test]
fn a_full_disk_ends_a_shared_run_which_goes_on_when_there_is_space() {
    stops_and_goes_on("shared");
}
