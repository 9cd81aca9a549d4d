//! Counters outside the process: one mapped file that says how a session is doing, readable while it runs,
//! and after it crashed, without its cooperation.
//!
//! Each slot of the file has one writer, the thread whose counters it holds, and lies on lines of its own. An
//! update is a relaxed store of 64 bits: no lock, no system call, no read-modify-write. Readers map the file
//! read-only and never write. `core/runtime/COUNTERS.md` documents the bytes.
//!
//! | file | one idea |
//! |---|---|
//! | [`schema`] | what is counted, with units and a sentence each |
//! | [`layout`] | where the bytes are |
//! | `map` | the mapping, and every `unsafe` |
//! | [`writer`] | makes the file and hands out its slots |
//! | [`duty`] | what a thread does with its time |
//! | [`link`] | how full a link is, as its sender sees it |
//! | [`threads`] | page faults and switches of threads, taken from another one |
//! | [`errors`] | each distinct error once, with its count |
//! | [`reader`] | a file read back, live or dead |
//! | [`process`] | which process wrote a file, and whether it is still there |

pub mod duty;
pub mod errors;
pub mod layout;
pub mod link;
mod map;
pub mod process;
pub mod reader;
pub mod schema;
pub mod threads;
pub mod writer;

pub use duty::DutyMeter;
pub use errors::ErrorLog;
pub use reader::{CountersFile, ReadError, State};
pub use writer::{Counters, Identity, Shape, Slot};
