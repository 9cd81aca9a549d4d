//! Mistakes in an expression, each with its place and what to do about it.

use std::fmt;

/// A mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The character of the text at which it is, from 0.
    pub at: usize,
    /// What is wrong.
    pub reason: String,
    /// What to write instead.
    pub remedy: String,
}

impl Fault {
    pub(super) fn new(at: usize, reason: impl Into<String>, remedy: impl Into<String>) -> Fault {
        Fault { at, reason: reason.into(), remedy: remedy.into() }
    }

    /// Of a text that has mistakes, none of which is known.
    pub(crate) fn unknown() -> Fault {
        Fault::new(0, "the expression has a mistake", "check it")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character {}: {}; {}", self.at + 1, self.reason, self.remedy)
    }
}
