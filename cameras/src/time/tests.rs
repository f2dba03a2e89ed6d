use super::NoTime;
use crate::CapturedAt;
use crate::testing::{instant, local};
use crate::tree::Tree;

fn epoch(value: &Tree) -> Option<CapturedAt> {
    super::epoch(value).ok()
}

fn written(value: &Tree) -> Option<CapturedAt> {
    super::written(value).ok()
}

fn rfc1123(value: &Tree) -> Option<CapturedAt> {
    super::rfc1123(value).ok()
}

fn digits(date: &str, time: &str) -> Option<CapturedAt> {
    super::digits(date, time).ok()
}

fn text(text: &str) -> Tree {
    Tree::Text(text.to_owned())
}

#[test]
fn an_epoch_is_read_in_the_unit_that_its_size_tells() {
    let at = instant("2026-03-02T07:15:30Z");
    for count in
        [1_772_435_730, 1_772_435_730_000, 1_772_435_730_000_000, 1_772_435_730_000_000_000]
    {
        assert_eq!(epoch(&Tree::Integer(count)), Some(at), "{count}");
        assert_eq!(epoch(&text(&format!(" {count} "))), Some(at), "{count} as text");
    }
    let finer = instant("2026-03-02T07:15:30.250118Z");
    assert_eq!(epoch(&Tree::Float(1_772_435_730.250_118)), Some(finer));
    assert_eq!(epoch(&text("1772435730.250118")), Some(finer));
    assert_eq!(epoch(&Tree::Integer(1_772_435_730_250_118)), Some(finer));
}

#[test]
fn the_units_do_not_overlap_at_their_ends() {
    let ends = [("2000-01-01T00:00:00Z", 946_684_800), ("2199-12-31T23:59:59Z", 7_258_118_399)];
    for (at, seconds) in ends {
        for unit in [1, 1000, 1_000_000, 1_000_000_000] {
            assert_eq!(
                epoch(&Tree::Integer(seconds * unit)),
                Some(instant(at)),
                "{seconds} {unit}"
            );
        }
    }
    for outside in [946_684_799, 7_258_118_400, i64::MAX, i64::MIN, 0] {
        assert_eq!(epoch(&Tree::Integer(outside)), None, "{outside}");
    }
    for outside in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1.0, 0.0] {
        assert_eq!(epoch(&Tree::Float(outside)), None, "{outside}");
    }
    for no_count in [Tree::Null, Tree::Bool(true), text(""), text("now"), Tree::List(Vec::new())] {
        assert_eq!(epoch(&no_count), None);
    }
}

#[test]
fn a_written_time_is_an_instant_with_an_offset_and_local_without() {
    let at = instant("2026-03-02T07:15:30.25Z");
    for with_offset in [
        "2026-03-02T07:15:30.25Z",
        "2026-03-02T08:15:30.2500000+01:00",
        "2026-03-02 08:15:30.250+01:00",
        "2026-03-02T08:15:30.250+0100",
        "2026-03-02 08:15:30.250 +0100",
        "2026-03-02T08:15:30,250+01:00",
        "2026-03-02T08:15:30.25+01",
        "2026-03-02T02:15:30.25\u{2212}05:00",
        "20260302T081530.25+0100",
        "20260302T081530,25+0100",
        "20260302 081530250+0100",
        "20260302T071530250Z",
        "2026-03-02t07:15:30.25z",
        "2026-03-02 07:15:30.250 GMT",
        "2026-03-02 07:15:30.250 utc",
        "2026-03-02 07:15:30.250 UTC",
    ] {
        assert_eq!(written(&text(with_offset)), Some(at), "{with_offset}");
    }
    for without in [
        "2026-03-02T08:15:30.25",
        "2026-03-02 08:15:30.250",
        "2026/03/02 08:15:30.25",
        "2026.3.2 8:15:30,25",
        "20260302 081530250",
        "20260302T081530.25",
    ] {
        assert_eq!(written(&text(without)), Some(local("2026-03-02T08:15:30.25")), "{without}");
    }
}

#[test]
fn a_leap_second_is_the_last_instant_before_the_next() {
    let at = written(&text("2016-12-31T23:59:60Z"));
    assert_eq!(at, Some(instant("2016-12-31T23:59:59.999999999Z")));
}

#[test]
fn a_text_that_is_no_time_is_none() {
    for no_time in
        ["", "2026", "1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "2026-13-01 00:00:00"]
    {
        assert_eq!(written(&text(no_time)), None, "{no_time}");
        assert_eq!(rfc1123(&text(no_time)), None, "{no_time}");
    }
    for no_time in ["Mon 30 Feb 2026 07:15:30 GMT", "Mon", "02", "Mon 02 Mar 2026 07:15:30 there"] {
        assert_eq!(rfc1123(&text(no_time)), None, "{no_time}");
    }
}

#[test]
fn a_time_as_mail_has_it_is_read_with_and_without_comma_and_day() {
    let at = Some(instant("2026-03-02T07:15:30Z"));
    for mail in [
        "Mon, 02 Mar 2026 07:15:30 GMT",
        "Mon 02 Mar 2026 07:15:30 GMT",
        // It was a Monday.
        "Tue 2 Mar 2026 07:15:30 UTC",
        "2 Mar 2026 08:15:30 +0100",
    ] {
        assert_eq!(rfc1123(&text(mail)), at, "{mail}");
    }
}

#[test]
fn of_a_date_and_a_time_apart_only_the_digits_count() {
    let at = Some(local("2026-03-02T08:15:30.25"));
    assert_eq!(digits("2026-03-02", "08-15-30-250"), at);
    assert_eq!(digits("2026/03/02", "08:15:30.250"), at);
    assert_eq!(digits("2026-03-02", "08-15-30"), Some(local("2026-03-02T08:15:30")));
    for (date, time) in [
        ("2026-02-30", "08-15-30-250"),
        ("2026-03-02", "24-00-01"),
        ("2026-03-02", "08-15"),
        ("2026-03-02", "08-15-30-1000000"),
        ("99999999999-03-02", "08-15-30"),
        ("0-0-0", "0-0-0"),
        ("", ""),
    ] {
        assert_eq!(digits(date, time), None, "{date} {time}");
    }
}

#[test]
fn twenty_four_hours_are_the_end_of_their_day() {
    let at = Some(instant("2026-03-03T00:00:00Z"));
    for end in ["2026-03-02T24:00:00Z", "20260302T240000,000Z", "2026-03-03T01:00:00+01:00"] {
        assert_eq!(written(&text(end)), at, "{end}");
    }
    assert_eq!(digits("2026-12-31", "24-00-00"), Some(local("2027-01-01T00:00:00")));
    for later in ["2026-03-02T24:00:01Z", "2026-03-02T24:30:00Z", "2026-03-02T25:00:00Z"] {
        assert_eq!(super::written(&text(later)), Err(NoTime::Clock), "{later}");
    }
}

#[test]
fn a_form_that_is_not_known_is_no_fault_of_the_clock() {
    for form in [
        "2026-03-02T08:15+01:00",
        "2026-03-02T08:15:30+8:00",
        "2026-03-02T08:15:30+01:00[Europe/Berlin]",
        "2026-03-02T08:15:30 CET",
        "2026-W10-1T08:15:30Z",
        "02.03.2026 08:15:30",
        "03/02/2026 08:15:30 AM",
        "2026-03-02",
        "08:15:30",
        "26-03-02 08:15:30",
        "20260302T0815Z",
        "2026-03-02T08:15:30+99:00",
        "this morning",
        "T",
        "é2026-03-0T",
    ] {
        assert_eq!(super::written(&text(form)), Err(NoTime::Form), "{form}");
    }
    for clock in ["1970-01-01T00:00:00Z", "2026-02-30 08:15:30", "0000-00-00 00:00:00", "0", "12"] {
        assert_eq!(super::written(&text(clock)), Err(NoTime::Clock), "{clock}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_a_time_that_is_out_of_bounds(text in "[0-9TtZz:.,+\\-/ A-Z\\[\\]é]{0,40}") {
        use chrono::Datelike as _;
        let value = Tree::Text(text.clone());
        for time in [super::written(&value), super::any(&value), super::epoch(&value), super::digits(&text, &text)] {
            let year = match time {
                Ok(CapturedAt::Instant(at)) => at.year(),
                Ok(CapturedAt::Local(at)) => at.year(),
                _ => 2000,
            };
            proptest::prop_assert!((2000..2200).contains(&year));
        }
    }
}
