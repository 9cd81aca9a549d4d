//! The usual shapes of the hottest messages, matched byte for byte. Whatever differs in the least (another
//! key, another order, white space, an escape, a number that does not fit) is `None`, and the careful
//! decoder takes the frame from its beginning. The two agree: a test compares them over recorded frames and
//! mutations of them.

use crate::symbols::{SymbolTable, Units};
use pinion_model::decimal::POW10;
use pinion_model::digits::{self, Run};
use pinion_model::event::Level;
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Price, Qty};

/// A cursor that knows what must come.
#[derive(Clone, Copy)]
pub(crate) struct Strict<'a> {
    rest: &'a [u8],
}

impl<'a> Strict<'a> {
    pub fn new(bytes: &'a [u8]) -> Strict<'a> {
        Strict { rest: bytes }
    }

    /// These bytes come next.
    #[inline(always)]
    pub fn lit(&mut self, literal: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(literal)?;
        Some(())
    }

    /// These bytes come next, or something else does.
    #[inline(always)]
    pub fn has(&mut self, literal: &[u8]) -> bool {
        self.lit(literal).is_some()
    }

    /// Text up to a quote; nothing in it needs unescaping.
    #[inline(always)]
    pub fn word(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().take(64).position(|b| matches!(b, b'"' | b'\\'))?;
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.strip_prefix(b"\"")?;
        Some(word)
    }

    /// A whole number that fits 63 bits.
    #[inline(always)]
    pub fn whole(&mut self) -> Option<u64> {
        let (end, value) = digits::whole(self.rest, 0)?;
        self.rest = &self.rest[end..];
        Some(value as u64)
    }

    /// A whole number that nobody needs.
    #[inline(always)]
    pub fn skip_whole(&mut self) -> Option<()> {
        self.rest = &self.rest[digits::skip(self.rest, 0)?..];
        Some(())
    }

    /// A decimal without sign, closed by a quote, in units of `10^-exponent`.
    #[inline(always)]
    pub fn quoted(&mut self, exponent: u8) -> Option<i64> {
        let bytes = self.rest;
        let run = Run::at(bytes, 0);
        if (1..8).contains(&run.count)
            && exponent <= 8
            && let Some(chunk) = eight_decimals(bytes, run.count)
            && let Some(units) = first_digits(chunk, exponent)
        {
            self.rest = &bytes[run.count + 10..];
            return Some((run.value() * POW10[usize::from(exponent)] as u64 + units) as i64);
        }
        self.quoted_slowly(exponent)
    }

    /// As `quoted`, for any number of digits and decimals.
    fn quoted_slowly(&mut self, exponent: u8) -> Option<i64> {
        let (end, value) = digits::decimal(self.rest, 0, exponent)?;
        self.rest = self.rest[end..].strip_prefix(b"\"")?;
        Some(value)
    }

    /// Levels `["price","quantity"]` up to the closing bracket, behind the opening one.
    #[inline(always)]
    pub fn levels(&mut self, price: u8, qty: u8, levels: &mut Vec<Level>) -> Option<()> {
        levels.clear();
        if self.has(b"]") {
            return Some(());
        }
        loop {
            self.lit(b"[\"")?;
            let at = Price(self.quoted(price)?);
            self.lit(b",\"")?;
            let qty = Qty(self.quoted(qty)?);
            self.lit(b"]")?;
            if at <= Price::ZERO || levels.len() == levels.capacity() {
                return None;
            }
            levels.push(Level { price: at, qty });
            if self.has(b"]") {
                return Some(());
            }
            self.lit(b",")?;
        }
    }

    /// The symbol, closed by a quote, of one of the instruments that the table knows.
    #[inline(always)]
    pub fn symbol(&mut self, symbols: &mut SymbolTable) -> Option<(InstrumentId, Units)> {
        if let Some((found, rest)) = symbols.same_again(self.rest) {
            self.rest = rest;
            return Some(found);
        }
        symbols.find(self.word()?)
    }

    /// Behind a combined stream's wrapper, if there is one.
    #[inline(always)]
    pub fn unwrap_stream(&mut self) -> Option<()> {
        if self.has(b"{\"stream\":\"") {
            self.word()?;
            self.lit(b",\"data\":")?;
        }
        Some(())
    }
}

/// The eight bytes of `.dddddddd"` at `at`, the point and the quote left out: the venue's usual precision.
#[inline(always)]
fn eight_decimals(bytes: &[u8], at: usize) -> Option<u64> {
    let (point, rest) = bytes.get(at..at + 10)?.split_first()?;
    let (chunk, quote) = rest.split_first_chunk::<8>()?;
    (*point == b'.' && quote == b"\"").then_some(u64::from_le_bytes(*chunk))
}

/// The first `count` of eight decimal digits as a number; `None` when one is no digit, or one that is left
/// out is not zero. All eight are looked at together (the lowest byte is the first digit).
#[inline(always)]
fn first_digits(chunk: u64, count: u8) -> Option<u64> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const HIGH: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    let high = chunk & HIGH;
    let carried = chunk.wrapping_add(0x0606_0606_0606_0606) & HIGH;
    if high != ZEROS || carried != ZEROS {
        return None;
    }
    let digits = chunk - ZEROS;
    let shift = 8 * u32::from(8 - count);
    if count == 0 {
        return (digits == 0).then_some(0);
    }
    if count < 8 && digits >> (64 - shift) != 0 {
        return None;
    }
    // Aligned to the top, with zeros before: now it is a number of eight digits.
    let d = digits << shift;
    let pairs = d.wrapping_mul(10).wrapping_add(d >> 8);
    let low = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let upper = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    Some(low.wrapping_add(upper) >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn eight_digits_together_are_what_they_are_one_by_one(digits in "[0-9]{8}", zeros in 0usize..=8, count in 0u8..=8) {
            let text = format!("{}{}", &digits[..8 - zeros], "0".repeat(zeros));
            let chunk = u64::from_le_bytes(text.as_bytes().try_into().unwrap());
            let (kept, cut) = text.split_at(usize::from(count));
            let want = cut.bytes().all(|b| b == b'0').then(|| kept.parse::<u64>().unwrap_or(0));
            prop_assert_eq!(first_digits(chunk, count), want);
        }

        #[test]
        fn what_is_no_digit_is_refused(bytes in any::<[u8; 8]>()) {
            let all = bytes.iter().all(u8::is_ascii_digit);
            prop_assert_eq!(first_digits(u64::from_le_bytes(bytes), 8).is_some(), all);
        }
    }
}
