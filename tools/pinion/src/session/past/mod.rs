//! What a journal holds of a run that goes on: where to begin, what the operator said, and what must come again.
//!
//! A run that goes on begins at the journal's newest snapshot, or at its start, and does everything after it again:
//! recording, engine and venue give the same inputs and outputs as then, and what the operator said is said again
//! where it was said. The keeper holds each record against the journal and appends only what the journal does not
//! have; the first difference ends the run ([`Again::check`]). So nothing is ever written twice, or otherwise.
//!
//! Reading is done before the run's threads begin; checking is done by the keeper's.

pub mod script;
pub mod snapshot;

use super::digest::Digest;
use super::keeper::KeepError;
use crate::command::journal::view::View;
use crate::failure::Failure;
use pinion_journal::system::text_of;
use pinion_journal::{Cursor, JournalError, Reader};
use pinion_model::body::{Body, ExecutionBody};
use pinion_model::order::Reason;
use pinion_model::record::{Class, Kind, Record};
use pinion_plan::Plan;
use script::Script;
use snapshot::{Image, Restored};
use std::path::Path;

/// The journal's past.
pub struct Past {
    /// What the trading side begins with and repeats.
    pub trading: Repeats,
    /// What the keeper holds its records against.
    pub again: Again,
    /// The plan is in the journal.
    pub has_plan: bool,
    /// The last session says that it worked through its recording.
    pub is_complete: bool,
}

/// What the trading side begins with and repeats.
#[derive(Default)]
pub struct Repeats {
    /// What it begins with, if that is not the start.
    pub restored: Option<Restored>,
    /// What was said to it after that.
    pub script: Script,
    /// Inputs in the journal: below that nothing is new.
    pub inputs: u64,
    /// Numbers of the orders that the gate held back; see [`super::gate`].
    pub withheld: Vec<u64>,
}

/// What must come again, record by record.
pub struct Again {
    /// Over the decisions before it.
    pub digest: Digest,
    view: View,
    cursor: Cursor,
}

/// A record of a run that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The journal has it.
    Known,
    /// The journal ends before it.
    New,
}

impl Past {
    /// Reads the journal in `dir` of the run of `plan` up to `until`, where a run may begin at its snapshots or must begin at its start.
    pub fn read(dir: &Path, plan: &Plan, until: u64, by_snapshot: bool) -> Result<Past, Failure> {
        let reader = Reader::open(dir)?;
        let pruned = reader.pruned()?;
        let mut cursor = reader.cursor(0)?.until(until).across_pruned();
        let (mut digest, mut trading, mut has_plan) = (Digest::default(), Repeats::default(), false);
        let (mut from, mut before, mut newest) = (0, Digest::default(), None);
        let (mut group, mut is_complete) = (Vec::new(), false);
        while cursor.next_group(&mut group)? {
            let Some(kind) = group[0].kind() else { continue };
            has_plan |= kind == Kind::Plan;
            if kind == Kind::Summary {
                is_complete = says_complete(&group);
            }
            group.iter().for_each(|record| digest.add(record));
            if kind.class() == Class::Input {
                trading.inputs = sequence(&group[0]);
                trading.script.note(&group[0]);
                trading.withheld.extend(withheld(&group[0]));
            }
            if kind == Kind::Snapshot
                && by_snapshot
                && let Some(bytes) = text_of(&group).filter(|bytes| Image::read(bytes).is_some())
            {
                trading.script.clear();
                (from, before, newest) = (cursor.position(), digest.clone(), Some(bytes));
            }
        }
        if let Some(image) = newest.as_deref().and_then(Image::read) {
            trading.restored = Some(image.restore()?);
        }
        if let Some(gone) = pruned {
            let (first, last) = (gone.from, gone.to - 1);
            if from < gone.to {
                return Err(Failure::Run(format!(
                    "error: {}: records {first} to {last} were pruned and no snapshot behind them is one to begin at, so \
                     the run cannot go on; what is left can be read with `pinion journal`",
                    dir.display()
                )));
            }
            eprintln!(
                "warning: records {first} to {last} were pruned; the decision digest is over what is left"
            );
        }
        let view = View { plan: plan.clone() };
        let again = Again { digest: before, view, cursor: reader.cursor(from)?.until(until) };
        Ok(Past { trading, again, has_plan, is_complete })
    }
}

/// What a closing text says.
fn says_complete(summary: &[Record]) -> bool {
    let text = text_of(summary).unwrap_or_default();
    let value: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    value["complete"] == true
}

/// The order that a record says did not leave.
fn withheld(input: &Record) -> Option<u64> {
    let report = (input.kind() == Some(Kind::Execution)).then(|| ExecutionBody::from_bytes(&input.body))?;
    (report.reason == Reason::NotJournalled.code()).then_some(report.order)
}

/// Number of an input: every body begins with it.
fn sequence(input: &Record) -> u64 {
    input.body.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

impl Again {
    /// Holds a record of the run against the journal's next one.
    pub fn check(&mut self, now: &Record) -> Result<Seen, KeepError> {
        // Notes of the run to itself need not come at the same places.
        if now.kind().is_none_or(|kind| kind.class() == Class::System) {
            return Ok(Seen::Known);
        }
        let Some(then) = self.next()? else { return Ok(Seen::New) };
        if (now.kind, now.flags, now.body) == (then.kind, then.flags, then.body) {
            return Ok(Seen::Known);
        }
        let (then_line, now) = (self.view.line(&then), self.view.line(now));
        Err(KeepError::Differs { position: then.position, then: then_line, now })
    }

    fn next(&mut self) -> Result<Option<Record>, JournalError> {
        while let Some(record) = self.cursor.next_record()? {
            if record.kind().is_some_and(|kind| kind.class() != Class::System) {
                return Ok(Some(*record));
            }
        }
        Ok(None)
    }

    /// The run has ended: the journal must not have more.
    pub fn finish(mut self) -> Result<(), KeepError> {
        match self.next()? {
            None => Ok(()),
            Some(then) => Err(KeepError::Differs {
                position: then.position,
                then: self.view.line(&then),
                now: "the end of the run".into(),
            }),
        }
    }
}
