//! The last `n` values, and the extremes among them.

use serde::{Deserialize, Serialize};

/// The last `n` values in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Window<T> {
    values: Box<[T]>,
    at: usize,
    count: usize,
}

impl<T: Copy + Default> Window<T> {
    /// Of `n` values, at least 1.
    pub(super) fn new(n: usize) -> Window<T> {
        Window { values: vec![T::default(); n].into(), at: 0, count: 0 }
    }

    /// Takes a value; the one that leaves for it, which is the default while the window fills.
    #[inline]
    pub(super) fn push(&mut self, value: T) -> T {
        let old = std::mem::replace(&mut self.values[self.at], value);
        self.at = if self.at + 1 == self.values.len() { 0 } else { self.at + 1 };
        self.count += usize::from(self.count < self.values.len());
        old
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.count == self.values.len()
    }

    /// The value of `ago` pushes before the last one; `None` where there is none.
    #[inline]
    pub(super) fn ago(&self, ago: usize) -> Option<T> {
        if ago >= self.count {
            return None;
        }
        let n = self.values.len();
        let at = self.at + n - 1 - ago;
        Some(self.values[if at >= n { at - n } else { at }])
    }

    /// The oldest value of a full window.
    #[inline]
    pub(super) fn oldest(&self) -> Option<T> {
        self.is_full().then(|| self.values[self.at])
    }

    /// From the oldest to the newest value.
    pub(super) fn iter(&self) -> impl Iterator<Item = T> + '_ {
        let (newer, older) = self.values.split_at(self.at);
        let older = if self.is_full() { older } else { &[] };
        older.iter().chain(newer).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }
}

/// Which extreme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Side {
    Highest,
    Lowest,
}

/// The largest or smallest of the last `n` values: a queue of those that can still become it. Each value
/// enters and leaves once, so the work is constant on average and at most `n` for one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Extreme {
    side: Side,
    /// Number and value of the candidates, from `head` on, best first.
    queue: Box<[(u64, i64)]>,
    head: usize,
    len: usize,
    seen: u64,
}

impl Extreme {
    /// Of `n` values, at least 1.
    pub(super) fn new(side: Side, n: usize) -> Extreme {
        Extreme { side, queue: vec![(0, 0); n].into(), head: 0, len: 0, seen: 0 }
    }

    pub(super) fn highest(n: usize) -> Extreme {
        Extreme::new(Side::Highest, n)
    }

    pub(super) fn lowest(n: usize) -> Extreme {
        Extreme::new(Side::Lowest, n)
    }

    #[inline]
    fn place(&self, offset: usize) -> usize {
        let at = self.head + offset;
        if at >= self.queue.len() { at - self.queue.len() } else { at }
    }

    /// Takes a value.
    #[inline]
    pub(super) fn push(&mut self, value: i64) {
        if self.len > 0 && self.queue[self.head].0 + self.queue.len() as u64 == self.seen {
            self.head = self.place(1);
            self.len -= 1;
        }
        while self.len > 0 {
            let last = self.queue[self.place(self.len - 1)].1;
            let beaten = if self.side == Side::Highest { last <= value } else { last >= value };
            if !beaten {
                break;
            }
            self.len -= 1;
        }
        let at = self.place(self.len);
        self.queue[at] = (self.seen, value);
        self.len += 1;
        self.seen += 1;
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.seen >= self.queue.len() as u64
    }

    /// The extreme, once the window is full.
    #[inline]
    pub(super) fn value(&self) -> Option<i64> {
        self.is_full().then(|| self.queue[self.head].1)
    }

    /// How many values ago the extreme came; of equal ones the last.
    #[inline]
    pub(super) fn ago(&self) -> Option<u64> {
        self.is_full().then(|| self.seen - 1 - self.queue[self.head].0)
    }
}

/// Highest high and lowest low of the last `n` bars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Range {
    high: Extreme,
    low: Extreme,
}

impl Range {
    pub(super) fn new(n: usize) -> Range {
        Range { high: Extreme::highest(n), low: Extreme::lowest(n) }
    }

    #[inline]
    pub(super) fn push(&mut self, high: i64, low: i64) {
        self.high.push(high);
        self.low.push(low);
    }

    /// `(highest, lowest)`, once the window is full.
    #[inline]
    pub(super) fn value(&self) -> Option<(i64, i64)> {
        Some((self.high.value()?, self.low.value()?))
    }

    /// How many bars ago the highest high and the lowest low were.
    pub(super) fn ago(&self) -> Option<(u64, u64)> {
        Some((self.high.ago()?, self.low.ago()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn extremes_agree_with_a_search(values in prop::collection::vec(-5i64..5, 1..60), n in 1usize..8) {
            let (mut high, mut low) = (Extreme::highest(n), Extreme::lowest(n));
            for end in 1..=values.len() {
                high.push(values[end - 1]);
                low.push(values[end - 1]);
                let window = (end >= n).then(|| &values[end - n..end]);
                prop_assert_eq!(high.value(), window.map(|w| *w.iter().max().unwrap()));
                prop_assert_eq!(low.value(), window.map(|w| *w.iter().min().unwrap()));
                let last = window.map(|w| {
                    let top = w.iter().max().unwrap();
                    w.iter().rev().position(|v| v == top).unwrap() as u64
                });
                prop_assert_eq!(high.ago(), last);
            }
        }

        #[test]
        fn windows_keep_their_order(values in prop::collection::vec(1i64..100, 0..20), n in 1usize..8) {
            let mut window = Window::new(n);
            values.iter().for_each(|v| { window.push(*v); });
            let kept = &values[values.len().saturating_sub(n)..];
            prop_assert_eq!(window.iter().collect::<Vec<_>>(), kept.to_vec());
            for ago in 0..n {
                prop_assert_eq!(window.ago(ago), kept.iter().rev().nth(ago).copied());
            }
        }
    }
}
