//! Recorded market data as a feed: captures, bars, trades and quotes in files, to market events.
//!
//! It runs on whichever thread pulls it, reads files in blocks and decodes into reused buffers, so memory
//! does not grow with the length of a recording (files that run backwards in time excepted). It never
//! guesses at a broken line: the line is counted with its reason and skipped, and a file that is mostly
//! broken is refused.
//!
//! | file | one idea |
//! |---|---|
//! | [`actions`] | splits of shares |
//! | [`lines`] | bytes of a plain or compressed file, line by line |
//! | [`mod@format`] | what kind of file it is |
//! | [`rows`] | one line of a table to a bar, quote or trade |
//! | `name` | the instrument that a file's name tells |
//! | `chunk` | pieces of a feed |
//! | [`source`] | files to a stream of events in order of time |
//! | [`survey`] | what a recording holds |

pub mod actions;
mod chunk;
pub mod format;
pub mod lines;
mod name;
pub mod rows;
pub mod source;
pub mod survey;
mod time;

use pinion_binance::Reject;
use rows::RowError;
use std::path::PathBuf;

/// Why data cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file cannot be opened or read to its end.
    #[error("{file}: {source}", file = file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// What is packed cannot be unpacked to its end.
    #[error("{file}: {reason}{}; fetch or record it again", after(*line, *byte), file = file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The last whole line before, 0 for none.
        line: u64,
        /// Unpacked bytes before.
        byte: u64,
        /// What is wrong.
        reason: String,
    },
    /// The file is of no kind that is known.
    #[error("{file}:{line}: {reason}", file = file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What is wrong and what is expected.
        reason: String,
    },
    /// Too many lines are broken.
    #[error("{file}: {broken} of {lines} lines are broken, first line {first}: {reason}; is this the right file?", file = file.display())]
    MostlyBroken {
        /// The file.
        file: PathBuf,
        /// Lines read.
        lines: u64,
        /// Broken ones.
        broken: u64,
        /// Number of the first broken line.
        first: u64,
        /// Why it is broken.
        reason: String,
    },
}

/// Where it goes on, in a message.
fn after(line: u64, byte: u64) -> String {
    if byte == 0 { String::new() } else { format!(" after line {line}, byte {byte} of the unpacked text") }
}

/// A piece of a file in a message: its beginning, as it is written there, without anything that a terminal
/// could take for a command.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 100;
    let mut out = String::new();
    for c in text.chars().take(MOST) {
        if matches!(c, '\'' | '"' | '\\') || c.escape_debug().count() == 1 {
            out.push(c);
        } else {
            out.extend(c.escape_debug());
        }
    }
    if text.chars().nth(MOST).is_some() {
        out.push('…');
    }
    out
}

/// Lines that could not be read, with the first few reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Broken {
    /// How many.
    pub count: u64,
    /// Line numbers and reasons of the first ten.
    pub first: Vec<(u64, String)>,
    /// How many for each of [`Broken::reasons`].
    #[serde(skip)]
    pub by_reason: [u64; REASONS],
}

/// Number of reasons for which a line is broken.
pub const REASONS: usize = rows::ROW_REASONS.len() + Reject::ALL.len();

impl Broken {
    /// Every reason in words: those of tables, then those of frames and numbers.
    pub fn reasons() -> impl Iterator<Item = String> {
        let rows = rows::ROW_REASONS.iter().map(ToString::to_string);
        rows.chain(Reject::ALL.iter().map(ToString::to_string))
    }

    pub(crate) fn add(&mut self, line: u64, reason: impl Into<RowError>) {
        let reason = reason.into();
        self.count += 1;
        self.by_reason[reason.index()] += 1;
        if self.first.len() < 10 {
            self.first.push((line, reason.to_string()));
        }
    }
}
