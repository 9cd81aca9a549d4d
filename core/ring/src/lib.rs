//! Links: rings between two threads, with one producer and one consumer, which never wait for each other.
//!
//! Each slot carries the sequence of its item, so that the consumer looks at one cache line where a ring with
//! two indices makes it look at two.
//!
//! **When a link is full**, its sender does what the link is for; nothing is ever lost without being counted.
//!
//! | link | what is sent | when it is full |
//! |---|---|---|
//! | reliable (records, orders, reports) | [`Tx::has_credits`], then [`Tx::push`] | the sender takes no new input until the credits for all that it may cause are there |
//! | expendable (market data of a live feed, figures for people) | [`Tx::offer`] | the item is dropped and counted; the receiver sees it in [`Rx::newly_lost`] and treats what it holds as stale |
//!
//! It allocates when it is made and never after. Neither end locks or makes a system call. A thread that ends
//! or panics drops its end; the other one sees that and carries on or stops, it never hangs.
//!
//! | file | one idea |
//! |---|---|
//! | `slots` | the shared memory, and every `unsafe` |
//! | `file` | a link whose memory is a file, and what a dead process left in one |
//! | `sync` | atomics of the standard library, or of loom |

#[cfg(not(loom))]
mod file;
mod slots;
mod sync;

#[cfg(not(loom))]
pub use file::{Gap, Identity, LinkFileError, Remains, file_bytes, link_in_file};

use slots::Slots;
use sync::Arc;

/// The sending end.
#[derive(Debug)]
pub struct Tx<T: Copy> {
    slots: Arc<Slots<T>>,
    depth: u64,
    /// Items sent.
    next: u64,
    /// Items that may have been sent before the consumer must be looked at again.
    limit: u64,
    refused: u64,
    lost: u64,
}

/// The receiving end.
#[derive(Debug)]
pub struct Rx<T: Copy> {
    slots: Arc<Slots<T>>,
    /// Items read.
    next: u64,
    /// Items lost that have been reported.
    lost: u64,
}

/// A link that holds `depth` items. An item of up to 56 bytes takes one cache line, of up to 120 bytes two.
// cold: a layout makes its links before its threads
pub fn link<T: Copy + Send>(depth: usize) -> (Tx<T>, Rx<T>) {
    let depth = depth.max(1);
    ends(Slots::new(depth), depth)
}

// cold: a layout makes its links before its threads
fn ends<T: Copy>(slots: Slots<T>, depth: usize) -> (Tx<T>, Rx<T>) {
    let slots = Arc::new(slots);
    let tx =
        Tx { slots: slots.clone(), depth: depth as u64, next: 0, limit: depth as u64, refused: 0, lost: 0 };
    (tx, Rx { slots, next: 0, lost: 0 })
}

/// Bytes that a link of that depth allocates for its slots.
pub fn footprint<T>(depth: usize) -> usize {
    depth.max(1).next_power_of_two() * (size_of::<u64>() + size_of::<T>()).next_multiple_of(64)
}

impl<T: Copy> Tx<T> {
    /// True when `count` items can be sent. Looks at the other end only when its own count runs out.
    #[inline]
    pub fn has_credits(&mut self, count: usize) -> bool {
        if self.credits() < count as u64 {
            self.limit = self.slots.read_count() + self.depth;
            self.refused += u64::from(self.credits() < count as u64);
        }
        self.credits() >= count as u64
    }

    #[inline(always)]
    fn credits(&self) -> u64 {
        self.limit - self.next
    }

    /// Sends an item for which there is a credit. Without one the item would be lost, which is a mistake of
    /// the caller and stops the program.
    #[inline]
    #[allow(unsafe_code)]
    pub fn push(&mut self, item: T) {
        assert!(self.next < self.limit, "a link was sent more than it had credits for");
        // SAFETY: this is the one producer, numbers count up, and below `limit` the consumer was seen to be
        // done with the slot's last item.
        unsafe { self.slots.write(self.next, item) };
        self.next += 1;
    }

    /// Sends an item if there is room; otherwise drops it, counts it and returns false.
    #[inline]
    pub fn offer(&mut self, item: T) -> bool {
        let fits = self.has_credits(1);
        if fits {
            self.push(item);
        } else {
            self.lost += 1;
            self.slots.set_lost(self.lost);
        }
        fits
    }

    /// Items sent so far.
    #[inline]
    pub fn sent(&self) -> u64 {
        self.next
    }

    /// How often credits were missing.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Items that [`Tx::offer`] dropped.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Items that were sent and that the consumer is not done with, and how many there may be. Reads the
    /// consumer's line: for now and then, not for each item.
    pub fn in_use(&self) -> (usize, usize) {
        ((self.next - self.slots.read_count()) as usize, self.depth as usize)
    }

    /// Makes the ring's memory present, from the thread that will send. Only before the first item.
    pub fn warm(&self) {
        if self.next == 0 {
            self.slots.warm();
        }
    }

    /// Bytes of the ring's slots.
    pub fn bytes(&self) -> usize {
        self.slots.bytes()
    }

    /// Says that nothing more will be sent, as dropping does: for an agent that is done and stays where it is.
    pub fn close(&self) {
        self.slots.leave_as_producer();
    }

    /// The consumer is gone.
    pub fn is_abandoned(&self) -> bool {
        self.slots.consumer_is_gone()
    }
}

impl<T: Copy> Drop for Tx<T> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<T: Copy> Rx<T> {
    /// Hands at most `most` items to `take`, with a flag on the last of the batch; returns how many.
    #[inline]
    #[allow(unsafe_code)]
    pub fn read_batch(&mut self, most: usize, mut take: impl FnMut(&T, bool)) -> usize {
        let mut count = 0;
        let mut there = most > 0 && self.slots.is_written(self.next);
        while there {
            count += 1;
            let more = count < most && self.slots.is_written(self.next + 1);
            // SAFETY: this is the one consumer, the item is written and not given back yet.
            unsafe { self.slots.look_at(self.next, |item| take(item, !more)) };
            self.next += 1;
            there = more;
        }
        if count > 0 {
            self.slots.set_read_count(self.next);
        }
        count
    }

    /// Hands at most `most` items to `take`, which says of each whether it ends something whole; returns how many.
    /// The producer gets back only what is whole, and only after `take` returned for all of it: what it may
    /// overwrite is kept elsewhere, and what a dead process's file still holds begins with a whole. The link must
    /// be deeper than the longest whole.
    #[inline]
    #[allow(unsafe_code)]
    pub fn read_wholes(&mut self, most: usize, mut take: impl FnMut(&T) -> bool) -> usize {
        let (mut count, mut whole) = (0, None);
        while count < most && self.slots.is_written(self.next) {
            // SAFETY: this is the one consumer, the item is written and not given back yet.
            let ends = unsafe { self.slots.look_at(self.next, &mut take) };
            self.next += 1;
            count += 1;
            whole = if ends { Some(self.next) } else { whole };
        }
        if let Some(whole) = whole {
            self.slots.set_read_count(whole);
        }
        count
    }

    /// The next item, if there is one.
    #[inline]
    #[allow(unsafe_code)]
    pub fn read(&mut self) -> Option<T> {
        if !self.slots.is_written(self.next) {
            return None;
        }
        // SAFETY: as above.
        let item = unsafe { self.slots.look_at(self.next, |item| *item) };
        self.next += 1;
        self.slots.set_read_count(self.next);
        Some(item)
    }

    /// Items that the producer dropped since the last call.
    pub fn newly_lost(&mut self) -> u64 {
        let lost = self.slots.lost();
        let newly = lost - self.lost;
        self.lost = lost;
        newly
    }

    /// The producer is gone and nothing is left.
    pub fn is_finished(&self) -> bool {
        // In this order: what the producer wrote before it went is seen.
        self.slots.producer_is_gone() && !self.slots.is_written(self.next)
    }
}

impl<T: Copy> Drop for Rx<T> {
    fn drop(&mut self) {
        self.slots.leave_as_consumer();
    }
}
