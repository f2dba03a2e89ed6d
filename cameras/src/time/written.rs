//! Times as people and ISO 8601 write them.

use chrono::TimeDelta;

use super::{NoTime, Time, at, epoch, instant, local};
use crate::tree::{Tree, is_word};

/// A date and a time, with an offset or without.
///
/// The date is `2026-11-20`, with `/` or `.` too, or `20261120`; then `T` or a space; the time is
/// `10:00:00` or `100000`, with a fraction behind a point or a comma, or right behind the basic form
/// (`100000123`); the offset is `Z`, `UTC`, `GMT`, `+01:00`, `+0100` or `+01`, also behind a space. A count
/// since 1970 is taken too. Everything else is of a form that is not known: half understood, it
/// would be hours off.
pub fn written(value: &Tree) -> Time {
    let text = value.as_text().ok_or(NoTime::Form)?;
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) || text.parse::<f64>().is_ok() {
        return epoch(value);
    }
    let edge = text.find(['T', 't', ' ']).ok_or(NoTime::Form)?;
    let (date, rest) = (&text[..edge], text[edge + 1..].trim_start());
    let end = rest.find(|c: char| !c.is_ascii_digit() && !":.,".contains(c));
    let (time, offset) = rest.split_at(end.unwrap_or(rest.len()));
    let [year, month, day] = date_of(date)?;
    let ([hour, minute, second], nanos) = time_of(time)?;
    let offset = offset_of(offset.trim())?;
    let at = at(year, [month, day, hour, minute, second], nanos)?;
    match offset {
        Some(offset) => instant(at.checked_sub_signed(offset).ok_or(NoTime::Clock)?.and_utc()),
        None => local(at),
    }
}

/// Year, month, day.
fn date_of(text: &str) -> Result<[u32; 3], NoTime> {
    if text.len() == 8 && text.is_ascii() && !text.contains(['-', '/', '.']) {
        return Ok([number(&text[..4], 4)?, number(&text[4..6], 2)?, number(&text[6..], 2)?]);
    }
    let separator = text.chars().find(|c| !c.is_ascii_digit()).ok_or(NoTime::Form)?;
    if !['-', '/', '.'].contains(&separator) {
        return Err(NoTime::Form);
    }
    let parts: Vec<&str> = text.split(separator).collect();
    match parts[..] {
        [year, month, day] if year.len() == 4 => {
            Ok([number(year, 4)?, number(month, 2)?, number(day, 2)?])
        }
        _ => Err(NoTime::Form),
    }
}

/// Hour, minute, second; and nanoseconds.
fn time_of(text: &str) -> Result<([u32; 3], u32), NoTime> {
    let (whole, fraction) = match text.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    if whole.contains(':') {
        let parts: Vec<&str> = whole.split(':').collect();
        let [hour, minute, second] = parts[..] else { return Err(NoTime::Form) };
        return Ok(([number(hour, 2)?, number(minute, 2)?, number(second, 2)?], nanos(fraction)?));
    }
    if whole.len() < 6 || whole.len() > 6 && !fraction.is_empty() || whole.len() > 15 {
        return Err(NoTime::Form);
    }
    let (whole, more) = whole.split_at(6);
    let numbers = [number(&whole[..2], 2)?, number(&whole[2..4], 2)?, number(&whole[4..], 2)?];
    Ok((numbers, nanos(if more.is_empty() { fraction } else { more })?))
}

fn offset_of(text: &str) -> Result<Option<TimeDelta>, NoTime> {
    if text.is_empty() {
        return Ok(None);
    }
    if ["Z", "UTC", "GMT"].iter().any(|utc| is_word(text, utc)) {
        return Ok(Some(TimeDelta::zero()));
    }
    let (digits, sign) = match text.strip_prefix('+') {
        Some(digits) => (digits, 1),
        // ISO 8601 knows the typographer's minus too.
        None => (text.strip_prefix(['-', '\u{2212}']).ok_or(NoTime::Form)?, -1),
    };
    let (hours, minutes) = match (digits.len(), digits.split_once(':')) {
        (5, Some((hours, minutes))) => (hours, minutes),
        (4, None) if digits.is_ascii() => digits.split_at(2),
        (2, None) => (digits, "00"),
        _ => return Err(NoTime::Form),
    };
    let two = |text: &str| if text.len() == 2 { number(text, 2) } else { Err(NoTime::Form) };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    if hours > 23 || minutes > 59 {
        return Err(NoTime::Form);
    }
    Ok(Some(TimeDelta::minutes(sign * i64::from(hours * 60 + minutes))))
}

/// One to `most` digits.
fn number(text: &str, most: usize) -> Result<u32, NoTime> {
    let is_number =
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return Err(NoTime::Form);
    }
    text.parse().map_err(|_| NoTime::Form)
}

/// The fraction of a second; digits beyond the ninth are let go.
fn nanos(fraction: &str) -> Result<u32, NoTime> {
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NoTime::Form);
    }
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    digits.parse().map_err(|_| NoTime::Form)
}
