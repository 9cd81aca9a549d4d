//! Amounts of the base currency while an entry is sized: 64 bits wide, or 128.
//!
//! In 64 bits an operation whose result does not fit says so by `None`; in 128 it stops the program, as all money
//! arithmetic does. Where both have an answer it is the same one.

use super::figures::Pricing;
use pinion_model::number::{Money, Qty, Ratio};

/// An amount of one width.
pub(super) trait Amount: Copy + Ord {
    /// Nothing.
    const ZERO: Self;

    /// Money in this width.
    fn of(money: Money) -> Option<Self>;

    /// The same amount.
    fn money(self) -> Money;

    /// `self - other`.
    fn less(self, other: Self) -> Option<Self>;

    /// `self * share`, rounded towards minus infinity.
    fn share_floor(self, share: Ratio) -> Option<Self>;

    /// A pricing whose values have this width.
    fn fitting(pricing: Pricing) -> Option<Pricing>;

    /// The largest quantity that the amount is enough for.
    fn qty(self, pricing: &Pricing) -> Qty;

    /// See [`Pricing::exceeds`].
    fn exceeds(self, pricing: &Pricing, qty: Qty) -> bool;

    /// See [`Pricing::covers`]: `self` is the room.
    fn covers(self, pricing: &Pricing, amount: Self, other: &Pricing) -> bool;
}

impl Amount for i64 {
    const ZERO: i64 = 0;

    #[inline(always)]
    fn of(money: Money) -> Option<i64> {
        i64::try_from(money.0).ok()
    }

    #[inline(always)]
    fn money(self) -> Money {
        Money(self.into())
    }

    #[inline(always)]
    fn less(self, other: i64) -> Option<i64> {
        self.checked_sub(other)
    }

    #[inline(always)]
    fn share_floor(self, share: Ratio) -> Option<i64> {
        share.of_floor(self)
    }

    #[inline(always)]
    fn fitting(pricing: Pricing) -> Option<Pricing> {
        pricing.is_narrow().then_some(pricing)
    }

    #[inline(always)]
    fn qty(self, pricing: &Pricing) -> Qty {
        pricing.qty_narrow(self)
    }

    #[inline(always)]
    fn exceeds(self, pricing: &Pricing, qty: Qty) -> bool {
        pricing.exceeds_narrow(self, qty)
    }

    #[inline(always)]
    fn covers(self, pricing: &Pricing, amount: i64, other: &Pricing) -> bool {
        pricing.covers_narrow(self, amount, other)
    }
}

impl Amount for i128 {
    const ZERO: i128 = 0;

    fn of(money: Money) -> Option<i128> {
        Some(money.0)
    }

    fn money(self) -> Money {
        Money(self)
    }

    fn less(self, other: i128) -> Option<i128> {
        Some(self - other)
    }

    fn share_floor(self, share: Ratio) -> Option<i128> {
        Some(Money(self).mul_floor(share).0)
    }

    fn fitting(pricing: Pricing) -> Option<Pricing> {
        Some(pricing)
    }

    fn qty(self, pricing: &Pricing) -> Qty {
        pricing.qty(Money(self))
    }

    fn exceeds(self, pricing: &Pricing, qty: Qty) -> bool {
        pricing.exceeds(Money(self), qty)
    }

    fn covers(self, pricing: &Pricing, amount: i128, other: &Pricing) -> bool {
        pricing.covers(Money(self), Money(amount), other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numbers of every size, and those at the ends.
    fn number() -> impl Strategy<Value = i64> {
        prop_oneof![
            8 => (any::<i64>(), 0u32..63).prop_map(|(value, shift)| value >> shift),
            1 => prop::sample::select(vec![0, 1, -1, i64::MAX, i64::MAX - 1, i64::MIN]),
        ]
    }

    fn pricing() -> impl Strategy<Value = (Pricing, Pricing)> {
        let value = (1..=i64::MAX, 0u32..63).prop_map(|(value, shift)| (value >> shift).max(1));
        (value.clone(), value, 0u32..10).prop_map(|(one, other, exponent)| {
            let whole = 10i64.pow(exponent);
            (Pricing::new(Money(one.into()), whole), Pricing::new(Money(other.into()), whole))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// Sizing is one code over both widths, so it is the same where every operation is.
        #[test]
        fn both_widths_have_the_same_answers(
            a in number(),
            b in number(),
            share in number(),
            qty in number(),
            off in -2i64..=2,
            (pricing, other) in pricing(),
        ) {
            let wide = i128::from;
            prop_assert_eq!(a.cmp(&b), wide(a).cmp(&wide(b)));
            if let Some(less) = a.less(b) {
                prop_assert_eq!(Some(wide(less)), wide(a).less(wide(b)));
            }
            if let Some(part) = a.share_floor(Ratio(share)) {
                prop_assert_eq!(Some(wide(part)), wide(a).share_floor(Ratio(share)));
            }
            prop_assert!(<i64 as Amount>::fitting(pricing).is_some());
            prop_assert_eq!(a.qty(&pricing), wide(a).qty(&pricing));
            // Where comparisons are decided: at the very quantity.
            for qty in [qty, a.qty(&pricing).0.saturating_add(off)].map(Qty) {
                prop_assert_eq!(a.exceeds(&pricing, qty), wide(a).exceeds(&pricing, qty), "{:?}", qty);
            }
            prop_assert_eq!(a.covers(&pricing, b, &other), wide(a).covers(&pricing, wide(b), &other));
        }

        #[test]
        fn what_is_too_wide_is_refused_by_the_narrow_width(value: i128, shift in 0u32..127) {
            let value = value >> shift;
            let fits = i64::try_from(value).is_ok();
            prop_assert_eq!(<i64 as Amount>::of(Money(value)).is_some(), fits);
            prop_assert_eq!(<i64 as Amount>::fitting(Pricing::new(Money(value), 1)).is_some(), fits || value < 1);
        }
    }
}
