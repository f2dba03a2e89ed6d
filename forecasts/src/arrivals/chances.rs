//! What is said of a client's next hours.

use std::fmt::Write;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use thiserror::Error;

use super::Habit;
use super::times::{Density, PlaceHours};
use crate::moment::{Calendar, DayKind, QUARTERS, Slot};

/// Why nothing is said of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoChance {
    /// More than a day ahead.
    #[error("{0} quarters of an hour were asked for; the most is {QUARTERS}, one day")]
    TooFar(usize),
    /// The habit has heard of a later visit: it would not be a forecast.
    #[error(
        "chances as of {now} were asked for, but a visit at {newest} was told already; ask for a later moment"
    )]
    Past {
        /// The moment that was asked for.
        now: DateTime<Utc>,
        /// The newest visit's moment.
        newest: DateTime<Utc>,
    },
}

/// The chance of a visit in a quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Visit {
    /// When the quarter begins.
    pub at: DateTime<Utc>,
    /// The chance that he comes in it, as seen from now.
    pub chance: f64,
    /// The chance that he comes in it if he has not come until then.
    pub hazard: f64,
    /// Whether it belongs to the client's next day.
    pub is_next_day: bool,
}

/// When a client comes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chances {
    /// The moment as of which this is said.
    pub now: DateTime<Utc>,
    /// Whether he came already on this day of his.
    pub has_come: bool,
    /// What kind of day it is.
    pub kind: DayKind,
    /// The chance that he comes on such a day at all, if he is not away.
    pub comes_at_all: f64,
    /// The chance that he is away these days.
    pub is_away: f64,
    /// First visits that this rests on.
    pub visits: u32,
    /// Quarter by quarter, from the one that now lies in.
    pub quarters: Vec<Visit>,
}

impl Habit {
    /// The chance of a visit in each of the next quarters of an hour, from the one that `now` lies in. What
    /// little is known of a client is drawn towards the hours of the place.
    pub fn chances(
        &self,
        calendar: &Calendar<'_>,
        place: &PlaceHours,
        now: DateTime<Utc>,
        quarters: usize,
    ) -> Result<Chances, NoChance> {
        if quarters > QUARTERS {
            return Err(NoChance::TooFar(quarters));
        }
        let first = Slot::containing(now);
        if let Some(newest) = self.newest.filter(|newest| *newest > first) {
            return Err(NoChance::Past { now, newest: newest.at().unwrap_or_default() });
        }
        let mut habit = self.clone();
        let today = habit.day(calendar.local(first));
        habit.pass(calendar, today);
        let has_come = habit.today.is_some_and(|(day, came)| came && day >= today);
        let mut day = OfDay::new(&habit, calendar, place, today);
        let (kind, comes_at_all) = (day.kind, habit.days.rate(day.kind));
        if has_come {
            day.comes = 0.0;
        }
        // What of the day is over, without him.
        let begin = habit.times.begin();
        let mut at = begin;
        while at != calendar.local(first).quarter {
            day.passed += day.density[at];
            at = (at + 1) % QUARTERS;
        }
        let mut left = 1.0 - day.comes * day.passed;
        let mut said = Vec::with_capacity(quarters);
        let mut slot = first;
        for _ in 0..quarters {
            let local = calendar.local(slot);
            let date = habit.day(local);
            if date > day.date {
                day = OfDay::new(&habit, calendar, place, date);
                left = 1.0;
            }
            let part = day.comes * day.density[local.quarter];
            let not_yet = (1.0 - day.comes * day.passed).max(1e-9);
            said.push(Visit {
                at: slot.at().unwrap_or_default(),
                chance: (part / left.max(1e-9)).min(1.0),
                hazard: (part / not_yet).min(1.0),
                is_next_day: date > today,
            });
            day.passed += day.density[local.quarter];
            slot = slot.plus(1);
        }
        Ok(Chances {
            now,
            has_come,
            kind,
            comes_at_all,
            is_away: habit.days.away(),
            visits: habit.visits,
            quarters: said,
        })
    }
}

/// What is expected of one of the client's days.
struct OfDay {
    date: NaiveDate,
    kind: DayKind,
    comes: f64,
    density: Density,
    /// The part of the density that is over.
    passed: f64,
}

impl OfDay {
    fn new(habit: &Habit, calendar: &Calendar<'_>, place: &PlaceHours, date: NaiveDate) -> Self {
        let kind = calendar.kind(date);
        Self {
            date,
            kind,
            comes: habit.days.rate(kind) * (1.0 - habit.days.away()),
            density: habit.times.density(kind.class(), place),
            passed: 0.0,
        }
    }
}

impl Chances {
    /// The chance that he comes within so many quarters, the present one included.
    pub fn within(&self, quarters: usize) -> f64 {
        let of = |next_day: bool| {
            let quarters = self.quarters.iter().take(quarters);
            quarters.filter(|q| q.is_next_day == next_day).map(|q| q.chance).sum::<f64>().min(1.0)
        };
        1.0 - (1.0 - of(false)) * (1.0 - of(true))
    }

    /// The quarter in which he most likely comes; the first of several.
    pub fn likeliest(&self) -> Option<&Visit> {
        self.quarters.iter().rev().max_by(|a, b| a.chance.total_cmp(&b.chance))
    }

    /// Of what this was made, as a sentence for people.
    pub fn explain(&self) -> String {
        let percent = |chance: f64| format!("{:.0} %", chance * 100.0);
        let mut text = format!(
            "From {} visits: comes on {} of {}",
            self.visits,
            percent(self.comes_at_all),
            self.kind.plural()
        );
        // Writing to a `String` cannot fail.
        if self.is_away > 0.5 {
            let _ = write!(text, "; seems to be away these days ({})", percent(self.is_away));
        }
        text += if self.has_come { "; has come already today." } else { "; has not come yet." };
        text
    }
}
