//! How observations, summaries and exceptions travel: the JSON of the queues and of the sink, and
//! the columns of the files. The contract, to the letter: others publish and read it.

pub mod ping;

use std::borrow::Cow;
use std::ops::Deref;
use std::str::FromStr;

use chrono::{SecondsFormat, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::name::TextError;
use crate::observation::{Method, PlateAsRead};
use crate::policy::AHEAD_MAX;
use crate::{Direction, Instant, Observation, ObservationId, PlaceName, Plate, PlateError};

mod facts;
mod rows;
mod time;

pub use facts::FactMessage;
pub use rows::{ExceptionMessage, OpeningMessage, OriginMessage, Saved, SummaryMessage, Unsavable};
pub use time::{format_seconds, format_time, parse_time};

/// The queue of entries.
pub const ENTRY_QUEUE: &str = "vehicle_entry";
/// The queue of exits.
pub const EXIT_QUEUE: &str = "vehicle_exit";
/// The queue of a kind of observation.
pub const fn queue_of(direction: Direction) -> &'static str {
    match direction {
        Direction::Entry => ENTRY_QUEUE,
        Direction::Exit => EXIT_QUEUE,
    }
}
/// Where messages go that can never be processed, with [`REASON_HEADER`].
pub const DEAD_LETTER_QUEUE: &str = "vehicle_dead_letter";
/// Header of a dead letter: why, in words, beginning with [`Rejection::code`].
pub const REASON_HEADER: &str = "x-reason";
/// Header of a dead letter: the queue it came from.
pub const QUEUE_HEADER: &str = "x-queue";
/// Header of a dead letter: when it was refused, RFC 3339.
pub const REFUSED_AT_HEADER: &str = "x-refused-at";

/// Most bytes of an observation's message. The longest legal one is a tenth of it.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// First line of `summaries.csv`.
pub const SUMMARIES_HEADER: &str =
    "vehicle_plate,entry_date_time,exit_date_time,duration_seconds,session_id,place,repaired";
/// First line of `exceptions.csv`.
pub const EXCEPTIONS_HEADER: &str = "kind,vehicle_plate,entry_date_time,exit_date_time,\
observation_id,session_id,place,revision,recorded_at,reason";

/// A text of a message, borrowed from it where it has no escapes. (Serde borrows a `Cow`, and
/// copies an `Option<Cow>`.)
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// An observation as JSON. Unknown fields are ignored.
#[derive(Debug, Serialize, Deserialize)]
struct ObservationMessage<'a> {
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    vehicle_plate: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    entry_date_time: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    exit_date_time: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    place: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    lane: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    camera: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
}

/// Why a message cannot be read, whatever it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// More than [`MESSAGE_BYTES_MAX`].
    #[error("too_large: {0} bytes, at most {MESSAGE_BYTES_MAX} are allowed")]
    TooLarge(usize),
    /// Bytes that are no text.
    #[error("not_utf8: invalid UTF-8 from byte {0} on")]
    NotUtf8(usize),
    /// Not a JSON object of the contract.
    #[error("malformed_json: {0}")]
    MalformedJson(String),
}

/// R8: why a message is absurd. It goes to the dead letters with this as its reason; nothing in it
/// shows a plate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// It cannot be read at all.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The message has no `id`.
    #[error("missing_id: `id` is missing")]
    MissingId,
    /// An `id` that cannot be kept.
    #[error("bad_id: `id` {0}")]
    BadId(TextError),
    /// The message has no `vehicle_plate`.
    #[error("missing_plate: `vehicle_plate` is missing")]
    MissingPlate,
    /// A `vehicle_plate` that is none.
    #[error("bad_plate: {0}")]
    BadPlate(PlateError),
    /// The message has neither time.
    #[error("missing_time: neither `entry_date_time` nor `exit_date_time` is given")]
    MissingTime,
    /// The message has both times.
    #[error("both_times: an observation is an entry or an exit, not both")]
    BothTimes,
    /// A time that is none, by its shape.
    #[error("bad_time: {0:?} is no RFC 3339 date and time")]
    BadTime(String),
    /// A time that has not come.
    #[error("future_time: {} s ahead of the clock, at most {} are allowed: is the camera's clock right?", .0.num_seconds(), AHEAD_MAX.num_seconds())]
    FutureTime(TimeDelta),
    /// A `place`, `lane` or `camera` that cannot be kept.
    #[error("bad_label: `{0}` {1}")]
    BadName(&'static str, TextError),
    /// A `confidence` outside 0 to 1.
    #[error("bad_confidence: {0} is not between 0 and 1")]
    BadConfidence(f64),
}

impl Rejection {
    /// Every [`Rejection::code`].
    pub const CODES: [&str; 13] = [
        "too_large",
        "not_utf8",
        "malformed_json",
        "missing_id",
        "bad_id",
        "missing_plate",
        "bad_plate",
        "missing_time",
        "both_times",
        "bad_time",
        "future_time",
        "bad_label",
        "bad_confidence",
    ];

    /// The first word of the reason: what a metric or a filter goes by.
    pub fn code(&self) -> &'static str {
        code_of(&self.to_string(), &Self::CODES)
    }
}

/// The code that a reason begins with.
fn code_of(reason: &str, codes: &[&'static str]) -> &'static str {
    let first = reason.split(':').next();
    codes.iter().find(|code| first == Some(code)).copied().unwrap_or_default()
}

/// Reads the JSON object of a message.
fn parse_object<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, Unreadable> {
    if body.len() > MESSAGE_BYTES_MAX {
        return Err(Unreadable::TooLarge(body.len()));
    }
    let text = std::str::from_utf8(body).map_err(|e| Unreadable::NotUtf8(e.valid_up_to()))?;
    // Serde would take an array for a struct whose fields have lost their names.
    if !text.trim_start().starts_with('{') {
        return Err(Unreadable::MalformedJson("not an object".to_owned()));
    }
    serde_json::from_str(text).map_err(|e| Unreadable::MalformedJson(without_content(&e)))
}

/// Reads an observation, or says why it is none (R8).
pub fn parse_observation(body: &[u8], now: Instant) -> Result<Observation, Rejection> {
    let message: ObservationMessage<'_> = parse_object(body)?;
    let id = message.id.ok_or(Rejection::MissingId)?;
    let id = ObservationId::parse(&id).map_err(Rejection::BadId)?;
    let as_read = message.vehicle_plate.ok_or(Rejection::MissingPlate)?;
    let plate = Plate::parse(&as_read).map_err(Rejection::BadPlate)?;
    let (direction, time) = match (message.entry_date_time, message.exit_date_time) {
        (Some(time), None) => (Direction::Entry, time),
        (None, Some(time)) => (Direction::Exit, time),
        (None, None) => return Err(Rejection::MissingTime),
        (Some(_), Some(_)) => return Err(Rejection::BothTimes),
    };
    let at = parse_time(&time).ok_or_else(|| Rejection::BadTime(shape(&time)))?;
    if at - now > AHEAD_MAX {
        return Err(Rejection::FutureTime(at - now));
    }
    if let Some(confidence) = message.confidence
        && !(0.0..=1.0).contains(&confidence)
    {
        return Err(Rejection::BadConfidence(confidence));
    }
    Ok(Observation {
        id,
        plate_as_read: PlateAsRead::of(&as_read, &plate),
        plate,
        direction,
        at,
        place: name("place", message.place)?.unwrap_or_default(),
        lane: name("lane", message.lane)?,
        camera: name("camera", message.camera)?,
        #[expect(clippy::cast_possible_truncation, reason = "a share needs no 52 bits")]
        confidence: message.confidence.map(|confidence| confidence as f32),
        method: Method::Camera,
    })
}

/// What serde says, less the values it quotes: a value may be a plate (G8).
fn without_content(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = match error.classify() {
        serde_json::error::Category::Data if !text.starts_with("duplicate field") => {
            "a value of the wrong type"
        }
        _ => text.split(" at line ").next().unwrap_or("not JSON"),
    };
    format!("{what}, line {}, column {}", error.line(), error.column())
}

/// The first characters of a text that goes into a reason, with `9` for each digit and `a` for each
/// letter: what is no time may well be a plate (G8).
fn shape(text: &str) -> String {
    let masked = |character: char| match character {
        _ if character.is_numeric() => '9',
        _ if character.is_alphabetic() => 'a',
        _ => character,
    };
    text.chars().take(40).map(masked).collect()
}

/// The message that publishes an observation; [`parse_observation`] reads it back.
pub fn observation_to_json(observation: &Observation) -> String {
    let time = Text(observation.at.to_rfc3339_opts(SecondsFormat::AutoSi, true).into());
    let (entry, exit) = match observation.direction {
        Direction::Entry => (Some(time), None),
        Direction::Exit => (None, Some(time)),
    };
    let plate = observation
        .plate_as_read
        .as_ref()
        .map_or(observation.plate.as_str(), |text| text.0.as_str());
    let text = |text: &'_ str| Text(text.to_owned().into());
    let message = ObservationMessage {
        id: Some(text(observation.id.as_str())),
        vehicle_plate: Some(text(plate)),
        entry_date_time: entry,
        exit_date_time: exit,
        place: (observation.place != PlaceName::default())
            .then(|| text(observation.place.as_str())),
        lane: observation.lane.as_ref().map(|lane| text(lane.as_str())),
        camera: observation.camera.as_ref().map(|camera| text(camera.as_str())),
        confidence: observation.confidence.map(f64::from),
    };
    serde_json::to_string(&message).expect("texts and numbers can be said in JSON")
}

/// The name that stands under `key`, if there is one.
fn name<N: FromStr<Err = TextError>>(
    key: &'static str,
    text: Option<Text<'_>>,
) -> Result<Option<N>, Rejection> {
    text.map(|text| text.parse().map_err(|e| Rejection::BadName(key, e))).transpose()
}

#[cfg(test)]
mod tests;
