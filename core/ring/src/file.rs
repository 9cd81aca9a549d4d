//! A link whose memory is a file on tmpfs, so that it outlives its process; and what a dead process left in one.
//!
//! ```text
//!   0      magic "PINLINK\0"            64   zero
//!   8      version, bytes of an item    1024 items that the consumer is done with
//!   16     slots                        1032 zero
//!   24     epoch of the journal         4096 slots: sequence, item; see `slots`
//!   32     position in the journal at which item 0 may come
//!   40     bytes of a slot, CRC32C of the 44 bytes before
//! ```
//! All numbers are little endian. Making a file, and looking at one, is done on cold threads. The two ends of
//! the link do with it what they do with any other memory; nothing is ever cleaned by write-back on tmpfs.
//!
//! **After a kill** a slot holds either an item that is wholly written, which its sequence says (it is stored
//! last), or the one that was being written, whose sequence still says something else. The producer writes
//! only into slots whose last item the consumer gave back, so that everything from the consumer's count on is
//! whole. What comes before must be where the consumer puts things before it gives them back: in the journal.

use crate::slots::Slots;
use crate::{Rx, Tx, ends};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zerocopy::{FromBytes, Immutable, IntoBytes};

const MAGIC: [u8; 8] = *b"PINLINK\0";
const VERSION: u32 = 1;
/// Bytes of the header that count, with their checksum.
const HEAD_BYTES: usize = 48;
const READ_AT: usize = 1024;
const SLOTS_AT: usize = 4096;

/// What a link's file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Epoch of the journal that its items go to.
    pub epoch: u64,
    /// Position in that journal from which on its items stand.
    pub first_position: u64,
}

/// Why a link's file cannot be made or read.
#[derive(Debug)]
pub enum LinkFileError {
    /// The system refused it.
    Io {
        /// The file.
        path: PathBuf,
        /// What was to be done.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Its process ended while it made it: nothing was ever sent.
    Unfinished {
        /// The file.
        path: PathBuf,
    },
    /// It is not what this build makes, or not whole.
    Bad {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for LinkFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkFileError::Io { path, action, source } => {
                write!(f, "{}: cannot {action} the link's file: {source}", path.display())
            }
            LinkFileError::Unfinished { path } => {
                write!(f, "{}: a link's file that was never finished, with nothing in it", path.display())
            }
            LinkFileError::Bad { path, reason } => {
                write!(f, "{}: not a link's file that can be read: {reason}", path.display())
            }
        }
    }
}

impl std::error::Error for LinkFileError {}

/// Items that are needed, and that neither the journal nor the link has any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first of them.
    pub wanted: u64,
    /// The first one that the link still has.
    pub first: u64,
}

fn slots_for(depth: usize) -> usize {
    depth.max(1).next_power_of_two()
}

/// Bytes of the file of a link that holds `depth` items.
pub fn file_bytes<T: Copy>(depth: usize) -> usize {
    SLOTS_AT + slots_for(depth) * Slots::<T>::LAYOUT.1
}

/// A link as [`crate::link`] makes it, in a file of its own that must not be there yet. Its pages are there when
/// this returns.
#[allow(unsafe_code)]
pub fn link_in_file<T>(path: &Path, depth: usize, identity: Identity) -> Result<(Tx<T>, Rx<T>), LinkFileError>
where
    T: Copy + Send + FromBytes + IntoBytes + Immutable,
{
    let depth = depth.max(1);
    let io = |action| move |source| LinkFileError::Io { path: path.to_path_buf(), action, source };
    let mut open = OpenOptions::new();
    open.read(true).write(true).create_new(true).mode(0o600);
    let mut file = open.open(path).map_err(io("make"))?;
    let made = fill(&mut file, &head::<T>(depth, identity), file_bytes::<T>(depth)).and_then(|()| {
        // SAFETY: the file was made by this call, for its owner alone, and is filled with zeros; `T` is plain
        // bytes by its bounds.
        unsafe { Slots::in_file(&file, slots_for(depth), READ_AT, SLOTS_AT) }
    });
    match made {
        Ok(slots) => Ok(ends(slots, depth)),
        Err(source) => {
            // The first error is the one to act on.
            let _ = std::fs::remove_file(path);
            Err(io("fill")(source))
        }
    }
}

/// Zeros first, so that the room is there, and the header last, so that a file that is half made is none.
fn fill(file: &mut File, head: &[u8], bytes: usize) -> io::Result<()> {
    let zeros = vec![0; 1 << 20];
    let mut left = bytes;
    while left > 0 {
        let piece = left.min(zeros.len());
        file.write_all(&zeros[..piece])?;
        left -= piece;
    }
    std::os::unix::fs::FileExt::write_all_at(file, head, 0)
}

fn head<T: Copy>(depth: usize, identity: Identity) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    head[..8].copy_from_slice(&MAGIC);
    head[8..12].copy_from_slice(&VERSION.to_le_bytes());
    head[12..16].copy_from_slice(&(size_of::<T>() as u32).to_le_bytes());
    head[16..24].copy_from_slice(&(slots_for(depth) as u64).to_le_bytes());
    head[24..32].copy_from_slice(&identity.epoch.to_le_bytes());
    head[32..40].copy_from_slice(&identity.first_position.to_le_bytes());
    head[40..44].copy_from_slice(&(Slots::<T>::LAYOUT.1 as u32).to_le_bytes());
    let crc = crc32c::crc32c(&head[..44]);
    head[44..].copy_from_slice(&crc.to_le_bytes());
    head
}

/// What a dead process left in its link: every item that it had sent and not got back.
#[derive(Clone, Debug)]
pub struct Remains<T> {
    /// What the link belonged to.
    pub identity: Identity,
    first: u64,
    items: Vec<T>,
}

impl<T: FromBytes + Copy> Remains<T> {
    /// Reads the file, whose process must be gone. It must be a plain file of this user.
    pub fn read(path: &Path) -> Result<Remains<T>, LinkFileError> {
        let io = |source| LinkFileError::Io { path: path.to_path_buf(), action: "read", source };
        let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(path).map_err(io)?;
        let owner = file.metadata().map_err(io)?.uid();
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut file, &mut bytes).map_err(io)?;
        // The header is written last, whole and before anything is sent.
        if bytes.iter().take(HEAD_BYTES).all(|byte| *byte == 0) {
            return Err(LinkFileError::Unfinished { path: path.to_path_buf() });
        }
        Remains::of(&bytes, owner).map_err(|reason| LinkFileError::Bad { path: path.to_path_buf(), reason })
    }

    fn of(bytes: &[u8], owner: u32) -> Result<Remains<T>, String> {
        let me = File::open("/proc/self").and_then(|me| me.metadata()).map(|me| me.uid());
        if me.is_ok_and(|me| me != owner) {
            return Err(format!("it belongs to user {owner}"));
        }
        let u64_at = |at: usize| word(bytes, at).ok_or_else(|| "it is too short".to_string());
        let half = |word: u64, at: u32| (word >> at) as u32;
        let (shape, slots, checked) = (u64_at(8)?, u64_at(16)?, u64_at(40)?);
        if bytes[..8] != MAGIC {
            return Err("it does not begin as one".into());
        }
        if half(checked, 32) != crc32c::crc32c(&bytes[..44]) {
            return Err("its header's checksum does not fit".into());
        }
        let (item_at, slot_bytes) = Slots::<T>::LAYOUT;
        let (version, item) = (half(shape, 0), half(shape, 32));
        if version != VERSION || item as usize != size_of::<T>() || half(checked, 0) as usize != slot_bytes {
            return Err(format!(
                "version {version} with items of {item} bytes, where this build makes version {VERSION} of {}: \
                 read it with the build that made it",
                size_of::<T>()
            ));
        }
        let long = usize::try_from(slots).ok().and_then(|slots| slots.checked_mul(slot_bytes));
        if !slots.is_power_of_two() || long.and_then(|long| long.checked_add(SLOTS_AT)) != Some(bytes.len()) {
            return Err(format!("{} bytes are not those of {slots} slots", bytes.len()));
        }
        let slot_of = |n: u64| SLOTS_AT + (n & (slots - 1)) as usize * slot_bytes;
        let first = u64_at(READ_AT)?;
        if first > u64::MAX - 2 * slots {
            return Err(format!("{first} items cannot have been read"));
        }
        let mut items = Vec::new();
        let mut next = first;
        while (items.len() as u64) < slots && u64_at(slot_of(next))? == next + 1 {
            let at = slot_of(next) + item_at;
            let item = T::read_from_bytes(&bytes[at..at + size_of::<T>()]);
            items.push(item.map_err(|_| "an item has another size".to_string())?);
            next += 1;
        }
        // A sequence is stored after the item's bytes and after the sequences before it: none can be missing.
        let last = (0..slots).map(|n| u64_at(slot_of(n))).collect::<Result<Vec<_>, _>>()?;
        if let Some(last) = last.into_iter().max().filter(|last| *last > next) {
            return Err(format!("item {next} is missing, but item {} is there", last - 1));
        }
        Ok(Remains { identity: Identity { epoch: u64_at(24)?, first_position: u64_at(32)? }, first, items })
    }

    /// Items that were sent.
    pub fn sent(&self) -> u64 {
        self.first + self.items.len() as u64
    }

    /// Items that the consumer had given back.
    pub fn given_back(&self) -> u64 {
        self.first
    }

    /// Item `from` and all after it; none where there are not so many. Items that the consumer had given back
    /// may be overwritten and are a [`Gap`].
    pub fn from(&self, from: u64) -> Result<&[T], Gap> {
        match from.checked_sub(self.first) {
            None => Err(Gap { wanted: from, first: self.first }),
            Some(skip) => {
                Ok(self.items.get(usize::try_from(skip).unwrap_or(usize::MAX)..).unwrap_or_default())
            }
        }
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
