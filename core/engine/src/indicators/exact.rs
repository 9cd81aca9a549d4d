//! Exact whole quotients and roots without wide divisions, which are slow on every processor.
//!
//! A float says where the result is, to within one; a comparison in integers then finds it. The floats are
//! IEEE 754's additions, multiplications, divisions and square roots of doubles, which are rounded in one way
//! only, and the result would be the same if they were not: it is the whole number that the definition names,
//! or `None` where the operands leave the range in which the error is proven to be below one.

use serde::{Deserialize, Serialize};

const TWO_32: f64 = 4_294_967_296.0;
/// Added to a number of 0 to 2^52, it leaves the nearest whole number in the lowest 52 bits.
const TWO_52: f64 = 4_503_599_627_370_496.0;

/// The nearest whole number of a float of 0 to 2^52 (not included).
#[inline(always)]
fn nearest(value: f64) -> u64 {
    (value + TWO_52).to_bits() & ((1 << 52) - 1)
}

/// A divisor of many numbers: one multiplication each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Divisor {
    n: u64,
    /// `2^64 / n`, rounded up.
    inverse: u64,
}

impl Divisor {
    /// By `n`, at least 1. The inverse of 1 does not fit: nothing is below the bound of that divisor.
    pub(super) fn new(n: usize) -> Divisor {
        let n = n as u64;
        Divisor { n, inverse: (u64::MAX / n).wrapping_add(1) }
    }

    /// Numbers below this are divided: their product with `n` is below 2^64.
    ///
    /// `inverse` is `(2^64 + e) / n` with `e < n`, so that the product's upper half exceeds `value / n` by less
    /// than `value * e / (n * 2^64) < 1 / n`, which reaches no further whole number.
    #[inline(always)]
    pub(super) fn bound(self) -> u64 {
        self.inverse
    }

    /// `value / n`, towards zero, for a value below [`Divisor::bound`].
    #[inline(always)]
    pub(super) fn of(self, value: u64) -> u64 {
        debug_assert!(value < self.bound());
        (u128::from(value).wrapping_mul(u128::from(self.inverse)) >> 64) as u64
    }

    /// `value * 2^32 / n`, towards zero, for a value below [`Divisor::bound`] and an `n` below 2^16.
    #[inline(always)]
    pub(super) fn of_scaled(self, value: u64) -> u128 {
        let whole = self.of(value);
        let rest = value.wrapping_sub(whole.wrapping_mul(self.n));
        u128::from(whole) << 32 | u128::from(self.of(rest << 32))
    }
}

/// `100 * 2^32 * part / (part + rest)`, towards zero: a percentage with 32 fractional bits. `None` where both
/// are zero, where one is negative, and where their sum is 2^63 or more.
#[inline(always)]
pub(super) fn percentage(part: i64, rest: i64) -> Option<i64> {
    const SCALE: i64 = 100 << 32;
    let total = part.checked_add(rest)?;
    if part < 0 || rest < 0 || total == 0 {
        return None;
    }
    // Five roundings of 2^-53 each, of a quotient below 2^39: far less than a half.
    let near = nearest(part as f64 * SCALE as f64 / (part as f64 + rest as f64)) as i64;
    // The nearest whole number is the quotient or one more. The remainder lies within `total` of zero: what is
    // above 64 bits on both sides is the same.
    let remainder = part.wrapping_mul(SCALE).wrapping_sub(near.wrapping_mul(total));
    Some(near.wrapping_add(remainder >> 63))
}

/// `2^32 * sqrt(value)`, towards zero. `None` for a value of 2^62 or more.
#[inline(always)]
pub(super) fn root(value: u64) -> Option<u64> {
    if value >= 1 << 40 {
        return root_of_large(value);
    }
    // `value` is exact, the root below 2^52 with an error of at most a quarter: the nearest whole number is the
    // root's floor or one more. One more is too much when its square exceeds `value * 2^64`; the two are near
    // enough for the lower 64 bits of their difference to tell, and those of `value * 2^64` are zero.
    let near = nearest((value as i64 as f64).sqrt() * TWO_32);
    let excess = near.wrapping_mul(near) as i64;
    Some(near.wrapping_sub(u64::from(excess > 0)))
}

/// As [`root`], for 2^40 to 2^62: the float's root is off by up to 2^11, and one step of Newton's method
/// brings it to within one.
fn root_of_large(value: u64) -> Option<u64> {
    if value >= 1 << 62 {
        return None;
    }
    let square = i128::from(value) << 64;
    let near = (value as i64 as f64).sqrt() * TWO_32;
    let first = near as i64;
    let remainder = square - i128::from(first) * i128::from(first);
    // The remainder is below 2^76, the root at least 2^52: what is shifted out is far less than one of the root.
    let step = (remainder >> 20) as i64 as f64 * f64::from(1 << 20) / (2.0 * near);
    let second = i128::from(first + step as i64);
    let (below, above) = (second - 1, second + 1);
    let root = match () {
        () if above * above <= square => above,
        () if second * second <= square => second,
        () => below,
    };
    Some(root as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numbers of every size up to `2^bits`, and those beside powers of two and squares.
    fn sized(bits: u32) -> impl Strategy<Value = u64> {
        let near = |at: u64, by: i64| at.saturating_add_signed(by);
        let any = (any::<u64>(), 64 - bits..64).prop_map(|(value, shift)| value >> shift);
        let power = (0..bits, -3i64..=3).prop_map(move |(bit, by)| near(1 << bit, by));
        let square = (0..1u64 << (bits / 2), -3i64..=3).prop_map(move |(root, by)| near(root * root, by));
        prop_oneof![any, power, square].prop_map(move |value| value.min((1 << bits) - 1))
    }

    fn plain_root(value: u64) -> u64 {
        (u128::from(value) << 64).isqrt() as u64
    }

    fn plain_percentage(part: i64, rest: i64) -> i64 {
        ((i128::from(part) * 100 << 32) / (i128::from(part) + i128::from(rest))) as i64
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn roots_are_those_of_128_bits(value in sized(62), small in sized(40)) {
            prop_assert_eq!(root(value), Some(plain_root(value)));
            prop_assert_eq!(root(small), Some(plain_root(small)));
        }

        #[test]
        fn percentages_are_those_of_128_bits(part in sized(62), rest in sized(62)) {
            let (part, rest) = (part as i64, rest as i64);
            let want = (part + rest > 0).then(|| plain_percentage(part, rest));
            prop_assert_eq!(percentage(part, rest), want);
        }

        /// Quotients that are whole, or miss a whole number by as little as they can.
        #[test]
        fn percentages_beside_whole_ones(times in 1i64..1 << 55, part in 0i64..=100, by in -2i64..=2) {
            let (part, rest) = ((times * part + by).max(0), (times * (100 - part) - by).max(0));
            prop_assert_eq!(percentage(part, rest), Some(plain_percentage(part, rest)));
        }

        #[test]
        fn quotients_are_those_of_a_division(n in 1usize..=500, value in sized(56), up_to in 1u64..9) {
            let divisor = Divisor::new(n);
            let last = divisor.bound().saturating_sub(up_to);
            let times = (value / n as u64 * n as u64).saturating_sub(u64::from(up_to == 1));
            for value in [value, times, last].into_iter().filter(|value| *value < divisor.bound()) {
                prop_assert_eq!(divisor.of(value), value / n as u64);
                prop_assert_eq!(divisor.of_scaled(value), (u128::from(value) << 32) / n as u128);
            }
        }
    }

    #[test]
    fn what_is_out_of_range_is_left_to_others() {
        assert_eq!((root(1 << 62), percentage(0, 0)), (None, None));
        assert_eq!((percentage(-1, 3), percentage(3, -1), percentage(i64::MAX, 1)), (None, None, None));
        assert_eq!((percentage(i64::MAX, 0), percentage(0, i64::MAX)), (Some(100 << 32), Some(0)));
    }

    /// The control: the float's root alone, and the nearest whole percentage, are often not the exact ones.
    #[test]
    fn without_the_comparison_results_are_wrong() {
        let floats_alone = |value: u64| nearest((value as f64).sqrt() * TWO_32);
        assert!((1..100).any(|value| floats_alone(value) != plain_root(value)));
        let nearest_alone = |part: f64, rest: f64| nearest(part * 100.0 * TWO_32 / (part + rest)) as i64;
        assert!((1..100).any(|part| nearest_alone(part as f64, 7.0) != plain_percentage(part, 7)));
    }
}
