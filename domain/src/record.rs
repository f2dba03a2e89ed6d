//! What is remembered of one plate: the observations that can still matter, and which verdicts
//! were reported of them. The store keeps it whole, under the plate, with its version.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::known::{Known, Seq, nanos};
use crate::timeline::{self, Due, Passage, ShortList, Verdict};
use crate::{Direction, Instant, Observation, ObservationId, Policy};

mod merging;

/// The layout written by [`Record::to_json`]. A reader refuses a higher one.
const FORMAT: u8 = 1;

/// The record of one plate. Observations stand in event-time order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// Counts the commits; 0 is a record that was never stored. The compare-and-set key (G4).
    pub version: u64,
    pub(crate) observations: Vec<Known>,
    /// Verdicts that were reported and have not been amended since.
    pub(crate) reported: Vec<Verdict>,
    /// Sessions that were reported and withdrawn, once per time: should one hold again, it gets an
    /// id of its own.
    pub(crate) withdrawn: Vec<(Seq, Seq)>,
    /// Event time of the newest observation that was forgotten. Nothing pairs across it.
    pub(crate) forgotten_until: Option<Instant>,
    /// The next arrival number.
    pub(crate) next_seq: Seq,
}

/// The serialised form, borrowed on the way out.
#[derive(Serialize)]
struct Stored<'a> {
    f: u8,
    v: u64,
    n: Seq,
    o: &'a [Known],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    r: &'a [Verdict],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    w: &'a [(Seq, Seq)],
    #[serde(skip_serializing_if = "Option::is_none", with = "nanos::optional")]
    u: Option<Instant>,
}

#[derive(Deserialize)]
struct StoredOwned {
    f: u8,
    v: u64,
    n: Seq,
    o: Vec<Known>,
    #[serde(default)]
    r: Vec<Verdict>,
    #[serde(default)]
    w: Vec<(Seq, Seq)>,
    #[serde(default, with = "nanos::optional")]
    u: Option<Instant>,
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

/// When a record has to be looked at again although nothing more was read of its plate: once the
/// watermark of that kind of observation has reached the instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// For the entry watermark: a lone exit (R4).
    pub on_entries: Option<Instant>,
    /// For the exit watermark: a lone entry (R5), a long stay (R7).
    pub on_exits: Option<Instant>,
}

/// What follows from a record; see [`Record::outlook`].
#[derive(Debug, Clone, Copy, PartialEq)]
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
        let stored = Stored {
            f: FORMAT,
            v: self.version,
            n: self.next_seq,
            o: &self.observations,
            r: &self.reported,
            w: &self.withdrawn,
            u: self.forgotten_until,
        };
        serde_json::to_string(&stored).expect("a record has nothing that JSON cannot say")
    }

    /// Reads what [`Record::to_json`] wrote.
    pub fn from_json(json: &[u8]) -> Result<Self, RecordError> {
        let stored: StoredOwned = match serde_json::from_slice(json) {
            Ok(stored) => stored,
            // A later layout need not even have today's fields.
            Err(error) => match serde_json::from_slice(json) {
                Ok(StoredFormat { f }) if f > FORMAT => return Err(RecordError::Newer(f)),
                _ => return Err(RecordError::Damaged(error)),
            },
        };
        if stored.f > FORMAT {
            return Err(RecordError::Newer(stored.f));
        }
        Ok(Self {
            version: stored.v,
            observations: stored.o,
            reported: stored.r,
            withdrawn: stored.w,
            forgotten_until: stored.u,
            next_seq: stored.n,
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
        for standing in timeline::verdicts_on(passages, self.forgotten_until, policy) {
            if self.reported.contains(&standing.verdict) {
                continue;
            }
            let (slot, at) = match standing.due {
                Due::AtOnce => continue,
                Due::OnEntries(at) => (&mut waiting.on_entries, at),
                Due::OnExits(at) => (&mut waiting.on_exits, at),
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
        is_late: bool,
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
            waits_from: is_late.then_some(received_at),
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
