//! How full a link is, and how often it was too full, as its sender sees it.

use super::schema::Link;
use super::writer::Slot;
use crate::link::Tx;

/// Shows one link; shows nothing where the session has no counters.
#[derive(Debug, Default)]
pub struct LinkMeter(Option<Slot>);

impl LinkMeter {
    /// Shows into a link's slot.
    pub fn new(slot: Option<Slot>) -> LinkMeter {
        LinkMeter(slot)
    }

    /// Looks at the link from its sender's thread. Costs a cache line of the receiver's: for now and then. The
    /// high-water mark is the highest of these looks.
    pub fn show<T: Copy>(&self, tx: &Tx<T>) {
        let Some(slot) = &self.0 else { return };
        let (in_use, depth) = tx.in_use();
        slot.set(Link::Depth, depth as u64);
        slot.set(Link::InUse, in_use as u64);
        slot.set(Link::HighWater, slot.get(Link::HighWater).max(in_use as u64));
        slot.set(Link::Refused, tx.refused());
        slot.set(Link::Lost, tx.lost());
    }
}
