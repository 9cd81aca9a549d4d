//! Bollinger bands: the mean of the last `n` closes plus and minus `k` population standard deviations.
//!
//! The sums are exact integers, so there is no drift however long the run. Comparing a price with a
//! band needs no square root: `price <= mean - k * sd` is `d >= 0 and d^2 >= k^2 * v` with
//! `d = sum - n * price` and `v = n * sum of squares - sum^2`.

use super::exact::{Divisor, SMALL_ROOT, large_root, root, upper};
use super::fx::{Factor, Fx};
use pinion_model::number::{Price, Ratio};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Longest window whose lines are computed in 64 bits.
const LONGEST_NARROW: u64 = 512;

/// The sums behind the bands; the width `k` belongs to the question, so one window serves all widths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bollinger {
    window: Box<[i64]>,
    /// Its length as a divisor.
    count: Divisor,
    /// Below this the sum of squares makes lines in 64 bits; 0 until the window is full.
    narrow_squares: u64,
    /// Where the next price goes; the window is full once it came round.
    at: usize,
    full: bool,
    /// Below 2^56: 500 prices below 2^47.
    sum: i64,
    /// Below 2^103.
    sum_of_squares: i128,
}

/// Half width of the bands in standard deviations, as a fraction in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandWidth {
    numerator_squared: i128,
    denominator_squared: i128,
    factor: Factor,
    /// Bits that `numerator_squared` and `denominator_squared` need at most.
    bits: u32,
    /// The two again, where both fit 64 bits.
    narrow: Option<(u64, u64)>,
    /// The factor shifted by 29, of at most four deviations; else 0.
    narrow_factor: u64,
}

impl BandWidth {
    /// `ratio` standard deviations.
    pub fn new(ratio: Ratio) -> BandWidth {
        let (mut a, mut b) = (ratio.0, Ratio::SCALE);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let (numerator, denominator) = (i128::from(ratio.0 / a), i128::from(Ratio::SCALE / a));
        let (numerator_squared, denominator_squared) = (numerator * numerator, denominator * denominator);
        let bits = 128 - numerator_squared.max(denominator_squared).leading_zeros();
        let narrow = u64::try_from(numerator_squared).ok().zip(u64::try_from(denominator_squared).ok());
        let factor = Factor::new(ratio);
        let narrow_factor =
            u64::try_from(factor.bits()).ok().filter(|bits| *bits <= 4 << 32).unwrap_or(0) << 29;
        BandWidth { numerator_squared, denominator_squared, factor, bits, narrow, narrow_factor }
    }
}

/// The three lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bands {
    /// Mean plus `k` deviations.
    pub upper: Fx,
    /// Mean.
    pub middle: Fx,
    /// Mean less `k` deviations.
    pub lower: Fx,
}

impl Bollinger {
    /// Over `n` closes, 2 to 500.
    pub fn new(n: usize) -> Bollinger {
        Bollinger {
            window: vec![0; n].into(),
            count: Divisor::new(n),
            narrow_squares: 0,
            at: 0,
            full: false,
            sum: 0,
            sum_of_squares: 0,
        }
    }

    /// Takes a close; `small` says that no price so far has reached 2^31 units.
    #[inline(always)]
    pub fn update(&mut self, close: Price, small: bool) {
        let Some(slot) = self.window.get_mut(self.at) else { return };
        let old = std::mem::replace(slot, close.0);
        let (difference, sum) = (close.0.wrapping_sub(old), close.0.wrapping_add(old));
        self.sum = self.sum.wrapping_add(difference);
        let change = if small {
            i128::from(difference.wrapping_mul(sum))
        } else {
            i128::from(difference).wrapping_mul(i128::from(sum))
        };
        self.sum_of_squares = self.sum_of_squares.wrapping_add(change);
        self.at += 1;
        if self.at == self.window.len() {
            self.come_round();
        }
    }

    #[inline(always)]
    fn come_round(&mut self) {
        (self.at, self.full) = (0, true);
        self.narrow_squares = if self.count.n <= LONGEST_NARROW { self.count.bound() / 4 } else { 0 };
    }

    /// True once the window is full.
    #[inline]
    pub fn is_ready(&self) -> bool {
        self.full
    }

    /// `n^2` times the variance.
    #[inline]
    fn scaled_variance(&self) -> i128 {
        let n = self.window.len() as i128;
        let squares = match i64::try_from(self.sum_of_squares) {
            Ok(narrow) => i128::from(narrow).wrapping_mul(n),
            Err(_) => self.sum_of_squares.wrapping_mul(n),
        };
        squares - i128::from(self.sum).wrapping_mul(i128::from(self.sum))
    }

    /// How `price` compares with the lower band. `None` while the window fills and where the band has
    /// no width: a dead market is no signal.
    #[inline(always)]
    pub fn compare_lower(&self, price: Price, width: BandWidth) -> Option<Ordering> {
        // Below the lower band is far below the mean.
        self.compare_distance(self.sum - self.window.len() as i64 * price.0, width).map(Ordering::reverse)
    }

    /// How `price` compares with the upper band; `None` as in [`Bollinger::compare_lower`].
    #[inline(always)]
    pub fn compare_upper(&self, price: Price, width: BandWidth) -> Option<Ordering> {
        self.compare_distance(self.window.len() as i64 * price.0 - self.sum, width)
    }

    /// How `distance / n`, a distance from the mean, compares with `k` deviations. On the other side of
    /// the mean the answer is `Less`, whatever the width.
    #[inline(always)]
    fn compare_distance(&self, distance: i64, width: BandWidth) -> Option<Ordering> {
        if !self.is_ready() {
            return None;
        }
        if distance < 0 {
            return Some(Ordering::Less);
        }
        let variance = self.scaled_variance();
        if variance == 0 {
            return None;
        }
        let square = i128::from(distance).wrapping_mul(i128::from(distance));
        if let (Some((numerator, denominator)), Ok(square), Ok(variance)) =
            (width.narrow, u64::try_from(square), u64::try_from(variance))
        {
            let left = u128::from(square).wrapping_mul(u128::from(denominator));
            return Some(left.cmp(&u128::from(variance).wrapping_mul(u128::from(numerator))));
        }
        Some(self.compare_wide(square, variance, distance, width))
    }

    #[cold]
    fn compare_wide(&self, square: i128, variance: i128, distance: i64, width: BandWidth) -> Ordering {
        if 128 - square.max(variance).leading_zeros() + width.bits < 127 {
            let left = square.wrapping_mul(width.denominator_squared);
            return left.cmp(&variance.wrapping_mul(width.numerator_squared));
        }
        // Prices of 2^40 units and more with an odd width: compare rounded to 2^-32 of a unit instead.
        let scaled = Fx::from_bits(i128::from(distance) << 32);
        scaled.cmp(&width.factor.of(self.deviation_times_n()))
    }

    /// `n` standard deviations, to at least 32 bits of fraction where they fit.
    fn deviation_times_n(&self) -> Fx {
        let variance = self.scaled_variance().unsigned_abs();
        if let Some(root) = large_root(variance) {
            return Fx::from_bits(root.into());
        }
        let shift = (variance.leading_zeros() / 2).min(32);
        Fx::from_bits(((variance << (2 * shift)).isqrt() as i128) << (32 - shift))
    }

    /// The lines, for people and for rules that need more than a comparison.
    #[inline(always)]
    pub fn value(&self, width: BandWidth) -> Option<Bands> {
        self.lines_narrow(width).or_else(|| self.lines_wide(width))
    }

    /// The lines in 64 bits; `None` where prices, their variance or the width are too large for it.
    #[inline(always)]
    fn lines_narrow(&self, width: BandWidth) -> Option<Bands> {
        let squares = u64::try_from(self.sum_of_squares).ok()?;
        if squares >= self.narrow_squares || width.narrow_factor == 0 {
            return None;
        }
        // `n` times the squares is below 2^62, and the square of the sum is no larger: the sum is below 2^31.
        let sum = u64::try_from(self.sum).ok()?;
        let variance = self.count.n.wrapping_mul(squares).wrapping_sub(sum.wrapping_mul(sum));
        if variance >= SMALL_ROOT {
            return None;
        }
        // The root is at most 2^52, and the product is theirs shifted by 32: at most 2^54, below 2^64 / `n`.
        let half = self.count.of(upper(root(variance) << 3, width.narrow_factor)) as i64;
        // With an `n` of 2 and more the middle is below 2^62.
        let middle = self.count.of_scaled(sum) as i64;
        let line = |bits: i64| Fx::from_bits(bits.into());
        let (upper, lower) = (middle.wrapping_add(half), middle.wrapping_sub(half));
        Some(Bands { upper: line(upper), middle: line(middle), lower: line(lower) })
    }

    #[cold]
    #[inline(never)]
    fn lines_wide(&self, width: BandWidth) -> Option<Bands> {
        if !self.is_ready() {
            return None;
        }
        let n = self.window.len() as i128;
        let middle = Fx::from_bits((i128::from(self.sum) << 32).div_euclid(n));
        let half = Fx::from_bits(width.factor.of(self.deviation_times_n()).to_bits() / n);
        Some(Bands { upper: middle + half, middle, lower: middle - half })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filled(prices: &[i64]) -> Bollinger {
        let mut bands = Bollinger::new(prices.len());
        prices.iter().for_each(|&p| bands.update(Price(p), false));
        bands
    }

    #[test]
    fn comparison_agrees_with_the_lines_and_both_paths_agree() {
        for scale in [1, 1 << 44] {
            let bands = filled(&[10, 12, 11, 15, 9, 10, 14, 8].map(|p| p * scale));
            let width = BandWidth::new(Ratio(1_234_567_891));
            let lines = bands.value(width).unwrap();
            for price in 1..30 {
                let price = Price(price * scale);
                let want_lower = super::super::fx::fx(price).cmp(&lines.lower);
                let want_upper = super::super::fx::fx(price).cmp(&lines.upper);
                assert_eq!(bands.compare_lower(price, width), Some(want_lower), "{price:?} {lines:?}");
                assert_eq!(bands.compare_upper(price, width), Some(want_upper), "{price:?} {lines:?}");
            }
        }
    }

    proptest! {
        /// Prices of every size, near to each other and far apart, and widths on both sides of the widest.
        #[test]
        fn lines_of_64_bits_are_those_of_128(
            n in 2usize..60,
            (middle, spread) in (0u32..46, 0u32..46),
            seeds in prop::collection::vec(any::<u64>(), 60..120),
            width in 1i64..6_000_000_000,
        ) {
            let prices = seeds.iter().map(|seed| (1 << middle) + (seed % (1 << spread)) as i64);
            let (mut bands, width) = (Bollinger::new(n), BandWidth::new(Ratio(width)));
            for price in prices {
                bands.update(Price(price), false);
                prop_assert_eq!(bands.value(width), bands.lines_wide(width));
            }
            let usual = middle < 26 && spread < 15 && width.narrow_factor > 0;
            prop_assert!(!usual || bands.lines_narrow(width).is_some());
        }
    }

    #[test]
    fn a_flat_market_is_no_signal() {
        let bands = filled(&[7; 20]);
        assert_eq!(bands.compare_lower(Price(1), BandWidth::new(Ratio::ONE)), None);
    }
}
