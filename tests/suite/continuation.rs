//! Saved and restored in the middle of a run, engine and venue go on as if nothing had happened; and
//! after every input what risk reserves is what the open orders imply.

use pinion_engine::Engine;
use pinion_engine::sink::Sink;
use pinion_model::body::{Body, OrderBody};
use pinion_model::event::{Bar, Level};
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Price, Qty};
use pinion_model::record::Kind;
use pinion_plan::Plan;
use pinion_sim::paper::PaperVenue;
use pinion_tests::drive::{Outbox, drive};

/// Every record as bytes, and what goes to the venue.
#[derive(Default)]
struct Tape {
    records: Vec<(u16, [u8; 96])>,
    outbox: Outbox,
}

impl Sink for Tape {
    const INPUTS: bool = false;
    const EVIDENCE: bool = true;
    fn emit<B: Body>(&mut self, body: &B) {
        self.outbox.note(body);
        self.records.push((B::KIND as u16, body.to_bytes()));
    }
    fn levels(&mut self, _: &[Level], _: &[Level]) {}
}

fn plan(change: impl Fn(String) -> String) -> Plan {
    plan_of("paper.yaml", change)
}

fn plan_of(example: &str, change: impl Fn(String) -> String) -> Plan {
    let examples = pinion_tests::project_root().join("examples");
    let text = change(std::fs::read_to_string(examples.join(example)).unwrap());
    let (config, mut found) = pinion_plan::read(example, &text, &examples).unwrap();
    pinion_plan::compile(&config, &[], &mut found).unwrap()
}

/// Engine and venue saved and read back.
fn restored(engine: &Engine, venue: &PaperVenue, plan: &Plan) -> (Engine, PaperVenue) {
    let engine = postcard::from_bytes(&postcard::to_stdvec(engine).unwrap()).unwrap();
    let mut bytes = postcard::Serializer { output: postcard::ser_flavors::StdVec::new() };
    venue.save(&mut bytes).unwrap();
    let bytes = postcard::ser_flavors::Flavor::finalize(bytes.output).unwrap();
    let mut venue = PaperVenue::new(&plan.engine, plan.paper);
    venue.restore(&mut postcard::Deserializer::from_bytes(&bytes)).unwrap();
    (engine, venue)
}

/// Runs the shipped recording, restoring after every `every` events (0: never); returns the records.
fn run(plan: &Plan, every: usize) -> Vec<(u16, [u8; 96])> {
    let (mut tape, mut count) = (Tape::default(), 0usize);
    drive(
        plan,
        &mut tape,
        |tape| &mut tape.outbox,
        |engine, venue, _| {
            assert!(engine.reservations_agree(), "after event {count}");
            count += 1;
            if every > 0 && count.is_multiple_of(every) {
                (*engine, *venue) = restored(engine, venue, plan);
            }
        },
    );
    tape.records
}

#[test]
fn a_restored_engine_and_venue_continue_identically() {
    let plan = plan(|t| t);
    assert_eq!(run(&plan, 0), run(&plan, 997));
}

#[test]
fn limit_entries_and_resting_protection_continue_identically_too() {
    let plan = plan(|t| {
        let t = t.replace(
            "  position_size: 0.1 ",
            "  entry_order: limit\n  limit_offset: 0\n  cancel_bars: 20\n  position_size: 0.1 ",
        );
        t.replace(
            "        breakeven_enabled: true",
            "        breakeven_enabled: true\n        intrabar: true",
        )
    });
    let whole = run(&plan, 0);
    assert_eq!(whole, run(&plan, 1_499));
    let kinds = |kind: Kind| whole.iter().filter(|(k, _)| *k == kind as u16).count();
    assert!(kinds(Kind::Cancel) > 0, "stops moved");
    let held =
        whole.iter().filter(|(k, b)| *k == Kind::Order as u16 && OrderBody::from_bytes(b).held == 1).count();
    assert!(held > 0, "the engine held stops");
}

#[test]
fn expressions_with_their_histories_continue_identically_too() {
    let plan = plan_of("expression.yaml", |t| t);
    let whole = run(&plan, 0);
    for every in [97, 997] {
        assert_eq!(whole, run(&plan, every));
    }
}

#[test]
fn another_seed_gives_other_fills() {
    let other = plan(|t| t.replace("seed: 20250325", "seed: 7"));
    assert_ne!(run(&plan(|t| t), 0), run(&other, 0), "the venue's randomness reaches the run");
}

/// Runs a random walk of bars, up to `most` at once where the venue has nothing to do; returns the records and
/// the engine at the end.
fn run_bars(most: usize) -> (Vec<(u16, [u8; 96])>, Engine) {
    let root = pinion_tests::project_root();
    let text = std::fs::read_to_string(root.join("examples/bar_oracle.yaml")).unwrap();
    let text = text.replace("name: bar oracle", "instruments: [{symbol: X, tick: 0.01, lot: 1}]");
    let text = text.replace("  entry_mixins:", "  timeframe: 1m\n  bars: trades\n  entry_mixins:");
    let (config, mut found) = pinion_plan::read("bars.yaml", &text, &root).unwrap();
    let plan = pinion_plan::compile(&config, &[], &mut found).unwrap();
    let (id, interval_ns, mut state, mut price) = (InstrumentId(0), 60_000_000_000, 1u64, 1_000_000i64);
    let mut next = |span: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as i64 % span
    };
    let bars: Vec<Bar> = (0..5_000)
        .map(|at| {
            let open = price;
            price += next(2_001) - 1_000;
            let (high, low) = (open.max(price) + next(300), open.min(price) - next(300));
            let [open, high, low, close] = [open, high, low, price].map(Price);
            Bar { open_ns: at * interval_ns, open, high, low, close, volume: Qty(1) }
        })
        .collect();
    let mut engine = Engine::new(&plan.engine).unwrap();
    let mut venue = PaperVenue::new(&plan.engine, plan.paper);
    let (mut tape, mut at) = (Tape::default(), 0);
    while let Some(bar) = bars.get(at) {
        venue.before_bar(bar.open_ns);
        venue.on_bar(id, bar);
        while let Some(report) = venue.poll(bar.open_ns + interval_ns - 1) {
            engine.on_execution(&report, &mut tape);
        }
        let run = if venue.is_idle() { most } else { 1 };
        let run = &bars[at..bars.len().min(at.saturating_add(run))];
        at += engine.on_bars(id, 1 + at as u64, run, interval_ns, &mut tape);
        tape.outbox.hand_over(&mut venue, engine.now_ns());
    }
    assert!(engine.counters().fills > 100, "{}", engine.counters().fills);
    (tape.records, engine)
}

#[test]
fn bars_taken_together_decide_as_bars_taken_one_by_one() {
    let alone = run_bars(1);
    assert_eq!(alone, run_bars(64));
    assert_eq!(alone, run_bars(usize::MAX));
}
