//! How full a place is, learned as it goes.
//!
//! One [`Occupancy`] is for the bays of one type at one place. It is told values as they come and never
//! needs the history again; it is data, to be kept and read back. It has no clock, no dice and no
//! input or output: the same values give the same forecast.

use std::collections::VecDeque;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::day::{DayWas, Judge, Last, Since, Today};
use crate::decay::{Decay, Deviation, HORIZONS, Solved};
use crate::moment::{Calendar, Local, QUARTERS, Slot, days_on};
use crate::profile::{Day, Profile, Usual};
use crate::spread::Spread;
use crate::table::Row;

/// A deviation's growth is measured over half an hour, or what is nearest to it.
const GROWTH_OVER: [i64; 4] = [2, 1, 3, 4];
/// Quarters of a day, where they are counted across midnight.
const DAY: i64 = 96;
/// Days for which a week's forecast is remembered, to learn by how much it was wrong.
const WEEK: u64 = 7;

/// What became of a value that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Heard {
    /// It is the newest: forecasts start from it.
    Newest,
    /// The same, and the day before it, or before the gap, was judged.
    NewDay(DayWas),
    /// Older than what was heard already: ignored.
    Late,
    /// Not a number: ignored.
    NoNumber,
}

/// How full the bays of one type at one place are, by everything that was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Occupancy {
    pub(crate) profile: Profile,
    pub(crate) decay: Decay,
    pub(crate) spread: Spread,
    judge: Judge,
    /// Whether a value that stands still is taken at its word.
    is_trusting: bool,
    /// The day in progress, and the newest of it.
    today: Option<Today>,
    newest: Option<(Slot, f64)>,
    /// The deviations of the last day that was judged, if it was one like others.
    before: Option<(NaiveDate, Row<Option<f64>, QUARTERS>)>,
    /// What was said, a week ahead, of the days to come.
    ahead: VecDeque<(NaiveDate, Row<Option<f64>, QUARTERS>)>,
    /// Days that were learned.
    days: u32,
}

impl Default for Occupancy {
    fn default() -> Self {
        Self::new()
    }
}

impl Occupancy {
    /// A place of which nothing is known.
    pub fn new() -> Self {
        Self::of(Profile::new(), Decay::new(), Spread::new())
    }

    pub(crate) fn of(profile: Profile, decay: Decay, spread: Spread) -> Self {
        Self {
            profile,
            decay,
            spread,
            judge: Judge::new(),
            is_trusting: false,
            today: None,
            newest: None,
            before: None,
            ahead: VecDeque::new(),
            days: 0,
        }
    }

    /// Takes a value that stands still at its word, for as long as it does. For a feed whose silence is
    /// known otherwise, such as one that counts at its own barriers and hears of each that is down.
    #[must_use]
    pub fn trusting(mut self) -> Self {
        self.is_trusting = true;
        self
    }

    /// Days that were learned.
    pub fn days(&self) -> u32 {
        self.days
    }

    /// The newest value, and its moment.
    pub fn newest(&self) -> Option<(Slot, f64)> {
        self.newest
    }

    /// Tells that a share of the spaces was taken at an instant: 0 for none, 1 for all; what is beyond
    /// counts as the bound. Of several values for one quarter of an hour, the last one stays. Values have to
    /// come in order. Where nothing is known, or the place is closed, nothing should be told.
    pub fn observe(&mut self, calendar: &Calendar<'_>, at: DateTime<Utc>, share: f64) -> Heard {
        if share.is_nan() {
            return Heard::NoNumber;
        }
        let (slot, share) = (Slot::nearest(at), share.clamp(0.0, 1.0));
        if self.newest.is_some_and(|(newest, _)| slot < newest) {
            return Heard::Late;
        }
        let Local { date, quarter } = calendar.local(slot);
        let was = self.begin(calendar, date);
        if let Some(today) = &mut self.today {
            today.seen[quarter] = Some(share);
        }
        self.newest = Some((slot, share));
        was.map_or(Heard::Newest, Heard::NewDay)
    }

    /// Tells that it is a later day, if it is: the one before is learned. [`Self::observe`] and
    /// [`Self::forecast`] do so by themselves.
    pub fn begin(&mut self, calendar: &Calendar<'_>, date: NaiveDate) -> Option<DayWas> {
        let usual = |(slot, share)| Last {
            slot,
            share,
            usual: self.usual(calendar, slot).map(|usual| usual.share()),
        };
        let last = self.newest.map(usual);
        let ended = self.today.take_if(|today| today.date < date);
        let was = ended.map(|ended| self.learn(calendar, &ended, date));
        self.today.get_or_insert_with(|| Today::new(date, last));
        was
    }

    /// Learns a day that is over.
    fn learn(&mut self, calendar: &Calendar<'_>, ended: &Today, next: NaiveDate) -> DayWas {
        let kind = calendar.kind(ended.date);
        let usual = self.usual_day(calendar, ended.date);
        let (was, day) = self.judge.judge(kind.class(), ended, &usual, self.is_trusting);
        self.judge.remember(kind.class(), was, &day, ended, &usual);

        let off = off(&day, &usual);
        if !matches!(was, DayWas::Closed | DayWas::Silent) {
            self.learn_errors(ended.date, &day, &usual, &off, was);
        }
        if was.is_learned() {
            self.profile.learn(kind, &day);
            self.days += 1;
        }
        let passed = next.signed_duration_since(ended.date).num_days();
        let passed = i32::try_from(passed).unwrap_or(i32::MAX);
        self.profile.pass(passed);
        self.decay.pass(passed);
        self.spread.pass(passed);
        self.before = was.is_learned().then_some((ended.date, off));
        let in_a_week = days_on(ended.date, WEEK);
        let said = self.usual_day(calendar, in_a_week);
        let mut row = Row::of(None);
        row.copy_from_slice(&said);
        self.ahead.push_back((in_a_week, row));
        self.ahead.retain(|(date, _)| *date >= next);
        was
    }

    /// Learns, from a day that is over, by how much its forecasts were wrong, and how deviations decay.
    fn learn_errors(
        &mut self,
        date: NaiveDate,
        day: &Day,
        usual: &Day,
        off: &[Option<f64>],
        was: DayWas,
    ) {
        // As it stood while the forecasts were made.
        let solved = self.decay.solved();
        let before = self.before.clone().filter(|(before, _)| days_on(*before, 1) == date);
        let days = Days { before: before.as_ref().map(|(_, row)| &**row), today: off };
        for quarter in 0..QUARTERS {
            let (Some(seen), Some(usual), Some(after)) =
                (day[quarter], usual[quarter], off[quarter])
            else {
                continue;
            };
            for (index, horizon) in HORIZONS.into_iter().enumerate() {
                let Some(known) = days.known(quarter, horizon) else { continue };
                let added = solved.at(horizon).of(known);
                self.spread.learn(index, quarter, seen - (usual + added).clamp(0.0, 1.0));
                if was.is_learned() {
                    self.decay.learn(index, known, after, added);
                }
            }
        }
        if let Some((_, said)) = self.ahead.iter().find(|(ahead, _)| *ahead == date) {
            for (quarter, (seen, said)) in day.iter().zip(said.iter()).enumerate() {
                if let (Some(seen), Some(said)) = (seen, said) {
                    self.spread.learn_week(quarter, seen - said);
                }
            }
        }
    }

    /// What is usual on a date, quarter by quarter.
    fn usual_day(&self, calendar: &Calendar<'_>, date: NaiveDate) -> Day {
        let kind = calendar.kind(date);
        std::array::from_fn(|quarter| self.profile.usual(kind, quarter).map(|usual| usual.share()))
    }

    /// What is usual at a moment; `None` while nothing like it was ever seen.
    pub fn usual(&self, calendar: &Calendar<'_>, slot: Slot) -> Option<Usual> {
        let Local { date, quarter } = calendar.local(slot);
        self.profile.usual(calendar.kind(date), quarter)
    }

    /// What forecasts start from.
    pub(crate) fn present(&self, calendar: &Calendar<'_>) -> Option<Present> {
        let (newest, today) = (self.newest?, self.today.as_ref()?);
        let usual = self.usual_day(calendar, today.date);
        let local = calendar.local(newest.0);
        let still = (!self.is_trusting && local.date == today.date)
            .then(|| today.still_since(&usual, local.quarter, self.judge.off()))
            .flatten();
        let slot = match still {
            None => newest.0,
            Some(Since::Before) => today.before.map_or(newest.0, |last| last.slot),
            Some(Since::Quarter(quarter)) => {
                newest.0.plus(-i64::try_from(local.quarter - quarter).unwrap_or_default())
            }
        };
        let class = calendar.kind(today.date).class();
        let (looks, day) = self.judge.judge(class, today, &usual, self.is_trusting);
        Some(Present {
            slot,
            share: newest.1,
            date: today.date,
            local: calendar.local(slot),
            is_still: still.is_some(),
            looks: (local.date == today.date).then_some(looks),
            today: off(&day, &usual),
            before: self.before.clone().filter(|(before, _)| days_on(*before, 1) == today.date),
            solved: self.decay.solved(),
        })
    }
}

/// By how much a day was off what was usual.
fn off(day: &Day, usual: &Day) -> Row<Option<f64>, QUARTERS> {
    let mut off = Row::of(None);
    for (off, (seen, usual)) in off.iter_mut().zip(day.iter().zip(usual)) {
        *off = seen.zip(*usual).map(|(seen, usual)| seen - usual);
    }
    off
}

/// The moment that forecasts start from.
pub(crate) struct Present {
    /// When the value was seen; if it stands still, when it was first seen.
    pub slot: Slot,
    pub share: f64,
    /// The day in progress.
    date: NaiveDate,
    local: Local,
    /// Whether the value stands still while it should move.
    pub is_still: bool,
    /// What the day looks like so far; `None` while nothing of it was seen.
    pub looks: Option<DayWas>,
    today: Row<Option<f64>, QUARTERS>,
    before: Option<(NaiveDate, Row<Option<f64>, QUARTERS>)>,
    pub solved: Solved,
}

impl Present {
    /// What is known, at the present moment, of the deviation at another one.
    pub fn deviation(&self, target: Local) -> Deviation {
        let days = Days { before: self.before.as_ref().map(|(_, row)| &**row), today: &self.today };
        // Quarters from the midnight at which the day in progress began.
        let from_midnight = |local: Local| {
            let days = local.date.signed_duration_since(self.date).num_days();
            days * DAY + i64::try_from(local.quarter).unwrap_or_default()
        };
        let (origin, target) = (from_midnight(self.local), from_midnight(target));
        let now = days.at(origin).unwrap_or_default();
        Deviation {
            now,
            growth: days.growth(origin, now),
            // Later than a day ahead, the day before is yet to come.
            day_before: days.at(target - DAY).unwrap_or_default(),
        }
    }
}

/// The deviations of a day and of the one before it, if it was one like others.
struct Days<'a> {
    before: Option<&'a [Option<f64>]>,
    today: &'a [Option<f64>],
}

impl Days<'_> {
    /// The deviation so many quarters after the midnight between the two days.
    fn at(&self, quarter: i64) -> Option<f64> {
        if let Ok(quarter) = usize::try_from(quarter) {
            return *self.today.get(quarter)?;
        }
        *self.before?.get(usize::try_from(quarter + DAY).ok()?)?
    }

    fn growth(&self, quarter: i64, now: f64) -> f64 {
        let over = |over: i64| Some((now - self.at(quarter - over)?) * 2.0 / over as f64);
        GROWTH_OVER.into_iter().find_map(over).unwrap_or_default()
    }

    /// What was known, a horizon before a quarter of the day, of the deviation at that quarter.
    fn known(&self, quarter: usize, horizon: usize) -> Option<Deviation> {
        let quarter = i64::try_from(quarter).ok()?;
        let origin = quarter - i64::try_from(horizon).ok()?;
        let now = self.at(origin)?;
        Some(Deviation {
            now,
            growth: self.growth(origin, now),
            day_before: self.at(quarter - DAY).unwrap_or_default(),
        })
    }
}
