//! Text that is written from its beginning into a buffer that never grows, digits eight at a time.
//!
//! The caller bounds what it writes; beyond the buffer's end it would panic.

use pinion_model::decimal::POW10;
use std::ops::Range;

const EIGHT_DIGITS: u64 = 100_000_000;

/// The buffer.
pub(crate) struct Text<const CAPACITY: usize> {
    bytes: Box<[u8; CAPACITY]>,
    length: usize,
}

impl<const CAPACITY: usize> Text<CAPACITY> {
    pub fn new() -> Text<CAPACITY> {
        Text { bytes: Box::new([0; CAPACITY]), length: 0 }
    }

    pub fn clear(&mut self) {
        self.length = 0;
    }

    /// Bytes that were written.
    #[inline(always)]
    pub fn length(&self) -> usize {
        self.length
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Appends text whose length the compiler knows.
    #[inline(always)]
    pub fn push<const N: usize>(&mut self, text: &[u8; N]) {
        self.bytes[self.length..self.length + N].copy_from_slice(text);
        self.length += N;
    }

    /// Appends any text.
    #[inline(always)]
    pub fn push_slice(&mut self, text: &[u8]) {
        self.bytes[self.length..self.length + text.len()].copy_from_slice(text);
        self.length += text.len();
    }

    /// Appends what stands at `range` again.
    #[inline(always)]
    pub fn repeat(&mut self, range: Range<usize>) {
        let (length, mut word) = (range.len(), [0; 8]);
        if length <= word.len() {
            word.copy_from_slice(&self.bytes[range.start..range.start + 8]);
            return self.push_word(u64::from_le_bytes(word), length);
        }
        self.bytes.copy_within(range, self.length);
        self.length += length;
    }

    /// Appends the first `count` of eight bytes, the first in the lowest one.
    #[inline(always)]
    fn push_word(&mut self, word: u64, count: usize) {
        self.bytes[self.length..self.length + 8].copy_from_slice(&word.to_le_bytes());
        self.length += count;
    }

    /// Appends a whole number.
    #[inline]
    pub fn push_whole(&mut self, value: u64) {
        if value >= EIGHT_DIGITS {
            self.push_whole(value / EIGHT_DIGITS);
            return self.push_word(digits(value % EIGHT_DIGITS) | ZEROS, 8);
        }
        let digits = digits(value);
        // The last digit is written even where it is zero.
        let zeros = (digits | 1 << 56).trailing_zeros() / 8;
        self.push_word((digits | ZEROS) >> (8 * zeros), 8 - zeros as usize);
    }

    /// Appends `value * 10^-exponent` with all of its decimals; prices and quantities of orders are positive.
    #[inline]
    pub fn push_units(&mut self, value: i64, exponent: u8) {
        let value = value.unsigned_abs();
        if value < EIGHT_DIGITS && (1..8).contains(&exponent) {
            return self.push_few_units(value, exponent);
        }
        let unit = POW10[usize::from(exponent)] as u64;
        self.push_whole(value / unit);
        if exponent > 0 {
            self.push(b".");
            self.push_decimals(value % unit, exponent.into());
        }
    }

    /// The same where eight digits are enough for all of it: they are cut at the point, without a division.
    #[inline(always)]
    fn push_few_units(&mut self, value: u64, exponent: u8) {
        let (digits, whole) = (digits(value), 8 - u32::from(exponent));
        // The last digit before the point is written even where it is zero.
        let zeros = (digits | 1 << (8 * (whole - 1))).trailing_zeros() / 8;
        self.push_word((digits | ZEROS) >> (8 * zeros), (whole - zeros) as usize);
        self.push(b".");
        self.push_word((digits | ZEROS) >> (8 * whole), exponent.into());
    }

    /// Appends the last `count` digits of a value, with the zeros before it.
    #[inline]
    fn push_decimals(&mut self, value: u64, count: usize) {
        if count > 8 {
            self.push_decimals(value / EIGHT_DIGITS, count - 8);
            return self.push_word(digits(value % EIGHT_DIGITS) | ZEROS, 8);
        }
        self.push_word((digits(value) | ZEROS) >> (8 * (8 - count)), count);
    }
}

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The eight digits of a value below 10^8 as numbers, the first in the lowest byte: halves, then quarters, then
/// digits, each step for all parts together by a multiplication that stands for a division.
#[inline(always)]
fn digits(value: u64) -> u64 {
    let halves = ((value % 10_000) << 32) | (value / 10_000);
    let hundreds = ((halves * 5_243) >> 19) & 0x0000_007f_0000_007f;
    let quarters = (halves - 100 * hundreds) << 16 | hundreds;
    let tens = ((quarters * 103) >> 10) & 0x000f_000f_000f_000f;
    (quarters - 10 * tens) << 8 | tens
}

#[cfg(test)]
mod tests {
    use super::*;
    use pinion_model::decimal::Decimal;
    use proptest::prelude::*;

    #[test]
    fn every_group_of_four_digits_is_written_right() {
        for value in 0..10_000u64 {
            for (value, text) in
                [(value, format!("{value:08}")), (value * 10_000 + value, format!("{value:04}{value:04}"))]
            {
                assert_eq!((digits(value) | ZEROS).to_le_bytes(), *text.as_bytes());
            }
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_are_exact(value: u64, digits in 0u32..20) {
            let value = value % 10u64.checked_pow(digits).unwrap_or(u64::MAX);
            let mut text = Text::<64>::new();
            text.push(b"<");
            text.push_whole(value);
            text.push(b">");
            text.repeat(1..text.length() - 1);
            let want = format!("<{value}>{value}");
            prop_assert_eq!(text.as_bytes(), want.as_bytes());
        }

        #[test]
        fn units_are_exact(value in 0i64.., digits in 0u32..20, exponent in 0u8..=18) {
            let value = value % 10i64.checked_pow(digits).unwrap_or(i64::MAX);
            let mut text = Text::<64>::new();
            text.push_units(value, exponent);
            let decimal = Decimal::parse(text.as_bytes()).unwrap();
            let written = String::from_utf8_lossy(text.as_bytes());
            prop_assert_eq!(decimal.to_scaled(exponent), Ok(value), "{}", written);
            prop_assert_eq!(written.split('.').nth(1).map_or(0, str::len), usize::from(exponent));
        }
    }
}
