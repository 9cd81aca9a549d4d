//! A trading session: a feed, the engine, the venue and the journal, composed for a layout.
//!
//! ```text
//!   invoker   caller: feed -> engine <-> venue -> keeper (digest, journal)
//!   solo      the same on a thread of its own, which can be pinned
//!   shared    hot thread: feed -> engine <-> venue  --ring-->  cold thread: keeper
//! ```
//! Nothing but [`mod@run`] knows the layout; the same agents give the same records in all.

#[cfg(test)]
mod cold_side;
pub mod digest;
pub mod feed;
pub mod keeper;
pub mod recorder;
pub mod run;
pub mod start;
pub mod trading;

pub use run::{Finished, Options, run};
