//! The short form of every campaign, and for each planted defect the proof that it is found.
//!
//! The long form is in `tests/CAMPAIGNS.md`. Each test runs the program as a user does, from one seed.

use std::process::Command;

use serde_json::Value;

/// Runs a campaign and gives its exit code and report.
fn campaign(arguments: &str) -> (Option<i32>, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_campaigns"))
        .args(arguments.split_whitespace())
        .args(["--json", "--seed", "20261124"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let report = serde_json::from_str(&said)
        .unwrap_or_else(|_| panic!("{arguments}: {said}{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), report)
}

#[track_caller]
fn holds(arguments: &str, rounds: u64) -> Value {
    let (code, report) = campaign(&format!("{arguments} --rounds {rounds}"));
    assert_eq!(code, Some(0), "{arguments}: {report:#}");
    assert!(report["rounds"].as_u64() >= Some(rounds.min(30)), "{report:#}");
    report
}

#[track_caller]
fn finds(arguments: &str, rounds: u64, invariants: &[&str]) {
    let (code, report) = campaign(&format!("{arguments} --rounds {rounds}"));
    assert_eq!(code, Some(1), "{arguments}: the planted defect was not found: {report:#}");
    let found = report["invariant"].as_str().unwrap();
    assert!(invariants.contains(&found), "{arguments}: found by {found}: {report:#}");
    assert!(report["again"].as_str().unwrap().contains("--seed 20261124"), "{report:#}");
    // Kept for a person; nobody looks at a planted one.
    std::fs::remove_dir_all(report["kept"].as_str().unwrap()).unwrap();
}

#[test]
fn killed_writers_lose_nothing_and_go_on() {
    holds("kill", 60);
}

#[test]
fn control_kill_finds_an_early_acknowledgement_and_a_lost_tail() {
    finds("kill --defect acknowledged-early", 200, &["what was acknowledged is kept"]);
    let lost =
        ["what was acknowledged is kept", "what was durable is kept", "groups count whole or not at all"];
    finds("kill --defect lost-tail", 60, &[&lost[..], &["the prefix is as long as it can be"]].concat());
}

#[test]
fn cut_flipped_and_shuffled_journals_are_exact_prefixes_or_refused() {
    holds("truncate", 1_500);
    holds("flip", 1_500);
    holds("shuffle", 1_500);
}

#[test]
fn control_damage_finds_skipped_checksums_accepted_holes_lost_tails_and_ignored_marks() {
    finds("flip --defect skip-crc", 2_000, &["nothing false is accepted"]);
    finds("truncate --defect accept-hole", 2_000, &["nothing false is accepted"]);
    finds("shuffle --defect ignore-marks", 2_000, &["what was durable is kept"]);
    let lost = ["the prefix is as long as it can be", "groups count whole or not at all"];
    finds("truncate --defect lost-tail", 2_000, &lost);
}

#[test]
fn whatever_a_power_cut_keeps_holds_what_was_durable() {
    let report = holds("pages", 3_000);
    assert!(report["counts"]["hole"].as_u64() > Some(20), "{report:#}");
}

#[test]
fn control_pages_finds_missing_syncs_and_accepted_holes() {
    let lost = ["what was durable is kept", "no refusal without damage"];
    finds("pages --defect mark-before-sync", 3_000, &lost);
    finds("pages --defect no-fsync-dir", 3_000, &lost);
    finds("pages --defect accept-hole", 3_000, &["nothing false is accepted"]);
}

#[test]
fn every_refused_call_has_its_verdict() {
    let report = holds("faults", 250);
    assert!(report["counts"]["stopped by a failed sync"].as_u64() > Some(20), "{report:#}");
    holds("places", 1);
}

#[test]
fn control_faults_finds_unheeded_syncs_and_a_lost_tail() {
    finds("faults --defect deaf-sync", 250, &["every fault has its verdict"]);
    finds("places --defect lost-tail", 1, &["what was durable is kept"]);
}

#[test]
fn a_second_crash_during_recovery_takes_nothing() {
    holds("recovery", 120);
}

#[test]
fn control_recovery_finds_a_rewrite_in_place() {
    let lost = ["what was acknowledged is kept", "what was durable is kept", "no refusal without damage"];
    finds("recovery --defect careless", 600, &lost);
}
