//! A system-call filter for one thread: what it does not admit kills the process (SIGSYS).
//!
//! Filter mode, not strict mode: strict mode also takes the time-stamp counter away.

use arrayvec::ArrayVec;
use std::io;

/// A step of a filter: load, compare, return.
fn step(code: u32, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt, jf, k }
}

/// Where the kernel puts the number of the call, and the machine that it is a number of.
const NUMBER_AT: u32 = 0;
const MACHINE_AT: u32 = 4;
#[cfg(target_arch = "x86_64")]
const MACHINE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const MACHINE: u32 = 0xc000_00b7;

/// Most calls that a filter admits.
const MOST: usize = 8;

/// From now on the calling thread makes none but these calls. It cannot be undone.
#[allow(unsafe_code)]
pub fn admit_only(calls: &[libc::c_long]) -> io::Result<()> {
    const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    const EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    const RETURN: u32 = libc::BPF_RET | libc::BPF_K;
    assert!(calls.len() <= MOST, "a hot thread has few system calls");
    // On the stack: the thread may be sealed already, and the kernel copies it.
    let mut filter = ArrayVec::<libc::sock_filter, { MOST + 6 }>::new();
    filter.push(step(LOAD, MACHINE_AT, 0, 0));
    filter.push(step(EQUAL, MACHINE, 1, 0));
    filter.push(step(RETURN, libc::SECCOMP_RET_KILL_PROCESS, 0, 0));
    filter.push(step(LOAD, NUMBER_AT, 0, 0));
    for (at, call) in calls.iter().enumerate() {
        // Over the other comparisons and the kill, to the admission at the end.
        filter.push(step(EQUAL, *call as u32, (calls.len() - at) as u8, 0));
    }
    filter.push(step(RETURN, libc::SECCOMP_RET_KILL_PROCESS, 0, 0));
    filter.push(step(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0));
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the first call takes numbers alone. The second copies the steps that `program` points to,
    // which live until it returns; a filter that the kernel finds malformed is refused.
    unsafe {
        if libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 {
            return Err(io::Error::last_os_error());
        }
        if libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program, 0, 0) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
