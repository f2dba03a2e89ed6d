//! Which texts are times, and how far one may be ahead.

use super::*;

fn check_time(text: &str, expected: &str) {
    let at = parse_time(text).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(at.to_rfc3339_opts(SecondsFormat::AutoSi, true), expected, "{text}");
}

#[test]
fn a_time_is_rfc_3339_and_utc_where_it_says_nothing_else() {
    check_time("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z");
    check_time("2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00Z");
    check_time("2026-11-20T23:30:00-05:30", "2026-11-21T05:00:00Z");
    check_time("2026-11-20T10:00:00-00:00", "2026-11-20T10:00:00Z");
    check_time("2026-11-20T10:00:00", "2026-11-20T10:00:00Z");
    check_time("2026-11-20T10:00:00.5", "2026-11-20T10:00:00.500Z");
    check_time("2026-11-20t10:00:00z", "2026-11-20T10:00:00Z");
    check_time("2026-11-20t10:00:00.25", "2026-11-20T10:00:00.250Z");
    check_time("2026-11-20 10:00:00Z", "2026-11-20T10:00:00Z");
    check_time("2026-11-20 10:00:00", "2026-11-20T10:00:00Z");
    check_time("2026-11-20 10:00:00+01:00", "2026-11-20T09:00:00Z");
    check_time("1600-02-29T00:00:00Z", "1600-02-29T00:00:00Z");
    check_time("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z");
    check_time("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z");
}

#[test]
fn a_time_has_nanoseconds_and_what_is_finer_is_cut_off() {
    check_time("2026-11-20T10:00:00.123456789Z", "2026-11-20T10:00:00.123456789Z");
    check_time("2026-11-20T10:00:00.1234567899Z", "2026-11-20T10:00:00.123456789Z");
    check_time("2026-11-20T10:00:00.000000001", "2026-11-20T10:00:00.000000001Z");
}

#[test]
fn a_leap_second_is_the_last_instant_before_the_next() {
    check_time("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999999Z");
    check_time("2016-12-31T23:59:60.75Z", "2016-12-31T23:59:59.999999999Z");
    check_time("2017-01-01T00:59:60+01:00", "2016-12-31T23:59:59.999999999Z");
    check_time("2016-12-31T23:59:60", "2016-12-31T23:59:59.999999999Z");
}

#[test]
fn what_is_no_time_is_none() {
    for text in [
        "",
        "now",
        "1700000000",
        "2026-11-20",
        "10:00:00",
        "2026-11-20T10:00",
        "2026-11-20T24:00:00Z",
        "2026-02-29T10:00:00Z",
        "2026-13-01T10:00:00Z",
        "2026-11-20T10:00:61Z",
        "2026-11-20T10:00:00 Z",
        " 2026-11-20T10:00:00Z",
        "2026-11-20T10:00:00Z ",
        "2026-11-20T10:00:00+2",
        "2026-11-20T10:00:00.",
        "2026-11-20T10:00:00.Z",
        "20261120T100000Z",
        "26-11-20T10:00:00Z",
        "2026-1-2T3:4:5",
        "2026- 1- 2T 3: 4: 5",
        "+12026-11-20T10:00:00",
        "-0044-03-15T10:00:00",
        "-262143-01-01T00:00:00",
        "2026-11-20T10:00:00ZZ",
        "2026-11-20T10:00:0:Z",
        "2026-11-20T10:00:00.:Z",
        "2026-11-20T10:00:0/Z",
        "２０２６-11-20T10:00:00Z",
        // Within the grammar, but not within four digits once they are UTC.
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ] {
        assert_eq!(parse_time(text), None, "{text}");
    }
}

#[test]
fn a_bad_time_shows_its_shape_and_no_more() {
    let check = |time: &str, shape: &str| {
        let reason = format!("bad_time: \"{shape}\" is no RFC 3339 date and time");
        refuse_field("entry_date_time", &format!("\"{time}\""), "bad_time", &reason);
    };
    check("20.11.2026, 10:00 Uhr", "99.99.9999, 99:99 aaa");
    check("ABC-123", "aaa-999");
    check(&"1".repeat(5000), &"9".repeat(40));
    check("", "");
}

#[test]
fn a_time_may_be_5_minutes_ahead_of_the_clock_and_no_more() {
    let time = |at: Instant| format!("\"{}\"", at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    let limit = now() + TimeDelta::minutes(5);
    assert_eq!(accept(&[("entry_date_time", &time(limit))]).at, limit);
    refuse_field(
        "entry_date_time",
        &time(limit + TimeDelta::nanoseconds(1)),
        "future_time",
        "future_time: 300 s ahead of the clock, at most 300 are allowed: is the camera's clock right?",
    );
    let rejection = parse(&message(&[("entry_date_time", r#""9999-12-31T23:59:59Z""#)]));
    assert_eq!(rejection.unwrap_err().code(), "future_time");
}

#[test]
fn history_is_welcome() {
    for time in ["1600-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "1969-12-31T23:59:59.9999Z"] {
        accept(&[("entry_date_time", &format!("\"{time}\""))]);
    }
}
