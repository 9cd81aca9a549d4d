//! Where the bytes are. Every field is a little-endian word of 64 bits, or text in whole words.
//!
//! ```text
//!   0               header          512 bytes; its version word is stored last
//!   512             definitions     256 bytes each: kind | index << 32, unit, name, sentence
//!   slots_at        slot table      128 bytes each: kind | counters << 32, values' offset, name, note
//!   values_at       values          256 bytes a slot: its counters, one word each
//!   errors_at       error areas     128 + 16 * 256 bytes each, one writer each
//! ```

/// First bytes of a counters file.
pub const MAGIC: u64 = u64::from_le_bytes(*b"PINIONCT");
/// The version that this build writes and reads.
pub const VERSION: u64 = 1;

/// Bytes of the header.
pub const HEADER_BYTES: usize = 512;
/// Bytes of a definition.
pub const DEFINITION_BYTES: usize = 256;
/// Bytes of an entry of the slot table.
pub const ENTRY_BYTES: usize = 128;
/// Bytes of a slot's values: two groups of lines that processors fetch together, shared with nobody.
pub const SLOT_BYTES: usize = 256;
/// Most counters of a slot.
pub const SLOT_COUNTERS: usize = SLOT_BYTES / 8;
/// Bytes in front of an error area's entries.
pub const ERROR_HEADER_BYTES: usize = 128;
/// Bytes of a distinct error.
pub const ERROR_BYTES: usize = 256;
/// Distinct errors of an area.
pub const ERRORS: usize = 16;
/// Bytes of an error area.
pub const AREA_BYTES: usize = ERROR_HEADER_BYTES + ERRORS * ERROR_BYTES;

/// Words of the header, as byte offsets.
pub mod header {
    #![allow(missing_docs)]
    pub const MAGIC: usize = 0;
    pub const VERSION: usize = 8;
    pub const FILE_BYTES: usize = 16;
    pub const DEFINITIONS: usize = 24;
    pub const SLOTS: usize = 32;
    pub const AREAS: usize = 40;
    pub const SLOTS_AT: usize = 48;
    pub const VALUES_AT: usize = 56;
    pub const ERRORS_AT: usize = 64;
    pub const PID: usize = 72;
    pub const PROCESS_START: usize = 80;
    pub const STARTED_NS: usize = 88;
    pub const STARTED_TICKS: usize = 96;
    pub const BOOT_ID: usize = 104;
    pub const BUILD: usize = 128;
    pub const LABEL: usize = 192;
    pub const DIRECTORY: usize = 256;
}

/// Offsets within a definition.
pub mod definition {
    #![allow(missing_docs)]
    pub const KIND_INDEX: usize = 0;
    pub const UNIT: usize = 8;
    pub const NAME: usize = 24;
    pub const DOC: usize = 64;
}

/// Offsets within an entry of the slot table.
pub mod entry {
    #![allow(missing_docs)]
    pub const KIND_COUNT: usize = 0;
    pub const VALUES: usize = 8;
    pub const NAME: usize = 16;
    pub const NOTE: usize = 64;
}

/// Offsets within an error area and within one of its entries.
pub mod error {
    #![allow(missing_docs)]
    pub const AREA_NAME: usize = 0;
    pub const AREA_LOST: usize = 64;
    pub const COUNT: usize = 0;
    pub const FIRST_TICKS: usize = 8;
    pub const LAST_TICKS: usize = 16;
    pub const KEY: usize = 24;
    pub const LENGTH: usize = 32;
    pub const TEXT: usize = 40;
    pub const TEXT_BYTES: usize = super::ERROR_BYTES - TEXT;
}

const _: () = assert!(HEADER_BYTES.is_multiple_of(128) && ENTRY_BYTES == 128);
const _: () = assert!(AREA_BYTES.is_multiple_of(128) && SLOT_BYTES.is_multiple_of(128));

/// Offsets of the parts for so many definitions, slots and error areas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The slot table.
    pub slots_at: usize,
    /// Values of the first slot.
    pub values_at: usize,
    /// The first error area.
    pub errors_at: usize,
    /// The whole file.
    pub file_bytes: usize,
}

impl Parts {
    /// Lays the parts out; `None` when the counts are absurd.
    pub fn of(definitions: usize, slots: usize, areas: usize) -> Option<Parts> {
        let most = 1 << 20;
        if definitions > most || slots > most || areas > most {
            return None;
        }
        let slots_at = HEADER_BYTES + definitions * DEFINITION_BYTES;
        let values_at = (slots_at + slots * ENTRY_BYTES).next_multiple_of(SLOT_BYTES);
        let errors_at = values_at + slots * SLOT_BYTES;
        Some(Parts { slots_at, values_at, errors_at, file_bytes: errors_at + areas * AREA_BYTES })
    }
}
