//! Published tariffs that were written down from docs/rates.md alone.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use chrono::{NaiveDateTime, TimeZone as _};
use rates::{Format, RateTable, Stay};

fn total(table: &RateTable, from: &str, until: &str) -> i64 {
    let at = |text: &str| {
        let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        table.time_zone.from_local_datetime(&local).single().unwrap().to_utc()
    };
    rates::price(table, &Stay::simple(at(from), at(until))).unwrap().total
}

/// Parkhaus National, Luzern (ktipp.ch, "Parkhäuser sind grosszügig im Aufrunden"): by the half hour,
/// and 33 minutes cost 3 francs.
#[test]
fn the_example_of_a_car_park_in_luzern() {
    let table = rates::parse(include_str!("stranger/national.toml"), Format::Toml).unwrap();
    assert_eq!(total(&table, "2026-03-02 10:00", "2026-03-02 10:33"), 300);
    assert_eq!(total(&table, "2026-03-02 10:00", "2026-03-02 10:30"), 150);
}

/// St George's Hospital, London (stgeorges.nhs.uk, car parking charges): 2.50 for each hour up to eight,
/// 25.00 above; free from 22:00 to 06:00.
#[test]
fn the_steps_of_a_hospital_in_london() {
    let table = rates::parse(include_str!("stranger/stgeorges.toml"), Format::Toml).unwrap();
    for (until, expected) in [
        ("11:00", 250),
        ("12:00", 500),
        ("13:00", 750),
        ("14:00", 1000),
        ("15:00", 1250),
        ("16:00", 1500),
        ("17:00", 1750),
        ("18:00", 2000),
        ("18:01", 2500),
    ] {
        assert_eq!(total(&table, "2026-03-02 10:00", &format!("2026-03-02 {until}")), expected);
    }
    assert_eq!(total(&table, "2026-03-02 22:00", "2026-03-03 06:00"), 0);
}
