//! Pinion's engine: a deterministic function from a plan and ordered inputs to ordered outputs.

pub mod bars;
pub mod book;
pub mod indicators;
pub mod orders;
pub mod plan;
pub mod portfolio;
pub mod rules;
pub mod sink;
