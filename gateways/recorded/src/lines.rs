//! Bytes of a plain, gzip, zstd or zip file, line by line, in blocks of a fixed size.

use crate::DataError;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

const BLOCK: usize = 256 * 1024;
/// Longest line: a depth snapshot of 5,000 levels is below 400 KiB.
const MAX_LINE: usize = 8 << 20;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
    Zip,
}

impl Packing {
    /// Told by the first bytes; the name of a file may be wrong.
    fn of_content(magic: &[u8]) -> Packing {
        match magic {
            [0x1f, 0x8b, ..] => Packing::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd] => Packing::Zstd,
            [b'P', b'K', 3, 4] => Packing::Zip,
            _ => Packing::Plain,
        }
    }

    fn of_name(path: &Path) -> Packing {
        let ending = path.extension().map_or(String::new(), |e| e.to_string_lossy().to_lowercase());
        match ending.as_str() {
            "gz" | "gzip" => Packing::Gzip,
            "zst" | "zstd" => Packing::Zstd,
            "zip" => Packing::Zip,
            _ => Packing::Plain,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Packing::Plain => "plain",
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
            Packing::Zip => "zip",
        }
    }
}

/// What a file's name promises and its content does not keep, such as `gzip`.
pub(crate) fn broken_promise(path: &Path) -> Option<&'static str> {
    let mut magic = [0u8; 4];
    let got = File::open(path).and_then(|mut file| read_full(&mut file, &mut magic)).ok()?;
    let (named, real) = (Packing::of_name(path), Packing::of_content(&magic[..got]));
    (named != Packing::Plain && named != real).then(|| named.label())
}

/// Lines of a file.
pub struct Lines {
    file: PathBuf,
    packing: Packing,
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    number: u64,
    bytes: u64,
    ended: bool,
}

/// Opens a file and tells the name of what is in it (a zip's entry, else the file).
pub fn open(path: &Path) -> Result<(Lines, String), DataError> {
    let io = |source| DataError::Io { file: path.to_path_buf(), source };
    let mut file = File::open(path).map_err(io)?;
    let mut magic = [0u8; 4];
    let got = read_full(&mut file, &mut magic).map_err(io)?;
    let name = path.file_name().map_or(String::new(), |n| n.to_string_lossy().into_owned());
    let whole = Cursor::new(magic[..got].to_vec()).chain(file);
    let packing = Packing::of_content(&magic[..got]);
    let (reader, name): (Box<dyn Read + Send>, String) = match packing {
        Packing::Gzip => (Box::new(flate2::read::MultiGzDecoder::new(whole)), name),
        Packing::Zstd => (Box::new(zstd::stream::read::Decoder::new(whole).map_err(io)?), name),
        Packing::Zip => zip_entry(path)?,
        Packing::Plain => (Box::new(whole), name),
    };
    let lines = Lines {
        file: path.to_path_buf(),
        packing,
        reader,
        buffer: vec![0; BLOCK],
        start: 0,
        end: 0,
        number: 0,
        bytes: 0,
        ended: false,
    };
    Ok((lines, name))
}

fn read_full(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match reader.read(&mut buffer[got..])? {
            0 => break,
            n => got += n,
        }
    }
    Ok(got)
}

/// The single table in a zip, unpacked: such files hold one day of one instrument.
fn zip_entry(path: &Path) -> Result<(Box<dyn Read + Send>, String), DataError> {
    let io = |source| DataError::Io { file: path.to_path_buf(), source };
    let damaged = |byte: usize, reason: String| DataError::Damaged {
        file: path.to_path_buf(),
        line: 0,
        byte: byte as u64,
        reason,
    };
    let unreadable = |e: zip::result::ZipError| match e {
        zip::result::ZipError::Io(source) if source.kind() != io::ErrorKind::UnexpectedEof => io(source),
        zip::result::ZipError::InvalidArchive(_) | zip::result::ZipError::Io(_) => {
            damaged(0, "the zip archive is cut short or damaged: the directory at its end is missing".into())
        }
        other => damaged(0, format!("the zip archive cannot be unpacked: {other}")),
    };
    let mut archive = zip::ZipArchive::new(File::open(path).map_err(io)?).map_err(unreadable)?;
    if archive.len() != 1 {
        let reason =
            format!("the archive holds {} files; one is expected: unpack it and name them", archive.len());
        return Err(DataError::Format { file: path.to_path_buf(), line: 0, reason });
    }
    let mut entry = archive.by_index(0).map_err(unreadable)?;
    let name = entry.name().map_err(unreadable)?.into_owned();
    let mut bytes = Vec::new();
    let unpacked = entry.read_to_end(&mut bytes);
    unpacked.map_err(|e| {
        damaged(bytes.len(), format!("the file in the zip archive is cut short or damaged: {e}"))
    })?;
    Ok((Box::new(Cursor::new(bytes)), name))
}

/// Where the first line ends. Rows of tables are short: their end is found eight bytes at a time, before the
/// search for long lines has got going.
#[inline(always)]
fn end_of_line(bytes: &[u8]) -> Option<usize> {
    const SHORT: usize = 80;
    const ONES: u64 = 0x0101_0101_0101_0101;
    for (at, word) in bytes.as_chunks::<8>().0.iter().take(SHORT / 8).enumerate() {
        let zero_at_end = u64::from_le_bytes(*word) ^ (ONES * u64::from(b'\n'));
        // The lowest set bit belongs to the first zero byte; higher ones may be borrowed.
        let found = zero_at_end.wrapping_sub(ONES) & !zero_at_end & (ONES << 7);
        if found != 0 {
            return Some(8 * at + found.trailing_zeros() as usize / 8);
        }
    }
    let rest = bytes.len().min(SHORT) / 8 * 8;
    memchr::memchr(b'\n', &bytes[rest..]).map(|at| rest + at)
}

impl Lines {
    /// The next line without its end, and its number from 1.
    #[inline]
    pub fn next_line(&mut self) -> Result<Option<(u64, &[u8])>, DataError> {
        loop {
            if let Some(at) = end_of_line(&self.buffer[self.start..self.end]) {
                let (from, to) = (self.start, self.start + at);
                self.start = to + 1;
                self.number += 1;
                let to = if to > from && self.buffer[to - 1] == b'\r' { to - 1 } else { to };
                return Ok(Some((self.number, &self.buffer[from..to])));
            }
            if self.ended {
                if self.start == self.end {
                    return Ok(None);
                }
                let (from, to) = (self.start, self.end);
                self.start = self.end;
                self.number += 1;
                return Ok(Some((self.number, &self.buffer[from..to])));
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> Result<(), DataError> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            if self.end >= MAX_LINE {
                let reason = "a line of more than 8 MiB; this is not a text recording".to_string();
                return Err(DataError::Format { file: self.file.clone(), line: self.number + 1, reason });
            }
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let got = self.reader.read(&mut self.buffer[self.end..]);
        let got = got.map_err(|source| self.failed(source))?;
        self.end += got;
        self.bytes += got as u64;
        self.ended = got == 0;
        Ok(())
    }

    /// Why the file cannot be read on.
    #[cold]
    fn failed(&self, source: io::Error) -> DataError {
        let file = self.file.clone();
        let packed = self.packing != Packing::Plain;
        // What the system itself could not read has a number.
        if source.raw_os_error().is_some() || !packed {
            return DataError::Io { file, source };
        }
        let kind = self.packing.label();
        let reason = match source.kind() {
            io::ErrorKind::UnexpectedEof => format!("the {kind} data is cut short"),
            _ => format!("the {kind} data is damaged: {source}"),
        };
        DataError::Damaged { file, line: self.number, byte: self.bytes, reason }
    }

    /// Unpacked bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }
}
