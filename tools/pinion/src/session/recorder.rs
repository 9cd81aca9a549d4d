//! Turns the engine's outputs into records for the keeper and commands for the venue, and takes the time
//! of the stages between them.
//!
//! With everything recorded, an input's records are gathered and handed over at its end, in their order: what
//! leaves for the venue waits for none of them. They are still in the nearest cache then, while the memory
//! of a link or a file is not.

use super::keeper::Out;
use arrayvec::ArrayVec;
use pinion_engine::remote::DeskMessage;
use pinion_engine::risk::Verdict;
use pinion_engine::sink::{Moment, Sink};
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

/// Records that are gathered; an input that causes more hands them over in between.
const GATHERED: usize = 64;

/// The recorder. `FULL` records everything; otherwise decisions alone, for the digest.
pub struct Recorder<O, W, const FULL: bool> {
    /// Where records go.
    pub out: O,
    /// What orders pass when they leave.
    pub wire: W,
    /// Orders wait for their records: they pass the wire when they are handed over.
    pub waits: bool,
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
    /// When the last intent was decided, and when it was checked.
    decided: u64,
    checked: u64,
    /// A depth head waits for its levels.
    group: Option<Entry>,
    /// The present input's records that were not handed over yet.
    gathered: ArrayVec<Entry, GATHERED>,
}

impl<O: Out, W: Wire, const FULL: bool> Recorder<O, W, FULL> {
    /// A recorder of shard 0.
    pub fn new(out: O, wire: W, ticks: Ticks) -> Recorder<O, W, FULL> {
        Recorder {
            out,
            wire,
            waits: false,
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
            decided: 0,
            checked: 0,
            group: None,
            gathered: ArrayVec::new(),
        }
    }

    /// The recorder of shard `k`, whose records carry that number.
    pub fn of_shard(self, k: usize) -> Recorder<O, W, FULL> {
        Recorder { source: k as u32, ..self }
    }

    /// The counter, as records carry it.
    pub fn now(&self) -> u64 {
        self.ticks.now()
    }

    /// The number that records carry.
    pub fn source(&self) -> u32 {
        self.source
    }

    /// An input begins.
    #[inline]
    pub fn begin(&mut self, timed: bool) {
        self.timed = timed;
        self.follows = false;
        if timed {
            self.began = self.ticks.now();
            self.stage = self.began;
        }
    }

    /// The input and everything that it caused is done.
    #[inline]
    pub fn end(&mut self) {
        if FULL {
            self.hand_over();
        }
        if self.timed {
            self.latency.record(Stage::Input, self.ticks.now().wrapping_sub(self.began));
        }
        if !self.stamps.is_empty() {
            self.count_stamps();
        }
    }

    /// A record: gathered, or handed over at once where only decisions are recorded.
    #[inline(always)]
    fn put(&mut self, entry: &Entry) {
        if !FULL {
            return self.out.put(entry);
        }
        if self.gathered.is_full() {
            self.hand_over();
        }
        self.gathered.push(*entry);
    }

    fn hand_over(&mut self) {
        self.gathered.iter().for_each(|entry| self.out.put(entry));
        self.gathered.clear();
    }

    fn count_stamps(&mut self) {
        for (stage, ticks) in self.stamps.drain(..) {
            self.latency.record(stage, ticks);
        }
    }

    /// The time that ends a stage, when the stages of this input are timed.
    #[inline(always)]
    fn end_stage(&mut self, stage: Stage) -> u64 {
        if !(self.timed || self.follows) {
            return 0;
        }
        let now = self.ticks.now();
        // An input with more orders than fit is counted by its first ones.
        let _ = self.stamps.try_push((stage, now.wrapping_sub(self.stage)));
        self.stage = now;
        now
    }

    /// Ticks of a record: of the moment that it is about; everything else carries the time of the stage that
    /// it belongs to.
    #[inline(always)]
    fn ticks_of(&self, kind: Kind) -> u64 {
        match kind {
            _ if !self.timed => 0,
            Kind::Intent => self.decided,
            Kind::Verdict => self.checked,
            _ => self.stage,
        }
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

    #[inline(always)]
    fn reach(&mut self, moment: Moment) {
        match moment {
            Moment::Decided if self.timed => self.decided = self.end_stage(Stage::Decide),
            // Of inputs that are not timed, the stages after the decision of one intent in so many are.
            Moment::Decided => {
                self.follows = self.intents.is_multiple_of(INTENT_EVERY);
                self.intents += 1;
                if self.follows {
                    self.stage = self.ticks.now();
                }
            }
            Moment::Checked => self.checked = self.end_stage(Stage::Check),
        }
    }

    #[inline(always)]
    fn send(&mut self, order: &OrderBody) {
        if !self.waits {
            self.wire.order(order);
        }
        let now = self.end_stage(Stage::Send);
        if self.timed {
            let _ = self.stamps.try_push((Stage::InputToOrder, now.wrapping_sub(self.began)));
        }
        self.to_venue.push(ToVenue::Order(*order));
    }

    #[inline]
    fn emit<B: Body>(&mut self, body: &B) {
        if !FULL && B::KIND.class() != Class::Decision {
            return;
        }
        if B::KIND == Kind::Cancel {
            let cancel = CancelBody::from_bytes(&body.to_bytes());
            if cancel.held == 0 {
                if !self.waits {
                    self.wire.cancel(&cancel);
                }
                self.to_venue.push(ToVenue::Cancel(cancel));
            }
        }
        let ticks = self.ticks_of(B::KIND);
        let entry = Entry::new(B::KIND, ticks, self.source, body.to_bytes());
        if B::KIND == Kind::Depth {
            self.group = Some(entry);
        } else {
            self.put(&entry);
        }
    }

    fn levels(&mut self, bids: &[Level], asks: &[Level]) {
        let Some(mut head) = self.group.take() else { return };
        let mut left = (bids.len() + asks.len()).div_ceil(6);
        head.flags = if left > 0 { FLAG_MORE } else { 0 };
        self.put(&head);
        let mut levels = bids.iter().chain(asks).copied();
        while left > 0 {
            left -= 1;
            let body = DepthLevelsBody { levels: std::array::from_fn(|_| levels.next().unwrap_or_default()) };
            let mut entry = Entry::new(Kind::DepthLevels, head.ticks, self.source, body.to_bytes());
            entry.flags = if left > 0 { FLAG_MORE } else { 0 };
            self.put(&entry);
        }
    }
}
