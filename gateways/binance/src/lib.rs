//! Binance's codecs: payload bytes to market events, live and recorded alike, and orders to bytes.
//!
//! The decoder runs on the thread that feeds it and owns its level buffers; it performs no I/O and, once
//! it is built, does not allocate. Prices are cut exactly from the bytes into the instrument's unit: a digit
//! that the unit cannot hold is a [`Reject`], never a rounding. A bad frame is a reject with a reason and
//! changes nothing.
//!
//! | file | one idea |
//! |---|---|
//! | [`scan`] | a checked cursor over JSON bytes |
//! | [`symbols`] | symbols to instruments and units |
//! | [`decode`] | frames to events: the usual shapes byte for byte, all others key by key |
//! | [`encode`] | orders to messages, without allocation |

pub mod decode;
pub mod encode;
mod fast;
pub mod scan;
pub mod symbols;
mod text;

pub use decode::{Decoded, Decoder};
pub use scan::Reject;
pub use symbols::SymbolTable;
