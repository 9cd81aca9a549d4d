//! The record: 128 bytes, aligned, fixed size. Rings carry what the hot thread fills of it, the journal stores it.
//!
//! ```text
//!   0        4        8                16               24    26   27   28       32
//!   +--------+--------+----------------+----------------+-----+----+----+--------+
//!   | commit | crc32c | position       | ticks          |kind |ver |flag| source |
//!   +--------+--------+----------------+----------------+-----+----+----+--------+
//!   | body: 96 bytes, one repr(C) struct of `body` per kind                      |
//!   +-----------------------------------------------------------------------------+ 128
//! ```
//!
//! The hot thread fills `ticks`, `kind`, `version`, `flags`, `source` and `body`. The journal fills
//! `commit`, `crc32c` and `position`; see `core/journal/FORMAT.md` for what they mean on disk.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes in a record's body.
pub const BODY_BYTES: usize = 96;
/// Bytes in a record.
pub const RECORD_BYTES: usize = 128;
/// Flag: the next record continues this one (a depth update, a long text).
pub const FLAG_MORE: u8 = 1;

/// One record. See the module's diagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(128))]
pub struct Record {
    /// 0 while the slot is empty; the record's length (128) once it is committed.
    pub commit: u32,
    /// CRC32C of the other 124 bytes, seeded with the journal's epoch.
    pub crc32c: u32,
    /// Position in the journal: 0, 1, 2, ... without gaps.
    pub position: u64,
    /// Raw time-stamp counter of the stage that wrote the record.
    pub ticks: u64,
    /// A [`Kind`] as a number; unknown numbers are kept, never guessed at.
    pub kind: u16,
    /// Version of the body's layout.
    pub version: u8,
    /// [`FLAG_MORE`] or 0.
    pub flags: u8,
    /// The shard or agent that wrote the record.
    pub source: u32,
    /// The body; see [`crate::body`].
    pub body: [u8; BODY_BYTES],
}

/// What the hot thread fills of a record: 112 bytes, so that with its sequence it takes two cache lines of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Entry {
    /// See [`Record::ticks`].
    pub ticks: u64,
    /// See [`Record::kind`].
    pub kind: u16,
    /// See [`Record::version`].
    pub version: u8,
    /// See [`Record::flags`].
    pub flags: u8,
    /// See [`Record::source`].
    pub source: u32,
    /// See [`Record::body`].
    pub body: [u8; BODY_BYTES],
}

const _: () = assert!(size_of::<Entry>() == RECORD_BYTES - 16);

impl Entry {
    /// An entry that no other one continues.
    #[inline]
    pub fn new(kind: Kind, ticks: u64, source: u32, body: [u8; BODY_BYTES]) -> Self {
        Entry { ticks, kind: kind as u16, version: 1, flags: 0, source, body }
    }

    /// What a ring carries of a record.
    pub fn of(record: &Record) -> Self {
        let Record { ticks, kind, version, flags, source, body, .. } = *record;
        Entry { ticks, kind, version, flags, source, body }
    }
}

const _: () = assert!(size_of::<Record>() == RECORD_BYTES && align_of::<Record>() == 128);

impl Record {
    /// A record that the journal has not seen yet.
    pub fn new(kind: Kind, ticks: u64, source: u32, body: [u8; BODY_BYTES]) -> Self {
        Record::of(&Entry::new(kind, ticks, source, body))
    }

    /// A record as it comes over a ring.
    #[inline]
    pub fn of(entry: &Entry) -> Self {
        let Entry { ticks, kind, version, flags, source, body } = *entry;
        Record { commit: 0, crc32c: 0, position: 0, ticks, kind, version, flags, source, body }
    }

    /// The kind, or `None` when a newer writer made it.
    pub fn kind(&self) -> Option<Kind> {
        Kind::from_u16(self.kind)
    }

    /// True when the next record continues this one.
    pub fn continues(&self) -> bool {
        self.flags & FLAG_MORE != 0
    }
}

/// What a record's kind means for replay and for the decision digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// An input of the engine: replay feeds it.
    Input,
    /// A decision: replay must reproduce it and the decision digest covers it.
    Decision,
    /// Evidence for a decision, or what follows from one: replay must reproduce it, the digest does not
    /// cover it.
    Evidence,
    /// Written by the journal or the run itself: neither replayed nor compared.
    System,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $class:ident, $label:literal;)*) => {
        /// The kinds of record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Kind { $($(#[$doc])* $name = $value,)* }

        impl Kind {
            /// Every kind, in the order of its number.
            pub const ALL: &'static [Kind] = &[$(Kind::$name,)*];

            /// The kind with this number.
            pub fn from_u16(value: u16) -> Option<Kind> {
                match value { $($value => Some(Kind::$name),)* _ => None }
            }

            /// The name that tools print and accept.
            pub fn label(self) -> &'static str {
                match self { $(Kind::$name => $label,)* }
            }

            /// What the kind means for replay and digest.
            pub fn class(self) -> Class {
                match self { $(Kind::$name => Class::$class,)* }
            }
        }
    };
}

kinds! {
    /// Best bid and offer.
    Quote = 0x001, Input, "quote";
    /// A trade print, or an aggregate of prints at one price.
    Trade = 0x002, Input, "trade";
    /// A finished bar from a bar file or a bar feed.
    Bar = 0x003, Input, "bar";
    /// Head of a depth update or snapshot; its levels follow in `DepthLevels`.
    Depth = 0x004, Input, "depth";
    /// Up to six levels that continue a `Depth`.
    DepthLevels = 0x005, Input, "depth-levels";
    /// A venue's answer to an order.
    Execution = 0x006, Input, "execution";
    /// The clock reached an instant that the engine had asked for.
    Timer = 0x007, Input, "timer";
    /// An operator's command, a kill switch or a resumption.
    Command = 0x008, Input, "command";
    /// A shard is given money, or asked for some, and its share of the account's absolute limits.
    Budget = 0x009, Input, "budget";
    /// A rule wants to trade.
    Intent = 0x101, Decision, "intent";
    /// What risk made of an intent.
    Verdict = 0x102, Decision, "verdict";
    /// An order leaves for the venue.
    Order = 0x103, Decision, "order";
    /// A cancel leaves for the venue.
    Cancel = 0x104, Decision, "cancel";
    /// An order changed state.
    OrderState = 0x105, Decision, "order-state";
    /// A fill was applied to a position: what follows from decisions and executions.
    Position = 0x106, Evidence, "position";
    /// The account changed state: a halt, an arming, a new day.
    Account = 0x107, Decision, "account";
    /// What a budget really moved.
    Grant = 0x108, Decision, "grant";
    /// Indicator values that a rule saw when it fired.
    Signal = 0x201, Evidence, "signal";
    /// Operands of risk checks.
    RiskCheck = 0x202, Evidence, "risk-check";
    /// First record of a run: build, layout, epoch.
    Start = 0x301, System, "start";
    /// A piece of the plan's canonical text.
    Plan = 0x302, System, "plan";
    /// Time-stamp counter and UTC, read together.
    Anchor = 0x303, System, "anchor";
    /// Everything up to a position is on disk.
    Mark = 0x304, System, "mark";
    /// BLAKE3 of the chain up to this record.
    Checkpoint = 0x305, System, "checkpoint";
    /// The run's closing figures (decision digest, counters).
    Summary = 0x306, System, "summary";
    /// A clean stop; nothing follows, unless the run is taken up again.
    End = 0x307, System, "end";
    /// A run goes on after a kill, a crash or a stop.
    Resume = 0x308, System, "resume";
    /// A piece of the state of engine and venue between two inputs.
    Snapshot = 0x309, System, "snapshot";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_round_trip_and_are_distinct() {
        let mut seen = std::collections::BTreeSet::new();
        for &kind in Kind::ALL {
            assert_eq!(Kind::from_u16(kind as u16), Some(kind));
            assert!(seen.insert(kind.label()), "{} is used twice", kind.label());
        }
        assert_eq!(Kind::from_u16(0), None, "0 is an empty slot, never a kind");
    }
}
