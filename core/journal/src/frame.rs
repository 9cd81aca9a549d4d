//! One frame: filling in commit, position and checksum, and judging a slot's bytes.
//!
//! Owns the meaning of a frame's first 16 bytes. Pure functions, any thread, no I/O. The checksum covers
//! the epoch, the commit word's final value and every byte from `position` on, so a frame of another
//! run, another place or another length cannot pass for this one.

use pinion_model::record::{RECORD_BYTES, Record};
use zerocopy::IntoBytes;

use crate::error::BadKind;

/// The commit word of a written frame.
pub(crate) const COMMITTED: u32 = RECORD_BYTES as u32;
const CRC_FROM: usize = 8;

/// What every frame of an epoch has in front of its checksummed bytes, folded once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(u32);

impl Seed {
    /// The checksum of the epoch and of the commit word that a whole frame ends up with.
    pub(crate) fn new(epoch: u64) -> Self {
        Seed(crc32c::crc32c_append(crc32c::crc32c(&epoch.to_le_bytes()), &COMMITTED.to_le_bytes()))
    }

    /// The checksum that a whole frame with these bytes must carry.
    #[inline]
    pub(crate) fn crc(self, frame: &Record) -> u32 {
        crc32c::crc32c_append(self.0, &frame.as_bytes()[CRC_FROM..])
    }

    /// The frame as it goes to disk.
    #[inline]
    pub(crate) fn sealed(self, record: &Record, position: u64) -> Record {
        let mut frame = *record;
        frame.commit = COMMITTED;
        frame.position = position;
        frame.crc32c = self.crc(&frame);
        frame
    }

    /// True if the slot holds exactly the frame that belongs there.
    #[inline]
    pub(crate) fn accepts(self, frame: &Record, position: u64) -> bool {
        frame.commit == COMMITTED && frame.crc32c == self.crc(frame) && frame.position == position
    }

    /// What is wrong with a slot whose commit word is not 0. Only called for slots not accepted.
    #[cold]
    pub(crate) fn fault(self, frame: &Record, position: u64) -> (BadKind, String) {
        let crc = self.crc(frame);
        if frame.commit != COMMITTED {
            (BadKind::Commit, format!("commit word {} is neither 0 nor {COMMITTED}", frame.commit))
        } else if frame.crc32c != crc {
            (BadKind::Crc, format!("checksum is {:08x}, the frame's bytes give {crc:08x}", frame.crc32c))
        } else {
            (
                BadKind::Position,
                format!("the frame says position {}, {position} belongs here", frame.position),
            )
        }
    }
}

/// True if no bit of the slot is set.
pub(crate) fn is_blank(frame: &Record) -> bool {
    const BLANK: [u8; RECORD_BYTES] = [0; RECORD_BYTES];
    frame.as_bytes() == BLANK
}
