//! What is to be told in the feed, as it waits for that.

use domain::place::Place;
use domain::wire::FactMessage;
use domain::{Instant, PlaceName};
use rates::RateTable;
use serde_json::{Value, json};

use crate::shapes::time;

/// A rate table has another version.
pub fn table_changed(table: &RateTable, before: u32, by: &str, now: Instant) -> String {
    let (id, after) = (&table.id, table.version);
    let before = (before > 0).then_some(before);
    let data = json!({ "rate_table": id, "before": before, "after": after, "by": by });
    fact_of("rate_table.changed", format!("{id}:{after}"), "", id, data, now)
}

/// A place is described otherwise.
pub fn place_changed(
    id: &PlaceName,
    before: Option<&Place>,
    after: Option<&Place>,
    by: &str,
    version: i64,
    now: Instant,
) -> String {
    let data = json!({ "place": id, "by": by, "before": before, "after": after });
    fact("place.changed", format!("{id}:{version}"), id, data, now)
}

/// One that is to be told, as it waits for that.
pub fn fact(kind: &str, key: String, place: &PlaceName, data: Value, now: Instant) -> String {
    fact_of(kind, key, place.as_str(), place.as_str(), data, now)
}

/// The same of anything; `place` is empty where it is about none.
pub fn fact_of(
    kind: &str,
    key: String,
    place: &str,
    subject: &str,
    data: Value,
    now: Instant,
) -> String {
    let (place, subject) = (place.to_owned(), subject.to_owned());
    let fact = FactMessage { kind: kind.to_owned(), key, at: time(now), place, subject, data };
    serde_json::to_string(&fact).expect("texts and numbers can be said in JSON")
}
