//! Level `staged`: the link to the keeper lies in a file on tmpfs, and what a killed session left there is put
//! into its journal.
//!
//! ```text
//!   hot thread --push--> /dev/shm/pinion-EPOCH.link --keeper--> journal
//!                                 |                                ^
//!                     kill -9     +---------- drain ---------------+   at the next start
//! ```
//! The keeper gives an item back only when the whole group that it belongs to is in the mapping: what the journal
//! lacks is in the link. What both have is found by what is in it, for every body begins with the number of an
//! input: a session that goes on does again what the journal has, and those records are in the link and are not
//! appended a second time.
//!
//! Both the file's making and its draining are done on the caller's thread, before any hot one is there. The file
//! goes when the journal is closed; a journal that failed, a panic and a kill leave it.

mod drain;

use super::keeper::Keeper;
use crate::failure::Failure;
pub use drain::drain;
use pinion_model::record::Entry;
use pinion_plan::{Durability, Plan};
use pinion_runtime::link::{Rx, Tx, file_bytes, link, link_in_file};
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

#[cfg(test)]
mod tests;
