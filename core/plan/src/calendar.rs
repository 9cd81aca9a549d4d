//! Days and times of day as configuration writes them.

use crate::diagnostic::{Diagnostics, Place, shown};

/// `HH:MM` as seconds after midnight.
pub(crate) fn clock(text: &str, at: Place, found: &mut Diagnostics) -> Option<u32> {
    let seconds = text.split_once(':').and_then(|(hour, minute)| {
        let two_digits = |t: &str| t.len() <= 2 && t.bytes().all(|b| b.is_ascii_digit());
        let whole = two_digits(hour) && two_digits(minute) && minute.len() == 2;
        let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
        (whole && hour < 24 && minute < 60).then_some(hour * 3600 + minute * 60)
    });
    if seconds.is_none() {
        let reason = format!("`{}` is not a time of day", shown(text));
        found.error(at, reason, "write HH:MM in quotes, such as \"17:00\"");
    }
    seconds
}

/// `HH:MM` of seconds after midnight.
pub(crate) fn clock_text(seconds: u32) -> String {
    format!("{:02}:{:02}", seconds / 3600, seconds / 60 % 60)
}

/// End of a day given as `YYYY-MM-DD`, ns since 1970 (civil-from-days, Hinnant's algorithm).
pub(crate) fn date_end_ns(text: &str, at: Place, found: &mut Diagnostics) -> Option<i64> {
    let end = end_of_day(text);
    if end.is_none() {
        let reason = format!("`{}` is not a day from 1970 to 2200", shown(text));
        found.error(at, reason, "write YYYY-MM-DD, such as 2026-12-25");
    }
    end
}

fn end_of_day(text: &str) -> Option<i64> {
    let mut parts = text.split('-').map(str::parse::<i64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if !(1970..=2200).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let of_era = y.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = y.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let end = (days + 1) * 86_400_000_000_000;
    // A day that the calendar has not, such as 31 February, comes back as another one.
    (date(end - 1) == text).then_some(end)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_are_days() {
        for good in ["1970-01-01", "2024-02-29", "2026-12-25", "2200-12-31"] {
            assert_eq!(end_of_day(good).map(|ns| date(ns - 1)).as_deref(), Some(good));
        }
        for bad in ["2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "2026-01-01-01", "--1", "2026-01-32"]
        {
            assert_eq!(end_of_day(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_times_of_day_are_times_of_day() {
        let read = |text: &str| clock(text, Place::START, &mut Diagnostics::default());
        assert_eq!((read("00:00"), read("9:05"), read("23:59")), (Some(0), Some(32_700), Some(86_340)));
        for bad in ["24:00", "12:60", "+1:00", "1:2", "12", "12:00:00", "", ":"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
