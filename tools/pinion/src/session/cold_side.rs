//! A session from a recording beside a cold side that is slow, stopped or gone.

use super::digest::Digest;
use super::feed::Feed;
use super::keeper::{Keeper, Out};
use super::recorder::{NoWire, Recorder, Wire};
use super::trading::{Shared, Trading};
use pinion_engine::Engine;
use pinion_model::record::{Class, Entry, Record};
use pinion_plan::{Plan, least_depth};
use pinion_recorded::source::{Input, Source};
use pinion_runtime::agent::Agent;
use pinion_runtime::link::{Rx, Tx, link};
use pinion_runtime::ticks::{Anchors, Ticks};
use pinion_sim::paper::PaperVenue;
use std::path::Path;
use std::sync::Arc;

pub fn plan() -> Plan {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/paper.yaml"));
    let text = std::fs::read_to_string(path).unwrap();
    let (config, mut found) = pinion_plan::read("paper.yaml", &text, path.parent().unwrap()).unwrap();
    pinion_plan::compile(&config, &[], &mut found).unwrap()
}

fn trading<O: Out>(plan: &Plan, out: O) -> Trading<O, NoWire, PaperVenue, true> {
    trading_with(plan, out, NoWire)
}

/// A session whose orders pass `wire`.
pub fn trading_with<O: Out, W: Wire>(plan: &Plan, out: O, wire: W) -> Trading<O, W, PaperVenue, true> {
    let capture = "/../../examples/data/binance_spot_20250325.capture.gz";
    let inputs = [Input::of_capture(format!("{}{capture}", env!("CARGO_MANIFEST_DIR")).into())];
    let source = Source::open(&inputs, &plan.engine.instruments).unwrap();
    let engine = Engine::new(&plan.engine).unwrap();
    let venue = PaperVenue::new(&plan.engine, plan.paper);
    let recorder = Recorder::new(out, wire, Ticks::default());
    let (_, commands) = link(1);
    let shared = Arc::new(Shared::default());
    Trading::new(engine, venue, Feed::new(source), recorder, commands, shared, plan.paper.max_latency_ns)
}

fn shallow_link(plan: &Plan) -> (Tx<Entry>, Rx<Entry>) {
    link(least_depth(burst(plan)))
}

fn burst(plan: &Plan) -> usize {
    trading(plan, Asked::default()).burst()
}

/// The decisions of the session whose keeper is always there.
pub fn undisturbed(plan: &Plan) -> String {
    let anchors = Anchors::new(&Ticks::default());
    let keeper = Keeper::new(None, anchors, Default::default());
    let mut trading = trading(plan, keeper);
    while !trading.is_done() {
        trading.do_work();
    }
    trading.recorder.out.finish("").digest
}

#[test]
fn a_full_link_blocks_the_recording_and_nothing_is_lost() {
    let plan = plan();
    let (tx, mut rx) = shallow_link(&plan);
    let mut trading = trading(&plan, tx);
    let (mut digest, mut blocked, mut records) = (Digest::default(), 0, 0);
    while !trading.is_done() {
        // The cold side sleeps until the hot one can do no more, then takes a few.
        while trading.do_work() > 0 && !trading.is_done() {}
        blocked += usize::from(!trading.is_done());
        let before = trading.engine.seq();
        assert!(trading.is_done() || trading.do_work() == 0 && trading.engine.seq() == before, "it waits");
        records += rx.read_batch(3_000, |entry, _| digest.add(&Record::of(entry)));
    }
    records += rx.read_batch(usize::MAX, |entry, _| digest.add(&Record::of(entry)));
    assert!(blocked > 10 && records > 50_000, "blocked {blocked} times, {records} records");
    assert!(!trading.engine.is_degraded(), "a recording waits; entries are stopped only where it cannot");
    assert_eq!(digest.finish(), undisturbed(&plan), "the same decisions, whatever the cold side did");
}

#[test]
fn without_a_keeper_the_run_ends_with_its_entries_stopped() {
    let plan = plan();
    let (tx, mut rx) = shallow_link(&plan);
    let mut trading = trading(&plan, tx);
    while trading.engine.seq() < 5_000 {
        trading.do_work();
        rx.read_batch(usize::MAX, |_, _| ());
    }
    drop(rx);
    // What is left of the link is smaller than what the rest of the recording would fill: this must end.
    for _ in 0..3 {
        trading.do_work();
    }
    assert!(trading.is_done() && !trading.feed().is_worked_off());
    assert!(trading.engine.halts().0 >= 2, "own entries are cancelled and none are made");
}

#[test]
fn a_keeper_that_goes_while_the_link_is_full_is_noticed_too() {
    let plan = plan();
    let (tx, rx) = shallow_link(&plan);
    let mut trading = trading(&plan, tx);
    while trading.do_work() > 0 {}
    drop(rx);
    trading.do_work();
    assert!(trading.is_done());
}

#[test]
fn the_room_for_an_input_is_counted_from_the_plan() {
    let mut plan = plan();
    let small = burst(&plan);
    plan.engine.max_open_orders += 1_000;
    assert_eq!(burst(&plan), small + 2_000);
    assert!(plan.journal_ring_depth() >= least_depth(burst(&plan)), "the plan counts as the agent does");
    plan.runtime.journal_ring_records = 1 << 22;
    assert_eq!(plan.journal_ring_depth(), 1 << 22);
}

/// Has room for everything, and remembers whether it was asked since the last input.
#[derive(Default)]
struct Asked {
    room: usize,
    least: usize,
    inputs: usize,
}

impl Out for Asked {
    fn has_credits(&mut self, count: usize) -> bool {
        self.room = count;
        true
    }

    fn put(&mut self, entry: &Entry) {
        self.room = self.room.checked_sub(1).expect("more than there was asked for");
        if Record::of(entry).kind().is_some_and(|kind| kind.class() == Class::Input) {
            assert!(self.room + 1 >= self.least, "an input came without having asked: {entry:?}");
            self.inputs += 1;
            // What it causes is inside of what it asked for; the next one must ask again.
            self.room = self.least - 1;
        }
    }

    fn records(&self) -> u64 {
        0
    }

    fn is_kept(&self) -> bool {
        true
    }
}

#[test]
fn every_input_asks_for_room_for_all_that_it_may_cause() {
    let plan = plan();
    let least = burst(&plan);
    let mut trading = trading(&plan, Asked { least, ..Asked::default() });
    while !trading.is_done() {
        trading.do_work();
    }
    assert!(trading.recorder.out.inputs > 50_100, "events, timers, reports and the end");
}
