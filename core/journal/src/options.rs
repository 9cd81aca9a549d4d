//! What a journal is begun with.
//!
//! Owns [`Options`] and what they may be. Cold, at the start of a run.

use std::time::Duration;

use crate::error::JournalError;
use crate::layout::{SEGMENT_BYTES_DEFAULT, SEGMENT_BYTES_MIN};
use crate::system::Anchor;
use crate::upkeep::Upkeep;

const SYNC_EVERY_DEFAULT: Duration = Duration::from_millis(200);

/// What a new journal needs to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// Number of this run, different from every other run's: random, or derived from the boot.
    pub epoch: u64,
    /// Hash of the plan.
    pub plan_hash: [u8; 32],
    /// The engine's build; up to 64 bytes are kept.
    pub build: String,
    /// Ticks and clocks at the start.
    pub anchor: Anchor,
    /// Size of a segment file.
    pub segment_bytes: u64,
    /// Source number of the records that the journal writes itself.
    pub source: u32,
    /// Who makes the next segment ready and has records on disk.
    pub upkeep: Upkeep,
    /// With a thread for it: how long a record may wait until it is had on disk.
    pub sync_every: Duration,
    /// With a thread for it: after how many records they are had on disk before that; 0: by time only.
    pub sync_records: u64,
}

impl Options {
    /// Options with an epoch, the default segment size and nothing else set.
    pub fn new(epoch: u64) -> Self {
        Options {
            epoch,
            plan_hash: [0; 32],
            build: String::new(),
            anchor: Anchor::default(),
            segment_bytes: SEGMENT_BYTES_DEFAULT,
            source: 0,
            upkeep: Upkeep::Inline,
            sync_every: SYNC_EVERY_DEFAULT,
            sync_records: 0,
        }
    }
}

pub(crate) fn check_options(options: &Options) -> Result<(), JournalError> {
    let bytes = options.segment_bytes;
    if !(SEGMENT_BYTES_MIN..=1 << 40).contains(&bytes) {
        let reason = format!("{bytes} is not between {SEGMENT_BYTES_MIN} and {}", 1u64 << 40);
        return Err(JournalError::Option { option: "segment_bytes", reason });
    }
    if options.sync_every.is_zero() {
        return Err(JournalError::Option {
            option: "sync_every",
            reason: "0 would never let the disk rest".into(),
        });
    }
    Ok(())
}
