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
//!
//! The memory is the process's own, or the mapping of a file; both are reached by the same two pointers, so
//! that neither form costs the other anything. See `file` for where things are in a file.
#![allow(unsafe_code)]

use crate::sync::{AtomicBool, AtomicU64, Ordering, PUBLISH, UnsafeCell};
#[cfg(not(loom))]
use memmap2::{MmapMut, MmapOptions};
use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// Keeps a value off its neighbours' lines; processors fetch lines in pairs.
#[derive(Debug)]
#[repr(align(128))]
pub struct Apart<T>(T);

#[derive(Debug)]
#[repr(C, align(64))]
pub struct Slot<T> {
    sequence: AtomicU64,
    item: UnsafeCell<MaybeUninit<T>>,
}

/// Who gives the memory back.
#[derive(Debug)]
enum Memory {
    /// The slots and the count of what was read were boxes.
    Own,
    /// They lie in this mapping, which goes when the slots do.
    #[cfg(not(loom))]
    File(#[expect(dead_code, reason = "it is kept for its end")] MmapMut),
}

/// Slots and positions.
#[derive(Debug)]
pub struct Slots<T> {
    slots: NonNull<Slot<T>>,
    mask: u64,
    read: NonNull<Apart<AtomicU64>>,
    memory: Memory,
    lost: Apart<AtomicU64>,
    producer_gone: AtomicBool,
    consumer_gone: AtomicBool,
}

// SAFETY: an item is written by the one producer before its sequence is stored (release) and read by the one
// consumer after it saw that sequence (acquire). The producer writes a slot again only after it saw (acquire)
// that the consumer is done with the slot's last item (release). So no two threads are ever in one cell.
// Items are `Copy`: nothing is dropped in place. The pointers stay valid as long as the value: what they point
// to is this value's own, wherever the value is.
unsafe impl<T: Copy + Send> Sync for Slots<T> {}
// SAFETY: as above.
unsafe impl<T: Copy + Send> Send for Slots<T> {}

impl<T: Copy> Slots<T> {
    /// At least `depth` slots.
    pub fn new(depth: usize) -> Slots<T> {
        let count = depth.max(1).next_power_of_two();
        let slot = |_| Slot { sequence: AtomicU64::new(0), item: UnsafeCell::new(MaybeUninit::uninit()) };
        let slots: Box<[Slot<T>]> = (0..count).map(slot).collect();
        let slots = NonNull::from(Box::leak(slots)).cast();
        let read = NonNull::from(Box::leak(Box::new(Apart(AtomicU64::new(0)))));
        Slots::with(slots, count, read, Memory::Own)
    }

    fn with(
        slots: NonNull<Slot<T>>,
        count: usize,
        read: NonNull<Apart<AtomicU64>>,
        memory: Memory,
    ) -> Slots<T> {
        Slots {
            slots,
            mask: count as u64 - 1,
            read,
            memory,
            lost: Apart(AtomicU64::new(0)),
            producer_gone: AtomicBool::new(false),
            consumer_gone: AtomicBool::new(false),
        }
    }

    /// `count` slots, a power of two, in a file of zeros behind its header: the count of what was read at byte
    /// `read_at`, a multiple of 128, the slots from byte `slots_at` on, a multiple of the page.
    ///
    /// # Safety
    /// Nobody else maps the file for writing or shortens it while the slots live. It is as long as the slots
    /// need, and zero from `read_at` on. `T` is plain bytes: any bytes are a `T`, and it has no padding.
    #[cfg(not(loom))]
    // cold: a session makes its links before its threads
    pub unsafe fn in_file(
        file: &std::fs::File,
        count: usize,
        read_at: usize,
        slots_at: usize,
    ) -> std::io::Result<Slots<T>> {
        let bytes = slots_at + count * size_of::<Slot<T>>();
        assert!(count.is_power_of_two() && slots_at.is_multiple_of(4096) && read_at + 128 <= slots_at);
        assert!(read_at.is_multiple_of(align_of::<Apart<AtomicU64>>()));
        // SAFETY: the caller has the file to itself.
        let mut map = unsafe { MmapOptions::new().len(bytes).populate().map_mut(file)? };
        let base = map.as_mut_ptr();
        // SAFETY: both offsets are inside of the mapping, which begins on a page, so that they are aligned.
        let (read, slots) = unsafe { (base.add(read_at).cast(), base.add(slots_at).cast()) };
        let (Some(read), Some(slots)) = (NonNull::new(read), NonNull::new(slots)) else {
            return Err(std::io::Error::other("a mapping at address 0"));
        };
        Ok(Slots::with(slots, count, read, Memory::File(map)))
    }

    /// Bytes of all slots.
    pub fn bytes(&self) -> usize {
        self.count() * size_of::<Slot<T>>()
    }

    fn count(&self) -> usize {
        self.mask as usize + 1
    }

    /// Bytes from a slot's beginning to its item, and of the whole slot: where they are in a file.
    #[cfg(not(loom))]
    pub const LAYOUT: (usize, usize) = (std::mem::offset_of!(Slot<T>, item), size_of::<Slot<T>>());

    #[inline(always)]
    fn read_cell(&self) -> &AtomicU64 {
        // SAFETY: it lives as long as `self`, and is only ever used as the atomic that it is.
        unsafe { &self.read.as_ref().0 }
    }

    #[inline(always)]
    fn slot(&self, number: u64) -> &Slot<T> {
        // SAFETY: `mask` is the count of slots, a power of two, less one; they live as long as `self`.
        unsafe { self.slots.add((number & self.mask) as usize).as_ref() }
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
        self.read_cell().load(Ordering::Acquire)
    }

    /// The consumer is done with `count` items.
    #[inline(always)]
    pub fn set_read_count(&self, count: u64) {
        self.read_cell().store(count, PUBLISH);
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
        (0..=self.mask).for_each(|number| self.slot(number).sequence.store(0, Ordering::Relaxed));
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

impl<T> Drop for Slots<T> {
    fn drop(&mut self) {
        // A mapping ends by itself.
        if let Memory::Own = self.memory {
            let slots = NonNull::slice_from_raw_parts(self.slots, self.mask as usize + 1);
            // SAFETY: both were boxes of this kind and length, and nobody has them any more.
            unsafe {
                drop(Box::from_raw(slots.as_ptr()));
                drop(Box::from_raw(self.read.as_ptr()));
            }
        }
    }
}
