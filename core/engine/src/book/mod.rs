//! Order books from snapshots and updates, with the venues' sequence rules.
//!
//! A book is synced from the moment an update connects to a snapshot until one is missing. In between it
//! keeps the last updates that came before the snapshot, and applies those that follow it when it comes.
//! Binance spot numbers updates without holes (`U == previous u + 1`); USD-M futures name the previous
//! update (`pu == previous u`). The first update after a snapshot must span it.
//!
//! Memory is bounded: each side holds a fixed number of levels, and what lies beyond the worst of them is
//! dropped and counted. Nothing allocates after construction except the queue of early updates, which is
//! sized at construction as well.

mod side;

use pinion_model::event::{Depth, Level};
use serde::{Deserialize, Serialize};
use side::Side;

/// Updates that are kept while the snapshot is on its way.
const MAX_EARLY: usize = 64;

/// What an update did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookChange {
    /// The book is newer.
    Applied,
    /// A snapshot made the book anew.
    Rebuilt,
    /// Kept until the snapshot comes.
    Early,
    /// Older than the book; ignored.
    Old,
    /// An update is missing; the book is not synced until the next snapshot.
    Gap {
        /// The id that should have come.
        expected: u64,
        /// The id that came.
        got: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// No snapshot yet, or an update was missed.
    Unsynced,
    /// A snapshot is in; the next update must span it.
    Snapshot,
    /// Updates connect.
    Synced,
}

/// An update that came before the snapshot: its ids and where its levels are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Early {
    first_id: u64,
    last_id: u64,
    prev_id: u64,
    start: usize,
    bids: usize,
    asks: usize,
}

/// The book of one instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    bids: Side,
    asks: Side,
    state: State,
    last_id: u64,
    early: Vec<Early>,
    early_levels: Vec<Level>,
    capacity: usize,
}

impl Book {
    /// An empty book of at most `levels` levels a side; 0 makes a book that ignores everything.
    pub fn new(levels: usize) -> Book {
        let early = if levels == 0 { 0 } else { MAX_EARLY };
        Book {
            bids: Side::new(levels, true),
            asks: Side::new(levels, false),
            state: State::Unsynced,
            last_id: 0,
            early: Vec::with_capacity(early),
            early_levels: Vec::with_capacity(early * 32),
            capacity: levels,
        }
    }

    /// Makes room for all that it may ever hold: a book that was read back from bytes has none to spare.
    // cold: before a run goes on
    pub fn reserve(&mut self) {
        let room = |len: usize, of: usize| of.saturating_sub(len);
        let early = if self.capacity == 0 { 0 } else { MAX_EARLY };
        self.early.reserve_exact(room(self.early.len(), early));
        self.early_levels.reserve_exact(room(self.early_levels.len(), early * 32));
        self.bids.reserve();
        self.asks.reserve();
    }

    /// Applies an update or a snapshot.
    pub fn apply(&mut self, depth: &Depth<'_>) -> BookChange {
        self.apply_each(depth, |_| ())
    }

    /// As [`Book::apply`], and shows the book after each of the early updates that a snapshot lets in.
    pub fn apply_each(&mut self, depth: &Depth<'_>, show: impl FnMut(&Book)) -> BookChange {
        if self.capacity == 0 {
            return BookChange::Old;
        }
        if depth.snapshot {
            return self.apply_snapshot(depth, show);
        }
        match self.state {
            State::Unsynced => self.keep_early(depth),
            State::Snapshot | State::Synced => {
                self.apply_update(depth.first_id, depth.last_id, depth.prev_id, depth.bids, depth.asks)
            }
        }
    }

    fn apply_snapshot(&mut self, depth: &Depth<'_>, mut show: impl FnMut(&Book)) -> BookChange {
        if self.state == State::Synced && depth.last_id < self.last_id {
            return BookChange::Old;
        }
        self.bids.replace(depth.bids);
        self.asks.replace(depth.asks);
        self.last_id = depth.last_id;
        self.state = State::Snapshot;
        let (early, levels) = (std::mem::take(&mut self.early), std::mem::take(&mut self.early_levels));
        let mut change = BookChange::Rebuilt;
        for e in &early {
            let (bids, asks) = levels[e.start..e.start + e.bids + e.asks].split_at(e.bids);
            match self.apply_update(e.first_id, e.last_id, e.prev_id, bids, asks) {
                BookChange::Applied => show(self),
                gap @ BookChange::Gap { .. } => {
                    change = gap;
                    break;
                }
                _ => {}
            }
        }
        (self.early, self.early_levels) = (early, levels);
        self.early.clear();
        self.early_levels.clear();
        change
    }

    fn keep_early(&mut self, depth: &Depth<'_>) -> BookChange {
        let levels = depth.bids.len() + depth.asks.len();
        let fits = self.early_levels.len() + levels <= self.early_levels.capacity();
        if self.early.len() == self.early.capacity() || !fits {
            // The snapshot must be newer than all of these to be of use; start again with this one.
            self.early.clear();
            self.early_levels.clear();
        }
        if levels <= self.early_levels.capacity() {
            self.early.push(Early {
                first_id: depth.first_id,
                last_id: depth.last_id,
                prev_id: depth.prev_id,
                start: self.early_levels.len(),
                bids: depth.bids.len(),
                asks: depth.asks.len(),
            });
            self.early_levels.extend_from_slice(depth.bids);
            self.early_levels.extend_from_slice(depth.asks);
        }
        BookChange::Early
    }

    fn apply_update(
        &mut self,
        first: u64,
        last: u64,
        prev: u64,
        bids: &[Level],
        asks: &[Level],
    ) -> BookChange {
        let futures = prev != 0;
        let first_after_snapshot = self.state == State::Snapshot;
        if last < self.last_id || (!futures && last == self.last_id) {
            return BookChange::Old;
        }
        let connects = match (first_after_snapshot, futures) {
            // Spot: the update must span snapshot + 1; futures: the snapshot itself.
            (true, false) => first <= self.last_id + 1,
            (true, true) => first <= self.last_id,
            (false, false) => first <= self.last_id + 1,
            (false, true) => prev == self.last_id,
        };
        if !connects {
            let expected = if futures { self.last_id } else { self.last_id + 1 };
            self.state = State::Unsynced;
            self.early.clear();
            self.early_levels.clear();
            return BookChange::Gap { expected, got: if futures { prev } else { first } };
        }
        bids.iter().for_each(|level| self.bids.set(*level));
        asks.iter().for_each(|level| self.asks.set(*level));
        self.last_id = last;
        self.state = State::Synced;
        BookChange::Applied
    }

    /// Updates connect to a snapshot.
    pub fn is_synced(&self) -> bool {
        self.state == State::Synced
    }

    /// The last update id, once there is one.
    pub fn last_id(&self) -> u64 {
        self.last_id
    }

    /// Highest bid.
    pub fn best_bid(&self) -> Option<Level> {
        self.bids.best().copied()
    }

    /// Lowest offer.
    pub fn best_ask(&self) -> Option<Level> {
        self.asks.best().copied()
    }

    /// Bids from the best on.
    pub fn bids(&self) -> impl Iterator<Item = &Level> {
        self.bids.best_first()
    }

    /// Offers from the best on.
    pub fn asks(&self) -> impl Iterator<Item = &Level> {
        self.asks.best_first()
    }

    /// The best bid is at or above the best offer.
    pub fn is_crossed(&self) -> bool {
        matches!((self.best_bid(), self.best_ask()), (Some(b), Some(a)) if b.price >= a.price)
    }

    /// Levels that were dropped because a side was full.
    pub fn dropped_levels(&self) -> u64 {
        self.bids.dropped() + self.asks.dropped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pinion_model::number::{Price, Qty};

    fn level(price: i64, qty: i64) -> Level {
        Level { price: Price(price), qty: Qty(qty) }
    }

    fn depth<'a>(
        first_id: u64,
        last_id: u64,
        prev_id: u64,
        bids: &'a [Level],
        asks: &'a [Level],
    ) -> Depth<'a> {
        Depth { recv_ns: 0, venue_ns: 0, first_id, last_id, prev_id, snapshot: false, bids, asks }
    }

    fn snapshot<'a>(id: u64, bids: &'a [Level], asks: &'a [Level]) -> Depth<'a> {
        Depth { snapshot: true, ..depth(id, id, 0, bids, asks) }
    }

    #[test]
    fn early_updates_are_applied_once_the_snapshot_comes() {
        let mut book = Book::new(10);
        assert_eq!(book.apply(&depth(5, 8, 0, &[level(99, 1)], &[])), BookChange::Early);
        assert_eq!(book.apply(&depth(9, 12, 0, &[level(98, 3)], &[])), BookChange::Early);
        assert_eq!(book.apply(&snapshot(10, &[level(97, 5)], &[level(101, 2)])), BookChange::Rebuilt);
        assert!(book.is_synced());
        assert_eq!((book.best_bid(), book.last_id()), (Some(level(98, 3)), 12));
    }

    #[test]
    fn a_missing_update_is_a_gap_until_the_next_snapshot() {
        let mut book = Book::new(10);
        book.apply(&snapshot(10, &[level(97, 5)], &[level(101, 2)]));
        assert_eq!(book.apply(&depth(9, 11, 0, &[], &[])), BookChange::Applied);
        assert_eq!(book.apply(&depth(8, 11, 0, &[], &[])), BookChange::Old);
        assert_eq!(book.apply(&depth(13, 14, 0, &[], &[])), BookChange::Gap { expected: 12, got: 13 });
        assert!(!book.is_synced());
        assert_eq!(book.apply(&depth(15, 16, 0, &[], &[])), BookChange::Early);
        assert_eq!(book.apply(&snapshot(15, &[level(90, 1)], &[])), BookChange::Rebuilt);
        assert!(book.is_synced());
    }

    #[test]
    fn futures_connect_by_the_previous_id() {
        let mut book = Book::new(10);
        book.apply(&snapshot(100, &[level(97, 5)], &[level(101, 2)]));
        assert_eq!(book.apply(&depth(95, 105, 90, &[], &[])), BookChange::Applied);
        assert_eq!(book.apply(&depth(110, 120, 105, &[], &[])), BookChange::Applied);
        assert_eq!(book.apply(&depth(130, 140, 125, &[], &[])), BookChange::Gap { expected: 120, got: 125 });
    }

    #[test]
    fn a_restored_book_continues_identically() {
        let mut book = Book::new(5);
        book.apply(&depth(5, 8, 0, &[level(99, 1)], &[]));
        let mut copy: Book = postcard::from_bytes(&postcard::to_stdvec(&book).unwrap()).unwrap();
        for id in 0..50u64 {
            let levels = [level(90 + (id as i64 * 7) % 9, (id as i64 * 5) % 4), level(80, 1)];
            let update = depth(9 + id, 9 + id, 0, &levels, &levels[1..]);
            let asks = [level(120, 1)];
            let snap = snapshot(20, &levels, &asks);
            let input = if id == 11 { &snap } else { &update };
            assert_eq!(book.apply(input), copy.apply(input));
            assert_eq!((book.best_bid(), book.best_ask()), (copy.best_bid(), copy.best_ask()));
        }
    }
}
