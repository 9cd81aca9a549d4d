//! The chain: BLAKE3 over headers and frames in the order of the journal.
//!
//! Owns the running chain value. Cold threads only: it hashes up to 512 KiB at a time, because one call
//! per frame costs seven times as much. It holds no file and cannot fail.
//!
//! ```text
//!   chain := BLAKE3(chain || header)            at the start of a segment, 4096 bytes
//!   chain := BLAKE3(chain || frames)            at a Checkpoint and at the end of a segment
//! ```

use zerocopy::IntoBytes;

use crate::layout::{CHECKPOINT_FRAMES, SegmentHeader};
use pinion_model::record::Record;

/// A chain value and the frames on their way into the next one.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    value: [u8; 32],
    hasher: blake3::Hasher,
    pending: u64,
}

impl Chain {
    /// The chain before anything is written.
    pub(crate) fn new() -> Self {
        let mut chain = Chain { value: [0; 32], hasher: blake3::Hasher::new(), pending: 0 };
        chain.restart([0; 32]);
        chain
    }

    fn restart(&mut self, value: [u8; 32]) {
        self.value = value;
        self.pending = 0;
        self.hasher.reset();
        self.hasher.update(&value);
    }

    /// Goes on from a value that the record of a prune gives.
    pub(crate) fn leap(&mut self, value: [u8; 32]) {
        self.restart(value);
    }

    /// Takes in frames that follow the last ones.
    pub(crate) fn absorb(&mut self, frames: &[Record]) {
        self.hasher.update(frames.as_bytes());
        self.pending += frames.len() as u64;
    }

    /// The value over everything taken in, without ending the batch.
    pub(crate) fn head(&self) -> [u8; 32] {
        if self.pending == 0 { self.value } else { *self.hasher.finalize().as_bytes() }
    }

    /// Ends the batch and gives the new value; a batch without frames leaves the value as it is.
    pub(crate) fn fold(&mut self) -> [u8; 32] {
        let value = self.head();
        self.restart(value);
        value
    }

    /// Takes in a segment's header. The batch before it must have been folded.
    pub(crate) fn begin_segment(&mut self, header: &SegmentHeader) {
        self.hasher.update(header.as_bytes());
        let value = *self.hasher.finalize().as_bytes();
        self.restart(value);
    }

    /// Frames taken in since the last fold.
    pub(crate) fn pending(&self) -> u64 {
        self.pending
    }
}

/// True when the next frame must be a Checkpoint. A group is never split, so its end may be awaited.
#[inline]
pub(crate) fn checkpoint_due(pending: u64, in_group: bool) -> bool {
    pending >= CHECKPOINT_FRAMES && !in_group
}
