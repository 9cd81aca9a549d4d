//! The same over loopback TCP: a peer sends frames at set times and waits for what comes back, the engine's
//! thread looks at its socket without blocking. A bare echo of the same run is the floor.

use super::drive::Load;
use super::measured::histogram;
use super::pipeline::Pipeline;
use crate::failure::Failure;
use crate::session::keeper::Out;
use hdrhistogram::Histogram;
use pinion_runtime::ticks::Ticks;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

/// What comes back for a frame that caused no order.
const NOTHING: &[u8] = b"-\n";

/// What the peer saw.
pub struct Seen {
    /// From when a frame was due to when its order was back; frames that caused one.
    pub order: Histogram<u64>,
    /// Frames a second.
    pub achieved: f64,
}

/// Starts the peer on a thread of its own and gives the engine's end of the connection.
pub fn start_peer(
    frames: Vec<Vec<u8>>,
    load: Load,
    ticks: Ticks,
    ns_per_tick: f64,
    core: Option<usize>,
) -> Result<(TcpStream, JoinHandle<std::io::Result<Seen>>), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let peer = std::thread::Builder::new().name("peer".into()).spawn(move || {
        core.map(pinion_runtime::agent::pin);
        let stream = TcpStream::connect(address)?;
        drive_peer(stream, &frames, &load, &ticks, ns_per_tick)
    })?;
    let (stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok((stream, peer))
}

fn drive_peer(
    mut stream: TcpStream,
    frames: &[Vec<u8>],
    load: &Load,
    ticks: &Ticks,
    ns_per_tick: f64,
) -> std::io::Result<Seen> {
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    let period = 1e9 / load.rate / ns_per_tick;
    let ns = |ticks: u64| (ticks as f64 * ns_per_tick) as u64;
    let (mut order, mut answer) = (histogram(), vec![0u8; 64 * 1024]);
    let mut line = Vec::with_capacity(64 * 1024);
    let start = ticks.now() + (1e6 / ns_per_tick) as u64;
    let (mut first_due, mut last) = (start, start);
    for (at, frame) in frames.iter().cycle().take(load.warm_up + load.frames).enumerate() {
        let due = start + (at as f64 * period) as u64;
        while ticks.now() < due {
            std::hint::spin_loop();
        }
        line.clear();
        line.extend_from_slice(frame);
        line.push(b'\n');
        write_all(&mut stream, &line)?;
        let (mut got, mut spins) = (0, 0u32);
        while got == 0 || answer[got - 1] != b'\n' {
            match stream.read(&mut answer[got..]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(n) => got += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => rest(&mut spins),
                Err(e) => return Err(e),
            }
        }
        let now = ticks.now();
        if at == load.warm_up {
            first_due = due;
        }
        if at >= load.warm_up && &answer[..got] != NOTHING {
            order.saturating_record(ns(now.saturating_sub(due)));
        }
        last = now;
    }
    let seconds = ns(last.saturating_sub(first_due)) as f64 / 1e9;
    Ok(Seen { order, achieved: load.frames as f64 / seconds })
}

/// Gives the processor away now and then: on a small machine the other side may need it.
fn rest(spins: &mut u32) {
    *spins = spins.wrapping_add(1);
    if spins.is_multiple_of(4096) {
        std::thread::yield_now();
    }
}

fn write_all(stream: &mut TcpStream, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(e) if e.kind() == ErrorKind::WouldBlock => std::hint::spin_loop(),
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Calls `take` for each line that comes in, with what to write back, until the peer hangs up.
fn serve(
    mut stream: TcpStream,
    mut take: impl FnMut(&[u8], &mut Vec<u8>),
    mut idle: impl FnMut(),
) -> std::io::Result<()> {
    let (mut buffer, mut start, mut end) = (vec![0u8; 256 * 1024], 0, 0);
    let (mut reply, mut spins) = (Vec::with_capacity(64 * 1024), 0u32);
    loop {
        match stream.read(&mut buffer[end..]) {
            Ok(0) => return Ok(()),
            Ok(n) => end += n,
            Err(e) if e.kind() == ErrorKind::WouldBlock => {
                idle();
                rest(&mut spins);
                continue;
            }
            Err(e) if e.kind() == ErrorKind::ConnectionReset => return Ok(()),
            Err(e) => return Err(e),
        }
        while let Some(length) = memchr::memchr(b'\n', &buffer[start..end]) {
            reply.clear();
            take(&buffer[start..start + length], &mut reply);
            write_all(&mut stream, &reply)?;
            start += length + 1;
        }
        buffer.copy_within(start..end, 0);
        (start, end) = (0, end - start);
    }
}

/// The engine's side: a frame in, its orders out.
pub fn serve_pipeline<O: Out>(
    stream: TcpStream,
    pipeline: &mut Pipeline<O>,
    mut between: impl FnMut(&mut O),
) -> std::io::Result<()> {
    let pipeline = std::cell::RefCell::new((pipeline, true));
    serve(
        stream,
        |frame, reply| {
            let (pipeline, settled) = &mut *pipeline.borrow_mut();
            if !*settled {
                pipeline.settle();
            }
            while !pipeline.has_room() {
                between(pipeline.out());
                std::thread::yield_now();
            }
            pipeline.heed_link();
            pipeline.frame(frame);
            *settled = false;
            if pipeline.messages().is_empty() {
                reply.extend_from_slice(NOTHING);
            } else {
                reply.append(pipeline.messages());
            }
        },
        || {
            // The venue's answers are taken while nothing is due.
            let (pipeline, settled) = &mut *pipeline.borrow_mut();
            if !*settled {
                pipeline.settle();
                *settled = true;
            }
        },
    )
}

/// The floor: a line in, as many bytes out as an order has.
pub fn serve_echo(stream: TcpStream) -> std::io::Result<()> {
    let mut order = [b'x'; 200];
    order[199] = b'\n';
    serve(stream, |_, reply| reply.extend_from_slice(&order), || {})
}
