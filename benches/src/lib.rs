//! The pieces of the hot path, ready to be timed or counted, each with work like a trading day's.
//!
//! `pinion bench` prints times, `cargo bench --bench hot` shows their distributions, and
//! `cargo bench --bench instructions` counts instructions and fails above a limit. All three take the work
//! from here, so that they speak of the same thing. Everything runs on the caller's thread. It is no part of
//! a session, and panics where its own fixed inputs are wrong.
//!
//! | module | one idea |
//! |---|---|
//! | [`frames`] | messages in the shape that Binance documents |
//! | [`bars`] | bars that move like a market's |
//! | [`desk`] | an account with positions, orders and limits, and requests that pass and that are refused |
//! | [`pieces`] | steps of the hot path by name |
//! | [`clock`] | time of short things |
//! | [`contest`] | several ways to do the same work, measured in turn |
//! | [`decode`], [`indicators`], [`ring`], [`journal`] | our way, and with the feature `peers` those of others |

pub mod bars;
pub mod clock;
pub mod contest;
pub mod decode;
pub mod desk;
pub mod frames;
pub mod indicators;
pub mod journal;
pub mod pieces;
pub mod ring;

use pinion_plan::Plan;
use std::path::Path;

/// A plan from text that is known to be good.
pub fn plan(text: &str) -> Plan {
    let (config, mut found) =
        pinion_plan::read("bench", text, Path::new(".")).unwrap_or_else(|found| panic!("{found}"));
    pinion_plan::compile(&config, &[], &mut found).unwrap_or_else(|found| panic!("{found}"))
}
