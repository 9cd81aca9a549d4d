//! The plan's limits in the units of one instrument, worked out once.

use super::Reserved;
use super::sizing::qty_floor;
use crate::plan::RiskLimits;
use pinion_model::instrument::Instrument;
use pinion_model::number::{Money, Price, Qty, Ratio};
use serde::{Deserialize, Serialize};

/// What of a limit does not change while the engine runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Terms {
    /// Quantity units of one whole.
    pub(super) whole: i64,
    /// Largest quantity of an order, whatever its price.
    largest_qty: Qty,
    /// Largest notional of an order, settlement currency.
    largest_notional: Option<Money>,
    /// Notional that an entry must still have at its stop.
    pub(super) needed_notional: Money,
}

impl Terms {
    pub(super) fn new(instrument: &Instrument, limits: &RiskLimits, reserved: &Reserved) -> Terms {
        let limit = limits.max_order_qty.map_or(Qty::MAX, |qty| qty_floor(qty, instrument.qty_exponent));
        Terms {
            whole: 10i64.pow(u32::from(instrument.qty_exponent)),
            largest_qty: instrument.max_qty.min(limit),
            largest_notional: limits
                .max_order_notional
                .map(|limit| reserved.settle_amount_floor(instrument, limit)),
            needed_notional: instrument.min_notional.mul_ceil(Ratio(1_100_000_000)),
        }
    }

    /// Largest quantity of one order at `price`.
    #[inline]
    pub(super) fn largest_order(&self, instrument: &Instrument, price: Price) -> Qty {
        match self.largest_notional {
            Some(limit) if price > Price::ZERO => {
                self.largest_qty.min(instrument.qty_for_notional_floor(limit, price))
            }
            _ => self.largest_qty,
        }
    }
}
