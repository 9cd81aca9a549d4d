//! Times of recordings to nanoseconds since 1970 UTC.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// How a column states time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeUnit {
    /// A number whose unit shows in its size (s, ms, us or ns), or text.
    Number,
    /// Milliseconds, whatever the size.
    Millis,
    /// Nanoseconds, whatever the size.
    Nanos,
    /// `2022-01-31 23:01:02.5`, with `T`, `Z` or an offset.
    Text,
}

pub(crate) fn parse(text: &[u8], unit: TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Text => parse_text(std::str::from_utf8(text).ok()?.trim()),
        TimeUnit::Millis => integer(text)?.checked_mul(1_000_000),
        TimeUnit::Nanos => integer(text),
        TimeUnit::Number if text.iter().any(|b| matches!(b, b'-' | b':')) => parse(text, TimeUnit::Text),
        TimeUnit::Number => {
            // Fractions of a second are cut: such columns hold whole bars.
            let whole = text.split(|b| *b == b'.').next()?;
            let value = integer(whole)?;
            let unit_ns = match value.checked_ilog10().unwrap_or(0) {
                0..11 => 1_000_000_000,
                11..14 => 1_000_000,
                14..17 => 1_000,
                _ => 1,
            };
            value.checked_mul(unit_ns)
        }
    }
}

#[inline]
pub(crate) fn integer(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    let mut value = 0i64;
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(digit.into())?;
    }
    Some(value)
}

fn parse_text(text: &str) -> Option<i64> {
    if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
        return i64::try_from(stamp.as_nanosecond()).ok();
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return to_ns(time, &TimeZone::UTC);
    }
    to_ns(text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight()), &TimeZone::UTC)
}

fn to_ns(time: DateTime, zone: &TimeZone) -> Option<i64> {
    let stamp = zone.to_ambiguous_timestamp(time).compatible().ok()?;
    i64::try_from(stamp.as_nanosecond()).ok()
}

/// `YYYYMMDD` or `YYYYMMDD HH:MM` in a zone.
pub(crate) fn parse_compact(text: &[u8], zone: &TimeZone) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i16>().ok();
    let date =
        Date::new(part(0, 4)?, i8::try_from(part(4, 6)?).ok()?, i8::try_from(part(6, 8)?).ok()?).ok()?;
    let (hour, minute) = match text.len() {
        8 => (0, 0),
        _ => (i8::try_from(part(9, 11)?).ok()?, i8::try_from(part(12, 14)?).ok()?),
    };
    to_ns(date.at(hour, minute, 0, 0), zone)
}
