//! Times as they travel. Each row says four of them and each message one, so what is written the
//! usual way is read and written by hand; chrono does what is left, and both agree (a test holds
//! that).

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, TimeDelta, Timelike};

use crate::Instant;
use crate::summary::to_millis;

/// Reads an RFC 3339 date and time to the nanosecond. Without an offset it is UTC.
pub fn parse_time(text: &str) -> Option<Instant> {
    parse_usual(text.as_bytes()).or_else(|| parse_any(text))
}

fn parse_any(text: &str) -> Option<Instant> {
    let at = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_rfc3339(&format!("{text}Z")))
        .ok()?
        .to_utc();
    // The offset can lead out of the four digits of a year, and then no one could read it back.
    if !(0..=9999).contains(&at.year()) {
        return None;
    }
    // A leap second is the last instant before the next second: one line of time, no folds.
    DateTime::from_timestamp(at.timestamp(), at.timestamp_subsec_nanos().min(999_999_999))
}

/// `2026-11-20T10:00:00Z`, with up to nine digits of a fraction; nothing else.
fn parse_usual(text: &[u8]) -> Option<Instant> {
    let (head, tail) = text.split_at_checked(19)?;
    let fraction = match tail.strip_suffix(b"Z")? {
        [] => 0,
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => {
            (digits.len()..9).try_fold(number(digits)?, |nanos, _| nanos.checked_mul(10))?
        }
        _ => return None,
    };
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', rest @ ..] = head else { return None };
    let [h1, h2, b':', n1, n2, b':', s1, s2] = rest else { return None };
    let year = i32::try_from(number(&[*y1, *y2, *y3, *y4])?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(&[*m1, *m2])?, number(&[*d1, *d2])?)?;
    let (hour, minute) = (number(&[*h1, *h2])?, number(&[*n1, *n2])?);
    let at = date.and_hms_nano_opt(hour, minute, number(&[*s1, *s2])?, fraction)?;
    Some(at.and_utc())
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u32::from(digit - b'0'))?;
        Some(number * 10 + digit)
    })
}

/// A time as the files have it: UTC, milliseconds, `Z`.
pub fn format_time(at: Instant) -> String {
    let at = to_millis(at);
    let Some(year) = u32::try_from(at.year()).ok().filter(|year| *year <= 9999) else {
        return at.to_rfc3339_opts(SecondsFormat::Millis, true);
    };
    let mut text = String::with_capacity("2026-11-20T10:00:00.000Z".len());
    let mut say = |number: u32, digits: u32, end: char| {
        for digit in (0..digits).rev() {
            text.push(char::from_digit(number / 10_u32.pow(digit) % 10, 10).unwrap_or('0'));
        }
        text.push(end);
    };
    say(year, 4, '-');
    say(at.month(), 2, '-');
    say(at.day(), 2, 'T');
    say(at.hour(), 2, ':');
    say(at.minute(), 2, ':');
    say(at.second(), 2, '.');
    say(at.timestamp_subsec_millis(), 3, 'Z');
    text
}

/// A duration as the files have it: seconds with three decimals.
pub fn format_seconds(duration: TimeDelta) -> String {
    let millis = duration.num_milliseconds();
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_read_by_hand_is_read_as_chrono_reads_it(
            text in "[0-9]{4}-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,10})?Z?",
        ) {
            if let Some(at) = parse_usual(text.as_bytes()) {
                prop_assert_eq!(Some(at), parse_any(&text), "{}", text);
            }
        }

        #[test]
        fn what_is_written_by_hand_is_what_chrono_writes(
            seconds in -62_167_219_200_i64..=253_402_300_799,
            nanos in 0..1_000_000_000_u32,
        ) {
            let at = DateTime::from_timestamp(seconds, nanos).unwrap();
            let written = format_time(at);
            prop_assert_eq!(&written, &to_millis(at).to_rfc3339_opts(SecondsFormat::Millis, true));
            prop_assert_eq!(parse_usual(written.as_bytes()), Some(to_millis(at)));
        }
    }
}
