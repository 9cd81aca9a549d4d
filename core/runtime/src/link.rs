//! A link: a ring with one producer and one consumer (rtrb underneath).
//!
//! The producer never finds the ring full by surprise: it asks for credits for everything that its next
//! piece of work may send, and does not begin without them. The consumer reads batches of bounded size, so
//! that it gets round to its other inputs, and is told which item ends a batch.

use rtrb::{Consumer, Producer, RingBuffer};

/// The sending end.
pub struct Tx<T> {
    ring: Producer<T>,
    credits: usize,
    refused: u64,
}

/// The receiving end.
pub struct Rx<T> {
    ring: Consumer<T>,
}

/// A link of `depth` items.
pub fn link<T>(depth: usize) -> (Tx<T>, Rx<T>) {
    let (producer, consumer) = RingBuffer::new(depth);
    (Tx { ring: producer, credits: depth, refused: 0 }, Rx { ring: consumer })
}

impl<T> Tx<T> {
    /// True when `count` items can be sent. Looks at the other end only when its own count runs out.
    #[inline]
    pub fn has_credits(&mut self, count: usize) -> bool {
        if self.credits < count {
            self.credits = self.ring.slots();
            self.refused += u64::from(self.credits < count);
        }
        self.credits >= count
    }

    /// Sends an item for which there is a credit. Without one the item would be lost, which is a mistake of
    /// the caller and stops the program.
    #[inline]
    pub fn push(&mut self, item: T) {
        self.credits = self.credits.saturating_sub(1);
        assert!(self.ring.push(item).is_ok(), "a link was sent more than it had credits for");
    }

    /// How often credits were missing.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// The consumer is gone.
    pub fn is_abandoned(&self) -> bool {
        self.ring.is_abandoned()
    }
}

impl<T> Rx<T> {
    /// Hands at most `most` items to `take`, with a flag on the last of the batch; returns how many.
    #[inline]
    pub fn read_batch(&mut self, most: usize, mut take: impl FnMut(&T, bool)) -> usize {
        let count = self.ring.slots().min(most);
        let Ok(chunk) = self.ring.read_chunk(count) else { return 0 };
        let (first, second) = chunk.as_slices();
        let last = count.wrapping_sub(1);
        for (at, item) in first.iter().chain(second).enumerate() {
            take(item, at == last);
        }
        chunk.commit_all();
        count
    }

    /// The producer is gone and nothing is left.
    pub fn is_finished(&self) -> bool {
        self.ring.is_abandoned() && self.ring.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_what_fits_and_come_back() {
        let (mut tx, mut rx) = link(3);
        assert!(tx.has_credits(3) && !tx.has_credits(4));
        (0..3).for_each(|n| tx.push(n));
        assert!(!tx.has_credits(1));
        let mut got = Vec::new();
        assert_eq!(rx.read_batch(2, |n, last| got.push((*n, last))), 2);
        assert_eq!(got, [(0, false), (1, true)]);
        assert!(tx.has_credits(2) && !tx.has_credits(3));
        assert_eq!(tx.refused(), 3);
    }

    #[test]
    #[should_panic(expected = "credits")]
    fn sending_without_credit_is_never_silent() {
        let (mut tx, _rx) = link(1);
        (0..2).for_each(|n| tx.push(n));
    }
}
