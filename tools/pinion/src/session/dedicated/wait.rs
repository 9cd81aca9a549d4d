//! Waiting for another thread, which may be gone.

use pinion_runtime::idle::Idle;
use pinion_runtime::link::{Rx, Tx};

/// Sends once there is room; false when the other thread is gone.
pub fn send<T: Copy>(tx: &mut Tx<T>, idle: &mut Idle, item: T) -> bool {
    while !tx.has_credits(1) {
        if tx.is_abandoned() {
            return false;
        }
        idle.idle(0);
    }
    idle.idle(1);
    tx.push(item);
    true
}

/// The next item, once it is there; `None` when none will come.
pub fn receive<T: Copy>(rx: &mut Rx<T>, idle: &mut Idle) -> Option<T> {
    loop {
        if let Some(item) = rx.read() {
            idle.idle(1);
            return Some(item);
        }
        if rx.is_finished() {
            return None;
        }
        idle.idle(0);
    }
}
