//! Digits of text, eight at a time: for rows of tables and for the venues' hottest messages.
//!
//! A word holds the next eight bytes of a line, the first in its lowest byte. Digits at its beginning are
//! counted by one addition, and turned into a number by three multiplications (the method that Langdale
//! and Lemire describe for simdjson).

use crate::decimal::POW10;

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The top bits of the bytes above 9. Behind the first of them others may be set, too: adding 0x76 carries into
/// the top bit of a byte above 9, and a carry beyond it only reaches later bytes.
#[inline(always)]
fn not_digits(values: u64) -> u64 {
    (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080
}

/// Digits at the beginning of a word.
#[derive(Clone, Copy)]
pub struct Run {
    /// How many: 0 to 8.
    pub count: usize,
    /// Their values, the last in the highest byte.
    aligned: u64,
}

impl Run {
    /// No digits.
    pub const NONE: Run = Run { count: 0, aligned: 0 };

    /// The digits from `at` on, at most eight of them.
    #[inline(always)]
    pub fn at(line: &[u8], at: usize) -> Run {
        let values = word(line, at) ^ ZEROS;
        let other = not_digits(values);
        let count = other.trailing_zeros() as usize / 8;
        // Two shifts, because one by 64 is none.
        let aligned = if count == 8 { values } else { (values << 1) << (63 - 8 * count) };
        Run { count, aligned }
    }

    /// Eight bytes that are all digits.
    #[inline(always)]
    pub fn eight(bytes: u64) -> Option<Run> {
        let values = bytes ^ ZEROS;
        (not_digits(values) == 0).then_some(Run { count: 8, aligned: values })
    }

    /// These digits with the first `count` of eight others behind them, for as many as eight in all. `None`
    /// when one of the eight is no digit, or one that is left out is not zero.
    #[inline(always)]
    pub fn followed_by(self, others: u64, count: u8) -> Option<Run> {
        let values = others ^ ZEROS;
        let bits = 8 * u32::from(count);
        if not_digits(values) != 0 || values.checked_shr(bits).unwrap_or(0) != 0 {
            return None;
        }
        let behind = values.checked_shl(64 - bits).unwrap_or(0);
        let aligned = self.aligned.checked_shr(bits).unwrap_or(0) | behind;
        Some(Run { count: self.count + usize::from(count), aligned })
    }

    /// The number that they make.
    #[inline(always)]
    pub fn value(self) -> u64 {
        let pairs = (self.aligned.wrapping_mul(10).wrapping_add(self.aligned >> 8)) & 0x00ff_00ff_00ff_00ff;
        let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_ffff_0000_ffff;
        (fours.wrapping_mul(10_000).wrapping_add(fours >> 32)) & 0xffff_ffff
    }
}

/// The eight bytes from `at` on; zero beyond the end of the line.
#[inline(always)]
fn word(line: &[u8], at: usize) -> u64 {
    if let Some(bytes) = line.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        return u64::from_le_bytes(*bytes);
    }
    match line.last_chunk::<8>() {
        Some(bytes) if at < line.len() => u64::from_le_bytes(*bytes) >> (8 * (at + 8 - line.len())),
        _ => {
            let rest = line.get(at..).unwrap_or_default();
            rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
        }
    }
}

/// A whole number from `at` on: where it ends, and its value. At most 19 digits, and no larger than a signed
/// number holds.
#[inline(always)]
pub fn whole(line: &[u8], at: usize) -> Option<(usize, i64)> {
    let first = Run::at(line, at);
    if first.count < 8 {
        return (first.count > 0).then_some((at + first.count, first.value() as i64));
    }
    let second = Run::at(line, at + 8);
    if second.count == 8 {
        return long_whole(line, at);
    }
    let value = first.value() * POW10[second.count] as u64 + second.value();
    Some((at + 8 + second.count, value as i64))
}

#[cold]
fn long_whole(line: &[u8], at: usize) -> Option<(usize, i64)> {
    let digits = line[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    let text = std::str::from_utf8(&line[at..at + digits]).ok()?;
    Some((at + digits, text.parse().ok()?))
}

/// Where the digits end that stand from `at` on, for a number that nobody needs; `None` where there is none.
#[inline(always)]
pub fn skip(line: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    loop {
        let count = Run::at(line, end).count;
        end += count;
        if count < 8 {
            return (end > at).then_some(end);
        }
    }
}

/// A decimal without sign from `at` on, in units of `10^-exponent`: where it ends, and its value. `None` for
/// one that does not fit, and for decimals beyond the unit that are not zero.
#[inline(always)]
pub fn decimal(line: &[u8], at: usize, exponent: u8) -> Option<(usize, i64)> {
    short_decimal(line, at, exponent.into()).or_else(|| long_decimal(line, at, exponent.into()))
}

/// A decimal with a point that one word holds: its digits are moved together over the point.
#[inline(always)]
fn short_decimal(line: &[u8], at: usize, exponent: usize) -> Option<(usize, i64)> {
    let values = word(line, at) ^ ZEROS;
    let other = not_digits(values);
    let point = other.trailing_zeros() / 8;
    let after = other & other.wrapping_sub(1);
    let end = after.trailing_zeros() / 8;
    let is_point = point < 7 && (values >> (8 * point)) as u8 == b'.' ^ b'0';
    let more = end == 8 && line.get(at + 8).is_some_and(u8::is_ascii_digit);
    let decimals = end.wrapping_sub(point + 1);
    if !is_point || more || point == 0 || decimals == 0 || decimals as usize > exponent || exponent > 12 {
        return None;
    }
    let whole = (values & ((1 << (8 * point)) - 1)) << (8 * (8 - decimals - point));
    let fraction = (values << (8 * (8 - end))) >> (8 * (8 - decimals)) << (8 * (8 - decimals));
    let aligned = whole | fraction;
    let value = Run { count: 8, aligned }.value() as i64 * POW10[exponent - decimals as usize];
    Some((at + end as usize, value))
}

fn long_decimal(line: &[u8], at: usize, exponent: usize) -> Option<(usize, i64)> {
    let first = Run::at(line, at);
    let (mut end, mut value) = (at + first.count, first.value());
    if first.count == 8 {
        (end, value) = whole(line, at).map(|(end, value)| (end, value as u64))?;
    }
    if end == at || end - at + exponent > 18 {
        return None;
    }
    value *= POW10[exponent] as u64;
    if line.get(end) != Some(&b'.') {
        return Some((end, value as i64));
    }
    let run = Run::at(line, end + 1);
    if run.count == 0 {
        return None;
    }
    if run.count == 8 || run.count > exponent {
        return long_fraction(line, end + 1, exponent).map(|(end, part)| (end, (value + part) as i64));
    }
    Some((end + 1 + run.count, (value + run.value() * POW10[exponent - run.count] as u64) as i64))
}

/// Decimals of any number from `at` on, in units of `10^-exponent`.
#[cold]
fn long_fraction(line: &[u8], at: usize, exponent: usize) -> Option<(usize, u64)> {
    let digits = line[at..].iter().take_while(|b| b.is_ascii_digit());
    let (mut end, mut part) = (at, 0u64);
    for digit in digits.map(|b| u64::from(b - b'0')) {
        if end - at < exponent {
            part = part * 10 + digit;
        } else if digit != 0 {
            return None;
        }
        end += 1;
    }
    Some((end, part * POW10[exponent.saturating_sub(end - at)] as u64))
}

/// Raises `decimals` (of prices, of quantities) to what a line needs whose columns are a time, `prices` prices
/// and then quantities, `count` of them all. A line that is no such row may raise it too far; no further
/// than its own text.
#[inline(always)]
pub fn raise_decimals(line: &[u8], prices: usize, count: usize, decimals: &mut [usize; 2]) {
    if !needs_no_more(line, prices, count, *decimals) {
        raise_by_field(line, prices, count, decimals);
    }
}

/// True when every column but the first has a point, and none has more decimals than are known: then a comma
/// or the end stands as far behind each point. Most rows of a table are so, and only their points are looked
/// at.
#[inline(always)]
fn needs_no_more(line: &[u8], prices: usize, count: usize, decimals: [usize; 2]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (mut field, mut at) = (0, 0);
    while at < line.len() {
        let others = word(line, at) ^ (ONES * b'.' as u64);
        let mut points = others.wrapping_sub(ONES) & !others & (ONES << 7);
        while points != 0 {
            let place = at + points.trailing_zeros() as usize / 8;
            points &= points - 1;
            field += 1;
            let behind = place + 1 + decimals[usize::from(field > prices)];
            if field > count || line.get(behind).is_some_and(|b| *b != b',') || behind > line.len() {
                return false;
            }
        }
        at += 8;
    }
    field == count
}

fn raise_by_field(line: &[u8], prices: usize, count: usize, decimals: &mut [usize; 2]) {
    let (mut field, mut point, mut at) = (0, usize::MAX, 0);
    while at <= line.len() {
        let bytes = word(line, at);
        // Digits have this bit; points, commas and what lies beyond the end have not.
        let mut others = !bytes & 0x1010_1010_1010_1010;
        while others != 0 {
            let byte = others.trailing_zeros() / 8;
            let place = at + byte as usize;
            others &= others - 1;
            match (bytes >> (8 * byte)) as u8 {
                b'.' => point = place,
                b',' | 0 => {
                    let known = &mut decimals[usize::from(field > prices)];
                    if point < place && place - point - 1 > *known {
                        *known = (*known).max(significant(&line[point + 1..place]));
                    }
                    (field, point) = (field + 1, usize::MAX);
                    if field > count || place >= line.len() {
                        return;
                    }
                }
                _ => {}
            }
        }
        at += 8;
    }
}

/// Digits without the zeros at the end.
#[cold]
fn significant(digits: &[u8]) -> usize {
    digits.iter().rposition(|b| *b != b'0').map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decimal::Decimal;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whole_numbers_agree_with_the_standard_library(value: u64, before in "[a-z,]{0,9}", after in "(,[0-9.]{0,9})?") {
            let line = format!("{before}{value}{after}");
            let want = i64::try_from(value).ok().map(|v| (before.len() + value.to_string().len(), v));
            let want = want.filter(|_| value.to_string().len() <= 19);
            prop_assert_eq!(whole(line.as_bytes(), before.len()), want);
            prop_assert_eq!(skip(line.as_bytes(), before.len()), Some(before.len() + value.to_string().len()));
        }

        #[test]
        fn decimals_agree_with_exact_ones(
            text in "[0-9]{1,12}(\\.[0-9]{1,10}0{0,4})?",
            exponent in 0u8..=8,
            before in "[a-z,]{0,9}",
            after in "(,[0-9.]{0,9})?",
        ) {
            let line = format!("{before}{text}{after}");
            let want = Decimal::parse(text.as_bytes()).ok().and_then(|d| d.to_scaled(exponent).ok());
            let found = decimal(line.as_bytes(), before.len(), exponent);
            if let Some((end, _)) = found {
                prop_assert_eq!(end, before.len() + text.len());
            }
            let fits = text.split('.').next().unwrap().len() + usize::from(exponent) <= 18;
            prop_assert_eq!(found.map(|(_, value)| value), want.filter(|_| fits));
        }

        #[test]
        fn what_is_no_decimal_is_none(text in "([0-9]{1,9}\\.|\\.[0-9]{1,9}|[a-z-][0-9.]{0,9})?", after in "(,[0-9.]{0,9})?") {
            prop_assert_eq!(decimal(format!("{text}{after}").as_bytes(), 0, 8), None);
        }

        #[test]
        fn decimals_needed_are_those_of_the_text(
            texts in proptest::collection::vec("[0-9]{1,10}(\\.[0-9]{0,6}0{0,7})?", 3..=3),
            known in prop::array::uniform2(0usize..6),
        ) {
            let needed = |text: &str| text.split_once('.').map_or("", |(_, d)| d).trim_end_matches('0').len();
            let line = format!("1600000000000,{}", texts.join(","));
            let mut found = [0, 0];
            raise_decimals(line.as_bytes(), 2, 3, &mut found);
            let want = [needed(&texts[0]).max(needed(&texts[1])), needed(&texts[2])];
            prop_assert_eq!(found, want);
            // Whatever is known before, only more is added.
            let mut found = known;
            raise_decimals(line.as_bytes(), 2, 3, &mut found);
            prop_assert_eq!(found, [want[0].max(known[0]), want[1].max(known[1])]);
        }
    }
}
