//! What holds for every table and every stay.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(
    clippy::format_push_string,
    clippy::too_many_lines,
    clippy::assigning_clones,
    reason = "tables are put together as text, fault by fault"
)]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::{at, file};
use proptest::prelude::*;
use rates::{Bill, Format, Price, RateTable, Stay, Unpriced, Visit, lint, price, read};

/// One product of one to three lines by the clock, with caps and a minimum.
fn product(name: &'static str) -> impl Strategy<Value = String> {
    let unit = (0_u32..900, prop::sample::select(vec!["PT1H", "PT30M", "PT20M", "exact"]), 0..4_u8);
    let cap = prop::option::of((
        200_u32..4000,
        prop::sample::select(vec!["PT24H", "P1D", "calendar_day", "PT168H"]),
        prop::sample::select(vec!["once", "repeats"]),
    ));
    (prop::collection::vec(unit, 1..4), cap, prop::option::of(1_u32..600)).prop_map(
        move |(units, cap, minimum)| {
            let edges = ["00:00", "07:00", "18:30", "24:00"];
            let mut text = format!("[[product]]\nname = \"{name}\"\n");
            if let Some(minimum) = minimum {
                text += &format!("minimum = {{ amount = \"{}.{:02}\", when_free = \"applies\" }}\n", minimum / 100, minimum % 100);
            }
            let count = units.len();
            for (number, (amount, step, kind)) in units.into_iter().enumerate() {
                let until = if number + 1 == count { "24:00" } else { edges[number + 1] };
                let money = format!("{}.{:02}", amount / 100, amount % 100);
                let price = match kind {
                    0 if count > 1 => r#"kind = "free""#.to_owned(),
                    1 => format!(r#"kind = "flat", amount = "{money}", each = "window""#),
                    _ => format!(r#"kind = "per_unit", amount = "{money}", per = "PT1H", step = "{step}""#),
                };
                let when = if count == 1 { String::new() } else { format!("when = {{ from = \"{}\", until = \"{until}\" }}\n", edges[number]) };
                text += &format!("[[product.line]]\nname = \"l{number}\"\n{when}price = {{ {price} }}\n");
            }
            if let Some((amount, period, holds)) = cap {
                text += &format!("[[product.cap]]\nname = \"cap\"\namount = \"{}.{:02}\"\nperiod = \"{period}\"\nholds = \"{holds}\"\n", amount / 100 + 10, amount % 100);
            }
            text
        },
    )
}

fn rules() -> impl Strategy<Value = String> {
    (
        prop::sample::select(vec![r#""none""#, r#"{ forgives = "PT15M" }"#, r#"{ allowance = "PT40M" }"#]),
        prop::sample::select(vec!["by_entry", "by_segment"]),
        prop::sample::select(vec!["skip", "split"]),
        prop::sample::select(vec!["half_up", "half_even", "up", "down"]),
    )
        .prop_map(|(grace, crossing, free, mode)| {
            format!("grace = {grace}\ncrossing = \"{crossing}\"\nfree_time = \"{free}\"\nrounding = {{ mode = \"{mode}\", to = \"0.01\" }}")
        })
}

/// A table that lints.
fn sound(rules: &str, products: &str) -> Option<RateTable> {
    let text = file("Europe/Berlin", "EUR", rules, products);
    let table = read(&text, Format::Toml).unwrap_or_else(|error| panic!("{error}\n{text}"));
    lint(&table).is_empty().then_some(table)
}

/// Around both clock changes of 2026, and in between.
fn entry() -> impl Strategy<Value = DateTime<Utc>> {
    let starts = ["2026-03-27T00:00+01:00", "2026-10-23T00:00+02:00", "2026-06-01T00:00+02:00"];
    (prop::sample::select(starts.to_vec()), 0_i64..3 * 86_400)
        .prop_map(|(start, seconds)| at(start) + TimeDelta::seconds(seconds))
}

fn bill(table: &RateTable, from: DateTime<Utc>, seconds: i64) -> Bill {
    price(table, &Stay::simple(from, from + TimeDelta::seconds(seconds))).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn lines_sum_to_the_total(rules in rules(), product in product("a"), entry in entry(), seconds in 0_i64..9 * 86_400) {
        let Some(table) = sound(&rules, &product) else { return Ok(()) };
        let bill = bill(&table, entry, seconds);
        prop_assert_eq!(bill.lines.iter().map(|line| line.amount).sum::<i64>(), bill.total);
        prop_assert_eq!(bill.total, bill.due + bill.paid);
        prop_assert!(bill.total >= 0);
    }

    /// Of one product, whose window does not end: then the next product would be charged.
    #[test]
    fn a_longer_stay_of_one_product_never_costs_less(rules in rules(), product in product("a"), entry in entry(), seconds in 0_i64..4 * 86_400, more in 0_i64..2 * 86_400) {
        let Some(table) = sound(&rules, &product) else { return Ok(()) };
        let (short, long) = (bill(&table, entry, seconds), bill(&table, entry, seconds + more));
        prop_assert!(short.total <= long.total, "{short:#?}\n{long:#?}");
    }

    /// The windows that end, by name: a product that asks when a car leaves (`leave`) or how long it
    /// stays at least (`shortest`) can make a longer stay cheaper, and nothing else can.
    #[test]
    fn a_longer_stay_costs_less_only_by_a_product_that_asks_for_it(rules in rules(), a in product("a"), bird in 0_u32..3000, shortest in 1_u32..20, entry in entry(), seconds in 0_i64..2 * 86_400, more in 0_i64..86_400) {
        let money = format!("{}.{:02}", bird / 100, bird % 100);
        let flat = format!("price = {{ kind = \"flat\", amount = \"{money}\", each = \"stay\" }}");
        let special = format!("[[product]]\nname = \"leave\"\nleave = {{ days_after = 0, when = {{ from = \"15:00\", until = \"20:00\" }} }}\n[[product.line]]\nname = \"l\"\n{flat}\n[[product]]\nname = \"shortest\"\nshortest = \"PT{shortest}H\"\n[[product.line]]\nname = \"l\"\n{flat}\n");
        let Some(table) = sound(&rules, &format!("{a}{special}")) else { return Ok(()) };
        let (short, long) = (bill(&table, entry, seconds), bill(&table, entry, seconds + more));
        if long.total < short.total {
            prop_assert!(["leave", "shortest"].contains(&long.product.as_str()), "{long:#?}");
        }
    }

    #[test]
    fn a_permuted_table_bills_alike(rules in rules(), a in product("a"), b in product("b"), entry in entry(), seconds in 0_i64..4 * 86_400) {
        let rights = "[[product]]\nname = \"tiers\"\n[[product.line]]\nname = \"l\"\nprice = { kind = \"tiers\", anew = \"never\", after = \"nothing_more\", tiers = [{ up_to = \"PT1H\", total = \"1.10\" }, { up_to = \"PT5H\", total = \"4.30\" }, { up_to = \"PT9H\", total = \"20.00\" }] }\n[[discount]]\nname = \"third\"\norder = 2\nfor_right = \"shop\"\noff = { percent = \"33\" }\n[[discount]]\nname = \"euro\"\norder = 1\nfor_right = \"shop\"\noff = { amount = \"1.00\" }\n";
        let Some(table) = sound(&rules, &format!("{a}{b}{rights}")) else { return Ok(()) };
        let mut permuted = table.clone();
        permuted.products.reverse();
        for product in &mut permuted.products {
            product.lines.reverse();
            product.caps.reverse();
            for line in &mut product.lines {
                if let Price::Tiers { tiers, .. } = &mut line.price {
                    tiers.reverse();
                }
            }
        }
        permuted.discounts.reverse();
        permuted.taxes.reverse();
        let mut stay = Stay::simple(entry, entry + TimeDelta::seconds(seconds));
        stay.validations = vec!["shop".to_owned()];
        let (mut one, mut other) = (price(&table, &stay).unwrap(), price(&permuted, &stay).unwrap());
        // The caps are shown in the table's order.
        one.caps.sort_by(|a, b| a.name.cmp(&b.name));
        other.caps.sort_by(|a, b| a.name.cmp(&b.name));
        prop_assert_eq!(one, other);
    }

    /// A driver who goes out and comes back at once pays no less, where coming back is one stay.
    #[test]
    fn a_split_is_never_cheaper_where_reentry_says_so(rules in rules(), a in product("a"), b in product("b"), entry in entry(), seconds in 2_i64..4 * 86_400, share in 0_i64..1000) {
        let rules = format!("{rules}\nreentry = {{ one_stay_within = \"PT1H\" }}");
        let Some(table) = sound(&rules, &format!("{a}{b}")) else { return Ok(()) };
        let whole = bill(&table, entry, seconds);
        let first = seconds * share / 1000;
        let out = entry + TimeDelta::seconds(first);
        let paid = bill(&table, entry, first).total;
        let mut second = Stay::simple(out, entry + TimeDelta::seconds(seconds));
        second.earlier = vec![Visit { from: entry, until: out, paid }];
        let rest = price(&table, &second).unwrap();
        prop_assert!(paid + rest.due >= whole.total);
    }

    /// What is charged by what elapses costs the same, whatever the clock does in between.
    #[test]
    fn a_clock_change_changes_no_elapsed_time(amount in 1_u32..900, seconds in 0_i64..3 * 86_400, shift in 0_i64..86_400) {
        let table = common::hourly(&format!("{}.{:02}", amount / 100, amount % 100), "", "");
        let plain = bill(&table, at("2026-06-01T00:00+02:00"), seconds).total;
        for change in ["2026-03-28T12:00+01:00", "2026-10-24T12:00+02:00"] {
            prop_assert_eq!(bill(&table, at(change) + TimeDelta::seconds(shift), seconds).total, plain);
        }
    }

    /// Any text: the reader says what is wrong, and what lints can be charged without a panic.
    #[test]
    fn no_table_that_lints_makes_a_panic(rules in rules(), a in product("a"), cut in any::<prop::sample::Index>(), noise in "[0-9a-zA-Z\"=.\\-]{0,4}", entry in entry(), seconds in -86_400_i64..400 * 86_400) {
        let mut text = file("Europe/Berlin", "EUR", &rules, &a);
        let at = cut.index(text.len());
        text.insert_str(at, &noise);
        if let Ok(table) = rates::parse(&text, Format::Toml) {
            match price(&table, &Stay::simple(entry, entry + TimeDelta::seconds(seconds))) {
                Ok(bill) => prop_assert_eq!(bill.lines.iter().map(|line| line.amount).sum::<i64>(), bill.total),
                Err(Unpriced::BadTable(message) | Unpriced::Unanswered(message)) => prop_assert!(false, "{message}"),
                Err(_) => {}
            }
        }
    }
}

/// No type of the crate holds a binary float.
#[test]
fn no_source_knows_a_float() {
    fn look(folder: &std::path::Path) -> usize {
        let mut files = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files += look(&path);
                continue;
            }
            files += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            for word in ["f32", "f64"] {
                assert!(!text.contains(word), "{} knows {word}", path.display());
            }
        }
        files
    }
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert!(look(&source) > 20);
}
