//! A trading session: a feed, the engine, the venue and the journal, composed for a layout.
//!
//! ```text
//!   invoker   caller: feed -> engine <-> venue -> keeper (digest, journal)
//!   solo      the same on a thread of its own, which can be pinned
//!   shared    hot thread: feed -> engine <-> venue  --ring-->  cold thread: keeper
//!   dedicated a thread each for feed, strategy, risk, gateway and keeper; see [`dedicated`]
//!   fused     a hot thread for each shard of the instruments, one cold thread; see [`fused`]
//! ```
//! Nothing but [`layouts`], [`dedicated`] and [`fused`] knows the layout; the same agents give the same records in all.

#[cfg(test)]
mod cold_side;
pub mod dedicated;
pub mod digest;
pub mod feed;
pub mod fused;
pub mod gate;
#[cfg(test)]
mod gate_side;
pub mod keeper;
pub mod layouts;
pub mod meters;
pub mod open;
pub mod past;
pub mod recorder;
pub mod retention;
pub mod run;
pub mod staged;
pub mod start;
pub mod trading;
pub mod venue;

pub use run::{Finished, Options, run};
