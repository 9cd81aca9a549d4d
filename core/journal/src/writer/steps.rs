//! What happens below an append: storing a frame, a due Checkpoint, a roll, a sync.
//!
//! Owns the order of those steps, on the cold journal thread. A roll either happens whole or leaves the
//! writer as it was; a failed sync stops the writer for good.

use std::io;
use std::path::PathBuf;

use pinion_model::record::{BODY_BYTES, Kind, Record};

use super::Writer;
use crate::chain::checkpoint_due;
use crate::error::JournalError;
use crate::segment::Segment;
use crate::system::{self, Checkpoint, Mark};
use crate::upkeep::News;

/// Full segments that may wait for a mark; beyond it a roll syncs them, so that files stay few.
const RETIRED_MAX: usize = 16;

/// The last eighth of a segment is for what ends a run, should there be no next one.
pub(super) fn ready_by(segment: &Segment) -> u64 {
    let frames = segment.end_position() - segment.next_position();
    segment.end_position() - frames / 8
}

impl Writer {
    #[inline]
    pub(super) fn push(&mut self, record: &Record) -> Result<u64, JournalError> {
        self.make_room()?;
        let position = self.store(record);
        self.care.publish(position + 1);
        Ok(position)
    }

    /// A Mark is published with the record behind it: on its own it is no reason to sync again.
    pub(super) fn push_mark(&mut self, mark: Mark) -> Result<u64, JournalError> {
        self.make_room()?;
        self.marked = mark.durable_position;
        Ok(self.store(&Record::new(Kind::Mark, self.last_ticks, self.source, system::body_of(&mark))))
    }

    /// Takes up what upkeep has done, and fails for what it could not do.
    #[inline]
    pub(super) fn look(&mut self) -> Result<(), JournalError> {
        if self.position() >= self.ready_by {
            self.see_to_the_next()?;
        }
        if !self.care.has_news() && self.due_mark.is_none() {
            return Ok(());
        }
        self.hear()?.map_or(Ok(()), Err)
    }

    /// Waits for the next segment while there is room in this one. That it cannot be made is told once; what comes
    /// then goes into the room that is left.
    #[cold]
    fn see_to_the_next(&mut self) -> Result<(), JournalError> {
        self.ready_by = u64::MAX;
        if self.care.is_threaded() {
            self.prepare_next()?;
        }
        Ok(())
    }

    /// The same; that a segment cannot be prepared is no failure as long as the one in use has room.
    #[cold]
    pub(super) fn hear(&mut self) -> Result<Option<JournalError>, JournalError> {
        self.refuse_failed()?;
        let News { failed, unprepared, durable: (durable_position, wall_ns) } = self.care.take_news();
        self.or_fail(failed.map_or(Ok(()), Err))?;
        if unprepared.is_some() {
            // It is told now, and not a second time.
            self.ready_by = u64::MAX;
        }
        if self.care.is_threaded() && durable_position > self.marked {
            self.due_mark = Some(Mark { durable_position, wall_ns });
        }
        if let (Some(mark), false, None) = (self.due_mark, self.in_group, &unprepared) {
            self.push_mark(mark)?;
            self.due_mark = None;
        }
        Ok(unprepared)
    }

    pub(super) fn push_own(&mut self, kind: Kind, body: [u8; BODY_BYTES]) -> Result<u64, JournalError> {
        self.push(&Record::new(kind, self.last_ticks, self.source, body))
    }

    #[inline]
    pub(super) fn store(&mut self, record: &Record) -> u64 {
        let position = self.segment.next_position();
        self.segment.publish(&self.seed.sealed(record, position));
        self.in_group = record.continues();
        position
    }

    /// Makes sure of the next segment if frames, and a Checkpoint, may not fit this one: a group whose
    /// end has no room would stay open for good.
    pub(super) fn reserve(&mut self, frames: u64) -> Result<(), JournalError> {
        if frames + 1 > self.segment.end_position() - self.segment.next_position() {
            self.prepare_next()?;
        }
        Ok(())
    }

    /// Makes the next slot free for any record: rolls a full segment, writes a due Checkpoint.
    #[inline]
    pub(super) fn make_room(&mut self) -> Result<(), JournalError> {
        self.refuse_failed()?;
        loop {
            if self.segment.is_full() {
                self.roll()?;
            } else if checkpoint_due(self.pending(), self.in_group) {
                self.checkpoint();
            } else {
                return Ok(());
            }
        }
    }

    #[inline]
    pub(super) fn pending(&self) -> u64 {
        self.chain.pending() + (self.segment.used() - self.absorbed)
    }

    pub(super) fn absorb(&mut self) {
        self.chain.absorb(self.segment.frames_from(self.absorbed));
        self.absorbed = self.segment.used();
    }

    #[cold]
    pub(super) fn checkpoint(&mut self) {
        self.absorb();
        let frames = self.chain.pending();
        let first_position = self.position() - frames;
        let body = system::body_of(&Checkpoint { chain: self.chain.fold(), first_position, frames });
        self.store(&Record::new(Kind::Checkpoint, self.last_ticks, self.source, body));
    }

    #[cold]
    pub(super) fn roll(&mut self) -> Result<(), JournalError> {
        if !self.care.is_threaded() && self.care.retired() >= RETIRED_MAX {
            self.sync()?;
        }
        self.prepare_next()?;
        let Some(prepared) = self.care.take_prepared() else {
            return Ok(());
        };
        self.absorb();
        let chain_before = self.chain.head();
        let mut header = self.header.clone();
        header.first_position = self.segment.end_position();
        header.chain = chain_before;
        let header = header.sealed();
        let (next, litter) = match prepared.activate(&header) {
            Ok(activated) => activated,
            Err(failure) => {
                let (unused, error) = *failure;
                self.care.give_back(unused);
                return Err(error);
            }
        };
        self.chain.fold();
        self.chain.begin_segment(&header);
        self.absorbed = 0;
        self.segments += 1;
        let full = std::mem::replace(&mut self.segment, next);
        self.ready_by = ready_by(&self.segment);
        self.care.rolled(full.retire(), &self.segment, litter);
        Ok(())
    }

    /// Waits until everything appended is on disk, in the order in which it was written.
    pub(super) fn sync(&mut self) -> Result<(), JournalError> {
        self.refuse_failed()?;
        let synced = self.care.sync(self.position());
        self.or_fail(synced)
    }

    pub(super) fn or_fail(&mut self, result: Result<(), (PathBuf, io::Error)>) -> Result<(), JournalError> {
        let position = self.position();
        result.map_err(|(path, source)| {
            self.failed = true;
            JournalError::Durability { path, position, source }
        })
    }

    #[inline]
    pub(super) fn refuse_failed(&self) -> Result<(), JournalError> {
        if self.failed {
            return Err(JournalError::Failed { dir: self.dir.clone(), position: self.position() });
        }
        Ok(())
    }

    pub(super) fn refuse_in_group(&self) -> Result<(), JournalError> {
        if self.in_group {
            return Err(JournalError::OpenGroup { position: self.position() });
        }
        Ok(())
    }
}
