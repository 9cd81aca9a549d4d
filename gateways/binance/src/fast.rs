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
            && let Some(decimals) = eight_decimals(bytes, run.count)
        {
            if exponent == 8 {
                let part = Run::eight(decimals)?;
                self.rest = &bytes[run.count + 10..];
                return Some((run.value() * POW10[8] as u64 + part.value()) as i64);
            }
            // Mostly eight digits hold those before the point and those of the unit together.
            let together = run.count + usize::from(exponent) <= 8;
            let first = if together { run } else { Run::NONE };
            if let Some(number) = first.followed_by(decimals, exponent) {
                self.rest = &bytes[run.count + 10..];
                let scale = POW10[usize::from(exponent)] as u64;
                let before = if together { 0 } else { run.value() * scale };
                return Some((before + number.value()) as i64);
            }
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
        self.lit(b"[\"")?;
        loop {
            let at = Price(self.quoted(price)?);
            self.lit(b",\"")?;
            let qty = Qty(self.quoted(qty)?);
            if at <= Price::ZERO || levels.len() == levels.capacity() {
                return None;
            }
            levels.push(Level { price: at, qty });
            // To the next level, or out.
            if !self.has(b"],[\"") {
                return self.lit(b"]]");
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_of_the_usual_shape_is_what_the_careful_reader_makes_of_it(
            whole in "[0-9]{1,9}",
            decimals in "[0-9]{0,8}0{0,8}",
            after in "[\"0-9a-z.]{0,12}",
            exponent in 0u8..=8,
        ) {
            let text = format!("{whole}.{decimals}");
            let line = format!("{text}\"{after}");
            let read = Strict::new(line.as_bytes()).quoted(exponent);
            let want = crate::scan::decimal(text.as_bytes(), exponent);
            // What it does not take is left to the careful one.
            if let Some(read) = read {
                prop_assert_eq!(Ok(read), want);
            }
            if decimals.len() == 8 && whole.len() < 8 {
                prop_assert_eq!(read.is_some(), want.is_ok());
            }
        }

        #[test]
        fn what_is_no_digit_is_refused(bytes in any::<[u8; 8]>()) {
            let mut line = b"1.".to_vec();
            line.extend_from_slice(&bytes);
            line.extend_from_slice(b"\"}");
            let good = bytes[..5].iter().all(u8::is_ascii_digit) && bytes[5..] == *b"000";
            // Nothing else of ten bytes ends in the quote that is looked for.
            prop_assume!(!bytes.contains(&b'"'));
            prop_assert_eq!(Strict::new(&line).quoted(5).is_some(), good);
        }
    }
}
