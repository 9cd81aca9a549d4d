//! The segment: names, sizes and the header that its first 4096 bytes hold.
//!
//! Owns the layout of everything on disk that is not a frame. Pure functions over bytes: no I/O, any
//! thread. A header that is not exactly as written is refused with the byte and the reason.
//!
//! ```text
//!     0        8      12     16        24               32                64               96
//!     +--------+------+------+---------+----------------+-----------------+----------------+
//!     | magic  |version|frame | epoch   | first_position | plan_hash       | chain          |
//!     +--------+------+------+---------+----------------+-----------------+----------------+
//!    96       104       112       120               128              192            4092    4096
//!     +--------+---------+---------+-----------------+----------------+--------------+-------+
//!     | ticks  | wall_ns | mono_ns | capacity_frames | build          | zero         | crc32c|
//!     +--------+---------+---------+-----------------+----------------+--------------+-------+
//! ```

use std::mem::offset_of;

use pinion_model::record::RECORD_BYTES;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::error::BadKind;
use crate::system::Anchor;

/// Bytes before the first frame of a segment: one page, so that frames stay aligned to their size.
pub const HEADER_BYTES: usize = 4096;
/// The format that this build writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;
/// Size of a segment file unless the options say otherwise.
pub const SEGMENT_BYTES_DEFAULT: u64 = 64 << 20;
/// Smallest segment: a header and 16 frames.
pub const SEGMENT_BYTES_MIN: u64 = (HEADER_BYTES + 16 * RECORD_BYTES) as u64;
/// Frames after which the chain is written down in a Checkpoint.
pub const CHECKPOINT_FRAMES: u64 = 4096;
/// Longest build string that a header holds.
pub const BUILD_BYTES: usize = 64;

const MAGIC: [u8; 8] = *b"PINIONJL";
const RESERVED_BYTES: usize = 3900;

/// The first 4096 bytes of a segment. See the module's diagram and `FORMAT.md`.
#[derive(Clone, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SegmentHeader {
    magic: [u8; 8],
    version: u32,
    frame_bytes: u32,
    /// The run's epoch; it seeds every frame's checksum.
    pub epoch: u64,
    /// Position of the segment's first frame.
    pub first_position: u64,
    /// Hash of the plan that the run executes.
    pub plan_hash: [u8; 32],
    /// Chain over everything before this segment; zero in the first.
    pub chain: [u8; 32],
    /// The latest pairing of ticks and UTC when the segment was begun.
    pub anchor: Anchor,
    /// Frames that fit the segment.
    pub capacity_frames: u64,
    build: [u8; BUILD_BYTES],
    reserved: [u8; RESERVED_BYTES],
    crc32c: u32,
}

const _: () = assert!(size_of::<SegmentHeader>() == HEADER_BYTES);
const _: () = assert!(offset_of!(SegmentHeader, anchor) == 96);
const _: () = assert!(offset_of!(SegmentHeader, build) == 128);
const _: () = assert!(offset_of!(SegmentHeader, crc32c) == 4092);

/// Why a header is refused, and where in it.
pub(crate) struct HeaderFault {
    pub(crate) byte_offset: u64,
    pub(crate) kind: BadKind,
    pub(crate) reason: String,
}

impl SegmentHeader {
    /// A header for the first segment of a run; `build` is cut to what fits.
    pub(crate) fn new(
        epoch: u64,
        plan_hash: [u8; 32],
        build: &str,
        anchor: Anchor,
        capacity_frames: u64,
    ) -> Self {
        let mut header = SegmentHeader {
            magic: MAGIC,
            version: FORMAT_VERSION,
            frame_bytes: RECORD_BYTES as u32,
            epoch,
            first_position: 0,
            plan_hash,
            chain: [0; 32],
            anchor,
            capacity_frames,
            build: [0; BUILD_BYTES],
            reserved: [0; RESERVED_BYTES],
            crc32c: 0,
        };
        let kept = build.floor_char_boundary(BUILD_BYTES);
        header.build[..kept].copy_from_slice(&build.as_bytes()[..kept]);
        header
    }

    /// The build of the engine that wrote the segment.
    pub fn build(&self) -> &str {
        let used = self.build.iter().position(|byte| *byte == 0).unwrap_or(BUILD_BYTES);
        str::from_utf8(&self.build[..used]).unwrap_or("(build string is not UTF-8)")
    }

    /// Version of the format that the segment is written in.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Length of the file while it is in use.
    pub fn file_bytes(&self) -> u64 {
        frame_offset(self.capacity_frames)
    }

    /// The bytes as they go to disk, checksum filled in.
    pub(crate) fn sealed(mut self) -> Self {
        self.crc32c = crc32c::crc32c(&self.as_bytes()[..offset_of!(SegmentHeader, crc32c)]);
        self
    }

    /// Reads a header back, or says which byte is wrong.
    pub(crate) fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, HeaderFault> {
        let fault = |byte_offset: usize, kind, reason| {
            Err(HeaderFault { byte_offset: byte_offset as u64, kind, reason })
        };
        let header: SegmentHeader = zerocopy::transmute!(*bytes);
        if header.magic != MAGIC {
            let reason = format!("magic is {:02x?}, a segment starts with \"PINIONJL\"", header.magic);
            return fault(0, BadKind::Header, reason);
        }
        let crc = crc32c::crc32c(&bytes[..offset_of!(SegmentHeader, crc32c)]);
        if header.crc32c != crc {
            let reason = format!("header checksum is {:08x}, its bytes give {crc:08x}", header.crc32c);
            return fault(offset_of!(SegmentHeader, crc32c), BadKind::Header, reason);
        }
        if header.version != FORMAT_VERSION {
            let reason = format!(
                "format version {}; this build reads {FORMAT_VERSION}, use a newer one",
                header.version
            );
            return fault(8, BadKind::Version, reason);
        }
        if header.frame_bytes as usize != RECORD_BYTES {
            let reason = format!("frame size {} instead of {RECORD_BYTES}", header.frame_bytes);
            return fault(12, BadKind::Header, reason);
        }
        // The upper bound keeps every offset and position computable without overflow.
        if header.capacity_frames == 0 || header.capacity_frames > 1 << 48 || header.first_position > 1 << 62
        {
            let reason = format!(
                "capacity of {} frames from position {} is out of range",
                header.capacity_frames, header.first_position
            );
            return fault(120, BadKind::Header, reason);
        }
        if let Some(at) = header.reserved.iter().position(|byte| *byte != 0) {
            let at = at + offset_of!(SegmentHeader, reserved);
            return fault(at, BadKind::Header, format!("reserved byte {at} is not zero"));
        }
        Ok(header)
    }
}

/// Byte offset of the frame with this index in its segment.
pub(crate) const fn frame_offset(index: u64) -> u64 {
    HEADER_BYTES as u64 + index * RECORD_BYTES as u64
}

/// Name of the segment that begins at a position.
pub(crate) fn segment_name(epoch: u64, first_position: u64) -> String {
    format!("journal-{epoch:016x}-{first_position:020}.seg")
}

/// Epoch and first position from a segment's name; `None` for anything but the exact form.
pub(crate) fn parse_segment_name(name: &str) -> Option<(u64, u64)> {
    let (epoch, first) = name.strip_prefix("journal-")?.strip_suffix(".seg")?.split_once('-')?;
    let parsed = (u64::from_str_radix(epoch, 16).ok()?, first.parse().ok()?);
    (segment_name(parsed.0, parsed.1) == name && parsed.1 <= 1 << 62).then_some(parsed)
}
