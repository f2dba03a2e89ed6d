//! A commit, spelled out: everything that a store has to write, decided before it is asked.

use domain::known::Known;
use domain::record::Waiting;
use domain::wire::{ExceptionMessage, SummaryMessage, format_time};
use domain::{Direction, Effect, Instant, ObservationId, PlaceName, Plate, Policy, Record};
use serde::{Deserialize, Serialize};

/// Which route of the sink takes an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutboxKind {
    /// A finished session.
    Summary,
    /// An exception.
    Exception,
}

/// A report that the sink has not confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// [`Effect::key`]: the same for every retry.
    pub key: String,
    /// Which route takes it.
    pub kind: OutboxKind,
    /// The JSON object that is posted, ready.
    pub body: String,
}

/// What happens to an index entry of the plate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexChange {
    /// Stays as it is.
    Keep,
    /// Is set to this event time, milliseconds.
    Set(i64),
    /// Taken out of the index.
    Remove,
}

/// What happens to something that is there for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownChange<T> {
    /// Stays as it is.
    Keep,
    /// Written anew.
    Set(T),
    /// Removed.
    Remove,
}

/// The last entry, as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownEntry {
    /// The entry's event time, RFC 3339.
    pub time: String,
    /// All of it, as JSON.
    pub data: String,
}

/// One conditional commit.
#[derive(Debug, Clone)]
pub struct Change {
    /// The plate, which is the record's key.
    pub plate: Plate,
    /// The version that must stand; 0: none.
    pub expected: u64,
    /// The version of the record that is written.
    pub version: u64,
    /// The record, as JSON.
    pub record: String,
    /// For people and tools that look into the store: the last entry.
    pub shown_entry: ShownChange<ShownEntry>,
    /// The same: the exit that ended it (or a lone exit), as JSON.
    pub shown_exit: ShownChange<String>,
    /// Whether the plate is inside: the set of open entries.
    pub is_open: bool,
    /// Whether it was inside before the change.
    pub was_open: bool,
    /// When the entry watermark makes it due.
    pub due_on_entries: IndexChange,
    /// When the exit watermark makes it due.
    pub due_on_exits: IndexChange,
    /// Whether the record may expire: nothing is open, nothing waits.
    pub may_expire: bool,
    /// Whether it might expire before the change.
    pub could_expire: bool,
    /// What is to be reported.
    pub outbox: Vec<OutboxEntry>,
}

impl Change {
    /// Spells out the step from `before` to `after`.
    pub fn new(
        plate: Plate,
        before: &Record,
        after: &Record,
        effects: &[Effect],
        policy: &Policy,
    ) -> Self {
        let (was, is) = (before.outlook(policy), after.outlook(policy));
        let settled = Waiting::default();
        Self {
            expected: before.version,
            version: after.version,
            record: after.to_json(),
            shown_entry: shown_change(was.entry, is.entry, |entry| ShownEntry {
                time: format_time(entry.at),
                data: for_people(&plate, entry),
            }),
            shown_exit: shown_change(was.exit, is.exit, |exit| for_people(&plate, exit)),
            is_open: is.is_open,
            was_open: was.is_open,
            due_on_entries: index_change(was.waiting.on_entries, is.waiting.on_entries),
            due_on_exits: index_change(was.waiting.on_exits, is.waiting.on_exits),
            may_expire: !is.is_open && is.waiting == settled,
            could_expire: before.version > 0 && !was.is_open && was.waiting == settled,
            outbox: effects.iter().map(OutboxEntry::from).collect(),
            plate,
        }
    }
}

fn shown_change<T>(
    before: Option<&Known>,
    after: Option<&Known>,
    show: impl Fn(&Known) -> T,
) -> ShownChange<T> {
    match (before, after) {
        (None, None) => ShownChange::Keep,
        // Of one record a number names one read.
        (Some(before), Some(after)) if before.seq == after.seq => ShownChange::Keep,
        (_, Some(after)) => ShownChange::Set(show(after)),
        (Some(_), None) => ShownChange::Remove,
    }
}

impl Change {
    /// Writes the indexes of a record as they have to be, whatever stands in them.
    pub fn reindexing(plate: Plate, record: &Record, policy: &Policy) -> Self {
        let index = |due: Option<Instant>| {
            due.map_or(IndexChange::Remove, |at| IndexChange::Set(due_millis(at)))
        };
        let waits = record.outlook(policy).waiting;
        Self {
            due_on_entries: index(waits.on_entries),
            due_on_exits: index(waits.on_exits),
            ..Self::new(plate, record, &record.touched(), &[], policy)
        }
    }
}

fn index_change(before: Option<Instant>, after: Option<Instant>) -> IndexChange {
    match after {
        _ if before == after => IndexChange::Keep,
        Some(at) => IndexChange::Set(due_millis(at)),
        None => IndexChange::Remove,
    }
}

/// Whole milliseconds, rounded up: an index must not make a plate due before the rule does.
pub(crate) fn due_millis(at: Instant) -> i64 {
    let millis = at.timestamp_millis();
    if at.timestamp_subsec_nanos().is_multiple_of(1_000_000) { millis } else { millis + 1 }
}

/// An observation as a person wants to see it under a plate in the store: as it was published.
fn for_people(plate: &Plate, known: &Known) -> String {
    #[derive(Serialize)]
    struct ForPeople<'k> {
        id: &'k ObservationId,
        vehicle_plate: &'k str,
        #[serde(skip_serializing_if = "Option::is_none")]
        entry_date_time: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        exit_date_time: Option<String>,
        place: &'k PlaceName,
        #[serde(skip_serializing_if = "Option::is_none")]
        lane: Option<&'k str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        camera: Option<&'k str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        confidence: Option<f32>,
    }
    let time = |direction: Direction| (known.direction == direction).then(|| format_time(known.at));
    let (lane, camera) = known.seen_by();
    let shown = ForPeople {
        id: &known.id,
        vehicle_plate: known.plate_as_read().map_or(plate.as_str(), |text| text.as_str()),
        entry_date_time: time(Direction::Entry),
        exit_date_time: time(Direction::Exit),
        place: &known.place,
        lane,
        camera,
        confidence: known.confidence,
    };
    serde_json::to_string(&shown).expect("texts and numbers can be said in JSON")
}

impl From<&Effect> for OutboxEntry {
    fn from(effect: &Effect) -> Self {
        let (kind, body) = match effect {
            Effect::Summary(summary) => {
                (OutboxKind::Summary, serde_json::to_string(&SummaryMessage::from(summary)))
            }
            Effect::Exception(row) => {
                (OutboxKind::Exception, serde_json::to_string(&ExceptionMessage::from(row)))
            }
        };
        Self { key: effect.key(), kind, body: body.expect("texts and numbers can be said in JSON") }
    }
}

impl OutboxKind {
    /// One letter that stores put before the body.
    pub(crate) fn tag(self) -> char {
        match self {
            Self::Summary => 's',
            Self::Exception => 'x',
        }
    }
}

impl OutboxEntry {
    /// The value that stores keep under the key.
    pub(crate) fn to_stored(&self) -> String {
        let mut stored = String::with_capacity(self.body.len() + 1);
        stored.push(self.kind.tag());
        stored.push_str(&self.body);
        stored
    }

    /// Whether it reports of that plate.
    pub(crate) fn is_of(&self, plate: &Plate) -> bool {
        #[derive(Deserialize)]
        struct Named {
            vehicle_plate: String,
        }
        serde_json::from_str::<Named>(&self.body)
            .is_ok_and(|named| Plate::parse(&named.vehicle_plate).as_ref() == Ok(plate))
    }

    /// Reads what [`OutboxEntry::to_stored`] wrote.
    pub(crate) fn from_stored(key: String, stored: &str) -> Option<Self> {
        let kind = match stored.as_bytes().first()? {
            b's' => OutboxKind::Summary,
            b'x' => OutboxKind::Exception,
            _ => return None,
        };
        Some(Self { key, kind, body: stored[1..].to_owned() })
    }
}
