//! What is posted to the sink, and what it answers.

use std::str::FromStr;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::time::{format_time, parse_time};
use crate::name::TextError;
use crate::{
    Direction, ExceptionKind, ExceptionRow, Instant, ObservationId, Opening, Origin, PlaceName,
    Plate, PlateError, Summary,
};

/// A summary as posted to `/save_summary`. Only plate, entry and exit are needed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SummaryMessage {
    /// The plate, in any spelling.
    pub vehicle_plate: String,
    /// Event time of the entry, RFC 3339.
    pub entry_date_time: String,
    /// RFC 3339, not before the entry.
    pub exit_date_time: String,
    /// Given for the reader; the writer reckons it anew from the two times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
    /// Derived from the content where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The car park; `main` where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Whether it replaces a verdict that had been reported (R6).
    #[serde(default)]
    pub repaired: bool,
    /// Where it comes from: given by carpark's own processors, no column of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<OriginMessage>,
}

/// What a stay was made of, in its summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OriginMessage {
    /// Version of the plate's record at the verdict.
    pub revision: u64,
    /// The read of the entry.
    pub entry_observation_id: String,
    /// By which lane it came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_lane: Option<String>,
    /// The read of the exit.
    pub exit_observation_id: String,
    /// The car park that it left.
    pub exit_place: String,
    /// By which lane it went out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_lane: Option<String>,
}

/// A stay that has begun, as posted to `/save_opened`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpeningMessage {
    /// The plate, in any spelling.
    pub vehicle_plate: String,
    /// The read of the entry.
    pub observation_id: String,
    /// Event time of the entry, RFC 3339.
    pub entry_date_time: String,
    /// The car park; `main` where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// By which lane it came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// Version of the plate's record that says so.
    pub revision: u64,
}

/// An exception as posted to `/save_exception`: the columns of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExceptionMessage {
    /// Which kind of exception it is.
    pub kind: ExceptionKind,
    /// The plate that it is about.
    pub vehicle_plate: String,
    /// Event time of the entry, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_date_time: Option<String>,
    /// Event time of the exit, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_date_time: Option<String>,
    /// All kinds but `withdrawn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observation_id: Option<String>,
    /// `withdrawn`, and `repaired` where a session came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The car park, as the reads name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Version of the plate's record at the verdict.
    pub revision: u64,
    /// When it was recorded, RFC 3339.
    pub recorded_at: String,
    /// Why it is reported, in words.
    pub reason: String,
}

/// What the sink answers for each item, in the order of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saved {
    /// The row is on disk.
    Written,
    /// It was on disk before.
    Duplicate,
}

impl From<&Summary> for SummaryMessage {
    fn from(summary: &Summary) -> Self {
        Self {
            vehicle_plate: summary.plate.to_string(),
            entry_date_time: format_time(summary.entry_at),
            exit_date_time: format_time(summary.exit_at),
            duration_seconds: Some(summary.duration().num_milliseconds() as f64 / 1000.0),
            session_id: Some(summary.session_id.to_string()),
            place: Some(summary.place.to_string()),
            repaired: summary.repaired,
            origin: summary.origin.as_ref().map(|origin| OriginMessage {
                revision: origin.revision,
                entry_observation_id: origin.entry_id.to_string(),
                entry_lane: origin.entry_lane.as_ref().map(ToString::to_string),
                exit_observation_id: origin.exit_id.to_string(),
                exit_place: origin.exit_place.to_string(),
                exit_lane: origin.exit_lane.as_ref().map(ToString::to_string),
            }),
        }
    }
}

impl From<&Opening> for OpeningMessage {
    fn from(opening: &Opening) -> Self {
        Self {
            vehicle_plate: opening.plate.to_string(),
            observation_id: opening.observation_id.to_string(),
            entry_date_time: format_time(opening.entry_at),
            place: Some(opening.place.to_string()),
            lane: opening.lane.as_ref().map(ToString::to_string),
            revision: opening.revision,
        }
    }
}

impl From<&ExceptionRow> for ExceptionMessage {
    fn from(row: &ExceptionRow) -> Self {
        Self {
            kind: row.kind,
            vehicle_plate: row.plate.to_string(),
            entry_date_time: row.entry_at.map(format_time),
            exit_date_time: row.exit_at.map(format_time),
            observation_id: row.observation_id.as_ref().map(ToString::to_string),
            session_id: row.session_id.as_ref().map(ToString::to_string),
            place: Some(row.place.to_string()),
            revision: row.revision,
            recorded_at: format_time(row.recorded_at),
            reason: row.reason.clone(),
        }
    }
}

/// Why a summary or an exception cannot be a row.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unsavable {
    /// See [`PlateError`].
    #[error("`vehicle_plate`: {0}")]
    Plate(#[from] PlateError),
    /// A time that is none.
    #[error("`{0}` is no RFC 3339 date and time")]
    Time(&'static str),
    /// The exit lies before the entry.
    #[error("`exit_date_time` lies before `entry_date_time`")]
    Backwards,
    /// An id or a label that cannot be kept.
    #[error("`{0}` {1}")]
    Text(&'static str, TextError),
    /// An exception that speaks of nothing.
    #[error("`{0}` is needed for an exception of this kind")]
    NoSubject(&'static str),
    /// A fact of a type that nobody tells like this.
    #[error("`type` is none that is told like this")]
    Kind,
}

impl TryFrom<&SummaryMessage> for Summary {
    type Error = Unsavable;

    fn try_from(message: &SummaryMessage) -> Result<Self, Unsavable> {
        let plate = Plate::parse(&message.vehicle_plate)?;
        let entry_at = time("entry_date_time", &message.entry_date_time)?;
        let exit_at = time("exit_date_time", &message.exit_date_time)?;
        if exit_at < entry_at {
            return Err(Unsavable::Backwards);
        }
        let car_park = place(message.place.as_deref())?;
        let session_id = match message.session_id.as_deref() {
            Some(id) => checked_id("session_id", id),
            None => derived_id(&plate, entry_at, exit_at, &car_park),
        }?;
        Ok(Self {
            session_id,
            plate,
            entry_at,
            exit_at,
            place: car_park,
            repaired: message.repaired,
            origin: message.origin.as_ref().map(Origin::try_from).transpose()?,
        })
    }
}

impl TryFrom<&OriginMessage> for Origin {
    type Error = Unsavable;

    fn try_from(message: &OriginMessage) -> Result<Self, Unsavable> {
        Ok(Self {
            revision: message.revision,
            entry_id: name("entry_observation_id", &message.entry_observation_id)?,
            entry_lane: optional_name("entry_lane", message.entry_lane.as_deref())?,
            exit_id: name("exit_observation_id", &message.exit_observation_id)?,
            exit_place: name("exit_place", &message.exit_place)?,
            exit_lane: optional_name("exit_lane", message.exit_lane.as_deref())?,
        })
    }
}

impl TryFrom<&OpeningMessage> for Opening {
    type Error = Unsavable;

    fn try_from(message: &OpeningMessage) -> Result<Self, Unsavable> {
        Ok(Self {
            plate: Plate::parse(&message.vehicle_plate)?,
            observation_id: name("observation_id", &message.observation_id)?,
            entry_at: time("entry_date_time", &message.entry_date_time)?,
            place: place(message.place.as_deref())?,
            lane: optional_name("lane", message.lane.as_deref())?,
            revision: message.revision,
        })
    }
}

/// The name of a session whose observations are not known: two reads that say what it says.
fn derived_id(
    plate: &Plate,
    entry_at: Instant,
    exit_at: Instant,
    car_park: &PlaceName,
) -> Result<CompactString, Unsavable> {
    let read = |direction: Direction, at| {
        let id = format!("{}:{car_park}:{}", direction.as_str(), format_time(at));
        ObservationId::parse(&id).map_err(|e| Unsavable::Text("place", e))
    };
    Ok(crate::session_id(
        plate,
        &read(Direction::Entry, entry_at)?,
        &read(Direction::Exit, exit_at)?,
        0,
    ))
}

impl TryFrom<&ExceptionMessage> for ExceptionRow {
    type Error = Unsavable;

    fn try_from(message: &ExceptionMessage) -> Result<Self, Unsavable> {
        let optional_time =
            |name, text: &Option<String>| text.as_deref().map(|text| time(name, text)).transpose();
        let row = Self {
            kind: message.kind,
            plate: Plate::parse(&message.vehicle_plate)?,
            entry_at: optional_time("entry_date_time", &message.entry_date_time)?,
            exit_at: optional_time("exit_date_time", &message.exit_date_time)?,
            observation_id: optional_name("observation_id", message.observation_id.as_deref())?,
            session_id: message
                .session_id
                .as_deref()
                .map(|id| checked_id("session_id", id))
                .transpose()?,
            place: place(message.place.as_deref())?,
            revision: message.revision,
            recorded_at: time("recorded_at", &message.recorded_at)?,
            reason: message.reason.replace(char::is_control, " "),
        };
        match row.kind {
            ExceptionKind::Withdrawn if row.session_id.is_none() => {
                Err(Unsavable::NoSubject("session_id"))
            }
            ExceptionKind::Withdrawn => Ok(row),
            _ if row.observation_id.is_none() => Err(Unsavable::NoSubject("observation_id")),
            _ => Ok(row),
        }
    }
}

fn time(name: &'static str, text: &str) -> Result<Instant, Unsavable> {
    parse_time(text).ok_or(Unsavable::Time(name))
}

fn place(text: Option<&str>) -> Result<PlaceName, Unsavable> {
    optional_name("place", text).map(Option::unwrap_or_default)
}

fn optional_name<N: FromStr<Err = TextError>>(
    key: &'static str,
    text: Option<&str>,
) -> Result<Option<N>, Unsavable> {
    text.map(|text| name(key, text)).transpose()
}

fn name<N: FromStr<Err = TextError>>(key: &'static str, text: &str) -> Result<N, Unsavable> {
    text.parse().map_err(|e| Unsavable::Text(key, e))
}

fn checked_id(key: &'static str, text: &str) -> Result<CompactString, Unsavable> {
    name::<ObservationId>(key, text).map(|id| CompactString::new(id.as_str()))
}
