//! The trading agent: merges timers, the venue's reports and market events by time, feeds them to the
//! engine and gives the venue what the engine sends.
//!
//! Of things at one instant timers come first, then market events, then reports. Nothing is taken unless
//! the keeper can take what it may cause. From a recording a full link therefore blocks the source. A live
//! feed asks [`Trading::heed_link`] before each event: as the link fills up entries stop, and exits and
//! cancels have what is left of it. When the keeper is gone the run ends as by a stop.

mod gated;
mod repeat;
mod room;

use super::feed::Feed;
use super::gate::Gate;
use super::keeper::Out;
use super::past::script::Script;
use super::recorder::{Recorder, ToVenue, Wire};
use super::start::Start;
use super::venue::Venue;
use crate::equity::EquityCurve;
use pinion_engine::Engine;
use pinion_model::body::{BudgetBody, CommandBody, CommandKind, GrantBody};
use pinion_model::event::{Bar, Market, MarketEvent, Quote};
use pinion_model::instrument::InstrumentId;
use pinion_plan::{Plan, burst_records};
use pinion_recorded::DataError;
use pinion_recorded::source::Chunk;
use pinion_runtime::agent::{Agent, Spent};
use pinion_runtime::counters::link::LinkMeter;
use pinion_runtime::latency::Latency;
use pinion_runtime::link::Rx;
use pinion_runtime::memory::lock::Refused;
use pinion_runtime::memory::{self, outside_hot};
use pinion_runtime::ticks::thread_cpu;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

// The widest depth update of a recording is what room is kept for.
const _: () = assert!(pinion_recorded::source::DEPTH_LEVELS <= pinion_plan::DEPTH_LEVELS);
/// Without a journal only one input in so many is timed, so that the clock does not become the work.
const TIME_EVERY: u64 = 64;
/// Inputs between looks at the stop flag and at the operator.
const LOOK_EVERY: u64 = 4096;

/// What other threads may see and say.
#[derive(Debug, Default)]
pub struct Shared {
    /// Events done.
    pub events: AtomicU64,
    /// Set to end the run.
    pub stop: AtomicBool,
    /// The journal failed.
    pub journal_failed: Arc<AtomicBool>,
    /// The run goes on from a journal and still does again what it did.
    pub repeats: AtomicBool,
}

/// The agent.
pub struct Trading<O, W, V, const FULL: bool> {
    /// The engine.
    pub engine: Engine,
    /// The recorder.
    pub recorder: Recorder<O, W, FULL>,
    /// Equity over time.
    pub curve: EquityCurve,
    /// Time spent reading and decoding data.
    pub load: Duration,
    /// Processor time of this thread: reading and decoding, and everything else.
    pub load_cpu: Duration,
    /// See `load_cpu`.
    pub run_cpu: Duration,
    /// Stopping level when the run was ended, which stops entries itself.
    pub level: u8,
    /// The feed's error, if it ended by one.
    pub error: Option<DataError>,
    /// The venue, or a view of it.
    pub venue: V,
    /// Market events from here on are not taken yet.
    pub until_ns: i64,
    feed: Feed,
    /// What is done on the trading thread before its first work; `None` where it shares its thread.
    pub start: Option<Start>,
    /// Why that failed.
    pub start_error: Option<Refused>,
    commands: Rx<CommandBody>,
    shared: Arc<Shared>,
    max_latency_ns: i64,
    burst: usize,
    inputs: u64,
    /// The last turn found no room for what there was to do.
    blocked: bool,
    /// Shows the link to the journal.
    pub journal_link: LinkMeter,
    /// Where orders wait for their records to be kept, if they do.
    gate: Option<Gate>,
    /// The operator's command to end the run.
    shutdown: Option<CommandBody>,
    /// What was said to a run that goes on, and how many inputs stand before the next of it.
    script: Script,
    script_at: u64,
    /// Inputs that the journal has: they come again.
    repeated: u64,
    /// Orders that it says did not leave.
    withheld: Vec<u64>,
    /// Why the run ended before it had come to anything new.
    broke_off: Option<String>,
    /// Events between snapshots, and how many there are at the next; `u64::MAX` for none.
    snapshot_every: u64,
    snapshot_at: u64,
    done: bool,
}

/// What is left of trading once it is over.
pub struct Traded<O> {
    /// The engine.
    pub engine: Engine,
    /// Where the records went.
    pub out: O,
    /// Times of the stages.
    pub latency: Latency,
    /// Equity over time.
    pub curve: EquityCurve,
    /// Processor time of the thread, without reading and decoding.
    pub run_cpu: Duration,
    /// Stopping level when the run was ended.
    pub level: u8,
    /// Someone asked for the end before the data ended.
    pub stopped: bool,
    /// Why its thread could not begin.
    pub start_error: Option<Refused>,
    /// The run was to go on from a journal and ended before it had come to anything new: why.
    pub broke_off: Option<String>,
}

impl<O: Out, W: Wire, V: Venue, const FULL: bool> Trading<O, W, V, FULL> {
    /// An agent at the start of its feed.
    pub fn new(
        engine: Engine,
        venue: V,
        feed: Feed,
        mut recorder: Recorder<O, W, FULL>,
        commands: Rx<CommandBody>,
        shared: Arc<Shared>,
        max_latency_ns: i64,
    ) -> Self {
        recorder.to_venue.reserve(engine.order_places() + 8 * engine.trader_count());
        Trading {
            burst: burst_records(engine.order_places(), engine.trader_count()),
            start: None,
            start_error: None,
            curve: EquityCurve::default(),
            load: Duration::ZERO,
            load_cpu: Duration::ZERO,
            run_cpu: Duration::ZERO,
            level: 0,
            error: None,
            engine,
            recorder,
            venue,
            until_ns: i64::MAX,
            feed,
            commands,
            shared,
            max_latency_ns,
            inputs: 0,
            blocked: false,
            journal_link: LinkMeter::default(),
            gate: None,
            shutdown: None,
            script: Script::default(),
            script_at: u64::MAX,
            repeated: 0,
            withheld: Vec::new(),
            broke_off: None,
            snapshot_every: 0,
            snapshot_at: u64::MAX,
            done: false,
        }
    }

    /// Timers and reports before `time_ns`, and timers at it.
    #[inline(always)]
    pub fn advance(&mut self, time_ns: i64) {
        if self.engine.next_deadline_ns() <= time_ns || self.venue.next_ns() < time_ns {
            self.catch_up(time_ns);
        }
    }

    #[inline(never)]
    fn catch_up(&mut self, time_ns: i64) {
        while self.engine.next_deadline_ns() <= time_ns || self.venue.next_ns() < time_ns {
            let deadline_ns = self.engine.next_deadline_ns();
            if deadline_ns <= self.venue.next_ns() {
                self.begin(FULL);
                self.engine.on_timer(deadline_ns, &mut self.recorder);
                self.finish_input();
            } else {
                let until_ns = self.venue.next_ns();
                self.deliver(until_ns);
            }
        }
    }

    /// Gives the engine one report that is due by `until_ns`.
    fn deliver(&mut self, until_ns: i64) {
        if let Some(report) = self.venue.poll(until_ns) {
            self.begin(FULL);
            self.engine.on_execution(&report, &mut self.recorder);
            self.finish_input();
        }
    }

    /// After an input: what the engine sent goes to the venue.
    #[inline(always)]
    fn finish_input(&mut self) {
        self.recorder.end();
        if !self.recorder.to_venue.is_empty() {
            self.hand_over();
        }
    }

    #[inline(never)]
    fn hand_over(&mut self) {
        if let Some(gate) = self.gate.take() {
            return self.hand_over_at_gate(gate);
        }
        let now_ns = self.engine.now_ns();
        for command in self.recorder.to_venue.drain(..) {
            match command {
                ToVenue::Order(order) => self.venue.submit(&order, now_ns),
                ToVenue::Cancel(cancel) => self.venue.cancel(&cancel, now_ns),
            }
        }
    }

    #[inline]
    fn begin_market(&mut self) {
        self.inputs += 1;
        self.begin(FULL || self.inputs.is_multiple_of(TIME_EVERY));
    }

    #[inline]
    fn end_market(&mut self) {
        self.finish_input();
        self.curve.observe(&self.engine, 1);
    }

    /// Takes bars and returns how many: one, or a run of them as long as neither timers nor the venue have
    /// anything to do in between.
    #[inline]
    fn on_bars(&mut self, id: InstrumentId, cursor: u64, bars: &[Bar], interval_ns: i64) -> usize {
        let Some(first) = bars.first() else { return 0 };
        self.heed_script();
        self.advance(first.open_ns);
        self.venue.before_bar(first.open_ns);
        self.venue.on_bar(id, first);
        // Fills at the open are known before the bar is.
        self.advance(first.open_ns + interval_ns);
        let quiet = self.venue.is_idle() && self.engine.next_deadline_ns() == i64::MAX;
        let bars = if quiet { &bars[..bars.len().min(self.until_timed())] } else { &bars[..1] };
        self.begin_market();
        let taken = self.engine.on_bars(id, cursor, bars, interval_ns, &mut self.recorder);
        if taken > 1 {
            self.inputs += taken as u64 - 1;
            self.venue.on_bar(id, &bars[taken - 1]);
        }
        self.finish_input();
        self.curve.observe(&self.engine, taken as u64);
        taken
    }

    /// Inputs that may be taken together, so that one in [`TIME_EVERY`] is timed alone.
    fn until_timed(&self) -> usize {
        let left = TIME_EVERY - (self.inputs + 1) % TIME_EVERY;
        if FULL || left == TIME_EVERY { 1 } else { left as usize }
    }

    #[inline]
    fn on_quote(&mut self, id: InstrumentId, cursor: u64, quote: &Quote) {
        self.heed_script();
        self.advance(quote.recv_ns);
        self.venue.on_quote(id, quote);
        self.begin_market();
        self.engine.on_quote(id, cursor, quote, &mut self.recorder);
        self.end_market();
    }

    /// One event of a market.
    #[inline]
    pub fn on_event(&mut self, event: &MarketEvent<'_>) {
        if let Market::Bar { bar, interval_ns } = &event.market {
            let bars = std::slice::from_ref(bar);
            self.on_bars(event.instrument, event.cursor, bars, *interval_ns);
            return;
        }
        self.heed_script();
        self.advance(event.market.time_ns());
        self.venue.on_market(event);
        self.begin_market();
        self.engine.on_market(event, &mut self.recorder);
        self.end_market();
        if let Market::Depth(_) = event.market {
            let now_ns = self.engine.now_ns();
            self.venue.follow_book(event.instrument, self.engine.book(event.instrument), now_ns);
        }
    }

    /// Operator's commands that have come in.
    pub fn take_commands(&mut self) {
        while !self.is_repeating()
            && let Some(command) = self.commands.read()
        {
            self.on_command(command);
        }
    }

    /// A command, at the present time of the engine.
    pub fn on_command(&mut self, mut command: CommandBody) {
        if command.command == CommandKind::Shutdown.code() {
            // It is journalled where the run ends; the first who asked for it is named.
            self.shutdown.get_or_insert(command);
            self.shared.stop.store(true, Ordering::Relaxed);
            return;
        }
        command.time_ns = self.engine.now_ns();
        self.give_command(&command);
    }

    fn give_command(&mut self, command: &CommandBody) {
        self.begin(FULL);
        self.engine.on_command(command, &mut self.recorder);
        self.finish_input();
    }

    /// Gives a shard what it opens with.
    pub fn open(&mut self, plan: &Plan) {
        for budget in plan.opening_budgets() {
            self.on_budget(&budget);
        }
    }

    /// A change of the shard's budget, at the present time of the engine; returns what moved.
    pub fn on_budget(&mut self, budget: &BudgetBody) -> GrantBody {
        let budget = BudgetBody { time_ns: self.engine.now_ns(), ..*budget };
        self.begin(FULL);
        let grant = self.engine.on_budget(&budget, &mut self.recorder);
        self.finish_input();
        grant
    }

    /// Time of the next event of the loaded chunk.
    pub fn next_event_ns(&self) -> Option<i64> {
        self.feed.time_ns(self.feed.position)
    }

    /// Items of the loaded chunk from `at` on, at most `most`, that come before [`Trading::until_ns`].
    fn items_until(&self, feed: &Feed, at: usize, most: usize) -> usize {
        if self.until_ns == i64::MAX {
            return most;
        }
        (at..most).find(|i| feed.time_ns(*i).is_some_and(|ns| ns >= self.until_ns)).unwrap_or(most)
    }

    /// Ends the run: own entries are cancelled and what is on its way arrives.
    pub fn shut_down(&mut self) {
        if self.breaks_off() {
            return;
        }
        self.say_again(true);
        self.take_commands();
        self.level = self.engine.halts().0;
        if self.inputs > 0 {
            let asked = self.script.take(self.engine.seq()).or(self.shutdown.take());
            let end = || CommandBody::new(CommandKind::Shutdown, "pinion", "end of run");
            self.end_session(asked.unwrap_or_else(end));
        }
        self.curve.finish(&self.engine);
        self.done = true;
    }

    /// Stops entries; what is on its way arrives.
    fn end_session(&mut self, command: CommandBody) {
        let end_ns = self.engine.now_ns();
        self.give_command(&CommandBody { time_ns: end_ns, ..command });
        let last_ns = end_ns.saturating_add(2 * self.max_latency_ns);
        while self.venue.next_ns() <= last_ns {
            self.deliver(last_ns);
        }
    }

    /// Takes the next chunk of the feed; false at its end.
    fn load(&mut self) -> bool {
        let (began, cpu) = (Instant::now(), thread_cpu());
        // Files are read here: the recording's own input and output, which no live feed has.
        let more = match outside_hot(|| self.feed.load()) {
            Ok(more) => more,
            Err(error) => {
                self.error = Some(error);
                false
            }
        };
        self.load += began.elapsed();
        self.load_cpu += thread_cpu() - cpu;
        more
    }

    /// The run must end now: someone asked for it, the journal failed, or its keeper is gone.
    pub fn must_stop(&self) -> bool {
        let failed = self.shared.journal_failed.load(Ordering::Relaxed);
        self.was_stopped() || failed || !self.recorder.out.is_kept()
    }

    /// The most records that one input may cause.
    pub fn burst(&self) -> usize {
        self.burst
    }

    /// Takes it apart; its ends of links to other threads are gone afterwards.
    pub fn finish(self) -> Traded<O> {
        let stopped = self.was_stopped();
        let Trading { engine, recorder, curve, run_cpu, level, start_error, broke_off, .. } = self;
        let Recorder { out, latency, .. } = recorder;
        Traded { engine, out, latency, curve, run_cpu, level, stopped, start_error, broke_off }
    }

    /// Lets other threads see how far the run is.
    pub fn show_progress(&self) {
        self.shared.events.store(self.inputs, Ordering::Relaxed);
    }

    /// Someone asked for the end before the data ended.
    pub fn was_stopped(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed)
    }

    /// The feed.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Works through the loaded chunk as far as the keeper can take it; returns how many items were done.
    fn work_chunk(&mut self) -> usize {
        // The chunk is borrowed from the feed, which is put back afterwards.
        let mut feed = std::mem::take(&mut self.feed);
        let mut at = feed.position;
        let start = at;
        let end = self.items_until(&feed, at, feed.len().min(at + LOOK_EVERY as usize));
        match feed.chunk() {
            Some(Chunk::Bars { instrument, interval_ns, first_cursor, bars }) => {
                while at < end && self.may_go_on() {
                    at += self.on_bars(instrument, first_cursor + at as u64, &bars[at..end], interval_ns);
                }
            }
            Some(Chunk::Quotes { instrument, first_cursor, quotes }) => {
                while at < end && self.may_go_on() {
                    self.on_quote(instrument, first_cursor + at as u64, &quotes[at]);
                    at += 1;
                }
            }
            Some(Chunk::Mixed { events, levels }) => {
                while at < end && self.may_go_on() {
                    self.on_event(&events[at].with_levels(levels));
                    at += 1;
                }
            }
            None => {}
        }
        feed.position = at;
        self.feed = feed;
        at - start
    }
}

impl<O: Out, W: Wire, V: Venue, const FULL: bool> Agent for Trading<O, W, V, FULL> {
    fn on_start(&mut self) {
        if let Some(start) = &self.start
            && let Err(refused) = start.begin()
        {
            self.start_error = Some(refused);
            self.done = true;
        }
    }

    fn on_close(&mut self) {
        memory::unseal();
    }

    fn do_work(&mut self) -> usize {
        self.blocked = !self.has_room() && self.recorder.out.is_kept();
        if self.blocked {
            return 0;
        }
        if self.must_stop() {
            self.shut_down();
            return 1;
        }
        self.take_commands();
        if self.feed.is_worked_off() && !self.load() {
            self.shut_down();
            return 1;
        }
        let cpu = thread_cpu();
        let work = self.work_chunk();
        self.run_cpu += thread_cpu() - cpu;
        if self.inputs >= self.snapshot_at {
            self.snapshot();
        }
        self.show_progress();
        self.look_whether_new();
        work
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn take_spent(&mut self) -> Spent {
        Spent { is_blocked: self.blocked, ..Spent::default() }
    }

    fn publish(&mut self) {
        self.recorder.out.show(&self.journal_link);
    }
}
