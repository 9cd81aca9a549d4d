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
use hdrhistogram::Histogram;
use std::time::Instant;

/// What is handed over.
pub type Item = [u64; 8];
/// Items that a ring holds.
pub const DEPTH: usize = 1024;
/// Items that are read or written at once where the ring can do that.
const BATCH: usize = 64;
/// Longest time that is told apart.
const LONGEST_NS: u64 = 60_000_000_000;

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

/// A histogram that never grows.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("constant bounds are valid")
}

impl Course {
    fn pin_other(&self) {
        if let Some(core) = self.other_core {
            pinion_runtime::agent::pin(core);
        }
    }

    /// Median round trip, ns: an item there and one back, over two rings.
    fn round_trip<R: Ring>(&self) -> f64 {
        let ((mut there, mut seen), (mut answer, mut back)) = (R::make(), R::make());
        let course = self.clone();
        let echo = std::thread::spawn(move || {
            course.pin_other();
            let (mut spins, mut answered) = (0, 0);
            while answered < course.trips {
                let mut item = [0; 8];
                while seen.receive(|got| item = *got) == 0 {
                    pause(&mut spins);
                }
                assert!(answer.send(item), "one item fits");
                answered += 1;
            }
        });
        let (mut trips, mut spins) = (histogram(), 0);
        for n in 1..=self.trips {
            let began = self.clock.now();
            assert!(there.send([n; 8]), "one item fits");
            let mut item = [0; 8];
            while back.receive(|got| item = *got) == 0 {
                pause(&mut spins);
            }
            trips.saturating_record(self.clock.ns(self.clock.now().wrapping_sub(began)) as u64);
            assert_eq!(item, [n; 8], "what came back is what was sent");
        }
        join(echo);
        trips.value_at_quantile(0.5) as f64
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
/// Name of the floor.
pub const FLOOR: &str = "two atomics";

/// Everyone, for round trips (ns).
pub fn round_trips(course: &Course) -> Vec<Contender<'_>> {
    let floor = || {
        let clock = &course.clock;
        two_atomics(clock, course.other_core, course.trips).value_at_quantile(0.5) as f64
    };
    let mut all = vec![
        Contender::new(FLOOR, floor),
        Contender::new(OURS, || course.round_trip::<channels::Link>()),
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
