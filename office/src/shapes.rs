//! What the routes say and hear, in JSON.

pub mod tables;

use std::collections::BTreeMap;

use domain::Instant;
use domain::place::{BayType, Location, Openness, Place};
use domain::wire::format_time;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// RFC 3339.
pub fn time(at: Instant) -> String {
    format_time(at)
}

/// How full a place is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StateShown {
    /// `open`, `full` or `closed`.
    #[schema(value_type = String)]
    pub state: Openness,
    /// All bays but the reserved ones.
    pub spaces: u32,
    /// Who was let in or has reserved; decides who else is let in.
    #[serde(default)]
    pub committed: u32,
    /// Vehicles inside, by what the cameras have read and people have counted.
    pub derived: u32,
    /// Bays that are free; no reserved ones among them.
    pub free: u32,
    /// The same by the type of the bays.
    #[schema(value_type = BTreeMap<String, BaysShown>)]
    pub bays: BTreeMap<BayType, BaysShown>,
    /// The price now.
    #[serde(default)]
    pub price: PlacePrice,
    /// When a vehicle was last read here, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
}

impl StateShown {
    /// How full it is, of 100, whole percents down; `None`: it has no bays that could be.
    pub fn percent(&self) -> Option<u8> {
        let taken = u64::from(self.spaces.saturating_sub(self.free)) * 100;
        u8::try_from(taken.checked_div(u64::from(self.spaces))?).ok()
    }
}

/// What the first hour from now costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriceShown {
    /// `2.50 EUR for the first hour`; `no price`, which is never 0.
    pub words: String,
    /// In minor units, tax included; missing: no price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// ISO 4217.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Of which time: `PT1H`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<String>,
}

impl Default for PriceShown {
    fn default() -> Self {
        Self { words: "no price".to_owned(), amount: None, currency: None, per: None }
    }
}

impl PriceShown {
    /// Of the bill of a stay of one hour.
    pub fn of_first_hour(bill: &rates::Bill) -> Self {
        let (currency, amount) = (&bill.currency, bill.total);
        let words = match amount {
            0 => "free for the first hour".to_owned(),
            _ => format!("{} {} for the first hour", currency.show(amount), currency.code()),
        };
        Self {
            words,
            amount: Some(amount),
            currency: Some(currency.code().to_owned()),
            per: Some("PT1H".to_owned()),
        }
    }
}

/// The price of a place: that of the bays of who comes by chance, and what it was made by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlacePrice {
    /// What it is.
    #[serde(flatten)]
    pub price: PriceShown,
    /// Id of the rate table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Version of it that holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// What prices are multiplied with, by how full the place is; where the table has factors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<String>,
    /// From how many percent on that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_percent: Option<u8>,
}

/// The bays of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BaysShown {
    /// How many there are.
    pub spaces: u32,
    /// Who was let in to them or has reserved one.
    #[serde(default)]
    pub committed: u32,
    /// Vehicles in them, by what the cameras have read and people have counted.
    pub derived: u32,
    /// The last count by people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<VerifiedShown>,
    /// How many are free.
    pub free: u32,
    /// The price now, where the place names a rate table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceShown>,
}

/// A count by people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerifiedShown {
    /// How many vehicles they found.
    pub inside: u32,
    /// When, RFC 3339.
    pub at: String,
}

/// A place, for who looks for one.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PlaceShown {
    /// What the reads call it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Street and town.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Degrees, WGS 84.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub location: Option<Location>,
    /// IANA time zone.
    pub time_zone: String,
    /// How full it is.
    #[serde(flatten)]
    pub state: StateShown,
}

/// Places that were asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlacesPage {
    /// By id; where `near` is asked for, the nearest first.
    pub places: Vec<PlaceShown>,
    /// How many match.
    pub matching: usize,
    /// For `after`; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What a person looks for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PlacesQuery {
    /// `LATITUDE,LONGITUDE,METRES`: no further away than that, the nearest first.
    pub near: Option<String>,
    /// `open`, `full` or `closed`.
    pub state: Option<String>,
    /// Only places that have bays of this type.
    pub bay_type: Option<String>,
    /// Part of an id, a name or an address.
    pub q: Option<String>,
    /// Places of a page, 100 unless told, 1,000 at most.
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub after: Option<String>,
}

/// What another program looks for, in the words of APDS.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ApdsQuery {
    /// Degrees; with `longitude` and `radius`.
    pub latitude: Option<f64>,
    /// Degrees.
    pub longitude: Option<f64>,
    /// Metres.
    pub radius: Option<f64>,
    /// Part of an id, a name or an address.
    pub name: Option<String>,
    /// So many places are passed over.
    #[serde(default)]
    pub offset: usize,
    /// Places of a page, 100 unless told, 1,000 at most.
    pub limit: Option<usize>,
}

/// A place, for the operator.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaceDetail {
    /// What the reads call it.
    pub id: String,
    /// As it is described; none: reads name it, and nobody has described it.
    #[schema(value_type = Option<Object>)]
    pub description: Option<Place>,
    /// How full it is.
    pub state: StateShown,
    /// What was counted, by the type of the bays.
    #[schema(value_type = BTreeMap<String, CountShown>)]
    pub counts: BTreeMap<BayType, CountShown>,
    /// What is to be known of its description: why there is no price.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// What was counted of the bays of one type.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountShown {
    /// Stays that stand open.
    pub open_stays: u32,
    /// Vehicles that people found and no open stay is about; below zero, stays that stand open though
    /// their vehicles have gone.
    pub correction: i64,
    /// Vehicles that were read as they came in.
    pub entries: u64,
    /// Vehicles that were read as they left.
    pub exits: u64,
    /// Vehicles that the reads had too many at the last count, per 1,000 entries and exits since the
    /// one before; below zero, too few.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_per_1000: Option<f64>,
}

/// Places, for the operator.
#[derive(Debug, Serialize, ToSchema)]
pub struct DetailsPage {
    /// By id.
    pub places: Vec<PlaceDetail>,
    /// For `after`; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A count by people.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountBody {
    /// Of which bays; where the place has one type, it need not be said.
    pub bay_type: Option<String>,
    /// How many vehicles are in them.
    pub inside: u32,
    /// Who has counted.
    pub by: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// What came of an import.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ImportReport {
    /// Places that were not there before.
    pub added: usize,
    /// Places that are described otherwise now.
    pub changed: usize,
    /// Places that were described like this already.
    pub unchanged: usize,
    /// Rows that were not taken.
    pub refused: usize,
    /// The first 1,000 of them.
    pub refusals: Vec<RefusedRow>,
}

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefusedRow {
    /// In the file, from 1.
    pub line: u64,
    /// The column or key, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// What is held of a plate.
#[derive(Debug, Serialize, ToSchema)]
pub struct StayShown {
    /// Where its vehicle is inside.
    pub place: String,
    /// In which bays it is counted.
    pub bay_type: String,
}
