//! A commit, spelled out: everything that a store has to write, decided before it is asked.

use domain::known::Known;
use domain::record::{LastReport, OnPast, Waiting};
use domain::wire::{ExceptionMessage, OpeningMessage, SummaryMessage, format_time};
use domain::{Direction, Effect, Instant, ObservationId, PlaceName, Plate, Policy, Record};
use serde::{Deserialize, Serialize};

use super::ProcessorId;

/// Which route of the sink takes an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutboxKind {
    /// A stay that has begun.
    Opened,
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
    /// Whose report it is: those of one plate arrive in their order.
    pub plate: Plate,
    /// That order: the version of the record, and the number within its commit.
    pub order: (u64, usize),
    /// The report of its plate that has to arrive before it.
    pub after: Option<LastReport>,
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
    /// Which places' pasts it waits for, all of them; `None`: as before.
    pub past: Option<Vec<OnPast>>,
    /// Whether the record may expire: nothing is open, nothing waits.
    pub may_expire: bool,
    /// Whether it might expire before the change.
    pub could_expire: bool,
    /// What is to be reported.
    pub outbox: Vec<OutboxEntry>,
}

impl Change {
    /// Spells out the step from `before` to `after`, whose reports `teller` is to bring; `after` notes
    /// that.
    pub fn new(
        plate: Plate,
        before: &Record,
        after: &mut Record,
        effects: &[Effect],
        policy: &Policy,
        teller: &ProcessorId,
    ) -> Self {
        let mut outbox: Vec<OutboxEntry> = effects.iter().map(OutboxEntry::from).collect();
        for (number, entry) in outbox.iter_mut().enumerate() {
            entry.order = (after.version, number);
        }
        if let Some(first) = outbox.first_mut() {
            first.after.clone_from(&before.last_report);
        }
        if let Some(last) = outbox.last() {
            after.last_report = Some(LastReport::new(&teller.0, &last.key));
        }
        let after = &*after;
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
            past: (is.waiting.on_past != was.waiting.on_past).then_some(is.waiting.on_past),
            outbox,
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
    pub fn reindexing(
        plate: Plate,
        record: &Record,
        policy: &Policy,
        teller: &ProcessorId,
    ) -> Self {
        let index = |due: Option<Instant>| {
            due.map_or(IndexChange::Remove, |at| IndexChange::Set(due_millis(at)))
        };
        let waits = record.outlook(policy).waiting;
        Self {
            due_on_entries: index(waits.on_entries),
            due_on_exits: index(waits.on_exits),
            past: Some(waits.on_past),
            ..Self::new(plate, record, &mut record.touched(), &[], policy, teller)
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

/// A line for each place and watermark: `e` or `x`, the time in ms, a space, the place.
pub(crate) fn past_text(past: &[OnPast]) -> String {
    let line = |one: &OnPast| {
        let of = match one.of {
            Direction::Entry => 'e',
            Direction::Exit => 'x',
        };
        format!("{of}{} {}", due_millis(one.at), one.place)
    };
    past.iter().map(line).collect::<Vec<_>>().join("\n")
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
            Effect::Opened(opening) => {
                (OutboxKind::Opened, serde_json::to_string(&OpeningMessage::from(opening)))
            }
            Effect::Summary(summary) => {
                (OutboxKind::Summary, serde_json::to_string(&SummaryMessage::from(summary)))
            }
            Effect::Exception(row) => {
                (OutboxKind::Exception, serde_json::to_string(&ExceptionMessage::from(row)))
            }
        };
        Self {
            key: effect.key(),
            kind,
            plate: effect.plate().clone(),
            order: (0, 0),
            after: None,
            body: body.expect("texts and numbers can be said in JSON"),
        }
    }
}

impl OutboxKind {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Opened, Self::Summary, Self::Exception];

    /// One letter that stores put before the body.
    pub(crate) fn tag(self) -> char {
        match self {
            Self::Opened => 'o',
            Self::Summary => 's',
            Self::Exception => 'x',
        }
    }
}

/// What stores keep beside the body of an entry, in front of it.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(rename = "o")]
    order: (u64, usize),
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    after: Option<LastReport>,
}

impl OutboxEntry {
    /// The value that stores keep under the key: the tag, what is kept beside it, and the body.
    pub(crate) fn to_stored(&self) -> String {
        let kept = Kept { order: self.order, after: self.after.clone() };
        let kept = serde_json::to_string(&kept).expect("texts and numbers can be said in JSON");
        format!("{}{kept}{}", self.kind.tag(), self.body)
    }

    /// Reads what [`OutboxEntry::to_stored`] wrote.
    pub(crate) fn from_stored(key: String, stored: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Named {
            vehicle_plate: String,
        }
        let tag = stored.chars().next()?;
        let kind = OutboxKind::ALL.into_iter().find(|kind| kind.tag() == tag)?;
        let mut parts = serde_json::Deserializer::from_str(stored.get(1..)?).into_iter::<Kept>();
        let (kept, body_at) = match parts.next()? {
            Ok(kept) => (kept, 1 + parts.byte_offset()),
            // An earlier version put nothing before the body.
            Err(_) => (Kept { order: (0, 0), after: None }, 1),
        };
        let body = stored.get(body_at..)?.to_owned();
        let named: Named = serde_json::from_str(&body).ok()?;
        let plate = Plate::parse(&named.vehicle_plate).ok()?;
        Some(Self { key, kind, plate, order: kept.order, after: kept.after, body })
    }
}
