//! What the price of a stay of a week takes: day and night, a cap for each day and one for the week.
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use chrono::{DateTime, TimeDelta};
use divan::{Bencher, black_box};
use rates::{Format, RateTable, Stay, parse, price};

fn main() {
    divan::main();
}

const TABLE: &str = r#"
id = "week"
version = 1
name = "A week"
currency = "EUR"
time_zone = "Europe/Berlin"

[rules]
rounding = { mode = "half_up", to = "0.01" }
grace = { forgives = "PT15M" }
leave_grace = "PT15M"
crossing = "by_entry"
change_while_parked = "entry"
reentry = "separate"
hold_above = "never"

[[product]]
name = "hours"
[[product.line]]
name = "day"
when = { from = "07:00", until = "22:00" }
price = { kind = "per_unit", amount = "2.40", per = "PT1H", step = "PT1H" }
[[product.line]]
name = "night"
when = { from = "22:00", until = "07:00" }
price = { kind = "per_unit", amount = "1.10", per = "PT1H", step = "PT20M" }
[[product.cap]]
name = "day"
amount = "20.00"
period = "PT24H"
holds = "repeats"
[[product.cap]]
name = "week"
amount = "100.00"
period = "PT168H"
holds = "repeats"
"#;

fn table() -> RateTable {
    parse(TABLE, Format::Toml).unwrap()
}

#[divan::bench]
fn a_week(bencher: Bencher) {
    let table = table();
    let from = DateTime::from_timestamp(1_772_700_000, 0).unwrap();
    let stay = Stay::simple(from, from + TimeDelta::days(7));
    assert_eq!(price(&table, &stay).unwrap().total, 10_000);
    bencher.bench_local(|| price(black_box(&table), black_box(&stay)));
}

#[divan::bench]
fn two_hours(bencher: Bencher) {
    let table = table();
    let from = DateTime::from_timestamp(1_772_700_000, 0).unwrap();
    let stay = Stay::simple(from, from + TimeDelta::hours(2));
    bencher.bench_local(|| price(black_box(&table), black_box(&stay)));
}
