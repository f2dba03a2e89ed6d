//! What the actors and the vehicle monitor answer, as far as it is shown.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `/admin/status`, as far as it is shown.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Status {
    pub(crate) processors_alive: i64,
    pub(crate) parts: BTreeMap<String, String>,
    pub(crate) vehicle_entry: Queue,
    pub(crate) vehicle_exit: Queue,
    #[serde(default)]
    pub(crate) remarks: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) dead_letters_waiting: i64,
    pub(crate) outbox_pending: i64,
}

/// One queue of a [`Status`].
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Queue {
    pub(crate) waiting: i64,
    pub(crate) lag_seconds: Option<f64>,
}

/// A stay, or what there is of it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Stay {
    pub(crate) state: String,
    pub(crate) place: String,
    pub(crate) entry: Option<CameraRead>,
    pub(crate) exit: Option<CameraRead>,
    pub(crate) exception: Option<String>,
    pub(crate) duration_seconds: Option<f64>,
    pub(crate) why: String,
}

/// A camera read.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CameraRead {
    pub(crate) kind: String,
    pub(crate) at: String,
    pub(crate) received_at: String,
    pub(crate) place: String,
    pub(crate) lane: Option<String>,
    pub(crate) camera: Option<String>,
    pub(crate) confidence: Option<f32>,
    pub(crate) plate_as_read: Option<String>,
}

/// All that is known of a plate.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Timeline {
    pub(crate) vehicle_plate: String,
    pub(crate) reads: Vec<CameraRead>,
    pub(crate) sessions: Vec<Stay>,
}

/// Messages that could not be processed.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DeadLetters {
    #[serde(rename = "dead_letters")]
    pub(crate) listed: Vec<DeadLetter>,
    pub(crate) total: u64,
    pub(crate) next: Option<String>,
}

/// One dead letter.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DeadLetter {
    pub(crate) id: String,
    /// Empty where nobody said so.
    pub(crate) queue: String,
    pub(crate) reason: String,
    pub(crate) at: String,
    pub(crate) message: String,
}

/// A page of vehicles.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct VehiclePage {
    pub(crate) vehicles: Vec<ListedVehicle>,
    pub(crate) counts: StatusCounts,
    pub(crate) matching: u64,
    pub(crate) next: Option<String>,
}

/// How many are in which state.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct StatusCounts {
    pub(crate) connected: u64,
    pub(crate) disconnected: u64,
    pub(crate) never_seen: u64,
}

/// Places as the office lists them.
#[derive(Debug, Deserialize)]
pub(crate) struct PlacesPage {
    pub(crate) places: Vec<ListedPlace>,
    pub(crate) matching: u64,
    pub(crate) next: Option<String>,
}

/// A place, and how full it is.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ListedPlace {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) address: Option<String>,
    pub(crate) state: String,
    pub(crate) spaces: u64,
    pub(crate) derived: u64,
    pub(crate) free: u64,
    pub(crate) bays: BTreeMap<String, ListedBays>,
    pub(crate) as_of: Option<String>,
}

/// The bays of one type.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ListedBays {
    pub(crate) spaces: u64,
    pub(crate) free: u64,
}

/// A vehicle that reports in.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ListedVehicle {
    pub(crate) vehicle_id: String,
    pub(crate) plate: String,
    pub(crate) customer: Customer,
    pub(crate) status: String,
    pub(crate) last_seen: Option<String>,
    pub(crate) since: Option<String>,
    pub(crate) inside: Option<bool>,
}

/// The customer who owns a vehicle.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// All about a vehicle.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct VehicleDetail {
    #[serde(flatten)]
    pub(crate) vehicle: ListedVehicle,
    pub(crate) address: String,
    pub(crate) history: Vec<StatusChange>,
}

/// A change of its state.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StatusChange {
    pub(crate) status: String,
    pub(crate) at: String,
}
