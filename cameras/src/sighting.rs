//! A read in the light of its camera's configuration: when and where it was, which way the vehicle
//! went, and whether it can become an observation. Pure.

use std::fmt;
use std::sync::Arc;

use chrono::TimeDelta;
use compact_str::CompactString;
use domain::observation::PlateAsRead;
use domain::policy::AHEAD_MAX;
use domain::{Direction, Instant, Observation, ObservationId, Plate};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::camera::{Camera, LaneRole};
use crate::read::{CapturedAt, Heading, PlateText, Read, Stage};
use crate::zone;

/// Of the ids made here: a name in a namespace of its own.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f0d_27b6_6b1e_4f0c_9a61_3a9b_52d4_c0e7);

/// Names the reads among which those of one vehicle are: of one event of one camera, or, without an
/// event, of one plate at one instant. Which of them are of one vehicle, [`identity`](crate::identity)
/// says. Shows nothing of what it was made from (G8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(Uuid);

/// One read of one passage.
#[derive(Debug, Clone)]
pub struct Sighting {
    /// Among which reads those of the same vehicle are.
    pub key: Key,
    /// The plate, though it may be too unsure to be published.
    pub plate: Option<Plate>,
    /// Which way the vehicle went, where that is known.
    pub direction: Option<Direction>,
    /// The time in the camera's own words: the same where the message is sent again.
    pub when: CompactString,
    /// The message named a time; else `at` is the moment of arrival.
    pub names_time: bool,
    /// Whether the id is the sender's own key of the read, as [`Read::event_is_key`] says.
    pub id_is_key: bool,
    /// The camera that made it.
    pub camera: Arc<Camera>,
    /// When, as far as it can be known.
    pub at: Instant,
    /// What can become of it.
    pub fit: Fit,
    /// Whether more is to come.
    pub stage: Stage,
    /// How sure the camera is of the plate's text, 0 to 1.
    pub confidence: Option<f32>,
    /// How much later than it was captured it was received, if that tells of the camera's clock.
    pub delay: Option<TimeDelta>,
}

/// What a read is good for.
#[derive(Clone, PartialEq)]
pub enum Fit {
    /// A plate, at an instant, entering or leaving.
    Observation(Box<Observation>),
    /// It cannot become one, and why.
    Unfit(Unfit),
}

/// Why a read is no observation. Each is an exception of the lane: counted, shown, logged, and
/// never a stay of a plate that nobody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// A vehicle passed, and its plate was not read, or what was read cannot be a plate.
    Unread,
    /// The camera is less sure than `min_confidence`.
    LowConfidence,
    /// The lane is two-way, and the camera does not say which way the vehicle went.
    NoDirection,
}

impl Unfit {
    /// The word of metrics and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unread => "unread",
            Self::LowConfidence => "low_confidence",
            Self::NoDirection => "no_direction",
        }
    }
}

impl fmt::Debug for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Observation(observation) => write!(f, "observation {}", observation.id),
            Self::Unfit(why) => f.write_str(why.as_str()),
        }
    }
}

/// What the reads of one message are, in their order.
pub fn sightings(reads: &[Read], camera: &Arc<Camera>, received: Instant) -> Vec<Sighting> {
    let mut events: Vec<Option<String>> = Vec::new();
    let mut sightings = Vec::new();
    for read in reads {
        // Several plates of one message may share its event: the second one is another vehicle.
        let ordinal = events.iter().filter(|event| **event == read.event).count();
        events.push(read.event.clone());
        sightings.push(Sighting::new(read, ordinal, camera, received));
    }
    sightings
}

impl Sighting {
    fn new(read: &Read, ordinal: usize, camera: &Arc<Camera>, received: Instant) -> Self {
        let at = match read.at {
            CapturedAt::Instant(at) => at,
            CapturedAt::Local(local) => zone::instant(local, camera.zone, received),
            CapturedAt::Missing => received,
        };
        let plate_read = plate(&read.plate);
        let plate = plate_read.as_ref().map(|(plate, _)| plate.clone());
        let direction = direction(camera, read.direction);
        let when = when(read.at, received);
        let (key, name) = match (&read.event, &plate) {
            (Some(event), plate) => {
                let event = format!("event {event} {ordinal}");
                // An event is used for other vehicles too: its plate and its time are in the name.
                let plate = plate.as_ref().map_or("", Plate::as_str);
                (Key(uuid(&[camera.name.as_str(), &event])), format!("{event} {plate}"))
            }
            (None, plate) => {
                let name = match plate {
                    Some(plate) => format!("plate {plate} {when}"),
                    None => format!("unread {ordinal} {when}"),
                };
                (Key(uuid(&[camera.name.as_str(), &name])), name)
            }
        };
        let fit = match (plate_read, direction) {
            (None, _) => Fit::Unfit(Unfit::Unread),
            _ if read.confidence.is_some_and(|sure| sure < camera.min_confidence) => {
                Fit::Unfit(Unfit::LowConfidence)
            }
            (_, None) => Fit::Unfit(Unfit::NoDirection),
            (Some((plate, plate_as_read)), Some(direction)) => {
                Fit::Observation(Box::new(Observation {
                    id: observation_id(camera, &name, &when),
                    plate,
                    plate_as_read,
                    direction,
                    at,
                    place: camera.place.clone(),
                    lane: Some(camera.lane.clone()),
                    camera: Some(camera.name.clone()),
                    confidence: read.confidence,
                    method: domain::Method::Camera,
                }))
            }
        };
        let names_time = read.at != CapturedAt::Missing;
        let tells_of_clock = !read.is_late_upload && names_time;
        Self {
            key,
            plate,
            direction,
            when: when.into(),
            names_time,
            id_is_key: read.event_is_key,
            camera: Arc::clone(camera),
            at,
            fit,
            stage: read.stage,
            confidence: read.confidence,
            delay: tells_of_clock.then(|| received - at),
        }
    }

    /// How far ahead of the clock it lies, where that is further than any queue takes (R8).
    pub fn too_far_ahead(&self, now: Instant) -> Option<TimeDelta> {
        let ahead = self.at - now;
        (ahead > AHEAD_MAX).then_some(ahead)
    }

    /// Whether it says more of the passage: a plate more than none, a final read more than a
    /// preview, the surer more than the less sure.
    pub fn is_better_than(&self, other: &Self) -> bool {
        let worth = |sighting: &Self| {
            let use_of_it = match sighting.fit {
                Fit::Observation(_) => 2,
                Fit::Unfit(Unfit::LowConfidence | Unfit::NoDirection) => 1,
                Fit::Unfit(Unfit::Unread) => 0,
            };
            (use_of_it, sighting.stage == Stage::Final, sighting.confidence.unwrap_or(0.0))
        };
        worth(self) > worth(other)
    }
}

/// The plate, and the text as read where it differs; none where there is none to be kept.
fn plate(text: &PlateText) -> Option<(Plate, Option<PlateAsRead>)> {
    let PlateText::Read(as_read) = text else { return None };
    let plate = Plate::parse(&as_read.0).ok()?;
    let differs = as_read.0.as_str() != plate.as_str();
    Some((plate, differs.then(|| as_read.clone())))
}

/// Which way: by the lane, and only where that is two-way by the camera.
fn direction(camera: &Camera, heading: Option<Heading>) -> Option<Direction> {
    match (camera.role, heading) {
        (LaneRole::Entry, _) => Some(Direction::Entry),
        (LaneRole::Exit, _) => Some(Direction::Exit),
        (LaneRole::Both, None) => None,
        (LaneRole::Both, Some(Heading::In)) => Some(Direction::Entry),
        (LaneRole::Both, Some(Heading::Out)) => Some(Direction::Exit),
        (LaneRole::Both, Some(Heading::Approaching)) => camera.approaching,
        (LaneRole::Both, Some(Heading::Leaving)) => {
            camera.approaching.map(|direction| match direction {
                Direction::Entry => Direction::Exit,
                Direction::Exit => Direction::Entry,
            })
        }
    }
}

/// The time as the camera gave it: where it names no zone it stays the same text, whatever the
/// hour of its coming makes of it.
fn when(at: CapturedAt, received: Instant) -> String {
    match at {
        CapturedAt::Instant(at) => domain::wire::format_time(at),
        CapturedAt::Local(local) => local.to_string(),
        CapturedAt::Missing => domain::wire::format_time(received),
    }
}

/// The same for the same message, in this process and in the next. Plate and time are part of it:
/// cameras that count their events from one after a restart would otherwise give two cars one id.
fn observation_id(camera: &Camera, name: &str, when: &str) -> ObservationId {
    let uuid = uuid(&[camera.name.as_str(), name, when]);
    let id = CompactString::from(format!("{}-{uuid}", camera.name));
    ObservationId::parse(&id).expect("a label and a UUID make an id")
}

fn uuid(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&NAMESPACE, parts.join("\0").as_bytes())
}

#[cfg(test)]
mod tests;
