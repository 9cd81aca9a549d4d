//! Days and times of day as configuration writes them.

use crate::diagnostic::{Diagnostics, Place};

/// `HH:MM` as seconds after midnight.
pub(crate) fn clock(text: &str, at: Place, found: &mut Diagnostics) -> Option<u32> {
    let parts =
        text.split_once(':').and_then(|(h, m)| Some((h.parse::<u32>().ok()?, m.parse::<u32>().ok()?)));
    let seconds = parts.filter(|(h, m)| *h < 24 && *m < 60).map(|(h, m)| h * 3600 + m * 60);
    if seconds.is_none() {
        found.error(at, format!("`{text}` is not a time of day"), "write HH:MM in quotes, such as \"17:00\"");
    }
    seconds
}

/// End of a day given as `YYYY-MM-DD`, ns since 1970 (civil-from-days, Hinnant's algorithm).
pub(crate) fn date_end_ns(text: &str, at: Place, found: &mut Diagnostics) -> Option<i64> {
    let numbers: Vec<i64> = text.split('-').filter_map(|p| p.parse().ok()).collect();
    let [year, month, day] = numbers[..] else {
        found.error(at, format!("`{text}` is not a date"), "write YYYY-MM-DD");
        return None;
    };
    if !(1970..=2200).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        found.error(at, format!("`{text}` is not a date between 1970 and 2200"), "write YYYY-MM-DD");
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let of_era = y.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = y.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some((days + 1) * 86_400_000_000_000)
}

/// `YYYY-MM-DD` of an instant (days-to-civil, Hinnant's algorithm).
pub(crate) fn date(ns: i64) -> String {
    let days = ns.div_euclid(86_400_000_000_000) + 719_468;
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + days.div_euclid(146_097) * 400 + i64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}
