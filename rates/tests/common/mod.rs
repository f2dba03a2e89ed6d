//! Tables and stays for tests.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rates::{Bill, Format, RateTable, Segment, Stay, Unpriced};

/// The file of a table: its head, its rules (those that are named replace the usual ones) and the rest.
pub fn file(zone: &str, currency: &str, rules: &str, rest: &str) -> String {
    let mut all: BTreeMap<&str, &str> = [
        ("rounding", r#"{ mode = "half_up", to = "0.01" }"#),
        ("grace", r#""none""#),
        ("leave_grace", r#""PT0S""#),
        ("crossing", r#""by_entry""#),
        ("change_while_parked", r#""entry""#),
        ("free_time", r#""skip""#),
        ("reentry", r#""separate""#),
        ("hold_above", r#""never""#),
    ]
    .into();
    if ["JPY"].contains(&currency) {
        all.insert("rounding", r#"{ mode = "half_up", to = "1" }"#);
    }
    for line in rules.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line.split_once('=').unwrap();
        all.insert(name.trim(), value.trim());
    }
    let rules: Vec<String> = all.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    // What belongs to the table itself stands before its first [section].
    let section = if rest.starts_with('[') { Some(0) } else { rest.find("\n[").map(|at| at + 1) };
    let (own, sections) = rest.split_at(section.unwrap_or(rest.len()));
    format!(
        "id = \"test\"\nversion = 1\nname = \"Test\"\ncurrency = \"{currency}\"\ntime_zone = \"{zone}\"\n{own}\n[rules]\n{}\n{sections}",
        rules.join("\n")
    )
}

/// The table of such a file; it has to answer everything and have no fault.
pub fn table(zone: &str, currency: &str, rules: &str, rest: &str) -> RateTable {
    let text = file(zone, currency, rules, rest);
    rates::parse(&text, Format::Toml).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// So much per started hour, in Berlin.
pub fn hourly(amount: &str, rules: &str, more: &str) -> RateTable {
    let line = format!(
        "[[product]]\nname = \"hourly\"\n[[product.line]]\nname = \"hour\"\nprice = {{ kind = \"per_unit\", amount = \"{amount}\", per = \"PT1H\", step = \"PT1H\" }}\n{more}"
    );
    table("Europe/Berlin", "EUR", rules, &line)
}

pub fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%:z")
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%:z"))
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .to_utc()
}

pub fn stay(from: &str, until: &str) -> Stay {
    Stay::simple(at(from), at(until))
}

/// The bill, whose lines have to sum to its total.
pub fn bill_of(table: &RateTable, stay: &Stay) -> Bill {
    let bill = rates::price(table, stay).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(bill.lines.iter().map(|line| line.amount).sum::<i64>(), bill.total);
    bill
}

/// The total in minor units.
pub fn total(table: &RateTable, from: &str, until: &str) -> i64 {
    bill_of(table, &stay(from, until)).total
}

/// The total of a stay of so many seconds from an instant.
pub fn lasting(table: &RateTable, from: &str, seconds: i64) -> i64 {
    let from = at(from);
    bill_of(table, &Stay::simple(from, from + chrono::TimeDelta::seconds(seconds))).total
}

pub fn unpriced(table: &RateTable, from: &str, until: &str) -> Unpriced {
    rates::price(table, &stay(from, until)).expect_err("a price")
}

pub fn segment(from: &str, until: &str) -> Segment {
    Segment::new(at(from), at(until))
}
