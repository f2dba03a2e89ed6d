//! The many ways in which cameras say when. Whatever is no time, or lies where no camera's clock
//! can be, is none and never a panic.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta};
use domain::Instant;

use crate::read::CapturedAt;
use crate::tree::Tree;

/// A clock that was never set shows 1970, and one that shows 2200 is none.
const YEARS: std::ops::Range<i32> = 2000..2200;

/// A count since 1970, a number or a text, in seconds, milliseconds, microseconds or nanoseconds.
/// The unit follows from the size: between the years 2000 and 2200 no two units share a number, and
/// firmwares of one vendor differ in it.
pub fn epoch(value: &Tree) -> Option<CapturedAt> {
    let integer = match value {
        Tree::Integer(count) => Some(*count),
        Tree::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    let at = if let Some(count) = integer {
        let unit = unit_of(count as f64)?;
        let (seconds, rest) = (count / (SECOND / unit), count % (SECOND / unit));
        DateTime::from_timestamp(seconds, u32::try_from(rest * unit).ok()?)?
    } else {
        let count = value.as_number()?;
        // A float of seconds is good to a quarter of a microsecond.
        let micros = (count * (unit_of(count)? as f64 / 1000.0)).round();
        #[expect(clippy::cast_possible_truncation, reason = "its unit keeps it in bounds")]
        DateTime::from_timestamp_micros(micros as i64)?
    };
    instant(at)
}

const SECOND: i64 = 1_000_000_000;

/// The nanoseconds of the unit in which this counts to a time in [`YEARS`].
fn unit_of(count: f64) -> Option<i64> {
    [SECOND, 1_000_000, 1000, 1].into_iter().find(|unit| {
        let seconds = count * (*unit as f64 / SECOND as f64);
        (946_684_800.0..7_258_118_400.0).contains(&seconds)
    })
}

/// An RFC 3339 time, or one without offset, with `T` or a space between, up to nanoseconds.
pub fn written(value: &Tree) -> Option<CapturedAt> {
    let text = value.as_text()?;
    if let Ok(at) = DateTime::parse_from_rfc3339(&text) {
        return instant(at.to_utc());
    }
    // An offset without a colon, or behind a space.
    for format in ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z"] {
        if let Ok(at) = DateTime::parse_from_str(&text, format) {
            return instant(at.to_utc());
        }
    }
    for zone in [" UTC", " GMT"] {
        if let Some(local) = text.strip_suffix(zone) {
            return instant(naive(local)?.and_utc());
        }
    }
    local(naive(&text)?)
}

fn naive(text: &str) -> Option<NaiveDateTime> {
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y/%m/%d %H:%M:%S%.f"]
        .into_iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
}

/// `Fri 20 Nov 2026 10:00:00 GMT`: RFC 1123, with or without its comma. The day of the week is not
/// asked for its opinion.
pub fn rfc1123(value: &Tree) -> Option<CapturedAt> {
    let text = value.as_text()?.replace(',', " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let words = match words.first()?.starts_with(|c: char| c.is_ascii_digit()) {
        true => words.as_slice(),
        false => &words[1..],
    };
    let [date @ .., zone] = words else { return None };
    let at = NaiveDateTime::parse_from_str(&date.join(" "), "%d %b %Y %H:%M:%S%.f").ok()?;
    match *zone {
        "GMT" | "UTC" | "UT" | "Z" => instant(at.and_utc()),
        offset => {
            let text = format!("{} {offset}", at.format("%Y-%m-%d %H:%M:%S%.f"));
            instant(DateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f %z").ok()?.to_utc())
        }
    }
}

/// A date and a time of day of which only the digits count: `2026-11-20` and `10-00-00-123`.
pub fn digits(date: &str, time: &str) -> Option<CapturedAt> {
    let numbers = |text: &str| -> Option<Vec<u32>> {
        text.split(|c: char| !c.is_ascii_digit()).map(|digits| digits.parse().ok()).collect()
    };
    let (date, time) = (numbers(date)?, numbers(time)?);
    let [year, month, day] = date[..] else { return None };
    let (hour, minute, second, millis) = match time[..] {
        [hour, minute, second] => (hour, minute, second, 0),
        [hour, minute, second, millis] => (hour, minute, second, millis),
        _ => return None,
    };
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    local(date.and_hms_milli_opt(hour, minute, second, millis)?)
}

/// An instant that shows, in UTC, what the clock at the camera showed.
pub fn as_local(at: CapturedAt) -> CapturedAt {
    match at {
        CapturedAt::Instant(at) => CapturedAt::Local(at.naive_utc()),
        other => other,
    }
}

/// `at` and some milliseconds more, where they are less than a second.
pub fn plus_millis(at: CapturedAt, millis: Option<i64>) -> CapturedAt {
    let more = TimeDelta::milliseconds(millis.filter(|m| (0..1000).contains(m)).unwrap_or(0));
    match at {
        CapturedAt::Instant(at) => CapturedAt::Instant(at + more),
        CapturedAt::Local(at) => CapturedAt::Local(at + more),
        CapturedAt::Missing => CapturedAt::Missing,
    }
}

fn instant(at: Instant) -> Option<CapturedAt> {
    // A leap second is the last instant before the next second: one line of time, no folds.
    let at =
        DateTime::from_timestamp(at.timestamp(), at.timestamp_subsec_nanos().min(999_999_999))?;
    YEARS.contains(&at.year()).then_some(CapturedAt::Instant(at))
}

fn local(at: NaiveDateTime) -> Option<CapturedAt> {
    YEARS.contains(&at.year()).then_some(CapturedAt::Local(at))
}

#[cfg(test)]
mod tests;
