//! The recovery table: what one slot of a journal that was not closed means.
//!
//! Owns the decision and nothing else: a total function over observations, any thread, no I/O, no
//! failure. [`crate::scan`] makes the observations. `FORMAT.md` has the table in words.

/// The commit word of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Commit {
    /// 0: nothing was committed here.
    Empty,
    /// The length of a frame.
    Whole,
    /// Anything else.
    BadLength,
}

/// The checksum of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Crc {
    /// It fits the bytes and the epoch.
    Good,
    /// It does not.
    Bad,
}

/// The position written in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The one that belongs there.
    Expected,
    /// Another one.
    Unexpected,
}

/// Where the slot stands relative to the highest position that a sound Mark vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Durability {
    /// Below it: the slot was on disk once.
    Marked,
    /// At or above it: the slot may or may not have reached the disk.
    Unmarked,
}

/// Whether a sound frame stands anywhere behind the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Later {
    /// One does.
    Yes,
    /// None does.
    No,
}

/// Everything that the table looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Observation {
    /// The commit word.
    pub commit: Commit,
    /// The checksum.
    pub crc: Crc,
    /// The position.
    pub place: Place,
    /// Below or above the highest Mark.
    pub durability: Durability,
    /// Sound frames behind.
    pub later: Later,
}

/// What a slot means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The record counts.
    Accept,
    /// The journal ends here, and nothing is lost.
    CleanTail,
    /// The disk kept later frames and not this one: the journal ends here, later frames are lost.
    Hole,
    /// The frame is half on disk: the journal ends here.
    Torn,
    /// A slot that was on disk is damaged: do not go on with these files.
    Corrupt,
    /// A sound frame of another place stands here: a fault of software or disk; do not go on.
    Misdirected,
}

impl Verdict {
    /// True when a run must not continue on these files without an operator's decision.
    pub fn refuses(self) -> bool {
        match self {
            Verdict::Accept | Verdict::CleanTail | Verdict::Hole | Verdict::Torn => false,
            Verdict::Corrupt | Verdict::Misdirected => true,
        }
    }

    /// The words that tools print.
    pub fn label(self) -> &'static str {
        match self {
            Verdict::Accept => "accept",
            Verdict::CleanTail => "clean tail",
            Verdict::Hole => "hole",
            Verdict::Torn => "torn",
            Verdict::Corrupt => "corrupt",
            Verdict::Misdirected => "misdirected",
        }
    }
}

/// The table. No wildcard: a new observation does not compile until it has a verdict.
pub fn classify(seen: Observation) -> Verdict {
    use {Commit as C, Crc as K, Durability as D, Later as L, Place as P};
    match (seen.commit, seen.crc, seen.place, seen.durability, seen.later) {
        (C::Empty, K::Good | K::Bad, P::Expected | P::Unexpected, D::Unmarked, L::No) => Verdict::CleanTail,
        (C::Empty, K::Good | K::Bad, P::Expected | P::Unexpected, D::Unmarked, L::Yes) => Verdict::Hole,
        (C::Empty, K::Good | K::Bad, P::Expected | P::Unexpected, D::Marked, L::No | L::Yes) => {
            Verdict::Corrupt
        }
        (C::Whole, K::Bad, P::Expected | P::Unexpected, D::Unmarked, L::No | L::Yes) => Verdict::Torn,
        (C::Whole, K::Bad, P::Expected | P::Unexpected, D::Marked, L::No | L::Yes) => Verdict::Corrupt,
        (C::Whole, K::Good, P::Expected, D::Unmarked | D::Marked, L::No | L::Yes) => Verdict::Accept,
        (C::Whole, K::Good, P::Unexpected, D::Unmarked | D::Marked, L::No | L::Yes) => Verdict::Misdirected,
        (C::BadLength, K::Good | K::Bad, P::Expected | P::Unexpected, D::Unmarked, L::No | L::Yes) => {
            Verdict::Torn
        }
        (C::BadLength, K::Good | K::Bad, P::Expected | P::Unexpected, D::Marked, L::No | L::Yes) => {
            Verdict::Corrupt
        }
    }
}
