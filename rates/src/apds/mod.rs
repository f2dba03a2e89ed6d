//! Rate tables of the Alliance for Parking Data Standards (APDS `RateTable`, JSON): written and read.
//!
//! APDS says less than a table of ours: no windows of the clock, no rights, none of the answers of
//! `rules`. What is lost is said, a line for each. What both can say comes back as it was.
//!
//! How the two correspond:
//!
//! | table | APDS |
//! |---|---|
//! | a product | a rate line collection, its place its `collectionSequence` |
//! | `longest` | `maxTime` (`P10Y` where there is none, the longest stay that is priced) |
//! | `minimum`, `maximum` | `minValueCollection`, `maxValueCollection` with `resetTime` `never` |
//! | the only cap, of `PT24H` or a calendar day, which repeats | `maxValueCollection` with `resetTime` that period |
//! | `per_unit` whose step is its unit | `incrementingRate` |
//! | `flat` for the stay | `flatRate` |
//! | a tier | `flatRateTier`, its `value` the total; what comes after the last an `incrementingRate` from there |
//! | when tiers begin anew | `resetTime` |
//!
//! Money is a JSON number there: its digits are read and written as text, never as a binary float.

mod export;
mod import;
mod money;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use money::Number;

use crate::table::RateTable;

pub use export::export;
pub use import::import;

/// A table as APDS says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The `RateTable`, JSON.
    pub json: String,
    /// What it does not say of the table, a line each.
    pub losses: Vec<String>,
}

/// A table from APDS. Its `rules` are open: APDS has no word for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The table; see [`crate::questions()`] for what has to be answered before it charges.
    pub table: RateTable,
    /// What of the `RateTable` it does not say, a line each.
    pub losses: Vec<String>,
}

/// Why one cannot become the other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApdsError {
    /// It is not the JSON of a `RateTable`.
    #[error("no APDS RateTable: {0}")]
    Json(String),
    /// Something in it cannot be meant, or not be said: where, and what.
    #[error("{0}: {1}")]
    Value(String, String),
}

/// The longest stay that is priced, as APDS writes it.
const TEN_YEARS: &str = "P10Y";
/// Where APDS has to be told a start and the table has none.
const ALWAYS: &str = "1970-01-01T00:00:00+00:00";
/// A `resetTime` of none.
const NEVER: &str = "never";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApdsTable {
    id: String,
    version: u32,
    rate_table_name: Vec<Words>,
    validity_start: DateTime<FixedOffset>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validity_end: Option<DateTime<FixedOffset>>,
    active_times: Vec<String>,
    availability: String,
    rate_line_collections: Vec<Collection>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Words {
    language: String,
    string: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the standard's names")]
struct Collection {
    applicable_currency: String,
    collection_sequence: u32,
    min_time: String,
    max_time: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_value_collection: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_value_collection: Option<Number>,
    relative_times: bool,
    reset_time: String,
    tax_included: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tax_rate: Option<Number>,
    valid_start: DateTime<FixedOffset>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_end: Option<DateTime<FixedOffset>>,
    rate_lines: Vec<RateLine>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the standard's names")]
struct RateLine {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration_start: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration_end: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    increment_period: Option<String>,
    rate_line_type: LineType,
    sequence: u32,
    value: Number,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum LineType {
    FlatRate,
    FlatRateTier,
    IncrementingRate,
}
