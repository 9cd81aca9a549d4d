//! The vocabulary of Pinion: exact numbers, identifiers, instruments and the fixed-size layouts in
//! which everything travels.
//!
//! This room owns types and nothing else. It performs no I/O, reads no clock and holds no state, so
//! every other room may depend on it and any thread may use it.
//!
//! | file | one idea |
//! |---|---|
//! | [`decimal`] | exact decimal text to scaled integers and back |
//! | [`number`] | `Price`, `Qty`, `Money`, `Ratio` and products with the rounding in the name |
//! | [`instrument`] | what can be traded, and which orders are valid for it |
//! | [`order`] | sides, order types, states, reasons |
//! | [`event`] | market events as feeds deliver them |
//! | [`record`] | the 128-byte record that rings and the journal carry |
//! | [`body`] | the 96-byte bodies of those records, one `repr(C)` struct a kind |

pub mod body;
pub mod decimal;
pub mod digits;
pub mod event;
pub mod instrument;
pub mod number;
pub mod order;
pub mod record;
