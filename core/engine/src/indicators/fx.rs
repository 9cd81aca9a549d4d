//! The number of indicators: binary fixed point, the same on every processor.
//!
//! [`Fx`] holds price units with 32 fractional bits in 128 bits. Prices are bounded by [`MAX_PRICE`]
//! (the engine refuses market data beyond it), so the products below cannot leave 128 bits:
//!
//! ```text
//!   price            < 2^47      difference of two Fx  < 2^80 (bits)
//!   weight           <= 2^46     difference * weight   < 2^126
//! ```
//! That is why they use wrapping multiplication: the checked one is a call of its own and can never
//! find anything. Prices below 2^31 units, which is nearly all of them, keep every value below in 64 bits;
//! the products then are one instruction, and the results are the same to the last bit.

use fixed::types::I96F32;
use pinion_model::number::{Price, Ratio};

/// Price units with 32 fractional bits.
pub type Fx = I96F32;

/// Largest price, in price units, that indicators accept.
pub const MAX_PRICE: i64 = (1 << 47) - 1;

const WEIGHT_BITS: u32 = 46;

/// A price as [`Fx`].
#[inline]
pub fn fx(price: Price) -> Fx {
    Fx::from_bits(i128::from(price.0) << 32)
}

/// A fraction of at most one, for exponential averages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Weight {
    /// To [`WEIGHT_BITS`].
    bits: i64,
    /// The same to 64 bits, where a signed number holds it: a product's upper half is then the result, without
    /// a double shift, which is slow on some processors.
    upper: Option<i64>,
}

impl Weight {
    /// `numerator / denominator`, which must be at most one, to 46 bits.
    pub fn new(numerator: u64, denominator: u64) -> Weight {
        debug_assert!(numerator <= denominator && denominator > 0);
        let scaled = (u128::from(numerator) << WEIGHT_BITS) + u128::from(denominator) / 2;
        let bits = (scaled / u128::from(denominator)) as i64;
        let upper = i64::try_from(i128::from(bits) << (64 - WEIGHT_BITS)).ok();
        Weight { bits, upper }
    }

    /// `average + (value - average) * self`.
    #[inline(always)]
    pub fn step(self, average: Fx, value: Fx) -> Fx {
        if let (Some(a), Some(v)) = (narrow(average), narrow(value))
            && let Some(difference) = v.checked_sub(a)
        {
            let step = i128::from(difference).wrapping_mul(i128::from(self.bits)) >> WEIGHT_BITS;
            // A weight is at most one: the result lies between the two.
            return Fx::from_bits(i128::from(a.wrapping_add(step as i64)));
        }
        self.step_wide(average, value)
    }

    /// For [`step_narrow`]; `None` for the largest weights.
    pub(crate) fn upper(self) -> Option<i64> {
        self.upper
    }

    #[cold]
    fn step_wide(self, average: Fx, value: Fx) -> Fx {
        let difference = value.to_bits() - average.to_bits();
        let step = difference.wrapping_mul(i128::from(self.bits)) >> WEIGHT_BITS;
        Fx::from_bits(average.to_bits() + step)
    }
}

/// [`Weight::step`] with a weight's `upper` for an average and a value of 0 to 2^63 bits, which its result is
/// again.
#[inline(always)]
pub(crate) fn step_narrow(upper: i64, average: i64, value: i64) -> i64 {
    let difference = i128::from(value.wrapping_sub(average));
    average.wrapping_add((difference.wrapping_mul(i128::from(upper)) >> 64) as i64)
}

/// The bits of a value that 64 of them hold.
#[inline(always)]
pub(crate) fn narrow(value: Fx) -> Option<i64> {
    i64::try_from(value.to_bits()).ok()
}

/// A multiplier of up to 1,000 with 32 fractional bits: `k` of a band, a stop, a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Factor(i64);

impl Factor {
    /// The nearest factor to `ratio`.
    pub fn new(ratio: Ratio) -> Factor {
        let scaled = (i128::from(ratio.0) << 32) + i128::from(Ratio::SCALE / 2);
        Factor(scaled.div_euclid(i128::from(Ratio::SCALE)) as i64)
    }

    /// The factor with 32 fractional bits.
    #[inline(always)]
    pub(super) fn bits(self) -> i64 {
        self.0
    }

    /// True for zero.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// `value * self`, towards minus infinity. `value` is below 2^80 bits and `self` below 2^42.
    #[inline(always)]
    pub fn of(self, value: Fx) -> Fx {
        match narrow(value) {
            Some(value) => Fx::from_bits(i128::from(value).wrapping_mul(i128::from(self.0)) >> 32),
            None => self.of_wide(value),
        }
    }

    #[cold]
    fn of_wide(self, value: Fx) -> Fx {
        Fx::from_bits(value.to_bits().wrapping_mul(i128::from(self.0)) >> 32)
    }
}

/// `value * ratio` to the nearest lower 2^-32: exact where the decimal product is, which a binary factor
/// is not. For levels that people state in percent; `ratio` is at most 1,000.
pub fn fraction_of(value: Fx, ratio: Ratio) -> Fx {
    let product = value.to_bits().wrapping_mul(i128::from(ratio.0));
    Fx::from_bits(product.div_euclid(i128::from(Ratio::SCALE)))
}

/// The price at or below `value`.
#[inline]
pub fn price_floor(value: Fx) -> Price {
    Price((value.to_bits() >> 32) as i64)
}

/// The price at or above `value`.
#[inline]
pub fn price_ceil(value: Fx) -> Price {
    Price(-((-value.to_bits() >> 32) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn extreme_prices_stay_in_range() {
        let (top, weight) = (fx(Price(MAX_PRICE)), Weight::new(1, 1));
        assert_eq!(weight.step(-top, top), top);
        assert_eq!(Factor::new(Ratio(1_500_000_000)).of(fx(Price(10))), fx(Price(15)));
        assert_eq!(Factor::new(Ratio(1_000_000_000_000)).of(top), Fx::from_bits(top.to_bits() * 1000));
    }

    proptest! {
        #[test]
        fn narrow_and_wide_paths_agree(a: i64, v: i64, weight in 0u64..=1000, factor in 0i64..1_000_000_000_000) {
            let (a, v) = (Fx::from_bits(a.into()), Fx::from_bits(v.into()));
            let (weight, factor) = (Weight::new(weight, 1000), Factor::new(Ratio(factor)));
            prop_assert_eq!(weight.step(a, v), weight.step_wide(a, v));
            if let (Some(a), Some(v), Some(upper)) = (narrow(a.abs()), narrow(v.abs()), weight.upper()) {
                let wide = weight.step_wide(Fx::from_bits(a.into()), Fx::from_bits(v.into()));
                prop_assert_eq!(Fx::from_bits(step_narrow(upper, a, v).into()), wide);
            }
            prop_assert_eq!(factor.of(v), factor.of_wide(v));
        }
    }

    #[test]
    fn rounding_to_prices_goes_where_the_name_says() {
        let half = Fx::from_bits(-(1 << 31));
        assert_eq!((price_floor(half), price_ceil(half)), (Price(-1), Price(0)));
    }
}
