//! Memory of hot threads: everything is allocated and touched before trading, then the thread is sealed.
//!
//! The order at start is: allocate, pin, touch on the owning thread ([`warm`]), lock ([`lock`]), seal
//! ([`phase`]), run; before the thread frees what it has, it is unsealed. An allocation or a free by a
//! sealed thread is a breach: it is counted, and where the program was told so it ends at once.
//!
//! | file | one idea |
//! |---|---|
//! | [`phase`] | the allocator that knows which threads are sealed |
//! | [`warm`] | pages are there before they are needed, huge where the host has them |
//! | [`lock`] | pages stay there |

pub mod lock;
pub mod phase;
pub mod warm;

pub use phase::{
    PhasedAllocator, abort_on_breach, count_breaches, hot_allocations, is_sealed, outside_hot, seal, unseal,
};
