//! What is told: a fact, and the event that says it, in the form of `CloudEvents` 1.0.

use std::borrow::Cow;

use chrono::SecondsFormat;
use domain::Instant;
use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

use crate::table::Table;

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
    /// The numbers of a place are others now.
    #[serde(rename = "parking_lot_state")]
    ParkingLotState,
    /// People have counted.
    #[serde(rename = "count.corrected")]
    CountCorrected,
    /// A place is described otherwise.
    #[serde(rename = "place.changed")]
    PlaceChanged,
    /// A rate table has another version.
    #[serde(rename = "rate_table.changed")]
    RateTableChanged,
    /// A gate has let somebody in.
    #[serde(rename = "check_in")]
    CheckIn,
    /// A stay is over, and what was taken for it.
    #[serde(rename = "exit")]
    Exit,
    /// A gate has not let somebody in.
    #[serde(rename = "admission.refused")]
    AdmissionRefused,
    /// What a stay costs was taken, or is owed.
    #[serde(rename = "charge.posted")]
    ChargePosted,
    /// That is no longer so.
    #[serde(rename = "charge.reversed")]
    ChargeReversed,
    /// Money came in, or went back.
    #[serde(rename = "payment.received")]
    PaymentReceived,
    /// A right is another one.
    #[serde(rename = "right.changed")]
    RightChanged,
}

impl FactKind {
    /// All of them.
    pub(crate) const ALL: [Self; 16] = [
        Self::SessionOpened,
        Self::SessionClosed,
        Self::SessionWithdrawn,
        Self::ExceptionRaised,
        Self::ExceptionRepaired,
        Self::ParkingLotState,
        Self::CountCorrected,
        Self::PlaceChanged,
        Self::RateTableChanged,
        Self::CheckIn,
        Self::Exit,
        Self::AdmissionRefused,
        Self::ChargePosted,
        Self::ChargeReversed,
        Self::PaymentReceived,
        Self::RightChanged,
    ];
    /// Those that other parts than the actors tell.
    pub(crate) const TOLD_BY_OTHERS: [Self; 11] = [
        Self::ParkingLotState,
        Self::CountCorrected,
        Self::PlaceChanged,
        Self::RateTableChanged,
        Self::CheckIn,
        Self::Exit,
        Self::AdmissionRefused,
        Self::ChargePosted,
        Self::ChargeReversed,
        Self::PaymentReceived,
        Self::RightChanged,
    ];

    /// The `type` of its event.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SessionOpened => "session.opened",
            Self::SessionClosed => "session.closed",
            Self::SessionWithdrawn => "session.withdrawn",
            Self::ExceptionRaised => "exception.raised",
            Self::ExceptionRepaired => "exception.repaired",
            Self::ParkingLotState => "parking_lot_state",
            Self::CountCorrected => "count.corrected",
            Self::PlaceChanged => "place.changed",
            Self::RateTableChanged => "rate_table.changed",
            Self::CheckIn => "check_in",
            Self::Exit => "exit",
            Self::AdmissionRefused => "admission.refused",
            Self::ChargePosted => "charge.posted",
            Self::ChargeReversed => "charge.reversed",
            Self::PaymentReceived => "payment.received",
            Self::RightChanged => "right.changed",
        }
    }

    /// The kind whose event has this `type`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The file that has a row for each fact of this kind.
    pub(crate) fn table(self) -> Option<Table> {
        match self {
            Self::SessionOpened
            | Self::ParkingLotState
            | Self::CountCorrected
            | Self::PlaceChanged
            | Self::RateTableChanged
            | Self::CheckIn
            | Self::Exit
            | Self::AdmissionRefused
            | Self::ChargePosted
            | Self::ChargeReversed
            | Self::PaymentReceived
            | Self::RightChanged => None,
            Self::SessionClosed => Some(Table::Summaries),
            Self::SessionWithdrawn | Self::ExceptionRaised | Self::ExceptionRepaired => {
                Some(Table::Exceptions)
            }
        }
    }
}

/// What a fact is about.
pub(crate) struct About<'a> {
    /// What kind of fact it is.
    pub(crate) kind: FactKind,
    /// Names it: every retry of one fact has the same key, and no other fact has it. It may have a
    /// plate in it; the event's id is made of it and shows none.
    pub(crate) key: &'a str,
    /// When it became true.
    pub(crate) at: Instant,
    /// The car park; empty where it is about none.
    pub(crate) place: &'a str,
    /// The id of a session or of an observation, never a plate.
    pub(crate) subject: &'a str,
}

/// Something that became true, before it has a place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    kind: FactKind,
    id: Uuid,
    /// Its event as JSON, as far as it is known before the log takes it, and without its end.
    text: String,
}

impl Fact {
    /// `data` is what the event says: an object, whose `vehicle_plate` is what erasing takes away.
    pub(crate) fn new(about: &About<'_>, data: &impl Serialize) -> Self {
        let About { kind, key, at, place, subject } = *about;
        let id = Uuid::new_v5(&FACT_NAMESPACE, format!("{}\n{key}", kind.as_str()).as_bytes());
        let event = Event {
            specversion: "1.0",
            id: id.to_string(),
            source: "/carpark",
            kind: kind.as_str(),
            time: shown(at),
            subject,
            datacontenttype: "application/json",
            place,
            data,
        };
        let mut text =
            serde_json::to_string(&event).expect("texts and numbers can be said in JSON");
        // The log goes on with the position.
        text.pop();
        Self { kind, id, text }
    }

    /// What kind of fact it is.
    pub(crate) fn kind(&self) -> FactKind {
        self.kind
    }

    /// The id of its event: the same for every retry.
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// About as long as its event.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Its event at `position`, as JSON on one line.
    pub(crate) fn event(&self, position: u64, recorded_at: Instant) -> String {
        let (text, recorded_at) = (&self.text, shown(recorded_at));
        format!("{text},\"position\":{position},\"recordedat\":\"{recorded_at}\"}}")
    }
}

fn shown(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// An event as it stands in the log and is read: `CloudEvents` 1.0 with the extension `place`. Behind
/// these the log adds two more: `position`, its place in the order of all events, and `recordedat`,
/// when it took the event.
#[derive(Serialize)]
struct Event<'a, D> {
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
    /// The car park, where it is about one.
    #[serde(skip_serializing_if = "str::is_empty")]
    place: &'a str,
    /// What is to be known of it.
    data: &'a D,
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
    /// The car park; empty where it is about none.
    #[serde(borrow, default)]
    pub(crate) place: Cow<'a, str>,
}

/// What the text of an event begins with, before its id.
const BEFORE_ID: &str = r#"{"specversion":"1.0","id":""#;
/// Length of an id as text, with its hyphens.
const ID_BYTES: usize = 36;

/// The id of an event: quickly where it is spelled as it was written, for a start reads many.
pub(crate) fn id_of(event: &str) -> Option<Uuid> {
    let quick = event.strip_prefix(BEFORE_ID).and_then(|rest| rest.get(..ID_BYTES));
    match quick.and_then(|id| Uuid::parse_str(id).ok()) {
        Some(id) => Some(id),
        None => Uuid::parse_str(&serde_json::from_str::<Head<'_>>(event).ok()?.id).ok(),
    }
}
