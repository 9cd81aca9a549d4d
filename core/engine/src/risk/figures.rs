//! The operands of checks as they are kept until they are written: what must be divided for the record alone
//! is divided then, after the order has left.

use super::checks::Check;
use pinion_model::body::CheckOperands;
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Money, Price, Qty, Ratio, mul_div_floor};

/// Turns cash into the quantity that it buys with its fee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CashPricing {
    /// Cash per quantity unit.
    unit: i64,
    /// Fee of a purchase, not below zero.
    fee: Ratio,
}

impl CashPricing {
    /// `unit` is what a quantity unit costs. `None` where it is nothing or does not fit.
    #[inline]
    pub(super) fn new(unit: i128, fee: Ratio) -> Option<CashPricing> {
        let unit = i64::try_from(unit).ok().filter(|unit| *unit > 0)?;
        Some(CashPricing { unit, fee })
    }

    /// What of an amount is left for the purchase itself: `amount / (1 + fee)`.
    pub(super) fn spendable(amount: Money, fee: Ratio) -> Money {
        let amount = amount.0.max(0);
        if fee.0 <= 0 {
            return Money(amount);
        }
        let whole = i128::from(Ratio::SCALE) + i128::from(fee.0);
        Money(mul_div_floor(amount, Ratio::SCALE.into(), whole))
    }

    /// The largest quantity that an amount pays for.
    pub(super) fn qty(&self, amount: Money) -> Qty {
        let quantity = CashPricing::spendable(amount, self.fee).0 / i128::from(self.unit);
        Qty(i64::try_from(quantity).unwrap_or(i64::MAX))
    }

    /// What a quantity costs without its fee, where that fits 64 bits.
    #[inline]
    pub(super) fn cost(&self, qty: Qty) -> Option<i64> {
        qty.0.checked_mul(self.unit)
    }

    /// True when an amount surely pays for what costs `cost` without its fee; nothing is divided.
    #[inline]
    pub(super) fn covers(&self, amount: Money, cost: i64) -> bool {
        let Ok(amount) = i64::try_from(amount.0) else { return false };
        let Some(with_fee) = Ratio::SCALE.checked_add(self.fee.0) else { return false };
        // Factors of 64 bits: the products do not leave 128.
        amount > 0
            && i128::from(amount).wrapping_mul(Ratio::SCALE.into())
                >= i128::from(cost).wrapping_mul(with_fee.into())
    }
}

/// Turns amounts of the base currency into quantities at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pricing {
    /// Base currency per `whole` quantity units, rounded up.
    per_whole: i128,
    /// The same where it fits 64 bits, else 0.
    narrow: i64,
    /// Quantity units of one whole.
    whole: i64,
}

impl Default for Pricing {
    fn default() -> Pricing {
        Pricing { per_whole: 1, narrow: 1, whole: 1 }
    }
}

impl Pricing {
    /// `value` is what `whole` quantity units are worth.
    #[inline]
    pub(super) fn new(value: Money, whole: i64) -> Pricing {
        let per_whole = value.0.max(1);
        Pricing { per_whole, narrow: i64::try_from(per_whole).unwrap_or(0), whole }
    }

    /// As [`Pricing::new`] with a price of the base currency itself: what `factor` units of price make.
    #[inline(always)]
    pub(super) fn of_unit(price: Price, factor: i64) -> Pricing {
        match price.0.checked_mul(factor) {
            Some(unit) if unit > 0 => Pricing { per_whole: unit.into(), narrow: unit, whole: 1 },
            // Two factors of 64 bits: the product cannot leave 128.
            _ => Pricing::new(Money(i128::from(price.0) * i128::from(factor)), 1),
        }
    }

    /// Its values fit 64 bits.
    #[inline(always)]
    pub(super) fn is_narrow(&self) -> bool {
        self.narrow > 0
    }

    /// [`Pricing::qty`] in 64 bits where the product fits them.
    #[inline(always)]
    pub(super) fn qty_narrow(&self, amount: i64) -> Qty {
        match amount.checked_mul(self.whole) {
            Some(product) if product > 0 && self.narrow > 0 => {
                // Of positive numbers; without a sign the division needs no look at overflow.
                Qty((product as u64 / self.narrow as u64) as i64)
            }
            _ => self.qty(Money(amount.into())),
        }
    }

    /// [`Pricing::exceeds`] for a pricing that is narrow.
    #[inline(always)]
    pub(super) fn exceeds_narrow(&self, amount: i64, qty: Qty) -> bool {
        // Where there is no next one the quantity is the largest there is.
        let Some(next) = qty.0.checked_add(1) else { return false };
        if amount <= 0 {
            return next <= 0;
        }
        next <= 0
            || i128::from(amount).wrapping_mul(self.whole.into())
                >= i128::from(next).wrapping_mul(self.narrow.into())
    }

    /// [`Pricing::covers`] for pricings that are narrow.
    #[inline(always)]
    pub(super) fn covers_narrow(&self, room: i64, amount: i64, other: &Pricing) -> bool {
        // Factors of 64 bits: the products do not leave 128.
        room > 0
            && i128::from(room).wrapping_mul(other.narrow.into())
                >= i128::from(amount).wrapping_mul(self.narrow.into())
    }

    /// The largest quantity that an amount is enough for.
    #[inline(never)]
    pub(super) fn qty(&self, amount: Money) -> Qty {
        if amount.0 <= 0 {
            return Qty::ZERO;
        }
        Qty(i64::try_from(mul_div_floor(amount.0, self.whole.into(), self.per_whole)).unwrap_or(i64::MAX))
    }

    /// Whether `qty(amount)` is above `qty`, without dividing.
    #[inline]
    pub(super) fn exceeds(&self, amount: Money, qty: Qty) -> bool {
        match (i64::try_from(amount.0), qty.0.checked_add(1)) {
            // The floor of a fraction is above a whole number when the fraction reaches the next one. Factors
            // of 64 bits: the products do not leave 128.
            (Ok(amount), Some(next)) if amount > 0 && next > 0 && self.narrow > 0 => {
                i128::from(amount) * i128::from(self.whole) >= i128::from(next) * i128::from(self.narrow)
            }
            _ => self.qty(amount) > qty,
        }
    }

    /// True when `room` at these prices is surely enough for the quantity that `amount` buys at the `other`
    /// ones. Both are of one instrument.
    #[inline]
    pub(super) fn covers(&self, room: Money, amount: Money, other: &Pricing) -> bool {
        match (i64::try_from(room.0), i64::try_from(amount.0)) {
            (Ok(room), Ok(amount)) if room > 0 && self.narrow > 0 && other.narrow > 0 => {
                i128::from(room) * i128::from(other.narrow) >= i128::from(amount) * i128::from(self.narrow)
            }
            _ => false,
        }
    }
}

/// What a figure of a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Of {
    /// Itself.
    Itself,
    /// An amount, and the figure is the quantity that it buys at the order's price.
    Price,
    /// An amount, and the figure is the quantity that loses it at the stop.
    Loss,
    /// A share of equity, and the figure is the quantity that it buys at the order's price.
    Share,
    /// Cash, and the figure is the quantity that it pays for.
    Cash,
}

impl Of {
    /// Every one, by its number.
    pub(super) const ALL: [Of; 5] = [Of::Itself, Of::Price, Of::Loss, Of::Share, Of::Cash];
}

/// One figure of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Figure {
    pub(super) value: i128,
    pub(super) of: Of,
}

impl Figure {
    #[inline(always)]
    pub(super) fn of(value: i128) -> Figure {
        Figure { value, of: Of::Itself }
    }
}

/// What a check measured, and what it was held against. The figures lie in it piece by piece, because two
/// whole ones would double its size with padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operands {
    measured: i128,
    limit: i128,
    check: Check,
    outcome: u16,
    measured_of: Of,
    limit_of: Of,
}

impl Operands {
    #[inline(always)]
    pub(super) fn new(check: Check, outcome: u16, measured: Figure, limit: Figure) -> Operands {
        let (measured_of, limit_of) = (measured.of, limit.of);
        Operands { measured: measured.value, limit: limit.value, check, outcome, measured_of, limit_of }
    }

    pub(super) fn check(&self) -> Check {
        self.check
    }

    pub(super) fn outcome(&self) -> u16 {
        self.outcome
    }

    /// What was measured, and the limit.
    pub(super) fn figures(&self) -> (Figure, Figure) {
        let figure = |value, of| Figure { value, of };
        (figure(self.measured, self.measured_of), figure(self.limit, self.limit_of))
    }
}

/// The ways in which amounts become quantities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pricings {
    pub(super) price: Pricing,
    pub(super) loss: Pricing,
    pub(super) cash: CashPricing,
}

impl Pricings {
    #[inline(always)]
    pub(super) fn get(&self, of: Of) -> &Pricing {
        match of {
            Of::Loss => &self.loss,
            Of::Price | Of::Share | Of::Cash | Of::Itself => &self.price,
        }
    }

    fn value(&self, figure: Figure, equity: Money) -> i128 {
        let amount = match figure.of {
            Of::Itself => return figure.value,
            Of::Cash => return self.cash.qty(Money(figure.value)).0.into(),
            Of::Price | Of::Loss => Money(figure.value),
            // It came from a ratio of 64 bits.
            Of::Share => equity.mul_floor(Ratio(figure.value as i64)),
        };
        self.get(figure.of).qty(amount).0.into()
    }

    /// The operands as records carry them.
    pub(super) fn write(
        &self,
        operands: &Operands,
        instrument: InstrumentId,
        equity: Money,
    ) -> CheckOperands {
        let value = |value, of| self.value(Figure { value, of }, equity);
        let measured = value(operands.measured, operands.measured_of);
        let limit = value(operands.limit, operands.limit_of);
        CheckOperands::new(operands.check as u16, operands.outcome, instrument, measured, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Amounts and values near each other's multiples, where comparisons are decided.
    fn pricing() -> impl Strategy<Value = (Pricing, Pricing, i64)> {
        let value = prop_oneof![1i64..100, 1i64..1_000_000_000_000, 1i64..i64::MAX];
        (value.clone(), value, 0u32..10).prop_map(|(price, loss, exponent)| {
            let whole = 10i64.pow(exponent);
            let new = |value: i64| Pricing::new(Money(value.into()), whole);
            (new(price), new(loss), whole)
        })
    }

    proptest! {
        #[test]
        fn exceeding_agrees_with_the_quantity((p, _, whole) in pricing(), qty in 0i64..1_000_000, off in -3i128..=3, free: i128) {
            let near = (i128::from(qty) * p.per_whole) / i128::from(whole) + off;
            for amount in [near, free, i128::from(free as i64)] {
                for qty in [qty, -qty, i64::MAX] {
                    // What does not fit 128 bits stops the program on either way.
                    if amount.checked_mul(whole.into()).is_some() {
                        let want = p.qty(Money(amount)) > Qty(qty);
                        prop_assert_eq!(p.exceeds(Money(amount), Qty(qty)), want, "{} {}", amount, qty);
                    }
                }
            }
        }

        #[test]
        fn cash_that_covers_is_what_pays_for_as_much(
            unit in 1i64..1_000_000_000_000,
            fee in prop_oneof![Just(0i64), 0i64..10_000_000, 0i64..=1_000_000_000],
            qty in 1i64..1_000_000,
            off in -3i128..=3,
            free: i64,
        ) {
            let cash = CashPricing::new(unit.into(), Ratio(fee)).unwrap();
            let near = i128::from(unit) * i128::from(qty);
            let near = near + (near * i128::from(fee)).div_euclid(Ratio::SCALE.into()) + off;
            for amount in [near, free.into()] {
                let (amount, qty) = (Money(amount), Qty(qty));
                let spendable = (amount.0.max(0) * i128::from(Ratio::SCALE)) / i128::from(Ratio::SCALE + fee);
                prop_assert_eq!(cash.qty(amount).0, (spendable / i128::from(unit)) as i64);
                prop_assert_eq!(cash.covers(amount, cash.cost(qty).unwrap()), cash.qty(amount) >= qty);
            }
        }

        #[test]
        fn what_covers_is_never_too_little((p, l, _) in pricing(), room: i64, amount: i64, off in -3i128..=3) {
            let near = i128::from(room) * p.per_whole / l.per_whole + off;
            for amount in [i128::from(amount), near, i128::from(room) + off] {
                for other in [&p, &l] {
                    if amount < 1 << 90 && l.covers(Money(room.into()), Money(amount), other) {
                        prop_assert!(l.qty(Money(room.into())) >= other.qty(Money(amount)));
                    }
                }
            }
        }
    }

    #[test]
    fn a_room_that_is_just_too_small_does_not_cover() {
        let (price, loss) = (Pricing::new(Money(7), 1), Pricing::new(Money(3), 1));
        assert!(loss.covers(Money(3), Money(7), &price) && !loss.covers(Money(2), Money(7), &price));
        assert!(price.exceeds(Money(14), Qty(1)) && !price.exceeds(Money(13), Qty(1)));
    }
}
