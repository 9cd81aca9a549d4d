//! What the paper venue knows of an instrument: the touch and the last trade, as of venue time.

use pinion_model::number::{Price, Qty};
use pinion_model::order::Side;
use serde::{Deserialize, Serialize};

/// The best prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// Best bid, or zero.
    pub bid: Price,
    /// Best offer, or zero.
    pub ask: Price,
    /// Size at the bid; zero where unknown.
    pub bid_qty: Qty,
    /// Size at the offer; zero where unknown.
    pub ask_qty: Qty,
}

impl Touch {
    /// Price and size that an order on this side would take.
    pub fn opposite(&self, side: Side) -> (Price, Qty) {
        match side {
            Side::Buy => (self.ask, self.ask_qty),
            Side::Sell => (self.bid, self.bid_qty),
        }
    }

    /// Price and size at which an order on this side would rest first.
    pub fn own(&self, side: Side) -> (Price, Qty) {
        self.opposite(side.opposite())
    }
}

/// `a` is at least as good for an order on this side as `b`.
pub fn is_at_or_better(side: Side, a: Price, b: Price) -> bool {
    match side {
        Side::Buy => a <= b,
        Side::Sell => a >= b,
    }
}
