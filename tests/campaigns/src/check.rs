//! The invariants, as one look at a directory after a crash.
//!
//! Owns what every campaign demands. It knows the stream, what the child said, and the files; it does not
//! know what happened to them. A [`Violation`] names the invariant and what was found.

use std::fmt;
use std::path::Path;

use pinion_journal::system::is_reserved;
use pinion_journal::{JournalError, verify};

use crate::child;
use crate::oracle::Oracle;
use crate::progress::{Seen, Word};
use crate::stream::{AppendItem, Stream, Walk, item_at_frame};
use crate::subject::{self, Judged, Subject};

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub invariant: &'static str,
    /// What was found.
    pub detail: String,
}

impl Violation {
    /// A violation of the invariant with this name.
    pub fn new(invariant: &'static str, detail: impl Into<String>) -> Self {
        Violation { invariant, detail: detail.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.detail)
    }
}

/// What must hold of a directory.
#[derive(Clone, Debug)]
pub struct Must {
    /// What was appended.
    pub stream: Stream,
    /// What the child said.
    pub seen: Seen,
    /// What must have survived.
    pub keep: Keep,
    /// Refusing is an answer, because bytes were changed under the journal.
    pub may_refuse: bool,
}

/// What must have survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Every item that was acknowledged: a process died.
    Acknowledged,
    /// Everything that the writer had called durable: the machine died.
    Durable,
    /// Everything that the Marks that are left vouch for: the files were damaged.
    Marked,
}

/// Judges a directory and holds the judgement against everything that is known.
pub fn state(subject: Subject, dir: &Path, must: &Must) -> Result<Judged, Violation> {
    let judged = subject.judge(dir);
    let whole_items = exact(&judged, must)?;
    match &judged.refused {
        Some(_) if must.may_refuse => return Ok(judged),
        Some(reason) => return Err(Violation::new("no refusal without damage", reason.clone())),
        None => {}
    }
    kept(&judged, whole_items, must)?;
    second_reading(&judged, dir, must)?;
    Ok(judged)
}

/// Every accepted record is the one that was appended there; groups are whole.
fn exact(judged: &Judged, must: &Must) -> Result<u64, Violation> {
    let mut walk = Walk::new(must.stream);
    for (record, position) in judged.records.iter().zip(0..) {
        let wrong = |what: String| Err(Violation::new("nothing false is accepted", what));
        if record.position != position {
            return wrong(format!("position {position} holds a frame of position {}", record.position));
        }
        if is_reserved(record.kind) {
            if walk.whole_items().is_none() {
                return wrong(format!("position {position}: the journal's own record inside a group"));
            }
            continue;
        }
        let (expected, item, within) = walk.next_frame();
        if !expected.fits(record) {
            return wrong(format!("position {position} is not frame {within} of item {item} as appended"));
        }
        if let Some(appended) = must.seen.position(item)
            && appended + within != position
        {
            return wrong(format!("item {item} was appended at {appended} and stands at {position}"));
        }
    }
    walk.whole_items().ok_or_else(|| {
        Violation::new(
            "groups count whole or not at all",
            format!("{} records end inside one", judged.records.len()),
        )
    })
}

/// What had to survive did, and nothing came from nowhere.
fn kept(judged: &Judged, whole_items: u64, must: &Must) -> Result<(), Violation> {
    let (records, said) = (judged.records.len() as u64, &must.seen);
    let (items, durable) = (said.get(Word::Items), said.get(Word::Durable));
    if must.keep != Keep::Marked && records < durable {
        let detail = format!("{records} records count, the writer had said that {durable} are on disk");
        return Err(Violation::new("what was durable is kept", detail));
    }
    if must.keep == Keep::Acknowledged && whole_items < items {
        let detail = format!("{whole_items} items count, {items} were acknowledged");
        return Err(Violation::new("what was acknowledged is kept", detail));
    }
    if whole_items > items + 1 {
        let detail = format!("{whole_items} items count, {items} were acknowledged and one may be under way");
        return Err(Violation::new("nothing false is accepted", detail));
    }
    Ok(())
}

/// The independent reading agrees, and so does the head that the writer had told.
fn second_reading(judged: &Judged, dir: &Path, must: &Must) -> Result<(), Violation> {
    let oracle =
        Oracle::read(dir).map_err(|error| Violation::new("the files can be read", error.to_string()))?;
    for record in &judged.records {
        if oracle.frame(record.position) != Some(record) {
            let detail = format!("position {} is unsound to a second reading", record.position);
            return Err(Violation::new("nothing false is accepted", detail));
        }
    }
    let counted = judged.records.len() as u64;
    if counted < oracle.durable() {
        let detail = format!("{counted} records count, a sound Mark vouches for {}", oracle.durable());
        return Err(Violation::new("what was durable is kept", detail));
    }
    let all = oracle.prefix();
    if counted != all {
        let detail = format!("{counted} records count, {all} are sound and in whole groups");
        return Err(Violation::new("the prefix is as long as it can be", detail));
    }
    if let Some((records, chain)) = must.seen.head()
        && records <= counted
        && !oracle.chain_is(records, &chain)
    {
        let detail = format!("the head that was told for {records} records is not the files'");
        return Err(Violation::new("the chain's head is consistent", detail));
    }
    Ok(())
}

/// What recovery took, the writer takes as well; appended to, the journal is proved whole. Changes the directory.
pub fn resumes(dir: &Path, must: &Must, judged: &Judged) -> Result<(), Violation> {
    let wrong = |what: String| Err(Violation::new("the journal can be gone on with", what));
    let frames = 20;
    let mut opened = match (subject::open_writer(dir, child::options(frames)), &judged.refused) {
        (Ok(opened), None) => opened,
        (Err(_), Some(_)) => return Ok(()),
        (Ok(_), Some(reason)) => return wrong(format!("scan refuses and resume does not: {reason}")),
        // Files that somebody put between the others are found when they are opened.
        (Err(JournalError::Bad(_)), None) if must.may_refuse => return Ok(()),
        (Err(error), None) => return wrong(error.to_string()),
    };
    let counted = judged.records.len() as u64;
    if opened.valid_until != counted {
        return wrong(format!("{counted} records count, resume goes on behind {}", opened.valid_until));
    }
    let Some(item) = item_at_frame(must.stream, opened.caller_frames) else {
        return wrong(format!(
            "{} frames of the stream count, which is inside an item",
            opened.caller_frames
        ));
    };
    let mut append = || {
        for number in item..item + 6 {
            opened.writer.append_item(&must.stream.item(number))?;
        }
        opened.writer.mark(1)
    };
    if let Err(error) = append() {
        return wrong(error.to_string());
    }
    let records = opened.writer.position();
    drop(opened);
    proved(dir, records)?;
    let mut seen = Seen::of(item + 6, records - 1);
    if let Some((records, chain)) = must.seen.head()
        && records <= counted
    {
        seen.keep_head(records, chain);
    }
    let must = Must { seen, keep: Keep::Acknowledged, may_refuse: false, ..must.clone() };
    state(Subject::Journal, dir, &must).map(drop)
}

/// A journal at rest that nobody damaged is proved whole, with the chain value of a second reading.
pub fn proved(dir: &Path, at_least: u64) -> Result<u64, Violation> {
    let report = verify(dir).map_err(|error| Violation::new("verify proves it whole", error.to_string()))?;
    if let Some(bad) = report.first_bad {
        return Err(Violation::new("verify proves it whole", bad.to_string()));
    }
    if report.records < at_least {
        let detail = format!("verify counts {} records, {at_least} are there", report.records);
        return Err(Violation::new("verify proves it whole", detail));
    }
    let oracle =
        Oracle::read(dir).map_err(|error| Violation::new("the files can be read", error.to_string()))?;
    if !oracle.chain_is(report.records, &report.chain_head) {
        let detail =
            format!("verify's chain over {} records is not that of a second reading", report.records);
        return Err(Violation::new("the chain's head is consistent", detail));
    }
    Ok(report.records)
}
