//! What a killed session left in its link goes into its journal.

use crate::failure::Failure;
use pinion_journal::{Reader, Writer};
use pinion_model::record::{Class, Entry, FLAG_MORE, Kind, Record};
use pinion_runtime::link::{LinkFileError, Remains};
use pinion_runtime::ticks::wall_ns;
use std::path::{Path, PathBuf};

/// What was drained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drained {
    /// The file, which is gone.
    pub path: PathBuf,
    /// Records that the journal lacked and has now.
    pub appended: u64,
    /// Records of a group whose end was never sent.
    pub left_out: u64,
}

/// Puts into the journal what the link in `path` holds beyond it, waits until it is on disk, and removes the
/// file; `None` where there is no such file. A drain that is killed is begun again by the next start.
pub fn drain(path: &Path, journal: &Path, writer: &mut Writer) -> Result<Option<Drained>, Failure> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        _ => {}
    }
    let gone = |e: std::io::Error| Failure::Run(format!("error: {}: {e}", path.display()));
    let remains = match Remains::<Entry>::read(path) {
        Ok(remains) => remains,
        Err(LinkFileError::Unfinished { .. }) => {
            std::fs::remove_file(path).map_err(gone)?;
            return Ok(None);
        }
        Err(error) => return Err(Failure::Run(format!("error: {error}"))),
    };
    let epoch = remains.identity.epoch;
    if epoch != writer.epoch() {
        return Err(Failure::Run(format!(
            "error: {} belongs to the journal with epoch {epoch:016x}, not to {} with epoch {:016x}",
            path.display(),
            journal.display(),
            writer.epoch()
        )));
    }
    let items = remains.from(remains.given_back()).unwrap_or_default();
    let whole = items.iter().rposition(|entry| entry.flags & FLAG_MORE == 0).map_or(0, |last| last + 1);
    let groups: Vec<&[Entry]> =
        items[..whole].split_inclusive(|entry| entry.flags & FLAG_MORE == 0).collect();
    let lacking = lacking(&groups, remains.given_back() > 0, journal, writer.position()).map_err(|why| {
        let path = path.display();
        Failure::Run(format!(
            "error: {path} and {} do not fit: {why}; look at the journal with `pinion journal verify`, or move {path} \
             away to go on without it",
            journal.display()
        ))
    })?;
    let mut appended = 0;
    for entry in lacking.iter().flat_map(|group| group.iter()) {
        writer.append(&Record::of(entry))?;
        appended += 1;
    }
    if appended > 0 {
        writer.mark(wall_ns())?;
    }
    std::fs::remove_file(path).map_err(gone)?;
    Ok(Some(Drained { path: path.to_path_buf(), appended, left_out: (items.len() - whole) as u64 }))
}

/// A record of the run itself, such as a snapshot: the next session makes its own.
fn is_note(kind: u16) -> bool {
    Kind::from_u16(kind).is_some_and(|kind| kind.class() == Class::System)
}

/// The input that a record is of, or follows from.
fn input_of(body: &[u8]) -> u64 {
    body.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn is_same(group: &[Entry], there: &[Record]) -> bool {
    let alike = |(e, r): (&Entry, &Record)| (e.kind, e.flags, &e.body) == (r.kind, r.flags, &r.body);
    group.len() == there.len() && group.iter().zip(there).all(alike)
}

/// The groups that the journal does not have below `end`. It has some from the first on, or none. Notes are taken
/// only behind something that the journal lacked.
fn lacking<'a>(
    groups: &[&'a [Entry]],
    has_before: bool,
    journal: &Path,
    end: u64,
) -> Result<Vec<&'a [Entry]>, String> {
    let data: Vec<&[Entry]> = groups.iter().copied().filter(|group| !is_note(group[0].kind)).collect();
    let Some(first) = data.first() else { return Ok(Vec::new()) };
    let said = |error: pinion_journal::JournalError| error.to_string();
    let mut cursor = Reader::open(journal).map_err(said)?.cursor(0).map_err(said)?.until(end);
    let (mut group, mut known, mut last) = (Vec::new(), 0, None);
    while cursor.next_group(&mut group).map_err(said)? {
        if is_note(group[0].kind) {
            continue;
        }
        last = Some(input_of(&group[0].body));
        match (known, data.get(known)) {
            (_, Some(expected)) if is_same(expected, &group) => known += 1,
            (0, _) | (_, None) => {}
            _ => return Err(format!("at position {} the journal has another record", group[0].position)),
        }
    }
    let next = input_of(&first[0].body);
    // Records of one input, or of the next: nothing lies between.
    if known == 0 && has_before && !last.is_some_and(|last| next == last || next == last + 1) {
        let last = last.map_or("none".into(), |last| last.to_string());
        return Err(format!("the journal's last input is {last}, and the link begins with input {next}"));
    }
    let (mut seen, mut lacking) = (0, Vec::new());
    for group in groups {
        let is_data = !is_note(group[0].kind);
        seen += usize::from(is_data);
        if seen > known && (is_data || !lacking.is_empty()) {
            lacking.push(*group);
        }
    }
    Ok(lacking)
}
