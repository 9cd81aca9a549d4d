//! Exact decimal text to scaled integers and back. No binary fraction is ever formed.
//!
//! A scaled integer `v` with exponent `e` stands for `v * 10^-e`. Digits that the exponent cannot hold
//! are an error ([`DecimalError::TooFine`]) unless they are zeros: nothing is rounded silently.

use std::fmt;

/// Why a text is not a number that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// No digits at all.
    #[error("a number is expected")]
    Empty,
    /// A byte that no decimal number holds.
    #[error("not a decimal number")]
    Malformed,
    /// More digits after the point than the unit can hold.
    #[error("more decimals than the unit can hold")]
    TooFine,
    /// Outside the range of the integer.
    #[error("out of range")]
    Overflow,
}

/// Powers of ten that fit an `i64`.
pub const POW10: [i64; 19] = {
    let mut table = [1i64; 19];
    let mut i = 1;
    while i < 19 {
        table[i] = table[i - 1] * 10;
        i += 1;
    }
    table
};

/// `10^exponent` as `i128`. Exponents above 38 do not fit and panic; callers bound them.
pub const fn pow10_i128(exponent: u32) -> i128 {
    10i128.pow(exponent)
}

/// Parses `text` into units of `10^-exponent`. Accepts an optional sign, digits with an optional
/// point, and an exponent part (`1e-8`), as recordings contain all of them.
///
/// ```
/// use pinion_model::decimal::{parse_scaled, DecimalError};
/// assert_eq!(parse_scaled(b"61737.63000000", 2), Ok(6_173_763));
/// assert_eq!(parse_scaled(b"0.001", 2), Err(DecimalError::TooFine));
/// ```
pub fn parse_scaled(text: &[u8], exponent: u8) -> Result<i64, DecimalError> {
    let decimal = Decimal::parse(text)?;
    decimal.to_scaled(exponent)
}

/// A decimal number of any precision up to 38 digits: `mantissa * 10^-scale`, normalised so that the
/// mantissa of a fraction does not end in zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Decimal {
    mantissa: i128,
    scale: u8,
}

impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal { mantissa: 0, scale: 0 };

    /// `mantissa * 10^-scale`.
    pub fn new(mantissa: i128, scale: u8) -> Decimal {
        let (mut mantissa, mut scale) = (mantissa, scale);
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        Decimal { mantissa, scale }
    }

    /// Digits after the point, trailing zeros not counted.
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// The digits as one integer.
    pub fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// Parses text; see [`parse_scaled`] for the grammar.
    pub fn parse(text: &[u8]) -> Result<Decimal, DecimalError> {
        let (negative, digits) = match text.first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let end = digits.iter().position(|b| matches!(b, b'e' | b'E')).unwrap_or(digits.len());
        let mut mantissa = 0i128;
        let (mut scale, mut seen, mut point) = (0i32, false, false);
        for &byte in &digits[..end] {
            match byte {
                b'0'..=b'9' => {
                    let digit = i128::from(byte - b'0');
                    let longer = mantissa.checked_mul(10).and_then(|m| m.checked_add(digit));
                    mantissa = longer.ok_or(DecimalError::Overflow)?;
                    scale += i32::from(point);
                    seen = true;
                }
                b'.' if !point => point = true,
                _ => return Err(DecimalError::Malformed),
            }
        }
        if !seen {
            return Err(if text.is_empty() { DecimalError::Empty } else { DecimalError::Malformed });
        }
        if end < digits.len() {
            let shift = std::str::from_utf8(&digits[end + 1..]).ok().and_then(|s| s.parse::<i16>().ok());
            scale -= i32::from(shift.ok_or(DecimalError::Malformed)?);
        }
        let mantissa = if negative { -mantissa } else { mantissa };
        if mantissa == 0 {
            return Ok(Decimal::ZERO);
        }
        if scale < 0 {
            let factor = 10i128.checked_pow(scale.unsigned_abs()).ok_or(DecimalError::Overflow)?;
            return Ok(Decimal {
                mantissa: mantissa.checked_mul(factor).ok_or(DecimalError::Overflow)?,
                scale: 0,
            });
        }
        let mut decimal = Decimal { mantissa, scale: 0 };
        let mut left = scale;
        while left > 0 && decimal.mantissa % 10 == 0 {
            decimal.mantissa /= 10;
            left -= 1;
        }
        decimal.scale = u8::try_from(left).map_err(|_| DecimalError::TooFine)?;
        Ok(decimal)
    }

    /// In units of `10^-exponent`, exactly.
    pub fn to_scaled(self, exponent: u8) -> Result<i64, DecimalError> {
        i64::try_from(self.to_scaled_i128(exponent)?).map_err(|_| DecimalError::Overflow)
    }

    /// As [`Decimal::to_scaled`], in 128 bits.
    pub fn to_scaled_i128(self, exponent: u8) -> Result<i128, DecimalError> {
        if self.scale > exponent {
            return Err(DecimalError::TooFine);
        }
        let factor = 10i128.checked_pow(u32::from(exponent - self.scale)).ok_or(DecimalError::Overflow)?;
        self.mantissa.checked_mul(factor).ok_or(DecimalError::Overflow)
    }

    /// For people and reports only; never for a decision.
    pub fn to_f64(self) -> f64 {
        self.mantissa as f64 / 10f64.powi(i32::from(self.scale))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Scaled { value: self.mantissa, exponent: self.scale }.fmt(f)
    }
}

/// Prints `value * 10^-exponent` with all its decimals: `Scaled { value: -5, exponent: 2 }` is `-0.05`.
#[derive(Clone, Copy, Debug)]
pub struct Scaled {
    /// The scaled integer.
    pub value: i128,
    /// Digits after the point.
    pub exponent: u8,
}

impl fmt::Display for Scaled {
    // cold: numbers become text in reports
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.value.unsigned_abs().to_string();
        let exponent = usize::from(self.exponent);
        let padded = format!("{digits:0>width$}", width = exponent + 1);
        let (whole, fraction) = padded.split_at(padded.len() - exponent);
        let point = if exponent == 0 { "" } else { "." };
        f.pad_integral(self.value >= 0, "", &format!("{whole}{point}{fraction}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parses_what_recordings_contain() {
        let cases: &[(&str, u8, i64)] = &[
            ("61737.63000000", 2, 6_173_763),
            ("0.00000000", 0, 0),
            ("-1.5", 1, -15),
            ("+7", 3, 7000),
            (".5", 1, 5),
            ("5.", 0, 5),
            ("1e-8", 8, 1),
            ("1.5E3", 0, 1500),
            ("9223372036854775807", 0, i64::MAX),
        ];
        for &(text, exponent, want) in cases {
            assert_eq!(parse_scaled(text.as_bytes(), exponent), Ok(want), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_exact() {
        use DecimalError::*;
        let cases: &[(&str, u8, DecimalError)] = &[
            ("", 2, Empty),
            ("-", 2, Malformed),
            ("1.2.3", 2, Malformed),
            ("1,5", 2, Malformed),
            ("nan", 2, Malformed),
            ("1e", 2, Malformed),
            ("0.001", 2, TooFine),
            ("9223372036854775808", 0, Overflow),
            ("92233720368547758.08", 3, Overflow),
            ("999999999999999999999999999999999999999999", 0, Overflow),
            ("170141183460469231731687303715884105729", 0, Overflow),
            ("1e400", 0, Overflow),
        ];
        for &(text, exponent, want) in cases {
            assert_eq!(parse_scaled(text.as_bytes(), exponent), Err(want), "{text}");
        }
    }

    proptest! {
        #[test]
        fn print_then_parse_is_identity(value: i64, exponent in 0u8..=18) {
            let text = Scaled { value: value.into(), exponent }.to_string();
            prop_assert_eq!(parse_scaled(text.as_bytes(), exponent), Ok(value));
        }

        #[test]
        fn parse_never_panics(text in "[-+0-9.eE]{0,40}") {
            let _ = Decimal::parse(text.as_bytes());
        }
    }
}
