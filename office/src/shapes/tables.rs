//! What the routes of rate tables and quotes say and hear.

use chrono::{DateTime, Utc};
use domain::place::BayType;
use rates::{Bill, Decimal, Language, RateTable, Segment, Stay, explain_bill};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::time;
use crate::tables::{Origin, Versions};

/// A version of a rate table, in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionShown {
    /// Its number: every line of a bill names it.
    pub number: u32,
    /// The first local date on which entries are charged by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// The local date from which they are charged by it no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// Who put it.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
}

/// A rate table, in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct TableListed {
    /// Its id.
    pub id: String,
    /// What people call it, in its newest version.
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA time zone.
    pub time_zone: String,
    /// The version by which a stay is charged that begins now; missing: by none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds_now: Option<u32>,
    /// All of them, number one first.
    pub versions: Vec<VersionShown>,
}

/// Rate tables.
#[derive(Debug, Serialize, ToSchema)]
pub struct TablesPage {
    /// By id.
    pub rate_tables: Vec<TableListed>,
    /// For `after`; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A version of a rate table.
#[derive(Debug, Serialize, ToSchema)]
pub struct TableShown {
    /// What stands in the list.
    #[serde(flatten)]
    pub listed: TableListed,
    /// The number of the version that is shown.
    pub version: u32,
    /// The table, as its file has it.
    #[schema(value_type = Object)]
    pub table: RateTable,
    /// The same in plain words, a line each.
    pub words: String,
}

/// What came of putting a table.
#[derive(Debug, Serialize, ToSchema)]
pub struct TablePut {
    /// Its id.
    pub id: String,
    /// The number of its newest version.
    pub version: u32,
    /// False: it said the same already, and there is no new version.
    pub is_new: bool,
}

/// Which version, in which language.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct VersionQuery {
    /// Number of the version; of the newest, or of that which holds at the entry, unless told.
    pub version: Option<u32>,
    /// `en` or `de`.
    #[serde(default)]
    pub language: Spoken,
}

/// In which language.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LanguageQuery {
    /// `en` or `de`.
    #[serde(default)]
    pub language: Spoken,
}

/// A language of explanations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Spoken {
    /// English.
    #[default]
    En,
    /// German.
    De,
}

impl From<Spoken> for Language {
    fn from(spoken: Spoken) -> Self {
        match spoken {
            Spoken::En => Self::English,
            Spoken::De => Self::German,
        }
    }
}

/// A stay in one place, of one type of bays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimpleStay {
    /// When it begins, RFC 3339.
    #[schema(value_type = String)]
    from: DateTime<Utc>,
    /// When it ends, RFC 3339.
    #[schema(value_type = String)]
    until: DateTime<Utc>,
    /// The place, where lines of the table name places.
    #[serde(default)]
    place: String,
    /// The type of the bay, where lines name some.
    #[serde(default)]
    bay_type: String,
    /// Rights, and merchants' validations.
    #[serde(default)]
    rights: Vec<String>,
    /// What prices are multiplied with, by occupancy: `"1.5"`.
    #[schema(value_type = Option<String>)]
    factor: Option<Decimal>,
}

impl From<SimpleStay> for Stay {
    fn from(simple: SimpleStay) -> Self {
        let SimpleStay { from, until, place, bay_type, rights, factor } = simple;
        let segment =
            Segment { zone: place, bay: bay_type, rights, factor, ..Segment::new(from, until) };
        Self::of(vec![segment])
    }
}

/// What a stay costs by a table.
#[derive(Debug, Serialize, ToSchema)]
pub struct Priced {
    /// The bill: amounts are integers of minor units, and its lines sum to `total`.
    #[schema(value_type = Object)]
    pub bill: Bill,
    /// The same in plain words, a line each.
    pub words: String,
}

impl Priced {
    /// A bill with its words, whose times are those of the table's versions.
    pub fn of(bill: Bill, versions: &Versions, language: Language) -> Self {
        let zone = versions.all().next().map_or(chrono_tz::UTC, |(table, _)| table.time_zone);
        let words = explain_bill(&bill, zone, language);
        Self { bill, words }
    }
}

/// What a stay to come is asked of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuoteBody {
    /// The id of the place.
    pub place: String,
    /// The type of the bay; where it is not said, that of who comes by chance.
    pub bay_type: Option<String>,
    /// When it begins, RFC 3339.
    #[schema(value_type = String)]
    pub from: DateTime<Utc>,
    /// When it ends, RFC 3339.
    #[schema(value_type = String)]
    pub to: DateTime<Utc>,
}

/// What a stay to come costs.
#[derive(Debug, Serialize, ToSchema)]
pub struct Quote {
    /// The id of the place.
    pub place: String,
    /// The type of the bay.
    #[schema(value_type = String)]
    pub bay_type: BayType,
    /// When it begins, RFC 3339.
    pub from: String,
    /// When it ends, RFC 3339.
    pub to: String,
    /// What prices are multiplied with by how full the place is now; at the entry it may be another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<String>,
    /// What it costs.
    #[serde(flatten)]
    pub priced: Priced,
}

/// A table with its versions, as a list has it.
pub fn listed(id: &str, versions: &Versions, now: DateTime<Utc>) -> TableListed {
    let newest = versions.one(versions.newest());
    let shown = |(table, origin): (&RateTable, &Origin)| VersionShown {
        number: table.version,
        valid_from: table.valid_from.map(|date| date.to_string()),
        valid_until: table.valid_until.map(|date| date.to_string()),
        by: origin.by.clone(),
        at: time(origin.at),
    };
    TableListed {
        id: id.to_owned(),
        name: newest.map(|table| table.name.clone()).unwrap_or_default(),
        currency: newest.map(|table| table.currency.code().to_owned()).unwrap_or_default(),
        time_zone: newest.map(|table| table.time_zone.to_string()).unwrap_or_default(),
        holds_now: versions.at(now).map(|table| table.version),
        versions: versions.all().map(shown).collect(),
    }
}
