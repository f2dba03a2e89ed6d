//! The judgement: a plate's record, something that happened, and what follows.
//!
//! The verdicts on a plate are a pure function of the observations known of it and of the
//! watermarks ([`timeline::verdicts`]); what is reported is the difference to what was reported
//! before. So the order of arrival cannot matter.

mod forgetting;

use compact_str::CompactString;
use uuid::Uuid;

use self::forgetting::forget;
use crate::known::{Known, Seq};
use crate::record::{Record, Waits};
use crate::timeline::{self, DueVerdict, ShortList, Verdict};
use crate::{
    Behind, Direction, Effect, ExceptionKind, ExceptionRow, Instant, Observation, ObservationId,
    Opening, Origin, Plate, Policy, Summary, Watermarks,
};

/// Namespace of the session ids (a version 5 UUID needs one); never to be changed.
const SESSION_NAMESPACE: Uuid = Uuid::from_u128(0x5f0c_7a1e_92d4_4f0b_8a6b_3c1d_7e24_9b51);

/// Something that happened to a plate.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// A camera read it.
    Observe {
        /// By whom, when, where.
        observation: Observation,
        /// How far the streams had been read when it arrived.
        watermarks: Watermarks,
        /// Whether it was history then, or its place's history was coming in.
        is_past: bool,
        /// When it is decided, in processing time.
        now: Instant,
    },
    /// The streams were read further: what has waited long enough gets its verdict (R4, R5, R7).
    Settle {
        /// How far the streams have been read.
        watermarks: Watermarks,
        /// Whose history is coming in.
        behind: Behind,
        /// When it is decided, in processing time.
        now: Instant,
    },
}

/// What follows from a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Nothing: the record stands as it is, there is nothing to commit.
    Unchanged,
    /// The next record, and what to report: both in one commit, or neither.
    Changed {
        /// With the next version.
        record: Record,
        /// In the order in which they are to be told: what no longer holds, then what was found, from
        /// the earliest read to the latest, then the stay that is open.
        effects: Vec<Effect>,
    },
}

/// What an observation turned out to be: the `outcome` of `backend_observations_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObservationOutcome {
    /// R1: its id was known.
    Duplicate,
    /// R2: the passage was known.
    ReRead,
    /// It completes a session (R3).
    Matched,
    /// An entry without an exit so far.
    Opened,
    /// An exit without an entry so far.
    Waiting,
}

impl ObservationOutcome {
    /// The value of the metric's label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::ReRead => "re_read",
            Self::Matched => "matched",
            Self::Opened => "opened",
            Self::Waiting => "waiting",
        }
    }
}

/// R9: a name for the stay that every retry, processor and restart finds again. `times_withdrawn`
/// is how often the same pair was reported and withdrawn before: 0 but for the oddest orders.
pub fn session_id(
    plate: &Plate,
    entry: &ObservationId,
    exit: &ObservationId,
    times_withdrawn: usize,
) -> CompactString {
    session_id_of(plate.as_str(), entry, exit, times_withdrawn)
}

/// The same, of a plate's text.
fn session_id_of(
    plate: &str,
    entry: &ObservationId,
    exit: &ObservationId,
    times_withdrawn: usize,
) -> CompactString {
    // Ids hold no control characters, so the separator cannot occur in them.
    let mut name = format!("{plate}\n{entry}\n{exit}");
    if times_withdrawn > 0 {
        name = format!("{name}\n{times_withdrawn}");
    }
    let id = Uuid::new_v5(&SESSION_NAMESPACE, name.as_bytes());
    CompactString::new(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
}

/// R1 to R7 and R9: judges `command` on the record of `plate`. Pure: the same arguments give the
/// same answer, which is what lets a commit be retried and recognised (G4).
pub fn decide(plate: &Plate, record: &Record, command: Command, policy: &Policy) -> Decision {
    let (next, watermarks, behind, now) = match command {
        Command::Observe { observation, watermarks, is_past, now } => {
            if record.knows(&observation.id) {
                return Decision::Unchanged;
            }
            let mut next = record.clone();
            let read_to = match observation.direction {
                Direction::Entry => watermarks.exits,
                Direction::Exit => watermarks.entries,
            };
            let waits = match read_to >= Some(observation.at) {
                _ if is_past => Waits::ForThePast,
                true => Waits::FromItsArrival,
                false => Waits::FromItsTime,
            };
            let re_read = policy.re_reads.of(&observation.place, observation.lane.as_ref());
            next.insert(observation, now, waits, re_read);
            (next, Watermarks::default(), Behind::default(), now)
        }
        Command::Settle { watermarks, behind, now } => (record.clone(), watermarks, behind, now),
    };
    let grown = next.observations.len() > record.observations.len();
    let judged = Judgement::new(plate, record, next, (&watermarks, &behind), now, policy);
    if !grown && judged.fresh.is_empty() {
        return Decision::Unchanged;
    }
    let (record, effects) = judged.applied();
    Decision::Changed { record, effects }
}

/// A record that an earlier version kept under `former`, another spelling of `plate`, put with what
/// stands under the plate now: the record that is to stand in place of both, and what follows of their
/// being one vehicle's (a stay whose halves were kept apart is a session, and repairs what was said).
/// Pure, as [`decide`].
pub fn refiled(
    plate: &Plate,
    stands: &Record,
    former: &str,
    kept: Record,
    now: Instant,
    policy: &Policy,
) -> (Record, Vec<Effect>) {
    let merged = stands.merged_with(kept, former);
    let nothing = (&Watermarks::default(), &Behind::default());
    Judgement::new(plate, stands, merged, nothing, now, policy).applied()
}

/// What the observation `id` turned out to be, by the record that holds it. `None` where the
/// record has forgotten it at once.
pub fn outcome_of(record: &Record, id: &ObservationId) -> Option<ObservationOutcome> {
    let known = record.observations.iter().find(|known| known.id == *id)?;
    let stands = timeline::passages(&record.observations, record.forgotten_until)
        .iter()
        .any(|passage| passage.stands == known.seq);
    if !stands {
        return Some(ObservationOutcome::ReRead);
    }
    let matched = record
        .reported
        .iter()
        .any(|verdict| matches!(verdict, Verdict::Session(..)) && verdict.concerns(known.seq));
    Some(match (matched, known.direction) {
        (true, _) => ObservationOutcome::Matched,
        (false, Direction::Entry) => ObservationOutcome::Opened,
        (false, Direction::Exit) => ObservationOutcome::Waiting,
    })
}

/// The difference between what the observations say and what was reported of them.
struct Judgement<'a> {
    plate: &'a Plate,
    policy: &'a Policy,
    now: Instant,
    /// The record as it stands.
    before: &'a Record,
    /// The same with the new observation in it.
    record: Record,
    /// Verdicts to be reported now.
    fresh: Vec<Verdict>,
    /// Verdicts that were reported and no longer hold (R6).
    amended: Vec<Verdict>,
    /// Reads before this position are to be forgotten to keep the record bounded.
    judged_early_to: usize,
}

impl<'a> Judgement<'a> {
    fn new(
        plate: &'a Plate,
        before: &'a Record,
        record: Record,
        (watermarks, behind): (&Watermarks, &Behind),
        now: Instant,
        policy: &'a Policy,
    ) -> Self {
        let due_verdicts = due_verdicts(&record, policy);
        let judged_early_to = if record.observations.len() > policy.observations_max {
            record.observations.len() - policy.observations_max * 3 / 4
        } else {
            0
        };
        let fresh = due_verdicts
            .iter()
            .filter(|due_verdict| !record.reported.contains(&due_verdict.verdict))
            .filter(|due_verdict| {
                let is_early = due_verdict.end <= judged_early_to && !due_verdict.verdict.is_open();
                let past = due_verdict.past_of(&record.observations);
                let is_behind = past.is_some_and(|place| behind.holds(place));
                (due_verdict.due.has_come(watermarks) && !is_behind) || is_early
            })
            .map(|due_verdict| due_verdict.verdict)
            .collect();
        let amended = record
            .reported
            .iter()
            .copied()
            .filter(|reported| {
                !due_verdicts.iter().any(|due_verdict| due_verdict.verdict == *reported)
            })
            .collect();
        Self { plate, policy, now, before, record, fresh, amended, judged_early_to }
    }

    fn applied(mut self) -> (Record, Vec<Effect>) {
        self.record.version += 1;
        let mut effects = Vec::with_capacity(self.fresh.len() + self.amended.len());
        for verdict in &self.amended {
            effects.extend(self.amend(*verdict));
        }
        for verdict in &self.amended {
            if let Verdict::Session(entry, exit) = *verdict {
                self.record.withdrawn.push((entry, exit));
            }
        }
        for verdict in &self.fresh {
            effects.extend(self.report(*verdict));
        }
        self.record.reported.retain(|reported| !self.amended.contains(reported));
        self.record.reported.extend(&self.fresh);
        effects.extend(self.opening());
        forget(&mut self.record, self.now, self.judged_early_to, self.policy);
        (self.record, effects)
    }

    /// R6: the row that takes a reported verdict back.
    fn amend(&self, verdict: Verdict) -> Option<Effect> {
        match verdict {
            Verdict::Session(entry, exit) => {
                let (entry, exit) = (self.known(entry)?, self.known(exit)?);
                Some(Effect::Exception(ExceptionRow {
                    entry_at: Some(entry.at),
                    exit_at: Some(exit.at),
                    observation_id: None,
                    session_id: Some(self.session_id(entry, exit)),
                    ..self.row(ExceptionKind::Withdrawn, entry)
                }))
            }
            Verdict::Lone(_, seq) => {
                let replaced = self
                    .fresh
                    .iter()
                    .any(|fresh| matches!(fresh, Verdict::Lone(_, one) if *one == seq));
                if replaced {
                    return None; // the new row has a higher revision
                }
                Some(Effect::Exception(self.repaired(self.known(seq)?)))
            }
        }
    }

    fn repaired(&self, known: &Known) -> ExceptionRow {
        let session = self.fresh.iter().find_map(|fresh| match *fresh {
            Verdict::Session(entry, exit) if fresh.concerns(known.seq) => {
                Some(self.session_id(self.known(entry)?, self.known(exit)?))
            }
            _ => None,
        });
        let mut row = self.row(ExceptionKind::Repaired, known);
        if session.is_some() {
            "part of a session after all".clone_into(&mut row.reason);
        }
        ExceptionRow { session_id: session, ..row }
    }

    /// The row that reports a verdict for the first time.
    fn report(&self, verdict: Verdict) -> Option<Effect> {
        Some(match verdict {
            Verdict::Session(entry, exit) => {
                let (entry, exit) = (self.known(entry)?, self.known(exit)?);
                Effect::Summary(Summary {
                    session_id: self.session_id(entry, exit),
                    plate: self.plate.clone(),
                    entry_at: entry.at,
                    exit_at: exit.at,
                    place: entry.place.clone(),
                    repaired: self.is_repair(entry, exit),
                    origin: Some(Origin {
                        revision: self.record.version,
                        entry_id: entry.id.clone(),
                        entry_lane: entry.lane.clone(),
                        exit_id: exit.id.clone(),
                        exit_place: exit.place.clone(),
                        exit_lane: exit.lane.clone(),
                    }),
                })
            }
            Verdict::Lone(kind, read) => Effect::Exception(self.row(kind, self.known(read)?)),
        })
    }

    /// The entry that stands open, where another did before, or none.
    fn opening(&self) -> Option<Effect> {
        let entry = self.record.open_entry()?;
        let stood = self.before.open_entry().is_some_and(|before| before.seq == entry.seq);
        (!stood).then(|| {
            Effect::Opened(Opening {
                plate: self.plate.clone(),
                observation_id: entry.id.clone(),
                entry_at: entry.at,
                place: entry.place.clone(),
                lane: entry.lane.clone(),
                revision: self.record.version,
            })
        })
    }

    fn row(&self, kind: ExceptionKind, known: &Known) -> ExceptionRow {
        let max_stay = format!("{} h", self.policy.max_stay.num_hours());
        ExceptionRow {
            kind,
            plate: self.plate.clone(),
            entry_at: (known.direction == Direction::Entry).then_some(known.at),
            exit_at: (known.direction == Direction::Exit).then_some(known.at),
            observation_id: Some(known.id.clone()),
            session_id: None,
            place: known.place.clone(),
            revision: self.record.version,
            recorded_at: self.now,
            reason: kind.facts().reason.replace("{max_stay}", &max_stay),
        }
    }

    /// R6: whether a verdict that was reported of either read had to give way to this session.
    /// That a long stay ends is no repair: the overstay was true while it lasted.
    fn is_repair(&self, entry: &Known, exit: &Known) -> bool {
        let concerns = |seq: Seq| move |verdict: &&Verdict| verdict.concerns(seq);
        let ended_overstay = |verdict: &&Verdict| {
            **verdict == Verdict::Lone(ExceptionKind::Overstay, entry.seq)
                && exit.at - entry.at > self.policy.max_stay
        };
        let gave_way = self
            .amended
            .iter()
            .filter(|verdict| !ended_overstay(verdict))
            .any(|verdict| concerns(entry.seq)(&verdict) || concerns(exit.seq)(&verdict));
        let withdrawn_before =
            self.record.withdrawn.iter().any(|pair| pair.0 == entry.seq || pair.1 == exit.seq);
        gave_way || withdrawn_before
    }

    fn session_id(&self, entry: &Known, exit: &Known) -> CompactString {
        self.record.session_id(self.plate, entry, exit)
    }

    fn known(&self, seq: Seq) -> Option<&Known> {
        let known = self.record.known(seq);
        debug_assert!(known.is_some(), "a verdict refers to a read that was forgotten");
        known
    }
}

impl Record {
    /// The name of the stay between two of its reads (R9). What was reported under a former spelling
    /// of the plate is spoken of by the name that it has.
    pub(crate) fn session_id(&self, plate: &Plate, entry: &Known, exit: &Known) -> CompactString {
        let times = self.times_withdrawn(entry.seq, exit.seq);
        let text = match (&entry.former_plate, &exit.former_plate) {
            (Some(one), Some(other)) if one == other => one.0.as_str(),
            _ => plate.as_str(),
        };
        session_id_of(text, &entry.id, &exit.id, times)
    }
}

fn due_verdicts(record: &Record, policy: &Policy) -> ShortList<DueVerdict> {
    timeline::verdicts(&record.observations, record.forgotten_until, policy)
}

#[cfg(test)]
mod tests;
