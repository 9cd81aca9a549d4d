//! The vocabulary of Pinion. (Filled in by the next commits.)

pub mod record;
