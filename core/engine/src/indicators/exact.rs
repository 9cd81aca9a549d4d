//! Exact whole quotients and roots without wide divisions, which are slow on every processor.
//!
//! A float says where the result is, to within one; a comparison in integers then finds it. The floats are
//! IEEE 754's additions, multiplications, divisions and square roots of doubles, which are rounded in one way
//! only, and the result would be the same if they were not: it is the whole number that the definition names,
//! or `None` where the operands leave the range in which the error is proven to be below one.

use serde::{Deserialize, Serialize};

/// The sum of it and a number below it has 32 fractional bits, which are the lowest of its representation.
const TWO_20: f64 = 1_048_576.0;

/// The nearest number with 32 fractional bits, in units of them, to a float of 0 to 2^20 (not included).
#[inline(always)]
fn nearest(value: f64) -> u64 {
    (value + TWO_20).to_bits() & ((1 << 52) - 1)
}

/// A divisor of many numbers: one or two multiplications each.
///
/// For a whole `M = (2^k + e) / n` with `e < n`, `value * M / 2^k` exceeds `value / n` by `value * e / (n * 2^k)`.
/// That reaches no further whole number while `value * e < 2^k`. Here `k` is 64, and 96 for scaled values, whose
/// numerator is a multiple of 2^32: `value * e < 2^64` is enough for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Divisor {
    /// `n`.
    pub(super) n: u64,
    /// `2^64 / n`, rounded up.
    inverse: u64,
    /// `2^96 / n`, rounded up: its upper and its lower 64 bits.
    scaled: [u64; 2],
}

impl Divisor {
    /// By `n`, at least 1. The inverse of 1 does not fit: nothing is below the bound of that divisor.
    pub(super) fn new(n: usize) -> Divisor {
        let n = n as u64;
        let scaled = (1u128 << 96).div_ceil(n.into());
        let scaled = [(scaled >> 64) as u64, scaled as u64];
        Divisor { n, inverse: (u64::MAX / n).wrapping_add(1), scaled }
    }

    /// Numbers below this are divided: their product with `n` is below 2^64.
    #[inline(always)]
    pub(super) fn bound(self) -> u64 {
        self.inverse
    }

    /// `value / n`, towards zero, for a value below [`Divisor::bound`].
    #[inline(always)]
    pub(super) fn of(self, value: u64) -> u64 {
        debug_assert!(value < self.bound());
        upper(value, self.inverse)
    }

    /// `value * 2^32 / n`, towards zero, for a value below [`Divisor::bound`] and below 2^32.
    #[inline(always)]
    pub(super) fn of_scaled(self, value: u64) -> u64 {
        debug_assert!(value < self.bound() && value >> 32 == 0);
        value.wrapping_mul(self.scaled[0]).wrapping_add(upper(value, self.scaled[1]))
    }
}

/// The upper half of a product.
#[inline(always)]
pub(super) fn upper(a: u64, b: u64) -> u64 {
    (u128::from(a).wrapping_mul(u128::from(b)) >> 64) as u64
}

/// `100 * 2^32 * part / (part + rest)`, towards zero, for two numbers below 2^63: a percentage with 32
/// fractional bits. `None` where both are zero, and where their sum is above 2^63.
#[inline(always)]
pub(super) fn percentage(part: u64, rest: u64) -> Option<u64> {
    const SCALE: u64 = 100 << 32;
    debug_assert!((part | rest) >> 63 == 0);
    let total = part.wrapping_add(rest);
    if total.wrapping_sub(1) >> 63 != 0 {
        return None;
    }
    // Five roundings of a quotient of at most 100, by 2^-53 of it each: far less than half of the last bit.
    let (a, b) = (part as i64 as f64, rest as i64 as f64);
    let near = nearest(a * 100.0 / (a + b));
    // The nearest number is the quotient or one more. The remainder lies nearer to zero than `total`: what
    // is above 64 bits on both sides is the same.
    let remainder = part.wrapping_mul(SCALE).wrapping_sub(near.wrapping_mul(total));
    Some(near.wrapping_sub(remainder >> 63))
}

/// Values below this have a root below 2^52.
pub(super) const SMALL_ROOT: u64 = 1 << 40;

/// `2^32 * sqrt(value)`, towards zero, for a value below [`SMALL_ROOT`].
#[inline(always)]
pub(super) fn root(value: u64) -> u64 {
    debug_assert!(value < SMALL_ROOT);
    // `value` is exact, the root below 2^20 with an error of at most 2^-34, a quarter of the last bit: the nearest
    // number is the root's floor or one more. One more is too much when its square exceeds `value * 2^64`; the two
    // are near enough for the lower 64 bits of their difference to tell, and those of `value * 2^64` are zero.
    let near = nearest((value as i64 as f64).sqrt());
    let excess = near.wrapping_mul(near) as i64;
    near.wrapping_sub(u64::from(excess > 0))
}

/// As [`root`], for a value of [`SMALL_ROOT`] to 2^58; `None` for others. The float's root is off by less than
/// 2^10, and one step of Newton's method brings it to within one.
pub(super) fn large_root(value: u128) -> Option<u64> {
    let value = u64::try_from(value).ok().filter(|value| (SMALL_ROOT..1 << 58).contains(value))?;
    let square = i128::from(value) << 64;
    let near = (value as i64 as f64).sqrt() * 4_294_967_296.0;
    let first = near as i64;
    let remainder = square - i128::from(first) * i128::from(first);
    // The remainder is below 2^73, the root at least 2^52: what is shifted out is far less than one of the root.
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

    fn plain_percentage(part: u64, rest: u64) -> u64 {
        (((u128::from(part) * 100) << 32) / (u128::from(part) + u128::from(rest))) as u64
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn roots_are_those_of_128_bits(large in sized(58), small in sized(40)) {
            prop_assert_eq!(root(small), plain_root(small));
            let large = large.max(SMALL_ROOT);
            prop_assert_eq!(large_root(large.into()), Some(plain_root(large)));
        }

        #[test]
        fn percentages_are_those_of_128_bits(part in sized(63), rest in sized(63)) {
            let in_range = (1..=1 << 63).contains(&(part + rest));
            prop_assert_eq!(percentage(part, rest), in_range.then(|| plain_percentage(part, rest)));
        }

        /// Quotients that are whole, or miss a whole number by as little as they can.
        #[test]
        fn percentages_beside_whole_ones(times in 1u64..1 << 56, part in 0u64..=100, by in -2i64..=2) {
            let part_of_it = (times * part).saturating_add_signed(by);
            let rest = (times * (100 - part)).saturating_add_signed(-by).max(1);
            prop_assert_eq!(percentage(part_of_it, rest), Some(plain_percentage(part_of_it, rest)));
        }

        #[test]
        fn quotients_are_those_of_a_division(n in 1usize..=500, value in sized(56), up_to in 1u64..9) {
            let (divisor, by) = (Divisor::new(n), n as u64);
            let last = divisor.bound().saturating_sub(up_to);
            let whole = (value / by * by).saturating_sub(u64::from(up_to == 1));
            for value in [value, whole, last].into_iter().filter(|value| *value < divisor.bound()) {
                prop_assert_eq!(divisor.of(value), value / by);
                let short = value & 0xffff_ffff;
                prop_assert_eq!(u128::from(divisor.of_scaled(short)), (u128::from(short) << 32) / u128::from(by));
            }
        }
    }

    #[test]
    fn what_is_out_of_range_is_left_to_others() {
        let most = i64::MAX as u64;
        assert_eq!((percentage(0, 0), percentage(most, 2), percentage(most, most)), (None, None, None));
        assert_eq!((percentage(most, 1), percentage(0, most)), (Some(plain_percentage(most, 1)), Some(0)));
        assert_eq!([0, 1 << 58, 1 << 64, u128::MAX].map(large_root), [None; 4]);
        assert_eq!(Divisor::new(1).bound(), 0);
    }

    /// The control: the nearest whole number alone is often not the root or the percentage.
    #[test]
    fn without_the_comparison_results_are_wrong() {
        let root_alone = |value: u64| nearest((value as f64).sqrt());
        assert!((1..100).any(|value| root_alone(value) != plain_root(value)));
        let percentage_alone = |part: u64, rest: u64| nearest(part as f64 * 100.0 / (part + rest) as f64);
        assert!((1..100).any(|part| percentage_alone(part, 7) != plain_percentage(part, 7)));
    }
}
