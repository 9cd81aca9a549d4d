//! The risk thread: a desk of its own that follows the strategy's and decides on its orders. Only what this
//! desk emits reaches the gateway.

use super::messages::{FromRisk, Outgoing, ToRisk};
use super::wait;
use crate::session::start;
use pinion_engine::desk::Desk;
use pinion_engine::risk::Verdict;
use pinion_engine::sink::Sink;
use pinion_model::body::{Body, CancelBody, OrderBody};
use pinion_model::event::Level;
use pinion_model::record::Kind;
use pinion_runtime::agent::{Agent, Spent};
use pinion_runtime::counters::link::LinkMeter;
use pinion_runtime::idle::Idle;
use pinion_runtime::link::{Rx, Tx};
use pinion_runtime::memory;

/// Messages that are taken in one turn.
const BATCH: usize = 64;

/// The agent.
pub struct RiskAgent {
    /// The desk; at the end it must equal the strategy's.
    pub desk: Desk,
    /// Show the links to the strategy and to the gateway.
    pub meters: [LinkMeter; 2],
    rx: Rx<ToRisk>,
    out: Out,
}

/// Where the desk's outputs go.
struct Out {
    verdicts: Tx<FromRisk>,
    gateway: Tx<Outgoing>,
    idle: Idle,
}

impl RiskAgent {
    /// An agent with the plan's opening balances.
    pub fn new(
        desk: Desk,
        rx: Rx<ToRisk>,
        verdicts: Tx<FromRisk>,
        gateway: Tx<Outgoing>,
        idle: Idle,
    ) -> RiskAgent {
        RiskAgent { desk, meters: Default::default(), rx, out: Out { verdicts, gateway, idle } }
    }
}

impl Agent for RiskAgent {
    fn on_start(&mut self) {
        start::join();
    }

    fn on_close(&mut self) {
        memory::unseal();
    }

    fn do_work(&mut self) -> usize {
        let RiskAgent { desk, rx, out, .. } = self;
        rx.read_batch(BATCH, |message, _| desk.follow(message, out))
    }

    fn is_done(&self) -> bool {
        self.rx.is_finished()
    }

    fn take_spent(&mut self) -> Spent {
        Spent { blocked: self.out.idle.take_waited(), ..Spent::default() }
    }

    fn publish(&mut self) {
        self.meters[0].show(&self.out.verdicts);
        self.meters[1].show(&self.out.gateway);
    }
}

impl Out {
    fn let_pass(&mut self, outgoing: Outgoing) {
        // A gateway that is gone has ended the run.
        wait::send(&mut self.gateway, &mut self.idle, outgoing);
    }
}

impl Sink for Out {
    const INPUTS: bool = false;
    const EVIDENCE: bool = false;

    #[inline]
    fn send(&mut self, order: &OrderBody) {
        self.let_pass(Outgoing::Order(*order));
    }

    #[inline]
    fn emit<B: Body>(&mut self, body: &B) {
        if B::KIND == Kind::Cancel {
            let cancel = CancelBody::from_bytes(&body.to_bytes());
            if cancel.held == 0 {
                self.let_pass(Outgoing::Cancel(cancel));
            }
        }
    }

    fn levels(&mut self, _: &[Level], _: &[Level]) {}

    fn judged(&mut self, verdict: &Verdict) {
        let Out { verdicts, idle, .. } = self;
        verdict.take_apart(|part| {
            wait::send(verdicts, idle, part);
        });
    }
}
