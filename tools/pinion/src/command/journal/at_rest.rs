//! A journal as the commands read it: judged first, then read as far as it counts.
//!
//! Owns the rule of what a damaged journal is still good for. A journal with damage below its last
//! durable mark is refused. One that a crash left torn is read up to there. Where sound frames stand
//! behind the end they are lost: what counts is read, and the command fails naming the place.

use super::facts;
use super::view::View;
use super::when::Bounds;
use crate::command::run_directory::one_journal;
use crate::failure::Failure;
use pinion_journal::recover::Verdict;
use pinion_journal::{Cursor, Reader, Recovery, scan};
use pinion_model::record::{Kind, RECORD_BYTES};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A judged journal with its plan.
pub struct AtRest {
    /// Names and units.
    pub view: View,
    /// How far the journal is sound.
    pub end: Recovery,
    reader: Reader,
    dir: PathBuf,
    /// It ends in an End record, and nothing before that was looked at yet.
    is_quick: bool,
}

impl AtRest {
    /// Judges a journal and reads its plan; refuses one that is damaged below its last durable mark.
    pub fn open(dir: &Path) -> Result<AtRest, Failure> {
        one_journal(dir)?;
        let end = scan(dir)?;
        if end.verdict.refuses() {
            return Err(Failure::Run(format!("error: {end}")));
        }
        let (view, reader) = (View::open(dir)?, Reader::open(dir)?.across_pruned());
        Ok(AtRest { view, end, reader, dir: dir.to_path_buf(), is_quick: false })
    }

    /// Refuses a journal that was pruned, for a question that needs what went.
    pub fn refuse_pruned(&self, why: &str) -> Result<(), Failure> {
        let Some(gone) = self.reader.pruned()? else { return Ok(()) };
        Err(Failure::Usage(format!(
            "error: {}: positions {} to {} were pruned, and {why}; ask a backup that still has them",
            self.dir.display(),
            gone.from,
            gone.to - 1
        )))
    }

    /// The same for a command that checks what it reads by reading it: a journal with an End at its end is
    /// not gone through beforehand. Damage in what is read fails through [`AtRest::explained`].
    pub fn open_quick(dir: &Path) -> Result<AtRest, Failure> {
        one_journal(dir)?;
        let reader = Reader::open(dir)?.across_pruned();
        let Some((file, last)) = last_frame(dir) else { return AtRest::open(dir) };
        match reader.get(last) {
            Ok(Some(record)) if record.kind() == Some(Kind::End) => {}
            _ => return AtRest::open(dir),
        }
        let end = Recovery {
            verdict: Verdict::Accept,
            valid_until: last + 1,
            lost: 0,
            durable_position: last + 1,
            torn_group: None,
            closed: true,
            // Nothing was counted, and no command that opens a journal quickly asks for it.
            caller_records: 0,
            pruned_segments: 0,
            damaged: false,
            file,
            byte_offset: 0,
        };
        Ok(AtRest { view: View::open(dir)?, end, reader, dir: dir.to_path_buf(), is_quick: true })
    }

    /// Where the journal is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A failure while reading, said as it is said of a journal that was judged first.
    pub fn explained(&self, failure: Failure) -> Failure {
        if !self.is_quick {
            return failure;
        }
        match scan(&self.dir) {
            Ok(end) if end.verdict.refuses() || end.lost > 0 => Failure::Run(format!("error: {end}")),
            _ => failure,
        }
    }

    /// Reading ended at a position where the journal goes on.
    pub fn missing(&self, position: u64) -> Failure {
        let failure = format!(
            "error: {} has no record at position {position}, though it goes on to {}",
            self.dir.display(),
            self.end_position()
        );
        self.explained(Failure::Run(failure))
    }

    /// First position that is there.
    pub fn first_position(&self) -> u64 {
        self.reader.header().first_position
    }

    /// The position behind the last that counts.
    pub fn end_position(&self) -> u64 {
        self.end.valid_until
    }

    /// Engine time of the last record that has one.
    pub fn bounds(&self) -> Result<Bounds, Failure> {
        const STEP: u64 = 4096;
        let none = || Failure::Run(format!("error: {} holds nothing with a time", self.dir.display()));
        let (first, end) = (self.first_position(), self.end_position());
        let mut until = end;
        while until > first {
            let start = until.saturating_sub(STEP).max(first);
            let (mut last, mut at) = (None, start);
            while let Some((position, ns)) = self.time_from(at, until)? {
                (last, at) = (Some(ns), position + 1);
            }
            if let Some(last_ns) = last {
                return Ok(Bounds { last_ns });
            }
            until = start;
        }
        Err(none())
    }

    /// The first position whose engine time is not before `ns`; records are in the order of engine time.
    pub fn position_at(&self, ns: i64) -> Result<u64, Failure> {
        let (mut low, mut high) = (self.first_position(), self.end_position());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.time_from(middle, high)? {
                Some((position, at)) if at < ns => low = position + 1,
                // Nothing timed stands between the middle and what was found.
                _ => high = middle,
            }
        }
        Ok(low)
    }

    /// The first record from a position on that has a time: its position and the time.
    fn time_from(&self, from: u64, end: u64) -> Result<Option<(u64, i64)>, Failure> {
        let mut cursor = self.reader.cursor(from)?.until(end);
        while let Some(record) = cursor.next_record()? {
            if let Some(ns) = facts::time_ns(record) {
                return Ok(Some((record.position, ns)));
            }
        }
        Ok(None)
    }

    /// The journal's reader.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// A cursor over what counts, from a position on.
    pub fn cursor(&self, from: u64) -> Result<Cursor, Failure> {
        let cursor = self.reader.cursor(from)?;
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

/// The file with the greatest positions and the position of the last frame that it has room for; `None` where
/// that cannot be told from its name and length.
fn last_frame(dir: &Path) -> Option<(PathBuf, u64)> {
    const HEADER_BYTES: u64 = pinion_journal::HEADER_BYTES as u64;
    let named = |path: PathBuf| {
        let name = path.file_name()?.to_str()?;
        let first =
            name.strip_prefix("journal-")?.strip_suffix(".seg")?.split_once('-')?.1.parse::<u64>().ok()?;
        Some((first, path))
    };
    let files = std::fs::read_dir(dir).ok()?;
    let (first, path) = files.flatten().filter_map(|entry| named(entry.path())).max()?;
    let frames = std::fs::metadata(&path).ok()?.len().checked_sub(HEADER_BYTES)?;
    let frames = frames.is_multiple_of(RECORD_BYTES as u64).then_some(frames / RECORD_BYTES as u64)?;
    Some((path, (first + frames).checked_sub(1)?))
}
