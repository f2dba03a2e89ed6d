//! The many ways in which cameras say when. Whatever is no time, or lies where no camera's clock
//! can be, is an error and never a panic.

use chrono::{DateTime, Datelike, NaiveDateTime};
use domain::Instant;

use crate::read::CapturedAt;

/// A clock that was never set shows 1970, or the day its firmware was made.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=9999;

/// An RFC 3339 time or one without offset, with `T` or a space between, up to nanoseconds.
pub fn iso(text: &str) -> Option<CapturedAt> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return instant(at.to_utc());
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text, format) {
            return local(at);
        }
    }
    None
}

/// `at`, where a camera's clock can be.
pub fn instant(at: Instant) -> Option<CapturedAt> {
    // A leap second is the last instant before the next second: one line of time, no folds.
    let at =
        DateTime::from_timestamp(at.timestamp(), at.timestamp_subsec_nanos().min(999_999_999))?;
    YEARS.contains(&at.year()).then_some(CapturedAt::Instant(at))
}

/// `at`, where a camera's clock can be.
pub fn local(at: NaiveDateTime) -> Option<CapturedAt> {
    YEARS.contains(&at.year()).then_some(CapturedAt::Local(at))
}
