//! The records that the journal writes about itself, and the layout of chained text.
//!
//! Owns the bodies of Start, Anchor, Mark, Checkpoint and End, and the cutting of Plan and Summary text
//! into frames. Pure functions: no I/O, any thread. Bytes that are not such a body give `None`.

use pinion_model::record::{BODY_BYTES, FLAG_MORE, Kind, Record};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes of text in the first frame of a text; its length takes the first four.
pub const TEXT_FIRST_BYTES: usize = BODY_BYTES - 4;
/// Longest text that [`crate::Writer::append_text`] takes.
pub const TEXT_BYTES_MAX: usize = 1 << 30;

/// A pairing of the time-stamp counter with UTC and with the monotone clock, read together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Anchor {
    /// Raw time-stamp counter.
    pub ticks: u64,
    /// UTC in nanoseconds since 1970.
    pub wall_ns: u64,
    /// Monotone clock in nanoseconds.
    pub mono_ns: u64,
}

/// Body of a Start: who writes this journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Start {
    /// The run's epoch.
    pub epoch: u64,
    /// UTC at the start, in nanoseconds since 1970.
    pub wall_ns: u64,
    /// Format version of the segments.
    pub format_version: u32,
    /// Bytes of a frame.
    pub frame_bytes: u32,
    /// Hash of the plan.
    pub plan_hash: [u8; 32],
    /// The first 40 bytes of the build string, zero-padded; the segment header has 64.
    pub build: [u8; 40],
}

/// Body of a Mark: what is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Mark {
    /// Every record below this position is on disk.
    pub durable_position: u64,
    /// UTC when the sync returned, in nanoseconds since 1970.
    pub wall_ns: u64,
}

/// Body of a Checkpoint: the chain over everything before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Checkpoint {
    /// Chain value after the frames of the batch.
    pub chain: [u8; 32],
    /// Position of the batch's first frame.
    pub first_position: u64,
    /// Frames in the batch.
    pub frames: u64,
}

/// Body of an End: the journal is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct End {
    /// Chain value over everything before this record.
    pub chain: [u8; 32],
    /// Records in the journal, this one included.
    pub records: u64,
    /// UTC at the close, in nanoseconds since 1970.
    pub wall_ns: u64,
}

/// Body of a Resume: the first frame of a segment in which a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Resume {
    /// Records that counted, which is the position of this one.
    pub valid_until: u64,
    /// UTC in nanoseconds since 1970.
    pub wall_ns: u64,
    /// Sound frames that did not count any more.
    pub lost: u64,
    /// What was found: [`crate::recover::Verdict`] as a number.
    pub verdict: u32,
    /// Zero.
    pub reserved: u32,
    /// The first 40 bytes of the build string, zero-padded.
    pub build: [u8; 40],
}

/// Puts a body's bytes at the front of 96 bytes, zeros behind.
pub(crate) fn body_of<T: IntoBytes + Immutable>(value: &T) -> [u8; BODY_BYTES] {
    let mut body = [0; BODY_BYTES];
    body[..size_of::<T>()].copy_from_slice(value.as_bytes());
    body
}

macro_rules! readable {
    ($($name:ident),*) => {$(
        const _: () = assert!(size_of::<$name>() <= BODY_BYTES);

        impl $name {
            /// Reads the body of such a record; `None` if the record is of another kind.
            pub fn read(record: &Record) -> Option<$name> {
                if record.kind != Kind::$name as u16 {
                    return None;
                }
                $name::read_from_prefix(&record.body).ok().map(|(value, _)| value)
            }
        }
    )*};
}
readable!(Anchor, Start, Mark, Checkpoint, End, Resume);

/// True for kinds that only the journal itself writes, and for 0, which is no kind.
pub fn is_reserved(kind: u16) -> bool {
    const OWN: [u16; 7] = [
        0,
        Kind::Start as u16,
        Kind::Anchor as u16,
        Kind::Mark as u16,
        Kind::Checkpoint as u16,
        Kind::End as u16,
        Kind::Resume as u16,
    ];
    OWN.contains(&kind)
}

/// The frames of a text: a length and its first piece, then further pieces; all but the last continue.
pub fn text_frames(kind: Kind, ticks: u64, source: u32, text: &[u8]) -> impl Iterator<Item = Record> + '_ {
    let (first, rest) = text.split_at(text.len().min(TEXT_FIRST_BYTES));
    let mut body = [0; BODY_BYTES];
    body[..4].copy_from_slice(&(text.len() as u32).to_le_bytes());
    body[4..4 + first.len()].copy_from_slice(first);
    let mut left = rest.len().div_ceil(BODY_BYTES);
    let bodies = std::iter::once(body).chain(rest.chunks(BODY_BYTES).map(|piece| {
        let mut body = [0; BODY_BYTES];
        body[..piece.len()].copy_from_slice(piece);
        body
    }));
    bodies.map(move |body| {
        let mut frame = Record::new(kind, ticks, source, body);
        frame.flags = if left > 0 { FLAG_MORE } else { 0 };
        left = left.saturating_sub(1);
        frame
    })
}

/// The text that a group of frames carries; `None` if the frames are not one whole text.
pub fn text_of(group: &[Record]) -> Option<Vec<u8>> {
    let (head, rest) = group.split_first()?;
    let (length, start) = head.body.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let frames = 1 + length.saturating_sub(TEXT_FIRST_BYTES).div_ceil(BODY_BYTES);
    if group.len() != frames || rest.iter().any(|record| record.kind != head.kind) {
        return None;
    }
    let mut text = Vec::with_capacity(TEXT_FIRST_BYTES + rest.len() * BODY_BYTES);
    text.extend_from_slice(start);
    rest.iter().for_each(|record| text.extend_from_slice(&record.body));
    text.truncate(length);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_that_callers_may_append_are_not_reserved() {
        for &kind in Kind::ALL {
            let own = matches!(
                kind,
                Kind::Start | Kind::Anchor | Kind::Mark | Kind::Checkpoint | Kind::End | Kind::Resume
            );
            assert_eq!(is_reserved(kind as u16), own, "{}", kind.label());
        }
    }

    #[test]
    fn a_group_with_a_missing_or_extra_frame_is_no_text() {
        let mut body = [b'x'; BODY_BYTES];
        body[..4].copy_from_slice(&100u32.to_le_bytes());
        let frame = Record::new(Kind::Plan, 0, 0, body);
        assert_eq!(text_of(&[frame, frame]).map(|text| text.len()), Some(100));
        assert_eq!(text_of(&[frame]), None);
        assert_eq!(text_of(&[frame, frame, frame]), None);
        assert_eq!(text_of(&[]), None);
    }
}
