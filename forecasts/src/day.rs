//! A day as it was seen, and whether it was a day like others.
//!
//! A day is learned when it is over, and only then: so that a closed day, a fair or a feed that stood
//! still can be recognised with the whole of it in view, and does not spoil what is usual.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::moment::{Class, QUARTERS, Slot};
use crate::profile::Day;
use crate::table::Row;

/// What a day was, seen from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayWas {
    /// A day like others: learned.
    Ordinary,
    /// Much fuller or emptier than usual: a fair, a strike, snow. Not learned.
    Odd,
    /// As odd as the last day of its class was, in the same direction: that is how it is now, and it is
    /// learned.
    NewNormal,
    /// Hardly anybody there on a day when there usually is: closed. Not learned.
    Closed,
    /// Nothing that could be learned: no values, or the same one all day while others were to be
    /// expected.
    Silent,
}

impl DayWas {
    /// Whether the day goes into the profile.
    pub fn is_learned(self) -> bool {
        matches!(self, Self::Ordinary | Self::NewNormal)
    }
}

/// Days have to be learned before one of them can be odd.
const DAYS_BEFORE_ODD: f64 = 5.0;
/// A day is odd if it is off by so many times what days usually are,
const ODD_TIMES: f64 = 4.0;
/// and by so much of the spaces.
const ODD_SHARE: f64 = 0.06;
/// A day is closed if it has less than this of the vehicles that were to be expected,
const CLOSED_PART: f64 = 0.15;
/// and moves by less than this,
const CLOSED_RANGE: f64 = 0.05;
/// and this was to be expected at its fullest.
const CLOSED_EXPECTED: f64 = 0.1;
/// A value that does not move for so many quarters,
const STILL_QUARTERS: i64 = 4;
/// while it was to be expected to move by so much
const STILL_EXPECTED: f64 = 0.1;
/// and by more than this many times what days are usually off by, is no value,
const STILL_TIMES: f64 = 3.0;
/// unless the place is as good as empty or full.
const STILL_BOUND: f64 = 0.02;
/// The share of a new day in what days usually are off by.
const USUAL_GAIN: f64 = 0.1;

/// A whole day is silent if it has one value, seen so often
const ONE_VALUE_COUNT: usize = 8;
/// over so many quarters, at least.
const ONE_VALUE_QUARTERS: usize = 24;
/// So many closed days in a row are how it is now.
const CLOSED_DAYS: u32 = 3;

/// A value, and what was usual then.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Last {
    pub slot: Slot,
    pub share: f64,
    pub usual: Option<f64>,
}

/// A day in progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Today {
    pub date: NaiveDate,
    pub seen: Row<Option<f64>, QUARTERS>,
    /// The last value of the days before.
    pub before: Option<Last>,
}

/// Since when a value has not moved although it should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// Since before the day.
    Before,
    /// Since this quarter of the day.
    Quarter(usize),
}

impl Today {
    pub fn new(date: NaiveDate, before: Option<Last>) -> Self {
        Self { date, seen: Row::of(None), before }
    }

    pub fn day(&self) -> Day {
        std::array::from_fn(|quarter| self.seen[quarter])
    }

    /// Whether the value that was seen in a quarter, the last one, has not moved although it should have.
    pub fn still_since(&self, usual: &Day, until: usize, off: f64) -> Option<Since> {
        let runs = still(&self.seen, usual, off, self.before);
        runs.into_iter().find(|run| run.1 == until).map(|run| run.0)
    }

    /// What was seen, without what followed on a value that stood still. `off` is by how much days are
    /// usually off: it says how much a place of this size moves without meaning it.
    pub fn moving(&self, usual: &Day, off: f64) -> Day {
        let mut day = self.day();
        for (since, to) in still(&self.seen, usual, off, self.before) {
            let from = match since {
                Since::Before => 0,
                Since::Quarter(quarter) => quarter + 1,
            };
            day[from..=to].fill(None);
        }
        day
    }
}

/// Whether two values are the same: a feed that stands still repeats itself to the last bit.
fn repeats(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits()
}

/// One value that is seen again and again.
struct Run {
    since: Since,
    to: usize,
    share: f64,
    /// Quarters since it was seen first.
    quarters: i64,
    /// The least and the most that was usual meanwhile.
    usual: (f64, f64),
}

impl Run {
    fn new(since: Since, to: usize, share: f64, usual: Option<f64>) -> Self {
        let usual = usual.map_or((1.0, 0.0), |usual| (usual, usual));
        Self { since, to, share, quarters: 0, usual }
    }

    fn should_have_moved(&self, off: f64) -> bool {
        let is_inside = self.share > STILL_BOUND && self.share < 1.0 - STILL_BOUND;
        let expected = self.usual.1 - self.usual.0;
        is_inside
            && self.quarters >= STILL_QUARTERS
            && expected >= STILL_EXPECTED.max(STILL_TIMES * off)
    }
}

/// The runs of one value during which it should have moved: since when, and the last quarter. A value of
/// the day before that comes again in the morning is such a run, too.
fn still(seen: &[Option<f64>], usual: &Day, off: f64, before: Option<Last>) -> Vec<(Since, usize)> {
    let mut runs = Vec::new();
    let mut run = before.map(|last| Run::new(Since::Before, 0, last.share, last.usual));
    let mut is_seen = false;
    for (quarter, value) in seen.iter().enumerate() {
        if let Some(run) = &mut run {
            run.quarters += 1;
        }
        let Some(value) = *value else { continue };
        match &mut run {
            Some(run) if repeats(run.share, value) => {
                run.to = quarter;
                if let Some(usual) = usual[quarter] {
                    run.usual = (run.usual.0.min(usual), run.usual.1.max(usual));
                }
            }
            _ => {
                let ended =
                    run.replace(Run::new(Since::Quarter(quarter), quarter, value, usual[quarter]));
                runs.extend(ended.filter(|_| is_seen));
            }
        }
        is_seen = true;
    }
    runs.extend(run.filter(|_| is_seen));
    runs.retain(|run| run.should_have_moved(off));
    runs.into_iter().map(|run| (run.since, run.to)).collect()
}

/// By how much days are usually off, and which of the last ones were not like others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Judge {
    /// The mean deviation of a day, a share of the spaces.
    off: f64,
    /// Days that were judged.
    days: f64,
    /// For each class, whether its last day was odd, and whether it was fuller.
    odd: Row<Option<bool>, { Class::COUNT }>,
    /// For each class, the one value of its last day if that was silent.
    silent: Row<Option<f64>, { Class::COUNT }>,
    /// Closed days in a row.
    closed: u32,
}

impl Judge {
    pub fn new() -> Self {
        Self { off: 0.0, days: 0.0, odd: Row::of(None), silent: Row::of(None), closed: 0 }
    }

    /// By how much a day is usually off; 0 while that is not known.
    pub fn off(&self) -> f64 {
        if self.days >= DAYS_BEFORE_ODD { self.off } else { 0.0 }
    }

    /// What a day was, and of its values those to learn from. Does not change what the judge knows.
    /// Where values that stand still are trusted, they are values like others.
    pub fn judge(
        &self,
        class: Class,
        today: &Today,
        usual: &Day,
        trusts_still: bool,
    ) -> (DayWas, Day) {
        let seen = today.day();
        let moving = if trusts_still { seen } else { today.moving(usual, self.off()) };
        let count = |day: &Day| day.iter().flatten().count();
        let is_silent = 2 * count(&moving) < count(&seen);
        let is_first = !trusts_still && usual.iter().all(Option::is_none);
        if let Some(one) = one_value(&seen).filter(|_| is_silent || is_first) {
            // A feed that is dead says the same every day; a place that is still, something else.
            let is_how_it_is =
                self.silent[class.index()].is_some_and(|before| !repeats(before, one));
            return if is_how_it_is {
                (DayWas::NewNormal, seen)
            } else {
                (DayWas::Silent, [None; QUARTERS])
            };
        }
        if is_silent || count(&moving) == 0 {
            return (DayWas::Silent, moving);
        }
        let Some(compared) = Compared::of(&moving, usual) else {
            return (DayWas::Ordinary, moving);
        };
        if compared.is_closed() {
            let was =
                if self.closed + 1 >= CLOSED_DAYS { DayWas::NewNormal } else { DayWas::Closed };
            return (was, moving);
        }
        let is_odd =
            self.days >= DAYS_BEFORE_ODD && compared.off > ODD_SHARE.max(ODD_TIMES * self.off);
        let was = match self.odd[class.index()] {
            _ if !is_odd => DayWas::Ordinary,
            Some(fuller) if fuller == (compared.mean > 0.0) => DayWas::NewNormal,
            _ => DayWas::Odd,
        };
        (was, moving)
    }

    /// Remembers a day that was judged.
    pub fn remember(&mut self, class: Class, was: DayWas, day: &Day, today: &Today, usual: &Day) {
        self.silent[class.index()] = one_value(&today.day());
        let Some(compared) = Compared::of(day, usual) else { return };
        self.closed = if compared.is_closed() { self.closed + 1 } else { 0 };
        if was == DayWas::Silent || compared.is_closed() {
            return;
        }
        let is_odd = matches!(was, DayWas::Odd | DayWas::NewNormal);
        self.odd[class.index()] = is_odd.then_some(compared.mean > 0.0);
        // An odd day does not make odd days usual, and yet they are let in if they go on.
        let off = if is_odd { compared.off.min(ODD_TIMES * self.off) } else { compared.off };
        self.off += (off - self.off) * USUAL_GAIN.max(1.0 / (self.days + 1.0));
        self.days += 1.0;
    }
}

/// The value of a day that has no other one, neither none nor all of the spaces.
fn one_value(day: &Day) -> Option<f64> {
    let mut seen = day.iter().enumerate().filter_map(|(at, value)| Some((at, (*value)?)));
    let (first, one) = seen.next()?;
    let (mut count, mut last) = (1, first);
    for (at, value) in seen {
        if !repeats(value, one) {
            return None;
        }
        (count, last) = (count + 1, at);
    }
    let is_inside = one > STILL_BOUND && one < 1.0 - STILL_BOUND;
    let is_long = count >= ONE_VALUE_COUNT && last - first >= ONE_VALUE_QUARTERS;
    (is_inside && is_long).then_some(one)
}

/// A day beside what was usual.
struct Compared {
    /// Mean of the deviations' sizes.
    off: f64,
    /// Mean of the deviations.
    mean: f64,
    /// Mean of what was seen, and of what was usual.
    seen: f64,
    usual: f64,
    /// The most that was usual.
    usual_most: f64,
    /// The least and the most that was seen.
    range: (f64, f64),
}

impl Compared {
    fn of(day: &Day, usual: &Day) -> Option<Self> {
        let pairs =
            || day.iter().zip(usual).filter_map(|(seen, usual)| Some(((*seen)?, (*usual)?)));
        let count = pairs().count() as f64;
        if count == 0.0 {
            return None;
        }
        let mut made =
            Self { off: 0.0, mean: 0.0, seen: 0.0, usual: 0.0, usual_most: 0.0, range: (1.0, 0.0) };
        for (seen, usual) in pairs() {
            made.off += (seen - usual).abs() / count;
            made.mean += (seen - usual) / count;
            made.seen += seen / count;
            made.usual += usual / count;
            made.usual_most = made.usual_most.max(usual);
            made.range = (made.range.0.min(seen), made.range.1.max(seen));
        }
        Some(made)
    }

    fn is_closed(&self) -> bool {
        self.usual_most >= CLOSED_EXPECTED
            && self.seen < CLOSED_PART * self.usual
            && self.range.1 - self.range.0 < CLOSED_RANGE
    }
}
