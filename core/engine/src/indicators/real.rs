//! Quotients and roots of exact sums, whatever their size: a number of 63 significant bits with an
//! exponent of two, computed in integers alone. It makes the last step of an indicator whose sums are
//! exact but too large to divide as they are; nothing is accumulated in it.

use super::fx::Fx;
use super::wide::Wide;

/// `mantissa * 2^exponent`; the mantissa is 0 or has 63 significant bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Real {
    mantissa: i64,
    exponent: i32,
}

/// Largest magnitude of an output, in bits of an [`Fx`]: results beyond it are cut to it, so that two
/// outputs can be added and subtracted.
const OUTPUT_BITS: u32 = 125;

impl Real {
    pub(super) const ZERO: Real = Real { mantissa: 0, exponent: 0 };

    /// A whole number.
    #[inline]
    pub(super) fn new(value: i128) -> Real {
        Real::scaled(value, 0)
    }

    /// `value * 2^exponent`, to 63 significant bits towards zero.
    #[inline]
    pub(super) fn scaled(value: i128, exponent: i32) -> Real {
        let magnitude = value.unsigned_abs();
        if magnitude == 0 {
            return Real::ZERO;
        }
        let shift = 65 - magnitude.leading_zeros() as i32;
        let mantissa = if shift >= 0 { magnitude >> shift } else { magnitude << -shift } as i64;
        Real { mantissa: if value < 0 { -mantissa } else { mantissa }, exponent: exponent + shift }
    }

    /// Of a value with 64 fractional bits.
    #[inline]
    pub(super) fn wide(value: Wide) -> Real {
        Real::scaled(value.0, -64)
    }

    /// Of a value with 32 fractional bits.
    #[inline]
    pub(super) fn fx(value: Fx) -> Real {
        Real::scaled(value.to_bits(), -32)
    }

    #[inline]
    pub(super) fn times(self, other: Real) -> Real {
        let product = i128::from(self.mantissa) * i128::from(other.mantissa);
        Real::scaled(product, self.exponent + other.exponent)
    }

    /// `self / other`; `None` for a division by zero.
    #[inline]
    pub(super) fn over(self, other: Real) -> Option<Real> {
        if other.mantissa == 0 {
            return None;
        }
        let quotient = (i128::from(self.mantissa) << 63) / i128::from(other.mantissa);
        Some(Real::scaled(quotient, self.exponent - 63 - other.exponent))
    }

    /// The square root; of a negative number 0.
    pub(super) fn sqrt(self) -> Real {
        let odd = self.exponent & 1;
        let Ok(mantissa) = u128::try_from(self.mantissa) else { return Real::ZERO };
        let root = (mantissa << (62 + odd)).isqrt() as i128;
        Real::scaled(root, (self.exponent - 62 - odd) / 2)
    }

    /// Mantissa and exponent.
    pub(super) fn parts(self) -> (i64, i32) {
        (self.mantissa, self.exponent)
    }

    /// With this many fractional bits, towards zero; beyond 2^`limit` it is cut.
    #[inline]
    fn to_bits(self, fraction: i32, limit: u32) -> i128 {
        let shift = self.exponent + fraction;
        let magnitude = u128::from(self.mantissa.unsigned_abs());
        let most = (1u128 << limit) - 1;
        let bits = match shift {
            ..-63 => 0,
            -63..0 => magnitude >> -shift,
            // The mantissa has 63 bits.
            0..65 => (magnitude << shift).min(most),
            _ if magnitude == 0 => 0,
            _ => most,
        } as i128;
        if self.mantissa < 0 { -bits } else { bits }
    }

    /// As an output; beyond [`OUTPUT_BITS`] it is cut.
    #[inline]
    pub(super) fn to_fx(self) -> Fx {
        Fx::from_bits(self.to_bits(32, OUTPUT_BITS))
    }

    /// With 64 fractional bits; beyond 2^62 units it is cut.
    #[inline]
    pub(super) fn to_wide(self) -> Wide {
        Wide(self.to_bits(64, 126))
    }
}

/// `numerator / denominator` as an output; `None` for a division by zero.
#[inline]
pub(super) fn quotient(numerator: i128, denominator: i128) -> Option<Fx> {
    Real::new(numerator).over(Real::new(denominator)).map(Real::to_fx)
}

/// `100 * numerator / denominator` as an output, and 0 where the denominator is: what TA-Lib gives.
#[inline]
pub(super) fn percent(numerator: i128, denominator: i128) -> Fx {
    let hundred = Real::new(numerator).times(Real::new(100));
    hundred.over(Real::new(denominator)).map_or(Fx::ZERO, Real::to_fx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_cases() {
        assert_eq!(quotient(-7, 2), Some(Fx::from_num(-3.5)));
        assert_eq!(quotient(1, 0), None);
        assert_eq!(percent(1, 4), Fx::from_num(25));
        assert_eq!(Real::new(2).sqrt().times(Real::new(2).sqrt()).to_fx().round(), Fx::from_num(2));
        assert_eq!(quotient(i128::MAX, 1), Some(Fx::from_bits((1 << OUTPUT_BITS) - 1)));
        assert_eq!(quotient(1, i128::MIN), Some(Fx::ZERO));
    }

    proptest! {
        #[test]
        fn quotients_agree_with_exact_arithmetic(a in -(1i128 << 90)..(1i128 << 90), b in 1i128..(1i128 << 100)) {
            let exact = (a << 32) / b;
            let ours = quotient(a, b).unwrap().to_bits();
            prop_assert!((ours - exact).abs() <= 1 + (exact.abs() >> 60), "{} against {}", ours, exact);
        }

        #[test]
        fn roots_square_back(value in 1i128..i128::MAX) {
            let root = Real::new(value).sqrt();
            let back = root.times(root).over(Real::new(value)).unwrap().to_fx();
            prop_assert!((back - Fx::ONE).abs() <= Fx::from_bits(1));
        }
    }
}
