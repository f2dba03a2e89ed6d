//! What is said of the hours to come.

use chrono::{DateTime, Utc};
use serde::Serialize;
use thiserror::Error;

use crate::day::DayWas;
use crate::decay::{Deviation, Left};
use crate::moment::{Calendar, DayKind, Local, Slot};
use crate::occupancy::{Occupancy, Present};
use crate::profile::Usual;

/// The most that is forecast at once: two weeks.
pub const QUARTERS_MAX: usize = 14 * 96;

/// What is left, at least, of a deviation from a profile that is borrowed from other places.
const BORROWED_LEFT: f64 = 0.8;
/// By how much an interval is wider if no such day was ever seen.
const WIDER: f64 = 1.0;

/// How much wider than the errors that were made an interval is, where what is usual rests on few days.
fn wider(usual: Option<Usual>) -> f64 {
    let days = usual.map_or(0.0, |usual| usual.days);
    1.0 + WIDER / (1.0 + days).powi(2)
}

/// Why there is no forecast.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum NoForecast {
    /// Nothing was ever told, and nothing was borrowed from other places.
    #[error(
        "nothing is known of this place yet; tell it a value, or begin with what similar places know (`of_similar`)"
    )]
    NothingKnown,
    /// The model has heard of what came later: it would not be a forecast.
    #[error(
        "a forecast as of {now} was asked for, but values until {newest} were told already; ask for a later moment"
    )]
    Past {
        /// The moment that was asked for.
        now: DateTime<Utc>,
        /// The newest value's moment.
        newest: DateTime<Utc>,
    },
    /// An interval has to be right sometimes, and cannot be right always.
    #[error("the certainty of an interval is {0}; give a number above 0 and below 1, as 0.8")]
    Certainty(f64),
    /// More than two weeks.
    #[error("{0} quarters of an hour were asked for; the most is {QUARTERS_MAX}, two weeks")]
    TooFar(usize),
}

/// How full a place will be at a moment, and what that was made of. Shares of the spaces, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// The moment.
    pub at: DateTime<Utc>,
    /// What is expected.
    pub share: f64,
    /// The interval: from here
    pub low: f64,
    /// to here, as often as the forecast's certainty says.
    pub high: f64,
    /// Why.
    pub made_of: MadeOf,
    /// What the clock on the wall says then.
    pub local: Local,
    /// How far ahead that is of the newest value, in quarters of an hour.
    pub quarters: usize,
}

/// What a forecast was made of: `usual` + `left` of `deviation`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MadeOf {
    /// The kind of day.
    pub kind: DayKind,
    /// What is usual then; `None` if nothing is: then the value goes on as it is.
    pub usual: Option<Usual>,
    /// By how much the place is off what is usual.
    pub deviation: Deviation,
    /// What will be left of that.
    pub left: Left,
    /// What that adds.
    pub added: f64,
}

/// How full a place will be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Forecast {
    /// The moment as of which it was made.
    pub now: DateTime<Utc>,
    /// The newest value that it starts from, with its moment; if it stands still, when it was first
    /// seen.
    pub from: Option<(DateTime<Utc>, f64)>,
    /// Whether that value stands still although it should move: the feed is silent, and what is said
    /// here rests on what was known before.
    pub is_silent: bool,
    /// What today looks like so far; `None` while nothing of it was seen.
    pub today: Option<DayWas>,
    /// How often the intervals are right: 0.8 is four times of five.
    pub certainty: f64,
    /// Quarter by quarter.
    pub points: Vec<Point>,
}

/// When a place will be full.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fills {
    /// When it is expected to be; `None` if it is not.
    pub likely: Option<DateTime<Utc>>,
    /// From when on it may be, by the interval.
    pub earliest: Option<DateTime<Utc>>,
    /// From when on it will be, by the interval.
    pub latest: Option<DateTime<Utc>>,
    /// The greatest chance, of all moments, that it is full.
    pub chance: f64,
}

impl Occupancy {
    /// How full it will be in each of the next quarters of an hour, with intervals that are right as
    /// often as `certainty` says.
    pub fn forecast(
        &self,
        calendar: &Calendar<'_>,
        now: DateTime<Utc>,
        quarters: usize,
        certainty: f64,
    ) -> Result<Forecast, NoForecast> {
        if !(certainty > 0.0 && certainty < 1.0) {
            return Err(NoForecast::Certainty(certainty));
        }
        let local = calendar.local(Slot::nearest(now));
        if quarters > QUARTERS_MAX {
            return Err(NoForecast::TooFar(quarters));
        }
        // What came before today is learned, also if nothing of today was told yet.
        let mut begun;
        let mut model = self;
        if self.newest().is_some_and(|(slot, _)| calendar.local(slot).date < local.date) {
            begun = self.clone();
            begun.begin(calendar, local.date);
            model = &begun;
        }
        let present = model.present(calendar);
        let newest = self.newest().map(|(slot, _)| slot);
        if let Some(newest) = newest.filter(|newest| *newest > Slot::nearest(now)) {
            return Err(NoForecast::Past { now, newest: newest.at().unwrap_or_default() });
        }
        // The first boundary behind both now and what was seen.
        let first = newest.map_or(Slot::from(now), |newest| Slot::from(now).max(newest.plus(1)));
        let count = i64::try_from(quarters).unwrap_or_default();
        let points = (0..count)
            .map(|ahead| model.point(calendar, present.as_ref(), first.plus(ahead), certainty))
            .collect::<Option<Vec<Point>>>()
            .ok_or(NoForecast::NothingKnown)?;
        Ok(Forecast {
            now,
            from: present.as_ref().and_then(|p| Some((p.slot.at()?, p.share))),
            is_silent: present.as_ref().is_some_and(|present| present.is_still),
            today: present.as_ref().and_then(|present| present.looks),
            certainty,
            points,
        })
    }

    fn point(
        &self,
        calendar: &Calendar<'_>,
        present: Option<&Present>,
        target: Slot,
        certainty: f64,
    ) -> Option<Point> {
        let local = calendar.local(target);
        let usual = self.usual(calendar, target);
        // With nothing seen, it is as uncertain as a day ahead.
        let quarters = present.map_or(96, |present| {
            usize::try_from(target.since(present.slot)).unwrap_or_default().max(1)
        });
        let (mut deviation, mut left) = (Deviation::default(), Left::default());
        if let Some(present) = present {
            deviation = present.deviation(local);
            left = present.solved.at(quarters);
            if usual.is_some_and(|usual| usual.is_borrowed()) {
                // By what it is off a borrowed profile is news of the place, not of the moment.
                left.now = left.now.max(BORROWED_LEFT);
            }
        }
        let added = left.of(deviation);
        let share = match (usual, present) {
            (Some(usual), _) => usual.share() + added,
            (None, Some(present)) => present.share,
            (None, None) => return None,
        };
        let share = share.clamp(0.0, 1.0);
        let wider = wider(usual);
        let error = |part| wider * self.spread.quantile(quarters, local.quarter, part);
        let beyond = (1.0 - certainty) / 2.0;
        let kind = calendar.kind(local.date);
        Some(Point {
            at: target.at()?,
            share,
            low: (share + error(beyond)).clamp(0.0, share),
            high: (share + error(1.0 - beyond)).clamp(share, 1.0),
            made_of: MadeOf { kind, usual, deviation, left, added },
            local,
            quarters,
        })
    }

    /// The chance that, at a point of its forecast, at least a share of the spaces is taken.
    pub fn chance_of_at_least(&self, point: &Point, share: f64) -> f64 {
        if share <= 0.0 {
            return 1.0;
        }
        let error = (share - point.share) / wider(point.made_of.usual);
        self.spread.above(point.quarters, point.local.quarter, error)
    }

    /// When it will be full: when at least a share of the spaces is taken (1 if all of them have to be).
    pub fn fills(&self, forecast: &Forecast, full_at: f64) -> Fills {
        let first = |reached: &dyn Fn(&Point) -> bool| {
            forecast.points.iter().find(|point| reached(point)).map(|point| point.at)
        };
        let chances = forecast.points.iter().map(|p| self.chance_of_at_least(p, full_at));
        Fills {
            likely: first(&|point| point.share >= full_at),
            earliest: first(&|point| point.high >= full_at),
            latest: first(&|point| point.low >= full_at),
            chance: chances.fold(0.0, f64::max),
        }
    }
}
