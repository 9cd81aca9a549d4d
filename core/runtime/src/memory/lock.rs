//! Pages stay in memory: `mlockall`, where the host lets this process lock as much as it likes.
//!
//! Under a finite limit nothing is locked: a later mapping of the journal would then fail in the middle of
//! trading. What is there is locked at once; what comes later (the journal's next segment) is locked page
//! by page as it is touched, so that no thread waits for a whole segment to be read.

use std::fmt;

/// Why memory cannot be locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The process may lock this many bytes and no more.
    Limit(u64),
    /// The kernel's reason.
    Kernel(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Limit(bytes) => write!(
                f,
                "memory cannot be locked: the limit is {} KiB and must be unlimited; raise it with `ulimit -l \
                 unlimited` or, for a service, `LimitMEMLOCK=infinity`, or give the process CAP_IPC_LOCK",
                bytes / 1024
            ),
            Refused::Kernel(reason) => write!(
                f,
                "memory cannot be locked: {reason}; the process must fit into the machine's memory, and \
                 `ulimit -l` must be unlimited"
            ),
        }
    }
}

impl std::error::Error for Refused {}

/// The bit of CAP_IPC_LOCK in a capability set.
const CAP_IPC_LOCK: u32 = 14;

/// Whether this process may lock all of its memory.
pub fn allowed() -> Result<(), Refused> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    judge(limit_bytes(), &status)
}

fn judge(limit: u64, status: &str) -> Result<(), Refused> {
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let bits = effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    if limit == libc::RLIM_INFINITY || bits >> CAP_IPC_LOCK & 1 == 1 {
        return Ok(());
    }
    Err(Refused::Limit(limit))
}

#[allow(unsafe_code)]
fn limit_bytes() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel fills the structure that is passed; a failure leaves it at zero, the strictest.
    unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &mut limit) };
    limit.rlim_cur
}

/// Locks what the process has mapped, and from now on whatever it touches.
#[allow(unsafe_code)]
pub fn lock_all() -> Result<(), Refused> {
    allowed()?;
    let kernel = || Refused::Kernel(std::io::Error::last_os_error().to_string());
    // SAFETY: both calls take flags alone; they change where pages live, never what is in them.
    unsafe {
        if libc::mlockall(libc::MCL_CURRENT) != 0 {
            return Err(kernel());
        }
        if libc::mlockall(libc::MCL_FUTURE | libc::MCL_ONFAULT) != 0 {
            return Err(kernel());
        }
    }
    Ok(())
}

/// Undoes [`lock_all`].
#[allow(unsafe_code)]
pub fn unlock_all() {
    // SAFETY: takes nothing and changes where pages live, never what is in them. It cannot fail.
    unsafe { libc::munlockall() };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finite_limit_refuses_unless_the_capability_lifts_it() {
        let (with, without) = ("Name:\tx\nCapEff:\t0000000000004000\n", "CapEff:\t0000000000000000\n");
        assert_eq!(judge(8 << 20, without), Err(Refused::Limit(8 << 20)));
        assert_eq!(judge(8 << 20, with), Ok(()));
        assert_eq!(judge(libc::RLIM_INFINITY, without), Ok(()));
        let said = Refused::Limit(8 << 20).to_string();
        assert!(said.contains("8192 KiB") && said.contains("ulimit -l unlimited"), "{said}");
    }

    #[test]
    fn where_it_is_allowed_the_kernel_says_that_memory_is_locked() {
        let locked_kib = || {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let line = status.lines().find_map(|l| l.strip_prefix("VmLck:")).unwrap().trim().to_string();
            line.trim_end_matches(" kB").trim().parse::<u64>().unwrap()
        };
        match lock_all() {
            Ok(()) => {
                assert!(locked_kib() > 100, "{} KiB", locked_kib());
                unlock_all();
                assert_eq!(locked_kib(), 0);
            }
            Err(refused) => assert!(allowed().is_err(), "allowed, and yet: {refused}"),
        }
    }
}
