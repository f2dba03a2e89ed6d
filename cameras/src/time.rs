//! The many ways in which cameras say when. Whatever is no time, or lies where no camera's clock
//! can be, is an error that says which of the two, and never a panic.

mod written;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta};
use domain::Instant;

use crate::read::CapturedAt;
use crate::tree::{Tree, is_word};

pub use written::written;

/// A clock that was never set shows 1970, and one that shows 2200 is none.
const YEARS: std::ops::Range<i32> = 2000..2200;

/// Why a value is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTime {
    /// It is written in a way that is not known.
    Form,
    /// It is written as times are, and is none that a camera's clock can show.
    Clock,
}

/// When, or why not.
pub type Time = Result<CapturedAt, NoTime>;

/// A count since 1970, a number or a text, in seconds, milliseconds, microseconds or nanoseconds.
/// The unit follows from the size: between the years 2000 and 2200 no two units share a number, and
/// firmwares of one vendor differ in it.
pub fn epoch(value: &Tree) -> Time {
    let integer = match value {
        Tree::Integer(count) => Some(*count),
        Tree::Text(_) | Tree::Map(_) => value.as_text().and_then(|text| text.parse().ok()),
        _ => None,
    };
    let at = if let Some(count) = integer {
        of_count(count)
    } else {
        let count = value.as_number().ok_or(match value {
            Tree::Float(_) => NoTime::Clock,
            _ => NoTime::Form,
        })?;
        of_float(count)
    };
    instant(at.ok_or(NoTime::Clock)?)
}

#[expect(clippy::cast_precision_loss, reason = "the unit shows in the first digits")]
fn of_count(count: i64) -> Option<Instant> {
    let unit = unit_of(count as f64)?;
    let (seconds, rest) = (count / (SECOND / unit), count % (SECOND / unit));
    DateTime::from_timestamp(seconds, u32::try_from(rest * unit).ok()?)
}

#[expect(clippy::cast_possible_truncation, reason = "its unit keeps it in bounds")]
#[expect(clippy::cast_precision_loss, reason = "a unit is a small number")]
fn of_float(count: f64) -> Option<Instant> {
    // A float of seconds is good to a quarter of a microsecond.
    let micros = (count * (unit_of(count)? as f64 / 1000.0)).round();
    DateTime::from_timestamp_micros(micros as i64)
}

const SECOND: i64 = 1_000_000_000;

/// The nanoseconds of the unit in which this counts to a time in [`YEARS`].
#[expect(clippy::cast_precision_loss, reason = "a unit is a small number")]
fn unit_of(count: f64) -> Option<i64> {
    [SECOND, 1_000_000, 1000, 1].into_iter().find(|unit| {
        let seconds = count * (*unit as f64 / SECOND as f64);
        (946_684_800.0..7_258_118_400.0).contains(&seconds)
    })
}

/// As ISO 8601 has it, as a count ([`written`]), or as mail has it ([`rfc1123`]).
pub fn any(value: &Tree) -> Time {
    match written(value) {
        Err(NoTime::Form) => rfc1123(value),
        time => time,
    }
}

/// `Fri 20 Nov 2026 10:00:00 GMT`: RFC 1123, with or without its comma. The day of the week is not
/// asked for its opinion.
pub fn rfc1123(value: &Tree) -> Time {
    let text = value.as_text().ok_or(NoTime::Form)?.replace(',', " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let words = match words.first().ok_or(NoTime::Form)?.starts_with(|c: char| c.is_ascii_digit()) {
        true => words.as_slice(),
        false => &words[1..],
    };
    let [date @ .., zone] = words else { return Err(NoTime::Form) };
    let at = NaiveDateTime::parse_from_str(&date.join(" "), "%d %b %Y %H:%M:%S%.f")
        .map_err(|_| NoTime::Form)?;
    if ["GMT", "UTC", "UT", "Z"].iter().any(|utc| is_word(zone, utc)) {
        return instant(at.and_utc());
    }
    let text = format!("{} {zone}", at.format("%Y-%m-%d %H:%M:%S%.f"));
    let at = DateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f %z");
    instant(at.map_err(|_| NoTime::Form)?.to_utc())
}

/// A date and a time of day of which only the digits count: `2026-11-20` and `10-00-00-123`.
pub fn digits(date: &str, time: &str) -> Time {
    let numbers = |text: &str| -> Result<Vec<u32>, NoTime> {
        let digits = text.split(|c: char| !c.is_ascii_digit());
        digits.map(|digits| digits.parse().map_err(|_| NoTime::Form)).collect()
    };
    let (date, time) = (numbers(date)?, numbers(time)?);
    let [year, month, day] = date[..] else { return Err(NoTime::Form) };
    let (hour, minute, second, millis) = match time[..] {
        [hour, minute, second] => (hour, minute, second, 0),
        [hour, minute, second, millis] => (hour, minute, second, millis),
        _ => return Err(NoTime::Form),
    };
    let millis = Some(millis).filter(|millis| *millis < 1000).ok_or(NoTime::Clock)?;
    let nanos = millis * 1_000_000;
    local(at(year, [month, day, hour, minute, second], nanos)?)
}

/// `[month, day, hour, minute, second]` of a year. 24:00:00 is the end of its day; a leap second is
/// the last instant before the next second: one line of time, no folds.
fn at(year: u32, numbers: [u32; 5], nanos: u32) -> Result<NaiveDateTime, NoTime> {
    let [month, day, hour, minute, second] = numbers;
    let date = i32::try_from(year).ok().and_then(|y| NaiveDate::from_ymd_opt(y, month, day));
    let date = date.ok_or(NoTime::Clock)?;
    let at = match (hour, minute, second, nanos) {
        (24, 0, 0, 0) => date.succ_opt().and_then(|next| next.and_hms_opt(0, 0, 0)),
        (_, _, 60, _) => date.and_hms_nano_opt(hour, minute, 59, 999_999_999),
        _ => date.and_hms_nano_opt(hour, minute, second, nanos),
    };
    at.ok_or(NoTime::Clock)
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

fn instant(at: Instant) -> Time {
    // A leap second is the last instant before the next second: one line of time, no folds.
    let nanos = at.timestamp_subsec_nanos().min(999_999_999);
    let at = DateTime::from_timestamp(at.timestamp(), nanos).ok_or(NoTime::Clock)?;
    YEARS.contains(&at.year()).then_some(CapturedAt::Instant(at)).ok_or(NoTime::Clock)
}

fn local(at: NaiveDateTime) -> Time {
    YEARS.contains(&at.year()).then_some(CapturedAt::Local(at)).ok_or(NoTime::Clock)
}

#[cfg(test)]
mod tests;
