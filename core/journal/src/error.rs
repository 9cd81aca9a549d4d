//! What can go wrong with a journal, said so that an operator can act.
//!
//! Owns the error type of the crate. Used from every thread; it does nothing by itself. Each message
//! names the file, where in it, the reason and the remedy.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What is wrong with a piece of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BadKind {
    /// A segment's file name does not parse, or does not agree with its header.
    Name,
    /// A file is shorter or longer than its contents say.
    Length,
    /// A segment header does not hold what it must.
    Header,
    /// The file was written by a format that this build does not know.
    Version,
    /// A segment is missing, doubled or follows the end.
    Segment,
    /// A commit word is neither 0 nor a frame's length.
    Commit,
    /// A frame's checksum does not fit its bytes.
    Crc,
    /// A frame stands where another position belongs.
    Position,
    /// A chain value does not follow from the bytes before it.
    Chain,
    /// A chained group of frames is interrupted.
    Group,
    /// A record of the journal itself is out of place or contradicts the journal.
    System,
    /// An empty slot has records behind it.
    Hole,
    /// Bytes that must be zero behind the last record are not.
    Tail,
    /// An archive does not hold what was put into it.
    Archive,
    /// The record of a prune is damaged, or does not fit the segments on its sides.
    Pruned,
    /// A seal says something else than the journal.
    Seal,
}

impl BadKind {
    /// The word that tools print.
    pub fn label(self) -> &'static str {
        match self {
            BadKind::Name => "name",
            BadKind::Length => "length",
            BadKind::Header => "header",
            BadKind::Version => "version",
            BadKind::Segment => "segment",
            BadKind::Commit => "commit",
            BadKind::Crc => "crc",
            BadKind::Position => "position",
            BadKind::Chain => "chain",
            BadKind::Group => "group",
            BadKind::System => "system",
            BadKind::Hole => "hole",
            BadKind::Tail => "tail",
            BadKind::Archive => "archive",
            BadKind::Pruned => "pruned",
            BadKind::Seal => "seal",
        }
    }
}

/// One place in a journal that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// The file.
    pub file: PathBuf,
    /// The position of the record that is, or should be, there.
    pub position: u64,
    /// Where in the file the trouble starts: the byte, or the frame that holds it.
    pub byte_offset: u64,
    /// What sort of trouble it is.
    pub kind: BadKind,
    /// What was found and what was expected.
    pub reason: String,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: position {}, byte {}: {}: {}",
            self.file.display(),
            self.position,
            self.byte_offset,
            self.kind.label(),
            self.reason
        )
    }
}

/// Everything that the journal can refuse or fail to do.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused something; nothing was lost.
    #[error("{}: cannot {action}: {source}. {remedy}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
        /// What to do about it.
        remedy: &'static str,
    },
    /// Data may not have reached the disk. The writer accepts nothing more: the page cache may have
    /// dropped the dirty pages, so trying again could report success over lost data.
    #[error(
        "{}: sync failed at position {position}: {source}. Records from the last mark on may be lost: stop \
         trading, keep the files, and replace the disk or free space before the next run", path.display()
    )]
    Durability {
        /// The file or directory that did not sync.
        path: PathBuf,
        /// The next position to be written when it failed.
        position: u64,
        /// What the operating system said.
        source: io::Error,
    },
    /// The writer was used again after [`JournalError::Durability`].
    #[error(
        "{}: this writer stopped at position {position} after a failed sync; recover the directory and start a \
         new run", dir.display()
    )]
    Failed {
        /// The journal's directory.
        dir: PathBuf,
        /// The next position to be written when it failed.
        position: u64,
    },
    /// The directory already holds a journal.
    #[error("{}: already holds {found}; choose another directory", dir.display())]
    Occupied {
        /// The directory.
        dir: PathBuf,
        /// A segment that is already there.
        found: String,
    },
    /// Another writer has the directory.
    #[error("{}: {by} writes a journal here; stop it or choose another directory", dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// Who has it.
        by: String,
    },
    /// A run may not go on with this journal.
    #[error("{found}")]
    Unrecoverable {
        /// What was found.
        found: Box<crate::Recovery>,
    },
    /// The journal was written by another plan.
    #[error(
        "{}: written by another plan, that is configuration; a run goes on only with its own", dir.display()
    )]
    OtherPlan {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory holds no segment.
    #[error("{}: no journal-*.seg file here; check the path of the run", dir.display())]
    NoJournal {
        /// The directory.
        dir: PathBuf,
    },
    /// An option has a value that cannot work.
    #[error("journal option {option}: {reason}")]
    Option {
        /// The option.
        option: &'static str,
        /// What is wrong and what is allowed.
        reason: String,
    },
    /// The record's kind belongs to the journal itself.
    #[error(
        "kind {kind:#05x} is written by the journal itself; use mark, anchor or close, or append a kind of \
         the engine"
    )]
    Reserved {
        /// The kind as a number.
        kind: u16,
    },
    /// A record of the journal itself would split a chained group.
    #[error(
        "position {position}: a chained group is open; append its last frame (without FLAG_MORE) before a \
         text, mark, anchor or close"
    )]
    OpenGroup {
        /// The next position.
        position: u64,
    },
    /// A text does not fit the length field.
    #[error("a text of {bytes} bytes is too long for a journal; the limit is {limit} bytes")]
    TextTooLong {
        /// The text's length.
        bytes: usize,
        /// The longest allowed.
        limit: usize,
    },
    /// The position is neither written nor the next to be written.
    #[error(
        "{}: position {position} is outside the journal, which starts at {first}; choose one that it holds, \
         or the one behind its last", dir.display()
    )]
    NoSuchPosition {
        /// The directory.
        dir: PathBuf,
        /// The position asked for.
        position: u64,
        /// The first position present.
        first: u64,
    },
    /// The position was pruned, or lies where a cursor would have to leap over what was.
    #[error(
        "{}: position {position}: the records {from} to {} were pruned; what is left begins again at {to}",
        dir.display(), to - 1
    )]
    Pruned {
        /// The directory.
        dir: PathBuf,
        /// The position asked for.
        position: u64,
        /// First position that was pruned.
        from: u64,
        /// First position behind it.
        to: u64,
    },
    /// Something at rest is not done, because it would lose or overwrite what is needed.
    #[error("{}: {reason}", path.display())]
    Refused {
        /// The file or directory.
        path: PathBuf,
        /// Why not, and what to do.
        reason: String,
    },
    /// The bytes are not a sound journal.
    #[error("{0}. Keep the files as they are and run `pinion journal verify`")]
    Bad(Box<Bad>),
}

impl From<Bad> for JournalError {
    fn from(bad: Bad) -> Self {
        JournalError::Bad(Box::new(bad))
    }
}

/// Turns an operating-system error into one that says what was attempted and what helps.
pub(crate) fn io_error(action: &'static str, path: &Path, source: io::Error) -> JournalError {
    let remedy = match source.kind() {
        io::ErrorKind::NotFound => "Create the directory, or check the path",
        io::ErrorKind::PermissionDenied => {
            "Give the engine's user the right to it, or choose another directory"
        }
        io::ErrorKind::ReadOnlyFilesystem => "Choose a directory on a writable file system",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "Free space, or set a smaller segment or another directory"
        }
        io::ErrorKind::NotADirectory => "Give a directory, not a file",
        io::ErrorKind::AlreadyExists => "Something else writes here: choose a directory of its own",
        _ => "Check the disk and the system log",
    };
    JournalError::Io { action, path: path.to_path_buf(), source, remedy }
}
