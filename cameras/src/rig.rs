//! What tests of the actors need: a broker in memory that does what it is told, cameras, reads.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono_tz::Europe;
use compact_str::CompactString;
use domain::observation::PlateAsRead;
use domain::{Direction, Instant, SharedClock, wire};
use platform::messaging::{Message, PublishError, Publisher};
use tokio::sync::watch;

use crate::camera::{Camera, LaneRole};
use crate::read::{CapturedAt, PlateText, Read, Stage};

/// How the broker answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Confirms,
    /// Takes the message and does not say so.
    TakesSilently,
    Away,
    /// Says nothing until the mood changes.
    Hangs,
}

/// A broker in memory.
pub(crate) struct Broker {
    mood: watch::Sender<Mood>,
    taken: Mutex<Vec<Message>>,
}

impl Broker {
    pub(crate) fn new(mood: Mood) -> Arc<Self> {
        Arc::new(Self { mood: watch::Sender::new(mood), taken: Mutex::default() })
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// Kind, id and plate of what it took, in order.
    pub(crate) fn taken(&self) -> Vec<(Direction, String, String)> {
        let taken = self.taken.lock().unwrap();
        let read = |message: &Message| {
            let now = at("2027-01-01T00:00:00Z");
            let observation = wire::parse_observation(&message.body, now).unwrap();
            assert_eq!(message.queue, wire::queue_of(observation.direction));
            assert_eq!(message.id.as_deref(), Some(observation.id.as_str()));
            (observation.direction, observation.id.to_string(), observation.plate.to_string())
        };
        taken.iter().map(read).collect()
    }

    pub(crate) fn plates(&self) -> Vec<String> {
        self.taken().into_iter().map(|(_, _, plate)| plate).collect()
    }
}

#[async_trait]
impl Publisher for Broker {
    async fn publish(&self, message: &Message) -> Result<(), PublishError> {
        let mut mood = self.mood.subscribe();
        let mood = *mood.wait_for(|mood| *mood != Mood::Hangs).await.unwrap();
        if mood != Mood::Away {
            self.taken.lock().unwrap().push(message.clone());
        }
        match mood {
            Mood::Confirms => Ok(()),
            Mood::Away => Err(PublishError::Away),
            Mood::TakesSilently | Mood::Hangs => Err(PublishError::Unconfirmed),
        }
    }
}

pub(crate) fn at(text: &str) -> Instant {
    wire::parse_time(text).unwrap()
}

/// When the tests' reads come.
pub(crate) fn now() -> Instant {
    at("2026-06-01T10:00:01Z")
}

pub(crate) fn clock() -> SharedClock {
    Arc::new(now)
}

pub(crate) fn camera(role: LaneRole) -> Camera {
    Camera {
        name: "cam".parse().unwrap(),
        token: None,
        vendor: None,
        lane: "lane".parse().unwrap(),
        role,
        place: "north".parse().unwrap(),
        zone: Europe::Berlin,
        min_confidence: 0.0,
        approaching: None,
    }
}

pub(crate) fn text(plate: &str) -> PlateText {
    PlateText::Read(PlateAsRead(CompactString::new(plate)))
}

/// A read a second before [`now`], of event 1.
pub(crate) fn read(plate: &str, stage: Stage, confidence: f32) -> Read {
    let plate = if plate.is_empty() { PlateText::Unread } else { text(plate) };
    Read {
        at: CapturedAt::Instant(at("2026-06-01T10:00:00Z")),
        confidence: Some(confidence),
        event: Some("1".to_owned()),
        stage,
        ..Read::new(plate)
    }
}
