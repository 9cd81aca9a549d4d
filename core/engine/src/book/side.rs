//! One side of a book: levels sorted so that the best is last, where most changes happen.

use pinion_model::event::Level;
use pinion_model::number::Price;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Side {
    /// Worst first, best last.
    levels: Vec<Level>,
    capacity: usize,
    is_bid: bool,
    dropped: u64,
}

impl Side {
    pub(super) fn new(capacity: usize, is_bid: bool) -> Side {
        Side { levels: Vec::with_capacity(capacity), capacity, is_bid, dropped: 0 }
    }

    /// Makes room for all levels that it may hold.
    pub fn reserve(&mut self) {
        self.levels.reserve_exact(self.capacity.saturating_sub(self.levels.len()));
    }

    /// Rank of a price: higher is better.
    fn rank(&self, price: Price) -> i64 {
        if self.is_bid { price.0 } else { -price.0 }
    }

    /// Sets the quantity at a price; zero removes the level.
    pub(super) fn set(&mut self, level: Level) {
        let rank = self.rank(level.price);
        // Changes cluster at the best prices, so look there before searching.
        let near = self.levels.len().saturating_sub(8);
        let at = if self.levels.get(near).is_some_and(|l| self.rank(l.price) <= rank) {
            near + self.levels[near..].partition_point(|l| self.rank(l.price) < rank)
        } else {
            self.levels[..near].partition_point(|l| self.rank(l.price) < rank)
        };
        let exists = self.levels.get(at).is_some_and(|l| l.price == level.price);
        match (exists, level.qty.is_zero()) {
            (true, true) => drop(self.levels.remove(at)),
            (true, false) => self.levels[at].qty = level.qty,
            (false, true) => {}
            (false, false) => self.insert(at, level),
        }
    }

    fn insert(&mut self, at: usize, level: Level) {
        if self.levels.len() < self.capacity {
            self.levels.insert(at, level);
            return;
        }
        self.dropped += 1;
        if at > 0 {
            // The worst level makes room.
            self.levels.copy_within(1..at, 0);
            self.levels[at - 1] = level;
        }
    }

    /// Replaces everything.
    pub(super) fn replace(&mut self, levels: &[Level]) {
        self.levels.clear();
        levels.iter().for_each(|level| self.set(*level));
    }

    pub(super) fn best(&self) -> Option<&Level> {
        self.levels.last()
    }

    pub(super) fn best_first(&self) -> impl Iterator<Item = &Level> {
        self.levels.iter().rev()
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pinion_model::number::Qty;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Against a map: with room for every level, the same levels in the same order.
        #[test]
        fn agrees_with_a_sorted_map(changes in prop::collection::vec((1i64..60, 0i64..4), 0..300), is_bid: bool) {
            let mut side = Side::new(100, is_bid);
            let mut map = BTreeMap::new();
            for (price, qty) in changes {
                side.set(Level { price: Price(price), qty: Qty(qty) });
                if qty == 0 { map.remove(&price); } else { map.insert(price, qty); }
            }
            let ours: Vec<(i64, i64)> = side.best_first().map(|l| (l.price.0, l.qty.0)).collect();
            let mut want: Vec<(i64, i64)> = map.into_iter().collect();
            if is_bid { want.reverse(); }
            prop_assert_eq!(ours, want);
        }

        /// With too little room it keeps the best of what it has seen.
        #[test]
        fn a_full_side_drops_the_worst(prices in prop::collection::btree_set(1i64..1000, 20..60)) {
            let mut side = Side::new(10, true);
            for &price in &prices {
                side.set(Level { price: Price(price), qty: Qty(1) });
            }
            let ours: Vec<i64> = side.best_first().map(|l| l.price.0).collect();
            let want: Vec<i64> = prices.iter().rev().take(10).copied().collect();
            prop_assert_eq!(ours, want);
            prop_assert_eq!(side.dropped(), prices.len() as u64 - 10);
        }
    }
}
