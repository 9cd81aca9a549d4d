//! A desk on a thread of its own that follows the desk of the strategy's thread and decides on its orders.
//!
//! The strategy's desk tells of each step that moves it, in order; the following desk takes the same steps, so
//! the two stay equal. Only the following desk checks requests, and only what it emits may reach a venue.

use crate::desk::{Desk, Origin};
use crate::portfolio::Mark;
use crate::risk::Request;
use crate::sink::Sink;
use pinion_model::body::{BudgetBody, CommandKind, ExecutionBody};
use pinion_model::event::NO_TIME;
use pinion_model::instrument::InstrumentId;
use pinion_model::number::Price;
use pinion_model::order::{Reason, TimeInForce};

/// A step and when it was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeskMessage {
    /// Number of the input that caused it.
    pub seq: u64,
    /// Engine time, ns.
    pub now_ns: i64,
    /// The step.
    pub step: DeskStep,
}

/// What moves a desk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DeskStep {
    /// See [`Desk::submit`].
    Submit {
        /// What is asked for.
        request: Request,
        /// Who asks.
        origin: Origin,
        /// How long it stands.
        tif: TimeInForce,
        /// The engine holds it until its trigger.
        hold: bool,
    },
    /// See [`Desk::set_mark`].
    Mark {
        /// Instrument.
        id: InstrumentId,
        /// Its prices.
        mark: Mark,
    },
    /// See [`Desk::trigger_held`].
    Reach {
        /// Instrument.
        id: InstrumentId,
        /// What a seller could have traded at.
        low: Price,
        /// What a buyer could have traded at.
        high: Price,
    },
    /// See [`Desk::cancel`].
    Cancel {
        /// The order.
        number: u64,
        /// Why.
        reason: Reason,
    },
    /// See [`Desk::on_report`].
    Report(ExecutionBody),
    /// See [`Desk::observe_equity`].
    Observe,
    /// See [`Desk::on_command`].
    Command(CommandKind),
    /// See [`Desk::on_budget`].
    Budget(BudgetBody),
    /// Only time went on.
    Time,
}

impl Desk {
    /// Takes the step that the desk of another thread took.
    pub fn follow<S: Sink>(&mut self, message: &DeskMessage, sink: &mut S) {
        self.seq = message.seq;
        self.now_ns = message.now_ns;
        // Before the first market event there is no day yet.
        if message.now_ns > NO_TIME {
            self.roll_day(sink);
        }
        match &message.step {
            DeskStep::Submit { request, origin, tif, hold } => {
                self.submit(request, *origin, *tif, *hold, |_, _| {}, sink);
            }
            DeskStep::Mark { id, mark } => self.set_mark(*id, *mark, sink),
            DeskStep::Reach { id, low, high } => self.trigger_held(*id, *low, *high, sink),
            DeskStep::Cancel { number, reason } => {
                self.cancel(*number, *reason, sink);
            }
            DeskStep::Report(report) => {
                self.on_report(report, sink);
            }
            DeskStep::Observe => self.observe_equity(sink),
            DeskStep::Command(kind) => self.on_command(*kind, sink),
            DeskStep::Budget(budget) => {
                self.on_budget(budget, sink);
            }
            DeskStep::Time => {}
        }
    }
}
