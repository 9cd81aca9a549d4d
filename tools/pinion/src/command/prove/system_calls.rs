//! No system call: the hot thread of a shared layout runs under a filter of the kernel that kills the process
//! at the first call that is not its socket's own. A contended lock is a system call, so there is none either.
//!
//! The work is done by a child process, since a kill ends it. The hot thread never leaves: when it is done it
//! says so in an atomic and waits by spinning until the process ends.

use super::inputs::usual;
use super::rig::{Rig, remove_remains};
use super::seccomp::admit_only;
use crate::command::bench::tick_to_order::pipeline::Pipeline;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::start::Start;
use clap::{Args, ValueEnum};
use pinion_model::record::Entry;
use pinion_runtime::link::Tx;
use pinion_runtime::memory::hot_allocations;
use serde_json::json;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

#[derive(Args)]
pub struct SystemCallsArgs {
    /// Frames that are walked through
    #[arg(long, default_value_t = 200_000)]
    frames: u64,
    /// Frames come and orders go over a socket, whose calls are then the only ones
    #[arg(long)]
    socket: bool,
    /// Break the property on purpose: the proof must fail
    #[arg(long = "break", value_enum)]
    fault: Option<Fault>,
    /// Do the work here, without a child process: a kill then ends this one
    #[arg(long, hide = true)]
    here: bool,
    #[command(flatten)]
    output: Output,
}

/// A planted defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Fault {
    /// The hot thread asks for its parent's number
    Call,
    /// The hot thread takes a lock that another thread holds
    Lock,
}

/// What the hot thread says. `u64::MAX` frames stand for a filter that could not be installed.
static FRAMES: AtomicU64 = AtomicU64::new(0);
static ORDERS: AtomicU64 = AtomicU64::new(0);
static DONE: AtomicU64 = AtomicU64::new(0);
const NO_FILTER: u64 = u64::MAX;
/// Held by another thread for the time of the proof.
static HELD: Mutex<()> = Mutex::new(());

/// `pinion prove system-calls`.
pub fn run(args: &SystemCallsArgs) -> Result<(), Failure> {
    if args.frames == 0 {
        return Err(Failure::Usage("error: --frames is at least 1".into()));
    }
    if args.here {
        return prove(args);
    }
    let status =
        Command::new(std::env::current_exe()?).args(std::env::args_os().skip(1)).arg("--here").status()?;
    remove_remains();
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        (_, Some(libc::SIGSYS)) => Err(Failure::Run(
            "FAIL: the hot thread made a system call and the kernel killed the process (SIGSYS); `strace -f` shows which"
                .into(),
        )),
        (Some(code), _) => Err(Failure::Run(format!("FAIL: the proof ended with exit code {code}"))),
        (None, signal) => Err(Failure::Run(format!("FAIL: the proof was ended by signal {signal:?}"))),
    }
}

fn prove(args: &SystemCallsArgs) -> Result<(), Failure> {
    let rig = Rig::new()?;
    let frames = usual();
    // The cold side has no journal to write: it is not what is proved.
    let (tx, _cold) = rig.cold(rig.keeper_without_journal())?;
    let pipeline = rig.pipeline(tx, args.socket)?;
    let held = HELD.lock();
    let (count, fault) = (args.frames, args.fault);
    let hot = std::thread::Builder::new().name("hot".into());
    if args.socket {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let sender = TcpStream::connect(listener.local_addr()?)?;
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        hot.spawn(move || over_socket(pipeline, stream, count, fault))?;
        std::thread::spawn(move || send_frames(sender, &frames, count));
    } else {
        hot.spawn(move || in_memory(pipeline, &frames, count, fault))?;
    }
    while DONE.load(Ordering::Acquire) == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(held);
    let (frames, orders) = (FRAMES.load(Ordering::Relaxed), ORDERS.load(Ordering::Relaxed));
    if frames == NO_FILTER {
        return Err(Failure::Run(
            "FAIL: the kernel refused the filter; it needs CONFIG_SECCOMP_FILTER".into(),
        ));
    }
    let admitted = if args.socket { "recvfrom, sendto" } else { "none" };
    let value = json!({ "frames": frames, "orders": orders, "admitted": admitted, "hot_allocations": hot_allocations() });
    let text = format!(
        "{frames} frames and {orders} orders on a hot thread whose admitted system calls are: {admitted}\n"
    );
    args.output.put(&value, &text)?;
    // The hot thread cannot end by itself, so this is the end of the process, and the journal goes first.
    drop(rig);
    let walked = frames >= args.frames && orders > 0 && hot_allocations() == 0;
    std::process::exit(i32::from(!walked));
}

/// Starts the hot thread and takes its system calls away.
fn confine(calls: &[libc::c_long]) {
    if Start::default().begin().is_err() || admit_only(calls).is_err() {
        FRAMES.store(NO_FILTER, Ordering::Relaxed);
        stay();
    }
}

/// The work is done. Ending the thread would be a system call.
fn stay() -> ! {
    DONE.store(1, Ordering::Release);
    loop {
        std::hint::spin_loop();
    }
}

#[allow(unsafe_code)]
fn strike(fault: Option<Fault>) {
    match fault {
        // SAFETY: takes nothing and gives a number.
        Some(Fault::Call) => drop(std::hint::black_box(unsafe { libc::getppid() })),
        Some(Fault::Lock) => drop(HELD.lock()),
        None => {}
    }
}

/// One frame, once the link has so much room that entries never stop.
#[inline]
fn take(pipeline: &mut Pipeline<Tx<Entry>>, frame: &[u8]) {
    while !pipeline.has_plenty_of_room() {
        std::hint::spin_loop();
    }
    pipeline.heed_link();
    if pipeline.frame(frame) > 0 {
        ORDERS.fetch_add(1, Ordering::Relaxed);
    }
    pipeline.settle();
    FRAMES.fetch_add(1, Ordering::Relaxed);
}

fn in_memory(mut pipeline: Pipeline<Tx<Entry>>, frames: &[Vec<u8>], count: u64, fault: Option<Fault>) {
    confine(&[]);
    for (at, frame) in frames.iter().cycle().take(count as usize).enumerate() {
        take(&mut pipeline, frame);
        if at as u64 == count / 2 {
            strike(fault);
        }
    }
    stay();
}

fn over_socket(mut pipeline: Pipeline<Tx<Entry>>, mut stream: TcpStream, count: u64, fault: Option<Fault>) {
    let (mut buffer, mut end, mut taken) = (vec![0u8; 256 * 1024], 0, 0);
    confine(&[libc::SYS_recvfrom, libc::SYS_sendto]);
    while taken < count {
        match stream.read(&mut buffer[end..]) {
            Ok(0) => break,
            Ok(bytes) => end += bytes,
            Err(e) if e.kind() == ErrorKind::WouldBlock => continue,
            Err(_) => break,
        }
        let mut start = 0;
        while let Some(length) = memchr::memchr(b'\n', &buffer[start..end]) {
            take(&mut pipeline, &buffer[start..start + length]);
            start += length + 1;
            taken += 1;
            send_all(&mut stream, pipeline.messages());
            if taken == count / 2 {
                strike(fault);
            }
        }
        buffer.copy_within(start..end, 0);
        end -= start;
    }
    stay();
}

fn send_all(stream: &mut TcpStream, messages: &mut Vec<u8>) {
    let mut sent = 0;
    while sent < messages.len() {
        match stream.write(&messages[sent..]) {
            Ok(bytes) => sent += bytes,
            Err(e) if e.kind() == ErrorKind::WouldBlock => std::hint::spin_loop(),
            Err(_) => break,
        }
    }
    messages.clear();
}

/// The other end: frames out, orders in and away.
fn send_frames(mut stream: TcpStream, frames: &[Vec<u8>], count: u64) -> std::io::Result<()> {
    let mut orders = stream.try_clone()?;
    std::thread::spawn(move || {
        let mut answer = vec![0u8; 64 * 1024];
        while orders.read(&mut answer).is_ok_and(|bytes| bytes > 0) {}
    });
    let mut batch = Vec::with_capacity(64 * 1024);
    for frame in frames.iter().cycle().take(count as usize) {
        batch.extend_from_slice(frame);
        batch.push(b'\n');
        if batch.len() > 32 * 1024 {
            stream.write_all(&batch)?;
            batch.clear();
        }
    }
    stream.write_all(&batch)?;
    // The hot thread closes nothing; the process's end does.
    std::thread::sleep(Duration::from_secs(3600));
    Ok(())
}
