//! What a plate's observations say, from nothing but themselves: passages (R2) and verdicts (R3,
//! R4, R5, R7). No history of reporting here, so no order of arrival but R2's "came first stands".

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::known::{Known, Seq};
use crate::watermark::REPLAY_MAX;
use crate::{Direction, ExceptionKind, Instant, PlaceName, Policy, Watermarks};

/// A list that is short for nearly every plate, and then needs no allocation: it is made several
/// times for each observation.
pub type ShortList<T> = SmallVec<[T; 4]>;

/// One vehicle passing one barrier once, however often it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passage {
    /// Entry or exit.
    pub direction: Direction,
    /// The read that came first (by arrival) and stands for the passage.
    pub stands: Seq,
    /// Event time of that read.
    pub at: Instant,
    /// Event time of its last read.
    pub read_until: Instant,
    /// Event time up to which another read is of it (R2): the furthest that one of its reads says.
    pub reaches: Instant,
    /// Processing time from which it waits for its counterpart, where a read of it arrived late.
    pub waits_from: Option<Instant>,
    /// Whether it waits for its place's past as well.
    pub is_past: bool,
    /// Position of the passage's first read in the record.
    pub first: usize,
    /// Position after its last read.
    pub end: usize,
    /// Whether it lies in the time of which observations were forgotten: nothing before that line
    /// pairs with anything after it.
    pub forgotten: bool,
}

/// What can be said of observations. Refers to them by arrival number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// R3: a stay.
    #[serde(rename = "s")]
    Session(Seq, Seq),
    /// R4, R5, R7: a read that is no part of a stay, or not yet: one of [`ExceptionKind::LONE`].
    #[serde(rename = "l")]
    Lone(ExceptionKind, Seq),
}

impl Verdict {
    /// Whether it speaks of the observation.
    pub fn concerns(self, seq: Seq) -> bool {
        match self {
            Self::Session(entry, exit) => entry == seq || exit == seq,
            Self::Lone(_, one) => one == seq,
        }
    }

    /// Whether it speaks of a vehicle that is inside.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Lone(ExceptionKind::Overstay, _))
    }
}

/// When a verdict may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// No observation to come can be expected to change it.
    AtOnce,
    /// When all entries up to the instant have been read.
    OnEntries(Instant),
    /// When all exits up to the instant have been read.
    OnExits(Instant),
}

impl Due {
    /// Whether the streams have been read far enough.
    pub fn has_come(self, watermarks: &Watermarks) -> bool {
        match self {
            Self::AtOnce => true,
            Self::OnEntries(at) => watermarks.entries.is_some_and(|read_to| read_to >= at),
            Self::OnExits(at) => watermarks.exits.is_some_and(|read_to| read_to >= at),
        }
    }
}

/// A verdict that the observations bear out, and when it may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueVerdict {
    /// What is borne out.
    pub verdict: Verdict,
    /// What has to be read before it may be given.
    pub due: Due,
    /// Position of a read whose place's history has to have come in as well.
    pub past_at: Option<usize>,
    /// Position after the last read it rests on.
    pub end: usize,
}

impl DueVerdict {
    /// The place whose history has to have come in before it may be given.
    pub fn past_of(self, observations: &[Known]) -> Option<&PlaceName> {
        observations.get(self.past_at?).map(|known| &known.place)
    }
}

/// Groups reads, given in event-time order, into passages (R2): neighbours of one kind at one
/// place, each within the time that the site gives one of those before it ([`Known::re_read`]).
pub fn passages(observations: &[Known], forgotten_until: Option<Instant>) -> ShortList<Passage> {
    let mut passages: ShortList<Passage> = ShortList::with_capacity(observations.len());
    for (position, known) in observations.iter().enumerate() {
        let forgotten = forgotten_until.is_some_and(|until| known.at <= until);
        if let Some(passage) = passages.last_mut()
            && passage.direction == known.direction
            && passage.forgotten == forgotten
            && observations[position - 1].place == known.place
            && known.at <= passage.reaches
        {
            passage.end = position + 1;
            passage.read_until = passage.read_until.max(known.last_at());
            passage.reaches = passage.reaches.max(known.reaches());
            passage.waits_from = passage.waits_from.max(known.waits_from);
            passage.is_past |= known.is_past;
            if known.seq < passage.stands {
                passage.stands = known.seq;
                passage.at = known.at;
            }
            continue;
        }
        passages.push(Passage {
            direction: known.direction,
            stands: known.seq,
            at: known.at,
            read_until: known.last_at(),
            reaches: known.reaches(),
            waits_from: known.waits_from,
            is_past: known.is_past,
            first: position,
            end: position + 1,
            forgotten,
        });
    }
    passages
}

/// The verdicts on observations given in event-time order, in that order.
pub fn verdicts(
    observations: &[Known],
    forgotten_until: Option<Instant>,
    policy: &Policy,
) -> ShortList<DueVerdict> {
    verdicts_on(&passages(observations, forgotten_until), forgotten_until, policy)
}

/// The same, of the passages.
pub fn verdicts_on(
    passages: &[Passage],
    forgotten_until: Option<Instant>,
    policy: &Policy,
) -> ShortList<DueVerdict> {
    let mut due_verdicts = ShortList::with_capacity(passages.len());
    let mut rest = passages;
    while let Some((passage, later)) = rest.split_first() {
        rest = later;
        let next = later.first().filter(|next| next.forgotten == passage.forgotten);
        let (verdict, due, past_at, end) = match (passage.direction, next) {
            (Direction::Exit, _) => {
                let (at, past_at) = waited(passage.at, &[passage], policy);
                let verdict = Verdict::Lone(ExceptionKind::UnmatchedExit, passage.stands);
                (verdict, Due::OnEntries(at), past_at, passage.end)
            }
            (Direction::Entry, Some(next)) if next.direction == Direction::Exit => {
                rest = &later[1..];
                (Verdict::Session(passage.stands, next.stands), Due::AtOnce, None, next.end)
            }
            (Direction::Entry, Some(next)) => {
                let (at, past_at) = waited(next.at, &[passage, next], policy);
                let verdict = Verdict::Lone(ExceptionKind::MissedExit, passage.stands);
                (verdict, Due::OnExits(at), past_at, passage.end)
            }
            // What followed it is forgotten, but there was something.
            (Direction::Entry, None) if passage.forgotten => {
                let followed_at = forgotten_until.unwrap_or(passage.at);
                let (at, past_at) = waited(followed_at, &[passage], policy);
                let verdict = Verdict::Lone(ExceptionKind::MissedExit, passage.stands);
                (verdict, Due::OnExits(at), past_at, passage.end)
            }
            (Direction::Entry, None) => {
                let too_long_at = later_by(passage.at, policy.max_stay);
                let (at, past_at) = waited(too_long_at, &[passage], policy);
                let verdict = Verdict::Lone(ExceptionKind::Overstay, passage.stands);
                (verdict, Due::OnExits(at), past_at, passage.end)
            }
        };
        let due_verdict = DueVerdict { verdict, due, past_at, end };
        due_verdicts.push(due_verdict);
    }
    due_verdicts
}

/// What a watermark has to reach for a verdict that rests on `passages` and on nothing having
/// happened until `at`: `lateness` past it, and past the arrival of whatever arrived late. Who
/// publishes yesterday's exits will publish yesterday's entries next: so what was history when it came
/// waits for that of its place as well. Where is the answer's second half; nowhere if it is all over
/// by `at`, however long it takes.
fn waited(at: Instant, passages: &[&Passage], policy: &Policy) -> (Instant, Option<usize>) {
    let waits_from = passages.iter().filter_map(|passage| passage.waits_from).max();
    let past = passages.iter().filter(|passage| passage.is_past);
    let past = past.max_by_key(|passage| passage.waits_from);
    let past = past.filter(|past| at <= later_by(past.waits_from.unwrap_or(past.at), REPLAY_MAX));
    let at = later_by(waits_from.map_or(at, |from| from.max(at)), policy.lateness);
    (at, past.map(|past| past.first))
}

/// `at` plus `by`, or the end of time.
fn later_by(at: Instant, by: TimeDelta) -> Instant {
    at.checked_add_signed(by).unwrap_or(Instant::MAX_UTC)
}

#[cfg(test)]
mod tests;
