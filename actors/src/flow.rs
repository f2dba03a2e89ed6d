//! How many vehicles came and went, minute by minute: what a person watches. Counted by event time
//! where an observation is stored, and brought to the store with each sign of life, so that all
//! processors together make one count. It is a picture, no guarantee: where an answer of the store
//! is lost, half a second may count twice.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{Direction, Instant};

/// Minutes that are counted and kept, up to the present. What was read of older times is history.
pub const MINUTES_KEPT: i64 = 120;

/// Vehicles that passed in one minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// Event time, minutes since 1970.
    pub minute: i64,
    /// Vehicles that came.
    pub entries: u64,
    /// Vehicles that went.
    pub exits: u64,
}

/// What this processor has counted and not brought to the store.
#[derive(Debug, Default)]
pub struct Flow(Mutex<BTreeMap<i64, (u64, u64)>>);

/// The minute of an instant.
pub fn minute_of(at: Instant) -> i64 {
    at.timestamp().div_euclid(60)
}

impl Flow {
    /// A vehicle passed. `now` is processing time: what is older than is shown is not counted.
    pub fn passed(&self, direction: Direction, at: Instant, now: Instant) {
        let minute = minute_of(at);
        if minute > minute_of(now) - MINUTES_KEPT {
            let (entries, exits) = match direction {
                Direction::Entry => (1, 0),
                Direction::Exit => (0, 1),
            };
            self.add(&[Passed { minute, entries, exits }]);
        }
    }

    /// Takes what has been counted since the last time.
    pub fn take(&self) -> Vec<Passed> {
        let counted = std::mem::take(&mut *self.counted());
        let passed = |(minute, (entries, exits))| Passed { minute, entries, exits };
        counted.into_iter().map(passed).collect()
    }

    /// Adds counts; also those that were taken and that the store did not take.
    pub fn add(&self, passed: &[Passed]) {
        let mut counted = self.counted();
        for passed in passed {
            let count = counted.entry(passed.minute).or_default();
            count.0 += passed.entries;
            count.1 += passed.exits;
        }
        // While the store is away (G6).
        while counted.len() > usize::try_from(MINUTES_KEPT).unwrap_or(usize::MAX) {
            counted.pop_first();
        }
    }

    fn counted(&self) -> MutexGuard<'_, BTreeMap<i64, (u64, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    #[test]
    fn passages_are_counted_by_the_minute_and_given_back_where_the_store_did_not_take_them() {
        let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let flow = Flow::default();
        for seconds in [0, 1, 60] {
            flow.passed(Direction::Entry, now - TimeDelta::seconds(seconds), now);
        }
        flow.passed(Direction::Exit, now, now);
        flow.passed(Direction::Exit, now - TimeDelta::minutes(MINUTES_KEPT + 1), now);
        let minute = minute_of(now);
        let counted = [
            Passed { minute: minute - 1, entries: 1, exits: 0 },
            Passed { minute, entries: 2, exits: 1 },
        ];
        let taken = flow.take();
        assert_eq!(taken, counted);
        assert_eq!(flow.take(), []);
        flow.add(&taken);
        assert_eq!(flow.take(), counted);
    }
}
