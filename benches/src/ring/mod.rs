//! Hand-over between two threads: round trips and one way, over our link and over others.
//!
//! Both threads look without blocking and give the processor away only now and then, so that the ring is
//! measured and not the scheduler. Items are 64 bytes, a cache line; links hold [`DEPTH`] of them.

mod atomics;
mod channels;
#[cfg_attr(not(feature = "peers"), path = "no_peers.rs")]
mod peers;

use crate::clock::Clock;
use crate::contest::Contender;
pub use atomics::two_atomics;
use std::time::Instant;

/// What is handed over.
pub type Item = [u64; 8];
/// Items that a ring holds.
pub const DEPTH: usize = 1024;
/// Items that are read or written at once where the ring can do that.
const BATCH: usize = 64;

/// Sends.
pub(crate) trait Sending: Send + 'static {
    /// Sends an item, or says that there is no room.
    fn send(&mut self, item: Item) -> bool;

    /// Sends up to [`BATCH`] items that begin with `first` and count up; returns how many.
    fn send_some(&mut self, first: u64, most: usize) -> usize {
        (0..most.min(BATCH)).take_while(|&n| self.send([first + n as u64; 8])).count()
    }
}

/// Receives.
pub(crate) trait Receiving: Send + 'static {
    /// Takes what is there, up to [`BATCH`] items; returns how many.
    fn receive(&mut self, take: impl FnMut(&Item)) -> usize;
}

/// A ring of [`DEPTH`] items.
pub(crate) trait Ring {
    /// Its sending end.
    type Tx: Sending;
    /// Its receiving end.
    type Rx: Receiving;
    /// Makes one.
    fn make() -> (Self::Tx, Self::Rx);
}

/// Where the two threads run, and for how long.
#[derive(Clone, Debug)]
pub struct Course {
    /// The clock.
    pub clock: Clock,
    /// Processor of the other thread. The caller pins itself; threads inherit its mask.
    pub other_core: Option<usize>,
    /// Round trips of a measurement.
    pub trips: u64,
    /// Items of a measurement one way.
    pub items: u64,
}

/// Spins, and now and then gives the processor away: two threads may share one.
#[inline]
pub(crate) fn pause(spins: &mut u32) {
    *spins = spins.wrapping_add(1);
    if spins.is_multiple_of(1024) {
        std::thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

/// Round trips that are timed together: the counter of some processors moves in steps of ten nanoseconds.
const BLOCK: u64 = 10;

/// Times round trips in blocks; ticks of each block. `trips` is a multiple of `block`.
fn timed(clock: &Clock, trips: u64, block: u64, mut trip: impl FnMut(u64)) -> Vec<u64> {
    let mut seen = Vec::with_capacity((trips / block) as usize);
    let mut n = 0;
    while n < trips {
        let began = clock.now();
        for _ in 0..block {
            n += 1;
            trip(n);
        }
        seen.push(clock.now().wrapping_sub(began));
    }
    seen
}

impl Course {
    fn pin_other(&self) {
        if let Some(core) = self.other_core {
            pinion_runtime::agent::pin(core);
        }
    }

    /// Round trips in whole blocks.
    fn whole(&self) -> u64 {
        self.trips.max(1).next_multiple_of(BLOCK)
    }

    /// Median of the blocks, ns a round trip.
    fn median(&self, mut blocks: Vec<u64>) -> f64 {
        let middle = blocks.len() / 2;
        self.clock.ns(*blocks.select_nth_unstable(middle).1) / BLOCK as f64
    }

    /// Median round trip, ns: an item there and one back, over two rings.
    fn round_trip<R: Ring>(&self) -> f64 {
        let ((mut there, mut seen), (mut answer, mut back)) = (R::make(), R::make());
        let course = self.clone();
        let echo = std::thread::spawn(move || {
            course.pin_other();
            let (mut spins, mut answered) = (0, 0);
            while answered < course.whole() {
                let mut item = [0; 8];
                while seen.receive(|got| item = *got) == 0 {
                    pause(&mut spins);
                }
                assert!(answer.send(item), "one item fits");
                answered += 1;
            }
        });
        let mut spins = 0;
        let blocks = timed(&self.clock, self.whole(), BLOCK, |n| {
            assert!(there.send([n; 8]), "one item fits");
            let mut item = [0; 8];
            while back.receive(|got| item = *got) == 0 {
                pause(&mut spins);
            }
            assert_eq!(item, [n; 8], "what came back is what was sent");
        });
        join(echo);
        self.median(blocks)
    }

    /// Items a second, one way.
    fn one_way<R: Ring>(&self) -> f64 {
        let (mut tx, mut rx) = R::make();
        let course = self.clone();
        let sender = std::thread::spawn(move || {
            course.pin_other();
            let (mut spins, mut next) = (0, 1);
            while next <= course.items {
                let sent = tx.send_some(next, (course.items + 1 - next) as usize);
                next += sent as u64;
                if sent == 0 {
                    pause(&mut spins);
                }
            }
            // The ring lives until everything was read.
            tx
        });
        let (mut got, mut spins, mut sum) = (0, 0, 0u64);
        while rx.receive(|item| sum += item[7]) == 0 {
            pause(&mut spins);
        }
        let began = Instant::now();
        let all = self.items * (self.items + 1) / 2;
        while sum < all {
            let some = rx.receive(|item| sum += item[7]);
            got += some as u64;
            if some == 0 {
                pause(&mut spins);
            }
        }
        let seconds = began.elapsed().as_secs_f64();
        assert_eq!(sum, all, "each item came once");
        join(sender);
        got as f64 / seconds
    }
}

fn join<T>(thread: std::thread::JoinHandle<T>) {
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Name of our ring in tables.
pub const OURS: &str = "link";
/// Name of our ring where item and sequence share a cache line.
pub const OURS_IN_A_LINE: &str = "link, items of 56 bytes";
/// Name of the floor.
pub const FLOOR: &str = "two atomics";

/// Everyone, for round trips (ns).
pub fn round_trips(course: &Course) -> Vec<Contender<'_>> {
    let floor = || course.median(two_atomics(&course.clock, course.other_core, course.whole(), BLOCK));
    let mut all = vec![
        Contender::new(FLOOR, floor),
        Contender::new(OURS, || course.round_trip::<channels::Link>()),
        Contender::new(OURS_IN_A_LINE, || course.round_trip::<channels::LinkInALine>()),
        Contender::new("rtrb, push and pop", || course.round_trip::<channels::Rtrb>()),
        Contender::new("rtrb, chunks", || course.round_trip::<channels::RtrbChunks>()),
        Contender::new("std mpsc, bounded", || course.round_trip::<channels::StdBounded>()),
    ];
    peers::add_round_trips(course, &mut all);
    all
}

/// Everyone, one way (items a second).
pub fn one_way(course: &Course) -> Vec<Contender<'_>> {
    let mut all = vec![
        Contender::new(OURS, || course.one_way::<channels::Link>()),
        Contender::new("rtrb, push and pop", || course.one_way::<channels::Rtrb>()),
        Contender::new("rtrb, chunks", || course.one_way::<channels::RtrbChunks>()),
        Contender::new("std mpsc, bounded", || course.one_way::<channels::StdBounded>()),
    ];
    peers::add_one_way(course, &mut all);
    all
}
