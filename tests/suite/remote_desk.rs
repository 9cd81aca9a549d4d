//! A desk that is told each step of another one stays equal to it and sends the same orders; one that misses
//! a step does not.

use pinion_engine::Engine;
use pinion_engine::desk::Desk;
use pinion_engine::remote::{DeskMessage, DeskStep};
use pinion_engine::risk::Verdict;
use pinion_engine::sink::Sink;
use pinion_model::body::Body;
use pinion_model::event::Level;
use pinion_plan::Plan;
use pinion_tests::drive::{Outbox, drive};

/// What leaves a desk for the venue, and its last verdict.
#[derive(Default)]
struct Sent {
    outbox: Outbox,
    verdict: Verdict,
}

impl Sink for Sent {
    const INPUTS: bool = false;
    const EVIDENCE: bool = false;
    fn emit<B: Body>(&mut self, body: &B) {
        self.outbox.note(body);
    }
    fn levels(&mut self, _: &[Level], _: &[Level]) {}
    fn judged(&mut self, verdict: &Verdict) {
        self.verdict = verdict.clone();
    }
}

/// The engine's sink, with a desk that follows.
struct Remote {
    records: Vec<(u16, [u8; 96])>,
    desk: Desk,
    sent: Sent,
    steps: usize,
    /// The step that does not arrive.
    lost: Option<usize>,
}

impl Sink for Remote {
    const INPUTS: bool = true;
    const EVIDENCE: bool = true;
    const REMOTE_RISK: bool = true;
    fn emit<B: Body>(&mut self, body: &B) {
        self.records.push((B::KIND as u16, body.to_bytes()));
    }
    fn levels(&mut self, _: &[Level], _: &[Level]) {}
    fn tell(&mut self, message: &DeskMessage) {
        self.steps += usize::from(!matches!(message.step, DeskStep::Submit { .. }));
        if self.lost != Some(self.steps) {
            self.desk.follow(message, &mut self.sent);
        }
    }
    fn wait_for_verdict(&mut self, verdict: &mut Verdict) {
        *verdict = self.sent.verdict.clone();
    }
}

/// The engine's sink where its own desk checks.
#[derive(Default)]
struct Local {
    records: Vec<(u16, [u8; 96])>,
    outbox: Outbox,
}

impl Sink for Local {
    const INPUTS: bool = true;
    const EVIDENCE: bool = true;
    fn emit<B: Body>(&mut self, body: &B) {
        self.outbox.note(body);
        self.records.push((B::KIND as u16, body.to_bytes()));
    }
    fn levels(&mut self, _: &[Level], _: &[Level]) {}
}

fn plan() -> Plan {
    let examples = pinion_tests::project_root().join("examples");
    let text = std::fs::read_to_string(examples.join("paper.yaml")).unwrap();
    let text = text.replace(
        "        breakeven_enabled: true",
        "        breakeven_enabled: true\n        intrabar: true",
    );
    let (config, mut found) = pinion_plan::read("paper.yaml", &text, &examples).unwrap();
    pinion_plan::compile(&config, &[], &mut found).unwrap()
}

fn remote(plan: &Plan, lost: Option<usize>) -> Remote {
    Remote { records: Vec::new(), desk: Desk::new(&plan.engine), sent: Sent::default(), steps: 0, lost }
}

/// The following desk is the engine's, once it is told the time: inputs that move nothing else are not told.
fn is_equal(engine: &Engine, sink: &Remote) -> bool {
    let mut desk = sink.desk.clone();
    let (seq, now_ns) = (engine.desk().seq, engine.desk().now_ns);
    desk.follow(&DeskMessage { seq, now_ns, step: DeskStep::Time }, &mut Sent::default());
    desk == *engine.desk()
}

#[test]
fn a_following_desk_is_equal_after_every_input_and_decides_the_same() {
    let plan = plan();
    let (mut local, mut followed) = (Local::default(), remote(&plan, None));
    drive(&plan, &mut local, |s| &mut s.outbox, |_, _, _| {});
    drive(
        &plan,
        &mut followed,
        |s| &mut s.sent.outbox,
        |engine, _, sink| {
            assert!(is_equal(engine, sink), "after input {}", engine.seq());
        },
    );
    assert!(local.records == followed.records);
}

#[test]
fn a_desk_that_misses_a_step_is_found_to_differ() {
    let plan = plan();
    // Many steps are marks, which the next one replaces: what is missed must not be of that kind only.
    let mut differs = 0;
    for lost in [10_000, 20_000, 30_000] {
        let (mut sink, mut unequal) = (remote(&plan, Some(lost)), false);
        drive(
            &plan,
            &mut sink,
            |s| &mut s.sent.outbox,
            |engine, _, sink| {
                unequal |= !is_equal(engine, sink);
            },
        );
        differs += usize::from(unequal);
    }
    assert!(differs > 0, "no lost step was noticed");
}
