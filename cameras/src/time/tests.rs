use super::{digits, epoch, rfc1123, written};
use crate::testing::{instant, local};
use crate::tree::Tree;

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
        "2026-03-02 07:15:30.250 GMT",
        "2026-03-02 07:15:30.250 UTC",
    ] {
        assert_eq!(written(&text(with_offset)), Some(at), "{with_offset}");
    }
    for without in ["2026-03-02T08:15:30.25", "2026-03-02 08:15:30.250", "2026/03/02 08:15:30.25"] {
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
        ("2026-03-02", "24-00-00"),
        ("2026-03-02", "08-15"),
        ("2026-03-02", "08-15-30-1000000"),
        ("99999999999-03-02", "08-15-30"),
        ("0-0-0", "0-0-0"),
        ("", ""),
    ] {
        assert_eq!(digits(date, time), None, "{date} {time}");
    }
}
