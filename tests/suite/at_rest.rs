//! Journals at rest, from the command line: archived, pruned, copied, salvaged and sealed.

use pinion_tests::{ok, pinion, project_root, text};
use serde_json::Value;
use std::path::Path;

/// Runs an example with small segments and snapshots.
fn recorded(outer: &Path, more: &str) -> String {
    let examples = project_root().join("examples");
    let yaml = std::fs::read_to_string(examples.join("paper.yaml")).unwrap();
    let yaml = yaml.replace("[data/", &format!("[{}/", examples.join("data").display()));
    let config = outer.join("paper.yaml");
    std::fs::write(&config, yaml + "\njournal:\n  segment_mb: 1\n  snapshot_events: 8192\n" + more).unwrap();
    let dir = outer.join("run").display().to_string();
    ok(&["run", config.to_str().unwrap(), "--layout", "shared", "--journal", &dir, "--json"]);
    dir
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&ok(args)).unwrap_or_else(|error| panic!("{args:?}: {error}"))
}

#[test]
fn every_command_reads_what_was_archived_and_pruned_and_a_seal_holds_over_both() {
    let outer = tempfile::tempdir().unwrap();
    let dir = recorded(outer.path(), "");
    let key = outer.path().join("seal.key").display().to_string();
    let public = format!("{key}.pub");
    assert!(!ok(&["journal", "keygen", &key]).contains(std::fs::read_to_string(&key).unwrap().trim()));
    ok(&["journal", "seal", &dir, "--key", &key]);
    let before = ok(&["journal", "cat", &dir, "--kind", "order,execution", "--json"]);
    let replayed = ok(&["replay", &dir]);

    let archived = json(&["journal", "archive", &dir, "--keep", "1", "--json"]);
    assert!(archived["archived"].as_u64() > Some(2), "{archived}");
    assert!(archived["archive_bytes"].as_u64() < archived["plain_bytes"].as_u64());
    assert_eq!(ok(&["journal", "cat", &dir, "--kind", "order,execution", "--json"]), before);
    assert_eq!(ok(&["replay", &dir]), replayed);
    let copy = outer.path().join("copy").display().to_string();
    assert_eq!(json(&["journal", "backup", &dir, &copy, "--json"])["closed"], true);
    assert_eq!(ok(&["replay", &copy]), replayed);

    let would = json(&["journal", "prune", &dir, "--keep", "2", "--dry-run", "--json"]);
    let pruned = json(&["journal", "prune", &dir, "--keep", "2", "--json"]);
    assert!(pruned["segments"].as_u64() > Some(0), "{pruned}");
    assert_eq!((&would["to"], &would["replay_from"]), (&pruned["to"], &pruned["replay_from"]));
    assert!(ok(&["journal", "verify", &dir]).contains("were pruned; the chain is proven on both sides"));
    assert!(
        ok(&["journal", "verify", &dir, "--key", &public]).contains("as they were when they were sealed")
    );
    ok(&["journal", "cat", &dir, "--kind", "order"]);
    let refused = pinion(&["replay", &dir]);
    assert!(!refused.status.success() && text(&refused).contains("--from-snapshot"), "{}", text(&refused));
    assert!(ok(&["replay", &dir, "--from-snapshot"]).contains("identical"));
}

#[test]
fn a_damaged_journal_is_salvaged_and_what_is_left_replays() {
    let outer = tempfile::tempdir().unwrap();
    let dir = recorded(outer.path(), "");
    let mut names: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|x| x == "seg"));
    names.sort();
    let mut bytes = std::fs::read(&names[1]).unwrap();
    bytes[4096 + 128 * 50 + 60] ^= 1;
    std::fs::write(&names[1], bytes).unwrap();
    let new = outer.path().join("new").display().to_string();
    let report = json(&["journal", "salvage", &dir, "--out", &new, "--json"]);
    assert!(report["taken"].as_u64() > Some(8_000), "{report}");
    assert!(ok(&["replay", &new]).contains("identical"));
    let around = outer.path().join("around").display().to_string();
    let report = json(&["journal", "salvage", &dir, "--out", &around, "--skip-bad", "--json"]);
    assert!(report["lost"].as_array().is_some_and(|lost| !lost.is_empty()), "{report}");
    assert!(ok(&["journal", "verify", &around]).contains("sound"));
}

#[test]
fn a_plan_says_what_happens_to_old_segments() {
    let outer = tempfile::tempdir().unwrap();
    let dir = recorded(outer.path(), "  archive_after_segments: 2\n  retain_segments: 40\n");
    let config = outer.path().join("paper.yaml").display().to_string();
    let explained = ok(&["config", "explain", &config]);
    assert!(explained.contains("archived but for the newest 2, pruned to the newest 40"), "{explained}");
    assert!(ok(&["journal", "verify", &dir]).contains("sound"));
}
