//! How a command fails, and the exit code that tells it.

use pinion_journal::JournalError;
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

impl Failure {
    /// The same, with what it is about said first.
    pub fn in_context(self, about: &str) -> Failure {
        let said =
            |text: String| format!("error: {about}: {}", text.strip_prefix("error: ").unwrap_or(&text));
        match self {
            Failure::Run(text) => Failure::Run(said(text)),
            Failure::Usage(text) => Failure::Usage(said(text)),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Run(text) | Failure::Usage(text) => {
                // What lists several findings says of each what it is.
                let said = text.starts_with("error:") || text.starts_with("warning:");
                write!(f, "{}{}", if said { "" } else { "error: " }, text.trim_end())
            }
        }
    }
}

impl From<pinion_recorded::DataError> for Failure {
    fn from(error: pinion_recorded::DataError) -> Self {
        Failure::Usage(format!("error: {error}"))
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let text = format!("error: {error}");
        let missing = |source: &std::io::Error| {
            matches!(source.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
        };
        match &error {
            JournalError::NoJournal { .. } => Failure::Usage(text),
            JournalError::Io { source, .. } if missing(source) => Failure::Usage(text),
            _ => Failure::Run(text),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::Run(format!("error: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_says_that_it_is_one_once() {
        for text in ["error: no", "no", "warning: odd\nerror: no"] {
            let shown = Failure::Run(text.into()).to_string();
            assert_eq!(shown.matches("error:").count(), 1, "{shown}");
        }
    }
}
