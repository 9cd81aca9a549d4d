//! A checked cursor over JSON bytes: walks objects key by key and cuts values without building a tree.
//!
//! It accepts any key order, extra keys and white space. It does not unescape: Binance's symbols and
//! numbers have nothing to escape, and a value that would need it is refused.

use memchr::memchr2;
use pinion_model::event::Level;
use pinion_model::number::{Price, Qty};

/// Why a frame was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Reject {
    /// The bytes end in the middle of a value.
    #[error("the frame is cut short")]
    Truncated,
    /// Not JSON, or not of the shape that its kind has.
    #[error("the frame is not what its kind looks like")]
    Malformed,
    /// A key that its kind must have is missing.
    #[error("a field is missing")]
    MissingField,
    /// Not a decimal number.
    #[error("a number is malformed")]
    BadNumber,
    /// More decimals than the instrument's unit holds.
    #[error("a number has more decimals than the instrument's unit")]
    TooFine,
    /// Larger than 64 bits hold.
    #[error("a number is out of range")]
    OutOfRange,
    /// A symbol that the plan does not trade.
    #[error("an unknown symbol")]
    UnknownSymbol,
    /// More levels than the decoder keeps.
    #[error("more levels than the decoder keeps")]
    TooManyLevels,
    /// A price of zero or less, or a negative quantity.
    #[error("a price or quantity below its range")]
    NotPositive,
    /// A trade that is no market trade (insurance fund, auto-deleveraging).
    #[error("not a market trade")]
    NotAMarketTrade,
}

impl Reject {
    /// Every reason.
    pub const ALL: [Reject; 10] = [
        Reject::Truncated,
        Reject::Malformed,
        Reject::MissingField,
        Reject::BadNumber,
        Reject::TooFine,
        Reject::OutOfRange,
        Reject::UnknownSymbol,
        Reject::TooManyLevels,
        Reject::NotPositive,
        Reject::NotAMarketTrade,
    ];
}

/// A position in a frame.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { bytes, at: 0 }
    }

    #[inline]
    fn peek(&mut self) -> Result<u8, Reject> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                Some(&byte) => return Ok(byte),
                None => return Err(Reject::Truncated),
            }
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), Reject> {
        if self.peek()? != byte {
            return Err(Reject::Malformed);
        }
        self.at += 1;
        Ok(())
    }

    /// The bytes between quotes.
    #[inline]
    pub fn string(&mut self) -> Result<&'a [u8], Reject> {
        self.expect(b'"')?;
        let start = self.at;
        // Keys, symbols and numbers are short: a plain loop beats a vector search.
        let rest = &self.bytes[start..];
        for (i, &byte) in rest.iter().enumerate() {
            if byte == b'"' {
                self.at = start + i + 1;
                return Ok(&rest[..i]);
            }
            if byte == b'\\' {
                return Err(Reject::Malformed);
            }
        }
        Err(Reject::Truncated)
    }

    /// The next key of an object, or `None` at its end. `first` is set before the first key.
    #[inline]
    pub fn key(&mut self, first: &mut bool) -> Result<Option<&'a [u8]>, Reject> {
        if std::mem::take(first) {
            self.expect(b'{')?;
            if self.peek()? == b'}' {
                self.at += 1;
                return Ok(None);
            }
        } else {
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(None);
                }
                _ => return Err(Reject::Malformed),
            }
        }
        let key = self.string()?;
        self.expect(b':')?;
        Ok(Some(key))
    }

    /// The bytes of a number, in quotes or not.
    #[inline]
    pub fn number(&mut self) -> Result<&'a [u8], Reject> {
        if self.peek()? == b'"' {
            return self.string();
        }
        let start = self.at;
        let end = self.bytes[start..].iter().position(|b| matches!(b, b',' | b'}' | b']' | b' '));
        self.at = start + end.ok_or(Reject::Truncated)?;
        Ok(&self.bytes[start..self.at])
    }

    /// A whole number.
    #[inline]
    pub fn integer(&mut self) -> Result<u64, Reject> {
        let digits = self.number()?;
        let mut value = 0u64;
        for &byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return Err(Reject::BadNumber);
            }
            value =
                value.checked_mul(10).and_then(|v| v.checked_add(digit.into())).ok_or(Reject::OutOfRange)?;
        }
        if digits.is_empty() { Err(Reject::BadNumber) } else { Ok(value) }
    }

    /// A decimal in units of `10^-exponent`.
    #[inline]
    pub fn decimal(&mut self, exponent: u8) -> Result<i64, Reject> {
        decimal(self.number()?, exponent)
    }

    /// True or false.
    pub fn boolean(&mut self) -> Result<bool, Reject> {
        self.peek()?;
        let rest = &self.bytes[self.at..];
        let (value, length) = match rest.first() {
            _ if rest.starts_with(b"true") => (true, 4),
            _ if rest.starts_with(b"false") => (false, 5),
            _ => return Err(Reject::Malformed),
        };
        self.at += length;
        Ok(value)
    }

    /// A cursor at the next value, to be read once its meaning is known; this one steps over it.
    #[inline]
    pub fn later(&mut self) -> Result<Cursor<'a>, Reject> {
        self.peek()?;
        let here = *self;
        if self.bytes[self.at] == b'"' {
            self.string()?;
        } else {
            self.skip()?;
        }
        Ok(here)
    }

    /// Steps over any value.
    pub fn skip(&mut self) -> Result<(), Reject> {
        match self.peek()? {
            b'"' => self.skip_string(),
            b'{' | b'[' => {
                let mut depth = 0usize;
                loop {
                    match self.peek()? {
                        b'"' => {
                            self.skip_string()?;
                            continue;
                        }
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth -= 1,
                        _ => {}
                    }
                    self.at += 1;
                    if depth == 0 {
                        return Ok(());
                    }
                }
            }
            _ => self.number().map(|_| ()),
        }
    }

    /// Steps over a string that may hold escapes.
    fn skip_string(&mut self) -> Result<(), Reject> {
        self.expect(b'"')?;
        loop {
            let offset = memchr2(b'"', b'\\', &self.bytes[self.at..]).ok_or(Reject::Truncated)?;
            self.at += offset + 1;
            if self.bytes[self.at - 1] == b'"' {
                return Ok(());
            }
            self.at += 1;
            if self.at > self.bytes.len() {
                return Err(Reject::Truncated);
            }
        }
    }

    /// `[[price, quantity], ...]` into `levels`, which must have room.
    pub fn levels(
        &mut self,
        price_exponent: u8,
        qty_exponent: u8,
        levels: &mut Vec<Level>,
    ) -> Result<(), Reject> {
        self.expect(b'[')?;
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.expect(b'[')?;
            let price = Price(self.decimal(price_exponent)?);
            self.expect(b',')?;
            let qty = Qty(self.decimal(qty_exponent)?);
            // Older payloads carry an empty array behind the quantity.
            while self.peek()? == b',' {
                self.at += 1;
                self.skip()?;
            }
            self.expect(b']')?;
            if price <= Price::ZERO || qty < Qty::ZERO {
                return Err(Reject::NotPositive);
            }
            if levels.len() == levels.capacity() {
                return Err(Reject::TooManyLevels);
            }
            levels.push(Level { price, qty });
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Reject::Malformed),
            }
        }
    }
}

/// A decimal in units of `10^-exponent`; digits beyond it must be zeros.
#[inline]
pub fn decimal(text: &[u8], exponent: u8) -> Result<i64, Reject> {
    let (negative, digits) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(_) => (false, text),
        None => return Err(Reject::BadNumber),
    };
    // 18 digits always fit; what is longer takes the checked path.
    if digits.len() > 18 {
        return long_decimal(text, exponent);
    }
    let mut value = 0u64;
    let mut at = 0;
    while let Some(&byte) = digits.get(at) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value * 10 + u64::from(digit);
        at += 1;
    }
    let whole = at;
    let mut left = exponent;
    if digits.get(at) == Some(&b'.') {
        at += 1;
        while let Some(&byte) = digits.get(at) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 || left == 0 {
                break;
            }
            value = value * 10 + u64::from(digit);
            left -= 1;
            at += 1;
        }
        while digits.get(at) == Some(&b'0') {
            at += 1;
        }
    }
    if at != digits.len() || (whole == 0 && at < 2) {
        return long_decimal(text, exponent);
    }
    let scale = pinion_model::decimal::POW10.get(usize::from(left)).ok_or(Reject::OutOfRange)?;
    let value = i64::try_from(value).ok().and_then(|v| v.checked_mul(*scale)).ok_or(Reject::OutOfRange)?;
    Ok(if negative { -value } else { value })
}

#[cold]
fn long_decimal(text: &[u8], exponent: u8) -> Result<i64, Reject> {
    use pinion_model::decimal::DecimalError;
    pinion_model::decimal::parse_scaled(text, exponent).map_err(|error| match error {
        DecimalError::TooFine => Reject::TooFine,
        DecimalError::Overflow => Reject::OutOfRange,
        DecimalError::Empty | DecimalError::Malformed => Reject::BadNumber,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pinion_model::decimal::{DecimalError, parse_scaled};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decimals_agree_with_the_exact_reference(text in "-?[0-9]{0,20}(\\.[0-9]{0,12}0{0,8})?[eE]?[0-9]?", exponent in 0u8..12) {
            let want = parse_scaled(text.as_bytes(), exponent).map_err(|e| match e {
                DecimalError::TooFine => Reject::TooFine,
                DecimalError::Overflow => Reject::OutOfRange,
                _ => Reject::BadNumber,
            });
            let got = decimal(text.as_bytes(), exponent);
            // Both refuse the same texts; where two reasons hold, either may be named.
            prop_assert_eq!(got.is_ok(), want.is_ok(), "{} {:?} {:?}", text, got, want);
            if let (Ok(got), Ok(want)) = (got, want) {
                prop_assert_eq!(got, want);
            }
        }

        #[test]
        fn skip_never_panics(text in "[\\[\\]{}\",:a0\\\\ ]{0,60}") {
            let _ = Cursor::new(text.as_bytes()).skip();
        }
    }
}
