//! Pinion's engine: a deterministic function from a plan and ordered inputs to ordered outputs.
//!
//! The engine owns books, bars, indicators, rules, orders, risk and the portfolio. It runs on whichever
//! thread calls it and only there. It reads no clock, no file, no socket and no random source: time
//! arrives in its inputs. After [`engine::Engine::new`] it allocates nothing. Arithmetic that overflows
//! stops the program (overflow checks are on in release); it never wraps.
//!
//! | module | one idea |
//! |---|---|
//! | [`engine`] | inputs in, outputs out |
//! | [`plan`] | what it is built from |
//! | [`series`], [`bars`], [`indicators`] | from prices to what rules read |
//! | [`expression`] | conditions that people write |
//! | [`rules`], [`trader`] | when to enter and leave |
//! | [`desk`], [`risk`], [`orders`] | from intent to order and back |
//! | [`remote`] | a desk that follows another thread's and checks its orders |
//! | [`portfolio`] | from fills to money |
//! | [`book`] | order books |
//! | [`sink`] | where the outputs go |

pub mod bars;
pub mod book;
mod budget;
pub mod desk;
pub mod engine;
pub mod expression;
pub mod indicators;
pub mod orders;
pub mod plan;
pub mod portfolio;
pub mod remote;
pub mod risk;
pub mod rules;
pub mod series;
pub mod sink;
pub mod trader;

pub use engine::Engine;

/// Why an engine cannot be built from a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// A rule that the engine does not have.
    #[error(transparent)]
    UnknownRule(#[from] rules::UnknownRule),
}
