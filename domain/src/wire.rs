//! How observations, summaries and exceptions travel: the JSON of the queues and of the sink, and
//! the columns of the files. The contract, to the letter: others publish and read it.

pub mod ping;

use std::borrow::Cow;

use chrono::{DateTime, Datelike, SecondsFormat, TimeDelta};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::observation::{PlateAsRead, TextError};
use crate::policy::AHEAD_MAX;
use crate::summary::to_millis;
use crate::{
    ExceptionKind, ExceptionRow, Instant, Kind, Label, Observation, ObservationId, Plate,
    PlateError, Summary,
};

/// The queue of entries.
pub const ENTRY_QUEUE: &str = "vehicle_entry";
/// The queue of exits.
pub const EXIT_QUEUE: &str = "vehicle_exit";
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

/// An observation as JSON. Unknown fields are ignored.
#[derive(Debug, Serialize, Deserialize)]
struct ObservationMessage<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    vehicle_plate: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    entry_date_time: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    exit_date_time: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    place: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    lane: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    camera: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
}

/// R8: why a message is absurd. It goes to the dead letters with this as its reason; nothing in it
/// shows a plate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// More than [`MESSAGE_BYTES_MAX`].
    #[error("too_large: {0} bytes, at most {MESSAGE_BYTES_MAX} are allowed")]
    TooLarge(usize),
    /// Bytes that are no text.
    #[error("not_utf8: invalid UTF-8 from byte {0} on")]
    NotUtf8(usize),
    /// Not a JSON object of the contract.
    #[error("malformed_json: {0}")]
    MalformedJson(String),
    /// No `id`.
    #[error("missing_id: `id` is missing")]
    MissingId,
    /// An `id` that cannot be kept.
    #[error("bad_id: `id` {0}")]
    BadId(TextError),
    /// No `vehicle_plate`.
    #[error("missing_plate: `vehicle_plate` is missing")]
    MissingPlate,
    /// A `vehicle_plate` that is none.
    #[error("bad_plate: {0}")]
    BadPlate(PlateError),
    /// Neither time.
    #[error("missing_time: neither `entry_date_time` nor `exit_date_time` is given")]
    MissingTime,
    /// Both times.
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
    BadLabel(&'static str, TextError),
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
        match self {
            Self::TooLarge(_) => "too_large",
            Self::NotUtf8(_) => "not_utf8",
            Self::MalformedJson(_) => "malformed_json",
            Self::MissingId => "missing_id",
            Self::BadId(_) => "bad_id",
            Self::MissingPlate => "missing_plate",
            Self::BadPlate(_) => "bad_plate",
            Self::MissingTime => "missing_time",
            Self::BothTimes => "both_times",
            Self::BadTime(_) => "bad_time",
            Self::FutureTime(_) => "future_time",
            Self::BadLabel(..) => "bad_label",
            Self::BadConfidence(_) => "bad_confidence",
        }
    }
}

/// Reads an observation, or says why it is none (R8).
pub fn parse_observation(body: &[u8], now: Instant) -> Result<Observation, Rejection> {
    if body.len() > MESSAGE_BYTES_MAX {
        return Err(Rejection::TooLarge(body.len()));
    }
    let text = std::str::from_utf8(body).map_err(|e| Rejection::NotUtf8(e.valid_up_to()))?;
    // Serde would take an array for a struct whose fields have lost their names.
    if !text.trim_start().starts_with('{') {
        return Err(Rejection::MalformedJson("not an object".to_owned()));
    }
    let message: ObservationMessage<'_> =
        serde_json::from_str(text).map_err(|e| Rejection::MalformedJson(without_content(&e)))?;

    let id = message.id.ok_or(Rejection::MissingId)?;
    let id = ObservationId::parse(&id).map_err(Rejection::BadId)?;
    let as_read = message.vehicle_plate.ok_or(Rejection::MissingPlate)?;
    let plate = Plate::parse(&as_read).map_err(Rejection::BadPlate)?;
    let (kind, time) = match (message.entry_date_time, message.exit_date_time) {
        (Some(time), None) => (Kind::Entry, time),
        (None, Some(time)) => (Kind::Exit, time),
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
    let label = |name, text: Option<Cow<'_, str>>| {
        text.map(|text| Label::parse(&text).map_err(|e| Rejection::BadLabel(name, e))).transpose()
    };
    Ok(Observation {
        id,
        plate_as_read: (as_read != plate.as_str())
            .then(|| PlateAsRead(CompactString::new(&as_read))),
        plate,
        kind,
        at,
        place: label("place", message.place)?.unwrap_or_default(),
        lane: label("lane", message.lane)?,
        camera: label("camera", message.camera)?,
        #[expect(clippy::cast_possible_truncation, reason = "a share needs no 52 bits")]
        confidence: message.confidence.map(|confidence| confidence as f32),
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
    let time = Cow::Owned(observation.at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    let (entry, exit) = match observation.kind {
        Kind::Entry => (Some(time), None),
        Kind::Exit => (None, Some(time)),
    };
    let plate = observation
        .plate_as_read
        .as_ref()
        .map_or(observation.plate.as_str(), |text| text.0.as_str());
    let label = |label: &'_ Option<Label>| label.as_ref().map(|l| l.as_str().to_owned().into());
    let message = ObservationMessage {
        id: Some(observation.id.as_str().into()),
        vehicle_plate: Some(plate.into()),
        entry_date_time: entry,
        exit_date_time: exit,
        place: (observation.place != Label::default()).then(|| observation.place.as_str().into()),
        lane: label(&observation.lane),
        camera: label(&observation.camera),
        confidence: observation.confidence.map(f64::from),
    };
    serde_json::to_string(&message).expect("texts and numbers can be said in JSON")
}

/// Reads an RFC 3339 date and time to the nanosecond. Without an offset it is UTC.
pub fn parse_time(text: &str) -> Option<Instant> {
    let at = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_rfc3339(&format!("{text}Z")))
        .ok()?
        .to_utc();
    // The offset can lead out of the four digits of a year, and then no one could read it back.
    if !(0..=9999).contains(&at.year()) {
        return None;
    }
    // A leap second is the last instant before the next second: one line of time, no folds.
    DateTime::from_timestamp(at.timestamp(), at.timestamp_subsec_nanos().min(999_999_999))
}

/// A time as the files have it: UTC, milliseconds, `Z`.
pub fn format_time(at: Instant) -> String {
    to_millis(at).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A duration as the files have it: seconds with three decimals.
pub fn format_seconds(duration: TimeDelta) -> String {
    let millis = duration.num_milliseconds();
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

/// A summary as posted to `/save_summary`. Only plate, entry and exit are needed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SummaryMessage {
    /// The plate, in any spelling.
    pub vehicle_plate: String,
    /// RFC 3339.
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
}

/// An exception as posted to `/save_exception`: the columns of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExceptionMessage {
    /// What happened.
    pub kind: ExceptionKind,
    /// The plate.
    pub vehicle_plate: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_date_time: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_date_time: Option<String>,
    /// All kinds but `withdrawn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observation_id: Option<String>,
    /// `withdrawn`, and `repaired` where a session came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The car park.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Version of the plate's record at the verdict.
    pub revision: u64,
    /// RFC 3339.
    pub recorded_at: String,
    /// In words.
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
        })
    }
}

/// The name of a session whose observations are not known: two reads that say what it says.
fn derived_id(
    plate: &Plate,
    entry_at: Instant,
    exit_at: Instant,
    car_park: &Label,
) -> Result<CompactString, Unsavable> {
    let read = |kind: Kind, at| {
        let id = format!("{}:{car_park}:{}", kind.as_str(), format_time(at));
        ObservationId::parse(&id).map_err(|e| Unsavable::Text("place", e))
    };
    Ok(crate::session_id(plate, &read(Kind::Entry, entry_at)?, &read(Kind::Exit, exit_at)?, 0))
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
            observation_id: message
                .observation_id
                .as_deref()
                .map(|id| {
                    ObservationId::parse(id).map_err(|e| Unsavable::Text("observation_id", e))
                })
                .transpose()?,
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

fn place(text: Option<&str>) -> Result<Label, Unsavable> {
    text.map_or_else(|| Ok(Label::default()), Label::parse).map_err(|e| Unsavable::Text("place", e))
}

fn checked_id(name: &'static str, text: &str) -> Result<CompactString, Unsavable> {
    ObservationId::parse(text)
        .map(|id| CompactString::new(id.as_str()))
        .map_err(|e| Unsavable::Text(name, e))
}

#[cfg(test)]
mod tests;
