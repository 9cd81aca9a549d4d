//! A child under the eyes of its parent: every system call may be counted, refused, bent or be its last.
//!
//! Owns the tracing (`ptrace`). Faults and crash points so need nothing built into the code under test:
//! what runs is the production writer, and the kernel's answers are what is changed. The thread that
//! starts a traced child must wait for it, and the process may have no other children meanwhile. Linux on
//! x86-64 only. Fails where the host forbids tracing, with the errno.

use std::collections::HashMap;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// One system call of the child.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The thread that makes it.
    pub thread: Pid,
    /// Its number on this architecture.
    pub number: i64,
    /// Its arguments.
    pub arguments: [u64; 6],
    /// How many calls were made before it.
    pub index: u64,
}

/// What the kernel is made to do about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What it would.
    Pass,
    /// Nothing, and the call fails with this errno.
    Fail(i32),
    /// Nothing, and the call says that it succeeded with this value.
    Pretend(i64),
    /// At most this many bytes of a write.
    Short(u64),
    /// The child is killed before the call takes effect.
    Kill,
    /// The child is killed after so many more instructions of the calling thread.
    KillAfter(u64),
}

/// Looks on and decides.
pub trait Watcher {
    /// Before a call takes effect.
    fn entry(&mut self, call: &Call) -> Answer;
    /// After it did, with what it returned. True kills the child.
    fn exit(&mut self, _call: &Call, _result: i64) -> bool {
        false
    }
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal; SIGKILL unless it fell by itself.
    Signalled(Signal),
}

/// What is known of one thread.
#[derive(Default)]
struct Thread {
    call: Option<(Call, Option<i64>)>,
}

/// Runs a command that waits for a line on its standard input, and watches it from there to its end.
pub fn run(mut command: Command, watcher: &mut dyn Watcher) -> io::Result<Ended> {
    let mut child = command.stdin(Stdio::piped()).spawn()?;
    let main = Pid::from_raw(child.id() as i32);
    let options = ptrace::Options::PTRACE_O_TRACESYSGOOD
        | ptrace::Options::PTRACE_O_TRACECLONE
        | ptrace::Options::PTRACE_O_EXITKILL;
    ptrace::seize(main, options)?;
    ptrace::interrupt(main)?;
    waitpid(main, Some(WaitPidFlag::__WALL))?;
    ptrace::syscall(main, None)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(b"\n")?;
    }
    Session { main, threads: HashMap::new(), calls: 0 }.watch(watcher)
}

struct Session {
    main: Pid,
    threads: HashMap<i32, Thread>,
    calls: u64,
}

impl Session {
    fn watch(mut self, watcher: &mut dyn Watcher) -> io::Result<Ended> {
        loop {
            match waitpid(Pid::from_raw(-1), Some(WaitPidFlag::__WALL))? {
                WaitStatus::Exited(pid, code) if pid == self.main => return Ok(Ended::Exited(code)),
                WaitStatus::Signaled(pid, signal, _) if pid == self.main => {
                    return Ok(Ended::Signalled(signal));
                }
                WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, ..) => {
                    self.threads.remove(&pid.as_raw());
                }
                WaitStatus::PtraceSyscall(pid) => gone_is_fine(self.stop(pid, watcher))?,
                // A new thread's first stop, or the clone's report: nothing to decide.
                WaitStatus::PtraceEvent(pid, ..) => gone_is_fine(ptrace::syscall(pid, None))?,
                WaitStatus::Stopped(pid, signal) => {
                    let deliver = (signal != Signal::SIGTRAP).then_some(signal);
                    gone_is_fine(ptrace::syscall(pid, deliver))?;
                }
                _ => {}
            }
        }
    }

    fn stop(&mut self, pid: Pid, watcher: &mut dyn Watcher) -> nix::Result<()> {
        let mut registers = ptrace::getregs(pid)?;
        let calls = self.calls;
        let thread = self.threads.entry(pid.as_raw()).or_default();
        if let Some((call, forced)) = thread.call.take() {
            if let Some(value) = forced {
                registers.rax = value as u64;
                ptrace::setregs(pid, registers)?;
            }
            if watcher.exit(&call, registers.rax as i64) {
                return self.kill();
            }
            return ptrace::syscall(pid, None);
        }
        let r = &registers;
        let arguments = [r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9];
        let call = Call { thread: pid, number: r.orig_rax as i64, arguments, index: calls };
        let answer = watcher.entry(&call);
        let mut skipped = None;
        match answer {
            Answer::Pass => {}
            Answer::Fail(errno) => skipped = Some(-i64::from(errno)),
            Answer::Pretend(value) => skipped = Some(value),
            Answer::Short(bytes) => {
                registers.rdx = registers.rdx.min(bytes);
                ptrace::setregs(pid, registers)?;
            }
            Answer::Kill => return self.kill(),
            Answer::KillAfter(steps) => return self.kill_after(pid, steps),
        }
        if skipped.is_some() {
            // No such call: the kernel does nothing, and the result is put in at the exit.
            registers.orig_rax = u64::MAX;
            ptrace::setregs(pid, registers)?;
        }
        thread.call = Some((call, skipped));
        self.calls += 1;
        ptrace::syscall(pid, None)
    }

    fn kill(&self) -> nix::Result<()> {
        nix::sys::signal::kill(self.main, Signal::SIGKILL)
    }

    /// One instruction after the other, calls included, then the end.
    fn kill_after(&self, pid: Pid, steps: u64) -> nix::Result<()> {
        for _ in 0..steps {
            ptrace::step(pid, None)?;
            match waitpid(pid, Some(WaitPidFlag::__WALL))? {
                WaitStatus::Stopped(..) | WaitStatus::PtraceEvent(..) | WaitStatus::PtraceSyscall(_) => {}
                // It ended by itself; that was its last word.
                _ => return Ok(()),
            }
        }
        self.kill()
    }
}

/// A thread may die between its stop and our answer: its end is reported next.
fn gone_is_fine(result: nix::Result<()>) -> nix::Result<()> {
    match result {
        Err(Errno::ESRCH) => Ok(()),
        other => other,
    }
}

/// The inode behind a descriptor of the child's, whatever became of the file's name.
pub fn inode_of(call: &Call, descriptor: u64) -> Option<u64> {
    let link = format!("/proc/{}/fd/{}", call.thread, descriptor as i32);
    std::fs::metadata(link).ok().map(|metadata| metadata.ino())
}

/// The name of the file behind a descriptor of the child's.
pub fn path_of(call: &Call, descriptor: u64) -> Option<std::path::PathBuf> {
    std::fs::read_link(format!("/proc/{}/fd/{}", call.thread, descriptor as i32)).ok()
}

/// A path among a call's arguments.
pub fn path_argument(call: &Call, address: u64) -> Option<std::path::PathBuf> {
    let memory = std::fs::File::open(format!("/proc/{}/mem", call.thread)).ok()?;
    let mut bytes = vec![0; 4096];
    let got = memory.read_at(&mut bytes, address).ok()?;
    let end = bytes[..got].iter().position(|byte| *byte == 0)?;
    Some(std::ffi::OsStr::from_bytes(&bytes[..end]).into())
}

/// A piece of a file that is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappedAt {
    /// The file's inode.
    pub inode: u64,
    /// Offset in the file of the address that was asked for.
    pub offset: u64,
}

/// The file that is mapped at an address of the child's.
pub fn mapping_at(call: &Call, address: u64) -> Option<MappedAt> {
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", call.thread)).ok()?;
    maps.lines().find_map(|line| {
        let mut fields = line.split_whitespace();
        let (from, to) = fields.next()?.split_once('-')?;
        let from = u64::from_str_radix(from, 16).ok()?;
        let to = u64::from_str_radix(to, 16).ok()?;
        let offset = u64::from_str_radix(fields.nth(1)?, 16).ok()?;
        let inode = fields.nth(1)?.parse().ok()?;
        (from..to).contains(&address).then_some(MappedAt { inode, offset: offset + (address - from) })
    })
}
