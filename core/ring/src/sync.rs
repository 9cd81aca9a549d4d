//! The atomics and cells of the ring: the standard library's, or loom's when its model checker runs the tests.

#[cfg(not(loom))]
pub use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

#[cfg(loom)]
pub use loom::{
    cell::UnsafeCell,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// How news is published. The proofs' negative control breaks it: with `--cfg broken_ring` loom and
/// ThreadSanitizer must both find the race.
#[cfg(not(broken_ring))]
pub const PUBLISH: Ordering = Ordering::Release;
#[cfg(broken_ring)]
pub const PUBLISH: Ordering = Ordering::Relaxed;

/// A cell with loom's face.
#[cfg(not(loom))]
#[derive(Debug)]
pub struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    pub fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    #[inline(always)]
    pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    #[inline(always)]
    pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}
