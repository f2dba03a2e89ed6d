//! Whether a client comes on a day at all.

use serde::{Deserialize, Serialize};

use crate::moment::{Class, DayKind};
use crate::table::Row;

/// What is left of a day's evidence when the next day of its kind was learned: half of it in three months.
const KEPT: f64 = 0.95;
/// A client of whom nothing is known comes on one day of ten,
const RATE_GUESS: f64 = 0.1;
/// and that is worth so many days.
const GUESS_DAYS: f64 = 2.0;
/// So many days does the class of a day weigh against the kind itself, and all days against the class.
const CLASS_DAYS: f64 = 1.5;
const ALL_DAYS: f64 = 1.5;
/// On a day that he may come, he goes away for longer (a holiday, an illness) so often,
const LEAVES: f64 = 0.01;
/// and if he is away, he is it on the next day, too, so often.
const STAYS_AWAY: f64 = 0.93;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Tally {
    came: f64,
    days: f64,
}

/// How often a client comes, by kind of day; and whether he seems to be away these days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Days {
    kinds: Row<Tally, { DayKind::ALL.len() }>,
    /// The chance that he is away.
    away: f64,
}

impl Days {
    pub fn new() -> Self {
        Self { kinds: Row::of(Tally { came: 0.0, days: 0.0 }), away: 0.0 }
    }

    /// The chance that he is away on the next day.
    pub fn away(&self) -> f64 {
        self.away * STAYS_AWAY + (1.0 - self.away) * LEAVES
    }

    /// The chance that he comes on a day of a kind, if he is not away. What was seen on such days is drawn
    /// towards days of the class, and these towards all days: the less was seen, the more.
    pub fn rate(&self, kind: DayKind) -> f64 {
        let sum = |which: &dyn Fn(DayKind) -> bool| {
            DayKind::ALL.into_iter().filter(|k| which(*k)).fold((0.0, 0.0), |(came, days), k| {
                let tally = self.kinds[k.index()];
                (came + tally.came, days + tally.days)
            })
        };
        let drawn = |(came, days): (f64, f64), to: f64, by: f64| (came + by * to) / (days + by);
        let all = drawn(sum(&|_| true), RATE_GUESS, GUESS_DAYS);
        let class: Class = kind.class();
        let class = drawn(sum(&|other| other.class() == class), all, ALL_DAYS);
        drawn(sum(&|other| other == kind), class, CLASS_DAYS)
    }

    /// He came on such a day.
    pub fn came(&mut self, kind: DayKind) {
        self.away = 0.0;
        self.learn(kind, 1.0, 1.0);
    }

    /// He did not. As far as he seems to be away, that says nothing of his habits.
    pub fn missed(&mut self, kind: DayKind) {
        let (away, rate) = (self.away(), self.rate(kind));
        self.away = away / (away + (1.0 - away) * (1.0 - rate));
        self.learn(kind, 0.0, 1.0 - self.away);
    }

    fn learn(&mut self, kind: DayKind, came: f64, weight: f64) {
        let tally = &mut self.kinds[kind.index()];
        let kept = 1.0 - (1.0 - KEPT) * weight;
        tally.came = tally.came * kept + came;
        tally.days = tally.days * kept + weight;
    }
}
