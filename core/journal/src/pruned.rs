//! What is left of segments that were pruned: a record of 160 bytes.
//!
//! Owns `journal-<epoch>.pruned`. It says which records are gone and what the chain was on both sides, so
//! that a gap that a prune made is told from one that nobody explains. Pure reading; [`crate::prune`] writes it.
//!
//! ```text
//!     0        8       12      16        24        32       40               48         56
//!     +--------+-------+-------+---------+---------+--------+----------------+----------+---------+
//!     | magic  |version| zero  | epoch   | from    | to     | caller_records | segments | wall_ns |
//!     +--------+-------+-------+---------+---------+--------+----------------+----------+---------+
//!    64                 96                128               156      160
//!     +-----------------+-----------------+-----------------+--------+
//!     | chain_from      | chain_to        | zero            | crc32c |
//!     +-----------------+-----------------+-----------------+--------+
//! ```

use std::mem::offset_of;
use std::path::{Path, PathBuf};

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::error::{Bad, BadKind, JournalError};
use crate::layout::FORMAT_VERSION;
use crate::small_file;

const MAGIC: [u8; 8] = *b"PINIONPR";
const BYTES: usize = 160;

/// The record of what was pruned. See the module's diagram and `FORMAT.md`.
#[derive(Clone, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Pruned {
    magic: [u8; 8],
    version: u32,
    zero: u32,
    /// The journal's epoch.
    pub epoch: u64,
    /// First position that is gone.
    pub from: u64,
    /// First position behind it that is there again.
    pub to: u64,
    /// Records among them that are not the journal's own.
    pub caller_records: u64,
    /// Segments that are gone.
    pub segments: u64,
    /// UTC of the last prune, in nanoseconds since 1970.
    pub wall_ns: u64,
    /// Chain value over everything before `from`.
    pub chain_from: [u8; 32],
    /// Chain value over everything before `to`.
    pub chain_to: [u8; 32],
    reserved: [u8; 28],
    crc32c: u32,
}

const _: () = assert!(size_of::<Pruned>() == BYTES && offset_of!(Pruned, crc32c) == BYTES - 4);

/// Path of the record of a journal.
pub(crate) fn path_of(dir: &Path, epoch: u64) -> PathBuf {
    dir.join(format!("journal-{epoch:016x}.pruned"))
}

impl Pruned {
    /// The record of a journal; `None` if nothing of it was pruned.
    pub fn read(dir: impl AsRef<Path>, epoch: u64) -> Result<Option<Pruned>, JournalError> {
        let path = path_of(dir.as_ref(), epoch);
        let Some(bytes) = small_file::read(&path)? else { return Ok(None) };
        let bad = |position, reason: &str| {
            let bad = Bad {
                file: path.clone(),
                position,
                byte_offset: 0,
                kind: BadKind::Pruned,
                reason: reason.into(),
            };
            Err(bad.into())
        };
        let Ok(found) = Pruned::read_from_bytes(&bytes) else {
            return bad(0, "the record of a prune has 160 bytes");
        };
        let crc = crc32c::crc32c(&bytes[..BYTES - 4]);
        if found.magic != MAGIC || found.crc32c != crc {
            return bad(0, "it is not a record of a prune, or its checksum does not fit");
        }
        if found.version != FORMAT_VERSION {
            return bad(0, "its version is not known to this build; use a newer one");
        }
        let sane = found.epoch == epoch && 0 < found.from && found.from < found.to && found.to <= 1 << 62;
        if !sane || found.zero != 0 || found.reserved != [0; 28] {
            return bad(found.from, "it contradicts itself or this journal");
        }
        Ok(Some(found))
    }

    /// A record that is not written yet; chain values, counts and positions are the caller's.
    pub(crate) fn new(epoch: u64, from: u64, to: u64, chain_from: [u8; 32], chain_to: [u8; 32]) -> Pruned {
        Pruned {
            magic: MAGIC,
            version: FORMAT_VERSION,
            zero: 0,
            epoch,
            from,
            to,
            caller_records: 0,
            segments: 0,
            wall_ns: 0,
            chain_from,
            chain_to,
            reserved: [0; 28],
            crc32c: 0,
        }
    }

    pub(crate) fn write(mut self, dir: &Path) -> Result<(), JournalError> {
        self.crc32c = crc32c::crc32c(&self.as_bytes()[..BYTES - 4]);
        small_file::replace(&path_of(dir, self.epoch), self.as_bytes())
    }

    /// True if the position is gone.
    pub fn holds(&self, position: u64) -> bool {
        (self.from..self.to).contains(&position)
    }
}
