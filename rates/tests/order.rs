//! A published parking order (the rates example of the UK's D-TRO, in its versions 3.4.0 and 4.0.0), written
//! anew in this format as it stands: `lint`, the reader or the engine finds each of its faults.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(
    clippy::format_push_string,
    clippy::too_many_lines,
    clippy::assigning_clones,
    reason = "tables are put together as text, fault by fault"
)]

mod common;

use common::{at, file};
use rates::{Fault, FaultKind, Format, Stay, Unpriced, lint, price_versions, read};

/// From, to and total of the tiers that both versions have.
const REST: &str = r#"
  { from = "PT2H", up_to = "PT2H59M59S", total = "5.00" },
  { from = "PT3H", up_to = "PT3H59M59S", total = "5.50" },
  { from = "PT4H", up_to = "PT4H59M59S", total = "6.50" },
  { from = "PT5H", up_to = "PT7H59M59S", total = "11.00" },
  { from = "PT8H", up_to = "PT10H59M59S", total = "17.00" },"#;
const VERSION_3: &str = r#"{ from = "PT1M", up_to = "PT59M59S", total = "3.20" },
  { from = "PT1H", up_to = "PT1H59M59S", total = "4.20" },"#;
const VERSION_4: &str = r#"{ from = "PT1M", up_to = "PT1H59M59S", total = "3.20" },
  { from = "PT1H", up_to = "PT1H59M59S", total = "4.20" },"#;

/// The order: Monday to Saturday 7 to 18, stays of one to eleven hours, at least 3.20 and at most 17.00.
fn order(first: &str) -> String {
    let table = file(
        "Europe/London",
        "GBP",
        "",
        &format!(
            r#"valid_from = "2024-09-22"
[[product]]
name = "pay and display"
shortest = "PT1H"
longest = "PT11H"
maximum = "17.00"
minimum = {{ amount = "3.20", when_free = "applies" }}
[[product.line]]
name = "weekdays"
when = {{ days = ["mon", "tue", "wed", "thu", "fri", "sat"], from = "07:00", until = "18:00" }}
price = {{ kind = "tiers", after = "closed", anew = {{ each = "calendar_day" }}, tiers = [
  {first}{REST}
] }}
"#
        ),
    );
    assert!(table.contains("\nvalid_from"));
    table
}

fn faults(first: &str) -> Vec<Fault> {
    lint(&read(&order(first), Format::Toml).unwrap_or_else(|error| panic!("{error}")))
}

/// What is said of each fault, in the order in which it is found.
fn check(first: &str, expected: &[(FaultKind, &str)]) {
    let found = faults(first);
    let said: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), expected.len(), "{said:#?}");
    for (fault, (kind, words)) in found.iter().zip(expected) {
        assert_eq!(fault.kind, *kind, "{fault}");
        assert!(fault.message.contains(words), "{fault}\nnot: {words}");
    }
}

use FaultKind::{Gap, MissingAnswer, NeverHolds, Overlap};

#[test]
fn the_older_version_has_ten_faults() {
    check(
        VERSION_3,
        &[
            // Sundays, and weekdays before 7 and after 18.
            (MissingAnswer, "no line covers"),
            (Gap, "between PT0S and PT1M;"),
            (Gap, "between PT59M59S and PT1H;"),
            (Gap, "between PT1H59M59S and PT2H;"),
            (Gap, "between PT2H59M59S and PT3H;"),
            (Gap, "between PT3H59M59S and PT4H;"),
            (Gap, "between PT4H59M59S and PT5H;"),
            (Gap, "between PT7H59M59S and PT8H;"),
            // A stay has at least one hour, and the first tier is for less.
            (NeverHolds, "up to PT59M59S is never charged"),
            (Gap, "between PT10H59M59S and PT11H, although"),
        ],
    );
}

#[test]
fn the_newer_version_has_two_prices_for_the_second_hour_and_eight_more() {
    check(
        VERSION_4,
        &[
            (MissingAnswer, "no line covers"),
            (Gap, "between PT0S and PT1M;"),
            (Overlap, "between PT1H and PT1H59M59S;"),
            (Gap, "between PT1H59M59S and PT2H;"),
            (Gap, "between PT2H59M59S and PT3H;"),
            (Gap, "between PT3H59M59S and PT4H;"),
            (Gap, "between PT4H59M59S and PT5H;"),
            (Gap, "between PT7H59M59S and PT8H;"),
            (Gap, "between PT10H59M59S and PT11H, although"),
        ],
    );
}

/// What it leaves to the reader: what comes after the last tier, and when they begin anew (a time of day
/// stands there, 18:00, at which the charging ends).
#[test]
fn what_the_order_does_not_say_is_asked() {
    for (said, asked) in [
        (r#"after = "closed", "#, "after is missing"),
        (r#"anew = { each = "calendar_day" }, "#, "anew is missing"),
        (r#", when_free = "applies""#, "when_free is missing"),
    ] {
        let text = order(VERSION_4);
        assert!(text.contains(said));
        let table = read(&text.replace(said, ""), Format::Toml).unwrap();
        let told = lint(&table);
        let found = told.iter().any(|fault| {
            fault.kind == MissingAnswer
                && format!("{} {}", fault.place, fault.message)
                    .contains(asked.split(' ').next().unwrap())
        });
        assert!(found, "{asked}: {told:#?}");
    }
}

/// Its amounts are binary floats, and its lengths of time are written as times of day.
#[test]
fn its_floats_and_its_lengths_as_times_of_day_are_refused() {
    for (from, to, told) in [
        (r#""3.20""#, "3.2", "in quotes"),
        (r#""PT1H59M59S""#, r#""01:59:59""#, "is no length of time"),
    ] {
        let error = read(&order(VERSION_4).replace(from, to), Format::Toml).unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
    }
}

/// The order is in force from 22 September, its rates are valid from 10 December: there is no price in
/// between, and that is not 0.
#[test]
fn the_time_before_its_rates_has_no_price() {
    let mut table = common::hourly("3.20", "", "");
    table.valid_from = Some("2024-12-10".parse().unwrap());
    let from = at("2024-10-01T10:00+02:00");
    let stay = Stay::simple(from, from + chrono::TimeDelta::hours(1));
    assert_eq!(price_versions(&[table], &stay), Err(Unpriced::NoVersion(from)));
}

/// The order as its authors may have meant it.
#[test]
fn without_its_faults_it_is_a_table() {
    let tiers = REST
        .replace("59M59S", "")
        .replace("\"PT2H\", up_to = \"PT2H\"", "\"PT2H\", up_to = \"PT3H\"")
        .replace("\"PT3H\", up_to = \"PT3H\"", "\"PT3H\", up_to = \"PT4H\"")
        .replace("\"PT4H\", up_to = \"PT4H\"", "\"PT4H\", up_to = \"PT5H\"")
        .replace("\"PT5H\", up_to = \"PT7H\"", "\"PT5H\", up_to = \"PT8H\"")
        .replace("\"PT8H\", up_to = \"PT10H\"", "\"PT8H\", up_to = \"PT11H\"");
    let first = r#"{ up_to = "PT1H", total = "3.20" }, { up_to = "PT2H", total = "4.20" },"#;
    let text = order(first)
        .replace(REST, &tiers)
        .replace("shortest = \"PT1H\"\n", "otherwise = \"free\"\n");
    let table = rates::parse(&text, Format::Toml).unwrap_or_else(|error| panic!("{error}"));
    for (hours, pounds) in [(1, 320), (2, 420), (3, 500), (5, 650), (8, 1100), (11, 1700)] {
        assert_eq!(common::lasting(&table, "2026-03-04T07:00+00:00", hours * 3600), pounds);
    }
}
