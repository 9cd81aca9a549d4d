//! `FORMAT.md` is the format: its worked example is what the writer writes, and a reader that was made
//! from it alone, in another language, agrees with this crate.

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::*;
use pinion_journal::*;
use pinion_model::record::{Kind, Record};

/// Lines of 16 bytes; lines of zeros become one star, as hexdump does it.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut zeros = false;
    for (index, line) in bytes.chunks(16).enumerate() {
        let blank = line.iter().all(|byte| *byte == 0);
        if blank {
            if !zeros {
                text.push_str("*\n");
            }
            zeros = true;
            continue;
        }
        zeros = false;
        write!(text, "{:08x} ", index * 16).unwrap();
        line.iter().for_each(|byte| write!(text, " {byte:02x}").unwrap());
        let shown = |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' };
        writeln!(text, "  |{}|", line.iter().map(shown).collect::<String>()).unwrap();
    }
    text
}

#[test]
fn the_worked_example_in_format_md_is_what_the_writer_writes() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(16)).unwrap();
    writer.append(&Record::new(Kind::Quote, 0x1122, 7, std::array::from_fn(|index| index as u8))).unwrap();
    writer.mark(1_700_000_000_000_000_123).unwrap();
    writer.close(1_700_000_000_000_000_456, b"").unwrap();
    let dump = hex(&fs::read(only_file(dir.path())).unwrap());
    let format = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("FORMAT.md")).unwrap();
    assert!(format.contains(&format!("```text\n{dump}```\n")), "FORMAT.md should show:\n{dump}");
}

fn python(dir: &Path) -> Output {
    python_with(dir, None)
}

fn python_with(dir: &Path, key: Option<&[u8; 32]>) -> Output {
    let key = key.map(|key| key.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read_journal.py");
    Command::new("python3")
        .arg(script)
        .arg(dir)
        .args(key)
        // Nothing is written beside the script.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("this test runs python3, which is missing or cannot start: install Python 3.9 or later")
}

#[test]
fn a_python_reader_made_from_format_md_alone_agrees_on_counts_kinds_and_texts() {
    for is_closed in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        if is_closed {
            closed(dir.path(), 100, 60);
        } else {
            unclosed(dir.path(), 100, 60);
        }
        let report = verify(dir.path()).unwrap();
        let mut kinds = BTreeMap::new();
        let mut cursor = Reader::open(dir.path()).unwrap().cursor(0).unwrap();
        while let Some(record) = cursor.next_record().unwrap() {
            *kinds.entry(record.kind.to_string()).or_insert(0) += 1;
        }
        let output = python(dir.path());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(read["records"], report.records);
        assert_eq!(read["segments"], report.segments);
        assert_eq!(read["closed"], is_closed);
        assert_eq!(read["epoch"], EPOCH);
        let head: String = report.chain_head.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(read["head"], head);
        assert_eq!(read["kinds"], serde_json::to_value(kinds).unwrap());
        assert_eq!(read["text"][(Kind::Plan as u16).to_string()], "p".repeat(250));
        if is_closed {
            assert_eq!(read["text"][(Kind::Summary as u16).to_string()], "digest=00 orders=0");
        }
    }
}

#[test]
fn control_the_python_reader_refuses_a_flipped_bit_a_cut_and_a_missing_segment() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 30, 12);
    let files = files(dir.path());
    let refused = |what: &str| {
        let output = python(dir.path());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(what), "{what}: {text}");
    };
    let sound = fs::read(&files[1]).unwrap();
    let mut bytes = sound.clone();
    frame(&mut bytes, 4)[90] ^= 2;
    fs::write(&files[1], bytes).unwrap();
    refused("frame checksum");
    fs::write(&files[1], &sound[..sound.len() - 128]).unwrap();
    refused("should have");
    fs::remove_file(&files[1]).unwrap();
    refused("missing");
}

#[test]
fn the_python_reader_reads_what_was_taken_up_archived_pruned_and_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(40)).unwrap();
    fill(&mut writer, 20);
    drop(writer);
    let (mut writer, _) = Writer::resume(dir.path(), options(40)).unwrap();
    fill(&mut writer, 10);
    let key = seal(dir.path(), &[7; 32], None, 5).unwrap().public;
    fill(&mut writer, 3);
    let head = writer.close(1, b"").unwrap();
    archive(dir.path(), 2, |_| ()).unwrap();
    let until = PruneUntil::Keep(4);
    let options =
        PruneOptions { until, as_far_as_possible: false, give_up_replay: true, dry_run: false, wall_ns: 9 };
    let pruned = prune(dir.path(), &options).unwrap();
    assert!(pruned.segments > 0);
    let output = python_with(dir.path(), Some(&key));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&read["records"], &read["segments"]), (&head.records.into(), &head.segments.into()));
    assert_eq!(read["pruned"], serde_json::json!([pruned.from, pruned.to]));
    assert_eq!(read["sealed"], true);
    let other = python_with(dir.path(), Some(&[9; 32]));
    assert!(!other.status.success(), "another key");
    let seal = dir.path().join(SEAL_NAME);
    let text = fs::read_to_string(&seal).unwrap();
    fs::write(&seal, text.replace("sealed 5", "sealed 6")).unwrap();
    let changed = python_with(dir.path(), Some(&key));
    assert!(String::from_utf8_lossy(&changed.stderr).contains("seal signature"));
}
