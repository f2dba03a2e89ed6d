//! What is told: a fact, and the event that says it, in the form of CloudEvents 1.0.

use std::borrow::Cow;

use chrono::SecondsFormat;
use domain::Instant;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::{Uuid, uuid};

/// Names the ids of facts: a fact that is told again has the id that it had.
const FACT_NAMESPACE: Uuid = uuid!("b3d0f7a2-6c55-4a53-9a0e-8f1d5a2c7e90");

/// What kind of fact it is: the `type` of its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum FactKind {
    /// An entry stands open.
    #[serde(rename = "session.opened")]
    SessionOpened,
    /// A stay has ended.
    #[serde(rename = "session.closed")]
    SessionClosed,
    /// A stay that was reported no longer holds.
    #[serde(rename = "session.withdrawn")]
    SessionWithdrawn,
    /// An observation makes no session.
    #[serde(rename = "exception.raised")]
    ExceptionRaised,
    /// An exception no longer holds.
    #[serde(rename = "exception.repaired")]
    ExceptionRepaired,
}

impl FactKind {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [
        Self::SessionOpened,
        Self::SessionClosed,
        Self::SessionWithdrawn,
        Self::ExceptionRaised,
        Self::ExceptionRepaired,
    ];

    /// The `type` of its event.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SessionOpened => "session.opened",
            Self::SessionClosed => "session.closed",
            Self::SessionWithdrawn => "session.withdrawn",
            Self::ExceptionRaised => "exception.raised",
            Self::ExceptionRepaired => "exception.repaired",
        }
    }

    /// The kind whose event has this `type`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Something that became true, before it has a place in the log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fact {
    /// What kind of fact it is.
    pub(crate) kind: FactKind,
    /// Names it: every retry of one fact has the same key, and no other fact has it. It may have a
    /// plate in it; the event's id is made of it and has none.
    pub(crate) key: String,
    /// When it became true, by the camera's clock.
    pub(crate) at: Instant,
    /// The car park.
    pub(crate) place: String,
    /// What it is about: the id of a session or of an observation, never a plate.
    pub(crate) subject: String,
    /// The `data` of the event: a JSON object. Its `vehicle_plate` is what erasing takes away.
    pub(crate) data: Value,
}

impl Fact {
    /// The id of its event: the same for every retry.
    pub(crate) fn id(&self) -> Uuid {
        Uuid::new_v5(&FACT_NAMESPACE, format!("{}\n{}", self.kind.as_str(), self.key).as_bytes())
    }

    /// Its event at `position`, as JSON on one line.
    pub(crate) fn event(&self, position: u64, recorded_at: Instant) -> String {
        let time = |at: Instant| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let event = Event {
            specversion: "1.0",
            id: self.id().to_string(),
            source: "/carpark",
            kind: self.kind.as_str(),
            time: time(self.at),
            subject: &self.subject,
            datacontenttype: "application/json",
            position,
            recordedat: time(recorded_at),
            place: &self.place,
            data: &self.data,
        };
        serde_json::to_string(&event).expect("texts and numbers can be said in JSON")
    }
}

/// An event as it stands in the log and is read: CloudEvents 1.0 with the extensions `position`,
/// `recordedat` and `place`.
#[derive(Serialize)]
struct Event<'a> {
    specversion: &'a str,
    /// The same for every retry of the same fact.
    id: String,
    source: &'a str,
    /// See [`FactKind::as_str`].
    #[serde(rename = "type")]
    kind: &'a str,
    /// When it became true, RFC 3339.
    time: String,
    /// The session or the observation that it is about.
    subject: &'a str,
    datacontenttype: &'a str,
    /// Its place in the order of all events.
    position: u64,
    /// When the log took it, RFC 3339.
    recordedat: String,
    /// The car park.
    place: &'a str,
    /// What is to be known of it.
    data: &'a Value,
}

/// What the log itself looks at in an event.
#[derive(Debug, Deserialize)]
pub(crate) struct Head<'a> {
    /// See [`Fact::id`].
    #[serde(borrow)]
    pub(crate) id: Cow<'a, str>,
    /// See [`FactKind::as_str`].
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Cow<'a, str>,
    /// When the log took it, RFC 3339.
    #[serde(borrow)]
    pub(crate) recordedat: Cow<'a, str>,
    /// The car park.
    #[serde(borrow)]
    pub(crate) place: Cow<'a, str>,
}
