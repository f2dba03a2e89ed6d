//! A stay that two versions of a table charge, each its own time: what belongs to the whole stay is
//! reckoned once.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(
    clippy::format_push_string,
    clippy::too_many_lines,
    clippy::assigning_clones,
    reason = "tables are put together as text, fault by fault"
)]

mod common;

use common::{at, hourly, stay};
use rates::{Bill, RateTable, Stay, price_versions};

/// 2.00 an hour until midnight, 3.00 after it, by the versions of their time.
fn versions(rules: &str, more: &str) -> [RateTable; 2] {
    let rules = format!("{rules}\nchange_while_parked = \"segment\"");
    let mut old = hourly("2.00", &rules, more);
    old.valid_until = Some("2026-03-05".parse().unwrap());
    let mut new = hourly("3.00", &rules, more);
    (new.version, new.valid_from) = (2, old.valid_until);
    [new, old]
}

fn bill(tables: &[RateTable], stay: &Stay) -> Bill {
    let bill = price_versions(tables, stay).unwrap();
    assert_eq!(bill.lines.iter().map(|line| line.amount).sum::<i64>(), bill.total);
    assert_eq!(bill.total, bill.due + bill.paid);
    bill
}

/// Ten minutes by the old price, an hour and ten by the new one.
fn over_midnight() -> Stay {
    stay("2026-03-04T23:50+01:00", "2026-03-05T01:10+01:00")
}

#[test]
fn a_stay_is_forgiven_as_a_whole_or_not_at_all() {
    let tables = versions(r#"grace = { forgives = "PT15M" }"#, "");
    assert_eq!(bill(&tables, &over_midnight()).total, 200 + 600);
    let short = stay("2026-03-04T23:55+01:00", "2026-03-05T00:05+01:00");
    assert_eq!(bill(&tables, &short).total, 0);
    assert_eq!(bill(&tables, &over_midnight()).rules.grace, tables[1].rules.grace);
}

#[test]
fn the_first_minutes_are_free_once() {
    let tables = versions(r#"grace = { allowance = "PT30M" }"#, "");
    // 20 of the 30 minutes are after midnight, so of 85 there 65 are charged: two hours begun.
    let stay = stay("2026-03-04T23:50+01:00", "2026-03-05T01:25+01:00");
    assert_eq!(bill(&tables, &stay).total, 600);
}

#[test]
fn paying_and_leaving_in_time_ends_both_parts() {
    let tables = versions(r#"leave_grace = "PT15M""#, "");
    let mut stay = stay("2026-03-04T23:00+01:00", "2026-03-05T00:05+01:00");
    stay.paid_at = Some(at("2026-03-04T23:55+01:00"));
    assert_eq!(bill(&tables, &stay).total, 200);
    // Too late: the whole time is charged, in both parts.
    stay.segments[0].until = at("2026-03-05T00:15+01:00");
    assert_eq!(bill(&tables, &stay).total, 200 + 300);
}

#[test]
fn a_discount_is_taken_off_once() {
    let discount = |off: &str| {
        format!("[[discount]]\nname = \"shop\"\norder = 1\nfor_right = \"shop\"\noff = {off}\n")
    };
    let with = |off: &str| {
        let mut stay = over_midnight();
        stay.validations = vec!["shop".to_owned()];
        bill(&versions("", &discount(off)), &stay).total
    };
    assert_eq!(with(r#"{ amount = "3.00" }"#), 800 - 300);
    assert_eq!(with(r#"{ percent = "50" }"#), 400);
    // The first 70 minutes: ten before midnight and the first hour after it.
    assert_eq!(with(r#"{ free_time = "PT70M" }"#), 300);
}

#[test]
fn a_minimum_and_a_maximum_are_those_of_the_stay() {
    let with = |own: &str| {
        let tables = versions("", "");
        let tables = tables.map(|table| {
            let text = rates::write(&table, rates::Format::Toml).unwrap();
            let text = text.replacen("name = \"hourly\"", &format!("name = \"hourly\"\n{own}"), 1);
            rates::parse(&text, rates::Format::Toml).unwrap()
        });
        bill(&tables, &over_midnight()).total
    };
    assert_eq!(with(r#"maximum = "7.00""#), 700);
    assert_eq!(with(r#"minimum = { amount = "5.00", when_free = "waived" }"#), 800);
    assert_eq!(with(r#"minimum = { amount = "9.50", when_free = "waived" }"#), 950);
}

#[test]
fn tax_is_rounded_once_and_the_whole_is_held() {
    let tax = |prices: &str| {
        let more = format!(
            "[[tax]]\nname = \"VAT\"\npercent = \"7\"\nprices = \"{prices}\"\nrounding = \"up\"\n"
        );
        let tables = versions(r#"hold_above = { amount = "7.00" }"#, "");
        let tables = tables.map(|table| {
            let text = rates::write(&table, rates::Format::Toml).unwrap();
            let text = text.replacen("name = \"hourly\"", "name = \"hourly\"\ntax = \"VAT\"", 1);
            rates::parse(&(text + &more), rates::Format::Toml).unwrap()
        });
        let bill = bill(&tables, &over_midnight());
        (bill.total, bill.taxes.len(), bill.taxes[0].tax, bill.held.is_some())
    };
    // 7 percent inside 8.00 are 0.5234: for each part they would be 0.14 and 0.40.
    assert_eq!(tax("include_tax"), (800, 1, 53, true));
    assert_eq!(tax("exclude_tax"), (856, 1, 56, true));
}
