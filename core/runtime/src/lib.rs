//! The runtime: agents, the links between them, how they wait, where they run, and what time it is.
//!
//! An [`agent::Agent`] is a unit of work that is called again and again by one thread. The same agents are
//! laid out on threads in different ways; nothing in an agent knows which. Links have one producer and one
//! consumer and are never blocked on: the producer asks for credits before it works.
//!
//! | file | one idea |
//! |---|---|
//! | [`agent`] | the unit of work and the thread that runs it |
//! | [`link`] | a ring between two threads, with credits and bounded batches: the crate `pinion-ring` |
//! | [`idle`] | what a thread does when there is nothing to do |
//! | [`ticks`] | the time-stamp counter, and what its ticks mean |
//! | [`counters`] | a mapped file that says how a session is doing, for readers outside the process |
//! | [`latency`] | histograms per stage |
//! | [`memory`] | everything allocated, touched and locked before trading; then sealed |

pub mod agent;
pub mod counters;
pub mod idle;
pub mod latency;
pub mod memory;
pub mod ticks;

pub use pinion_ring as link;
