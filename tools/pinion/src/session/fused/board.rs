//! What a shard's hot thread and the coordinator show each other: latest values, each with one writer.
//!
//! The coordinator raises the gate; the shard comes to rest before the first event that is not before it, and
//! says so after it has written everything else. While a shard is at rest nothing that it shows changes, except
//! by what the coordinator sends it, and that is counted.

use pinion_model::number::Money;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};

/// An amount of 128 bits in two words. It is read only while its writer is at rest.
#[derive(Debug, Default)]
struct Wide([AtomicU64; 2]);

impl Wide {
    fn set(&self, money: Money) {
        self.0[0].store(money.0 as u64, Ordering::Relaxed);
        self.0[1].store((money.0 >> 64) as u64, Ordering::Relaxed);
    }

    fn get(&self) -> Money {
        let [low, high] = [&self.0[0], &self.0[1]].map(|word| word.load(Ordering::Relaxed));
        Money((i128::from(high as i64) << 64) | i128::from(low))
    }
}

/// The coordinator's line, on cache lines of its own.
#[derive(Debug)]
#[repr(align(128))]
struct Gate(AtomicI64);

/// The board of one shard.
#[derive(Debug)]
#[repr(align(128))]
pub struct Board {
    gate: Gate,
    /// Time of the next event while at rest; `i64::MIN` before the first rest, `i64::MAX` once the shard is done.
    next_ns: AtomicI64,
    /// Orders of the coordinator that have been taken.
    taken: AtomicU64,
    level: AtomicU8,
    daily_halt: AtomicBool,
    drawdown_halt: AtomicBool,
    failed: AtomicBool,
    is_valued: AtomicBool,
    next_day_ns: AtomicI64,
    equity: Wide,
    free: Wide,
    given: Wide,
}

/// What a shard at rest shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Stopping level.
    pub level: u8,
    /// Its day's loss halted it.
    pub daily_halt: bool,
    /// Its drawdown halted it.
    pub drawdown_halt: bool,
    /// When its next day begins, ns.
    pub next_day_ns: i64,
    /// Equity, when it is known.
    pub equity: Option<Money>,
    /// What of its base currency it can give.
    pub free: Money,
}

impl Default for Board {
    fn default() -> Self {
        Board {
            gate: Gate(AtomicI64::new(i64::MIN)),
            next_ns: AtomicI64::new(i64::MIN),
            taken: AtomicU64::new(0),
            level: AtomicU8::new(0),
            daily_halt: AtomicBool::new(false),
            drawdown_halt: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            is_valued: AtomicBool::new(false),
            next_day_ns: AtomicI64::new(i64::MIN),
            equity: Wide::default(),
            free: Wide::default(),
            given: Wide::default(),
        }
    }
}

impl Board {
    /// Events before this time may be taken. What was sent before it was raised is seen by whoever reads it.
    pub fn gate_ns(&self) -> i64 {
        self.gate.0.load(Ordering::Acquire)
    }

    /// Lets the shard go on. The coordinator's.
    pub fn raise_gate(&self, gate_ns: i64) {
        self.gate.0.store(gate_ns, Ordering::Release);
    }

    /// The shard is at rest before an event of this time (`i64::MAX`: done), and has taken so many orders. The
    /// shard's.
    pub fn rest(&self, standing: &Standing, next_ns: i64, taken: u64) {
        self.level.store(standing.level, Ordering::Relaxed);
        self.daily_halt.store(standing.daily_halt, Ordering::Relaxed);
        self.drawdown_halt.store(standing.drawdown_halt, Ordering::Relaxed);
        self.next_day_ns.store(standing.next_day_ns, Ordering::Relaxed);
        self.is_valued.store(standing.equity.is_some(), Ordering::Relaxed);
        self.equity.set(standing.equity.unwrap_or_default());
        self.free.set(standing.free);
        self.taken.store(taken, Ordering::Release);
        self.next_ns.store(next_ns, Ordering::Release);
    }

    /// What the last transfer moved. The shard's, before it rests.
    pub fn set_given(&self, given: Money) {
        self.given.set(given);
    }

    /// See [`Board::set_given`].
    pub fn given(&self) -> Money {
        self.given.get()
    }

    /// The shard's data failed. The shard's, before it is done.
    pub fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    /// See [`Board::fail`]; of a shard that is done.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Time of the next event when the shard is at rest at the gate and has taken `sent` orders.
    pub fn next_ns(&self, sent: u64) -> Option<i64> {
        let next_ns = self.next_ns.load(Ordering::Acquire);
        let rests = next_ns > i64::MIN && next_ns >= self.gate.0.load(Ordering::Relaxed);
        let has_taken = next_ns == i64::MAX || self.taken.load(Ordering::Acquire) == sent;
        (rests && has_taken).then_some(next_ns)
    }

    /// The shard has come to its end.
    pub fn is_done(&self) -> bool {
        self.next_ns.load(Ordering::Acquire) == i64::MAX
    }

    /// What it shows; of a shard at rest.
    pub fn standing(&self) -> Standing {
        Standing {
            level: self.level.load(Ordering::Relaxed),
            daily_halt: self.daily_halt.load(Ordering::Relaxed),
            drawdown_halt: self.drawdown_halt.load(Ordering::Relaxed),
            next_day_ns: self.next_day_ns.load(Ordering::Relaxed),
            equity: self.is_valued.load(Ordering::Relaxed).then(|| self.equity.get()),
            free: self.free.get(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_all_their_bits() {
        let wide = Wide::default();
        for value in [0, -1, 1 << 63, 1 << 64, -(1 << 64), i128::MAX, i128::MIN] {
            wide.set(Money(value));
            assert_eq!(wide.get(), Money(value));
        }
    }

    #[test]
    fn a_shard_rests_at_the_gate_once_it_has_taken_what_was_sent() {
        let board = Board::default();
        let standing = Standing { equity: Some(Money(7)), ..Board::default().standing() };
        assert_eq!(board.next_ns(0), None, "it has not looked at its data yet");
        board.rest(&standing, 100, 0);
        assert_eq!((board.next_ns(0), board.next_ns(1)), (Some(100), None));
        board.raise_gate(100);
        assert_eq!(board.next_ns(0), Some(100), "its next event is not before the gate");
        board.raise_gate(101);
        assert_eq!(board.next_ns(0), None);
        board.rest(&standing, i64::MAX, 0);
        assert_eq!(board.next_ns(5), Some(i64::MAX), "the end waits for nothing");
        assert_eq!(board.standing(), standing);
    }
}
