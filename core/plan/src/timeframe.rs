//! How bars are cut, as configuration writes it: `1s`, `5m`, `100t`, `5v`.

use crate::diagnostic::{Diagnostics, Place, shown};
use pinion_engine::plan::BarCut;
use pinion_model::decimal::Decimal;

/// How bars are cut, before volumes are in the instrument's units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    Fixed(BarCut),
    Volume(Decimal),
}

/// Units of time, the longest first.
const UNITS: [(i64, &str); 5] = [
    (86_400_000_000_000, "d"),
    (3_600_000_000_000, "h"),
    (60_000_000_000, "m"),
    (1_000_000_000, "s"),
    (1_000_000, "ms"),
];

const SHORTEST_NS: i64 = 1_000_000;
const LONGEST_NS: i64 = 31 * 86_400_000_000_000;

pub(crate) fn parse_timeframe(text: &str, at: Place, found: &mut Diagnostics) -> Option<Cut> {
    let cut = cut(text);
    if cut.is_none() {
        found.error(
            at,
            format!("`{}` is not a timeframe", shown(text)),
            "write 500ms, 1s, 5m, 1h or 1d, at most 31d; 100t for ticks; 5v for volume",
        );
    }
    cut
}

fn cut(text: &str) -> Option<Cut> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number = Decimal::parse(number.as_bytes()).ok().filter(|n| n.mantissa() > 0)?;
    match unit.trim() {
        "t" => {
            let count = u32::try_from(number.to_scaled(0).ok()?).ok()?;
            Some(Cut::Fixed(BarCut::Ticks { count }))
        }
        "v" => (number.scale() <= 18).then_some(Cut::Volume(number)),
        unit => {
            let unit = if unit == "min" { "m" } else { unit };
            let (unit_ns, _) = UNITS.iter().find(|(_, word)| *word == unit)?;
            let product = number.mantissa().checked_mul(i128::from(*unit_ns))?;
            let interval_ns = Decimal::new(product, number.scale()).to_scaled(0).ok()?;
            (SHORTEST_NS..=LONGEST_NS)
                .contains(&interval_ns)
                .then_some(Cut::Fixed(BarCut::Time { interval_ns }))
        }
    }
}

pub(crate) fn timeframe_text(cut: Cut) -> String {
    match cut {
        Cut::Volume(qty) => format!("{qty}v"),
        Cut::Fixed(BarCut::Ticks { count }) => format!("{count}t"),
        Cut::Fixed(BarCut::Volume { qty }) => format!("{}v", qty.0),
        Cut::Fixed(BarCut::Time { interval_ns }) => {
            let whole = UNITS.iter().find(|(ns, _)| interval_ns % ns == 0);
            match whole {
                Some((ns, word)) => format!("{}{word}", interval_ns / ns),
                None => format!("{}ms", millis(interval_ns)),
            }
        }
    }
}

/// Nanoseconds as milliseconds, exactly.
pub(crate) fn millis(ns: i64) -> Decimal {
    Decimal::new(ns.into(), 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeframes_are_exact_and_come_back_as_they_were() {
        for text in ["500ms", "1s", "5m", "1h", "1d", "31d", "1.5ms", "100t", "5v", "0.25v"] {
            assert_eq!(cut(text).map(timeframe_text).as_deref(), Some(text));
        }
        assert_eq!(cut("1.5s"), cut("1500ms"));
        assert_eq!(cut("0.5h"), cut("30min"));
    }

    #[test]
    fn what_is_not_a_timeframe_is_refused() {
        let bad =
            ["", "s", "1", "0s", "-1s", "1y", "32d", "0.5ms", "1.5t", "0v", "1e3s", "1..5s", "9999999999t"];
        for text in bad.into_iter().chain(["99999999999999999999999999999999999999s", "٣s", "0.1234567891ms"])
        {
            assert_eq!(cut(text), None, "{text}");
        }
    }
}
