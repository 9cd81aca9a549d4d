//! What working entries reserve: per instrument and side, in the settlement currency.
//!
//! The invariant, checked by a test over random orders: the sum here equals the sum of `reserved` over
//! the open orders of the table.

use crate::orders::table::Order;
use crate::plan::EnginePlan;
use pinion_model::decimal::Decimal;
use pinion_model::instrument::{Instrument, InstrumentId};
use pinion_model::number::Money;
use pinion_model::order::Side;
use serde::{Deserialize, Serialize};

/// Reservations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved {
    /// By instrument: buys, sells.
    by_instrument: Vec<[Money; 2]>,
    /// Scale of each currency.
    scales: Vec<u8>,
    any: u32,
}

impl Reserved {
    pub(super) fn new(plan: &EnginePlan) -> Reserved {
        Reserved {
            by_instrument: vec![[Money::ZERO; 2]; plan.instruments.len()],
            scales: plan.currencies.iter().map(|c| c.scale).collect(),
            any: 0,
        }
    }

    /// Changes what an order reserves.
    pub(super) fn set(&mut self, order: &mut Order, amount: Money) {
        let slot = &mut self.by_instrument[order.instrument.index()][usize::from(order.side == Side::Sell)];
        *slot += amount - order.reserved;
        self.any = self.any + u32::from(order.reserved.is_zero() && !amount.is_zero())
            - u32::from(!order.reserved.is_zero() && amount.is_zero());
        order.reserved = amount;
    }

    /// Buys and sells reserved on an instrument.
    pub fn of(&self, id: InstrumentId) -> [Money; 2] {
        self.by_instrument[id.index()]
    }

    /// Nothing is reserved.
    pub fn is_empty(&self) -> bool {
        self.any == 0
    }

    /// A configured amount in the settlement currency's units, towards zero.
    pub(super) fn settle_amount_floor(&self, instrument: &Instrument, amount: Decimal) -> Money {
        let scale = self.scales[instrument.settle.index()];
        if amount.scale() <= scale {
            return amount.to_scaled_i128(scale).map_or(Money::MAX, Money);
        }
        Money(amount.mantissa() / 10i128.pow(u32::from(amount.scale() - scale)))
    }
}
