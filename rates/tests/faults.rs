//! What `lint` and the reader of the file refuse, each planted.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(
    clippy::format_push_string,
    clippy::too_many_lines,
    clippy::assigning_clones,
    reason = "tables are put together as text, fault by fault"
)]

mod common;

use common::file;
use rates::{FaultKind, Format, ParseError, lint, parse, read};

const HOUR: &str = r#"price = { kind = "per_unit", amount = "2.00", per = "PT1H", step = "PT1H" }"#;

fn kinds(rules: &str, rest: &str) -> Vec<FaultKind> {
    let text = file("Europe/Berlin", "EUR", rules, rest);
    let table = read(&text, Format::Toml).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut kinds: Vec<FaultKind> = lint(&table).iter().map(|fault| fault.kind).collect();
    kinds.dedup();
    kinds
}

fn lines(product: &str, lines: &[&str]) -> String {
    let mut text = format!("[[product]]\nname = \"p\"\n{product}\n");
    for (number, line) in lines.iter().enumerate() {
        text += &format!("[[product.line]]\nname = \"l{number}\"\n{line}\n");
    }
    text
}

fn tiers(tiers: &str) -> String {
    lines(
        "",
        &[&format!(
            "price = {{ kind = \"tiers\", after = \"nothing_more\", anew = {{ each = \"PT24H\" }}, tiers = [{tiers}] }}"
        )],
    )
}

/// The faults of the published D-TRO example: tiers that overlap, and a second that none covers.
#[test]
fn the_tiers_of_a_published_example_are_refused() {
    let found = kinds(
        "",
        &tiers(
            r#"{ from = "PT1M", up_to = "PT1H59M59S", total = "3.20" }, { from = "PT1H", up_to = "PT1H59M59S", total = "4.20" }, { from = "PT2H", up_to = "PT2H59M59S", total = "5.00" }"#,
        ),
    );
    assert_eq!(found, [FaultKind::Gap, FaultKind::Overlap, FaultKind::Gap]);
}

#[test]
fn each_planted_fault_is_found() {
    use FaultKind::{
        BadName, BadNumber, Gap, LongerCostsLess, MinimumAboveMaximum, MissingAnswer, NeverHolds,
        Overlap,
    };
    let at = |when: &str| format!("when = {{ {when} }}\n{HOUR}");
    let with = |product: &str| lines(product, &[HOUR]);
    let cap = |cap: &str| {
        format!("{}\n[[product.cap]]\nname = \"c\"\namount = \"5.00\"\n{cap}\n", with(""))
    };
    let cases: Vec<(&str, String, FaultKind)> = vec![
        (
            "time that nothing covers",
            lines("", &[&at(r#"from = "08:00", until = "18:00""#)]),
            MissingAnswer,
        ),
        (
            "a day that nothing covers",
            lines("", &[&at(r#"days = ["mon", "tue", "wed", "thu", "fri", "sat"]"#)]),
            MissingAnswer,
        ),
        (
            "no holiday covered",
            format!(
                "holidays = {{ country = \"DE\" }}\n{}",
                lines("", &[&at(r#"days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]"#)])
            ),
            MissingAnswer,
        ),
        (
            "two lines at once",
            lines(
                r#"otherwise = "free""#,
                &[
                    &at(r#"from = "08:00", until = "18:00""#),
                    &at(r#"from = "17:00", until = "20:00""#),
                ],
            ),
            Overlap,
        ),
        (
            "over midnight",
            lines(
                r#"otherwise = "free""#,
                &[
                    &at(r#"from = "20:00", until = "06:00""#),
                    &at(r#"from = "05:00", until = "08:00""#),
                ],
            ),
            Overlap,
        ),
        (
            "only on one weekday",
            lines(
                r#"otherwise = "free""#,
                &[
                    &at(r#"days = ["sun"], from = "20:00", until = "06:00""#),
                    &at(r#"days = ["mon"], from = "05:00", until = "08:00""#),
                ],
            ),
            Overlap,
        ),
        (
            "no time at all",
            lines(r#"otherwise = "free""#, &[&at(r#"from = "08:00", until = "08:00""#)]),
            NeverHolds,
        ),
        (
            "a day that is no Monday",
            lines(r#"otherwise = "free""#, &[&at(r#"days = ["mon"], dates = ["2026-03-04"]"#)]),
            NeverHolds,
        ),
        (
            "holidays without a calendar",
            lines(r#"otherwise = "free""#, &[&at(r#"days = ["holiday"]"#)]),
            NeverHolds,
        ),
        (
            "hidden by a higher priority",
            lines("", &[&format!("priority = 1\n{HOUR}"), HOUR]),
            NeverHolds,
        ),
        (
            "an exit before the entry",
            with(
                "enter = { from = \"18:00\", until = \"24:00\" }\nleave = { days_after = 0, when = { from = \"06:00\", until = \"09:00\" } }",
            ),
            NeverHolds,
        ),
        (
            "longest too short",
            with(
                "enter = { from = \"06:00\", until = \"09:00\" }\nleave = { days_after = 0, when = { from = \"15:30\" } }\nlongest = \"PT2H\"",
            ),
            NeverHolds,
        ),
        (
            "a gap of a minute",
            tiers(
                r#"{ up_to = "PT1H", total = "1.00" }, { from = "PT61M", up_to = "PT2H", total = "2.00" }"#,
            ),
            Gap,
        ),
        (
            "two totals",
            tiers(
                r#"{ up_to = "PT2H", total = "1.00" }, { from = "PT1H", up_to = "PT3H", total = "2.00" }"#,
            ),
            Overlap,
        ),
        (
            "a cheaper tier",
            tiers(r#"{ up_to = "PT1H", total = "2.00" }, { up_to = "PT2H", total = "1.00" }"#),
            LongerCostsLess,
        ),
        (
            "a tier beyond the day",
            tiers(r#"{ up_to = "PT24H", total = "2.00" }, { up_to = "PT30H", total = "3.00" }"#),
            NeverHolds,
        ),
        (
            "minimum above maximum",
            with("maximum = \"3.00\"\nminimum = { amount = \"6.00\", when_free = \"waived\" }"),
            MinimumAboveMaximum,
        ),
        (
            "minimum above a cap",
            format!(
                "{}[[product.cap]]\nname = \"c\"\namount = \"5.00\"\nperiod = \"PT24H\"\nholds = \"once\"\n",
                with("minimum = { amount = \"6.00\", when_free = \"waived\" }")
            ),
            MinimumAboveMaximum,
        ),
        ("a cap without its period", cap(r#"holds = "once""#), MissingAnswer),
        ("a cap without its number", cap(r#"period = "PT24H""#), MissingAnswer),
        ("a window cap without a window", cap("period = \"window\"\nholds = \"once\""), NeverHolds),
        (
            "no step",
            lines("", &[r#"price = { kind = "per_unit", amount = "2.00", per = "PT1H" }"#]),
            MissingAnswer,
        ),
        (
            "a unit without length",
            lines(
                "",
                &[
                    r#"price = { kind = "per_unit", amount = "2.00", per = "PT0S", step = "exact" }"#,
                ],
            ),
            BadNumber,
        ),
        (
            "below zero",
            lines(
                "",
                &[
                    r#"price = { kind = "per_unit", amount = "-2.00", per = "PT1H", step = "exact" }"#,
                ],
            ),
            BadNumber,
        ),
        ("a tax that is not there", with(r#"tax = "VAT""#), BadName),
        ("the same name twice", format!("{}{}", with(""), with("")), BadName),
        (
            "bands without a lowest",
            format!(
                "{}[[occupancy]]\nfrom_percent = 50\nuntil_below_percent = 40\nfactor = \"1.5\"\n",
                with("")
            ),
            Gap,
        ),
        (
            "a band left above its beginning",
            format!(
                "{}[[occupancy]]\nfrom_percent = 0\nfactor = \"1\"\n[[occupancy]]\nfrom_percent = 50\nuntil_below_percent = 60\nfactor = \"1.5\"\n",
                with("")
            ),
            NeverHolds,
        ),
        ("no product", String::new(), Gap),
    ];
    for (name, text, expected) in cases {
        assert_eq!(kinds("", &text), [expected], "{name}");
    }
    assert_eq!(kinds(r#"rounding = { mode = "up", to = "0.001" }"#, &with("")), [BadNumber]);
    assert!(kinds("", &with("")).is_empty());
}

/// Each answer that is left out is asked for, and nothing else.
#[test]
fn a_missing_answer_is_a_question_with_examples() {
    let whole = lines("", &[HOUR]);
    let full = file("Europe/Berlin", "EUR", "", &whole);
    for rule in ["rounding", "grace", "leave_grace", "change_while_parked", "reentry", "hold_above"]
    {
        let kept: Vec<&str> =
            full.lines().filter(|line| !line.starts_with(&format!("{rule} ="))).collect();
        let Err(ParseError::Questions(questions)) = parse(&kept.join("\n"), Format::Toml) else {
            panic!("{rule}")
        };
        assert_eq!(
            questions.iter().map(|q| q.place.clone()).collect::<Vec<_>>(),
            [format!("rules.{rule}")]
        );
        let shown = questions[0].to_string();
        assert!(shown.contains("Example:") && questions[0].answers.len() > 1, "{shown}");
    }
    // What cannot matter is not asked.
    let kept: Vec<&str> = full
        .lines()
        .filter(|line| !line.starts_with("crossing") && !line.starts_with("free_time"))
        .collect();
    assert!(parse(&kept.join("\n"), Format::Toml).is_ok());
}

#[test]
fn a_slip_is_told_with_its_line_and_the_name_that_was_meant() {
    let text =
        file("Europe/Berlin", "EUR", "", &lines("", &[HOUR])).replace("leave_grace", "leave_grase");
    let error = parse(&text, Format::Toml).unwrap_err();
    let line = text.lines().position(|line| line.contains("leave_grase")).unwrap() + 1;
    let shown = error.to_string();
    assert!(shown.starts_with(&format!("line {line}: ")), "{shown}, not {line}");
    assert!(shown.contains("did you mean `leave_grace`?"), "{shown}");
}

#[test]
fn a_table_comes_back_from_both_formats_as_it_was() {
    let text = file("Europe/Berlin", "EUR", "", &lines("", &[HOUR]));
    let table = parse(&text, Format::Toml).unwrap();
    for format in [Format::Toml, Format::Json] {
        let written = rates::write(&table, format).unwrap();
        assert_eq!(parse(&written, format).as_ref(), Ok(&table), "{written}");
    }
}

#[test]
fn a_leave_without_its_day_is_told_where_it_is() {
    let whole = lines("leave = { when = { from = \"07:00\" } }", &[HOUR]);
    for format in [Format::Toml, Format::Json] {
        let text = match format {
            Format::Toml => file("Europe/Berlin", "EUR", "", &whole),
            Format::Json => r#"{ "id": "x", "version": 1, "name": "x", "currency": "EUR", "time_zone": "UTC", "product": [{ "name": "p", "leave": {} }] }"#.to_owned(),
        };
        let line = 1 + text
            .lines()
            .position(|line| line.contains("leave =") || line.contains("\"leave\""))
            .unwrap();
        assert_eq!(
            rates::read(&text, format).unwrap_err().to_string(),
            format!(
                "line {line}: leave: days_after is missing; 0 is the day of the entry, 1 the next"
            )
        );
    }
}
