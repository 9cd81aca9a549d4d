//! The plan's limits in the units of one instrument, worked out once.

use super::Reserved;
use super::sizing::qty_floor;
use crate::plan::EnginePlan;
use pinion_model::instrument::Instrument;
use pinion_model::number::{Money, Price, Qty, Ratio};
use serde::{Deserialize, Serialize};

/// What of a limit does not change while the engine runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Terms {
    /// Quantity units of one whole.
    pub(super) whole: i64,
    /// Fee of an order that takes, not below zero.
    pub(super) fee: Ratio,
    /// Fee of an order that is the dearer of resting and taking, not below zero.
    pub(super) dearest_fee: Ratio,
    /// Fee of an entry that takes and of its exit.
    pub(super) round_trip: Ratio,
    /// It has its group to itself.
    pub(super) is_alone: bool,
    /// Money units of one whole per price unit, where they fit.
    factor_of_whole: Option<i64>,
    /// Largest quantity of an order, whatever its price.
    largest_qty: Qty,
    /// Largest notional of an order, settlement currency.
    largest_notional: Option<Money>,
    /// Notional that an entry must still have at its stop.
    pub(super) needed_notional: Money,
}

impl Terms {
    pub(super) fn new(plan: &EnginePlan, id: usize, reserved: &Reserved) -> Terms {
        let (instrument, limits, fee, group) =
            (&plan.instruments[id], &plan.risk, plan.fees[id].taker.0, plan.groups[id]);
        let limit = limits.max_order_qty.map_or(Qty::MAX, |qty| qty_floor(qty, instrument.qty_exponent));
        let whole = 10i64.pow(u32::from(instrument.qty_exponent));
        Terms {
            whole,
            fee: Ratio(fee.max(0)),
            dearest_fee: Ratio(fee.max(plan.fees[id].maker.0).max(0)),
            round_trip: Ratio((2 * fee).max(0)),
            is_alone: plan.groups.iter().filter(|other| **other == group).count() == 1,
            factor_of_whole: whole.checked_mul(instrument.factor),
            largest_qty: instrument.max_qty.min(limit),
            largest_notional: limits
                .max_order_notional
                .map(|limit| reserved.settle_amount_floor(instrument, limit)),
            needed_notional: instrument.min_notional.mul_ceil(Ratio(1_100_000_000)),
        }
    }

    /// Notional of one whole at `price`, settlement currency.
    #[inline]
    pub(super) fn whole_notional(&self, instrument: &Instrument, price: Price) -> Money {
        match self.factor_of_whole {
            // Two factors of 64 bits: the product cannot leave 128.
            Some(factor) => Money(i128::from(price.0) * i128::from(factor)),
            None => instrument.notional(price, Qty(self.whole)),
        }
    }

    /// Largest quantity of an order, whatever its price.
    #[inline]
    pub(super) fn largest_qty(&self) -> Qty {
        self.largest_qty
    }

    /// Largest notional of an order, settlement currency.
    #[inline]
    pub(super) fn largest_notional(&self) -> Option<Money> {
        self.largest_notional
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
