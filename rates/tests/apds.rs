//! Rate tables of APDS, against the standard's own schema.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "common/schema.rs"]
mod schema;

use chrono_tz::Tz;
use rates::apds::{export, import};
use rates::{Format, RateTable, Rules, parse};
use serde_json::{Value, json};

fn standard() -> Value {
    serde_json::from_str(include_str!("apds/rate_table.schema.json")).unwrap()
}

fn tables() -> Vec<(String, RateTable)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tables");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.display().to_string(), parse(&text, Format::Toml).unwrap())
        })
        .collect()
}

/// What both can say.
const BOTH: &str = r#"
id = "both"
version = 3
name = "Both"
currency = "EUR"
time_zone = "Europe/Berlin"
valid_from = "2026-04-01"
valid_until = "2027-04-01"
[[product]]
name = "product 1"
tax = "tax 19"
longest = "P7D"
minimum = { amount = "1.15" }
maximum = "90071992547409.93"
[[product.line]]
name = "hour"
price = { kind = "per_unit", amount = "2.30", per = "PT1H", step = "PT1H" }
[[product]]
name = "product 2"
[[product.line]]
name = "day"
price = { kind = "flat", amount = "7.10", each = "stay" }
[[product]]
name = "product 3"
[[product.line]]
name = "steps"
price = { kind = "tiers", anew = { each = "PT24H" }, after = { per_unit = { amount = "0.1", per = "PT20M", step = "PT20M" } }, tiers = [{ up_to = "PT1H", total = "1.40" }, { up_to = "PT3H", total = "4.20" }] }
[[product.cap]]
name = "at most per PT24H"
amount = "25.00"
period = "PT24H"
holds = "repeats"
[[tax]]
name = "tax 19"
percent = "19"
prices = "exclude_tax"
"#;

#[test]
fn what_is_exported_is_what_the_standard_says() {
    let standard = standard();
    let all = tables();
    assert!(all.len() >= 6, "{} tables", all.len());
    for (name, table) in all {
        let exported = export(&table).unwrap();
        let json: Value = serde_json::from_str(&exported.json).unwrap();
        assert_eq!(schema::faults(&standard, &json), Vec::<String>::new(), "{name}");
        assert!(exported.losses.iter().any(|loss| loss.starts_with("rules")), "{name}");
    }
}

#[test]
fn the_validator_finds_what_the_standard_forbids() {
    let (_, table) = tables().remove(0);
    let good: Value = serde_json::from_str(&export(&table).unwrap().json).unwrap();
    for (pointer, bad) in [
        ("/id", json!("")),
        ("/version", json!(0)),
        ("/validityStart", json!("2026-01-01")),
        ("/availability", json!("everybody")),
        ("/activeTimes", json!([])),
        ("/activeTimes/0", json!("1 day")),
        ("/rateTableName/0/language", json!("eng")),
        ("/rateLineCollections/0/applicableCurrency", json!("euro")),
        ("/rateLineCollections/0/maxTime", json!("PT")),
        ("/rateLineCollections/0/rateLines/0/value", json!("2.50")),
        ("/rateLineCollections/0/rateLines/0/rateLineType", json!("perUnit")),
    ] {
        let mut document = good.clone();
        *document.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = bad;
        assert!(!schema::faults(&standard(), &document).is_empty(), "{pointer}");
    }
}

#[test]
fn what_both_can_say_comes_back_as_it_was() {
    let table = rates::read(BOTH, Format::Toml).unwrap();
    let exported = export(&table).unwrap();
    let json: Value = serde_json::from_str(&exported.json).unwrap();
    assert_eq!(schema::faults(&standard(), &json), Vec::<String>::new());
    // By their digits: a binary float has no 90071992547409.93, and no 1.15.
    for digits in ["90071992547409.93", "1.15", "2.30"] {
        assert!(exported.json.contains(digits), "{digits}\n{}", exported.json);
    }
    let back = import(&exported.json, Tz::Europe__Berlin).unwrap();
    assert_eq!(back.losses, Vec::<String>::new());
    assert_eq!(back.table, table);
    assert_eq!(export(&back.table).unwrap().json, exported.json);
}

#[test]
fn each_loss_is_said() {
    let (_, city) = tables().into_iter().find(|(name, _)| name.ends_with("city.toml")).unwrap();
    let exported = export(&city).unwrap();
    for lost in [
        "time_zone Europe/Berlin",
        "rules",
        "holidays",
        "discount \"cinema\"",
        "discount \"shop\"",
        "lost_ticket",
        "product \"by the hour\": line \"day\": when",
        "product \"by the hour\": line \"day\": the step",
        "product \"by the hour\": line \"night\": for what it is charged once",
        "product \"by the hour\": cap \"24 hours\": its name",
        "product \"early bird\": enter",
        "product \"early bird\": leave",
        "tax \"VAT\"",
    ] {
        assert!(
            exported.losses.iter().any(|loss| loss.starts_with(lost)),
            "{lost}: {:#?}",
            exported.losses
        );
    }
    let mut json: Value = serde_json::from_str(&exported.json).unwrap();
    json["rateType"] = json!("hourly");
    json["rateLineCollections"][0]["rateLines"][0]["usageCondition"] = json!("once");
    json["validityEnd"] = json!("2027-01-01T12:00:00+01:00");
    let back = import(&json.to_string(), Tz::Europe__Berlin).unwrap();
    for lost in ["rateType", "rateLineCollections[0].rateLines[0].usageCondition", "validityEnd"] {
        assert!(
            back.losses.iter().any(|loss| loss.starts_with(lost)),
            "{lost}: {:#?}",
            back.losses
        );
    }
    assert_eq!(back.table.rules, Rules::default());
    let open = rates::questions(&back.table);
    assert!(open.iter().any(|question| question.place == "rules.rounding"), "{open:#?}");
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place() {
    let good: Value =
        serde_json::from_str(&export(&rates::read(BOTH, Format::Toml).unwrap()).unwrap().json)
            .unwrap();
    for (pointer, bad, told) in [
        ("/rateLineCollections", json!([]), "rateLineCollections"),
        ("/rateLineCollections/1/applicableCurrency", json!("USD"), "rateLineCollections[1]"),
        ("/rateLineCollections/0/relativeTimes", json!(true), "relativeTimes"),
        ("/rateLineCollections/0/rateLines/0/incrementPeriod", json!(null), "rate line 1"),
        ("/rateLineCollections/2/rateLines/1/durationStart", json!("PT2H"), "rate line 2"),
        ("/rateLineCollections/0/rateLines/0/value", json!("2.30"), "no amount"),
        ("/version", json!(-1), "no APDS RateTable"),
    ] {
        let mut document = good.clone();
        *document.pointer_mut(pointer).unwrap() = bad;
        let error = import(&document.to_string(), Tz::Europe__Berlin).unwrap_err().to_string();
        assert!(error.contains(told), "{pointer}: {error}");
    }
    assert!(import("{", Tz::UTC).is_err());
}

#[test]
fn a_product_that_the_standard_cannot_say_is_lost_as_a_whole_and_said() {
    let (_, mut hospital) =
        tables().into_iter().find(|(name, _)| name.ends_with("hospital.toml")).unwrap();
    let exported = export(&hospital).unwrap();
    let whole = "product \"staff\": the whole of it".to_owned();
    assert!(exported.losses.contains(&whole), "{:#?}", exported.losses);
    let json: Value = serde_json::from_str(&exported.json).unwrap();
    assert_eq!(json["rateLineCollections"].as_array().unwrap().len(), 2);
    hospital.products.retain(|product| product.name == "staff");
    assert!(export(&hospital).unwrap_err().to_string().contains("no product"));
}
