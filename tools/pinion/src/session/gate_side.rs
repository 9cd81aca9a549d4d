//! Sessions whose orders wait at the gate, beside a keeper that is slow, stopped or gone; and each time the same
//! without the gate, which must show the difference.

use super::cold_side::{plan, trading_with, undisturbed};
use super::digest::Digest;
use super::gate::{Gate, Progress};
use super::recorder::Wire;
use super::trading::Trading;
use pinion_model::body::{Body, CancelBody, ExecutionBody, OrderBody};
use pinion_model::order::Reason;
use pinion_model::record::{Entry, Kind, Record};
use pinion_plan::{Gate as Place, Plan};
use pinion_runtime::agent::Agent;
use pinion_runtime::link::{Rx, Tx, link};
use pinion_sim::paper::PaperVenue;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Looks at each order when it leaves.
#[derive(Default)]
struct Spy {
    /// Highest number of an order whose record is kept.
    kept: Arc<AtomicU64>,
    entries: u64,
    reducing: u64,
    cancels: u64,
    /// Orders that left before their records were kept.
    early: u64,
}

impl Wire for Spy {
    fn order(&mut self, order: &OrderBody) {
        *(if order.reduce_only == 0 { &mut self.entries } else { &mut self.reducing }) += 1;
        self.early += u64::from(self.kept.load(Ordering::Acquire) < order.order);
    }

    fn cancel(&mut self, _: &CancelBody) {
        self.cancels += 1;
    }
}

type Spied = Trading<Tx<Entry>, Spy, PaperVenue, true>;

/// Room for every record of the recording.
const ALL: usize = 1 << 18;
const LONG: Duration = Duration::from_secs(300);
const SHORT: Duration = Duration::from_millis(1);

fn spied(plan: &Plan, gate: Option<(Place, Duration)>) -> (Spied, Rx<Entry>, Arc<Progress>) {
    let (tx, rx) = link(ALL);
    let mut trading = trading_with(plan, tx, Spy::default());
    let progress = Arc::new(Progress::default());
    trading.set_gate(gate.map(|(place, timeout)| Gate::new(progress.clone(), place, timeout, 64)));
    (trading, rx, progress)
}

fn run(trading: &mut Spied) {
    while !trading.is_done() {
        assert!(trading.do_work() > 0, "the link has room for everything");
    }
}

/// Keeps records as a cold thread does, slowly, until the session is over; returns their digest.
fn keep(mut rx: Rx<Entry>, progress: &Progress, place: Place, kept: &AtomicU64) -> String {
    let (mut digest, mut records, mut order) = (Digest::default(), 0, 0);
    while !rx.is_finished() {
        let work = rx.read_batch(64, |entry, _| {
            let record = Record::of(entry);
            digest.add(&record);
            records += 1;
            if record.kind == Kind::Order as u16 {
                order = OrderBody::from_bytes(&record.body).order;
                // Whoever does not wait is ahead by now.
                std::thread::sleep(Duration::from_micros(50));
            }
        });
        if work == 0 {
            std::thread::yield_now();
        }
        match place {
            Place::Mapped => {
                kept.store(order, Ordering::Release);
                progress.set_mapped(records);
            }
            Place::Disk if progress.is_sync_wanted() => {
                kept.store(order, Ordering::Release);
                progress.set_on_disk(records);
            }
            // What is only in the mapping opens nothing.
            Place::Disk => progress.set_mapped(records),
        }
    }
    digest.finish()
}

/// Orders that left, those of them that left early, and the digest.
fn beside_a_slow_keeper(place: Place, waits: bool) -> (u64, u64, String) {
    let plan = plan();
    let (mut trading, rx, progress) = spied(&plan, waits.then_some((place, LONG)));
    let kept = trading.recorder.wire.kept.clone();
    let keeper = std::thread::spawn(move || keep(rx, &progress, place, &kept));
    run(&mut trading);
    let Spy { entries, reducing, early, .. } = trading.recorder.wire;
    drop(trading.recorder.out);
    (entries + reducing, early, keeper.join().unwrap())
}

#[test]
fn no_order_leaves_before_its_record_is_kept_and_decisions_stay_the_same() {
    let undisturbed = undisturbed(&plan());
    for place in [Place::Mapped, Place::Disk] {
        let (orders, early, digest) = beside_a_slow_keeper(place, true);
        assert!(orders > 1, "{orders} orders left");
        assert_eq!((early, &digest), (0, &undisturbed), "{place:?}");
        // Without the gate the same keeper is found to be behind every one of them.
        let (all, early, digest) = beside_a_slow_keeper(place, false);
        assert_eq!((all, &digest), (orders, &undisturbed));
        assert_eq!(early, all, "{place:?}");
    }
}

/// The reports by which the engine was told that an entry did not leave.
fn refusals(rx: &mut Rx<Entry>) -> (u64, Vec<String>) {
    let (mut refused, mut notes) = (0, Vec::new());
    rx.read_batch(usize::MAX, |entry, _| {
        if entry.kind == Kind::Execution as u16 {
            let report = ExecutionBody::from_bytes(&entry.body);
            refused += u64::from(report.reason == Reason::NotJournalled.code());
        }
        if entry.kind == Kind::Command as u16 {
            notes.push(String::from_utf8_lossy(&entry.body).into_owned());
        }
    });
    (refused, notes)
}

#[test]
fn a_keeper_that_stands_still_lets_no_entry_leave() {
    let plan = plan();
    let (mut trading, mut rx, _) = spied(&plan, Some((Place::Mapped, SHORT)));
    run(&mut trading);
    let wire = &trading.recorder.wire;
    assert_eq!((wire.entries, wire.reducing), (0, 0), "nothing was entered, so there is nothing to leave");
    assert!(trading.engine.is_degraded(), "and no more entries are made");
    let (refused, notes) = refusals(&mut rx);
    assert!(refused > 0 && notes.iter().any(|note| note.contains("the journal's gate")), "{notes:?}");
    // The same keeper without the gate.
    let (mut trading, _rx, _) = spied(&plan, None);
    run(&mut trading);
    assert!(trading.recorder.wire.entries > 0);
}

/// Kept until the first entry is filled; then the keeper stands still.
#[test]
fn exits_leave_when_the_gate_does_not_open_in_time() {
    let plan = plan();
    let (mut trading, mut rx, progress) = spied(&plan, Some((Place::Mapped, SHORT)));
    let (mut records, mut filled) = (0, false);
    while !filled && !trading.is_done() {
        // What the trading thread puts while it waits is taken for granted here.
        progress.set_mapped(u64::MAX);
        trading.do_work();
        records += rx.read_batch(usize::MAX, |entry, _| filled |= entry.kind == Kind::Position as u16) as u64;
    }
    assert!(filled && records > 0);
    progress.set_mapped(0);
    run(&mut trading);
    let wire = &trading.recorder.wire;
    assert!(wire.entries > 0 && wire.reducing > 0, "{} entries, {} exits", wire.entries, wire.reducing);
    assert!(trading.engine.is_degraded());
}

#[test]
fn entries_go_on_once_the_keeper_has_caught_up() {
    let plan = plan();
    let (mut trading, mut rx, progress) = spied(&plan, Some((Place::Mapped, SHORT)));
    while !trading.engine.is_degraded() && !trading.is_done() {
        trading.do_work();
    }
    assert!(!trading.is_done() && trading.recorder.wire.entries == 0);
    progress.set_mapped(u64::MAX);
    trading.do_work();
    assert!(!trading.engine.is_degraded());
    run(&mut trading);
    let (refused, notes) = refusals(&mut rx);
    let said = notes.iter().filter(|note| note.contains("the journal's gate")).count();
    assert_eq!((refused > 0, said), (true, 2), "{notes:?}");
}

#[test]
fn a_keeper_that_goes_holds_nothing_up_and_no_entry_leaves() {
    let plan = plan();
    let (mut trading, rx, _) = spied(&plan, Some((Place::Disk, LONG)));
    drop(rx);
    // This must end, long before the time-out.
    while !trading.is_done() {
        trading.do_work();
    }
    assert_eq!(trading.recorder.wire.entries, 0);
}

#[test]
fn a_keeper_that_goes_while_an_order_waits_opens_into_the_stop() {
    let plan = plan();
    let (mut trading, rx, progress) = spied(&plan, Some((Place::Disk, LONG)));
    let gone = Arc::new(AtomicBool::new(false));
    let seen = gone.clone();
    let keeper = std::thread::spawn(move || {
        while !progress.is_sync_wanted() {
            std::thread::yield_now();
        }
        seen.store(true, Ordering::Release);
        drop(rx);
    });
    while !trading.is_done() {
        trading.do_work();
    }
    keeper.join().unwrap();
    assert!(gone.load(Ordering::Acquire), "an order waited");
    assert_eq!(trading.recorder.wire.entries, 0);
    assert!(!trading.feed().is_worked_off() && trading.engine.halts().0 >= 2);
}
