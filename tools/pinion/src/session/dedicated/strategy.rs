//! The strategy's thread: books, bars, indicators and rules, and the order of everything.
//!
//! It numbers the inputs and writes every record. Its desk follows from the same steps as the risk thread's,
//! but checks nothing: after an intent it waits for the verdict before it takes its next input, and while
//! something rests at the venue it asks how things stand before it lets time go on.

use super::gateway::RemoteVenue;
use super::messages::{Assembler, FromRisk, MarketMessage, ToRisk};
use super::wait;
use crate::session::keeper::Out;
use crate::session::recorder::Wire;
use crate::session::trading::Trading;
use pinion_engine::remote::{DeskMessage, DeskStep};
use pinion_engine::risk::Verdict;
use pinion_engine::risk::checks::Check;
use pinion_model::body::{CancelBody, OrderBody};
use pinion_runtime::agent::{Agent, Spent};
use pinion_runtime::counters::link::LinkMeter;
use pinion_runtime::idle::Idle;
use pinion_runtime::link::{Rx, Tx};
use pinion_runtime::ticks::thread_cpu;

/// Messages that are taken in one turn, between looks at the operator.
const BATCH: usize = 256;

/// The strategy's end of the risk thread.
pub struct RiskLink {
    tx: Tx<ToRisk>,
    verdicts: Rx<FromRisk>,
    /// Shows the link to the risk thread.
    pub meter: LinkMeter,
    idle: Idle,
    gone: bool,
}

impl RiskLink {
    /// The two links to and from the risk thread.
    pub fn new(tx: Tx<ToRisk>, verdicts: Rx<FromRisk>, idle: Idle) -> RiskLink {
        RiskLink { tx, verdicts, meter: LinkMeter::default(), idle, gone: false }
    }
}

impl Wire for RiskLink {
    const REMOTE_RISK: bool = true;

    /// Orders leave from the risk thread.
    fn order(&mut self, _: &OrderBody) {}

    fn cancel(&mut self, _: &CancelBody) {}

    #[inline]
    fn tell(&mut self, message: &DeskMessage) {
        self.gone |= !wait::send(&mut self.tx, &mut self.idle, *message);
    }

    fn wait_for_verdict(&mut self, verdict: &mut Verdict) {
        let RiskLink { verdicts, idle, .. } = self;
        match Verdict::put_together(|| wait::receive(verdicts, idle)) {
            Some(received) => *verdict = received,
            None => {
                // Without a verdict nothing passes.
                verdict.failed |= Check::KillSwitch.bit();
                self.gone = true;
            }
        }
    }
}

/// The agent.
pub struct StrategyAgent<O, const FULL: bool> {
    /// What it works with.
    pub trading: Trading<O, RiskLink, RemoteVenue, FULL>,
    rx: Rx<MarketMessage>,
    assembler: Assembler,
    /// The last turn found no room in the link to the journal.
    no_room: bool,
    done: bool,
}

impl<O: Out, const FULL: bool> StrategyAgent<O, FULL> {
    /// An agent that takes its events from `rx`.
    pub fn new(
        trading: Trading<O, RiskLink, RemoteVenue, FULL>,
        rx: Rx<MarketMessage>,
    ) -> StrategyAgent<O, FULL> {
        StrategyAgent { trading, rx, assembler: Assembler::default(), no_room: false, done: false }
    }

    /// What it worked with; without its end of the feed's link.
    pub fn into_trading(self) -> Trading<O, RiskLink, RemoteVenue, FULL> {
        self.trading
    }

    /// The risk thread or the gateway ended before this one; what made it do so is its own error.
    pub fn is_alone(&self) -> bool {
        self.trading.recorder.wire.gone || self.trading.venue.is_gone()
    }

    fn take_events(&mut self) -> usize {
        let StrategyAgent { trading, rx, assembler, .. } = self;
        let mut work = 0;
        self.no_room = false;
        while work < BATCH {
            if !trading.may_go_on() {
                self.no_room = true;
                break;
            }
            let Some(message) = rx.read() else { break };
            if let Some(event) = assembler.take(&message) {
                trading.on_event(&event);
            }
            work += 1;
        }
        work
    }

    fn end(&mut self) {
        self.trading.shut_down();
        // The last inputs may have moved nothing but time.
        let desk = self.trading.engine.desk();
        let message = DeskMessage { seq: desk.seq, now_ns: desk.now_ns, step: DeskStep::Time };
        self.trading.recorder.wire.tell(&message);
        self.done = true;
    }
}

impl<O: Out, const FULL: bool> Agent for StrategyAgent<O, FULL> {
    fn on_start(&mut self) {
        self.trading.on_start();
        self.done = self.trading.is_done();
    }

    fn on_close(&mut self) {
        self.trading.on_close();
    }

    fn do_work(&mut self) -> usize {
        if self.is_alone() {
            self.done = true;
            return 1;
        }
        if self.trading.must_stop() {
            self.end();
            return 1;
        }
        self.trading.take_commands();
        let cpu = thread_cpu();
        let work = self.take_events();
        self.trading.run_cpu += thread_cpu() - cpu;
        self.trading.show_progress();
        self.trading.look_whether_new();
        if work == 0 && self.rx.is_finished() {
            self.end();
        }
        work
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn take_spent(&mut self) -> Spent {
        let Trading { recorder, venue, .. } = &mut self.trading;
        let blocked = recorder.wire.idle.take_waited() + venue.take_waited();
        Spent { blocked, is_blocked: self.no_room, ..Spent::default() }
    }

    fn publish(&mut self) {
        self.trading.publish();
        self.trading.recorder.wire.meter.show(&self.trading.recorder.wire.tx);
        self.trading.venue.publish();
    }
}
