//! How a command fails, and the exit code that tells it.

use std::fmt;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// It ran and failed: exit code 1.
    Run(String),
    /// It could not be run as asked: exit code 2.
    Usage(String),
}

impl Failure {
    /// The process's exit code.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Run(_) => 1,
            Failure::Usage(_) => 2,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Run(text) | Failure::Usage(text) => f.write_str(text.trim_end()),
        }
    }
}

impl From<pinion_recorded::DataError> for Failure {
    fn from(error: pinion_recorded::DataError) -> Self {
        Failure::Usage(format!("error: {error}"))
    }
}

impl From<pinion_journal::JournalError> for Failure {
    fn from(error: pinion_journal::JournalError) -> Self {
        Failure::Run(format!("error: {error}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::Run(format!("error: {error}"))
    }
}
