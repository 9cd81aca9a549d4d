//! Exact quantities of trading, each an integer with its unit in the type.
//!
//! | type | unit |
//! |---|---|
//! | [`Price`] | `10^-price_exponent` of the instrument's quote currency |
//! | [`Qty`] | `10^-qty_exponent` of the instrument's base |
//! | [`Money`] | `10^-scale` of a currency; the scale belongs to the currency |
//! | [`Ratio`] | billionths (`10^-9`): fractions, multiples, percentages as configuration states them |
//!
//! Arithmetic is checked (the release profile keeps overflow checks on); a product says its rounding.

use crate::decimal::{Decimal, DecimalError};
use serde::{Deserialize, Serialize};
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            FromBytes, IntoBytes, Immutable, KnownLayout,
        )]
        #[repr(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// Nothing.
            pub const ZERO: $name = $name(0);
            /// The largest value.
            pub const MAX: $name = $name(<$inner>::MAX);

            /// The magnitude.
            pub fn abs(self) -> $name { $name(self.0.abs()) }
            /// True for nothing.
            pub fn is_zero(self) -> bool { self.0 == 0 }
        }

        impl Add for $name { type Output = $name; fn add(self, o: $name) -> $name { $name(self.0 + o.0) } }
        impl Sub for $name { type Output = $name; fn sub(self, o: $name) -> $name { $name(self.0 - o.0) } }
        impl Neg for $name { type Output = $name; fn neg(self) -> $name { $name(-self.0) } }
        impl AddAssign for $name { fn add_assign(&mut self, o: $name) { self.0 += o.0 } }
        impl SubAssign for $name { fn sub_assign(&mut self, o: $name) { self.0 -= o.0 } }
    };
}

quantity! {
    /// A price, or a distance between prices.
    Price(i64)
}
quantity! {
    /// A quantity; positions are signed, orders are not.
    Qty(i64)
}
quantity! {
    /// An amount of one currency.
    Money(i128)
}
quantity! {
    /// A dimensionless number in billionths.
    Ratio(i64)
}

impl Ratio {
    /// Billionths in one.
    pub const SCALE: i64 = 1_000_000_000;
    /// Decimals of a ratio.
    pub const EXPONENT: u8 = 9;
    /// One.
    pub const ONE: Ratio = Ratio(Self::SCALE);

    /// From a decimal; more than nine decimals are refused.
    pub fn from_decimal(decimal: Decimal) -> Result<Ratio, DecimalError> {
        decimal.to_scaled(Self::EXPONENT).map(Ratio)
    }

    /// The same number as a decimal.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0.into(), Self::EXPONENT)
    }

    /// `amount * self`, rounded towards minus infinity, in 64 bits; `None` where something on the way does not fit
    /// them, as it does wherever the result is well within.
    #[inline(always)]
    pub fn of_floor(self, amount: i64) -> Option<i64> {
        // Below this the rest of a division by 10^9 times the ratio fits 64 bits.
        const MOST: i64 = 8 * Ratio::SCALE;
        if self.0 < -MOST || self.0 > MOST {
            // Only the fraction is rounded: the whole part times the amount is a whole number.
            let (whole, fraction) = (self.0.div_euclid(Self::SCALE), self.0.rem_euclid(Self::SCALE));
            return amount.checked_mul(whole)?.checked_add(Ratio(fraction).of_floor_small(amount)?);
        }
        self.of_floor_small(amount)
    }

    /// The same for a ratio of at most eight.
    #[inline(always)]
    fn of_floor_small(self, amount: i64) -> Option<i64> {
        // Whole billions times a ratio in billionths are a whole number: only the rest is rounded.
        if amount >= 0 && self.0 >= 0 {
            const SCALE: u64 = Ratio::SCALE as u64;
            let (billions, rest) = (amount as u64 / SCALE, amount as u64 % SCALE);
            let rounded = (rest.wrapping_mul(self.0 as u64) / SCALE) as i64;
            return (billions as i64).checked_mul(self.0)?.checked_add(rounded);
        }
        let (billions, rest) = (amount.div_euclid(Self::SCALE), amount.rem_euclid(Self::SCALE));
        billions.checked_mul(self.0)?.checked_add((rest * self.0).div_euclid(Self::SCALE))
    }
}

impl Money {
    /// `self * ratio`, rounded towards minus infinity.
    pub fn mul_floor(self, ratio: Ratio) -> Money {
        Money(times_ratio_floor(self.0, ratio))
    }

    /// `self * ratio`, rounded towards plus infinity: fees and requirements are never understated.
    pub fn mul_ceil(self, ratio: Ratio) -> Money {
        Money(-times_ratio_floor(-self.0, ratio))
    }
}

impl Price {
    /// `self * ratio`, rounded towards minus infinity.
    #[inline]
    pub fn mul_floor(self, ratio: Ratio) -> Price {
        Price(times_ratio_floor_narrow(self.0, ratio))
    }

    /// `self * ratio`, rounded towards plus infinity.
    #[inline]
    pub fn mul_ceil(self, ratio: Ratio) -> Price {
        -Price((-self).mul_floor(ratio).0)
    }
}

impl Qty {
    /// `self * ratio`, rounded towards minus infinity.
    #[inline]
    pub fn mul_floor(self, ratio: Ratio) -> Qty {
        Qty(times_ratio_floor_narrow(self.0, ratio))
    }
}

/// `a * ratio` rounded towards minus infinity. A division of 128 bits is a call of a hundred instructions;
/// by a constant it is a multiplication.
fn times_ratio_floor(a: i128, ratio: Ratio) -> i128 {
    let Ok(narrow) = i64::try_from(a) else {
        return mul_div_floor(a, ratio.0.into(), Ratio::SCALE.into());
    };
    if let Some(product) = ratio.of_floor(narrow) {
        return product.into();
    }
    let product = i128::from(narrow) * i128::from(ratio.0);
    let (quotient, rest) = divide_by_billion(product.unsigned_abs());
    match product {
        0.. => quotient as i128,
        _ => -(quotient as i128) - i128::from(rest > 0),
    }
}

/// The same where the result fits 64 bits, as it does for every price and quantity; one that does not stops the
/// program.
#[inline]
fn times_ratio_floor_narrow(a: i64, ratio: Ratio) -> i64 {
    match a.checked_mul(ratio.0) {
        Some(product) => product.div_euclid(Ratio::SCALE),
        None => narrow(times_ratio_floor(a.into(), ratio)),
    }
}

/// Quotient and remainder of a division by 10^9.
fn divide_by_billion(value: u128) -> (u128, u64) {
    const BILLION: u64 = Ratio::SCALE as u64;
    if let Ok(value) = u64::try_from(value) {
        return ((value / BILLION).into(), value % BILLION);
    }
    if value >> 93 != 0 {
        return divide_by_billion_in_parts(value);
    }
    // The upper bits times the reciprocal give the quotient, or up to three less: what is cut off above is
    // worth less than 2^30, and reciprocal and product lose less than one each.
    const RECIPROCAL: u64 = ((1u128 << 93) / Ratio::SCALE as u128) as u64;
    let upper = u128::from((value >> 30) as u64);
    let estimate = ((upper * u128::from(RECIPROCAL)) >> 63) as u64;
    // Below 2^33, so its low word is all of it.
    let rest = (value as u64).wrapping_sub(estimate.wrapping_mul(BILLION));
    (u128::from(estimate + rest / BILLION), rest % BILLION)
}

/// The same for any value, 32 bits at a time.
#[cold]
fn divide_by_billion_in_parts(value: u128) -> (u128, u64) {
    const BILLION: u64 = Ratio::SCALE as u64;
    let (mut quotient, mut rest) = (0u128, 0u64);
    for shift in [96, 64, 32, 0] {
        // The rest is below 2^30, so this fits 64 bits.
        let part = rest << 32 | ((value >> shift) as u64 & 0xffff_ffff);
        quotient = quotient << 32 | u128::from(part / BILLION);
        rest = part % BILLION;
    }
    (quotient, rest)
}

/// `a * b / c` rounded towards minus infinity, for a positive `c`. The quotient and remainder of `a`
/// are taken first, so the product overflows only where the result would.
pub fn mul_div_floor(a: i128, b: i128, c: i128) -> i128 {
    debug_assert!(c > 0);
    if let (Ok(a), Ok(b)) = (i64::try_from(a), i64::try_from(b)) {
        let product = i128::from(a) * i128::from(b);
        if let (Ok(product), Ok(c)) = (i64::try_from(product), i64::try_from(c)) {
            return i128::from(product.div_euclid(c));
        }
        // A division of 128 bits is a call; rounding towards minus infinity would take a second one.
        return if product >= 0 { (product as u128 / c as u128) as i128 } else { product.div_euclid(c) };
    }
    a.div_euclid(c) * b + (a.rem_euclid(c) * b).div_euclid(c)
}

/// Back to 64 bits; a value that does not fit is an overflow and stops the program, as every other
/// overflow of money arithmetic does.
pub fn narrow(value: i128) -> i64 {
    i64::try_from(value).expect("overflow: a price or quantity left the range of 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rounding_goes_where_the_name_says() {
        let third = Ratio(333_333_333);
        assert_eq!(Money(10).mul_floor(third), Money(3));
        assert_eq!(Money(10).mul_ceil(third), Money(4));
        assert_eq!(Money(-10).mul_floor(third), Money(-4));
        assert_eq!(Money(-10).mul_ceil(third), Money(-3));
        assert_eq!(Price(7).mul_ceil(Ratio(500_000_000)), Price(4));
    }

    proptest! {
        #[test]
        fn mul_div_agrees_with_exact_arithmetic(a: i64, b in 0i64..=i64::MAX, c in 1i64..=i64::MAX) {
            let exact = (i128::from(a) * i128::from(b)).div_euclid(c.into());
            prop_assert_eq!(mul_div_floor(a.into(), b.into(), c.into()), exact);
        }

        #[test]
        fn ratios_agree_with_exact_arithmetic(a: i64, wide in -(1i128 << 90)..(1i128 << 90), ratio: i64) {
            let exact = |a: i128| (a * i128::from(ratio)).div_euclid(Ratio::SCALE.into());
            prop_assert_eq!(times_ratio_floor(a.into(), Ratio(ratio)), exact(a.into()));
            let ratio = ratio.rem_euclid(Ratio::SCALE);
            let exact = (wide * i128::from(ratio)).div_euclid(Ratio::SCALE.into());
            prop_assert_eq!(times_ratio_floor(wide, Ratio(ratio)), exact);
        }

        #[test]
        fn a_share_in_64_bits_agrees_with_exact_arithmetic(a: i64, shift in 0u32..63, ratio: i64, cut in 0u32..63) {
            let (a, ratio) = (a >> shift, ratio >> cut);
            let exact = (i128::from(a) * i128::from(ratio)).div_euclid(Ratio::SCALE.into());
            match Ratio(ratio).of_floor(a) {
                Some(share) => prop_assert_eq!(i128::from(share), exact),
                // It gives up near the end of 64 bits alone.
                None => prop_assert!(exact.unsigned_abs() > 1 << 60, "{} {}", a, ratio),
            }
        }

        #[test]
        fn a_share_of_a_price_agrees_with_exact_arithmetic(a: i64, shift in 0u32..63, ratio: i64) {
            let (a, ratio) = (a >> shift, ratio >> (63 - shift));
            let product = i128::from(a) * i128::from(ratio);
            let floor = product.div_euclid(Ratio::SCALE.into());
            let ceil = -(-product).div_euclid(Ratio::SCALE.into());
            if let (Ok(floor), Ok(ceil)) = (i64::try_from(floor), i64::try_from(ceil)) {
                prop_assert_eq!(Price(a).mul_floor(Ratio(ratio)), Price(floor));
                prop_assert_eq!(Qty(a).mul_floor(Ratio(ratio)), Qty(floor));
                if a > i64::MIN && ceil > i64::MIN {
                    prop_assert_eq!(Price(a).mul_ceil(Ratio(ratio)), Price(ceil));
                }
            }
        }

        #[test]
        fn a_billionth_agrees_with_division(high in 0u32..=128, value: u128) {
            let value = value.checked_shr(high).unwrap_or(0);
            let billion = Ratio::SCALE as u128;
            let want = (value / billion, (value % billion) as u64);
            prop_assert_eq!(divide_by_billion(value), want);
            prop_assert_eq!(divide_by_billion_in_parts(value), want);
        }

        #[test]
        fn a_billionth_of_what_lies_at_a_multiple(quotient in 0u128..1 << 64, off in -2i128..=2) {
            let value = (quotient * Ratio::SCALE as u128).saturating_add_signed(off);
            let billion = Ratio::SCALE as u128;
            prop_assert_eq!(divide_by_billion(value), (value / billion, (value % billion) as u64));
        }

        #[test]
        fn wide_and_narrow_paths_agree(a in -(1i128 << 90)..(1i128 << 90), b in 0i64..1_000_000, c in 1i64..1_000_000_000) {
            let exact = (a * i128::from(b)).div_euclid(c.into());
            prop_assert_eq!(mul_div_floor(a, b.into(), c.into()), exact);
        }
    }
}
