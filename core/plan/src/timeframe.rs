//! How bars are cut, as configuration writes it: `1s`, `5m`, `100t`, `5v`.

use crate::diagnostic::{Diagnostics, Place};
use pinion_engine::plan::BarCut;
use pinion_model::decimal::Decimal;

/// How bars are cut, before volumes are in the instrument's units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    Fixed(BarCut),
    Volume(Decimal),
}

pub(crate) fn parse_timeframe(text: &str, at: Place, found: &mut Diagnostics) -> Option<Cut> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number = Decimal::parse(number.as_bytes()).ok().filter(|n| n.mantissa() > 0);
    let ns = |unit_ns: i64| {
        let count = number?.to_scaled(0).ok()?;
        let interval_ns = count.checked_mul(unit_ns).filter(|ns| *ns <= 31 * 86_400_000_000_000)?;
        Some(Cut::Fixed(BarCut::Time { interval_ns }))
    };
    let cut = match unit.trim() {
        "ms" => ns(1_000_000),
        "s" => ns(1_000_000_000),
        "m" | "min" => ns(60_000_000_000),
        "h" => ns(3_600_000_000_000),
        "d" => ns(86_400_000_000_000),
        "t" => number
            .and_then(|n| n.to_scaled(0).ok())
            .and_then(|n| u32::try_from(n).ok())
            .map(|count| Cut::Fixed(BarCut::Ticks { count })),
        "v" => number.map(Cut::Volume),
        _ => None,
    };
    if cut.is_none() {
        found.error(
            at,
            format!("`{text}` is not a timeframe"),
            "write 500ms, 1s, 5m, 1h or 1d; 100t for ticks; 5v for volume",
        );
    }
    cut
}

pub(crate) fn timeframe_text(cut: Cut) -> String {
    match cut {
        Cut::Volume(qty) => format!("{qty}v"),
        Cut::Fixed(BarCut::Ticks { count }) => format!("{count}t"),
        Cut::Fixed(BarCut::Volume { qty }) => format!("{}v", qty.0),
        Cut::Fixed(BarCut::Time { interval_ns }) => {
            let units = [
                (86_400_000_000_000, "d"),
                (3_600_000_000_000, "h"),
                (60_000_000_000, "m"),
                (1_000_000_000, "s"),
            ];
            let unit = units.iter().find(|(ns, _)| interval_ns % ns == 0);
            unit.map_or(format!("{}ms", interval_ns / 1_000_000), |(ns, word)| {
                format!("{}{word}", interval_ns / ns)
            })
        }
    }
}
