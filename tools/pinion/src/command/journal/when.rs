//! Times as people write them, and times as they read them: UTC, local, or of a zone that is named.

use crate::failure::Failure;
use jiff::civil;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// What a time that is not absolute is relative to.
pub struct Bounds {
    /// Engine time of the journal's last timed record, ns.
    pub last_ns: i64,
}

const FORMS: &str = "a time is 2025-03-25T23:07:21Z, 2025-03-25T23:07 (in the zone that is shown), 09:30 or \
                     09:30:15.5 (the last such instant in the journal), or -10m before the journal's end (d, h, \
                     m, s, ms, us, ns)";

/// A time as written, as ns since 1970.
pub fn parse(text: &str, zone: &TimeZone, bounds: &Bounds) -> Result<i64, Failure> {
    let wrong = || Failure::Usage(format!("error: `{text}` is no time; {FORMS}"));
    let ns = |t: Timestamp| i64::try_from(t.as_nanosecond()).map_err(|_| wrong());
    if let Some(back) = text.strip_prefix('-') {
        let back_ns = duration_ns(back).ok_or_else(wrong)?;
        return Ok(bounds.last_ns.saturating_sub(back_ns));
    }
    if let Ok(absolute) = text.parse::<Timestamp>() {
        return ns(absolute);
    }
    let at =
        |t: civil::DateTime| t.to_zoned_datetime(zone.clone()).map(|z| z.timestamp()).map_err(|_| wrong());
    if let Ok(clock) = text.parse::<civil::Time>()
        && text.contains(':')
        && !text.contains('-')
    {
        let last = Timestamp::from_nanosecond(bounds.last_ns.into()).map_err(|_| wrong())?;
        let day = last.to_zoned_datetime(zone.clone()).date();
        let today = at(day.to_datetime(clock))?;
        if today <= last {
            return ns(today);
        }
        return ns(at(day.yesterday().map_err(|_| wrong())?.to_datetime(clock))?);
    }
    if let Ok(local) = text.parse::<civil::DateTime>() {
        return ns(at(local)?);
    }
    match text.parse::<civil::Date>() {
        Ok(date) => ns(at(date.to_datetime(civil::Time::midnight()))?),
        Err(_) => Err(wrong()),
    }
}

/// A length of time such as `10m`, `1h30m` or `250ms`.
fn duration_ns(text: &str) -> Option<i64> {
    let (mut rest, mut sum) = (text, 0i64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let unit = match &after[..end] {
            "d" => 86_400e9,
            "h" => 3_600e9,
            "m" => 60e9,
            "s" => 1e9,
            "ms" => 1e6,
            "us" => 1e3,
            "ns" => 1.0,
            _ => return None,
        };
        sum = sum.checked_add((number * unit) as i64)?;
        rest = &after[end..];
    }
    (!text.is_empty()).then_some(sum)
}

/// The zone that is asked for.
pub fn zone(name: Option<&str>, local: bool) -> Result<TimeZone, Failure> {
    match name {
        Some(name) => TimeZone::get(name).map_err(|_| {
            Failure::Usage(format!(
                "error: unknown time zone `{name}`; names are those of the IANA database, such as Europe/Vienna or UTC"
            ))
        }),
        None if local => Ok(TimeZone::system()),
        None => Ok(TimeZone::UTC),
    }
}

/// A time in a zone, to the nanosecond.
pub fn shown(ns: i64, zone: &TimeZone) -> String {
    let Ok(t) = Timestamp::from_nanosecond(ns.into()) else { return ns.to_string() };
    t.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S.%9f").to_string()
}

/// A length of time in the unit that suits it.
pub fn length(ns: f64) -> String {
    match ns.abs() {
        n if n < 1e3 => format!("{ns:.0} ns"),
        n if n < 1e6 => format!("{:.2} µs", ns / 1e3),
        n if n < 1e9 => format!("{:.2} ms", ns / 1e6),
        n if n < 120e9 => format!("{:.2} s", ns / 1e9),
        _ => {
            let d = SignedDuration::from_secs((ns / 1e9) as i64);
            let (hours, minutes) = (d.as_hours(), d.as_mins() % 60);
            format!("{hours} h {minutes:02} m {:02} s", d.as_secs() % 60)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_nanosecond() as i64
    }

    #[test]
    fn times_are_absolute_relative_to_the_end_or_on_its_clock() {
        let bounds = Bounds { last_ns: at("2025-03-25T08:00:00Z") };
        let vienna = TimeZone::get("Europe/Vienna").unwrap();
        let cases = [
            ("2025-03-25T07:00:01.5Z", "2025-03-25T07:00:01.5Z"),
            ("2025-03-25T08:00", "2025-03-25T07:00:00Z"),
            ("2025-03-25", "2025-03-24T23:00:00Z"),
            ("08:30", "2025-03-25T07:30:00Z"),
            ("09:30", "2025-03-24T08:30:00Z"),
            ("-1h30m", "2025-03-25T06:30:00Z"),
            ("-250ms", "2025-03-25T07:59:59.75Z"),
        ];
        for (text, want) in cases {
            assert_eq!(parse(text, &vienna, &bounds).unwrap(), at(want), "{text}");
        }
        for text in ["", "-", "-10", "-10x", "yesterday", "25:00"] {
            let said = parse(text, &vienna, &bounds).unwrap_err().to_string();
            assert!(said.contains("is no time; a time is"), "{said}");
        }
    }
}
