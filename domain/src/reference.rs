//! The rules a second time, as naive as they can be put: given all that was read, what must the
//! files say? An auditor of [`crate::judgement`], which it never calls but for the names of sessions
//! (R9). There nothing is known but one plate's record and one command; here everything is known
//! at once, and nothing has to be fast.
//!
//! [`verdicts`] judges a set of observations, [`Net`] adds up what was reported, and
//! [`Net::differences`] holds the one against the other. It knows no forgetting: observations that
//! arrived later than `repair_window`, or a plate read more often than `observations_max`, may
//! have been judged otherwise in all honesty.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use compact_str::CompactString;

use crate::summary::to_millis;
use crate::{
    Direction, Effect, ExceptionKind, ExceptionRow, Instant, Observation, ObservationId, Plate,
    Policy, ReReads, Summary, Watermarks, session_id,
};

/// One vehicle passing one barrier once (R2): all its reads, at least one, in event-time order.
/// Which of them stands depends on the order of arrival, so any of them may.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage<'a> {
    /// The reads that make up the passage.
    pub reads: Vec<&'a Observation>,
}

/// R3: an entry, and the exit directly after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stay<'a> {
    /// The passage that began it.
    pub entry: Passage<'a>,
    /// The passage that ended it.
    pub exit: Passage<'a>,
}

/// R5: an entry, and the entry directly after it.
#[derive(Debug, Clone, PartialEq)]
pub struct MissedExit<'a> {
    /// The entry without an exit.
    pub entry: Passage<'a>,
    /// What shows that there must have been one.
    pub followed_by: Passage<'a>,
}

/// What the observations of one plate say. Each passage is in exactly one place, the one that
/// follows a missed exit aside. All lists are in event-time order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdicts<'a> {
    /// The stays (R3).
    pub sessions: Vec<Stay<'a>>,
    /// The exits without an entry (R4).
    pub unmatched_exits: Vec<Passage<'a>>,
    /// The entries that were followed by an entry (R5).
    pub missed_exits: Vec<MissedExit<'a>>,
    /// The last passage, where it is an entry (R5, R7).
    pub open_entry: Option<Passage<'a>>,
}

/// Judges all observations there are, of any number of plates and in any order. Of several with
/// one id the first counts (R1).
pub fn verdicts<'a>(
    observations: &'a [Observation],
    re_reads: &ReReads,
) -> BTreeMap<&'a Plate, Verdicts<'a>> {
    let mut known = BTreeSet::new();
    let mut reads_of: BTreeMap<&Plate, Vec<&Observation>> = BTreeMap::new();
    for observation in observations {
        if known.insert((&observation.plate, &observation.id)) {
            reads_of.entry(&observation.plate).or_default().push(observation);
        }
    }
    reads_of.into_iter().map(|(plate, reads)| (plate, verdicts_of_one(reads, re_reads))).collect()
}

fn verdicts_of_one<'a>(mut reads: Vec<&'a Observation>, re_reads: &ReReads) -> Verdicts<'a> {
    // At one instant a vehicle comes before it leaves; the id makes the order total.
    reads.sort_by(|one, other| {
        (one.at, one.direction, &one.id).cmp(&(other.at, other.direction, &other.id))
    });
    let mut passages: Vec<Passage<'_>> = Vec::new();
    for read in reads {
        match passages.last_mut() {
            Some(passage) if is_re_read(passage, read, re_reads) => passage.reads.push(read),
            _ => passages.push(Passage { reads: vec![read] }),
        }
    }

    let mut verdicts = Verdicts::default();
    for (position, passage) in passages.iter().enumerate() {
        let before = position.checked_sub(1).map(|before| passages[before].direction());
        let after = passages.get(position + 1);
        match (passage.direction(), before, after) {
            (Direction::Exit, Some(Direction::Entry), _) => {} // told with its entry
            (Direction::Exit, _, _) => verdicts.unmatched_exits.push(passage.clone()),
            (Direction::Entry, _, None) => verdicts.open_entry = Some(passage.clone()),
            (Direction::Entry, _, Some(after)) if after.direction() == Direction::Exit => {
                verdicts.sessions.push(Stay { entry: passage.clone(), exit: after.clone() });
            }
            (Direction::Entry, _, Some(after)) => verdicts
                .missed_exits
                .push(MissedExit { entry: passage.clone(), followed_by: after.clone() }),
        }
    }
    verdicts
}

/// R2: of the kind and at the place of the read before it, and for one read of the passage soon
/// enough after that one.
fn is_re_read(passage: &Passage<'_>, read: &Observation, re_reads: &ReReads) -> bool {
    let last = passage.reads[passage.reads.len() - 1];
    let is_soon_after =
        |one: &&Observation| read.at - one.at <= re_reads.of(&one.place, one.lane.as_ref());
    last.direction == read.direction
        && last.place == read.place
        && passage.reads.iter().any(is_soon_after)
}

impl Passage<'_> {
    /// Entry or exit.
    pub fn direction(&self) -> Direction {
        self.first().direction
    }

    fn first(&self) -> &Observation {
        self.reads[0]
    }

    fn last_at(&self) -> Instant {
        self.reads[self.reads.len() - 1].at
    }
}

impl Verdicts<'_> {
    /// The exceptions, each with whether it must have been reported by now: whichever read of the
    /// passage stands, the stream it waits for has been read far enough.
    fn exceptions(
        &self,
        watermarks: &Watermarks,
        policy: &Policy,
    ) -> Vec<(ExceptionKind, &Passage<'_>, bool)> {
        let has_passed = |read_to: Option<Instant>, at: Instant, by: TimeDelta| {
            read_to.is_some_and(|read_to| read_to - at >= by)
        };
        let unmatched = self.unmatched_exits.iter().map(|exit| {
            let is_due = has_passed(watermarks.entries, exit.last_at(), policy.lateness);
            (ExceptionKind::UnmatchedExit, exit, is_due)
        });
        let missed = self.missed_exits.iter().map(|missed| {
            let later = missed.followed_by.last_at();
            let is_due = has_passed(watermarks.exits, later, policy.lateness);
            (ExceptionKind::MissedExit, &missed.entry, is_due)
        });
        let overstay = self.open_entry.iter().map(|open| {
            let too_long = policy.max_stay.checked_add(&policy.lateness).unwrap_or(TimeDelta::MAX);
            let is_due = has_passed(watermarks.exits, open.last_at(), too_long);
            (ExceptionKind::Overstay, open, is_due)
        });
        unmatched.chain(missed).chain(overstay).collect()
    }
}

/// What all that was reported comes to, once what was taken back is taken out. Reports may come in
/// any order, and more than once.
#[derive(Debug, Clone, Default)]
pub struct Net {
    summaries: BTreeMap<CompactString, Summary>,
    withdrawn: BTreeMap<CompactString, Plate>,
    /// Of each observation the row with the highest revision.
    exceptions: BTreeMap<(Plate, ObservationId), ExceptionRow>,
    contradictions: Vec<Difference>,
}

/// Where the reports and the rules part. `Display` masks the plate (G8).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    /// A stay without a row that holds.
    #[error("{plate:?}: the stay from {entry_at} to {exit_at} was not reported")]
    SessionMissing {
        /// The plate that stayed.
        plate: Plate,
        /// Time of the first read of its entry.
        entry_at: Instant,
        /// Time of the first read of its exit.
        exit_at: Instant,
    },
    /// A row of a session that the observations do not bear out, or that another row tells already.
    #[error("{plate:?}: session {session_id} was reported, and is none")]
    SessionUnfounded {
        /// The plate in the row.
        plate: Plate,
        /// The name that the session was reported by.
        session_id: CompactString,
    },
    /// No row, though the time for it has come.
    #[error("{plate:?}: {} of observation {observation_id} was not reported", kind.as_str())]
    ExceptionMissing {
        /// The plate that the exception is about.
        plate: Plate,
        /// The kind of row that is missing.
        kind: ExceptionKind,
        /// The first read of the passage.
        observation_id: ObservationId,
    },
    /// A row that the observations do not bear out, or that another row tells already.
    #[error("{plate:?}: {} of observation {observation_id} was reported, and is none", kind.as_str())]
    ExceptionUnfounded {
        /// The plate in the row.
        plate: Plate,
        /// The kind of the row.
        kind: ExceptionKind,
        /// The read that the row names.
        observation_id: ObservationId,
    },
    /// A row that speaks of the right reads and gives another time or place than they do.
    #[error("{plate:?}: the row of {subject} differs from what was read")]
    Altered {
        /// The plate in the row.
        plate: Plate,
        /// The session or the observation.
        subject: CompactString,
    },
    /// Two reports under one name that say different things.
    #[error("{plate:?}: there are two rows of {subject} that contradict each other")]
    Contradiction {
        /// The plate in the rows.
        plate: Plate,
        /// The session or the observation.
        subject: CompactString,
    },
}

impl Net {
    /// Takes one report in.
    pub fn add(&mut self, effect: &Effect) {
        match effect {
            Effect::Summary(summary) => self.add_summary(summary),
            Effect::Exception(row) => self.add_exception(row),
            // No row says it.
            Effect::Opened(_) => {}
        }
    }

    fn add_summary(&mut self, summary: &Summary) {
        let first = self.summaries.entry(summary.session_id.clone()).or_insert(summary.clone());
        if first != summary {
            self.contradictions.push(Difference::Contradiction {
                plate: summary.plate.clone(),
                subject: summary.session_id.clone(),
            });
        }
    }

    fn add_exception(&mut self, row: &ExceptionRow) {
        let Some(observation_id) = &row.observation_id else {
            if let Some(session_id) = &row.session_id {
                self.withdrawn.insert(session_id.clone(), row.plate.clone());
            }
            return;
        };
        let key = (row.plate.clone(), observation_id.clone());
        let latest = self.exceptions.entry(key).or_insert(row.clone());
        if latest.revision < row.revision {
            *latest = row.clone();
        } else if latest.revision == row.revision && latest != row {
            self.contradictions.push(Difference::Contradiction {
                plate: row.plate.clone(),
                subject: CompactString::new(observation_id.as_str()),
            });
        }
    }

    /// The sessions that hold, by id.
    pub fn sessions(&self) -> impl Iterator<Item = &Summary> {
        self.summaries.values().filter(|summary| !self.withdrawn.contains_key(&summary.session_id))
    }

    /// The exceptions that hold, by plate and observation.
    pub fn exceptions(&self) -> impl Iterator<Item = &ExceptionRow> {
        self.exceptions.values().filter(|row| row.kind != ExceptionKind::Repaired)
    }

    /// Holds the reports against the observations they came of. `watermarks` says how far those
    /// were settled: what is not due yet may be missing, and after [`Watermarks::END`] nothing may.
    /// In each passage any read may stand (R2), but only one.
    pub fn differences(
        &self,
        observations: &[Observation],
        watermarks: &Watermarks,
        policy: &Policy,
    ) -> Vec<Difference> {
        let verdicts = verdicts(observations, &policy.re_reads);
        let mut differences = self.contradictions.clone();
        self.compare_sessions(&verdicts, &mut differences);
        self.compare_exceptions(&verdicts, watermarks, policy, &mut differences);
        differences
    }

    fn compare_sessions(
        &self,
        verdicts: &BTreeMap<&Plate, Verdicts<'_>>,
        differences: &mut Vec<Difference>,
    ) {
        let mut rows: BTreeMap<&str, &Summary> =
            self.sessions().map(|summary| (summary.session_id.as_str(), summary)).collect();
        for (&plate, verdicts) in verdicts {
            let withdrawn = self.withdrawn.values().filter(|whose| *whose == plate).count();
            for stay in &verdicts.sessions {
                let names = stay.names(plate, withdrawn);
                let told = names
                    .iter()
                    .find_map(|name| Some((name, rows.remove(name.session_id.as_str())?)));
                match told {
                    Some((name, summary)) if name.is_told_by(summary) => {}
                    Some((name, _)) => differences.push(Difference::Altered {
                        plate: plate.clone(),
                        subject: name.session_id.clone(),
                    }),
                    None => differences.push(Difference::SessionMissing {
                        plate: plate.clone(),
                        entry_at: stay.entry.first().at,
                        exit_at: stay.exit.first().at,
                    }),
                }
            }
        }
        differences.extend(rows.into_values().map(|summary| Difference::SessionUnfounded {
            plate: summary.plate.clone(),
            session_id: summary.session_id.clone(),
        }));
    }

    fn compare_exceptions(
        &self,
        verdicts: &BTreeMap<&Plate, Verdicts<'_>>,
        watermarks: &Watermarks,
        policy: &Policy,
        differences: &mut Vec<Difference>,
    ) {
        // A passage has one verdict, so a row of another kind is left over at the end.
        let mut rows: BTreeSet<(&Plate, ExceptionKind, &ObservationId)> = BTreeSet::new();
        for ((plate, observation_id), row) in &self.exceptions {
            if row.kind != ExceptionKind::Repaired {
                rows.insert((plate, row.kind, observation_id));
            }
        }
        for (&plate, verdicts) in verdicts {
            for (kind, passage, is_due) in verdicts.exceptions(watermarks, policy) {
                let told = passage.reads.iter().find(|read| rows.remove(&(plate, kind, &read.id)));
                match told {
                    Some(read) if self.tells(read) => {}
                    Some(read) => differences.push(Difference::Altered {
                        plate: plate.clone(),
                        subject: CompactString::new(read.id.as_str()),
                    }),
                    None if is_due => differences.push(Difference::ExceptionMissing {
                        plate: plate.clone(),
                        kind,
                        observation_id: passage.first().id.clone(),
                    }),
                    None => {}
                }
            }
        }
        differences.extend(rows.into_iter().map(|(plate, kind, observation_id)| {
            Difference::ExceptionUnfounded {
                plate: plate.clone(),
                kind,
                observation_id: observation_id.clone(),
            }
        }));
    }

    /// Whether the row that holds of the observation gives its time and place.
    fn tells(&self, read: &Observation) -> bool {
        self.exceptions.get(&(read.plate.clone(), read.id.clone())).is_some_and(|row| {
            let (time, other) = match read.direction {
                Direction::Entry => (row.entry_at, row.exit_at),
                Direction::Exit => (row.exit_at, row.entry_at),
            };
            time.is_some_and(|time| is_same_time(time, read.at))
                && other.is_none()
                && row.place == read.place
        })
    }
}

impl<'a> Extend<&'a Effect> for Net {
    fn extend<T: IntoIterator<Item = &'a Effect>>(&mut self, effects: T) {
        for effect in effects {
            self.add(effect);
        }
    }
}

/// A name that a stay may have been reported under, and the two reads it was made of.
struct Name<'a> {
    session_id: CompactString,
    entry: &'a Observation,
    exit: &'a Observation,
}

impl Stay<'_> {
    /// All names the stay can have: by whichever reads stand, and by how often the same pair was
    /// withdrawn before, which is no more often than any session of the plate was.
    fn names(&self, plate: &Plate, withdrawn: usize) -> Vec<Name<'_>> {
        let mut names = Vec::new();
        for entry in &self.entry.reads {
            for exit in &self.exit.reads {
                for times in 0..=withdrawn {
                    let session_id = session_id(plate, &entry.id, &exit.id, times);
                    names.push(Name { session_id, entry, exit });
                }
            }
        }
        names
    }
}

impl Name<'_> {
    fn is_told_by(&self, summary: &Summary) -> bool {
        is_same_time(summary.entry_at, self.entry.at)
            && is_same_time(summary.exit_at, self.exit.at)
            && summary.place == self.entry.place
    }
}

/// To the millisecond, the resolution of the files.
fn is_same_time(one: Instant, other: Instant) -> bool {
    to_millis(one) == to_millis(other)
}

#[cfg(test)]
mod tests;
