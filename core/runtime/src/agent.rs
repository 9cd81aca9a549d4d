//! The unit of work, and the thread that runs it until it is told to stop.

use crate::counters::DutyMeter;
use crate::idle::Idle;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// A piece of work that one thread calls again and again. All calls come from the same thread.
pub trait Agent {
    /// Called once by the agent's own thread, after it was pinned and before any work: the place to touch
    /// memory and to seal the thread.
    fn on_start(&mut self) {}

    /// Called once by the same thread after the last work: the place to unseal it.
    fn on_close(&mut self) {}

    /// Does a bounded amount of work; returns how much, 0 for none.
    fn do_work(&mut self) -> usize;

    /// True once the agent has nothing to do any more; it is not called again.
    fn is_done(&self) -> bool;

    /// What part of the turn that ended was not work. Called after each turn where time is accounted for.
    fn take_spent(&mut self) -> Spent {
        Spent::default()
    }

    /// Shows in its counters what only the agent knows, such as its links. Called now and then, and at the end.
    fn publish(&mut self) {}
}

/// Parts of a turn that were not work, in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Waiting inside the work for another thread.
    pub blocked: u64,
    /// Upkeep: durable marks, new segments.
    pub housekeeping: u64,
    /// There was work, and it could not be done for want of room in a link.
    pub is_blocked: bool,
}

/// A thread that runs one agent.
pub struct Runner<A> {
    thread: JoinHandle<A>,
    /// Set to let the agent finish what is there and then stop.
    pub drain: Arc<AtomicBool>,
    /// Whether the thread runs on the processor that was asked for; `None` when none was.
    pub pinned: Option<bool>,
}

impl<A: Agent + Send + 'static> Runner<A> {
    /// Starts a thread named `role`, on processor `core` if one is given. Threads inherit the mask of their
    /// creator, so each sets its own.
    pub fn start(role: &str, core: Option<usize>, idle: Idle, agent: A) -> std::io::Result<Runner<A>> {
        Runner::start_metered(role, core, idle, DutyMeter::off(), agent)
    }

    /// As [`Runner::start`], with an account of the thread's time.
    pub fn start_metered(
        role: &str,
        core: Option<usize>,
        mut idle: Idle,
        mut meter: DutyMeter,
        mut agent: A,
    ) -> std::io::Result<Runner<A>> {
        let drain = Arc::new(AtomicBool::new(false));
        let asked = drain.clone();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new().name(role.into()).spawn(move || {
            // The receiver waits for this one message; it cannot be gone.
            let _ = tell.send(core.map(pin));
            meter.start();
            agent.on_start();
            while !agent.is_done() {
                // Read before the work: what was there when the stop was asked for is still done.
                let stop = asked.load(Ordering::Acquire);
                let work = agent.do_work();
                if work == 0 && stop {
                    break;
                }
                idle.idle(work);
                let spent = agent.take_spent();
                if meter.turn(work, spent) {
                    agent.publish();
                }
            }
            agent.publish();
            meter.end();
            agent.on_close();
            agent
        })?;
        let pinned = told.recv().ok().flatten();
        Ok(Runner { thread, drain, pinned })
    }

    /// Waits for the thread and gives the agent back. A panic of the thread goes on in the caller.
    pub fn join(self) -> A {
        self.drain.store(true, Ordering::Release);
        match self.thread.join() {
            Ok(agent) => agent,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// As [`Runner::join`], with what the thread said where it ended by a panic.
    pub fn finish(self) -> Result<A, String> {
        self.drain.store(true, Ordering::Release);
        self.thread.join().map_err(|panic| {
            let text = panic.downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            text.unwrap_or("it said nothing").to_string()
        })
    }

    /// The agent is done or its thread ended.
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }
}

/// Moves the calling thread to one processor; false when it does not exist or is not allowed.
pub fn pin(core: usize) -> bool {
    core_affinity::set_for_current(core_affinity::CoreId { id: core })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idle::IdleKind;
    use crate::link::{Rx, link};

    struct Sum {
        rx: Rx<u64>,
        sum: u64,
    }

    impl Agent for Sum {
        fn do_work(&mut self) -> usize {
            let sum = &mut self.sum;
            self.rx.read_batch(64, |n, _| *sum += n)
        }
        fn is_done(&self) -> bool {
            false
        }
    }

    #[test]
    fn what_was_sent_before_the_stop_is_worked_off() {
        let (mut tx, rx) = link(1024);
        let runner = Runner::start("sum", None, Idle::new(IdleKind::Backoff), Sum { rx, sum: 0 }).unwrap();
        for n in 0..100_000u64 {
            while !tx.has_credits(1) {
                std::thread::yield_now();
            }
            tx.push(n);
        }
        assert_eq!(runner.join().sum, 99_999 * 100_000 / 2);
    }

    struct Falls;

    impl Agent for Falls {
        fn do_work(&mut self) -> usize {
            panic!("the disk is gone at byte {}", 7)
        }
        fn is_done(&self) -> bool {
            false
        }
    }

    #[test]
    fn a_thread_that_fell_says_why_and_nobody_waits_for_it() {
        let runner = Runner::start("falls", None, Idle::new(IdleKind::Yield), Falls).unwrap();
        assert_eq!(runner.finish().err().as_deref(), Some("the disk is gone at byte 7"));
    }

    #[test]
    fn a_processor_that_does_not_exist_is_reported() {
        let (_tx, rx) = link::<u64>(2);
        let runner =
            Runner::start("none", Some(1023), Idle::new(IdleKind::Yield), Sum { rx, sum: 0 }).unwrap();
        assert_eq!(runner.pinned, Some(false));
        runner.join();
    }
}
