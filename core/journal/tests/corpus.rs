//! Journals of this version, committed: whatever comes later must read them and judge them alike.
//!
//! `tests/corpus/<name>/` is a directory as it was left, `tests/corpus/<name>.json` what scan and verify say. They
//! were made once by `PINION_WRITE_CORPUS=1 cargo nextest run -p pinion-journal --test corpus --run-ignored only`, which
//! refuses to replace one; a new version of the format adds directories and keeps these.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::*;
use pinion_journal::*;
use serde_json::{Value, json};

const SECRET: [u8; 32] = [7; 32];
const NAMES: [&str; 10] = [
    "closed",
    "unclosed",
    "torn",
    "hole",
    "corrupt",
    "misdirected",
    "archived",
    "pruned",
    "sealed",
    "resumed",
];

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// What this build says of a journal.
fn judged(dir: &Path) -> Value {
    let report = verify(dir).unwrap();
    let head: String = report.chain_head.iter().map(|byte| format!("{byte:02x}")).collect();
    let recovery = scan(dir).unwrap();
    json!({
        "verify": {
            "records": report.records,
            "segments": report.segments,
            "closed": report.closed,
            "head": head,
            "durable_position": report.durable_position,
            "pruned": report.pruned.map(|gone| [gone.from, gone.to]),
            "first_bad": report.first_bad.map(|bad| json!([bad.kind.label(), bad.position, bad.byte_offset])),
        },
        "scan": {
            "verdict": recovery.verdict.label(),
            "valid_until": recovery.valid_until,
            "lost": recovery.lost,
            "caller_records": recovery.caller_records,
        },
        "readable": readable(dir),
    })
}

/// Records that a cursor gives before it ends or fails, and a sum over their bodies.
fn readable(dir: &Path) -> Value {
    let mut cursor = Reader::open(dir).unwrap().cursor(0).unwrap().across_pruned();
    let (mut count, mut sum) = (0u64, 0u32);
    while let Ok(Some(record)) = cursor.next_record() {
        count += 1;
        sum = crc32c::crc32c_append(sum, &record.body);
    }
    json!([count, sum])
}

#[test]
fn every_journal_of_the_corpus_is_judged_as_when_it_was_made() {
    for name in NAMES {
        let expected = fs::read_to_string(corpus().join(format!("{name}.json"))).unwrap();
        let expected: Value = serde_json::from_str(&expected).unwrap();
        assert_eq!(judged(&corpus().join(name)), expected, "{name}");
    }
    let public = [7; 32];
    assert!(verify_seal(corpus().join("sealed"), None, &public).is_err(), "that is not its key");
}

#[test]
fn the_python_reader_judges_the_corpus_alike() {
    for name in NAMES {
        let expected = fs::read_to_string(corpus().join(format!("{name}.json"))).unwrap();
        let expected: Value = serde_json::from_str(&expected).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read_journal.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(corpus().join(name)).env("PYTHONDONTWRITEBYTECODE", "1");
        if name == "sealed" {
            let seal = fs::read_to_string(corpus().join("sealed/journal.seal")).unwrap();
            let key = seal.lines().find_map(|line| line.strip_prefix("public ")).unwrap().to_string();
            command.arg(key);
        }
        let output = command.output().expect("this test runs python3 and zstd: install both");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let verified = &expected["verify"];
        assert_eq!(output.status.success(), verified["first_bad"].is_null(), "{name}: {said}");
        if output.status.success() {
            let read: Value = serde_json::from_slice(&output.stdout).unwrap();
            for field in ["records", "segments", "closed", "head", "pruned"] {
                assert_eq!(read[field], verified[field], "{name}: {field}");
            }
            assert_eq!(read["sealed"], name == "sealed");
        }
    }
}

#[test]
#[ignore = "makes the corpus, once for each version of the format"]
fn make_the_corpus() {
    assert!(std::env::var_os("PINION_WRITE_CORPUS").is_some(), "set PINION_WRITE_CORPUS=1 to make it");
    for name in NAMES {
        let dir = corpus().join(name);
        fs::create_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
        make(name, &dir);
        for lock in ["journal.lock", "upkeep.lock"] {
            let _ = fs::remove_file(dir.join(lock));
        }
        let text = format!("{:#}\n", judged(&dir));
        fs::write(corpus().join(format!("{name}.json")), text).unwrap();
    }
}

fn make(name: &str, dir: &Path) {
    let edit = |change: &dyn Fn(&mut [u8])| {
        let path = files(dir).pop().unwrap();
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(path, bytes).unwrap();
    };
    match name {
        "closed" | "archived" | "pruned" | "sealed" => {
            closed(dir, 50, 18);
        }
        "resumed" => {
            unclosed(dir, 50, 6);
            let (mut writer, _) = Writer::resume(dir, options(50)).unwrap();
            fill(&mut writer, 3);
            writer.close(1, b"").unwrap();
            let (mut writer, _) = Writer::resume(dir, options(50)).unwrap();
            fill(&mut writer, 3);
        }
        _ => {
            let mut writer = Writer::create(dir, options(50)).unwrap();
            fill(&mut writer, 5);
            quotes(&mut writer, 0..10);
        }
    }
    match name {
        "torn" => edit(&|bytes| {
            let last = last_frame(bytes);
            // The second half of the frame did not reach the disk.
            frame(bytes, last)[64..].fill(0);
        }),
        "hole" => edit(&|bytes| {
            let last = last_frame(bytes);
            frame(bytes, last - 2).fill(0);
        }),
        "misdirected" => edit(&|bytes| {
            let last = last_frame(bytes);
            let copy = frame(bytes, last - 1).to_vec();
            frame(bytes, last).copy_from_slice(&copy);
        }),
        "corrupt" => {
            let path = files(dir).swap_remove(0);
            let mut bytes = fs::read(&path).unwrap();
            frame(&mut bytes, 12)[70] ^= 1;
            fs::write(path, bytes).unwrap();
        }
        "archived" => drop(archive(dir, 1, |_| ()).unwrap()),
        "pruned" => {
            let until = PruneUntil::Keep(2);
            let options = PruneOptions {
                until,
                as_far_as_possible: false,
                give_up_replay: true,
                dry_run: false,
                wall_ns: 9,
            };
            assert!(prune(dir, &options).unwrap().segments > 0);
        }
        "sealed" => drop(seal(dir, &SECRET, None, 5).unwrap()),
        _ => {}
    }
}

fn last_frame(bytes: &[u8]) -> usize {
    let slots = (bytes.len() - HEADER_BYTES) / 128;
    (0..slots).take_while(|at| bytes[HEADER_BYTES + at * 128] != 0).count() - 1
}
