//! Bays and zones that a table knows, and those that it does not.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(clippy::too_many_lines, reason = "tables are put together as text, case by case")]

mod common;

use common::{at, file, table};
use rates::{Format, RateTable, Segment, Stay, Unpriced, questions, read};

const HOUR: &str = r#"price = { kind = "per_unit", amount = "1.00", per = "PT1H", step = "PT1H" }"#;

/// Two places by day and by zone, free at night everywhere.
fn garages(more: &str) -> String {
    format!(
        "[[product]]\nname = \"hours\"\n{more}\n[[product.line]]\nname = \"third\"\nzones = [\"3rd\"]\n{HOUR}\n[[product.line]]\nname = \"D\"\nzones = [\"D\"]\n{HOUR}\n[[product.line]]\nname = \"night\"\npriority = 1\nwhen = {{ from = \"01:00\", until = \"06:00\" }}\nprice = {{ kind = \"free\" }}\n"
    )
}

fn berlin(rest: &str) -> RateTable {
    table("Europe/Berlin", "EUR", "", rest)
}

/// From 10:00 until 12:00 of a Monday.
fn at_spot(table: &RateTable, bay: &str, zone: &str) -> Result<i64, Unpriced> {
    let segment = Segment {
        bay: bay.to_owned(),
        zone: zone.to_owned(),
        ..Segment::new(at("2026-03-02T10:00+01:00"), at("2026-03-02T12:00+01:00"))
    };
    rates::price(table, &Stay::of(vec![segment])).map(|bill| bill.total)
}

fn refused(table: &RateTable, bay: &str, zone: &str) -> String {
    match at_spot(table, bay, zone) {
        Err(Unpriced::NoProduct(reasons)) => reasons.join("; "),
        other => panic!("bay {bay:?}, zone {zone:?}: {other:?}"),
    }
}

#[test]
fn a_bay_or_zone_without_a_line_is_never_free() {
    for otherwise in ["", "otherwise = \"free\"", "otherwise = \"closed\""] {
        let table = berlin(&garages(otherwise));
        assert_eq!(at_spot(&table, "", "D"), Ok(200), "{otherwise}");
        for zone in ["", "d", "E"] {
            assert!(refused(&table, "", zone).contains("no line for"), "{otherwise} {zone}");
        }
    }
    // A window of its own, and bays.
    let evening = format!(
        "[[product]]\nname = \"p\"\notherwise = \"free\"\n[[product.line]]\nname = \"l\"\nbays = [\"standard\"]\nwhen = {{ from = \"18:00\", until = \"20:00\" }}\n{HOUR}\n"
    );
    let table = berlin(&evening);
    assert_eq!(at_spot(&table, "standard", "anywhere"), Ok(0));
    refused(&table, "standrad", "");
    refused(&table, "", "");
    // The first minutes that are free for everyone are not free where nothing is known.
    let table = common::table("Europe/Berlin", "EUR", "grace = { allowance = \"PT3H\" }", &evening);
    assert_eq!(at_spot(&table, "standard", ""), Ok(0));
    refused(&table, "roof", "");
}

#[test]
fn a_line_for_all_bays_serves_each_of_them() {
    let table = berlin(&format!(
        "[[product]]\nname = \"p\"\notherwise = \"free\"\n[[product.line]]\nname = \"all\"\nwhen = {{ from = \"18:00\", until = \"20:00\" }}\n{HOUR}\n[[product.line]]\nname = \"electric\"\nbays = [\"electric\"]\npriority = 1\n{HOUR}\n"
    ));
    assert_eq!(at_spot(&table, "electric", ""), Ok(200));
    assert_eq!(at_spot(&table, "standard", ""), Ok(0));
}

#[test]
fn the_reason_names_the_zone_and_those_that_there_are() {
    let table = berlin(&garages(""));
    for (zone, told) in [
        ("F9", "hours: no line for zone \"F9\" (its lines are for 3rd, D; give one with --zone)"),
        (
            "",
            "hours: no line for a stay without a zone (its lines are for 3rd, D; give one with --zone)",
        ),
    ] {
        assert_eq!(refused(&table, "", zone), told);
    }
    let table = berlin(&format!(
        "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"l\"\nbays = [\"short\"]\nzones = [\"A\"]\n{HOUR}\n[[product.line]]\nname = \"m\"\nbays = [\"long\"]\nzones = [\"B\"]\n{HOUR}\n"
    ));
    for (bay, zone, told) in [
        (
            "roof",
            "A",
            "p: no line for bay \"roof\" (its lines are for long, short; give one with --bay)",
        ),
        (
            "",
            "A",
            "p: no line for a stay without a bay (its lines are for long, short; give one with --bay)",
        ),
        ("long", "A", "p: no line for bay \"long\" in zone \"A\""),
    ] {
        assert_eq!(refused(&table, bay, zone), told);
    }
}

fn asked(text: &str) -> Vec<String> {
    let text = file("Europe/Berlin", "EUR", "", text);
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("crossing")).collect();
    let table = read(&kept.join("\n"), Format::Toml).unwrap_or_else(|e| panic!("{e}\n{text}"));
    questions(&table).into_iter().map(|question| question.place).collect()
}

#[test]
fn what_time_without_a_line_is_is_asked_only_of_time() {
    assert_eq!(asked(&garages("")), Vec::<String>::new());
    // A combination of bay and zone that there is not is no gap either.
    let corner = format!(
        "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"l\"\nbays = [\"short\"]\nzones = [\"A\"]\n{HOUR}\n[[product.line]]\nname = \"m\"\nzones = [\"B\"]\n{HOUR}\n"
    );
    assert_eq!(asked(&corner), Vec::<String>::new());
    // A gap in the time of one zone is, even where another has none.
    let gap = format!(
        "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"l\"\nzones = [\"A\"]\nwhen = {{ from = \"08:00\", until = \"20:00\" }}\n{HOUR}\n[[product.line]]\nname = \"m\"\nzones = [\"B\"]\n{HOUR}\n"
    );
    let places = asked(&gap);
    assert!(places.len() == 1 && places[0].contains("otherwise (nothing covers"), "{places:?}");
    assert!(places[0].contains("zone \"A\""), "{places:?}");
}

#[test]
fn what_a_crossing_costs_is_asked_only_where_a_unit_can_cross() {
    let line = |name: &str, more: &str, price: &str| {
        format!("[[product.line]]\nname = \"{name}\"\n{more}\nprice = {{ {price} }}\n")
    };
    let product = |more: &str, lines: &[String]| {
        format!("[[product]]\nname = \"p\"\n{more}\n{}", lines.concat())
    };
    let hour = r#"kind = "per_unit", amount = "1.00", per = "PT1H", step = "PT1H""#;
    let dear = r#"kind = "per_unit", amount = "2.00", per = "PT1H", step = "PT1H""#;
    let flat = r#"kind = "flat", amount = "4.00", each = "stay""#;
    let tiers = r#"kind = "tiers", anew = "never", after = "closed", tiers = [{ up_to = "PT1H", total = "1.40" }]"#;
    let night = "when = { from = \"20:00\", until = \"07:00\" }";
    let day = "when = { from = \"07:00\", until = \"20:00\" }";
    let morning = "when = { from = \"08:00\", until = \"12:00\" }";
    for (name, text) in [
        (
            "two flat prices in two zones",
            product("", &[line("a", "zones = [\"A\"]", flat), line("b", "zones = [\"B\"]", flat)]),
        ),
        (
            "units in two zones",
            product("", &[line("a", "zones = [\"A\"]", hour), line("b", "zones = [\"B\"]", dear)]),
        ),
        (
            "units of two kinds of bay",
            product("", &[line("a", "bays = [\"A\"]", hour), line("b", "bays = [\"B\"]", dear)]),
        ),
        (
            "one flat line, and nothing else",
            product("otherwise = \"closed\"", &[line("a", night, flat)]),
        ),
        (
            "tiers, and others of a higher priority",
            product("", &[line("a", "", tiers), line("b", "bays = [\"B\"]\npriority = 1", tiers)]),
        ),
        (
            "a window that the stay is within",
            product(
                "within = { from = \"20:00\", until = \"07:00\" }",
                &[line("a", night, hour), line("b", day, dear)],
            ),
        ),
        (
            "one line of units, and free time",
            product("otherwise = \"free\"", &[line("a", day, hour)]),
        ),
        (
            "one line of units, and a free one",
            product("", &[line("a", day, hour), line("b", night, r#"kind = "free""#)]),
        ),
        (
            "two windows that closed time keeps apart",
            product("otherwise = \"closed\"", &[line("a", morning, hour), line("b", night, dear)]),
        ),
        (
            "a flat price by day, another by night",
            product("", &[line("a", day, flat), line("b", night, flat)]),
        ),
        (
            "two products",
            product("", &[line("a", "", hour)])
                + &product("otherwise = \"closed\"", &[line("a", night, dear)])
                    .replace("\"p\"", "\"q\""),
        ),
    ] {
        assert_eq!(asked(&text), Vec::<String>::new(), "{name}: {text}");
    }
    for (name, text) in [
        ("units by day and by night", product("", &[line("a", day, hour), line("b", night, dear)])),
        (
            "units by day, a flat night",
            product("", &[line("a", day, hour), line("b", night, flat)]),
        ),
        (
            "free time between",
            product("otherwise = \"free\"", &[line("a", morning, hour), line("b", night, dear)]),
        ),
        (
            "a season",
            product(
                "",
                &[
                    line("a", "", hour),
                    line(
                        "b",
                        "priority = 1\nwhen = { seasons = [{ first = \"07-01\", last = \"08-31\" }] }",
                        dear,
                    ),
                ],
            ),
        ),
        (
            "units, and tiers by night",
            product("", &[line("a", day, hour), line("b", night, tiers)]),
        ),
        (
            "closed time that a right covers",
            "covered_by = [\"x\"]\n".to_owned()
                + &product(
                    "otherwise = \"closed\"",
                    &[line("a", morning, hour), line("b", night, dear)],
                ),
        ),
    ] {
        let places = asked(&text);
        assert_eq!(places.len(), 1, "{name}: {places:?}");
        assert!(
            places[0].starts_with("rules.crossing (")
                && places[0].contains("product \"p\"")
                && places[0].contains("line \"a\"")
                && places[0].contains("\"b\""),
            "{name}: {places:?}"
        );
    }
}

#[test]
fn a_price_is_refused_where_a_unit_crosses_and_the_table_does_not_say_how() {
    let text = file(
        "Europe/Berlin",
        "EUR",
        "",
        &format!(
            "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"a\"\nwhen = {{ until = \"12:00\" }}\n{HOUR}\n[[product.line]]\nname = \"b\"\nwhen = {{ from = \"12:00\" }}\n{HOUR}\n"
        ),
    );
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("crossing")).collect();
    let table = read(&kept.join("\n"), Format::Toml).unwrap();
    let price = |from: &str| rates::price(&table, &common::stay(from, "2026-03-02T13:00+01:00"));
    assert_eq!(price("2026-03-02T11:00+01:00").unwrap().total, 200);
    let Err(Unpriced::Unanswered(what)) = price("2026-03-02T11:30+01:00") else { panic!() };
    assert!(what.starts_with("rules.crossing (in product \"p\""), "{what}");
}
