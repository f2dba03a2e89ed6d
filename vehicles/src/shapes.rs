//! What the routes say and hear, in JSON.

use chrono::TimeDelta;
use domain::presence::Status;
use domain::wire::format_time;
use domain::{Customer, Instant, Vehicle};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What a person looks for in the list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Id of a customer.
    pub customer: Option<String>,
    /// `connected`, `disconnected` or `never_seen`.
    pub status: Option<String>,
    /// Part of a vehicle's id, of a plate or of a customer's name.
    pub q: Option<String>,
    /// `plate` (the default), `id`, `customer`, `status` or `last_seen`.
    pub sort: Option<String>,
    /// `asc` (the default) or `desc`.
    pub order: Option<String>,
    /// Vehicles of a page, 100 unless told, 1,000 at most.
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub after: Option<String>,
}

/// A page of vehicles.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VehiclePage {
    /// In the order that was asked for.
    pub vehicles: Vec<VehicleItem>,
    /// Of the vehicles that match `customer` and `q`, whatever their state.
    pub counts: StatusCounts,
    /// How many match, `status` included.
    pub matching: usize,
    /// For `after`; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// When this held, RFC 3339.
    pub as_of: String,
}

/// How many vehicles are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatusCounts {
    /// Heard of within the limit.
    pub connected: usize,
    /// Heard of, but not within the limit.
    pub disconnected: usize,
    /// Vehicles that were never heard from.
    pub never_seen: usize,
}

/// A vehicle in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VehicleItem {
    /// Names it, a VIN for instance.
    pub vehicle_id: String,
    /// Registration plate.
    pub plate: String,
    /// The customer who owns it.
    pub customer: Owner,
    /// `connected`, `disconnected` or `never_seen`.
    pub status: &'static str,
    /// Time of the newest ping, RFC 3339.
    pub last_seen: Option<String>,
    /// Since when it has that status, RFC 3339.
    pub since: Option<String>,
    /// Whether its plate is in a car park now; null where nobody could be asked.
    pub inside: Option<bool>,
}

/// Whose a vehicle is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Owner {
    /// The customer's id.
    pub id: String,
    /// What they are called: text, whatever it looks like.
    pub name: String,
}

/// All about a vehicle.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VehicleDetail {
    /// As in the list.
    #[serde(flatten)]
    pub vehicle: VehicleItem,
    /// Where the customer lives.
    pub address: String,
    /// Changes of its status, the newest first.
    pub history: Vec<HistoryItem>,
}

/// A change of a vehicle's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HistoryItem {
    /// The status that it had from then on.
    pub status: &'static str,
    /// When it changed, RFC 3339.
    pub at: String,
}

/// The `data` of an event of the stream.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatusEvent {
    /// The vehicle's id.
    pub vehicle_id: String,
    /// The vehicle's registration plate.
    pub plate: String,
    /// The customer who owns it.
    pub customer: Owner,
    /// What it is now.
    pub status: &'static str,
    /// Since when, RFC 3339.
    pub at: String,
    /// Time of the newest ping, RFC 3339.
    pub last_seen: Option<String>,
    /// Of all vehicles, after this change.
    pub counts: StatusCounts,
}

/// A ping over HTTP; without a body it is one of this moment. Unknown fields are ignored, as in the
/// queue of pings: a device sends more of them after an update.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct PingBody {
    /// Names the ping; for the sender's logs.
    pub id: Option<String>,
    /// Accepted where it is the one of the path.
    pub vehicle_id: Option<String>,
    /// When it was sent, RFC 3339; missing: now.
    pub at: Option<String>,
}

/// A ping is stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct PingAnswer {
    /// The vehicle that pinged.
    pub vehicle_id: String,
    /// What it is now.
    pub status: &'static str,
    /// Time of its newest ping, which may be another, RFC 3339.
    pub last_seen: Option<String>,
}

/// A customer to keep.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerBody {
    /// What they are called.
    pub name: String,
    /// The customer's postal address.
    #[serde(default)]
    pub address: String,
}

/// A customer, as the monitor answers it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CustomerItem {
    /// The customer's id.
    pub id: String,
    /// What they are called.
    pub name: String,
    /// The customer's postal address.
    pub address: String,
    /// How many vehicles they have.
    pub vehicles: usize,
}

/// A page of customers, by id.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerPage {
    /// In the order of their ids.
    pub customers: Vec<CustomerItem>,
    /// For `after`; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which customers are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CustomersQuery {
    /// Customers of a page, 100 unless told, 1,000 at most.
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub after: Option<String>,
}

/// How to remove a customer.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RemovalQuery {
    /// Their vehicles as well; without it a customer with vehicles stays (409).
    #[serde(default)]
    pub with_vehicles: bool,
}

/// How much was removed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Removed {
    /// Vehicles that are gone.
    pub vehicles: usize,
}

/// A vehicle to keep.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VehicleBody {
    /// Registration plate.
    pub plate: String,
    /// Id of a customer that is registered.
    pub customer: String,
}

/// A vehicle as it is registered.
#[derive(Debug, Serialize, ToSchema)]
pub struct VehicleRecord {
    /// The vehicle's id.
    pub vehicle_id: String,
    /// Registration plate, normalised.
    pub plate: String,
    /// Id of the customer who owns it.
    pub customer: String,
}

/// What became of an imported file.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ImportReport {
    /// Customers that were not known before.
    pub customers_added: usize,
    /// Vehicles that were not known before.
    pub vehicles_added: usize,
    /// Rows that were not taken.
    pub refused: usize,
    /// Which, and why: the first 1,000 of them.
    pub refusals: Vec<Refusal>,
}

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refusal {
    /// Line of the file, from 1.
    pub line: u64,
    /// `duplicate_vehicle`, `duplicate_plate`, `other_customer` or `bad_row`.
    pub kind: &'static str,
    /// In words, with what would help.
    pub reason: String,
}

impl From<&Customer> for Owner {
    fn from(customer: &Customer) -> Self {
        Self { id: customer.id.as_str().to_owned(), name: customer.name.clone() }
    }
}

impl From<&Vehicle> for VehicleRecord {
    fn from(vehicle: &Vehicle) -> Self {
        Self {
            vehicle_id: vehicle.id.as_str().to_owned(),
            plate: vehicle.plate.as_str().to_owned(),
            customer: vehicle.customer.as_str().to_owned(),
        }
    }
}

/// Since when a vehicle has its status: its newest period's begin, or its end and the limit.
pub(crate) fn since(
    status: Status,
    newest: Option<domain::presence::Period>,
    limit: TimeDelta,
) -> Option<Instant> {
    let period = newest?;
    Some(if status == Status::Connected { period.from } else { period.to + limit })
}

pub(crate) fn time(at: Option<Instant>) -> Option<String> {
    at.map(format_time)
}
