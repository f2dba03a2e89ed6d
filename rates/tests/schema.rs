//! The published schema is that of the files that are read.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "common/schema.rs"]
mod schema;

use std::collections::BTreeSet;

use rates::{Format, RateTable, SCHEMA};
use serde_json::{Value, json};

fn published() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// The fields that the reader expects of a `T`: it says them when it meets one that it does not know.
fn fields<T: serde::de::DeserializeOwned + std::fmt::Debug>() -> BTreeSet<String> {
    let told = serde_json::from_value::<T>(json!({ "no such field": 1 })).unwrap_err().to_string();
    let (_, expected) = told.split_once("expected").unwrap_or_else(|| panic!("{told}"));
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn in_schema(pointer: &str) -> BTreeSet<String> {
    let schema = published();
    let object = schema.pointer(pointer).unwrap_or_else(|| panic!("{pointer}"));
    object["properties"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn it_has_the_fields_that_are_read_and_no_other() {
    assert_eq!(in_schema(""), fields::<RateTable>());
    assert_eq!(in_schema("/$defs/rules"), fields::<rates::Rules>());
    assert_eq!(in_schema("/$defs/product"), fields::<rates::Product>());
    assert_eq!(in_schema("/$defs/line"), fields::<rates::Line>());
    assert_eq!(in_schema("/$defs/per_unit"), fields::<rates::PerUnit>());
    assert_eq!(in_schema("/$defs/tier"), fields::<rates::Tier>());
    assert_eq!(in_schema("/$defs/cap"), fields::<rates::Cap>());
    assert_eq!(in_schema("/$defs/discount"), fields::<rates::Discount>());
    assert_eq!(in_schema("/$defs/tax"), fields::<rates::Tax>());
    assert_eq!(in_schema("/$defs/band"), fields::<rates::Band>());
    assert_eq!(in_schema("/$defs/when"), fields::<rates::When>());
    assert_eq!(in_schema("/$defs/holidays"), fields::<rates::Holidays>());
}

#[test]
fn the_ready_tables_are_valid_by_it_and_a_wrong_one_is_not() {
    let schema = published();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tables");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let table = rates::parse(&text, Format::Toml).unwrap();
        let document: Value =
            serde_json::from_str(&rates::write(&table, Format::Json).unwrap()).unwrap();
        assert_eq!(schema::faults(&schema, &document), Vec::<String>::new(), "{}", table.id);
        count += 1;
        for (pointer, bad) in [
            ("/currency", json!("euro")),
            ("/version", json!("1")),
            ("/rules/rounding/to", json!(0.01)),
            ("/rules/grace", json!("some")),
            ("/product/0/line/0/price/kind", json!("hourly")),
            ("/product/0/line/0", json!({ "name": "x" })),
        ] {
            let mut wrong = document.clone();
            *wrong.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = bad;
            assert!(!schema::faults(&schema, &wrong).is_empty(), "{pointer}");
            let read = rates::read(&wrong.to_string(), Format::Json);
            assert!(read.is_err(), "{pointer} is read, and the schema refuses it");
        }
    }
    assert!(count >= 6, "{count} tables");
}
