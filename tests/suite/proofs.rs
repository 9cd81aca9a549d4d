//! The properties of the hot thread, shown by the program itself, and each broken on purpose.

use pinion_tests::{pinion, text};
use serde_json::Value;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

const CAPTURE: &str = "examples/data/binance_spot_20250325.capture.gz";

fn proven(args: &[&str]) -> Value {
    let output = pinion(&[&["prove"], args, &["--json"]].concat());
    assert!(output.status.success(), "{args:?}: {}", text(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs a proof whose property is broken; it must fail for that reason and no other.
fn refuted(args: &[&str], reason: &str) {
    let output = pinion(&[&["prove"], args].concat());
    assert_eq!(output.status.code(), Some(1), "{args:?}: {}", text(&output));
    let said = text(&output);
    assert!(said.contains("FAIL: ") && said.contains(reason), "{args:?}: {said}");
}

#[test]
fn the_whole_way_neither_allocates_nor_frees() {
    let value = proven(&["allocations", "--data", CAPTURE]);
    assert_eq!(value["hot_allocations"], 0);
    let stages = value["stages"].as_array().unwrap();
    let names: Vec<&str> = stages.iter().map(|s| s["input"].as_str().unwrap()).collect();
    assert_eq!(names, ["dense", "reconnecting", "malformed", "usual", "recorded"]);
    for (name, of, least) in [
        ("dense", "fills", 10),
        ("reconnecting", "gaps", 40),
        ("malformed", "no_event", 5_000),
        ("usual", "refused", 1_000),
        ("recorded", "orders", 1_000),
    ] {
        let stage = stages.iter().find(|s| s["input"] == name).unwrap();
        assert!(stage[of].as_u64() >= Some(least), "{name}: {stage}");
    }
    assert!(value["segments"].as_u64() >= Some(10), "the cold thread went from segment to segment: {value}");
}

#[test]
fn a_growing_vector_and_a_dropped_box_are_counted() {
    refuted(&["allocations", "--break", "grow"], "1 allocations or frees on the hot thread");
    refuted(&["allocations", "--break", "free"], "1 allocations or frees on the hot thread");
}

#[test]
fn with_the_variable_the_first_breach_ends_the_program() {
    let exe = pinion_tests::program();
    let abort = |args: &[&str]| -> Output {
        let mut command = Command::new(&exe);
        command.args(args).current_dir(pinion_tests::project_root());
        command.env("PINION_ABORT_ON_HOT_ALLOCATION", "1").output().unwrap()
    };
    let broken = abort(&["prove", "allocations", "--break", "free"]);
    assert_eq!(broken.status.signal(), Some(6), "{}", text(&broken));
    assert!(text(&broken).contains("hot thread `hot` is sealed and attempted this: free of 8 bytes"));
    let whole = abort(&["prove", "allocations"]);
    assert!(whole.status.success(), "{}", text(&whole));
}

/// A session as it is run, not a proof's pipeline: recorded files, a ring, a cold thread, small segments.
#[test]
fn a_session_does_not_allocate_on_its_trading_thread() {
    let tmp = tempfile::tempdir().unwrap();
    let example = std::fs::read_to_string(pinion_tests::project_root().join("examples/paper.yaml")).unwrap();
    let data = pinion_tests::project_root().join(CAPTURE);
    let config = example.replace("data/binance_spot_20250325.capture.gz", data.to_str().unwrap());
    let config = config + "\njournal:\n  segment_mb: 1\n";
    let path = tmp.path().join("paper.yaml");
    std::fs::write(&path, config).unwrap();
    for layout in ["shared", "dedicated"] {
        let journal = tmp.path().join(layout);
        let output = Command::new(pinion_tests::program())
            .args(["run", path.to_str().unwrap(), "--layout", layout, "--json", "--journal"])
            .arg(&journal)
            .env("PINION_ABORT_ON_HOT_ALLOCATION", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{layout}: {}", text(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&report["hot_allocations"], &report["events"]), (&Value::from(0), &Value::from(50_000)));
        assert!(report["journal_records"].as_u64() > Some(3 * 8_192), "several segments: {report}");
    }
}

#[test]
fn the_kernel_sees_no_system_call_but_the_sockets_own() {
    let memory = proven(&["system-calls", "--frames", "200000"]);
    assert_eq!((&memory["frames"], &memory["admitted"]), (&Value::from(200_000), &Value::from("none")));
    let socket = proven(&["system-calls", "--frames", "200000", "--socket"]);
    assert_eq!(socket["admitted"], "recvfrom, sendto");
    for value in [&memory, &socket] {
        assert!(value["orders"].as_u64() > Some(10_000) && value["hot_allocations"] == 0, "{value}");
    }
}

#[test]
fn a_system_call_and_a_contended_lock_are_killed() {
    for fault in ["call", "lock"] {
        refuted(&["system-calls", "--frames", "10000", "--break", fault], "SIGSYS");
        refuted(&["system-calls", "--frames", "10000", "--socket", "--break", fault], "SIGSYS");
    }
}

#[test]
fn a_slow_or_stopped_cold_thread_stops_entries_and_nothing_else() {
    let value = proven(&["journal"]);
    assert_eq!((&value["entries_degraded"], &value["out_of_order"]), (&Value::from(0), &Value::from(0)));
    assert_eq!((&value["pushed"], &value["replay_difference"]), (&value["arrived"], &Value::Null));
    assert!(
        value["exits_degraded"].as_u64() > Some(0) && value["degradations"].as_u64() > Some(5),
        "{value}"
    );
    refuted(&["journal", "--break", "deaf"], "entries stop as the link fills up");
    refuted(&["journal", "--break", "lose"], "every record that was pushed arrives");
}
