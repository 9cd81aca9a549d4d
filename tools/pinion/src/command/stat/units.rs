//! Numbers with units, short enough for a table.

/// A duration of three digits: `0.4 us`, `12 ms`, `3.2 s`, `5 min`.
pub fn duration(ns: i64) -> String {
    let value = ns.max(0) as f64;
    let steps =
        [(1e3, 1.0, "ns"), (1e6, 1e3, "us"), (1e9, 1e6, "ms"), (120e9, 1e9, "s"), (7200e9, 60e9, "min")];
    let step = steps.iter().find(|(below, ..)| value < *below);
    let (unit, word) = step.map_or((3600e9, "h"), |(_, unit, word)| (*unit, *word));
    let amount = value / unit;
    if amount < 9.95 && word != "ns" { format!("{amount:.1} {word}") } else { format!("{amount:.0} {word}") }
}

/// A count in groups of three digits.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count of at most six characters: `9,999`, `50.0 k`, `1.2 M`.
pub fn short(n: f64) -> String {
    let steps = [(1e4, 1.0, ""), (1e6, 1e3, " k"), (1e9, 1e6, " M"), (1e12, 1e9, " G")];
    match steps.iter().find(|(below, ..)| n < *below) {
        Some((_, _, "")) => count(n.round() as u64),
        Some((_, unit, word)) if n / unit < 99.95 => format!("{:.1}{word}", n / unit),
        Some((_, unit, word)) => format!("{:.0}{word}", n / unit),
        None => format!("{n:.0e}"),
    }
}

/// A share of a whole as a percentage.
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".into();
    }
    let percent = 100.0 * part as f64 / whole as f64;
    match percent {
        0.0 => "0%".into(),
        p if p < 1.0 => "<1%".into(),
        p => format!("{p:.0}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_say_their_unit() {
        let durations = [0, 999, 1_500, 12_000_000, 3_240_000_000, 119e9 as i64, 300e9 as i64, 7200e9 as i64];
        let words = ["0 ns", "999 ns", "1.5 us", "12 ms", "3.2 s", "119 s", "5.0 min", "2.0 h"];
        assert_eq!(durations.map(duration), words);
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([9_999.0, 50_000.0, 123_456.0, 1.2e6].map(short), ["9,999", "50.0 k", "123 k", "1.2 M"]);
        assert_eq!([(0, 0), (0, 9), (1, 1000), (1, 2)].map(|(a, b)| share(a, b)), ["-", "0%", "<1%", "50%"]);
    }
}
