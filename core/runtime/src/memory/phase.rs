//! The allocator that knows which threads are sealed.
//!
//! A program installs [`PhasedAllocator`] as its global allocator. A thread begins in phase init and
//! allocates as it likes; after [`seal`] each allocation and each free of it is a breach; [`unseal`] begins
//! its closing phase. What a breach does is one setting of the process: it is counted (and
//! [`hot_allocations`] must then read 0), or, after [`abort_on_breach`], it is named on standard error and
//! the process aborts. Other threads pay one read of a thread-local flag.
//!
//! A sealed thread that panics is ending: what its panic allocates is no breach.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The system's allocator, watched.
pub struct PhasedAllocator;

/// What a thread may do with memory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Anything: before the seal, or never sealed.
    Init,
    /// Nothing.
    Sealed,
    /// Anything again: the thread takes itself apart.
    Closing,
}

thread_local! {
    // Constant and without a destructor: reading it never allocates, and it outlives the thread's others.
    static PHASE: Cell<Phase> = const { Cell::new(Phase::Init) };
    static BREACHES: Cell<u64> = const { Cell::new(0) };
}

/// Breaches of every thread so far.
static HOT_ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static ABORTS: AtomicBool = AtomicBool::new(false);

/// From now on the calling thread neither allocates nor frees.
pub fn seal() {
    PHASE.set(Phase::Sealed);
}

/// The calling thread takes itself apart and may free what it has.
pub fn unseal() {
    PHASE.set(Phase::Closing);
}

/// The calling thread is sealed.
pub fn is_sealed() -> bool {
    PHASE.get() == Phase::Sealed
}

/// Runs work that is no part of the hot path on a thread that may be sealed, such as reading the next piece
/// of a recording from its file. Every use is a statement that a live run never comes here.
pub fn outside_hot<T>(work: impl FnOnce() -> T) -> T {
    struct Back(Phase);
    impl Drop for Back {
        fn drop(&mut self) {
            PHASE.set(self.0);
        }
    }
    let _back = Back(PHASE.replace(Phase::Init));
    work()
}

/// Allocations and frees by sealed threads since the program began. Anything but 0 is a defect.
pub fn hot_allocations() -> u64 {
    HOT_ALLOCATIONS.load(Ordering::Relaxed)
}

/// Seals the calling thread for the time of `work` and returns how often it allocated or freed.
pub fn count_breaches(work: impl FnOnce()) -> u64 {
    let before = BREACHES.get();
    let phase = PHASE.replace(Phase::Sealed);
    work();
    PHASE.set(phase);
    BREACHES.get() - before
}

/// A breach ends the process from now on (SIGABRT), with a line that says what was attempted and by whom.
pub fn abort_on_breach() {
    ABORTS.store(true, Ordering::Relaxed);
}

#[inline(always)]
fn note(what: &str, bytes: usize) {
    if PHASE.get() == Phase::Sealed {
        breach(what, bytes);
    }
}

#[cold]
#[inline(never)]
fn breach(what: &str, bytes: usize) {
    if std::thread::panicking() {
        return;
    }
    HOT_ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    BREACHES.set(BREACHES.get() + 1);
    if ABORTS.load(Ordering::Relaxed) {
        tell(what, bytes);
        std::process::abort();
    }
}

#[allow(unsafe_code)]
// SAFETY: every call is handed to the system's allocator unchanged and its result given back unchanged; the
// watching in front of it reads and writes plain cells and atomics and never allocates.
unsafe impl GlobalAlloc for PhasedAllocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note("allocation", layout.size());
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note("zeroed allocation", layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        note("free", layout.size());
        unsafe { System.dealloc(at, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note("reallocation", size);
        unsafe { System.realloc(at, layout, size) }
    }
}

/// One line on standard error, made on the stack: this runs inside the allocator.
fn tell(what: &str, bytes: usize) {
    let mut line = Line { bytes: [0; 160], length: 0 };
    let mut digits = [0u8; 20];
    let mut name = [0u8; 16];
    line.add(b"hot thread `");
    line.add(thread_name(&mut name));
    line.add(b"` is sealed and attempted this: ");
    line.add(what.as_bytes());
    line.add(b" of ");
    line.add(decimal(bytes, &mut digits));
    line.add(b" bytes\n");
    line.print();
}

struct Line {
    bytes: [u8; 160],
    length: usize,
}

impl Line {
    fn add(&mut self, text: &[u8]) {
        let room = &mut self.bytes[self.length..];
        let count = text.len().min(room.len());
        room[..count].copy_from_slice(&text[..count]);
        self.length += count;
    }

    #[allow(unsafe_code)]
    fn print(&self) {
        // SAFETY: the pointer and the length are those of initialised bytes of this array. Whether the line
        // could be written changes nothing: the process ends in either case.
        let _ = unsafe { libc::write(2, self.bytes.as_ptr().cast(), self.length) };
    }
}

/// The name that the kernel has for the calling thread.
#[allow(unsafe_code)]
fn thread_name(name: &mut [u8; 16]) -> &[u8] {
    // SAFETY: the kernel writes at most 16 bytes, the last of them zero, and the array has 16.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    let end = name.iter().position(|b| *b == 0).unwrap_or(name.len());
    &name[..end]
}

fn decimal(mut value: usize, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return &digits[at..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    // This crate's tests run on the watched allocator themselves.
    #[global_allocator]
    static ALLOCATOR: PhasedAllocator = PhasedAllocator;

    #[test]
    fn every_entry_point_of_the_allocator_counts_on_a_sealed_thread() {
        assert_eq!(count_breaches(|| drop(black_box(Box::new(1u8)))), 2, "one allocation, one free");
        let mut grows: Vec<u64> = Vec::with_capacity(1);
        assert_eq!(count_breaches(|| grows.extend([1, 2, 3, 4, 5, 6, 7, 8])), 1, "one reallocation");
        let kept = Cell::new(None);
        assert_eq!(count_breaches(|| kept.set(Some(black_box(vec![0u8; 4096])))), 1, "one zeroed allocation");
        assert_eq!(
            count_breaches(|| {
                black_box([0u8; 4096]);
            }),
            0
        );
    }

    #[test]
    fn only_sealed_threads_are_watched_and_only_while_they_are() {
        let before = hot_allocations();
        std::thread::spawn(|| {
            drop(black_box(vec![1u8; 10]));
            seal();
            outside_hot(|| drop(black_box(vec![1u8; 10])));
            assert!(is_sealed(), "outside_hot ends where its work ends");
            unseal();
            drop(black_box(vec![1u8; 10]));
        })
        .join()
        .unwrap();
        assert_eq!(hot_allocations(), before);
    }

    #[test]
    fn a_panic_ends_the_thread_and_is_no_breach() {
        let result = std::thread::Builder::new().name("falls".into()).spawn(|| {
            seal();
            panic!("{}", black_box(7));
        });
        assert!(result.unwrap().join().is_err());
    }

    #[test]
    fn numbers_are_written_without_allocating() {
        assert_eq!(decimal(0, &mut [0; 20]), b"0");
        assert_eq!(decimal(usize::MAX, &mut [0; 20]), usize::MAX.to_string().as_bytes());
    }
}
