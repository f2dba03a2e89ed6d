//! How a vehicle's ping travels: `{"id","vehicle_id","at"}`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Unreadable, code_of, format_time, parse_object, parse_time, shape};
use crate::Instant;
use crate::name::{ObservationId, TextError};
use crate::policy::AHEAD_MAX;
use crate::vehicle::{NameError, VehicleId};

/// The queue of pings.
pub const PING_QUEUE: &str = "vehicle_ping";

/// A sign of life of a vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping {
    /// The vehicle that pinged.
    pub vehicle: VehicleId,
    /// When it was sent.
    pub at: Instant,
}

#[derive(Debug, Serialize, Deserialize)]
struct PingMessage<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    vehicle_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    at: Option<Cow<'a, str>>,
}

/// Why a message is no ping: it goes to the dead letters with this as its reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PingRejection {
    /// It cannot be read at all.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The message has no `id`.
    #[error("missing_id: `id` is missing")]
    MissingId,
    /// An `id` that cannot be kept.
    #[error("bad_id: `id` {0}")]
    BadId(TextError),
    /// The message has no `vehicle_id`.
    #[error("missing_vehicle: `vehicle_id` is missing")]
    MissingVehicle,
    /// A `vehicle_id` that is none.
    #[error("bad_vehicle: `vehicle_id` {0}")]
    BadVehicle(NameError),
    /// The message has no `at`.
    #[error("missing_time: `at` is missing")]
    MissingTime,
    /// A time that is none, by its shape.
    #[error("bad_time: {0:?} is no RFC 3339 date and time")]
    BadTime(String),
    /// A time that has not come.
    #[error("future_time: {} s ahead of the clock, at most {} are allowed: is the vehicle's clock right?", .0, AHEAD_MAX.num_seconds())]
    FutureTime(i64),
    /// Nobody registered the vehicle.
    #[error("unknown_vehicle: no vehicle of this `vehicle_id` is registered")]
    UnknownVehicle,
}

impl PingRejection {
    /// Every [`PingRejection::code`].
    pub const CODES: [&str; 11] = [
        "too_large",
        "not_utf8",
        "malformed_json",
        "missing_id",
        "bad_id",
        "missing_vehicle",
        "bad_vehicle",
        "missing_time",
        "bad_time",
        "future_time",
        "unknown_vehicle",
    ];

    /// The first word of the reason.
    pub fn code(&self) -> &'static str {
        code_of(&self.to_string(), &Self::CODES)
    }
}

/// Reads a ping of the queue, or says why it is none.
pub fn parse_ping(body: &[u8], now: Instant) -> Result<Ping, PingRejection> {
    let message: PingMessage<'_> = parse_object(body)?;
    let id = message.id.ok_or(PingRejection::MissingId)?;
    ObservationId::parse(&id).map_err(PingRejection::BadId)?;
    let vehicle = message.vehicle_id.ok_or(PingRejection::MissingVehicle)?;
    let vehicle = VehicleId::parse(&vehicle).map_err(PingRejection::BadVehicle)?;
    let at = parse_ping_time(&message.at.ok_or(PingRejection::MissingTime)?, now)?;
    Ok(Ping { vehicle, at })
}

/// Reads the time of a ping, or says why it is none.
pub fn parse_ping_time(text: &str, now: Instant) -> Result<Instant, PingRejection> {
    let at = parse_time(text).ok_or_else(|| PingRejection::BadTime(shape(text)))?;
    if at - now > AHEAD_MAX {
        return Err(PingRejection::FutureTime((at - now).num_seconds()));
    }
    Ok(crate::summary::to_millis(at))
}

/// The message that publishes a ping; [`parse_ping`] reads it back.
pub fn ping_to_json(id: &str, ping: &Ping) -> String {
    let message = PingMessage {
        id: Some(id.into()),
        vehicle_id: Some(ping.vehicle.as_str().into()),
        at: Some(format_time(ping.at).into()),
    };
    serde_json::to_string(&message).expect("texts can be said in JSON")
}

#[cfg(test)]
mod tests;
