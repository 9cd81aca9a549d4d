//! The journal: everything a run took in and everything it decided, in order, on disk.
//!
//! This crate owns the files `journal-<epoch>-<first position>.seg` of one directory and what is done
//! with them: append ([`Writer`]), read and follow ([`Reader`], [`Cursor`]), judge after a crash
//! ([`scan`]), prove whole ([`verify`]) and sign ([`seal()`]); and, when they are at rest, compress
//! ([`archive()`]), remove ([`prune()`]), copy ([`backup()`]) and rescue ([`salvage()`]). `FORMAT.md` has the bytes.
//!
//! Threads: the writer runs on the cold journal thread, and nothing here may run on a hot one (stores to
//! a file mapping fault); with [`Upkeep::Thread`] it has a thread that does what waits for the disk. Readers
//! run anywhere, also in other processes. Only that thread reads clocks: elsewhere time arrives as
//! arguments. Bad files and full disks are [`JournalError`]s that name the file, the
//! position, the reason and what to do. A failed sync is [`JournalError::Durability`], and it is final.
//!
//! ```
//! use pinion_journal::{Anchor, Options, Reader, Writer, verify};
//! use pinion_model::record::{Kind, Record};
//!
//! # fn main() -> Result<(), pinion_journal::JournalError> {
//! # let dir = tempfile::tempdir().unwrap();
//! # let dir = dir.path();
//! let mut options = Options::new(0x5eed_0000_0000_0001);
//! options.segment_bytes = 1 << 20;
//! options.anchor = Anchor { ticks: 1_000, wall_ns: 1_700_000_000_000_000_000, mono_ns: 500 };
//!
//! let mut writer = Writer::create(dir, options)?;
//! let position = writer.append(&Record::new(Kind::Quote, 1_001, 0, [7; 96]))?;
//! writer.mark(1_700_000_000_000_000_900)?; // everything up to here is on disk
//! let head = writer.close(1_700_000_000_000_001_000, b"stopped by the operator")?;
//!
//! let mut cursor = Reader::open(dir)?.cursor(position)?;
//! assert_eq!(cursor.next_record()?.map(|record| record.body), Some([7; 96]));
//!
//! let report = verify(dir)?;
//! assert!(report.closed && report.agrees_with(&head));
//! # Ok(())
//! # }
//! ```

mod archive;
mod backup;
mod chain;
mod copy;
mod disk;
mod error;
#[cfg(any(test, feature = "faults"))]
pub mod faults;
mod files;
mod frame;
mod layout;
mod lock;
mod maintain;
mod map;
mod options;
mod prune;
mod pruned;
mod reader;
mod reader_cursor;
pub mod recover;
mod salvage;
mod scan;
mod seal;
mod seal_key;
mod segment;
mod small_file;
pub mod system;
mod upkeep;
mod upkeep_lock;
mod verify;
mod writer;

pub use archive::{Archived, archive};
pub use backup::{BackupProgress, BackupReport, backup};
pub use error::{Bad, BadKind, JournalError};
pub use layout::{
    CHECKPOINT_FRAMES, FORMAT_VERSION, HEADER_BYTES, SEGMENT_BYTES_DEFAULT, SEGMENT_BYTES_MIN, SegmentHeader,
};
pub use lock::Holder;
pub use maintain::{Maintained, Policy, maintain};
pub use options::Options;
pub use prune::{PruneOptions, PruneReport, PruneUntil, prune};
pub use pruned::Pruned;
pub use reader::{Cursor, Reader};
pub use reader_cursor::{ReaderCursor, registered};
pub use salvage::{Lost, SalvageOptions, SalvageReport, salvage};
pub use scan::{Recovery, scan};
pub use seal::{SEAL_NAME, Seal, SealCheck, seal, verify_seal};
pub use seal_key::{keygen, read_public, read_secret};
pub use system::Anchor;
pub use upkeep::{Durable, Upkeep};
pub use verify::{VerifyReport, verify};
pub use writer::{Head, Resumed, Writer, never_began};

#[cfg(target_endian = "big")]
compile_error!("the journal's files are little-endian images of memory; this target is big-endian");
