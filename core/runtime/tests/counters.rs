//! Counters files from outside: by a reader beside the writer, by one without Pinion's code, and files that
//! are not what they should be.

use pinion_runtime::agent::{Agent as Work, Runner, Spent};
use pinion_runtime::counters::layout::{ERRORS, header};
use pinion_runtime::counters::link::LinkMeter;
use pinion_runtime::counters::schema::{Agent, Feed, Kind, Link, Process};
use pinion_runtime::counters::{Counters, CountersFile, DutyMeter, Identity, ReadError, Shape, State};
use pinion_runtime::idle::{Idle, IdleKind};
use pinion_runtime::link::{Rx, link};
use pinion_runtime::ticks::{Anchors, Ticks};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const SHAPE: Shape<'static> = Shape {
    agents: &[("hot", "core 3"), ("cold", "")],
    links: &[("hot -> cold", "records")],
    feeds: &["feed"],
    reasons: &["too few columns", "a number is malformed"],
    errors: &["feed", "journal"],
};

fn create(path: &Path) -> Counters {
    let anchors = Anchors::new(&Ticks::default());
    std::thread::sleep(Duration::from_millis(2));
    let identity = Identity { build: "pinion test", label: "a test", directory: "/runs/a" };
    Counters::create(path, &identity, &SHAPE, &anchors).unwrap()
}

fn file_in(dir: &tempfile::TempDir) -> PathBuf {
    dir.path().join("pinion-1.counters")
}

#[test]
fn a_reader_beside_the_writer_sees_whole_values_that_never_go_back() {
    const UNIT: u64 = 0x1_0000_0001; // both halves of a word change together
    const SEEN: u64 = 100;
    let dir = tempfile::tempdir().unwrap();
    let mut counters = create(&file_in(&dir));
    let slot = counters.slot(Kind::Agent, "hot").unwrap();
    let file = CountersFile::open(&file_in(&dir)).unwrap();
    let enough = Arc::new(AtomicBool::new(false));
    let stop = enough.clone();
    let writer = std::thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            (0..1_000).for_each(|_| slot.add(Agent::Items, UNIT));
            std::thread::yield_now();
        }
        slot.get(Agent::Items)
    });
    let view = file.of(Kind::Agent).next().unwrap().clone();
    let (mut last, mut distinct) = (0, 0);
    while distinct < SEEN {
        let now = file.get(&view, Agent::Items);
        assert!(now >= last, "{now} after {last}");
        assert_eq!(now >> 32, now & 0xFFFF_FFFF, "a value in two pieces");
        distinct += u64::from(now != last);
        last = now;
    }
    enough.store(true, Ordering::Relaxed);
    let end = writer.join().unwrap();
    assert_eq!(file.get(&view, Agent::Items), end);
}

#[test]
fn each_slot_and_each_error_area_has_one_writer() {
    let dir = tempfile::tempdir().unwrap();
    let mut counters = create(&file_in(&dir));
    assert!(counters.slot(Kind::Agent, "hot").is_some() && counters.slot(Kind::Agent, "hot").is_none());
    assert!(
        counters.slot(Kind::Agent, "warm").is_none() && counters.slot(Kind::Process, "session").is_none()
    );
    assert!(counters.errors("feed").is_some() && counters.errors("feed").is_none());
}

#[test]
fn what_is_no_whole_file_of_this_version_is_refused_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let path = file_in(&dir);
    let whole = create(&path).bytes();
    assert_eq!(CountersFile::open(&path).unwrap().state(), State::Live, "the control");
    let with = |at: usize, value: u64| {
        let mut bytes = whole.clone();
        bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        bytes
    };
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let error = CountersFile::open(&path).unwrap_err();
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        error
    };
    assert!(matches!(refused(&with(header::VERSION, 0)), ReadError::HalfMade(_)));
    assert!(matches!(refused(&vec![0; whole.len()]), ReadError::HalfMade(_)), "made, and nothing in it yet");
    let error = refused(&with(header::VERSION, 2));
    assert!(matches!(error, ReadError::Version(_, 2)) && error.to_string().contains("version 2"), "{error}");
    for length in [whole.len() - 1, whole.len() - 128, 520, 100] {
        assert!(matches!(refused(&whole[..length]), ReadError::Truncated(..)), "{length}");
    }
    for at in [header::DEFINITIONS, header::SLOTS, header::AREAS, header::SLOTS_AT, header::ERRORS_AT] {
        for value in [0, 1 << 19, u64::MAX] {
            assert!(matches!(refused(&with(at, value)), ReadError::Damaged(_)), "{at} {value}");
        }
    }
    for foreign in [&b""[..], b"short", b"\x7fELF and so on, for longer than a word"] {
        assert!(matches!(refused(foreign), ReadError::Foreign(_)));
    }
    assert!(matches!(CountersFile::open(dir.path()).unwrap_err(), ReadError::Foreign(_)), "a directory");
    assert!(matches!(CountersFile::open(&dir.path().join("none")).unwrap_err(), ReadError::Io(..)));
}

#[test]
fn an_end_is_told_and_a_process_that_is_gone_without_one_has_crashed() {
    let dir = tempfile::tempdir().unwrap();
    let path = file_in(&dir);
    let counters = create(&path);
    let file = CountersFile::open(&path).unwrap();
    assert_eq!(file.state(), State::Live);
    for (at, value) in [(header::PID, u64::from(u32::MAX)), (header::PROCESS_START, 1), (header::BOOT_ID, 1)]
    {
        let mut bytes = counters.bytes();
        bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        let other = dir.path().join("other.counters");
        std::fs::write(&other, bytes).unwrap();
        assert_eq!(CountersFile::open(&other).unwrap().state(), State::Crashed, "{at}");
    }
    counters.end(false);
    assert_eq!(file.state(), State::Ended);
    counters.end(true);
    assert_eq!(file.state(), State::Failed);
}

#[test]
fn a_distinct_error_is_kept_once_with_its_count_and_times() {
    let dir = tempfile::tempdir().unwrap();
    let mut counters = create(&file_in(&dir));
    let mut log = counters.errors("journal").unwrap();
    let long = format!("{}é and what follows is cut", "x".repeat(215));
    log.note(7, 100, 1, "the disk is full");
    log.note(8, 110, 2, &long);
    (0..5).for_each(|n| log.note(7, 200 + n, 2, "the disk is full"));
    let (errors, lost) = CountersFile::open(&file_in(&dir)).unwrap().errors();
    let found: Vec<_> =
        errors.iter().map(|e| (e.text.as_str(), e.count, e.first_ticks, e.last_ticks)).collect();
    assert_eq!(found, [("the disk is full", 11, 100, 204), (&long[..215], 2, 110, 110)]);
    assert_eq!((lost, errors[0].source.as_str()), (0, "journal"));
    (100..100 + ERRORS as u64).for_each(|key| log.note(key, 300, 1, "another"));
    let (errors, lost) = CountersFile::open(&file_in(&dir)).unwrap().errors();
    assert_eq!((errors.len(), lost), (ERRORS, 2), "what finds no place is counted");
}

struct Taker {
    rx: Rx<u64>,
    turns: u64,
}

impl Work for Taker {
    fn do_work(&mut self) -> usize {
        self.turns += 1;
        let got = self.rx.read_batch(16, |_, _| ());
        if got > 0 {
            std::thread::sleep(Duration::from_millis(12));
        }
        got
    }

    fn is_done(&self) -> bool {
        self.rx.is_finished()
    }

    fn take_spent(&mut self) -> Spent {
        Spent::default()
    }
}

#[test]
fn the_account_of_a_thread_is_its_time_and_a_link_shows_what_was_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut counters = create(&file_in(&dir));
    let slot = counters.slot(Kind::Agent, "cold").unwrap();
    let meter = DutyMeter::new(slot, Ticks::default(), counters.ticks_per_second());
    let shown = LinkMeter::new(counters.slot(Kind::Link, "hot -> cold"));
    let (mut tx, rx) = link(16);
    let taker = Taker { rx, turns: 0 };
    let runner = Runner::start_metered("cold", None, Idle::new(IdleKind::Yield), meter, taker).unwrap();
    for n in 0..64 {
        while !tx.has_credits(1) {
            std::thread::yield_now();
        }
        tx.push(n);
        shown.show(&tx);
    }
    counters.look();
    let refused = tx.refused();
    drop(tx);
    let taker = runner.join();
    counters.end(false);
    let file = CountersFile::open(&file_in(&dir)).unwrap();
    let agent = file.of(Kind::Agent).find(|s| s.name == "cold").unwrap();
    let get = |counter| file.get(agent, counter);
    assert_eq!((get(Agent::Items), get(Agent::DutyCycles), get(Agent::Ended)), (64, taker.turns, 1));
    assert!(get(Agent::Slow) >= 4 && file.ns(get(Agent::Longest)) >= 12_000_000, "turns of 12 ms are slow");
    assert!(file.ns(get(Agent::Busy)) >= 4 * 12_000_000);
    let whole = get(Agent::Busy) + get(Agent::Idle) + get(Agent::Blocked) + get(Agent::Housekeeping);
    let (_, started) = file.started();
    assert!(whole <= get(Agent::LastTurn) - started, "no time is counted twice");
    assert!(get(Agent::EndVoluntary) >= 4, "a thread that sleeps gives up its processor");
    let link = file.of(Kind::Link).next().unwrap();
    let get = |counter| file.get(link, counter);
    assert_eq!((get(Link::Depth), get(Link::Refused), get(Link::Lost)), (16, refused, 0));
    assert!(
        refused > 0 && get(Link::HighWater) >= 15 && get(Link::HighWater) <= 16,
        "{}",
        get(Link::HighWater)
    );
}

struct Waits(Idle, u32, bool);

impl Work for Waits {
    fn do_work(&mut self) -> usize {
        self.1 += 1;
        let began = std::time::Instant::now();
        while began.elapsed() < Duration::from_millis(5) {
            self.0.idle(0);
        }
        self.0.idle(1);
        usize::from(!self.2)
    }

    fn is_done(&self) -> bool {
        self.1 == 4
    }

    fn take_spent(&mut self) -> Spent {
        Spent { blocked: self.0.take_waited(), is_blocked: self.2, housekeeping: 0 }
    }
}

#[test]
fn waiting_for_another_thread_is_blocked_and_neither_busy_nor_idle() {
    for turn_is_blocked in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let mut counters = create(&file_in(&dir));
        let slot = counters.slot(Kind::Agent, "hot").unwrap();
        let meter = DutyMeter::new(slot, Ticks::default(), counters.ticks_per_second());
        let waits = Waits(Idle::new(IdleKind::Yield).measured(Ticks::default()), 0, turn_is_blocked);
        let runner = Runner::start_metered("hot", None, Idle::new(IdleKind::Yield), meter, waits).unwrap();
        while !runner.is_finished() {
            std::thread::yield_now();
        }
        runner.join();
        counters.look();
        let file = CountersFile::open(&file_in(&dir)).unwrap();
        let agent = file.of(Kind::Agent).next().unwrap();
        let ns = |counter| file.ns(file.get(agent, counter));
        assert!(ns(Agent::Blocked) >= 19_000_000, "{}", ns(Agent::Blocked));
        assert_eq!(ns(Agent::Idle), 0);
        assert_eq!(turn_is_blocked, ns(Agent::Busy) == 0);
    }
}

#[test]
fn a_reader_made_from_counters_md_alone_reads_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let path = file_in(&dir);
    let mut counters = create(&path);
    let slot = counters.slot(Kind::Feed, "feed").unwrap();
    slot.set(Feed::Refused, 5);
    slot.set(Feed::ALL.len() + 1, 4);
    counters.errors("feed").unwrap().note(1, 10, 4, "a number is malformed");
    let read = || {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read_counters.py");
        Command::new("python3").arg(script).arg(&path).output().expect("this test runs python3 3.9 or later")
    };
    let output = read();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let parts = [
        r#""state": "running""#.to_string(),
        format!(r#""pid": {}"#, std::process::id()),
        r#""label": "a test", "directory": "/runs/a""#.into(),
        r#""feed/feed": {"refused": 5, "too few columns": 0, "a number is malformed": 4}"#.into(),
        r#""errors": [{"source": "feed", "count": 4, "text": "a number is malformed"}]"#.into(),
        format!(r#""ticks_per_second": {}"#, counters.process().get(Process::TicksPerSecond)),
        r#""busy": "ticks""#.into(),
    ];
    parts.iter().for_each(|part| assert!(text.contains(part.as_str()), "{part} is not in {text}"));
    let mut bytes = counters.bytes();
    bytes[header::VERSION] = 9;
    std::fs::write(&path, &bytes).unwrap();
    let refused = read();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("version 9"));
}

#[test]
fn the_page_shows_every_counter_as_it_is_defined() {
    let page = include_str!("../COUNTERS.md");
    let known = [
        ("session", Process::ALL),
        ("agent", Agent::ALL),
        ("thread", pinion_runtime::counters::schema::Thread::ALL),
        ("link", Link::ALL),
        ("feed", Feed::ALL),
    ];
    for (kind, all) in known {
        for (index, definition) in all.iter().enumerate() {
            let row = format!(
                "| {kind} | {index} | `{}` | {} | {} |",
                definition.name, definition.unit, definition.doc
            );
            assert!(page.contains(&row), "COUNTERS.md should have the row\n{row}");
        }
    }
}
