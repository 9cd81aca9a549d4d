//! Going on is safe at every step: stopped after each of its calls, twice in a row, it recovers what counted.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use pinion_model::record::{BODY_BYTES, FLAG_MORE, Kind, RECORD_BYTES, Record};

use super::Writer;
use crate::faults::Faults;
use crate::layout::{frame_offset, segment_name};
use crate::options::Options;
use crate::recover::Verdict;
use crate::{Reader, archive, scan, verify};

const FRAMES: u64 = 20;

fn options() -> Options {
    let mut options = Options::new(7);
    options.segment_bytes = frame_offset(FRAMES);
    options
}

fn quote(number: u64) -> Record {
    let mut body = [0x33; BODY_BYTES];
    body[..8].copy_from_slice(&number.to_le_bytes());
    Record::new(Kind::Quote, number, 1, body)
}

fn quotes(writer: &mut Writer, numbers: std::ops::Range<u64>) {
    for number in numbers {
        writer.append(&quote(number)).unwrap();
    }
}

/// Numbers of the quotes that a journal holds.
fn held(dir: &Path) -> Vec<u64> {
    let mut cursor = Reader::open(dir).unwrap().cursor(0).unwrap();
    let mut numbers = Vec::new();
    while let Some(record) = cursor.next_record().unwrap() {
        if record.kind() == Some(Kind::Quote) && !record.continues() {
            numbers.push(u64::from_le_bytes(record.body[..8].try_into().unwrap()));
        }
    }
    numbers
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for file in files(from) {
        fs::copy(&file, to.path().join(file.file_name().unwrap())).unwrap();
    }
    to
}

/// Changes bytes of the frame at a position.
fn damage(dir: &Path, position: u64, offset: u64, bytes: &[u8]) {
    let first = position / FRAMES * FRAMES;
    let path = dir.join(segment_name(7, first));
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(bytes, frame_offset(position - first) + offset).unwrap();
}

/// How a journal ended.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ending {
    Clean,
    Torn,
    /// Torn, with whole segments behind it.
    TornEarlier,
    Hole,
    Group,
    Full,
    Closed,
    Archived,
    /// Clean, with a segment that was prepared.
    Prepared,
    /// Clean, after it was taken up before.
    TakenUp,
}

const ENDINGS: [Ending; 10] = [
    Ending::Clean,
    Ending::Torn,
    Ending::TornEarlier,
    Ending::Hole,
    Ending::Group,
    Ending::Full,
    Ending::Closed,
    Ending::Archived,
    Ending::Prepared,
    Ending::TakenUp,
];

impl Ending {
    fn make(self, dir: &Path) {
        let mut writer = Writer::create(dir, options()).unwrap();
        quotes(&mut writer, 0..10);
        writer.mark(1).unwrap();
        quotes(&mut writer, 10..40);
        match self {
            Ending::Clean => drop(writer),
            Ending::Prepared => assert!(writer.prepare_next().unwrap()),
            Ending::Full => {
                let room = writer.segment.end_position() - writer.position();
                quotes(&mut writer, 40..40 + room);
            }
            Ending::Torn => damage(dir, writer.position() - 1, 100, &[1; 8]),
            Ending::TornEarlier => {
                quotes(&mut writer, 40..90);
                damage(dir, 33, 100, &[1; 8]);
            }
            Ending::Hole => {
                quotes(&mut writer, 40..70);
                damage(dir, writer.position() - 3, 0, &[0; RECORD_BYTES]);
            }
            Ending::Group => {
                for number in 40..43 {
                    writer.append(&Record { flags: FLAG_MORE, ..quote(number) }).unwrap();
                }
            }
            Ending::Closed => drop(writer.close(1, b"the end").unwrap()),
            Ending::Archived => {
                writer.close(1, b"the end").unwrap();
                assert!(!archive(dir, 0, |_| ()).unwrap().is_empty());
            }
            Ending::TakenUp => {
                drop(writer);
                quotes(&mut Writer::resume(dir, options()).unwrap().0, 40..45);
            }
        }
    }

    fn is_damaged(self) -> bool {
        matches!(self, Ending::Torn | Ending::TornEarlier | Ending::Hole)
    }
}

/// The bytes of every copy that was kept of something that did not count.
fn evidence(dir: &Path) -> Vec<Vec<u8>> {
    let is_evidence = |path: &&PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.contains(".torn-") && !name.ends_with(".tmp")
    };
    files(dir).iter().filter(is_evidence).map(|path| fs::read(path).unwrap()).collect()
}

/// Takes a journal up after it was stopped, and checks that nothing is missing.
fn settles(dir: &Path, before: &[u64], what: &str) {
    let (mut writer, _) = Writer::resume(dir, options()).unwrap_or_else(|error| panic!("{what}: {error}"));
    quotes(&mut writer, 900..910);
    let head = writer.close(2, b"went on").unwrap();
    let after = held(dir);
    assert_eq!(&after[..before.len()], before, "{what}");
    assert_eq!(&after[before.len()..], (900..910).collect::<Vec<_>>(), "{what}");
    let report = verify(dir).unwrap();
    assert!(report.agrees_with(&head), "{what}: {report:?}");
    let leftovers = files(dir).into_iter().filter(|path| path.to_string_lossy().ends_with(".next"));
    assert_eq!(leftovers.count(), 0, "{what}");
}

#[test]
fn stopped_after_any_of_its_calls_twice_in_a_row_it_goes_on_with_everything_that_counted() {
    let mut stops = 0;
    for ending in ENDINGS {
        let template = tempfile::tempdir().unwrap();
        ending.make(template.path());
        let found = scan(template.path()).unwrap();
        assert!(!found.verdict.refuses(), "{ending:?}: {found:?}");
        assert_eq!(found.damaged, ending.is_damaged(), "{ending:?}: {found:?}");
        let before: Vec<u64> = {
            let dir = copy(template.path());
            drop(Writer::resume(dir.path(), options()).unwrap());
            held(dir.path())
        };
        assert!(before.len() >= 30 && before.iter().copied().eq(0..before.len() as u64), "{ending:?}");
        let damaged = fs::read(&found.file).unwrap();
        let calls = {
            let dir = copy(template.path());
            let faults = Faults::in_dir(dir.path());
            std::mem::forget(Writer::resume(dir.path(), options()).unwrap());
            faults.calls()
        };
        assert!(calls > 10, "{ending:?}: {calls}");
        for first in 0..calls {
            for second in [first, calls / 2, calls - 1] {
                let dir = copy(template.path());
                let faults = Faults::in_dir(dir.path());
                for stop in [first, second] {
                    faults.stop_after(stop);
                    let stopped = Writer::resume(dir.path(), options()).is_err();
                    faults.clear();
                    stops += u64::from(stopped);
                    if !stopped {
                        // The second try has less to do than the first.
                        assert!(stop == second && second != first || stop + 8 > calls, "{ending:?} {stop}");
                    }
                }
                let what = format!("{ending:?}, stopped after {first} and {second} of {calls}");
                settles(dir.path(), &before, &what);
                let kept = evidence(dir.path());
                assert_eq!(!kept.is_empty(), ending.is_damaged(), "{what}");
                assert!(!ending.is_damaged() || kept.contains(&damaged), "{what}: as it was found");
            }
        }
    }
    assert!(stops > 500, "{stops} stops");
}

#[test]
fn control_a_step_that_destroys_before_it_keeps_is_noticed() {
    let template = tempfile::tempdir().unwrap();
    Ending::Torn.make(template.path());
    let found = scan(template.path()).unwrap();
    assert_eq!(found.verdict, Verdict::Torn);
    let damaged = fs::read(&found.file).unwrap();
    // As if the tail were zeroed before it was copied.
    let dir = copy(template.path());
    damage(dir.path(), found.valid_until, 0, &[0; RECORD_BYTES]);
    let (writer, _) = Writer::resume(dir.path(), options()).unwrap();
    drop(writer);
    assert!(!evidence(dir.path()).contains(&damaged));
}
