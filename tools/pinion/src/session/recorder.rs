//! Turns the engine's outputs into records for the keeper and commands for the venue, and takes the time
//! of the stages between them.

use super::keeper::Out;
use arrayvec::ArrayVec;
use pinion_engine::remote::DeskMessage;
use pinion_engine::risk::Verdict;
use pinion_engine::sink::Sink;
use pinion_model::body::{Body, CancelBody, DepthLevelsBody, OrderBody};
use pinion_model::event::Level;
use pinion_model::record::{Class, Entry, FLAG_MORE, Kind};
use pinion_runtime::latency::{Latency, Stage};
use pinion_runtime::ticks::Ticks;

/// What goes to the venue.
#[derive(Clone, Copy, Debug)]
pub enum ToVenue {
    /// An order.
    Order(OrderBody),
    /// A cancel.
    Cancel(CancelBody),
}

/// What happens to orders and cancels the moment they are decided, before anything is recorded of them.
pub trait Wire {
    /// An order leaves.
    fn order(&mut self, order: &OrderBody);
    /// A cancel leaves.
    fn cancel(&mut self, cancel: &CancelBody);

    /// Orders are checked by a desk on another thread; see [`Sink::REMOTE_RISK`].
    const REMOTE_RISK: bool = false;
    /// See [`Sink::tell`].
    fn tell(&mut self, _: &DeskMessage) {}
    /// See [`Sink::wait_for_verdict`].
    fn wait_for_verdict(&mut self, _: &mut Verdict) {}
}

/// Orders reach the simulated venue as they are.
pub struct NoWire;

impl Wire for NoWire {
    fn order(&mut self, _: &OrderBody) {}
    fn cancel(&mut self, _: &CancelBody) {}
}

/// Of so many intents of untimed inputs one is timed; the first one always is.
const INTENT_EVERY: u64 = 16;

/// The recorder. `FULL` records everything; otherwise decisions alone, for the digest.
pub struct Recorder<O, W, const FULL: bool> {
    /// Where records go.
    pub out: O,
    /// What orders pass when they leave.
    pub wire: W,
    /// What the venue has not been given yet.
    pub to_venue: Vec<ToVenue>,
    /// Times of the stages.
    pub latency: Latency,
    ticks: Ticks,
    source: u32,
    /// The present input is being timed.
    timed: bool,
    began: u64,
    stage: u64,
    /// Intents of inputs that are not timed, and whether the last of them is followed to its order.
    intents: u64,
    follows: bool,
    /// Times of the present input's stages; they are counted when it is done, when no order waits.
    stamps: ArrayVec<(Stage, u64), 32>,
    /// A depth head waits for its levels.
    group: Option<Entry>,
}

impl<O: Out, W: Wire, const FULL: bool> Recorder<O, W, FULL> {
    /// A recorder of shard 0.
    pub fn new(out: O, wire: W, ticks: Ticks) -> Recorder<O, W, FULL> {
        Recorder {
            out,
            wire,
            to_venue: Vec::with_capacity(256),
            latency: Latency::default(),
            ticks,
            source: 0,
            timed: false,
            began: 0,
            stage: 0,
            intents: 0,
            follows: false,
            stamps: ArrayVec::new(),
            group: None,
        }
    }

    /// The recorder of shard `k`, whose records carry that number.
    pub fn of_shard(self, k: usize) -> Recorder<O, W, FULL> {
        Recorder { source: k as u32, ..self }
    }

    /// An input begins.
    #[inline]
    pub fn begin(&mut self, timed: bool) {
        self.timed = timed;
        if timed {
            self.began = self.ticks.now();
            self.stage = self.began;
        }
    }

    /// The input and everything that it caused is done.
    #[inline]
    pub fn end(&mut self) {
        if self.timed {
            self.latency.record(Stage::Input, self.ticks.now().wrapping_sub(self.began));
        }
        if !self.stamps.is_empty() {
            self.count_stamps();
        }
    }

    fn count_stamps(&mut self) {
        for (stage, ticks) in self.stamps.drain(..) {
            self.latency.record(stage, ticks);
        }
    }

    #[inline]
    fn note_stage(&mut self, stage: Stage, now: u64) {
        // An input with more orders than this is counted by its first ones.
        let _ = self.stamps.try_push((stage, now.wrapping_sub(self.stage)));
        self.stage = now;
    }

    #[inline]
    fn take_time(&mut self, kind: Kind) -> u64 {
        if !self.timed {
            return self.take_time_of_some(kind);
        }
        match kind {
            Kind::Intent | Kind::Verdict | Kind::Order => {
                let now = self.ticks.now();
                match kind {
                    Kind::Intent => self.note_stage(Stage::Decide, now),
                    Kind::Verdict => self.note_stage(Stage::Check, now),
                    _ => {
                        self.note_stage(Stage::Send, now);
                        let _ = self.stamps.try_push((Stage::InputToOrder, now.wrapping_sub(self.began)));
                    }
                }
                now
            }
            // Everything else carries the time of the stage that it belongs to.
            _ => self.stage,
        }
    }

    /// Of inputs that are not timed, the stages after the decision of one intent in [`INTENT_EVERY`] are.
    #[inline]
    fn take_time_of_some(&mut self, kind: Kind) -> u64 {
        match kind {
            Kind::Intent => {
                self.follows = self.intents.is_multiple_of(INTENT_EVERY);
                self.intents += 1;
                if self.follows {
                    self.stage = self.ticks.now();
                }
            }
            Kind::Verdict if self.follows => self.note_stage(Stage::Check, self.ticks.now()),
            Kind::Order if self.follows => self.note_stage(Stage::Send, self.ticks.now()),
            _ => {}
        }
        0
    }
}

impl<O: Out, W: Wire, const FULL: bool> Sink for Recorder<O, W, FULL> {
    const INPUTS: bool = FULL;
    const EVIDENCE: bool = FULL;
    const REMOTE_RISK: bool = W::REMOTE_RISK;

    #[inline]
    fn tell(&mut self, message: &DeskMessage) {
        self.wire.tell(message);
    }

    fn wait_for_verdict(&mut self, verdict: &mut Verdict) {
        self.wire.wait_for_verdict(verdict);
    }

    #[inline]
    fn emit<B: Body>(&mut self, body: &B) {
        if !FULL && B::KIND.class() != Class::Decision {
            return;
        }
        let bytes = body.to_bytes();
        match B::KIND {
            Kind::Order => {
                let order = OrderBody::from_bytes(&bytes);
                if order.held == 0 {
                    self.wire.order(&order);
                    self.to_venue.push(ToVenue::Order(order));
                }
            }
            Kind::Cancel => {
                let cancel = CancelBody::from_bytes(&bytes);
                if cancel.held == 0 {
                    self.wire.cancel(&cancel);
                    self.to_venue.push(ToVenue::Cancel(cancel));
                }
            }
            _ => {}
        }
        let ticks = self.take_time(B::KIND);
        let entry = Entry::new(B::KIND, ticks, self.source, bytes);
        if B::KIND == Kind::Depth {
            self.group = Some(entry);
        } else {
            self.out.put(&entry);
        }
    }

    fn levels(&mut self, bids: &[Level], asks: &[Level]) {
        let Some(mut head) = self.group.take() else { return };
        let mut left = (bids.len() + asks.len()).div_ceil(6);
        head.flags = if left > 0 { FLAG_MORE } else { 0 };
        self.out.put(&head);
        let mut levels = bids.iter().chain(asks).copied();
        while left > 0 {
            left -= 1;
            let body = DepthLevelsBody { levels: std::array::from_fn(|_| levels.next().unwrap_or_default()) };
            let mut entry = Entry::new(Kind::DepthLevels, head.ticks, self.source, body.to_bytes());
            entry.flags = if left > 0 { FLAG_MORE } else { 0 };
            self.out.put(&entry);
        }
    }
}
