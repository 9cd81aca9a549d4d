//! Numbers with more room than [`Fx`]: 64 fractional bits for averages that feed other averages, where
//! 2^-32 of a price unit per step would add up.
//!
//! A [`Wide`] holds magnitudes below 2^63 units in 128 bits. Prices are below 2^47, so a sum of 2^15 of
//! them, a difference, or a combination with coefficients whose magnitudes add up to less than 2^15 fits.

use super::fx::Fx;
use serde::{Deserialize, Serialize};
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

/// Units with 64 fractional bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Wide(pub(super) i128);

impl Wide {
    pub(super) const ZERO: Wide = Wide(0);

    /// A whole number of units, below 2^63.
    #[inline]
    pub(super) fn new(units: i64) -> Wide {
        Wide(i128::from(units) << 64)
    }

    /// The nearest lower 2^-32.
    #[inline]
    pub(super) fn to_fx(self) -> Fx {
        Fx::from_bits(self.0 >> 32)
    }

    /// Divided by a whole number of at least 1, to the nearest lower 2^-64.
    #[inline]
    pub(super) fn over(self, divisor: usize) -> Wide {
        Wide(self.0.div_euclid(divisor as i128))
    }

    #[inline]
    pub(super) fn abs(self) -> Wide {
        Wide(self.0.abs())
    }
}

impl Add for Wide {
    type Output = Wide;
    #[inline]
    fn add(self, other: Wide) -> Wide {
        Wide(self.0 + other.0)
    }
}

impl Sub for Wide {
    type Output = Wide;
    #[inline]
    fn sub(self, other: Wide) -> Wide {
        Wide(self.0 - other.0)
    }
}

impl Neg for Wide {
    type Output = Wide;
    fn neg(self) -> Wide {
        Wide(-self.0)
    }
}

impl AddAssign for Wide {
    #[inline]
    fn add_assign(&mut self, other: Wide) {
        self.0 += other.0;
    }
}

impl SubAssign for Wide {
    #[inline]
    fn sub_assign(&mut self, other: Wide) {
        self.0 -= other.0;
    }
}

/// By a whole number; the product stays below 2^63 units.
impl Mul<i128> for Wide {
    type Output = Wide;
    #[inline]
    fn mul(self, factor: i128) -> Wide {
        Wide(self.0 * factor)
    }
}

/// A share of 0 to 1 with 63 fractional bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Share(u64);

impl Share {
    const BITS: u32 = 63;

    /// The nearest share to `numerator / denominator`, which is at most 1; the denominator is below 2^64.
    pub(super) fn new(numerator: u64, denominator: u64) -> Share {
        debug_assert!(numerator <= denominator && denominator > 0);
        let scaled = (u128::from(numerator) << Share::BITS) + u128::from(denominator / 2);
        Share((scaled / u128::from(denominator)) as u64)
    }

    /// `bits * self`, rounded to the nearest; for any magnitude below 2^126.
    #[inline]
    pub(super) fn of_bits(self, bits: i128) -> i128 {
        // In halves of 64 bits, of which the lower is taken as positive. High half times share is below
        // 2^62 * 2^63, doubled 2^126; the lower product shifted is below 2^64.
        let (high, low) = (bits >> 64, bits as u64);
        let low = (u128::from(low) * u128::from(self.0) + (1 << (Share::BITS - 1))) >> Share::BITS;
        ((high * i128::from(self.0)) << 1) + low as i128
    }

    /// `value * self`, rounded to the nearest.
    #[inline]
    pub(super) fn of(self, value: Wide) -> Wide {
        Wide(self.of_bits(value.0))
    }
}

/// Exponential average that is seeded with the simple mean of its first `n` values, as TA-Lib does it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Smooth {
    n: u32,
    count: u32,
    share: Share,
    /// The sum while seeding, then the average.
    average: Wide,
}

impl Smooth {
    /// `alpha = 2 / (n + 1)`.
    pub(super) fn ema(n: usize) -> Smooth {
        Smooth { n: n as u32, count: 0, share: Share::new(2, n as u64 + 1), average: Wide::ZERO }
    }

    /// Wilder's: `alpha = 1 / n`.
    pub(super) fn wilder(n: usize) -> Smooth {
        Smooth { share: Share::new(1, n as u64), ..Smooth::ema(n) }
    }

    /// Takes a value; the average, once warm.
    #[inline]
    pub(super) fn update(&mut self, value: Wide) -> Option<Wide> {
        if self.count == self.n {
            self.average += self.share.of(value - self.average);
            return Some(self.average);
        }
        self.average += value;
        self.count += 1;
        if self.count < self.n {
            return None;
        }
        self.average = self.average.over(self.n as usize);
        Some(self.average)
    }

    /// The average, once warm.
    #[inline]
    pub(super) fn value(&self) -> Option<Wide> {
        (self.count == self.n).then_some(self.average)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_agree_with_exact_arithmetic(value in -(1i128 << 62)..(1i128 << 62), a in 0u64..=1000) {
            let exact = (value * i128::from(a)).div_euclid(1000);
            prop_assert!((Share::new(a, 1000).of_bits(value) - exact).abs() <= 1);
        }

        #[test]
        fn shares_of_large_values_keep_their_relative_size(value in -(1i128 << 125)..(1i128 << 125)) {
            prop_assert!((Share::new(1, 4).of_bits(value) - value / 4).abs() <= 1);
            prop_assert_eq!(Share::new(1, 1).of_bits(value), value);
        }
    }
}
