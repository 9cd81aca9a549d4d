//! The keeper: digest and journal of a run. It runs on the cold thread (or on the caller's, in layout
//! `invoker`), may block on the disk, and never makes the hot thread wait except by the ring's credits.
//!
//! It fails by remembering its first error and raising a flag; the trading agent then stops entering and ends the run.
//! Where only the next segment cannot be made, that end is still recorded, as far as the segment in use has room.

use super::digest::Digest;
use super::gate::{Gate, Progress};
use super::past::{Again, Seen};
use pinion_journal::{Anchor, Head, JournalError, Writer};
use pinion_model::record::{Entry, FLAG_MORE, Record};
use pinion_plan::Plan;
use pinion_runtime::agent::{Agent, Spent};
use pinion_runtime::counters::ErrorLog;
use pinion_runtime::counters::link::LinkMeter;
use pinion_runtime::link::{Identity, Rx};
use pinion_runtime::ticks::{Anchors, wall_ns};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Takes records one by one, in order.
pub trait Out {
    /// True when this many records can be taken.
    fn has_credits(&mut self, count: usize) -> bool;
    /// Takes one for which there is room.
    fn put(&mut self, entry: &Entry);
    /// Records that were put so far.
    fn records(&self) -> u64;
    /// Does what is due to keep what was put, where that is this thread's work.
    fn help(&mut self) {}
    /// Shows how full it is, where it is a link.
    fn show(&self, _: &LinkMeter) {}
    /// Somebody still keeps what is put.
    fn is_kept(&self) -> bool;
}

impl Out for pinion_runtime::link::Tx<Entry> {
    #[inline]
    fn has_credits(&mut self, count: usize) -> bool {
        pinion_runtime::link::Tx::has_credits(self, count)
    }

    #[inline]
    fn put(&mut self, entry: &Entry) {
        // Without a keeper the ring fills up and nothing makes room; trading is about to end.
        if pinion_runtime::link::Tx::has_credits(self, 1) || self.is_kept() {
            self.push(*entry);
        }
    }

    fn records(&self) -> u64 {
        self.sent()
    }

    fn is_kept(&self) -> bool {
        !self.is_abandoned()
    }

    fn show(&self, meter: &LinkMeter) {
        meter.show(self);
    }
}

/// Why a run's records are not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The journal failed.
    #[error("the journal failed and trading was stopped: {0}")]
    Journal(#[from] JournalError),
    /// A run that goes on does not do again what it did.
    #[error(
        "the run does not repeat its journal: at position {position}\n  then {then}\n  now  {now}\nThe data, the build \
         or the machine is not that of then; behind what the journal has nothing was written but that the run was taken up"
    )]
    Differs {
        /// Where.
        position: u64,
        /// What the journal has.
        then: String,
        /// What came.
        now: String,
    },
}

/// Digest and journal.
pub struct Keeper {
    digest: Digest,
    /// What the journal has already.
    again: Option<Again>,
    writer: Option<Writer>,
    anchors: Anchors,
    last_anchor: Instant,
    error: Option<KeepError>,
    /// Nothing more is appended: a record that should stand there does not.
    is_over: bool,
    failed: Arc<AtomicBool>,
    /// Where errors are shown.
    pub errors: Option<ErrorLog>,
    /// Ticks of upkeep that nobody has asked for yet.
    upkeep: u64,
    /// Records that were put.
    records: u64,
    /// Who waits for them sees here how far they are kept.
    progress: Option<Arc<Progress>>,
    /// The file of the link that they come over, where it has one.
    link_file: Option<PathBuf>,
}

/// What the keeper has at the end.
pub struct Kept {
    /// Decision digest.
    pub digest: String,
    /// Head of the journal, if there was one.
    pub head: Option<Head>,
    /// Rolls that waited because the next segment was not ready.
    pub stalls: u64,
    /// The first error.
    pub error: Option<KeepError>,
    /// The link's file, where it was left because of that: it holds what the journal lacks.
    pub link_file: Option<PathBuf>,
}

impl Kept {
    /// What is said of a journal that failed.
    pub fn failure(&self) -> Option<String> {
        let error = self.error.as_ref()?;
        let left = self.link_file.as_ref().filter(|_| matches!(error, KeepError::Journal(_)));
        let left = left.map_or(String::new(), |path| {
            format!("; records that the journal lacks are in {}", path.display())
        });
        Some(format!("{error}{left}"))
    }
}

/// Time between anchors.
const ANCHOR_EVERY: Duration = Duration::from_secs(1);

impl Keeper {
    /// A keeper with a journal, or with the digest alone.
    pub fn new(writer: Option<Writer>, anchors: Anchors, failed: Arc<AtomicBool>) -> Keeper {
        let mut keeper = Keeper {
            digest: Digest::default(),
            again: None,
            writer,
            anchors,
            last_anchor: Instant::now(),
            error: None,
            is_over: false,
            failed,
            errors: None,
            upkeep: 0,
            records: 0,
            progress: None,
            link_file: None,
        };
        keeper.anchor();
        keeper
    }

    /// The gate at which the plan's orders wait for this keeper, where there is a journal and they do.
    pub fn gate(&mut self, plan: &Plan) -> Option<Gate> {
        let (place, _) = (plan.journal.order_gate()?, self.writer.as_ref()?);
        let progress = self.progress.insert(Arc::default()).clone();
        let timeout = Duration::from_millis(plan.journal.gate_timeout_ms);
        Some(Gate::new(progress, place, timeout, plan.engine.max_open_orders as usize))
    }

    /// What a link's file to this keeper belongs to; `None` without a journal.
    pub fn identity(&self) -> Option<Identity> {
        let writer = self.writer.as_ref()?;
        Some(Identity { epoch: writer.epoch(), first_position: writer.position() })
    }

    /// The link lies in this file, which goes when the journal is closed.
    pub fn set_link_file(&mut self, path: PathBuf) {
        self.link_file = Some(path);
    }

    /// Lets who waits see what is in the mapping.
    fn show_progress(&self) {
        if let (Some(progress), None) = (&self.progress, &self.error) {
            progress.set_mapped(self.records);
        }
    }

    /// An order waits for a sync.
    fn is_sync_wanted(&self) -> bool {
        self.progress.as_ref().is_some_and(|progress| progress.is_sync_wanted())
    }

    /// A keeper of a run that goes on: what the journal has is held against it and not written again.
    pub fn repeating(mut self, again: Option<Again>) -> Keeper {
        if let Some(again) = &again {
            self.digest = again.digest.clone();
        }
        self.again = again;
        self
    }

    /// Ties ticks to time, at the start, each second, and at the end.
    fn anchor(&mut self) {
        let r = self.anchors.read();
        let anchor = Anchor { ticks: r.ticks, wall_ns: r.wall_ns, mono_ns: r.mono_ns };
        self.write(|writer| writer.anchor(anchor));
    }

    fn append(&mut self, record: &Record) {
        self.write(|writer| writer.append(record));
    }

    /// Writes to the journal, where there is one and it takes something.
    #[inline]
    fn write(&mut self, mut write: impl FnMut(&mut Writer) -> Result<u64, JournalError>) {
        if let Some(writer) = &mut self.writer
            && !self.is_over
            && let Err(error) = write(writer)
        {
            self.note(error.into());
            // What a failed preparation kept from being written goes into the room that is left.
            if !self.is_over
                && let Some(Err(error)) = self.writer.as_mut().map(write)
            {
                self.is_over = true;
                self.note(error.into());
            }
        }
    }

    /// True when the journal has the record already.
    #[cold]
    fn knows(&mut self, record: &Record) -> bool {
        let Some(again) = &mut self.again else { return false };
        match again.check(record) {
            Ok(Seen::Known) => true,
            Ok(Seen::New) => {
                self.again = None;
                false
            }
            Err(error) => {
                self.again = None;
                self.check(Err(error));
                true
            }
        }
    }

    fn check(&mut self, result: Result<(), KeepError>) {
        if let Err(error) = result {
            self.note(error);
        }
    }

    /// The run must end. The first error is the one that is told.
    #[cold]
    fn note(&mut self, error: KeepError) {
        self.is_over |= !matches!(error, KeepError::Journal(JournalError::Io { .. }));
        self.failed.store(true, Ordering::Release);
        if let Some(log) = &mut self.errors {
            log.note(0, self.anchors.ticks().now(), 1, &error.to_string());
        }
        self.error.get_or_insert(error);
    }

    /// What is done between records: durable marks, anchors, and a look at what upkeep could not do.
    pub fn housekeeping(&mut self) {
        let Some(writer) = &mut self.writer else { return };
        if self.is_over || writer.in_group() {
            return;
        }
        let began = self.anchors.ticks().now();
        let wanted = self.progress.as_ref().is_some_and(|progress| progress.is_sync_wanted());
        let result = if wanted { writer.mark(wall_ns()).map(|_| ()) } else { writer.housekeeping() };
        if let (Some(progress), true, Ok(())) = (&self.progress, wanted, &result) {
            progress.set_on_disk(self.records);
        }
        self.check(result.map_err(KeepError::from));
        if self.last_anchor.elapsed() >= ANCHOR_EVERY {
            self.last_anchor = Instant::now();
            self.anchor();
        }
        self.upkeep += self.anchors.ticks().now().wrapping_sub(began);
    }

    /// Ticks of upkeep since the last call.
    pub fn take_upkeep(&mut self) -> u64 {
        std::mem::take(&mut self.upkeep)
    }

    /// Closes the journal with a summary.
    pub fn finish(mut self, summary: &str) -> Kept {
        if let Some(again) = self.again.take() {
            let result = again.finish();
            self.check(result);
        }
        self.anchor();
        let digest = self.digest.finish();
        let mut head = None;
        let stalls = self.writer.as_ref().map_or(0, Writer::stalls);
        if let (Some(writer), false) = (self.writer.take(), self.is_over) {
            let text = summary.replace("DIGEST", &digest);
            match writer.close(wall_ns(), text.as_bytes()) {
                Ok(closed) => {
                    head = Some(closed);
                    if let Some(path) = self.link_file.take() {
                        // Everything in it is in the journal; one that stays is drained of nothing.
                        let _ = std::fs::remove_file(path);
                    }
                }
                Err(error) => {
                    self.error.get_or_insert(error.into());
                }
            }
        }
        if let (Some(KeepError::Differs { .. }), Some(path)) = (&self.error, &self.link_file) {
            // What does not repeat the journal is no part of the run.
            let _ = std::fs::remove_file(path);
        }
        Kept { digest, head, stalls, error: self.error, link_file: self.link_file }
    }

    /// The run ended before it had done again what it did: the journal stays as it is, without an end. Returns what
    /// kept it from going on, if that was not its operator.
    pub fn break_off(self) -> Option<KeepError> {
        // What is in the link is in the journal too.
        self.link_file.iter().for_each(|path| _ = std::fs::remove_file(path));
        self.error
    }
}

impl Out for Keeper {
    fn has_credits(&mut self, _: usize) -> bool {
        true
    }

    #[inline]
    fn put(&mut self, entry: &Entry) {
        let record = Record::of(entry);
        let known = self.again.is_some() && self.knows(&record);
        self.digest.add(&record);
        if !known {
            self.append(&record);
        }
        self.records += 1;
    }

    fn records(&self) -> u64 {
        self.records
    }

    fn help(&mut self) {
        self.show_progress();
        if self.is_sync_wanted() {
            self.housekeeping();
        }
    }

    fn is_kept(&self) -> bool {
        true
    }
}

/// The keeper behind a ring.
pub struct KeeperAgent {
    keeper: Keeper,
    rx: Rx<Entry>,
    turns: u32,
}

impl KeeperAgent {
    /// Reads records from `rx`.
    pub fn new(keeper: Keeper, rx: Rx<Entry>) -> KeeperAgent {
        KeeperAgent { keeper, rx, turns: 0 }
    }

    /// The keeper, once the thread has stopped.
    pub fn into_keeper(self) -> Keeper {
        self.keeper
    }
}

impl Agent for KeeperAgent {
    fn do_work(&mut self) -> usize {
        let keeper = &mut self.keeper;
        // A record is in the mapping before the link may overwrite it, and a group as a whole: what a dead
        // process's link still holds goes on where its journal ends. See `staged`.
        let work = self.rx.read_wholes(1024, |entry| {
            keeper.put(entry);
            entry.flags & FLAG_MORE == 0
        });
        if work > 0 {
            keeper.show_progress();
        }
        self.turns = self.turns.wrapping_add(1);
        // The clock is read now and then, and whenever there is time for it.
        if work == 0 || self.turns.is_multiple_of(64) || self.keeper.is_sync_wanted() {
            self.keeper.housekeeping();
        }
        work
    }

    fn is_done(&self) -> bool {
        self.rx.is_finished()
    }

    fn take_spent(&mut self) -> Spent {
        Spent { housekeeping: self.keeper.take_upkeep(), ..Spent::default() }
    }
}
