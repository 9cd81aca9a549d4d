//! What the paper venue knows of an instrument: the touch and the levels behind it, as of venue time.

use arrayvec::ArrayVec;
use pinion_engine::book::Book;
use pinion_model::event::Level;
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

/// Levels of a book that an order can take, a side; what stands deeper is out of its reach.
pub const LADDER_LEVELS: usize = 32;

/// The best levels of a book, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    bids: ArrayVec<Level, LADDER_LEVELS>,
    asks: ArrayVec<Level, LADDER_LEVELS>,
}

impl Ladder {
    /// Takes the best levels of a book; none of one that is not in step.
    pub fn follow(&mut self, book: &Book) {
        self.bids.clear();
        self.asks.clear();
        if book.is_synced() {
            self.bids.extend(book.bids().take(LADDER_LEVELS).copied());
            self.asks.extend(book.asks().take(LADDER_LEVELS).copied());
        }
    }

    /// The best level that an order on `side` would take, of those beyond `price`.
    pub fn beyond(&self, side: Side, price: Price) -> Option<Level> {
        let levels = if side == Side::Buy { &self.asks } else { &self.bids };
        levels.iter().find(|l| l.price != price && is_at_or_better(side, price, l.price)).copied()
    }

    /// No book is known.
    pub fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }
}

/// `a` is at least as good for an order on this side as `b`.
pub fn is_at_or_better(side: Side, a: Price, b: Price) -> bool {
    match side {
        Side::Buy => a <= b,
        Side::Sell => a >= b,
    }
}
