//! The commands, one file each.

pub mod bench;
pub mod config;
pub mod control;
pub mod data;
pub mod doctor;
pub mod indicator;
pub mod journal;
pub mod prove;
pub mod replay;
pub mod run;
pub(crate) mod run_directory;
pub mod stat;
pub mod strategy;
