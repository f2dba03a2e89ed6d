//! Traps of clocks and calendars: each has cost somebody money, and has one right value.

use super::common::{at, bill_of, file, hourly, lasting, stay, table, total, unpriced};
use super::tables;
use rates::{Format, Unpriced, paid_until};

#[test]
pub fn an_hour_that_the_clock_skips_is_not_charged() {
    let table = hourly("2.00", "", "");
    assert_eq!(total(&table, "2026-03-29T01:30+01:00", "2026-03-29T03:30+02:00"), 200);
}

#[test]
pub fn an_hour_that_happens_twice_is_charged_twice() {
    let table = hourly("2.00", "", "");
    assert_eq!(total(&table, "2026-10-25T01:30+02:00", "2026-10-25T03:30+01:00"), 600);
}

/// practicalid.blogspot.com/2007/03/how-dst-cost-me-5.html
#[test]
pub fn the_time_to_leave_is_reckoned_by_instants() {
    let table = hourly("5.00", r#"leave_grace = "PT15M""#, "");
    let mut stay = stay("2026-03-29T00:25+01:00", "2026-03-29T01:55+01:00");
    stay.paid_at = Some(at("2026-03-29T01:24+01:00"));
    stay.credit = 500;
    assert_eq!(bill_of(&table, &stay).due, 500, "31 minutes after paying");
    stay.paid_at = Some(at("2026-03-29T01:25+01:00"));
    stay.segments[0].until = at("2026-03-29T01:35+01:00");
    assert_eq!(bill_of(&table, &stay).due, 0);
    // Paid a minute before the clocks go forward, out when the clock shows an hour and nine minutes more.
    let mut stay = super::common::stay("2026-03-29T00:59+01:00", "2026-03-29T03:08+02:00");
    stay.paid_at = Some(at("2026-03-29T01:59+01:00"));
    stay.credit = 500;
    assert_eq!(bill_of(&table, &stay).due, 0, "nine minutes, whatever the clock says");
    stay.segments[0].until = at("2026-03-29T03:14+02:00");
    assert_eq!(bill_of(&table, &stay).due, 500, "exactly the time to leave is too late");
}

#[test]
pub fn twenty_four_hours_are_not_a_day_by_the_clock() {
    let with = |period: &str| {
        let cap = format!(
            "[[product.cap]]\nname = \"day\"\namount = \"20.00\"\nperiod = \"{period}\"\nholds = \"repeats\"\n"
        );
        total(&hourly("2.00", "", &cap), "2026-10-24T20:00+02:00", "2026-10-25T20:00+01:00")
    };
    assert_eq!(with("PT24H"), 2200);
    assert_eq!(with("P1D"), 2000);
    assert_eq!(with("calendar_day"), 2800);
}

#[test]
pub fn a_night_costs_the_same_with_seven_hours_and_with_nine() {
    let table = table(
        "Europe/Berlin",
        "EUR",
        "",
        r#"
[[product]]
name = "night"
otherwise = "closed"
[[product.line]]
name = "night"
when = { from = "22:00", until = "06:00" }
price = { kind = "flat", amount = "5.00", each = "window" }
"#,
    );
    assert_eq!(total(&table, "2026-10-24T22:00+02:00", "2026-10-25T06:00+01:00"), 500);
    assert_eq!(total(&table, "2026-03-28T22:00+01:00", "2026-03-29T06:00+02:00"), 500);
}

#[test]
pub fn a_boundary_that_the_clock_skips_holds_from_the_first_instant_behind_the_gap() {
    let table = table(
        "Europe/Berlin",
        "EUR",
        "",
        r#"
[[product]]
name = "hours"
[[product.line]]
name = "night"
when = { from = "00:00", until = "02:30" }
price = { kind = "per_unit", amount = "1.00", per = "PT1H", step = "exact" }
[[product.line]]
name = "day"
when = { from = "02:30", until = "24:00" }
price = { kind = "per_unit", amount = "2.00", per = "PT1H", step = "exact" }
"#,
    );
    let stay = stay("2026-03-29T00:00+01:00", "2026-03-29T04:00+02:00");
    let bill = bill_of(&table, &stay);
    assert_eq!(bill.total, 400);
    assert_eq!(bill.lines[1].from, at("2026-03-29T03:00+02:00"));
    // In autumn 02:30 happens twice: the first is meant.
    let bill =
        bill_of(&table, &super::common::stay("2026-10-25T00:00+02:00", "2026-10-25T04:00+01:00"));
    assert_eq!(bill.lines[1].from, at("2026-10-25T02:30+02:00"));
}

#[test]
pub fn a_unit_over_midnight_is_one_unit() {
    let cap = "[[product.cap]]\nname = \"day\"\namount = \"20.00\"\nperiod = \"calendar_day\"\nholds = \"repeats\"\n";
    let table = hourly("5.00", "", cap);
    assert_eq!(total(&table, "2026-03-06T23:30+01:00", "2026-03-07T00:30+01:00"), 500);
    // The account is a new one: 20.00 until midnight, and as much after.
    assert_eq!(total(&table, "2026-03-06T12:00+01:00", "2026-03-07T12:00+01:00"), 4000);
}

#[test]
pub fn a_night_that_reaches_into_the_weekend_is_a_night() {
    let table = tables::australia();
    let bill = bill_of(&table, &stay("2026-03-06T20:00+11:00", "2026-03-07T17:00+11:00"));
    assert_eq!((bill.total, bill.product.as_str()), (650, "night"));
}

#[test]
pub fn a_window_ends_before_its_end() {
    let table = tables::australia();
    assert_eq!(total(&table, "2026-03-04T09:00+11:00", "2026-03-04T16:00+11:00"), 2000);
    assert_eq!(total(&table, "2026-03-04T08:59:59+11:00", "2026-03-04T16:00+11:00"), 1300);
}

#[test]
pub fn free_hours_in_a_stay_are_skipped_or_split_as_the_table_says() {
    let with = |rule: &str| {
        let table = table(
            "Europe/Berlin",
            "EUR",
            rule,
            r#"
[[product]]
name = "hours"
[[product.line]]
name = "day"
when = { from = "06:00", until = "22:00" }
price = { kind = "per_unit", amount = "2.50", per = "PT1H", step = "PT1H" }
[[product.line]]
name = "night"
when = { from = "22:00", until = "06:00" }
price = { kind = "free" }
"#,
        );
        total(&table, "2026-03-04T21:30+01:00", "2026-03-05T06:30+01:00")
    };
    assert_eq!(with(r#"free_time = "skip""#), 250);
    assert_eq!(with(r#"free_time = "split""#), 500);
}

#[test]
pub fn midnight_ends_a_window_that_begins_in_the_evening_and_a_day_that_has_no_beginning() {
    let with = |when: &str| {
        table(
            "Europe/Berlin",
            "EUR",
            "",
            &format!(
                "[[product]]\nname = \"hours\"\notherwise = \"closed\"\n[[product.line]]\nname = \"hour\"\nwhen = {{ {when} }}\nprice = {{ kind = \"per_unit\", amount = \"2.00\", per = \"PT1H\", step = \"PT1H\" }}\n"
            ),
        )
    };
    let evening = with(r#"from = "20:00", until = "00:00""#);
    let closed = unpriced(&evening, "2026-03-04T10:00+01:00", "2026-03-04T11:00+01:00");
    assert!(matches!(closed, Unpriced::NoProduct(_)), "{closed}");
    assert_eq!(total(&evening, "2026-03-04T22:00+01:00", "2026-03-05T00:00+01:00"), 400);
    let all_day = with(r#"until = "00:00""#);
    assert_eq!(total(&all_day, "2026-03-04T10:00+01:00", "2026-03-04T11:00+01:00"), 200);
}

#[test]
pub fn time_is_never_decimal_hours() {
    let table = table(
        "Europe/Berlin",
        "EUR",
        "",
        "[[product]]\nname = \"hours\"\n[[product.line]]\nname = \"hour\"\nprice = { kind = \"per_unit\", amount = \"15.00\", per = \"PT1H\", step = \"PT60S\" }\n",
    );
    assert_eq!(lasting(&table, "2026-03-04T10:00+01:00", 40 * 60), 1000);
    let hours = file(
        "Europe/Berlin",
        "EUR",
        "grace = { allowance = 0.6667 }",
        "[[product]]\nname = \"hours\"\n",
    );
    assert!(rates::read(&hours, Format::Toml).is_err());
}

const EVENING: &str = r#"
[[product]]
name = "hours"
[[product.line]]
name = "night"
when = { from = "00:00", until = "08:00" }
price = { kind = "free" }
[[product.line]]
name = "day"
when = { from = "08:00", until = "18:00" }
price = { kind = "per_unit", amount = "1.00", per = "PT1H", step = "PT1H" }
[[product.line]]
name = "evening"
when = { from = "18:00", until = "24:00" }
price = { kind = "flat", amount = "5.00", each = "window" }
"#;

/// github.com/Alliance-for-Parking-Data-Standards/APDS issue 25, cases c and a.
#[test]
pub fn money_that_is_paid_before_charging_begins_counts_from_its_beginning() {
    let flat_evening = table("Europe/Berlin", "EUR", "", EVENING);
    let first = super::common::segment("2026-03-05T00:00+01:00", "2026-03-05T00:00+01:00");
    assert_eq!(paid_until(&flat_evening, &first, 200), Ok(at("2026-03-05T10:00+01:00")));
    let all_day_free_evening = table_with_free_evening();
    let first = super::common::segment("2026-03-04T23:00+01:00", "2026-03-04T23:00+01:00");
    assert_eq!(paid_until(&all_day_free_evening, &first, 200), Ok(at("2026-03-05T10:00+01:00")));
    // New Westminster's answer: 2 hours paid at 11:00, charging from 12:00, run until 14:00.
    let noon = table("America/Vancouver", "CAD", "", &EVENING.replace("08:00", "12:00"));
    let first = super::common::segment("2026-03-04T11:00-08:00", "2026-03-04T11:00-08:00");
    assert_eq!(paid_until(&noon, &first, 200), Ok(at("2026-03-04T14:00-08:00")));
}

fn table_with_free_evening() -> rates::RateTable {
    let free = EVENING
        .replace(r#"{ kind = "flat", amount = "5.00", each = "window" }"#, r#"{ kind = "free" }"#);
    table("Europe/Berlin", "EUR", "", &free)
}

#[test]
pub fn money_that_is_paid_past_the_end_of_charging_lasts_as_crossing_says() {
    let with = |crossing: &str| {
        let table = table("Europe/Berlin", "EUR", &format!("crossing = \"{crossing}\""), EVENING);
        let first = super::common::segment("2026-03-04T17:15+01:00", "2026-03-04T17:15+01:00");
        paid_until(&table, &first, 100).unwrap()
    };
    assert_eq!(with("by_entry"), at("2026-03-04T18:15+01:00"));
    assert_eq!(with("by_segment"), at("2026-03-04T18:00+01:00"));
}
