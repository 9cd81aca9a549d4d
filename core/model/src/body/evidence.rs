//! Bodies of evidence: what a decision rested on and what it did to the books. Nothing is decided by them.

use super::bodies;
use crate::instrument::InstrumentId;
use crate::number::{Money, Qty};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

bodies! {
    /// A fill was applied to a position.
    PositionBody: Position {
        /// Input that led to it.
        cause: u64,
        /// Engine time, ns.
        time_ns: i64,
        /// Instrument.
        instrument: InstrumentId,
        /// Strategy of the plan.
        strategy: u16,
        /// 1 when the position became flat and a trade ended.
        closed: u16,
        /// Position after the fill; negative is short.
        qty: Qty,
        /// Order that was filled.
        order: u64,
        /// Net result of the trade that ended, fees included, settlement currency; 0 otherwise. 64 bits.
        trade_net: i64,
        /// What the open position cost, settlement currency.
        cost: Money,
        /// Profit or loss that this fill realised, before its fee.
        realised: Money,
        /// Fee of this fill, in its own currency.
        fee: Money,
    }

    /// Up to four values that a rule saw when it fired.
    SignalBody: Signal {
        /// Input that led to it.
        cause: u64,
        /// Engine time, ns.
        time_ns: i64,
        /// Number of the intent.
        intent: u64,
        /// Instrument.
        instrument: InstrumentId,
        /// Strategy of the plan.
        strategy: u16,
        /// Rule that fired.
        rule: u16,
        /// The values; unused ones have name 0.
        values: [SignalValue; 4],
    }

    /// Operands of two risk checks; a check with code 0 is unused.
    RiskCheckBody: RiskCheck {
        /// Input that led to it.
        cause: u64,
        /// Number of the intent.
        intent: u64,
        /// The checks.
        checks: [CheckOperands; 2],
    }
}

/// One value that a rule saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SignalValue {
    /// Number of the indicator's output in the plan, from 1.
    pub output: u16,
    /// The value is `value * 10^-exponent`.
    pub exponent: u16,
    /// Zero.
    pub reserved: u32,
    /// The scaled value.
    pub value: i64,
}

/// Measured value and limit of one risk check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct CheckOperands {
    /// What was measured, an `i128` as two words, low one first.
    pub measured: [u64; 2],
    /// What it was held against, likewise.
    pub limit: [u64; 2],
    /// Number of the check + 1; 0 marks an unused slot.
    pub check: u16,
    /// 0 passed, 1 failed, 2 adjusted the order.
    pub outcome: u16,
    /// Instrument, in whose units quantities and prices among the operands are.
    pub instrument: InstrumentId,
}

impl CheckOperands {
    /// Operands of check number `check` on an order for `instrument`.
    pub fn new(check: u16, outcome: u16, instrument: InstrumentId, measured: i128, limit: i128) -> Self {
        CheckOperands {
            measured: split(measured),
            limit: split(limit),
            check: check + 1,
            outcome,
            instrument,
        }
    }

    /// What was measured, and the limit.
    pub fn values(&self) -> (i128, i128) {
        (join(self.measured), join(self.limit))
    }
}

fn split(value: i128) -> [u64; 2] {
    [value as u64, (value >> 64) as u64]
}

fn join([low, high]: [u64; 2]) -> i128 {
    (i128::from(high as i64) << 64) | i128::from(low)
}
