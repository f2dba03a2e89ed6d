//! How far a stream has been read: what makes the absence of a read a fact and not impatience.
//!
//! A queue keeps no order in event time, so "read completely up to" is an estimate from evidence:
//! the newest event time that was received, less the disorder seen; or, where all that waited in the
//! queue when it was asked for its depth has been received, that moment less `lateness`. Either is
//! held back by what is in hand. A wrong estimate costs a `repaired` row (R6), never a session.
//!
//! All of this speaks of live reads. A read that was history when it came (a late upload, a backlog)
//! says nothing of them and holds nobody back but the lone reads of its own place: [`Behind`].

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::TimeDelta;

use crate::{Instant, PlaceName, Policy};

mod past;

use past::Pasts;

/// The longest that one place's history keeps its own lone reads waiting.
pub(crate) const REPLAY_MAX: TimeDelta = TimeDelta::minutes(10);

/// Most places that are told one by one as being behind. Past it history waits everywhere.
const PLACES_MAX: usize = 20_000;

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

    /// The smaller of each, unknown being the smallest.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        // `None` sorts before any instant.
        Self { entries: self.entries.min(other.entries), exits: self.exits.min(other.exits) }
    }

    /// The greater of each, unknown being the smallest.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { entries: self.entries.max(other.entries), exits: self.exits.max(other.exits) }
    }
}

/// The places whose history is coming in: their past is not complete, and what waits for it waits on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Behind(Option<Arc<Places>>);

#[derive(Debug, PartialEq, Eq)]
enum Places {
    /// Too many to be told.
    All,
    These(BTreeSet<PlaceName>),
}

impl Behind {
    /// Every place there is.
    pub fn everywhere() -> Self {
        Self(Some(Arc::new(Places::All)))
    }

    /// Whether the place's history is coming in.
    pub fn holds(&self, place: &PlaceName) -> bool {
        self.0.as_deref().is_some_and(|places| match places {
            Places::All => true,
            Places::These(places) => places.contains(place),
        })
    }

    /// The places, by name; `None` where it is all of them.
    pub fn places(&self) -> Option<impl Iterator<Item = &PlaceName>> {
        match self.0.as_deref() {
            Some(Places::All) => None,
            Some(Places::These(places)) => Some(Some(places)),
            None => Some(None),
        }
        .map(|places| places.into_iter().flatten())
    }

    /// The places of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self.0.as_deref(), other.0.as_deref()) {
            (None, _) => other,
            (_, None) => self,
            (Some(Places::These(one)), Some(Places::These(more))) => {
                one.union(more).cloned().collect()
            }
            _ => Self::everywhere(),
        }
    }
}

impl FromIterator<PlaceName> for Behind {
    fn from_iter<T: IntoIterator<Item = PlaceName>>(places: T) -> Self {
        let places: BTreeSet<PlaceName> = places.into_iter().collect();
        match places.len() {
            0 => Self::default(),
            1..=PLACES_MAX => Self(Some(Arc::new(Places::These(places)))),
            _ => Self::everywhere(),
        }
    }
}

/// What one processor tells the others of the queues.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// How far it knows each queue to have been read, by whomever.
    pub read: Watermarks,
    /// What it has in hand and has not stored: nobody's watermark passes it. `None`: nothing.
    pub holds: Watermarks,
    /// The places whose history it is receiving.
    pub behind: Behind,
}

impl Reading {
    /// Of one that says only how far it has read: it vouches for that much, and holds all else back.
    pub fn of(marks: Watermarks) -> Self {
        let all = |mark: Option<Instant>| mark.or(Some(Instant::MIN_UTC));
        let holds = Watermarks { entries: all(marks.entries), exits: all(marks.exits) };
        Self { read: marks, holds, behind: Behind::default() }
    }
}

/// What all that are alive know together: a queue has been read as far as any of them knows, but for
/// what one of them has in hand. One that has nothing in hand holds nobody back, however little it
/// knows.
pub fn agreed(readings: impl IntoIterator<Item = Reading>) -> (Watermarks, Behind) {
    let (mut read, mut holds, mut behind) =
        (Watermarks::default(), Watermarks::END, Behind::default());
    for reading in readings {
        read = read.max(reading.read);
        holds = holds.min(Watermarks {
            entries: reading.holds.entries.or(Watermarks::END.entries),
            exits: reading.holds.exits.or(Watermarks::END.exits),
        });
        behind = behind.and(reading.behind);
    }
    let known = |mark: Option<Instant>| mark.filter(|at| *at > Instant::MIN_UTC);
    let marks = read.min(holds);
    (Watermarks { entries: known(marks.entries), exits: known(marks.exits) }, behind)
}

/// What one consumer knows of its queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Newest event time received live, never ahead of the clock.
    pub read_to: Option<Instant>,
    /// By how much live deliveries lagged behind the newest one since the queue was last empty.
    pub disorder: TimeDelta,
    /// Processing time of the last question for the queue's depth since which all that waited then
    /// has been received.
    pub drained_at: Option<Instant>,
    /// Whether the broker's last word, with this consumer connected, was that the queue is empty.
    pub is_empty: bool,
    /// Earliest event time among the live deliveries that are in flight or went back to the queue.
    pub held_at: Option<Instant>,
    /// Places whose history is coming in.
    pub behind: Behind,
}

/// What is known of a delivery in flight.
#[derive(Debug)]
enum Flight {
    Live(Instant),
    History(PlaceName),
}

/// Live deliveries that went back to the queue.
#[derive(Debug, Clone, Copy)]
struct Returned {
    /// The earliest event time of them.
    at: Instant,
    /// When the last of them went.
    went_at: Instant,
    /// Until when they hold, where the queue is not seen to have brought them again: if it is a
    /// poisonous message, it must not stop time.
    until: Instant,
}

/// Follows the deliveries of one queue. Delivery tags are the broker's, unique within a connection.
#[derive(Debug)]
pub struct Tracker {
    policy: Policy,
    in_flight: HashMap<u64, Flight>,
    in_flight_by_time: BTreeSet<(Instant, u64)>,
    /// Since when nothing in flight was stored or given back.
    still_since: Option<Instant>,
    /// What went back to the queue.
    returned: Option<Returned>,
    /// When the queue was asked for its depth, and how much of what waited then is still to come.
    asked: Option<(Instant, u64)>,
    pasts: Pasts,
    progress: Progress,
}

impl Tracker {
    /// A tracker that has received nothing yet.
    pub fn new(policy: &Policy) -> Self {
        Self {
            policy: policy.clone(),
            in_flight: HashMap::new(),
            in_flight_by_time: BTreeSet::new(),
            still_since: None,
            returned: None,
            asked: None,
            pasts: Pasts::default(),
            progress: Progress::default(),
        }
    }

    /// A delivery came, whatever it is.
    pub fn came(&mut self) {
        if let Some((asked_at, to_come)) = self.asked.take() {
            match to_come {
                ..=1 => self.drained(asked_at),
                _ => self.asked = Some((asked_at, to_come - 1)),
            }
        }
    }

    /// Delivery `tag`, of an observation at event time `at`, was received.
    pub fn received(&mut self, tag: u64, at: Instant, place: &PlaceName, now: Instant) {
        if self.in_flight.is_empty() {
            self.still_since = Some(now);
        }
        if self.policy.is_history(at, now) {
            self.in_flight.insert(tag, Flight::History(place.clone()));
            self.pasts.received(place, now, self.policy.lateness);
            return;
        }
        self.in_flight.insert(tag, Flight::Live(at));
        self.in_flight_by_time.insert((at, tag));
        let at = at.min(now);
        match self.progress.read_to {
            Some(newest) if at < newest => {
                self.progress.disorder = self.progress.disorder.max(newest - at);
            }
            _ => self.progress.read_to = Some(at),
        }
    }

    /// Delivery `tag` is stored.
    pub fn stored(&mut self, tag: u64, now: Instant) {
        if let Some(Flight::History(place)) = self.resolved(tag, now) {
            self.pasts.resolved(&place);
        }
    }

    /// Delivery `tag` goes back to the queue and will come again.
    pub fn returned(&mut self, tag: u64, now: Instant) {
        self.went_back(tag, now, now + self.policy.lateness);
    }

    fn resolved(&mut self, tag: u64, now: Instant) -> Option<Flight> {
        let flight = self.in_flight.remove(&tag)?;
        if let Flight::Live(at) = flight {
            self.in_flight_by_time.remove(&(at, tag));
        }
        self.still_since = Some(now);
        Some(flight)
    }

    fn went_back(&mut self, tag: u64, went_at: Instant, until: Instant) {
        match self.resolved(tag, went_at) {
            Some(Flight::Live(at)) => {
                let at = self.returned.map_or(at, |earlier| earlier.at.min(at));
                self.returned = Some(Returned { at, went_at, until });
            }
            Some(Flight::History(place)) => self.pasts.went_back(&place, went_at),
            None => {}
        }
    }

    /// The connection is gone: all that was in flight will come again.
    pub fn disconnected(&mut self, now: Instant) {
        // It holds for as long as it would have held without this.
        let until = self.still_since.unwrap_or(now) + self.policy.lateness;
        for tag in self.in_flight.keys().copied().collect::<Vec<_>>() {
            self.went_back(tag, now, until);
        }
        (self.asked, self.progress.drained_at, self.progress.is_empty) = (None, None, false);
    }

    /// The store does not answer: that nothing is stored says nothing of this consumer.
    pub fn store_is_away(&mut self, now: Instant) {
        self.still_since = Some(now);
    }

    /// The broker said how many messages wait in the queue.
    pub fn depth(&mut self, waiting: u64, asked_at: Instant) {
        self.progress.is_empty = waiting == 0;
        if waiting == 0 {
            self.asked = None;
            self.drained(asked_at);
            self.progress.disorder = TimeDelta::zero();
        } else if self.asked.is_none_or(|(_, to_come)| waiting <= to_come) {
            // Others receive of the queue as well, so the later answer may be the sooner one.
            self.asked = Some((asked_at, waiting));
        }
    }

    /// All that waited at that moment has been received.
    fn drained(&mut self, asked_at: Instant) {
        self.progress.drained_at = self.progress.drained_at.max(Some(asked_at));
        // Whatever went back before has come again, to this processor (then it is in flight) or
        // another. What went back since the question holds on.
        self.returned = self.returned.filter(|returned| returned.went_at > asked_at);
    }

    /// What is known now.
    pub fn progress(&mut self, now: Instant) -> Progress {
        self.returned = self.returned.filter(|returned| now <= returned.until);
        // Where nothing goes on, nobody waits for it: it comes again to another when this ends.
        let goes_on = self.still_since.is_none_or(|since| now - since <= self.policy.lateness);
        let in_flight =
            self.in_flight_by_time.first().filter(|_| goes_on).map(|(earliest, _)| *earliest);
        let returned = self.returned.map(|returned| returned.at);
        Progress {
            held_at: in_flight.into_iter().chain(returned).min(),
            behind: self.pasts.behind(now, self.policy.lateness),
            ..self.progress.clone()
        }
    }

    /// How many deliveries are in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }
}

impl Policy {
    /// Live traffic is read within a few seconds; what is older is a backlog, a replay, a late upload.
    pub fn is_history(&self, at: Instant, now: Instant) -> bool {
        now - at > self.lateness * 2
    }
}

/// The watermarks of one processor, from the progress of its two consumers. Never goes back.
#[derive(Debug)]
pub struct Marker {
    lateness: TimeDelta,
    read: Watermarks,
    marks: Watermarks,
}

impl Marker {
    /// A marker that knows of no queue yet.
    pub fn new(policy: &Policy) -> Self {
        let (read, marks) = (Watermarks::default(), Watermarks::default());
        Self { lateness: policy.lateness, read, marks }
    }

    /// How far this processor alone knows the queues to be read.
    pub fn marks(&self) -> Watermarks {
        self.marks
    }

    /// Moves the watermarks as far as the evidence allows.
    pub fn advance(&mut self, entries: &Progress, exits: &Progress) -> Reading {
        self.read = self
            .read
            .max(Watermarks { entries: self.read_to(entries), exits: self.read_to(exits) });
        // What has been passed before holds nobody back.
        let held = |queue: &Progress, passed: Option<Instant>| {
            queue.held_at.and_then(|at| Some(at - TimeDelta::nanoseconds(1)).max(passed))
        };
        let holds = Watermarks {
            entries: held(entries, self.marks.entries),
            exits: held(exits, self.marks.exits),
        };
        let behind = entries.behind.clone().and(exits.behind.clone());
        let reading = Reading { read: self.read, holds, behind };
        self.marks = self.marks.max(agreed([reading.clone()]).0);
        reading
    }

    fn read_to(&self, queue: &Progress) -> Option<Instant> {
        let disorder = if queue.is_empty { TimeDelta::zero() } else { queue.disorder };
        let by_deliveries = queue.read_to.map(|newest| newest - disorder);
        let by_emptiness = queue.drained_at.map(|drained_at| drained_at - self.lateness);
        by_deliveries.max(by_emptiness)
    }
}

#[cfg(test)]
mod tests;
