//! Level `staged`: the link to the keeper lies in a file on tmpfs, and what a killed session left there is put
//! into its journal.
//!
//! ```text
//!   hot thread --push--> /dev/shm/pinion-EPOCH.link --keeper--> journal
//!                                 |                                ^
//!                     kill -9     +---------- drain ---------------+   at the next start
//! ```
//! Item n of the link is the n-th record of a trading thread in the journal from the position on that the file
//! names. The journal's own records and texts that the session appends are of [`Class::System`] and never come
//! over the link, so that what the journal has is found by counting the others. The keeper gives an item back
//! only when the whole group that it belongs to is in the mapping: what the journal lacks is in the link.
//!
//! Both the file's making and its draining are done on the caller's thread, before any hot one is there. The file
//! goes when the journal is closed; a journal that failed, a panic and a kill leave it.

use super::keeper::Keeper;
use crate::failure::Failure;
use pinion_journal::{Reader, Writer};
use pinion_model::record::{Class, Entry, FLAG_MORE, Record};
use pinion_plan::{Durability, Plan};
use pinion_runtime::link::{Identity, Remains, Rx, Tx, file_bytes, link, link_in_file};
use pinion_runtime::ticks::wall_ns;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The file of a session's link. The shards of a session have one epoch and a file each.
pub fn link_path(dir: &Path, epoch: u64, shard: Option<usize>) -> PathBuf {
    let shard = shard.map_or(String::new(), |k| format!("-shard-{k}"));
    dir.join(format!("pinion-{epoch:016x}{shard}.link"))
}

/// The link to a session's keeper, where the plan says that it is to be.
pub fn journal_link(plan: &Plan, keeper: &mut Keeper) -> Result<(Tx<Entry>, Rx<Entry>), Failure> {
    journal_link_of(plan, plan.shard(), keeper)
}

/// The same for one of several keepers of an epoch.
pub fn journal_link_of(
    plan: &Plan,
    shard: Option<usize>,
    keeper: &mut Keeper,
) -> Result<(Tx<Entry>, Rx<Entry>), Failure> {
    let depth = plan.journal_ring_depth();
    let (Durability::Staged, Some(identity)) = (plan.journal.durability, keeper.identity()) else {
        return Ok(link(depth));
    };
    let dir = Path::new(&plan.journal.staged_dir);
    fits(&Filesystem::of(dir), dir, file_bytes::<Entry>(depth) as u64)?;
    let path = link_path(dir, identity.epoch, shard);
    let ends = link_in_file(&path, depth, identity).map_err(|error| {
        Failure::Run(format!("error: {error}; give another directory as `staged_dir` of `journal`"))
    })?;
    keeper.set_link_file(path);
    Ok(ends)
}

/// What is known of the filesystem of a directory.
#[derive(Debug)]
enum Filesystem {
    Unknown(std::io::Error),
    /// Its kind, and bytes that are free.
    Known(i64, u64),
}

/// The kinds whose pages are never written back; see statfs(2).
const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58f6];

impl Filesystem {
    #[allow(unsafe_code)]
    fn of(dir: &Path) -> Filesystem {
        let Ok(name) = CString::new(dir.as_os_str().as_bytes()) else {
            return Filesystem::Unknown(std::io::ErrorKind::InvalidInput.into());
        };
        // SAFETY: a plain structure of numbers, for which zeros are a value.
        let mut stat: libc::statfs = unsafe { std::mem::zeroed() };
        // SAFETY: the name ends with a zero, and the structure outlives the call.
        if unsafe { libc::statfs(name.as_ptr(), &mut stat) } != 0 {
            return Filesystem::Unknown(std::io::Error::last_os_error());
        }
        #[allow(clippy::unnecessary_cast, reason = "their types differ between systems")]
        Filesystem::Known(stat.f_type as i64, (stat.f_bavail as u64).saturating_mul(stat.f_bsize as u64))
    }
}

/// Refuses a directory that is not in memory, or has no room. A store to a page of a disk's file that was written
/// back faults, which the trading thread must not.
fn fits(filesystem: &Filesystem, dir: &Path, bytes: u64) -> Result<(), Failure> {
    let refuse = |why: String| Err(Failure::Usage(format!("error: `staged_dir` {}: {why}", dir.display())));
    match filesystem {
        Filesystem::Unknown(error) => refuse(format!("{error}; give a directory on tmpfs, as /dev/shm")),
        Filesystem::Known(kind, _) if !IN_MEMORY.contains(kind) => {
            refuse("it is not on tmpfs; give a directory that is, as /dev/shm".into())
        }
        Filesystem::Known(_, free) if *free < bytes => refuse(format!(
            "{} KiB are free and the link takes {}; make room, or lower `journal_ring_records` or `max_open_orders`",
            free / 1024,
            bytes.div_ceil(1024)
        )),
        Filesystem::Known(..) => Ok(()),
    }
}

/// What was drained.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), allow(dead_code, reason = "called where a session goes on"))]
pub struct Drained {
    /// The file, which is gone.
    pub path: PathBuf,
    /// Records that the journal lacked and has now.
    pub appended: u64,
    /// Records of a group whose end was never sent.
    pub left_out: u64,
}

/// Puts into the journal what the link in `path` holds beyond it, waits until it is on disk, and removes the
/// file; `None` where there is no such file. A drain that is killed is begun again by the next start: it counts
/// anew what the journal has.
#[cfg_attr(not(test), allow(dead_code, reason = "called where a session goes on"))]
pub fn drain(path: &Path, journal: &Path, writer: &mut Writer) -> Result<Option<Drained>, Failure> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        _ => {}
    }
    let remains = Remains::<Entry>::read(path).map_err(|error| Failure::Run(format!("error: {error}")))?;
    let Identity { epoch, first_position } = remains.identity;
    if epoch != writer.epoch() {
        return Err(Failure::Run(format!(
            "error: {} belongs to the journal with epoch {epoch:016x}, not to {} with epoch {:016x}",
            path.display(),
            journal.display(),
            writer.epoch()
        )));
    }
    let had = records_from(journal, first_position, writer.position())?;
    let items = remains.from(had).map_err(|gap| {
        Failure::Run(format!(
            "error: {} has {had} records of the trading thread from position {first_position} on, but {} begins with \
             item {}: {} are in neither. Part of the journal is gone since it was written; look at it with \
             `pinion journal verify`, or move the link's file away to go on without",
            journal.display(),
            path.display(),
            gap.first,
            gap.first - gap.wanted
        ))
    })?;
    let whole = items.iter().rposition(|entry| entry.flags & FLAG_MORE == 0).map_or(0, |last| last + 1);
    for entry in &items[..whole] {
        writer.append(&Record::of(entry))?;
    }
    if whole > 0 {
        writer.mark(wall_ns())?;
    }
    std::fs::remove_file(path).map_err(|e| Failure::Run(format!("error: {}: {e}", path.display())))?;
    let left_out = (items.len() - whole) as u64;
    Ok(Some(Drained { path: path.to_path_buf(), appended: whole as u64, left_out }))
}

/// Records of trading threads between two positions.
#[cfg_attr(not(test), allow(dead_code, reason = "called where a session goes on"))]
fn records_from(journal: &Path, first: u64, end: u64) -> Result<u64, Failure> {
    if first >= end {
        return Ok(0);
    }
    let mut cursor = Reader::open(journal)?.cursor(first)?.until(end);
    let mut count = 0;
    while let Some(record) = cursor.next_record()? {
        count += u64::from(record.kind().is_none_or(|kind| kind.class() != Class::System));
    }
    Ok(count)
}

#[cfg(test)]
#[path = "staged_tests.rs"]
mod tests;
