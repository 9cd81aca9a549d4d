//! Page faults and switches of threads. A hot thread makes no system call after its start, so another one
//! reads them from `/proc` for it, about once a second; at its end each thread counts for itself.

use super::process::fields_of;
use super::schema::{Agent, Thread};
use super::writer::Slot;
use std::path::PathBuf;

/// What the system counts of a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadUse {
    /// Page faults without a disk.
    pub minor_faults: u64,
    /// Page faults that read a disk.
    pub major_faults: u64,
    /// Times that it gave up its processor.
    pub voluntary: u64,
    /// Times that it was taken off its processor.
    pub involuntary: u64,
}

impl ThreadUse {
    /// Of the calling thread.
    #[allow(unsafe_code)]
    pub fn here() -> ThreadUse {
        // SAFETY: all zeros is a valid `rusage`, which the call fills and does not keep.
        let found = unsafe {
            let mut found: libc::rusage = std::mem::zeroed();
            if libc::getrusage(libc::RUSAGE_THREAD, &raw mut found) != 0 {
                return ThreadUse::default();
            }
            found
        };
        let count = |n: libc::c_long| u64::try_from(n).unwrap_or(0);
        ThreadUse {
            minor_faults: count(found.ru_minflt),
            major_faults: count(found.ru_majflt),
            voluntary: count(found.ru_nvcsw),
            involuntary: count(found.ru_nivcsw),
        }
    }

    /// Of another thread of this process; `None` when it is gone.
    pub fn of(thread: u64) -> Option<ThreadUse> {
        let dir = PathBuf::from(format!("/proc/self/task/{thread}"));
        let stat = fields_of(&dir.join("stat"))?;
        let status = std::fs::read_to_string(dir.join("status")).ok()?;
        let line = |key: &str| {
            let found = status.lines().find_map(|line| line.strip_prefix(key));
            found.and_then(|value| value.trim().parse().ok())
        };
        Some(ThreadUse {
            minor_faults: stat.get(7)?.parse().ok()?,
            major_faults: stat.get(9)?.parse().ok()?,
            voluntary: line("voluntary_ctxt_switches:")?,
            involuntary: line("nonvoluntary_ctxt_switches:")?,
        })
    }

    pub(super) fn put_end(&self, slot: &Slot) {
        slot.set(Agent::EndMinorFaults, self.minor_faults);
        slot.set(Agent::EndMajorFaults, self.major_faults);
        slot.set(Agent::EndVoluntary, self.voluntary);
        slot.set(Agent::EndInvoluntary, self.involuntary);
    }

    pub(super) fn put(&self, slot: &Slot, warm: bool) {
        slot.set(Thread::MinorFaults, self.minor_faults);
        slot.set(Thread::MajorFaults, self.major_faults);
        slot.set(Thread::Voluntary, self.voluntary);
        slot.set(Thread::Involuntary, self.involuntary);
        if warm {
            slot.set(Thread::WarmMinorFaults, self.minor_faults);
            slot.set(Thread::WarmMajorFaults, self.major_faults);
            slot.set(Thread::WarmVoluntary, self.voluntary);
            slot.set(Thread::WarmInvoluntary, self.involuntary);
            slot.set(Thread::WarmSet, 1);
        }
    }
}

/// The system's number of the calling thread.
#[allow(unsafe_code)]
pub fn thread_id() -> u64 {
    // SAFETY: the call takes nothing and cannot fail.
    u64::try_from(unsafe { libc::gettid() }).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_thread_reads_what_a_thread_counts_of_itself() {
        let (told, tell) = std::sync::mpsc::channel();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || {
            let touched = vec![1u8; 4 << 20];
            std::thread::sleep(std::time::Duration::from_millis(1));
            let sum = touched.iter().step_by(4096).map(|b| u64::from(*b)).sum::<u64>();
            let _ = told.send((thread_id(), ThreadUse::here(), sum));
            let _ = wait.recv();
        });
        let (thread, own, _) = tell.recv().unwrap();
        let seen = ThreadUse::of(thread).unwrap();
        assert!(own.minor_faults >= 1 && own.voluntary >= 1, "{own:?}");
        assert!(seen.minor_faults >= own.minor_faults && seen.voluntary >= own.voluntary, "{seen:?} {own:?}");
        drop(go);
        other.join().unwrap();
        assert_eq!(ThreadUse::of(u64::from(u32::MAX)), None);
    }
}
