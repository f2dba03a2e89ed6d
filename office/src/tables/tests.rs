use chrono::{DateTime, Utc};
use rates::Stay;

use super::testing::{hourly, table, tables};
use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn stay(from: &str, until: &str) -> Stay {
    Stay::simple(at(from), at(until))
}

#[test]
fn a_stay_is_priced_by_the_version_that_holds_at_its_entry_and_by_any_that_is_named() {
    let from_may =
        RateTable { valid_from: Some("2026-05-01".parse().unwrap()), ..hourly("city", "3.00") };
    let tables = tables([hourly("city", "2.00"), from_may]);
    let april = stay("2026-04-30T20:00:00Z", "2026-04-30T23:00:00Z");
    let may = stay("2026-04-30T22:00:00Z", "2026-04-30T23:00:00Z");
    let total = |stay: &Stay| tables.price("city", stay).unwrap().total;
    assert_eq!((total(&april), total(&may)), (600, 300), "May begins at 22:00 UTC in Berlin");
    assert_eq!(tables.price_by("city", 1, &may).unwrap().total, 200);
    assert_eq!(
        tables.price("city", &may).unwrap().lines[0].version,
        2,
        "each line names its version"
    );
}

#[test]
fn no_price_is_no_price_and_says_why() {
    let until = "valid_until = \"2026-05-01\"";
    let tables = tables([table("old", until, &testing::line("hour", "2.00", ""))]);
    let june = stay("2026-06-01T08:00:00Z", "2026-06-01T09:00:00Z");
    let why = |result: Result<Bill, NoPrice>| result.unwrap_err().to_string();
    assert_eq!(
        why(tables.price("new", &june)),
        "there is no rate table `new`: put it under /admin/rate-tables/new"
    );
    assert_eq!(
        why(tables.price_by("old", 2, &june)),
        "rate table `old` has no version 2: it has 1 to 1"
    );
    assert_eq!(
        why(tables.price_by("old", 0, &june)),
        "rate table `old` has no version 0: it has 1 to 1"
    );
    assert!(why(tables.price("old", &june)).starts_with("no version of the table holds"));
}

#[test]
fn a_version_is_there_once_and_stays_as_it_was() {
    let mut tables = tables([hourly("city", "2.00"), hourly("city", "3.00")]);
    let again = |version, amount| Put {
        table: RateTable { version, ..hourly("city", amount) },
        by: "Bob".to_owned(),
        at: Instant::UNIX_EPOCH,
        version: 9,
    };
    tables.learn(again(1, "9.00"));
    tables.learn(again(4, "9.00"));
    let versions = tables.get("city").unwrap();
    assert_eq!(versions.newest(), 2, "one that is known changes nothing, none is left out");
    assert_eq!(
        tables
            .price_by("city", 1, &stay("2026-06-01T08:00:00Z", "2026-06-01T09:00:00Z"))
            .unwrap()
            .total,
        200
    );
    assert!(versions.says(&hourly("city", "3.00")) && !versions.says(&hourly("city", "2.00")));
}

#[test]
fn all_versions_of_a_table_have_one_currency_and_one_clock() {
    let tables = tables([hourly("city", "2.00")]);
    let versions = tables.get("city").unwrap();
    let pounds =
        RateTable { currency: rates::Currency::new("GBP").unwrap(), ..hourly("city", "2.00") };
    let why = versions.check(&pounds).unwrap_err().to_string();
    assert!(why.starts_with("rate table `city` has the currency EUR, and this one GBP"), "{why}");
    let london = RateTable { time_zone: chrono_tz::Europe::London, ..hourly("city", "2.00") };
    let why = versions.check(&london).unwrap_err().to_string();
    assert!(why.contains("the time zone Europe/Berlin, and this one Europe/London"), "{why}");
}
