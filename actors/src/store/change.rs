//! A commit, spelled out: everything that a store has to write, decided before it is asked.

use domain::record::{Known, Waiting};
use domain::wire::{ExceptionMessage, SummaryMessage, format_time};
use domain::{Effect, Instant, Kind, Plate, Policy, Record};
use serde::Deserialize;
use serde_json::json;

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
    /// Goes.
    Remove,
}

/// One conditional commit.
#[derive(Debug, Clone)]
pub struct Change {
    /// The key.
    pub plate: Plate,
    /// The version that must stand; 0: none.
    pub expected: u64,
    /// The version written.
    pub version: u64,
    /// The record, as JSON.
    pub record: String,
    /// For people and tools that look into the store: the last entry's time, if any.
    pub entry_time: Option<String>,
    /// The last entry, as JSON.
    pub enter_data: Option<String>,
    /// The exit that ended it (or a lone exit), as JSON.
    pub exit_data: Option<String>,
    /// Whether the plate is inside: the set of open entries.
    pub is_open: bool,
    /// Whether it was.
    pub was_open: bool,
    /// When the entry watermark makes it due.
    pub due_on_entries: IndexChange,
    /// When the exit watermark makes it due.
    pub due_on_exits: IndexChange,
    /// Whether the record may expire: nothing is open, nothing waits.
    pub may_expire: bool,
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
        let (entry, exit) = after.latest_stay();
        let (waited, waits) = (before.waiting(policy), after.waiting(policy));
        let is_open = after.open_entry().is_some();
        Self {
            expected: before.version,
            version: after.version,
            record: after.to_json(),
            entry_time: entry.map(|entry| format_time(entry.at)),
            enter_data: entry.map(|entry| for_people(&plate, entry)),
            exit_data: exit.map(|exit| for_people(&plate, exit)),
            is_open,
            was_open: before.open_entry().is_some(),
            due_on_entries: index_change(waited.on_entries, waits.on_entries),
            due_on_exits: index_change(waited.on_exits, waits.on_exits),
            may_expire: !is_open && waits == Waiting::default(),
            outbox: effects.iter().map(OutboxEntry::from).collect(),
            plate,
        }
    }
}

impl Change {
    /// Writes the indexes of a record as they have to be, whatever stands in them.
    pub fn reindexing(plate: Plate, record: &Record, policy: &Policy) -> Self {
        let index = |due: Option<Instant>| {
            due.map_or(IndexChange::Remove, |at| IndexChange::Set(due_millis(at)))
        };
        let waits = record.waiting(policy);
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

/// An observation as a person wants to see it under a plate in the store.
fn for_people(plate: &Plate, known: &Known) -> String {
    let time_field = match known.kind {
        Kind::Entry => "entry_date_time",
        Kind::Exit => "exit_date_time",
    };
    let mut data = json!({
        "id": known.id,
        "vehicle_plate": known.plate_as_read().map_or(plate.as_str(), |text| text.as_str()),
        time_field: format_time(known.at),
        "place": known.place,
    });
    if let Some(lane) = &known.lane {
        data["lane"] = json!(lane);
    }
    if let Some(camera) = &known.camera {
        data["camera"] = json!(camera);
    }
    if let Some(confidence) = known.confidence {
        data["confidence"] = json!(confidence);
    }
    data.to_string()
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
            .is_ok_and(|named| named.vehicle_plate == plate.as_str())
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
