//! Journals that a crash or a disk left torn or with a hole: every command reads what counts, says where
//! that ends, and fails where sound frames behind it are lost.

use pinion_tests::{ok, pinion, text};
use serde_json::Value;
use std::path::{Path, PathBuf};

const HEADER: usize = 4096;
const FRAME: usize = 128;

/// A journal of the example, cut in its middle as a crash leaves it: zeros from there on.
struct Crashed {
    tmp: tempfile::TempDir,
    segment: PathBuf,
    bytes: Vec<u8>,
    /// Frames that are there.
    frames: usize,
}

impl Crashed {
    fn new() -> Crashed {
        let tmp = tempfile::tempdir().unwrap();
        let segment = journal(tmp.path());
        let mut bytes = std::fs::read(&segment).unwrap();
        let frames = (bytes.len() - HEADER) / FRAME / 2;
        let capacity = u64::from_le_bytes(bytes[120..128].try_into().unwrap()) as usize;
        bytes.truncate(HEADER + frames * FRAME);
        bytes.resize(HEADER + capacity * FRAME, 0);
        Crashed { tmp, segment, bytes, frames }
    }

    fn dir(&self) -> &str {
        self.tmp.path().to_str().unwrap()
    }

    fn frame(&mut self, position: usize) -> &mut [u8] {
        &mut self.bytes[HEADER + position * FRAME..][..FRAME]
    }

    fn write(&self) -> &Path {
        std::fs::write(&self.segment, &self.bytes).unwrap();
        self.tmp.path()
    }
}

/// Runs the example into a directory, without a mark while it runs; its only segment.
fn journal(dir: &Path) -> PathBuf {
    let example = std::fs::read_to_string(pinion_tests::project_root().join("examples/paper.yaml")).unwrap();
    let data = pinion_tests::project_root().join("examples/data");
    let config =
        example.replace("[data/", &format!("[{}/", data.display())) + "\njournal:\n  msync_ms: 60000\n";
    let path = dir.join("paper.yaml");
    std::fs::write(&path, config).unwrap();
    let args = ["run", path.to_str().unwrap(), "--layout", "invoker", "--journal", dir.to_str().unwrap()];
    ok(&args);
    let mut files = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    files.find(|p| p.extension().is_some_and(|e| e == "seg")).unwrap()
}

/// Every command that answers from a whole journal.
fn commands(dir: &str) -> Vec<Vec<&str>> {
    vec![
        vec!["replay", dir],
        vec!["journal", "info", dir],
        vec!["journal", "why", "1", dir],
        vec!["journal", "latency", dir],
        vec!["journal", "diff", dir, dir],
        vec!["journal", "cat", dir, "--kind", "order"],
        vec!["journal", "tail", dir],
    ]
}

#[test]
fn a_torn_frame_behind_the_last_mark_ends_the_journal_there() {
    let mut crashed = Crashed::new();
    let torn = crashed.frames - 1;
    crashed.frame(torn)[60] ^= 1;
    crashed.write();
    let dir = crashed.dir();
    for command in commands(dir) {
        let said = pinion(&command);
        assert!(said.status.success(), "{command:?}: {}", text(&said));
        let want = format!("not closed: torn at position {torn}");
        assert!(text(&said).contains(&want), "{command:?}: {}", text(&said));
    }
    let replay: Value = serde_json::from_str(&ok(&["replay", dir, "--json"])).unwrap();
    assert_eq!((&replay["identical"], &replay["end"]["verdict"]), (&true.into(), &"torn".into()));
    assert_eq!(replay["valid_until"], torn);
}

#[test]
fn a_clean_end_of_a_journal_that_was_not_closed_is_no_failure() {
    let crashed = Crashed::new();
    crashed.write();
    for command in commands(crashed.dir()).into_iter().take(5) {
        let said = pinion(&command);
        assert!(said.status.success(), "{command:?}: {}", text(&said));
        let want = format!("not closed: the journal ends at position {}", crashed.frames);
        assert!(text(&said).contains(&want), "{command:?}: {}", text(&said));
    }
}

#[test]
fn frames_lost_behind_a_hole_or_a_torn_frame_fail_every_command_that_reads_past_them() {
    let mut crashed = Crashed::new();
    let hole = crashed.frames - 100;
    for position in hole..hole + 3 {
        crashed.frame(position).fill(0);
    }
    crashed.write();
    for command in commands(crashed.dir()) {
        let said = pinion(&command);
        assert_eq!(said.status.code(), Some(1), "{command:?}: {}", text(&said));
        let want = format!("position {hole}, byte {}: hole", HEADER + hole * FRAME);
        assert!(text(&said).contains(&want), "{command:?}: {}", text(&said));
        assert!(text(&said).contains("97 sound frames behind"), "{}", text(&said));
    }
    // What counts is still answered.
    let why = pinion(&["journal", "why", "1", crashed.dir()]);
    assert!(text(&why).contains("RSIOrBB"), "{}", text(&why));

    let torn = hole - 50;
    crashed.frame(torn)[60] ^= 1;
    crashed.write();
    for command in commands(crashed.dir()) {
        let said = pinion(&command);
        assert_eq!(said.status.code(), Some(1), "{command:?}: {}", text(&said));
        assert!(text(&said).contains(&format!("position {torn}, ")), "{command:?}: {}", text(&said));
    }
}

#[test]
fn a_hole_in_a_closed_journal_is_named() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().to_str().unwrap();
    let segment = journal(tmp.path());
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[HEADER + 4_968 * FRAME..][..3 * FRAME].fill(0);
    std::fs::write(&segment, &bytes).unwrap();
    for command in commands(dir) {
        let said = pinion(&command);
        assert_eq!(said.status.code(), Some(1), "{command:?}: {}", text(&said));
        assert!(text(&said).contains("position 4968"), "{command:?}: {}", text(&said));
    }
}
