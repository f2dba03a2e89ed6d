//! What a question says an answer would cost is what the engine charges.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(
    clippy::format_push_string,
    clippy::too_many_lines,
    clippy::assigning_clones,
    reason = "tables are put together as text, fault by fault"
)]

mod common;

use common::{bill_of, file, stay};
use rates::{Format, questions, read};

const HOUR: &str = "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"l\"\nprice = { kind = \"per_unit\", amount = \"2.00\", per = \"PT1H\", step = \"PT1H\" }\n";

/// Puts each answer of the one open question of `text` where `ANSWER` stands, and compares the amount at
/// the beginning of what it is said to mean. Answers that begin with no amount are left out; so many
/// are to be compared.
fn check(text: &str, from: &str, until: &str, count: usize) {
    let open = read(&text.replace("ANSWER, ", "").replace("ANSWER", ""), Format::Toml)
        .unwrap_or_else(|e| panic!("{e}\n{text}"));
    let open = questions(&open);
    assert_eq!(open.len(), 1, "{open:?}");
    let mut compared = 0;
    for (answer, means) in open[0].answers {
        let amount = means.split([':', ' ', ';']).next().unwrap().replace(',', "");
        let Some(amount) = rates::Decimal::parse(&amount) else { continue };
        let text = text.replace("ANSWER", answer);
        let table = read(&text, Format::Toml).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let bill = bill_of(&table, &stay(from, until));
        let expected = amount.minor(&table.currency).unwrap();
        assert_eq!(rates::Ratio::whole(i128::from(bill.total)), expected, "{answer}: {means}");
        compared += 1;
    }
    assert_eq!(compared, count, "{}", open[0]);
}

/// A file whose rule of this name is the answer.
fn rule(name: &str, rest: &str) -> String {
    let text = file("Europe/Berlin", "EUR", "", rest);
    let lines = text
        .lines()
        .map(|line| if line.starts_with(&format!("{name} =")) { "ANSWER" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

fn plain(rest: &str) -> String {
    file("Europe/Berlin", "EUR", "", rest)
}

fn line(price: &str) -> String {
    format!("[[product]]\nname = \"p\"\n[[product.line]]\nname = \"l\"\nprice = {{ {price} }}\n")
}

const NOON: &str = "2026-03-04T12:00+01:00";

#[test]
fn the_rules() {
    let pro_rata = line(r#"kind = "per_unit", amount = "1.10", per = "PT1H", step = "exact""#);
    check(&rule("rounding", &pro_rata), NOON, "2026-03-04T12:25+01:00", 4);
    check(&rule("grace", HOUR), NOON, "2026-03-04T13:10+01:00", 4);
    let boundary = "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"day\"\nwhen = { until = \"17:00\" }\nprice = { kind = \"per_unit\", amount = \"5.00\", per = \"PT1H\", step = \"PT10M\" }\n[[product.line]]\nname = \"evening\"\nwhen = { from = \"17:00\" }\nprice = { kind = \"per_unit\", amount = \"7.00\", per = \"PT1H\", step = \"PT10M\" }\n";
    check(&rule("crossing", boundary), "2026-03-04T16:54+01:00", "2026-03-04T17:22+01:00", 3);
    let night = "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"day\"\nwhen = { from = \"06:00\", until = \"22:00\" }\nprice = { kind = \"per_unit\", amount = \"2.50\", per = \"PT1H\", step = \"PT1H\" }\n[[product.line]]\nname = \"night\"\nwhen = { from = \"22:00\", until = \"06:00\" }\nprice = { kind = \"free\" }\n";
    check(&rule("free_time", night), "2026-03-04T21:30+01:00", "2026-03-05T06:30+01:00", 2);
}

#[test]
fn the_lines() {
    check(
        &plain(&line(r#"ANSWER, kind = "per_unit", amount = "2.00", per = "PT1H""#)),
        NOON,
        "2026-03-04T13:10+01:00",
        3,
    );
    let tiers =
        r#"tiers = [{ up_to = "PT1H", total = "1.40" }, { up_to = "PT2H", total = "2.80" }]"#;
    check(
        &plain(&line(&format!(r#"ANSWER, kind = "tiers", anew = "never", {tiers}"#))),
        NOON,
        "2026-03-04T15:00+01:00",
        2,
    );
    let tiers =
        r#"tiers = [{ up_to = "PT5H", total = "12.00" }, { up_to = "PT24H", total = "18.00" }]"#;
    check(
        &plain(&line(&format!(r#"ANSWER, kind = "tiers", after = "nothing_more", {tiers}"#))),
        NOON,
        "2026-03-05T13:00+01:00",
        2,
    );
    let night = "[[product]]\nname = \"p\"\notherwise = \"closed\"\n[[product.line]]\nname = \"night\"\nwhen = { from = \"22:00\", until = \"06:00\" }\nprice = { ANSWER, kind = \"flat\", amount = \"5.00\" }\n";
    let two_nights = night.replace("closed", "free");
    check(&plain(&two_nights), "2026-03-04T21:00+01:00", "2026-03-06T07:00+01:00", 3);
}

#[test]
fn caps_minimum_tax_and_the_rest() {
    let cap = |cap: &str, amount: &str| {
        format!("{HOUR}[[product.cap]]\nname = \"c\"\namount = \"{amount}\"\n{cap}\nANSWER\n")
    };
    check(
        &plain(&cap("holds = \"repeats\"", "20.00")),
        "2026-10-24T20:00+02:00",
        "2026-10-25T20:00+01:00",
        3,
    );
    let coins = cap("period = \"PT24H\"", "1500").replace("2.00", "400");
    let yen = file("Asia/Tokyo", "JPY", "", &coins);
    check(&yen, "2026-03-04T12:00+09:00", "2026-03-07T12:00+09:00", 2);
    let weekend = "[[product]]\nname = \"p\"\notherwise = \"free\"\n[product.minimum]\namount = \"5.00\"\nANSWER\n[[product.line]]\nname = \"l\"\nwhen = { days = [\"sat\", \"sun\"] }\nprice = { kind = \"flat\", amount = \"9.00\", each = \"stay\" }\n";
    check(&plain(weekend), "2026-03-05T10:00+01:00", "2026-03-05T11:00+01:00", 2);
    let tax = "[[product]]\nname = \"p\"\ntax = \"VAT\"\n[[product.line]]\nname = \"l\"\nprice = { kind = \"flat\", amount = \"4.50\", each = \"stay\" }\n[[tax]]\nname = \"VAT\"\npercent = \"19\"\nrounding = \"half_up\"\nANSWER\n";
    check(&plain(tax), NOON, "2026-03-04T13:00+01:00", 2);
}
