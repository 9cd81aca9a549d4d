//! Pinion's engine: a deterministic function from a plan and ordered inputs to ordered outputs.

pub mod book;
pub mod plan;
pub mod rules;
