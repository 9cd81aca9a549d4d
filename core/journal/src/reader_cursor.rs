//! How far a reader has come: a small file that outlives it, and that prune respects.
//!
//! Owns `readers/<name>.cursor` in the journal's directory. Cold, any process; one process a name. A
//! name is registered from the first [`ReaderCursor::open`] on, and nothing at or above its position is
//! pruned until its file is removed. A damaged file is an error, never a guess.
//!
//! ```text
//!     0        8         16         24       28       32
//!     +--------+---------+----------+--------+--------+
//!     | magic  | epoch   | position | zero   | crc32c |
//!     +--------+---------+----------+--------+--------+
//! ```

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::error::{Bad, BadKind, JournalError, io_error};
use crate::reader::Reader;
use crate::small_file;

const MAGIC: [u8; 8] = *b"PINIONRC";
const FOLDER: &str = "readers";
const SUFFIX: &str = ".cursor";

#[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Content {
    magic: [u8; 8],
    epoch: u64,
    position: u64,
    zero: u32,
    crc32c: u32,
}

/// A reader's place, on disk.
#[derive(Debug)]
pub struct ReaderCursor {
    path: PathBuf,
    epoch: u64,
    position: u64,
}

impl ReaderCursor {
    /// The place of the reader with this name; a new one is registered at position 0. A name has 1 to 64
    /// of a-z, 0-9, `_` and `-`.
    pub fn open(dir: impl AsRef<Path>, name: &str) -> Result<ReaderCursor, JournalError> {
        let dir = dir.as_ref();
        let is_good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        if !(1..=64).contains(&name.len()) || !name.bytes().all(is_good) {
            let reason = format!("`{name}` is no name of a reader: use 1 to 64 of a-z, 0-9, _ and -");
            return Err(JournalError::Refused { path: dir.join(FOLDER), reason });
        }
        let epoch = Reader::open(dir)?.header().epoch;
        let path = dir.join(FOLDER).join(format!("{name}{SUFFIX}"));
        if let Some(bytes) = small_file::read(&path)? {
            let position = decode(&path, &bytes, epoch)?;
            return Ok(ReaderCursor { path, epoch, position });
        }
        fs::create_dir_all(dir.join(FOLDER))
            .and_then(|()| File::open(dir)?.sync_all())
            .map_err(|source| io_error("make the folder of readers", &path, source))?;
        let mut cursor = ReaderCursor { path, epoch, position: 0 };
        cursor.save(0)?;
        Ok(cursor)
    }

    /// Position of the record that the reader takes next.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Keeps a new place: every record below it is done with, and on return this is on disk.
    pub fn save(&mut self, position: u64) -> Result<(), JournalError> {
        let mut content = Content { magic: MAGIC, epoch: self.epoch, position, zero: 0, crc32c: 0 };
        content.crc32c = crc32c::crc32c(&content.as_bytes()[..28]);
        small_file::replace(&self.path, content.as_bytes())?;
        self.position = position;
        Ok(())
    }
}

fn decode(path: &Path, bytes: &[u8], epoch: u64) -> Result<u64, JournalError> {
    let bad = |reason: &str| {
        let file = path.to_path_buf();
        let reason = format!("{reason}; remove it if the reader is no more, it starts anew then");
        Err(Bad { file, position: 0, byte_offset: 0, kind: BadKind::Header, reason }.into())
    };
    let Ok(content) = Content::read_from_bytes(bytes) else {
        return bad("a reader's place has 32 bytes");
    };
    let crc = crc32c::crc32c(&content.as_bytes()[..28]);
    if content.magic != MAGIC || content.crc32c != crc || content.zero != 0 {
        return bad("this is not a reader's place, or its checksum does not fit");
    }
    if content.epoch != epoch {
        return bad("this is the place of a reader of another journal");
    }
    Ok(content.position)
}

/// The readers of a journal and their places, by name.
pub fn registered(dir: impl AsRef<Path>) -> Result<Vec<(String, u64)>, JournalError> {
    let dir = dir.as_ref();
    let folder = dir.join(FOLDER);
    let error = |source| io_error("list the readers", &folder, source);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(error(source)),
    };
    let mut readers = Vec::new();
    for entry in entries {
        let name = entry.map_err(error)?.file_name().to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(SUFFIX) {
            readers.push((name.to_string(), ReaderCursor::open(dir, name)?.position()));
        }
    }
    readers.sort();
    Ok(readers)
}
