//! The simulated venue: market, limit and stop orders filled against the recorded market.
//!
//! It runs on the thread of whoever pumps it, between the feed and the engine, and speaks to the engine
//! only by execution reports. It owns its own copy of the market and of the orders it was sent, reads no
//! clock and takes its randomness from a seed, so a run repeats.
//!
//! | file | one idea |
//! |---|---|
//! | [`paper`] | the venue: orders in, reports out, in virtual time |
//! | [`market`] | what it knows of each instrument |
//! | [`pricing`] | slippage, impact and fees |
//! | [`random`] | a small generator whose state can be saved |

pub mod market;
pub mod paper;
pub mod pricing;
pub mod random;
