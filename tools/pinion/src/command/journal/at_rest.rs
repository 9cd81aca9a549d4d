//! A journal as the commands read it: judged first, then read as far as it counts.
//!
//! Owns the rule of what a damaged journal is still good for. A journal with damage below its last
//! durable mark is refused. One that a crash left torn is read up to there. Where sound frames stand
//! behind the end they are lost: what counts is read, and the command fails naming the place.

use super::view::View;
use crate::command::run_directory::one_journal;
use crate::failure::Failure;
use pinion_journal::recover::Verdict;
use pinion_journal::{Cursor, Reader, Recovery, scan};
use serde_json::{Value, json};
use std::path::Path;

/// A judged journal with its plan.
pub struct AtRest {
    /// Names and units.
    pub view: View,
    /// How far the journal is sound.
    pub end: Recovery,
    reader: Reader,
}

impl AtRest {
    /// Judges a journal and reads its plan; refuses one that is damaged below its last durable mark.
    pub fn open(dir: &Path) -> Result<AtRest, Failure> {
        one_journal(dir)?;
        let end = scan(dir)?;
        if end.verdict.refuses() {
            return Err(Failure::Run(format!("error: {end}")));
        }
        Ok(AtRest { view: View::open(dir)?, end, reader: Reader::open(dir)? })
    }

    /// The journal's reader.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// A cursor over what counts, from a position on.
    pub fn cursor(&self, from: u64) -> Result<Cursor, Failure> {
        let cursor = self.reader.cursor(from)?.across_pruned();
        Ok(match self.end.verdict {
            Verdict::Torn | Verdict::Hole => cursor.until(self.end.valid_until),
            // A clean tail ends a cursor by itself, and a file that was cut there is still told.
            Verdict::Accept | Verdict::CleanTail | Verdict::Corrupt | Verdict::Misdirected => cursor,
        })
    }

    /// How a journal without its End ends; `None` for one that was closed.
    pub fn unclosed(&self) -> Option<String> {
        let Recovery { verdict, valid_until, file, byte_offset, .. } = &self.end;
        if self.end.closed {
            return None;
        }
        Some(match verdict {
            Verdict::CleanTail => {
                format!("not closed: the journal ends at position {valid_until} without an End record")
            }
            verdict => format!(
                "not closed: {} at position {valid_until} ({}, byte {byte_offset}); nothing from there on counts",
                verdict.label(),
                file.display()
            ),
        })
    }

    /// The same for programs.
    pub fn json(&self) -> Value {
        json!({
            "closed": self.end.closed,
            "verdict": self.end.verdict.label(),
            "valid_until": self.end.valid_until,
            "lost": self.end.lost,
            "durable_position": self.end.durable_position,
        })
    }

    /// Fails when sound frames behind the end are lost; called when everything else has been said.
    pub fn nothing_lost(&self) -> Result<(), Failure> {
        if self.end.lost == 0 {
            return Ok(());
        }
        let remedy = "Keep the files as they are and look for the cause with `pinion journal verify`";
        Err(Failure::Run(format!("error: {}. {remedy}", self.end)))
    }
}
