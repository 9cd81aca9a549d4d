//! Orders: their life cycle, the table of open ones, and the stops that the engine holds.

pub mod lifecycle;
pub mod table;
