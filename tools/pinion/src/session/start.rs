//! What the trading thread does before its first work, on itself and after it was pinned: touch its memory,
//! have it locked, and seal itself.

use crate::failure::Failure;
use pinion_plan::{LockMemory, RuntimeConfig};
use pinion_runtime::memory::lock::{self, Refused};
use pinion_runtime::memory::{self, warm};

/// The start of a trading thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start {
    /// Huge pages are asked for, and everything is locked.
    locks: bool,
}

impl Start {
    /// As the plan says. Where locking is refused, `on` ends the run with the remedy and `auto` warns.
    pub fn of(runtime: &RuntimeConfig) -> Result<Start, Failure> {
        if !runtime.locks_memory() {
            return Ok(Start::default());
        }
        match (lock::allowed(), runtime.lock_memory) {
            (Ok(()), _) => Ok(Start { locks: true }),
            (Err(refused), LockMemory::On) => Err(Failure::Usage(format!(
                "error: `lock_memory: on`, but {refused}; or write `lock_memory: auto`"
            ))),
            (Err(refused), _) => {
                eprintln!("warning: {refused}; `lock_memory: off` says that it need not be");
                Ok(Start::default())
            }
        }
    }

    /// Does it. The caller is sealed afterwards, unless it is told why not.
    pub fn begin(&self) -> Result<(), Refused> {
        warm::touch_stack();
        // Before Linux 5.14 there is no such call: pages then come at their first touch, or with the lock.
        let _ = warm::populate(self.locks);
        if self.locks {
            lock::lock_all()?;
        }
        memory::seal();
        Ok(())
    }
}
