//! How many came and went in each minute of the last hour, by event time, at each place and at all.

use std::collections::BTreeMap;

use domain::Instant;

use super::places::PlaceNo;

/// Minutes that are kept: one more than an hour, of which a part is over.
const KEPT: i64 = 61;

/// The vehicles of a minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Since 1970.
    pub(crate) minute: i64,
    pub(crate) entries: u64,
    pub(crate) exits: u64,
}

/// What a passage does to the counts of its minute.
#[derive(Debug, Clone, Copy)]
pub(super) enum Passage {
    Entry,
    Exit,
    /// It turned out to be part of something else.
    NoEntry,
    NoExit,
}

/// The minute of an instant.
pub(crate) fn minute_of(at: Instant) -> i64 {
    at.timestamp().div_euclid(60)
}

/// See the module.
#[derive(Default)]
pub(super) struct Minutes {
    all: BTreeMap<i64, (u64, u64)>,
    of: BTreeMap<(i64, PlaceNo), (u64, u64)>,
}

impl Minutes {
    /// A vehicle passed; what is older than an hour is no matter any more.
    pub(super) fn passed(&mut self, passage: Passage, at: Instant, place: PlaceNo, now: Instant) {
        let (minute, first) = (minute_of(at), minute_of(now) - KEPT);
        if minute <= first {
            return;
        }
        if self.all.first_key_value().is_some_and(|(oldest, _)| *oldest <= first) {
            self.all = self.all.split_off(&(first + 1));
            self.of = self.of.split_off(&(first + 1, 0));
        }
        for (entries, exits) in
            [self.all.entry(minute).or_default(), self.of.entry((minute, place)).or_default()]
        {
            match passage {
                Passage::Entry => *entries += 1,
                Passage::Exit => *exits += 1,
                Passage::NoEntry => *entries = entries.saturating_sub(1),
                Passage::NoExit => *exits = exits.saturating_sub(1),
            }
        }
    }

    /// As somebody has counted before.
    pub(super) fn add(&mut self, place: PlaceNo, passed: Passed) {
        let Passed { minute, entries, exits } = passed;
        for (known_entries, known_exits) in
            [self.all.entry(minute).or_default(), self.of.entry((minute, place)).or_default()]
        {
            *known_entries += entries;
            *known_exits += exits;
        }
    }

    /// The last hour, by minute.
    pub(super) fn hour(&self, place: Option<PlaceNo>, now: Instant) -> Vec<Passed> {
        let first = minute_of(now) - KEPT + 1;
        let passed = |minute: i64, (entries, exits): (u64, u64)| Passed { minute, entries, exits };
        match place {
            None => self.all.range(first..).map(|(minute, of)| passed(*minute, *of)).collect(),
            Some(place) => (first..=minute_of(now) + 5)
                .filter_map(|minute| Some(passed(minute, *self.of.get(&(minute, place))?)))
                .collect(),
        }
    }

    /// All that is kept.
    pub(super) fn all(&self) -> impl Iterator<Item = (PlaceNo, Passed)> {
        self.of.iter().map(|((minute, place), (entries, exits))| {
            (*place, Passed { minute: *minute, entries: *entries, exits: *exits })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    #[test]
    fn each_place_has_its_hour_and_what_is_older_is_gone() {
        let mut minutes = Minutes::default();
        let now = at("2026-11-20T10:30:40Z");
        minutes.passed(Passage::Entry, at("2026-11-20T09:28:00Z"), 0, now);
        assert!(minutes.hour(None, now).is_empty(), "over an hour ago");
        for (place, passage) in [(0, Passage::Entry), (1, Passage::Entry), (1, Passage::Exit)] {
            minutes.passed(passage, at("2026-11-20T10:30:00Z"), place, now);
        }
        minutes.passed(Passage::Exit, at("2026-11-20T10:29:00Z"), 1, now);
        minutes.passed(Passage::NoExit, at("2026-11-20T10:29:59Z"), 1, now);
        let minute = minute_of(now);
        let passed = |minute, entries, exits| Passed { minute, entries, exits };
        assert_eq!(minutes.hour(None, now), [passed(minute - 1, 0, 0), passed(minute, 2, 1)]);
        assert_eq!(minutes.hour(Some(0), now), [passed(minute, 1, 0)]);
        let later = at("2026-11-20T11:31:30Z");
        minutes.passed(Passage::Entry, later, 0, later);
        assert_eq!(minutes.hour(None, later), [passed(minute_of(later), 1, 0)]);
        assert_eq!(minutes.all().count(), 1);
    }
}
