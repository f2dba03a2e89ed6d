//! The ready tables: each says what it costs, on examples reckoned by hand.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use chrono::{NaiveDateTime, TimeZone as _};
use rates::{Bill, Format, Language, RateTable, Segment, Stay, Unpriced};

fn ready(name: &str) -> RateTable {
    let path = format!("{}/tables/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    rates::parse(&text, Format::Toml).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A stay by the clock of the place.
struct Case<'a> {
    from: &'a str,
    until: &'a str,
    bay: &'a str,
    right: &'a str,
    factor: Option<&'a str>,
}

fn priced(table: &RateTable, case: &Case<'_>) -> Result<Bill, Unpriced> {
    let at = |text: &str| {
        let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        table.time_zone.from_local_datetime(&local).single().unwrap().to_utc()
    };
    let rights: Vec<String> = case.right.split_whitespace().map(str::to_owned).collect();
    let factor = case.factor.map(|factor| rates::Decimal::parse(factor).unwrap());
    let segment = Segment {
        bay: case.bay.to_owned(),
        rights: rights.clone(),
        factor,
        ..Segment::new(at(case.from), at(case.until))
    };
    let mut stay = Stay::of(vec![segment]);
    stay.validations = rights;
    let bill = rates::price(table, &stay)?;
    assert_eq!(bill.lines.iter().map(|line| line.amount).sum::<i64>(), bill.total);
    Ok(bill)
}

/// Each: from, until, rights, the total in minor units.
fn check(name: &str, cases: &[(&str, &str, &str, i64)]) {
    let table = ready(name);
    for (from, until, right, total) in cases {
        let case = Case { from, until, bay: "", right, factor: None };
        let bill = priced(&table, &case).unwrap_or_else(|error| panic!("{name} {from}: {error}"));
        assert_eq!(bill.total, *total, "{name}: {from} to {until} {right}: {bill:#?}");
    }
}

#[test]
fn each_is_without_fault_and_is_explained_in_both_languages() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tables");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let table = ready(path.file_stem().unwrap().to_str().unwrap());
        assert_eq!(rates::lint(&table), []);
        let english = rates::explain(&table, Language::English);
        let german = rates::explain(&table, Language::German);
        assert_ne!(english, german);
        for product in &table.products {
            for said in [&english, &german] {
                assert!(said.contains(&product.name), "{}: {said}", product.name);
            }
        }
        for format in [Format::Toml, Format::Json] {
            let text = rates::write(&table, format).unwrap();
            assert_eq!(rates::parse(&text, format).unwrap(), table);
        }
        count += 1;
    }
    assert_eq!(count, 7);
}

#[test]
fn the_city_multi_storey() {
    check(
        "city",
        &[
            ("2026-03-02 10:00", "2026-03-02 10:09", "", 0),
            // Three half hours begun, at 1.25.
            ("2026-03-02 10:00", "2026-03-02 11:10", "", 375),
            // An hour by day, and a night.
            ("2026-03-02 19:00", "2026-03-02 21:00", "", 650),
            // The early bird is cheaper than 22.00.
            ("2026-03-02 08:00", "2026-03-02 17:00", "", 1200),
            // The first of May, a Friday, is a holiday: no early bird.
            ("2026-05-01 08:00", "2026-05-01 17:00", "", 2200),
            // Two days of 24 hours.
            ("2026-03-02 10:00", "2026-03-04 10:00", "", 4400),
            // 5.00, half of it, and 1.00 of what is left.
            ("2026-03-02 10:00", "2026-03-02 12:00", "cinema", 250),
            ("2026-03-02 10:00", "2026-03-02 12:00", "cinema shop", 150),
        ],
    );
    let table = ready("city");
    let case = Case {
        from: "2026-03-02 08:00",
        until: "2026-03-02 17:00",
        bay: "",
        right: "",
        factor: None,
    };
    let bill = priced(&table, &case).unwrap();
    // 19 percent inside 12.00: 1.9159...
    assert_eq!(
        (bill.product.as_str(), bill.taxes[0].net, bill.taxes[0].tax),
        ("early bird", 1008, 192)
    );
    assert_eq!(rates::price(&table, &Stay::without_entry()).unwrap().total, 2500);
}

#[test]
fn the_hospital() {
    check(
        "hospital",
        &[
            ("2026-03-02 10:00", "2026-03-02 10:29", "", 0),
            ("2026-03-02 10:00", "2026-03-02 10:30", "", 300),
            ("2026-03-02 10:00", "2026-03-02 13:00", "", 500),
            ("2026-03-02 10:00", "2026-03-02 15:00", "", 900),
            // 27.00 by the day; the week is cheaper.
            ("2026-03-02 10:00", "2026-03-05 10:00", "", 2000),
            // Eight days are more than the week's ticket is for.
            ("2026-03-02 10:00", "2026-03-10 10:00", "", 7200),
            ("2026-03-02 07:00", "2026-03-02 15:30", "staff", 150),
            ("2026-03-02 22:00", "2026-03-03 06:30", "staff", 300),
            ("2026-03-02 10:00", "2026-03-02 15:00", "blue-badge", 0),
        ],
    );
}

#[test]
fn the_airport() {
    let table = ready("airport");
    for (from, until, bay, total) in [
        ("2026-03-02 08:00", "2026-03-02 08:09", "terminal", 0),
        ("2026-03-02 08:00", "2026-03-02 08:20", "terminal", 300),
        ("2026-03-02 08:00", "2026-03-02 18:00", "terminal", 4800),
        ("2026-03-02 08:00", "2026-03-05 08:00", "long-stay", 4200),
        // A day begun before the summer, and one in it.
        ("2026-06-30 12:00", "2026-07-02 12:00", "long-stay", 3200),
    ] {
        let case = Case { from, until, bay, right: "", factor: None };
        let bill = priced(&table, &case).unwrap_or_else(|error| panic!("{from}: {error}"));
        assert_eq!(bill.total, total, "{from} to {until} {bay}: {bill:#?}");
    }
    // There is no price for a bay that the table does not know, and that is not 0.
    let unknown = Case {
        from: "2026-03-02 08:00",
        until: "2026-03-02 18:00",
        bay: "roof",
        right: "",
        factor: None,
    };
    assert!(matches!(priced(&table, &unknown), Err(Unpriced::NoProduct(_))));
}

#[test]
fn the_supermarket() {
    check(
        "supermarket",
        &[
            ("2026-03-02 10:00", "2026-03-02 11:30", "", 0),
            ("2026-03-02 10:00", "2026-03-02 13:00", "", 300),
            // The hour before it opens does not count.
            ("2026-03-02 06:00", "2026-03-02 09:30", "", 300),
            ("2026-03-02 23:00", "2026-03-03 06:00", "", 0),
            ("2026-03-01 10:00", "2026-03-01 18:00", "", 0),
            ("2026-03-02 10:00", "2026-03-02 13:00", "receipt", 0),
            ("2026-03-02 07:00", "2026-03-02 22:00", "", 3000),
        ],
    );
}

#[test]
fn park_and_ride() {
    check(
        "park-and-ride",
        &[
            ("2026-03-02 08:00", "2026-03-02 18:00", "train-ticket", 150),
            ("2026-03-02 08:00", "2026-03-09 07:00", "train-ticket", 600),
            ("2026-03-02 08:00", "2026-03-02 08:10", "", 0),
            ("2026-03-02 08:00", "2026-03-02 08:20", "", 200),
            ("2026-03-02 08:00", "2026-03-02 11:00", "", 300),
            ("2026-03-02 08:00", "2026-03-02 22:00", "", 1200),
        ],
    );
}

#[test]
fn the_depot() {
    let table = ready("depot");
    let at = |text: &str| {
        let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        table.time_zone.from_local_datetime(&local).single().unwrap().to_utc()
    };
    let part = |from: &str, until: &str, zone: &str| Segment {
        zone: zone.to_owned(),
        ..Segment::new(at(from), at(until))
    };
    let moves = Stay::of(vec![
        part("2026-03-02 10:00", "2026-03-02 10:20", "yard"),
        part("2026-03-02 10:20", "2026-03-02 11:10", "inner"),
        part("2026-03-02 11:10", "2026-03-02 11:50", "yard"),
    ]);
    assert_eq!(rates::price(&table, &moves).unwrap().total, 800);
    let nowhere = Stay::of(vec![part("2026-03-02 10:00", "2026-03-02 10:20", "")]);
    assert!(matches!(rates::price(&table, &nowhere), Err(Unpriced::NoProduct(_))));
}

#[test]
fn prices_by_occupancy() {
    let table = ready("dynamic");
    for (until, factor, total) in [
        ("2026-03-02 11:00", None, 360),
        ("2026-03-02 11:00", Some("1.5"), 540),
        // Four quarters at 0.60, and 20 percent.
        ("2026-03-02 10:50", Some("0.8"), 288),
        ("2026-03-02 20:00", None, 2880),
    ] {
        let case = Case { from: "2026-03-02 10:00", until, bay: "", right: "", factor };
        let bill = priced(&table, &case).unwrap();
        assert_eq!(bill.total, total, "{until} {factor:?}: {bill:#?}");
    }
    let [low, middle, high] = table.occupancy.as_slice() else { panic!("three bands") };
    assert_eq!(rates::band(&table.occupancy, Some(middle), 85), Some(high));
    assert_eq!(rates::band(&table.occupancy, Some(high), 75), Some(high));
    assert_eq!(rates::band(&table.occupancy, Some(high), 74), Some(middle));
    assert_eq!(rates::band(&table.occupancy, None, 10), Some(low));
}

#[test]
fn whoever_numbers_the_versions_needs_no_number_in_the_file_and_no_id() {
    let city = include_str!("../tables/city.toml");
    let bare = city.replace("id = \"city-multi-storey\"\n", "").replace("version = 1\n", "");
    let whole = rates::parse_unnumbered("city-multi-storey", city, Format::Toml).unwrap();
    let json = rates::write(&whole, Format::Json).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let mut without = json.clone();
    without.as_object_mut().unwrap().retain(|key, _| key != "id" && key != "version");
    for (text, format) in [
        (bare.clone(), Format::Toml),
        (city.replace("version = 1\n", "version = 7\n"), Format::Toml),
        (json.to_string(), Format::Json),
        (without.to_string(), Format::Json),
    ] {
        let read = rates::parse_unnumbered("city-multi-storey", &text, format).unwrap();
        assert_eq!(read, whole, "{text}");
    }
    let wrong =
        |text: &str, format| rates::parse_unnumbered("x", text, format).unwrap_err().to_string();
    assert!(
        wrong(city, Format::Toml)
            .contains("`id` is \"city-multi-storey\": this is the table \"x\"")
    );
    assert_eq!(wrong("{}", Format::Json), "line 1: missing field `name`");
    assert_eq!(wrong("", Format::Toml), "line 1: missing field `name`");
    let twice = bare
        .replace("name = \"night\"", "name = \"day\"")
        .replace("grace = { forgives = \"PT10M\" }\n", "");
    let both = wrong(&twice, Format::Toml);
    assert!(both.contains("rules.grace") && both.contains("\"day\" is there twice"), "{both}");
}
