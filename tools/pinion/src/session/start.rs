//! What the trading thread does before its first work, on itself and after it was pinned: touch its memory,
//! have it locked, and seal itself.

use crate::failure::Failure;
use pinion_plan::{LockMemory, Plan};
use pinion_runtime::memory::lock::{self, Refused};
use pinion_runtime::memory::{self, warm};

/// The start of another hot thread of the run. The trading thread locks memory for all of them, and says where
/// that is refused.
pub fn join() {
    warm::touch_stack();
    memory::seal();
}

/// The start of a trading thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start {
    /// Huge pages are asked for, and everything is locked.
    locks: bool,
}

impl Start {
    /// As the plan says. Where locking is refused, `on` ends the run with the remedy and `auto` warns.
    pub fn of(plan: &Plan) -> Result<Start, Failure> {
        let refused = if plan.locks_memory() { lock::allowed().err() } else { None };
        if let (Some(refused), LockMemory::Auto) = (&refused, plan.runtime.lock_memory) {
            eprintln!("warning: {refused}; `lock_memory: off` says that it need not be");
        }
        Start::decide(plan, refused)
    }

    fn decide(plan: &Plan, refused: Option<Refused>) -> Result<Start, Failure> {
        match refused {
            None => Ok(Start { locks: plan.locks_memory() }),
            Some(refused) if plan.runtime.lock_memory == LockMemory::On => Err(Failure::Usage(format!(
                "error: `lock_memory: on`, but {refused}; or write `lock_memory: auto`"
            ))),
            Some(_) => Ok(Start::default()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn plan(lines: &str) -> Plan {
        let text = format!(
            "instruments: [{{symbol: BTCUSDT, tick: 0.01, lot: 0.001}}, {{symbol: ETHUSDT, tick: 0.01, lot: 0.001}}]\n\
             strategy:\n  entry_mixins: [RSIOrBB]\n  exit_mixins: [SimpleATR]\n  timeframe: 1m\n  bars: trades\nruntime: {lines}\n"
        );
        let (config, mut found) = pinion_plan::read("x.yaml", &text, Path::new(".")).unwrap();
        pinion_plan::compile(&config, &[], &mut found).unwrap()
    }

    #[test]
    fn locking_is_tried_where_a_core_is_owned_and_refused_only_where_it_must_be() {
        let limit = || Some(Refused::Limit(8 << 20));
        let locks = |lines, refused| Start::decide(&plan(lines), refused).map(|start| start.locks);
        assert!(!locks("{}", None).unwrap(), "no core of its own");
        assert!(locks("{hot_core: 1}", None).unwrap());
        assert!(locks("{layout: fused, shards: 2, hot_cores: [1, 2]}", None).unwrap());
        assert!(!locks("{layout: fused, shards: 2}", None).unwrap());
        assert!(!locks("{hot_core: 1, lock_memory: off}", None).unwrap());
        assert!(!locks("{hot_core: 1}", limit()).unwrap(), "it goes on without");
        let said = locks("{lock_memory: on}", limit()).unwrap_err().to_string();
        assert!(said.contains("8192 KiB") && said.contains("`lock_memory: auto`"), "{said}");
    }
}
