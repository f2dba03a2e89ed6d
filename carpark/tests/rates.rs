//! `carpark rates` as a person runs it, and every command and table of docs/rates.md.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The exit code, standard output and standard error.
fn carpark(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_carpark"))
        .args(arguments)
        .current_dir(workspace())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn city(more: &[&str]) -> (i32, String, String) {
    let (command, rest) = more.split_first().unwrap();
    carpark(&[&["rates", command, "rates/tables/city.toml"], rest].concat())
}

#[test]
fn a_table_without_fault_ends_with_0() {
    let (code, out, _) = city(&["lint"]);
    assert_eq!(code, 0);
    assert!(out.contains("city.toml: no faults"), "{out}");
}

#[test]
fn a_fault_ends_with_1_and_names_file_line_and_field() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("table.toml");
    let good = fs::read_to_string(workspace().join("rates/tables/city.toml")).unwrap();
    let line_of =
        |text: &str, words: &str| 1 + text.lines().position(|line| line.contains(words)).unwrap();
    for (from, to, at, told) in [
        // Not the format.
        ("amount = \"2.50\"", "amount = 2.50", "amount = 2.50", "in quotes"),
        ("leave_grace =", "leave_grase =", "leave_grase", "did you mean `leave_grace`"),
        ("percent = \"50\"", "percent = 50", "percent = 50", "in quotes"),
        // A question that is left open.
        ("grace = { forgives = \"PT10M\" }", "", "[rules]", "rules.grace: is missing"),
        (", each = \"window\"", "", "name = \"night\"", "each: is missing"),
        // A price that cannot be.
        ("amount = \"22.00\"", "amount = \"-22.00\"", "name = \"24 hours\"", "below zero"),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        fs::write(&file, &text).unwrap();
        let (code, out, err) = carpark(&["rates", "lint", file.to_str().unwrap()]);
        assert_eq!(code, 1, "{from}: {out}{err}");
        let line = if at.starts_with("name") {
            // The field is missing: told at its line's name, or at its price.
            line_of(&text, at)..=line_of(&text, at) + 2
        } else {
            line_of(&text, at)..=line_of(&text, at) + 1
        };
        let places = line.map(|line| format!("{}:{line}: ", file.display()));
        let said = out.clone() + &err;
        let found = places
            .into_iter()
            .any(|place| said.lines().any(|line| line.starts_with(&place) && line.contains(told)));
        assert!(found, "{from}: {said}");
        // No price by such a table.
        let (code, out, _) = carpark(&[
            "rates",
            "price",
            file.to_str().unwrap(),
            "--entry",
            "2026-03-02T10:00",
            "--exit",
            "2026-03-02T11:00",
        ]);
        assert_eq!((code, out.as_str()), (1, ""), "{from}");
    }
}

#[test]
fn a_stay_is_priced_in_words_and_as_json() {
    let stay = ["price", "--entry", "2026-03-02T10:00", "--exit", "2026-03-02T11:10"];
    let (code, out, _) = city(&stay);
    assert_eq!(code, 0);
    assert!(out.contains("Total: 3.75 EUR"), "{out}");
    let (code, out, _) = city(&[&stay[..], &["--language", "de"]].concat());
    assert!(code == 0 && out.contains("Summe: 3,75 €"), "{out}");
    let (code, out, _) = city(&[&stay[..], &["--json"]].concat());
    let bill: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &bill["total"]), (0, &serde_json::json!(375)));
    let (_, out, _) = city(&[&stay[..], &["--right", "cinema", "--right", "shop"]].concat());
    // 3.75 less half of it, rounded in the line, less 1.00.
    assert!(out.contains("cinema") && out.contains("shop"), "{out}");
    let (code, out, _) = city(&["price", "--no-entry"]);
    assert!(code == 0 && out.contains("25.00"), "{out}");
}

/// A yard with an inner one: 2.00 an hour outside, 3.00 for each half hour inside; residents park free.
const YARD: &str = r#"
id = "yard"
version = 1
name = "Yard"
currency = "EUR"
time_zone = "Europe/Berlin"
covered_by = ["resident"]
[rules]
rounding = { mode = "half_up", to = "0.01" }
grace = "none"
leave_grace = "PT0S"
crossing = "by_entry"
change_while_parked = "segment"
free_time = "skip"
reentry = "separate"
hold_above = "never"
[[product]]
name = "by the hour"
[[product.line]]
name = "outer"
zones = ["outer"]
price = { kind = "per_unit", amount = "2.00", per = "PT1H", step = "PT1H" }
[[product.line]]
name = "outer, electric"
zones = ["outer"]
bays = ["electric"]
priority = 1
price = { kind = "per_unit", amount = "4.00", per = "PT1H", step = "PT1H" }
[[product.line]]
name = "inner"
zones = ["inner"]
price = { kind = "per_unit", amount = "3.00", per = "PT30M", step = "PT30M" }
"#;

#[test]
fn a_stay_of_several_segments_is_priced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("yard.toml");
    fs::write(&file, YARD).unwrap();
    let priced = |segments: &[&str]| {
        let mut arguments = vec!["rates", "price", file.to_str().unwrap()];
        arguments.extend(["--entry", "2026-03-02T10:00", "--exit", "2026-03-02T11:50"]);
        arguments.extend(["--zone", "outer", "--bay", "standard"]);
        arguments.extend(segments.iter().flat_map(|segment| ["--segment", segment]));
        carpark(&arguments)
    };
    let total = |segments: &[&str]| {
        let (code, out, err) = priced(segments);
        assert_eq!(code, 0, "{segments:?}: {err}");
        let total = out.lines().find_map(|line| line.strip_prefix("Total: ")).unwrap();
        total.to_owned()
    };
    assert_eq!(total(&[]), "4.00 EUR");
    // 20 and 40 minutes outside are an hour, 50 inside two half hours.
    let inside = ["at=2026-03-02T10:20,zone=inner", "at=2026-03-02T11:10,zone=outer"];
    assert_eq!(total(&inside), "8.00 EUR");
    // What is not named stays as it was: the bay, here.
    assert_eq!(total(&["at=2026-03-02T11:00+01:00,bay=electric"]), "6.00 EUR");
    assert_eq!(total(&["at=2026-03-02T11:00,factor=1.5"]), "5.00 EUR");
    // A right that begins, and one that ends.
    assert_eq!(total(&["at=2026-03-02T11:00,right=resident"]), "2.00 EUR");
    let ends = ["at=2026-03-02T10:10, right=other, right=resident", "at=2026-03-02T11:05,right="];
    assert_eq!(total(&ends), "2.00 EUR");
    for (segments, told) in [
        (&["zone=inner"][..], "when?"),
        (&["at=2026-03-02T10:20,place=inner"], "`place` is nothing that changes"),
        (&["at=10:20,zone=inner"], "is not a time"),
        (&["at=2026-03-02T11:00,factor=two"], "is no factor"),
        (&["at=2026-03-02T12:00,zone=inner"], "in the order of time"),
        (&["at=2026-03-02T10:00,zone=inner"], "in the order of time"),
        (&["at=2026-03-02T11:00,zone=inner", "at=2026-03-02T10:30,zone=outer"], "10:30"),
    ] {
        let (code, out, err) = priced(segments);
        assert_eq!((code, out.as_str()), (2, ""), "{segments:?}: {err}");
        assert!(err.contains("--segment") && err.contains(told), "{segments:?}: {err}");
    }
}

#[test]
fn no_price_ends_with_3_and_is_no_zero() {
    let stay = ["--entry", "2026-03-02T10:00", "--exit", "2026-03-02T11:00"];
    let airport = ["rates", "price", "rates/tables/airport.toml"];
    let (code, out, err) = carpark(&[&airport[..], &stay].concat());
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(err.contains("no price"), "{err}");
    assert!(err.contains("its lines are for long-stay, terminal; give one with --bay"), "{err}");
    let (code, out, _) = carpark(&["rates", "try", "rates/tables/depot.toml", "--zone", "F9"]);
    assert!(
        code == 0 && out.contains("no line for zone \"F9\" (its lines are for inner, yard;"),
        "{out}"
    );
    let (code, out, _) = carpark(&[&airport[..], &stay, &["--json"]].concat());
    assert!(code == 3 && out.contains("unpriced"), "{out}");
    // Before the table is valid.
    let (code, _, err) =
        city(&["price", "--entry", "2025-03-02T10:00", "--exit", "2025-03-02T11:00"]);
    assert!(code == 3 && err.contains("no version"), "{err}");
}

#[test]
fn help_shows_what_the_command_takes_and_no_setting_of_the_server() {
    for command in ["lint", "explain", "price", "try", "schema", "import", "export"] {
        for help in ["-h", "--help"] {
            let (code, out, err) = carpark(&["rates", command, help]);
            assert_eq!(code, 0, "{err}");
            for setting in ["--config", "--broker", "--data-dir", "--log"] {
                assert!(!out.contains(setting), "{command} {help}: {setting}");
            }
            assert!(out.lines().count() < 60, "{command} {help}: {out}");
        }
    }
    let (_, out, _) = carpark(&["rates", "--help"]);
    assert!(out.contains("with 3 where the table is without fault") && !out.contains("--config"));
    let (_, out, _) = carpark(&["rates", "price", "--help"]);
    assert!(out.contains("--no-entry") && out.contains("--segment"), "{out}");
}

#[test]
fn what_is_asked_wrongly_ends_with_2() {
    for (arguments, told) in [
        (&["--entry", "2026-03-29T02:30", "--exit", "2026-03-29T05:00"][..], "never happens"),
        (&["--entry", "2026-10-25T02:30", "--exit", "2026-10-25T05:00"], "happens twice"),
        (&["--entry", "2026-03-02T10:00", "--exit", "2026-03-02T09:00"], "before the entry"),
        (&["--entry", "monday", "--exit", "2026-03-02T09:00"], "is not a time"),
        (&["--entry", "2026-03-02T10:00"], "--exit"),
        (
            &["--entry", "2026-03-02T10:00", "--exit", "2026-03-02T11:00", "--factor", "-1"],
            "factor",
        ),
    ] {
        let (code, out, err) = city(&[&["price"], arguments].concat());
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(told), "{arguments:?}: {err}");
    }
    let (code, _, err) = carpark(&["rates", "lint", "no/such/file.toml"]);
    assert!(code == 2 && err.contains("no/such/file.toml"), "{err}");
    assert_eq!(carpark(&["rates"]).0, 2);
    assert_eq!(carpark(&["rates", "explain", "rates/tables/city.toml", "--language", "fr"]).0, 2);
}

#[test]
fn prices_are_tried_and_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let svg = folder.path().join("city.svg");
    let (code, out, _) = city(&["try", "--svg", svg.to_str().unwrap()]);
    assert_eq!(code, 0);
    let row = |length: &str| {
        let line = out.lines().find(|line| line.trim_start().starts_with(length)).unwrap();
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    // 00:00, 03:00, 06:00, 09:00, ...: a night is 4.00, an hour by day 2.50.
    assert_eq!(row("1 h")[2..6], ["4.00", "4.00", "4.00", "2.50"]);
    let picture = fs::read_to_string(&svg).unwrap();
    assert_eq!(picture.matches("<rect").count(), 1 + 24 * 18);
    for outside in ["<script", "href", "url("] {
        assert!(!picture.contains(outside), "{outside}");
    }
}

#[test]
fn a_table_goes_to_apds_and_comes_back_with_its_losses_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("apds.json");
    let (code, json, lost) = city(&["export"]);
    assert_eq!(code, 0);
    assert!(
        lost.lines().all(|line| line.starts_with("lost: ")) && lost.contains("early bird"),
        "{lost}"
    );
    fs::write(&file, &json).unwrap();
    let file = file.to_str().unwrap();
    let (code, toml, said) = carpark(&["rates", "import", file, "--time-zone", "Europe/Berlin"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("open: rules.grace is missing"), "{said}");
    rates::read(&toml, rates::Format::Toml).unwrap();
    assert_eq!(carpark(&["rates", "import", file]).0, 2);
    assert_eq!(carpark(&["rates", "import", "rates/tables/city.toml", "--time-zone", "UTC"]).0, 1);
}

#[test]
fn the_schema_is_printed() {
    let (code, out, _) = carpark(&["rates", "schema"]);
    assert_eq!((code, out.trim_end()), (0, rates::SCHEMA.trim_end()));
}

/// A block of docs/rates.md: its line, its kind, its text.
fn blocks() -> Vec<(usize, String, String)> {
    let text = fs::read_to_string(workspace().join("docs/rates.md")).unwrap();
    let (mut blocks, mut open) = (Vec::new(), None::<(usize, String, String)>);
    for (number, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => blocks.push(block),
            (Some(kind), None) => open = Some((number + 1, kind.to_owned(), String::new())),
            (None, Some((at, kind, text))) => open = Some((at, kind, text + line + "\n")),
            (None, None) => {}
        }
    }
    blocks
}

#[test]
fn every_table_of_the_documentation_is_without_fault() {
    let tables: Vec<_> = blocks().into_iter().filter(|(_, kind, _)| kind == "toml").collect();
    assert!(tables.len() >= 6, "{} tables", tables.len());
    for (at, _, text) in tables {
        let parsed = rates::parse(&text, rates::Format::Toml);
        assert!(parsed.is_ok(), "docs/rates.md:{at}: {}", parsed.unwrap_err());
    }
}

#[test]
fn every_command_of_the_documentation_answers_as_it_says() {
    let all = blocks();
    let mut count = 0;
    for pair in all.windows(2) {
        let [(at, kind, command), (_, next, said)] = pair else { continue };
        if !kind.starts_with("sh") || !command.contains("carpark rates ") {
            continue;
        }
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        let (code, out, err) = carpark(&words);
        assert!(code <= 1, "docs/rates.md:{at}: {err}");
        if next == "text" {
            assert_eq!(format!("{out}{err}").trim(), said.trim(), "docs/rates.md:{at}: {command}");
            count += 1;
        }
    }
    assert!(count >= 6, "{count} answers");
}

#[test]
fn the_pictures_of_the_documentation_are_those_of_the_tables() {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(workspace().join("rates/tables")).unwrap() {
        let table = entry.unwrap().path();
        let name = table.file_stem().unwrap().to_str().unwrap();
        let drawn = folder.path().join(format!("{name}.svg"));
        let bay = if name == "airport" { "terminal" } else { "" };
        let zone = if name == "depot" { "yard" } else { "" };
        let arguments = [
            "rates",
            "try",
            table.to_str().unwrap(),
            "--bay",
            bay,
            "--zone",
            zone,
            "--svg",
            drawn.to_str().unwrap(),
        ];
        assert_eq!(carpark(&arguments).0, 0, "{name}");
        let kept = workspace().join(format!("docs/rates/{name}.svg"));
        let same =
            fs::read_to_string(&drawn).unwrap() == fs::read_to_string(&kept).unwrap_or_default();
        assert!(same, "{}: carpark {}", kept.display(), arguments.join(" "));
    }
}
