//! Room in the journal's link: how many records one input may cause, and how deep the link must be.

use crate::compile::Plan;
use crate::runtime::Ring;

/// Most levels on a side of a depth update, as many as a venue sends.
pub const DEPTH_LEVELS: usize = 5_000;
/// Records of the widest depth update, six levels each, with its head.
const DEPTH_RECORDS: usize = (2 * DEPTH_LEVELS).div_ceil(6) + 1;
/// Records that one strategy may cause by one input. It may act twice, when a price ends a bar by its time and
/// another by itself, each time with four intents (entry, exit, stop, target): a verdict, an order, two records of
/// what the rule saw and twelve of the checks, and the cancels of what they replace.
const TRADER_RECORDS: usize = 2 * 4 * 20;
/// Changes of the account by one input, with room to spare.
const ACCOUNT_RECORDS: usize = 16;
/// Records of timers and reports between two events, in all but the rarest case; then the event waits.
pub const BETWEEN_RECORDS: usize = 1024;

/// The most records that one input may cause: its own, those of every strategy in every instrument (`traders`),
/// and for each of the `orders` that can be open two, its cancel and its new state (or its trigger and its sending).
pub fn burst_records(orders: usize, traders: usize) -> usize {
    DEPTH_RECORDS + 2 * orders + TRADER_RECORDS * traders + ACCOUNT_RECORDS
}

/// Depth of a link that has room to stop entries in time and to let them go on.
pub fn least_depth(burst: usize) -> usize {
    3 * burst + BETWEEN_RECORDS
}

impl Plan {
    /// The rings of the layout.
    pub fn rings(&self) -> Vec<Ring> {
        self.runtime.rings(self.journal_ring_depth())
    }

    /// Depth of the ring to the journal: as configured, and at least [`least_depth`].
    pub fn journal_ring_depth(&self) -> usize {
        let traders = self.engine.strategies.iter().map(|strategy| strategy.instruments.len()).sum();
        let burst = burst_records(self.engine.max_open_orders as usize, traders);
        self.runtime.journal_ring_records.max(least_depth(burst))
    }
}
