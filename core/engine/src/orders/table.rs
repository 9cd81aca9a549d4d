//! The table of orders: a fixed number of slots, found by order number without a search.
//!
//! Order `n` lives in slot `n % capacity`. A number whose slot still holds an open order is skipped, so
//! numbers rise but may have gaps; that depends on inputs only and is the same in every replay.

use super::lifecycle::{self, OrderEvent};
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Money, Price, Qty};
use pinion_model::order::{Action, OrderStatus, OrderType, Reason, Side, TimeInForce};
use serde::{Deserialize, Serialize};

/// One order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its number, from 1.
    pub number: u64,
    /// The intent that it came from.
    pub intent: u64,
    /// Instrument.
    pub instrument: InstrumentId,
    /// Strategy of the plan.
    pub strategy: u16,
    /// What it is for.
    pub action: Action,
    /// Side.
    pub side: Side,
    /// Type.
    pub order_type: OrderType,
    /// Time in force.
    pub tif: TimeInForce,
    /// Why it was wanted.
    pub reason: Reason,
    /// State.
    pub status: OrderStatus,
    /// Quantity.
    pub qty: Qty,
    /// Filled so far.
    pub filled: Qty,
    /// Limit price, or zero.
    pub limit: Price,
    /// Trigger price, or zero.
    pub trigger: Price,
    /// Price that the engine saw when it decided.
    pub reference: Price,
    /// Notional that it still reserves, settlement currency; entries only.
    pub reserved: Money,
}

impl Order {
    /// What is still open.
    pub fn leaves(&self) -> Qty {
        if self.status.is_final() { Qty::ZERO } else { self.qty - self.filled }
    }
}

/// The orders of an engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderTable {
    slots: Box<[Option<Order>]>,
    next_number: u64,
    open: usize,
}

impl OrderTable {
    /// A table for `capacity` open orders.
    pub fn new(capacity: usize) -> OrderTable {
        OrderTable { slots: vec![None; capacity.max(1)].into(), next_number: 1, open: 0 }
    }

    /// Orders that are not final.
    pub fn open_count(&self) -> usize {
        self.open
    }

    /// Orders that fit.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// True when at most `reserve` more orders fit; the reserve is kept for exits.
    pub fn is_full(&self, reserve: usize) -> bool {
        self.open + reserve >= self.slots.len()
    }

    fn slot(&self, number: u64) -> usize {
        (number % self.slots.len() as u64) as usize
    }

    /// The order with this number, if the table still has it.
    pub fn get(&self, number: u64) -> Option<&Order> {
        self.slots[self.slot(number)].as_ref().filter(|o| o.number == number)
    }

    /// Every order that is not final, in no particular but repeatable order.
    pub fn open_orders(&self) -> impl Iterator<Item = &Order> {
        self.slots.iter().flatten().filter(|o| !o.status.is_final())
    }

    /// Stores an order and gives it its number; `None` when every slot holds an open order.
    pub fn insert(&mut self, mut order: Order) -> Option<u64> {
        if self.open == self.slots.len() {
            return None;
        }
        while self.slots[self.slot(self.next_number)].is_some_and(|o| !o.status.is_final()) {
            self.next_number += 1;
        }
        order.number = self.next_number;
        self.next_number += 1;
        self.open += usize::from(!order.status.is_final());
        let slot = self.slot(order.number);
        self.slots[slot] = Some(order);
        Some(order.number)
    }

    /// Applies an event; returns the states before and after, or `None` when the pair cannot happen or
    /// the order is not in the table, in which case nothing changes.
    pub fn apply(&mut self, number: u64, event: OrderEvent) -> Option<(OrderStatus, OrderStatus)> {
        let slot = self.slot(number);
        let order = self.slots[slot].as_mut().filter(|o| o.number == number)?;
        let before = order.status;
        let after = lifecycle::next(before, event, order.filled > Qty::ZERO)?;
        order.status = after;
        self.open -= usize::from(!before.is_final() && after.is_final());
        Some((before, after))
    }

    /// For changes that are not changes of state.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut Order> {
        let slot = self.slot(number);
        self.slots[slot].as_mut().filter(|o| o.number == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order {
            number: 0,
            intent: 1,
            instrument: InstrumentId(0),
            strategy: 0,
            action: Action::Enter,
            side: Side::Buy,
            order_type: OrderType::Market,
            tif: TimeInForce::Gtc,
            reason: Reason::Entry,
            status: OrderStatus::Sent,
            qty: Qty(5),
            filled: Qty::ZERO,
            limit: Price::ZERO,
            trigger: Price::ZERO,
            reference: Price(1),
            reserved: Money::ZERO,
        }
    }

    #[test]
    fn a_number_whose_slot_is_open_is_skipped_and_never_reused() {
        let mut table = OrderTable::new(2);
        assert_eq!((table.insert(order()), table.insert(order())), (Some(1), Some(2)));
        assert_eq!(table.insert(order()), None);
        table.apply(2, OrderEvent::Cancelled).unwrap();
        assert_eq!(table.insert(order()), Some(4), "3 would fall on the open order 1");
        assert!(table.get(2).is_none() && table.get(1).is_some());
        assert_eq!(table.open_count(), table.open_orders().count());
    }

    #[test]
    fn an_impossible_event_changes_nothing() {
        let mut table = OrderTable::new(2);
        table.insert(order());
        let before = table.clone();
        assert_eq!(table.apply(1, OrderEvent::RiskPass), None);
        assert_eq!(table.apply(9, OrderEvent::Accepted), None);
        assert_eq!(table, before);
    }
}
