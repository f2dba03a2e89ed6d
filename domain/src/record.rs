//! What is remembered of one plate: the observations that can still matter, and which verdicts
//! were reported of them. The store keeps it whole, under the plate, with its version.

use chrono::TimeDelta;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::known::{Known, Seq, nanos};
use crate::timeline::{self, Due, Passage, ShortList, Verdict};
use crate::{Direction, Instant, Observation, ObservationId, PlaceName, Policy};

mod merging;

/// The number of the layout.
const FORMAT: u8 = 1;

/// The record of one plate, as it is stored. Observations stand in event-time order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    #[serde(rename = "f")]
    format: Format,
    /// Counts the commits; 0 is a record that was never stored. The compare-and-set key (G4).
    #[serde(rename = "v")]
    pub version: u64,
    /// The next arrival number.
    #[serde(rename = "n")]
    pub(crate) next_seq: Seq,
    #[serde(rename = "o")]
    pub(crate) observations: Vec<Known>,
    /// Verdicts that were reported and have not been amended since.
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) reported: Vec<Verdict>,
    /// Sessions that were reported and withdrawn, once per time: should one hold again, it gets an
    /// id of its own.
    #[serde(rename = "w", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) withdrawn: Vec<(Seq, Seq)>,
    /// The last report of the plate, and who brings it to the sink. The judgement does not look at it.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub last_report: Option<LastReport>,
    /// Event time of the newest observation that was forgotten. Nothing pairs across it.
    #[serde(
        rename = "u",
        default,
        skip_serializing_if = "Option::is_none",
        with = "nanos::optional"
    )]
    pub(crate) forgotten_until: Option<Instant>,
}

/// A report on its way: what has to arrive before the next one of the plate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastReport {
    /// Who brings it: the owner of the outbox that it is in.
    pub by: CompactString,
    /// Its key, see [`crate::Effect::key`].
    pub key: CompactString,
}

impl LastReport {
    /// That report, brought by that one.
    pub fn new(by: &str, key: &str) -> Self {
        Self { by: by.into(), key: key.into() }
    }
}

/// The layout that this carpark writes, and the only one that it reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
struct Format;

impl From<Format> for u8 {
    fn from(_: Format) -> Self {
        FORMAT
    }
}

impl TryFrom<u8> for Format {
    type Error = &'static str;

    fn try_from(format: u8) -> Result<Self, Self::Error> {
        if format == FORMAT { Ok(Self) } else { Err("its format is another") }
    }
}

/// The one field that each format has.
#[derive(Deserialize)]
struct StoredFormat {
    f: u8,
}

/// A stored record that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Not the JSON that [`Record::to_json`] writes.
    #[error("the stored record is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    /// Written by a later carpark.
    #[error("the stored record has format {0}, this carpark knows up to {FORMAT}: upgrade it")]
    Newer(u8),
}

/// From when a read waits for its counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    /// From its event time on: it came in time.
    FromItsTime,
    /// From its arrival on: the stream had been read past it.
    FromItsArrival,
    /// From its arrival on, and until no history of its place comes any more.
    ForThePast,
}

/// When a record has to be looked at again although nothing more was read of its plate: once the
/// watermark of that kind of observation has reached the instant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waiting {
    /// For the entry watermark: a lone exit (R4).
    pub on_entries: Option<Instant>,
    /// For the exit watermark: a lone entry (R5), a long stay (R7).
    pub on_exits: Option<Instant>,
    /// The same where a place's history has to have come in as well, each place and watermark once.
    pub on_past: Vec<OnPast>,
}

/// What waits for a watermark and for a place's past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnPast {
    /// The place whose history must not be coming in any more.
    pub place: PlaceName,
    /// Which watermark.
    pub of: Direction,
    /// What it has to reach.
    pub at: Instant,
}

/// What follows from a record; see [`Record::outlook`].
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook<'r> {
    /// The last entry: what a person looks for under a plate.
    pub entry: Option<&'r Known>,
    /// The exit that came after it, or the last exit of all where there was no entry.
    pub exit: Option<&'r Known>,
    /// Whether a stay has begun and not ended.
    pub is_open: bool,
    /// What it waits for.
    pub waiting: Waiting,
}

impl Record {
    /// The compact form that stores keep.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a record has nothing that JSON cannot say")
    }

    /// Reads what [`Record::to_json`] wrote.
    pub fn from_json(json: &[u8]) -> Result<Self, RecordError> {
        // A later layout need not even have today's fields.
        serde_json::from_slice(json).map_err(|error| match serde_json::from_slice(json) {
            Ok(StoredFormat { f }) if f > FORMAT => RecordError::Newer(f),
            _ => RecordError::Damaged(error),
        })
    }

    /// The observations, in event-time order.
    pub fn observations(&self) -> &[Known] {
        &self.observations
    }

    /// The verdicts that were reported and hold.
    pub fn reported(&self) -> &[Verdict] {
        &self.reported
    }

    /// The observation that arrived as number `seq`.
    pub fn known(&self, seq: Seq) -> Option<&Known> {
        self.observations.iter().find(|known| known.seq == seq)
    }

    /// Whether the observation `id` is known (R1).
    pub fn knows(&self, id: &ObservationId) -> bool {
        self.observations.iter().any(|known| known.id == *id)
    }

    /// The entry of the stay that has not ended.
    pub fn open_entry(&self) -> Option<&Known> {
        self.open_among(&self.passages())
    }

    /// All that follows from the record and is written beside it, found in one look.
    pub fn outlook(&self, policy: &Policy) -> Outlook<'_> {
        let passages = self.passages();
        let (entry, exit) = self.latest_stay(&passages);
        Outlook {
            entry,
            exit,
            is_open: self.open_among(&passages).is_some(),
            waiting: self.waiting(&passages, policy),
        }
    }

    fn passages(&self) -> ShortList<Passage> {
        timeline::passages(&self.observations, self.forgotten_until)
    }

    fn open_among(&self, passages: &[Passage]) -> Option<&Known> {
        passages
            .last()
            .filter(|last| last.direction == Direction::Entry && !last.forgotten)
            .and_then(|last| self.known(last.stands))
    }

    fn latest_stay(&self, passages: &[Passage]) -> (Option<&Known>, Option<&Known>) {
        let entry = passages.iter().rposition(|passage| passage.direction == Direction::Entry);
        let exit = match entry {
            Some(at) => {
                passages.get(at + 1).filter(|exit| exit.forgotten == passages[at].forgotten)
            }
            None => passages.last(),
        };
        (
            entry.and_then(|at| self.known(passages[at].stands)),
            exit.and_then(|passage| self.known(passage.stands)),
        )
    }

    fn waiting(&self, passages: &[Passage], policy: &Policy) -> Waiting {
        let mut waiting = Waiting::default();
        for due_verdict in timeline::verdicts_on(passages, self.forgotten_until, policy) {
            if self.reported.contains(&due_verdict.verdict) {
                continue;
            }
            let (of, at) = match due_verdict.due {
                Due::AtOnce => continue,
                Due::OnEntries(at) => (Direction::Entry, at),
                Due::OnExits(at) => (Direction::Exit, at),
            };
            if let Some(place) = due_verdict.past_of(&self.observations) {
                let is_same = |one: &&mut OnPast| one.of == of && one.place == *place;
                match waiting.on_past.iter_mut().find(is_same) {
                    Some(one) => one.at = one.at.min(at),
                    None => waiting.on_past.push(OnPast { place: place.clone(), of, at }),
                }
                continue;
            }
            let slot = match of {
                Direction::Entry => &mut waiting.on_entries,
                Direction::Exit => &mut waiting.on_exits,
            };
            *slot = Some(slot.map_or(at, |earlier: Instant| earlier.min(at)));
        }
        waiting
    }

    /// The same record as the next version: for a commit that changes nothing of it.
    #[must_use]
    pub fn touched(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }

    /// How often the pair was reported and withdrawn.
    pub(crate) fn times_withdrawn(&self, entry: Seq, exit: Seq) -> usize {
        self.withdrawn.iter().filter(|pair| **pair == (entry, exit)).count()
    }

    /// Puts an observation in its place and answers its arrival number.
    pub(crate) fn insert(
        &mut self,
        observation: Observation,
        received_at: Instant,
        waits: Waits,
        re_read: TimeDelta,
    ) -> Seq {
        let seq = self.next_seq;
        self.next_seq += 1;
        let known = Known {
            seq,
            id: observation.id,
            direction: observation.direction,
            at: observation.at,
            received_at,
            waits_from: (waits != Waits::FromItsTime).then_some(received_at),
            is_past: waits == Waits::ForThePast,
            place: observation.place,
            lane: observation.lane,
            camera: observation.camera,
            confidence: observation.confidence,
            method: observation.method,
            plate_as_read: observation.plate_as_read,
            until: None,
            re_read,
            former_plate: None,
        };
        let place = self.observations.partition_point(|other| other.order() < known.order());
        self.observations.insert(place, known);
        seq
    }
}

#[cfg(test)]
mod tests;
