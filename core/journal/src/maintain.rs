//! Retention: what a run does with its own old segments while it goes on.
//!
//! Owns the order of pruning and archiving. It reads and writes whole segments: call it from a thread
//! that nothing waits for, never from the one that appends.

use std::path::Path;

use crate::archive::archive;
use crate::error::JournalError;
use crate::prune::{PruneOptions, PruneUntil, prune};

/// What happens to old segments by themselves; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The newest segments that stay uncompressed; `None` archives none.
    pub archive_after_segments: Option<u64>,
    /// The newest segments that stay at all, as far as readers and replay allow; `None` keeps everything.
    pub retain_segments: Option<u64>,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Segments that were pruned.
    pub pruned: u64,
    /// Segments that were archived.
    pub archived: u64,
}

/// Applies a policy once. `wall_ns` is the caller's UTC.
pub fn maintain(dir: impl AsRef<Path>, policy: Policy, wall_ns: u64) -> Result<Maintained, JournalError> {
    let (dir, mut done) = (dir.as_ref(), Maintained::default());
    if let Some(count) = policy.retain_segments {
        let until = PruneUntil::Keep(count);
        let options =
            PruneOptions { until, as_far_as_possible: true, give_up_replay: false, dry_run: false, wall_ns };
        done.pruned = prune(dir, &options)?.segments;
    }
    if let Some(count) = policy.archive_after_segments {
        // The one in use does not count among those that stay as they are.
        done.archived = archive(dir, count + 1, |_| ())?.len() as u64;
    }
    Ok(done)
}
