//! How far a stream has been read: what makes the absence of a read a fact and not impatience.
//!
//! A queue keeps no order in event time, so "read completely up to" is an estimate from evidence:
//! the newest event time that was received, less the disorder seen; or, where the broker says that
//! the queue is empty, the present less `lateness`. Either is held back by what is in flight. A
//! wrong estimate costs a `repaired` row (R6), never a session.

use std::collections::{BTreeSet, HashMap};

use chrono::TimeDelta;

use crate::{Instant, Policy};

/// For how long a delivery that went back to the queue holds the watermark if the queue is never
/// seen empty: long enough for any redelivery, short enough for a poisonous message.
const HELD_FOR: TimeDelta = TimeDelta::seconds(60);

/// The longest replay that holds watermarks back.
const REPLAY_MAX: TimeDelta = TimeDelta::minutes(10);

/// Event time up to which each stream has been read completely. `None`: not known yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watermarks {
    /// How far the entries have been read.
    pub entries: Option<Instant>,
    /// How far the exits have been read.
    pub exits: Option<Instant>,
}

impl Watermarks {
    /// Everything was read: for the verdict on a complete set.
    pub const END: Self = Self { entries: Some(Instant::MAX_UTC), exits: Some(Instant::MAX_UTC) };

    /// The smaller of each, unknown being the smallest: with several processors, the slowest counts.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        // `None` sorts before any instant.
        Self { entries: self.entries.min(other.entries), exits: self.exits.min(other.exits) }
    }
}

/// What one consumer knows of its queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Newest event time received, never ahead of the clock.
    pub read_to: Option<Instant>,
    /// By how much deliveries lagged behind the newest one since the queue was last empty.
    pub disorder: TimeDelta,
    /// Processing time at which the broker last said, with this consumer connected, that the queue
    /// was empty; `None` where its last word was another.
    pub empty_at: Option<Instant>,
    /// Processing time of the last delivery that was history: older than live traffic can be.
    pub replayed_at: Option<Instant>,
    /// Processing time of the first of such deliveries without a pause of `lateness`.
    pub replay_began_at: Option<Instant>,
    /// Earliest event time among what is in flight or went back to the queue.
    pub held_at: Option<Instant>,
}

impl Progress {
    /// Whether history is coming in. What comes without a pause for longer than [`REPLAY_MAX`] is
    /// no replay but a camera whose clock is wrong: it must not hold the others' verdicts back.
    fn is_replaying(&self, now: Instant, lateness: TimeDelta) -> bool {
        is_recent(self.replayed_at, now, lateness)
            && self.replay_began_at.is_some_and(|began_at| now - began_at <= REPLAY_MAX)
    }
}

/// Follows the deliveries of one queue. Delivery tags are the broker's, unique within a connection.
#[derive(Debug)]
pub struct Tracker {
    lateness: TimeDelta,
    in_flight: HashMap<u64, Instant>,
    in_flight_by_time: BTreeSet<(Instant, u64)>,
    /// What went back to the queue: its earliest event time, and until when it holds.
    returned: Option<(Instant, Instant)>,
    progress: Progress,
}

impl Tracker {
    /// A tracker that has received nothing yet.
    pub fn new(policy: &Policy) -> Self {
        Self {
            lateness: policy.lateness,
            in_flight: HashMap::new(),
            in_flight_by_time: BTreeSet::new(),
            returned: None,
            progress: Progress::default(),
        }
    }

    /// Delivery `tag`, of an observation at event time `at`, was received.
    pub fn received(&mut self, tag: u64, at: Instant, now: Instant) {
        self.in_flight.insert(tag, at);
        self.in_flight_by_time.insert((at, tag));
        if is_history(at, now, self.lateness) {
            if !is_recent(self.progress.replayed_at, now, self.lateness) {
                self.progress.replay_began_at = Some(now);
            }
            self.progress.replayed_at = Some(now);
        }
        let at = at.min(now);
        match self.progress.read_to {
            Some(newest) if at < newest => {
                self.progress.disorder = self.progress.disorder.max(newest - at);
            }
            _ => self.progress.read_to = Some(at),
        }
    }

    /// Delivery `tag` is stored.
    pub fn stored(&mut self, tag: u64) {
        if let Some(at) = self.in_flight.remove(&tag) {
            self.in_flight_by_time.remove(&(at, tag));
        }
    }

    /// Delivery `tag` goes back to the queue and will come again.
    pub fn returned(&mut self, tag: u64, now: Instant) {
        if let Some(&at) = self.in_flight.get(&tag) {
            self.stored(tag);
            let earliest = self.returned.map_or(at, |(earlier, _)| earlier.min(at));
            self.returned = Some((earliest, now + HELD_FOR));
        }
    }

    /// The connection is gone: all that was in flight will come again.
    pub fn disconnected(&mut self, now: Instant) {
        if let Some(&(at, _)) = self.in_flight_by_time.first() {
            let earliest = self.returned.map_or(at, |(earlier, _)| earlier.min(at));
            self.returned = Some((earliest, now + HELD_FOR));
        }
        self.in_flight.clear();
        self.in_flight_by_time.clear();
        self.progress.empty_at = None;
    }

    /// The broker said how many messages wait in the queue.
    pub fn depth(&mut self, waiting: u64, asked_at: Instant) {
        if waiting > 0 {
            self.progress.empty_at = None;
            return;
        }
        self.progress.empty_at = Some(asked_at);
        // Whatever went back before has come again, to this processor (then it is in flight) or
        // another. What went back since the question holds on.
        self.returned = self.returned.filter(|(_, until)| *until - HELD_FOR > asked_at);
        if !is_recent(self.progress.replayed_at, asked_at, self.lateness) {
            self.progress.disorder = TimeDelta::zero();
        }
    }

    /// What is known now.
    pub fn progress(&mut self, now: Instant) -> Progress {
        self.returned = self.returned.filter(|(_, until)| *until > now);
        let in_flight = self.in_flight_by_time.first().map(|(at, _)| *at);
        let returned = self.returned.map(|(at, _)| at);
        Progress { held_at: in_flight.into_iter().chain(returned).min(), ..self.progress }
    }

    /// How many deliveries are in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }
}

/// Live traffic is read within a few seconds; what is older is a backlog, a replay, a late upload.
fn is_history(at: Instant, now: Instant, lateness: TimeDelta) -> bool {
    now - at > lateness * 2
}

fn is_recent(at: Option<Instant>, now: Instant, lateness: TimeDelta) -> bool {
    at.is_some_and(|at| now - at <= lateness)
}

/// The watermarks of one processor, from the progress of its two consumers. Never goes back.
#[derive(Debug)]
pub struct Marker {
    lateness: TimeDelta,
    marks: Watermarks,
}

impl Marker {
    /// A marker that knows of no queue yet.
    pub fn new(policy: &Policy) -> Self {
        Self { lateness: policy.lateness, marks: Watermarks::default() }
    }

    /// Moves the watermarks as far as the evidence allows.
    ///
    /// An empty queue proves nothing while history is pouring into the other one. So "empty" counts only when neither
    /// queue brought history within the last `lateness`.
    pub fn advance(&mut self, entries: &Progress, exits: &Progress, now: Instant) -> Watermarks {
        let replaying = [entries, exits].iter().any(|queue| queue.is_replaying(now, self.lateness));
        self.marks = Watermarks {
            entries: self.mark(self.marks.entries, entries, replaying),
            exits: self.mark(self.marks.exits, exits, replaying),
        };
        self.marks
    }

    fn mark(&self, so_far: Option<Instant>, queue: &Progress, replaying: bool) -> Option<Instant> {
        let in_order = queue.empty_at.is_some() && !replaying;
        let by_deliveries =
            queue.read_to.map(|newest| if in_order { newest } else { newest - queue.disorder });
        let by_emptiness =
            queue.empty_at.filter(|_| !replaying).map(|empty_at| empty_at - self.lateness);
        let mark = by_deliveries.max(by_emptiness);
        let held = queue.held_at.map(|at| at - TimeDelta::nanoseconds(1));
        let mark = match (mark, held) {
            (Some(mark), Some(held)) => Some(mark.min(held)),
            (mark, _) => mark,
        };
        so_far.max(mark)
    }
}

#[cfg(test)]
mod tests;
