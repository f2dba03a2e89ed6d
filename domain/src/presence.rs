//! Whether a vehicle is connected, and when it was: a pure function of the pings heard of it.
//!
//! Pings that follow each other within [`Silence::limit`] are one *period*: the vehicle was there
//! from the first to the last of them. Adding a ping widens a period, joins two or begins one, so
//! the order in which pings arrive cannot matter, and the same ping twice is the same as once.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::Instant;

/// Periods that are remembered of a vehicle; the oldest are forgotten (G6).
pub const PERIODS_MAX: usize = 32;

/// When a vehicle counts as gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// A vehicle that was heard within this time is connected.
    pub within: TimeDelta,
    /// Added to it, so that a punctual vehicle does not flap.
    pub tolerance: TimeDelta,
}

impl Default for Silence {
    fn default() -> Self {
        Self { within: TimeDelta::seconds(60), tolerance: TimeDelta::seconds(10) }
    }
}

impl Silence {
    /// The longest silence of a connected vehicle.
    pub fn limit(&self) -> TimeDelta {
        self.within + self.tolerance
    }
}

/// How a vehicle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Heard of within the limit.
    Connected,
    /// Heard of, but not within the limit.
    Disconnected,
    /// It was never heard from.
    NeverSeen,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Connected, Self::Disconnected, Self::NeverSeen];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::NeverSeen => "never_seen",
        }
    }
}

/// A time in which a vehicle was heard without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// Event time of its first ping.
    pub from: Instant,
    /// Event time of its last ping.
    pub to: Instant,
}

/// A change of a vehicle's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusChange {
    /// The status that it has from then on.
    pub status: Status,
    /// When, in event time: at a ping, or when the limit after one had passed.
    pub at: Instant,
}

/// What is remembered of a vehicle's pings: periods in the order of time, none within the limit of
/// another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Presence {
    periods: Vec<Period>,
}

/// What a ping was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Nothing that was not known, or of a time that is forgotten.
    Nothing,
    /// It widened the newest period.
    Newest,
    /// It changed what is remembered of earlier times.
    Earlier,
}

impl Presence {
    /// From periods as they were stored. Whatever they are, what is made of them is in order.
    pub fn from_periods(periods: impl IntoIterator<Item = Period>, silence: &Silence) -> Self {
        let mut presence = Self::default();
        for period in periods {
            presence.add(period, silence);
        }
        presence
    }

    /// What is remembered, in the order of time.
    pub fn periods(&self) -> &[Period] {
        &self.periods
    }

    /// The newest ping of all: the latest `at` wins, whenever it arrives.
    pub fn last_seen(&self) -> Option<Instant> {
        self.periods.last().map(|period| period.to)
    }

    /// A ping was heard.
    pub fn hear(&mut self, at: Instant, silence: &Silence) -> Heard {
        self.add(Period { from: at, to: at }, silence)
    }

    fn add(&mut self, new: Period, silence: &Silence) -> Heard {
        let limit = silence.limit();
        // Those before it that it does not reach, and those up to the first behind it.
        let first = self.periods.partition_point(|period| new.from - period.to > limit);
        let end = self.periods.partition_point(|period| period.from - new.to <= limit);
        let count = self.periods.len();
        if first == end {
            if first == 0 && count == PERIODS_MAX {
                return Heard::Nothing; // before all that is remembered
            }
            self.periods.insert(first, new);
            if self.periods.len() > PERIODS_MAX {
                self.periods.remove(0);
            }
            return Heard::Earlier;
        }
        let joined = Period {
            from: new.from.min(self.periods[first].from),
            to: new.to.max(self.periods[end - 1].to),
        };
        if end - first == 1 && joined == self.periods[first] {
            return Heard::Nothing;
        }
        self.periods[first] = joined;
        self.periods.drain(first + 1..end);
        if end - first == 1 && end == count { Heard::Newest } else { Heard::Earlier }
    }

    /// How the vehicle is at `now`.
    pub fn status(&self, now: Instant, silence: &Silence) -> Status {
        match self.last_seen() {
            None => Status::NeverSeen,
            Some(at) if now - at <= silence.limit() => Status::Connected,
            Some(_) => Status::Disconnected,
        }
    }

    /// When the vehicle counts as gone, should it stay silent.
    pub fn silent_from(&self, silence: &Silence) -> Option<Instant> {
        self.last_seen().map(|at| at + silence.limit())
    }

    /// The changes of its status up to `now`, the newest first.
    pub fn history(&self, now: Instant, silence: &Silence) -> Vec<StatusChange> {
        let mut changes = Vec::with_capacity(self.periods.len() * 2);
        for period in self.periods.iter().rev() {
            let gone = period.to + silence.limit();
            if gone < now {
                changes.push(StatusChange { status: Status::Disconnected, at: gone });
            }
            changes.push(StatusChange { status: Status::Connected, at: period.from });
        }
        changes
    }
}

#[cfg(test)]
mod tests;
