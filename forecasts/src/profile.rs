//! What is usual: how full a place is, by kind of day and quarter of an hour.
//!
//! Two memories with exponential forgetting, and their mean. The **slow** one is the mean of months:
//! a **level** of the kind of day (Mondays at 8:45), and a **shift** of its class (workdays at 8:45) that
//! moves with each of its days: if all of this week is fuller than the weeks before, next Friday will be,
//! too. The **recent** one is mostly how the last such day was. The first one is calm, the second one
//! knows the season; each is wrong in its own way, and their mean is better than both
//! (docs/forecasts.md).

use serde::{Deserialize, Serialize};

use crate::moment::{Class, DayKind, QUARTERS};
use crate::table::Row;

/// The share of a new day in the level, at least; the first days weigh more.
const LEVEL_GAIN: f64 = 0.1;
/// The share of a new day in the shift of its class.
const SHIFT_GAIN: f64 = 0.1;
/// The share of a new day in the recent memory of its kind, and in that of the others of its class.
const RECENT_GAIN: f64 = 0.8;
const RECENT_GAIN_OF_CLASS: f64 = 0.15;
/// What is left of a shift after a day: one that no day confirms is halved in five weeks.
const SHIFT_KEPT: f64 = 0.98;
/// What a level that is borrowed from other kinds of day, or from other places, is worth in days.
const BORROWED_DAYS: f64 = 0.5;
/// The share of a new day in the levels of its class that are borrowed from other places.
const BORROWED_GAIN: f64 = 0.6;
/// A quarter that was never seen is read between two that were, or beside one, if it is this near.
const NEAR: usize = 4;

/// A day's values by quarter; `None` where nothing was seen.
pub(crate) type Day = [Option<f64>; QUARTERS];

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Level {
    share: f64,
    /// The recent memory.
    recent: f64,
    /// Days that it was made of, forgetting aside; 0: never seen.
    days: f64,
}

/// What is usual at a moment, and what it was made of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Usual {
    /// The level of the kind of day, a share of the spaces.
    pub level: f64,
    /// By how much the last days of the class were above their levels.
    pub shift: f64,
    /// How it was on the last days of the kind.
    pub recent: f64,
    /// Days of the kind that the level was made of; 0 if other days stand in for it.
    pub days: f64,
}

impl Usual {
    /// Whether it is what other places know: no such day was seen here.
    pub fn is_borrowed(&self) -> bool {
        self.days > 0.0 && self.days < 1.0
    }

    fn slow(&self) -> f64 {
        self.level + self.shift
    }

    /// The share of the spaces that is usually taken.
    pub fn share(&self) -> f64 {
        f64::midpoint(self.slow(), self.recent).clamp(0.0, 1.0)
    }
}

/// What is usual, by kind of day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Profile {
    kinds: Row<Row<Level, QUARTERS>, { DayKind::ALL.len() }>,
    shifts: Row<Row<f64, QUARTERS>, { Class::COUNT }>,
}

impl Profile {
    pub fn new() -> Self {
        Self {
            kinds: Row::of(Row::of(Level { share: 0.0, recent: 0.0, days: 0.0 })),
            shifts: Row::of(Row::of(0.0)),
        }
    }

    /// What is usual at a quarter of such a day; `None` while nothing near it was ever seen.
    pub fn usual(&self, kind: DayKind, quarter: usize) -> Option<Usual> {
        self.own(kind, quarter).or_else(|| {
            let shift = self.shifts[kind.class().index()][quarter];
            let (level, recent) = self.others(kind, quarter)?;
            Some(Usual { level, shift, recent, days: 0.0 })
        })
    }

    /// What the kind itself has shown, or what lies between its neighbours.
    fn own(&self, kind: DayKind, quarter: usize) -> Option<Usual> {
        let (row, shifts) = (&self.kinds[kind.index()], &self.shifts[kind.class().index()]);
        let at = |quarter: usize| Usual {
            level: row[quarter].share,
            shift: shifts[quarter],
            recent: row[quarter].recent,
            days: row[quarter].days,
        };
        if row[quarter].days > 0.0 {
            return Some(at(quarter));
        }
        let seen = |at: &usize| row[*at].days > 0.0;
        let before = (quarter.saturating_sub(NEAR)..quarter).rev().find(seen);
        let after = (quarter + 1..QUARTERS.min(quarter + 1 + NEAR)).find(seen);
        let (Some(before), Some(after)) = (before, after) else {
            return before.or(after).map(at);
        };
        let part = (quarter - before) as f64 / (after - before) as f64;
        let (from, to) = (at(before), at(after));
        Some(Usual {
            level: from.level + (to.level - from.level) * part,
            shift: from.shift + (to.shift - from.shift) * part,
            recent: from.recent + (to.recent - from.recent) * part,
            days: from.days.min(to.days),
        })
    }

    /// The mean over the days that are most like a kind that was never seen: those of its class (for a
    /// holiday, Sundays), else all.
    fn others(&self, kind: DayKind, quarter: usize) -> Option<(f64, f64)> {
        let mean = |which: &dyn Fn(DayKind) -> bool| {
            let (mut level, mut recent, mut days) = (0.0, 0.0, 0.0);
            for own in
                DayKind::ALL.into_iter().filter(|k| which(*k)).filter_map(|k| self.own(k, quarter))
            {
                level += own.level * own.days;
                recent += own.recent * own.days;
                days += own.days;
            }
            (days > 0.0).then(|| (level / days, recent / days))
        };
        mean(&|other| other.class() == kind.class()).or_else(|| mean(&|_| true))
    }

    /// Learns a day that is over.
    pub fn learn(&mut self, kind: DayKind, day: &Day) {
        for (quarter, seen) in day.iter().enumerate() {
            let Some(seen) = *seen else { continue };
            let usual = self.usual(kind, quarter);
            for other in
                DayKind::ALL.into_iter().filter(|k| *k != kind && k.class() == kind.class())
            {
                let level = &mut self.kinds[other.index()][quarter];
                // What is borrowed from other places gives way to the first days of its own.
                let is_borrowed = level.days < 1.0;
                let gain = if is_borrowed { BORROWED_GAIN } else { RECENT_GAIN_OF_CLASS };
                level.recent += gain * (seen - level.recent);
                if is_borrowed {
                    level.share += gain * (seen - level.share);
                }
            }
            let level = &mut self.kinds[kind.index()][quarter];
            let Some(usual) = usual else {
                *level = Level { share: seen, recent: seen, days: 1.0 };
                continue;
            };
            if level.days == 0.0 {
                let days = usual.days.clamp(BORROWED_DAYS, 1.0);
                *level = Level { share: usual.level, recent: usual.recent, days };
            }
            let error = seen - usual.slow();
            let gain = LEVEL_GAIN.max(1.0 / (level.days + 1.0));
            level.share += gain * error;
            level.recent += RECENT_GAIN * (seen - level.recent);
            level.days += 1.0;
            self.shifts[kind.class().index()][quarter] += SHIFT_GAIN * error;
        }
    }

    /// So many days went by, learned or not.
    pub fn pass(&mut self, days: i32) {
        let kept = SHIFT_KEPT.powi(days.max(0));
        self.shifts.iter_mut().flat_map(|row| row.iter_mut()).for_each(|shift| *shift *= kept);
    }

    /// The profile of a place of which nothing is known: the weighted mean of similar ones, worth half a
    /// day of its own.
    pub fn of_others(others: &[(f64, &Self)]) -> Self {
        let mut made = Self::new();
        for kind in DayKind::ALL {
            for quarter in 0..QUARTERS {
                let (mut sum, mut weights) = (0.0, 0.0);
                for (weight, other) in others {
                    let usual = other.usual(kind, quarter).filter(|usual| usual.days > 0.0);
                    if let Some(usual) = usual {
                        sum += weight * usual.share();
                        weights += weight;
                    }
                }
                if weights > 0.0 {
                    let share = sum / weights;
                    let level = Level { share, recent: share, days: BORROWED_DAYS };
                    made.kinds[kind.index()][quarter] = level;
                }
            }
        }
        made
    }
}
