//! What a journal is begun with.
//!
//! Owns [`Options`] and what they may be. Cold, at the start of a run.

use crate::error::JournalError;
use crate::layout::{SEGMENT_BYTES_DEFAULT, SEGMENT_BYTES_MIN};
use crate::system::Anchor;

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
        }
    }
}

pub(crate) fn check_options(options: &Options) -> Result<(), JournalError> {
    let bytes = options.segment_bytes;
    if !(SEGMENT_BYTES_MIN..=1 << 40).contains(&bytes) {
        let reason = format!("{bytes} is not between {SEGMENT_BYTES_MIN} and {}", 1u64 << 40);
        return Err(JournalError::Option { option: "segment_bytes", reason });
    }
    Ok(())
}
