//! The memory that both ends of a link share, and every `unsafe` of it.
//!
//! ```text
//!   slot     0            8                       64 or 128
//!            +------------+------------------------+
//!            | sequence   | item                   |   one line where the item has at most 56 bytes,
//!            +------------+------------------------+   two where it has at most 120
//!   read     items that the consumer is done with, on a line of its own
//! ```
//!
//! Item `n` (0, 1, 2, ...) lives in slot `n mod slots`. The producer writes the item and then stores `n + 1`
//! into the slot's sequence: the one line that the consumer looks at carries both the news and, when it is
//! small, the item. The consumer says how far it is once per batch.
#![allow(unsafe_code)]

use crate::sync::{AtomicBool, AtomicU64, Ordering, PUBLISH, UnsafeCell};
use std::mem::MaybeUninit;

/// Keeps a value off its neighbours' lines; processors fetch lines in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Apart<T>(T);

#[derive(Debug)]
#[repr(C, align(64))]
struct Slot<T> {
    sequence: AtomicU64,
    item: UnsafeCell<MaybeUninit<T>>,
}

/// Slots and positions.
#[derive(Debug)]
pub struct Slots<T> {
    slots: Box<[Slot<T>]>,
    mask: u64,
    read: Apart<AtomicU64>,
    lost: Apart<AtomicU64>,
    producer_gone: AtomicBool,
    consumer_gone: AtomicBool,
}

// SAFETY: an item is written by the one producer before its sequence is stored (release) and read by the one
// consumer after it saw that sequence (acquire). The producer writes a slot again only after it saw (acquire)
// that the consumer is done with the slot's last item (release). So no two threads are ever in one cell.
// Items are `Copy`: nothing is dropped in place.
unsafe impl<T: Copy + Send> Sync for Slots<T> {}

impl<T: Copy> Slots<T> {
    /// At least `depth` slots.
    pub fn new(depth: usize) -> Slots<T> {
        let count = depth.max(1).next_power_of_two();
        let slot = |_| Slot { sequence: AtomicU64::new(0), item: UnsafeCell::new(MaybeUninit::uninit()) };
        Slots {
            slots: (0..count).map(slot).collect(),
            mask: count as u64 - 1,
            read: Apart(AtomicU64::new(0)),
            lost: Apart(AtomicU64::new(0)),
            producer_gone: AtomicBool::new(false),
            consumer_gone: AtomicBool::new(false),
        }
    }

    /// Bytes of all slots.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.slots)
    }

    #[inline(always)]
    fn slot(&self, number: u64) -> &Slot<T> {
        // SAFETY: `mask` is the count of slots, a power of two, less one.
        unsafe { self.slots.get_unchecked((number & self.mask) as usize) }
    }

    /// Puts item `number` into its slot.
    ///
    /// # Safety
    /// Only the producer calls this, with numbers 0, 1, 2, ... in turn, each after it saw by
    /// [`Slots::read_count`] that the consumer is done with item `number - slots`.
    #[inline(always)]
    pub unsafe fn write(&self, number: u64, item: T) {
        let slot = self.slot(number);
        // SAFETY: the caller owns the slot until the sequence is stored.
        slot.item.with_mut(|cell| unsafe { (*cell).write(item) });
        slot.sequence.store(number + 1, PUBLISH);
    }

    /// Item `number` is there.
    #[inline(always)]
    pub fn is_written(&self, number: u64) -> bool {
        self.slot(number).sequence.load(Ordering::Acquire) == number + 1
    }

    /// Shows item `number` to `look`.
    ///
    /// # Safety
    /// Only the consumer calls this, after [`Slots::is_written`] said so and before it said by
    /// [`Slots::set_read_count`] that it is done with the item.
    #[inline(always)]
    pub unsafe fn look_at<R>(&self, number: u64, look: impl FnOnce(&T) -> R) -> R {
        // SAFETY: the item is initialised, and the producer does not touch it until the consumer is done.
        self.slot(number).item.with(|cell| look(unsafe { (*cell).assume_init_ref() }))
    }

    /// Items that the consumer is done with.
    #[inline(always)]
    pub fn read_count(&self) -> u64 {
        self.read.0.load(Ordering::Acquire)
    }

    /// The consumer is done with `count` items.
    #[inline(always)]
    pub fn set_read_count(&self, count: u64) {
        self.read.0.store(count, PUBLISH);
    }

    /// The producer has lost `count` items for want of room.
    pub fn set_lost(&self, count: u64) {
        self.lost.0.store(count, Ordering::Release);
    }

    /// Items that the producer has lost.
    pub fn lost(&self) -> u64 {
        self.lost.0.load(Ordering::Acquire)
    }

    /// Touches every slot, so that its memory is there and belongs to the calling thread's node. The
    /// producer calls it before its first item.
    pub fn warm(&self) {
        self.slots.iter().for_each(|slot| slot.sequence.store(0, Ordering::Relaxed));
    }

    /// The producer will write nothing more.
    pub fn leave_as_producer(&self) {
        self.producer_gone.store(true, Ordering::Release);
    }

    /// The consumer will read nothing more.
    pub fn leave_as_consumer(&self) {
        self.consumer_gone.store(true, Ordering::Release);
    }

    /// See [`Slots::leave_as_producer`].
    pub fn producer_is_gone(&self) -> bool {
        self.producer_gone.load(Ordering::Acquire)
    }

    /// See [`Slots::leave_as_consumer`].
    pub fn consumer_is_gone(&self) -> bool {
        self.consumer_gone.load(Ordering::Acquire)
    }
}
