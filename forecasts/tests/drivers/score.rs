//! What is said of simulated drivers, held against what they do.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use forecasts::{Calendar, Habit, PlaceHours};

use crate::drivers::{LIVES, Life, first_day, visits};

/// Who says when a driver comes.
pub const WHO: [&str; 3] = ["habit", "same time as yesterday", "median of the last four"];

/// Days that are only learned from, before anything is scored.
pub const LEARNED: i64 = 42;
/// "Comes within": two quarters of an hour.
const WITHIN: i64 = 2;
/// A chance from which on it is said that he comes.
pub const THRESHOLD: f64 = 0.5;

/// The counts of one of [`WHO`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Score {
    pub moments: u32,
    /// Sum of the squares of what was said less what came.
    pub squares: f64,
    /// Said and came, said and did not, came and was not said.
    pub hits: u32,
    pub false_alarms: u32,
    pub misses: u32,
    /// The first time on a day that it was said; how often he came within the half hour, within the hour.
    pub notices: u32,
    pub useful: u32,
    pub useful_hour: u32,
    /// Days on which he came.
    pub days: u32,
}

impl Score {
    pub fn precision(&self) -> f64 {
        part(self.hits, self.hits + self.false_alarms)
    }

    pub fn recall(&self) -> f64 {
        part(self.hits, self.hits + self.misses)
    }

    pub fn brier(&self) -> f64 {
        self.squares / f64::from(self.moments.max(1))
    }

    pub fn useful_per_notice(&self) -> f64 {
        part(self.useful, self.notices)
    }

    pub fn add(&mut self, other: &Self) {
        self.moments += other.moments;
        self.squares += other.squares;
        self.hits += other.hits;
        self.false_alarms += other.false_alarms;
        self.misses += other.misses;
        self.notices += other.notices;
        self.useful += other.useful;
        self.useful_hour += other.useful_hour;
        self.days += other.days;
    }
}

pub fn part(of: u32, all: u32) -> f64 {
    f64::from(of) / f64::from(all.max(1))
}

/// How often what was said with a chance came true, in ten classes of chance: said (sum), came, count.
pub type Reliability = [(f64, u32, u32); 10];

fn never(_: NaiveDate) -> bool {
    false
}

/// Simulates so many drivers of each life and scores all of [`WHO`], by life.
pub fn score(drivers: u32, days: i64, seed: u64) -> (Vec<(Life, [Score; WHO.len()])>, Reliability) {
    let mut dice = fastrand::Rng::with_seed(seed);
    let calendar = Calendar { zone: chrono_tz::UTC, is_holiday: &never };
    // The place's own hours, of drivers that are not scored.
    let mut place = PlaceHours::default();
    for life in LIVES {
        for at in visits(life, LEARNED, &mut dice) {
            place.observe(&calendar, at);
        }
    }
    let mut reliability = Reliability::default();
    let scored = LIVES.map(|life| {
        let mut scores = [Score::default(); WHO.len()];
        for _ in 0..drivers {
            let came = visits(life, days, &mut dice);
            let of_driver = score_one(&calendar, &place, &came, days, &mut reliability);
            scores.iter_mut().zip(of_driver).for_each(|(sum, of)| sum.add(&of));
        }
        (life, scores)
    });
    (scored.to_vec(), reliability)
}

/// Walks through a driver's quarters of an hour; at each, all say whether he comes within two of them.
fn score_one(
    calendar: &Calendar<'_>,
    place: &PlaceHours,
    came: &[DateTime<Utc>],
    days: i64,
    reliability: &mut Reliability,
) -> [Score; WHO.len()] {
    let quarter = TimeDelta::minutes(15);
    let (mut scores, mut habit) = ([Score::default(); WHO.len()], Habit::new());
    let mut next = 0;
    // Since his last visit, whose day is not over for twelve hours.
    let mut noticed = [false; WHO.len()];
    for at in 0..days * 96 {
        let now = first_day() + quarter * i32::try_from(at).unwrap_or_default();
        while came.get(next).is_some_and(|at| *at < now) {
            habit.observe(calendar, came[next]);
            next += 1;
            if now >= first_day() + TimeDelta::days(LEARNED) {
                for score in &mut scores {
                    score.days += 1;
                }
            }
        }
        let past = &came[..next];
        let was_just_here = past.last().is_some_and(|last| now - *last < TimeDelta::hours(12));
        // A new day for notices begins twelve hours after he came, and at noon and midnight else.
        if was_just_here || at % 96 == 0 {
            noticed = [false; WHO.len()];
        }
        if now < first_day() + TimeDelta::days(LEARNED) || was_just_here {
            continue;
        }
        let comes_by = |quarters: i64| {
            let until = now + TimeDelta::minutes(15 * quarters);
            came.get(next).is_some_and(|at| *at < until)
        };
        let comes = comes_by(WITHIN);
        let Ok(chances) = habit.chances(calendar, place, now, 2) else { continue };
        let chance = chances.within(2);
        let said = [chance, yesterday(past, now), median(past, now)];
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 9")]
        let class = &mut reliability[((chance * 10.0) as usize).min(9)];
        *class = (class.0 + chance, class.1 + u32::from(comes), class.2 + 1);
        for ((score, said), noticed) in scores.iter_mut().zip(said).zip(&mut noticed) {
            score.moments += 1;
            score.squares += (said - f64::from(u8::from(comes))).powi(2);
            let is_said = said >= THRESHOLD;
            score.hits += u32::from(is_said && comes);
            score.false_alarms += u32::from(is_said && !comes);
            score.misses += u32::from(!is_said && comes);
            if is_said && !*noticed {
                *noticed = true;
                score.notices += 1;
                score.useful += u32::from(comes);
                score.useful_hour += u32::from(comes_by(4));
            }
        }
    }
    scores
}

fn minutes(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(60).rem_euclid(1440)
}

/// Whether a time of the day lies in the half hour from now on.
fn is_due(time: i64, now: DateTime<Utc>) -> f64 {
    let ahead = (time - minutes(now)).rem_euclid(1440);
    f64::from(u8::from(ahead < 15 * WITHIN))
}

/// He comes when he came on the day before.
fn yesterday(past: &[DateTime<Utc>], now: DateTime<Utc>) -> f64 {
    let Some(last) = past.last() else { return 0.0 };
    let is_yesterday = now - *last < TimeDelta::hours(36);
    if is_yesterday { is_due(minutes(*last), now) } else { 0.0 }
}

/// He comes at the median of his last four times, every day.
fn median(past: &[DateTime<Utc>], now: DateTime<Utc>) -> f64 {
    let Some(last) = past.last() else { return 0.0 };
    // Around the last one, so that midnight does not cut them in two.
    let around = minutes(*last);
    let mut times: Vec<i64> = past
        .iter()
        .rev()
        .take(4)
        .map(|at| (minutes(*at) - around + 720).rem_euclid(1440))
        .collect();
    times.sort_unstable();
    let middle = times.len() / 2;
    let median = if times.len().is_multiple_of(2) {
        i64::midpoint(times[middle - 1], times[middle])
    } else {
        times[middle]
    };
    is_due((median + around - 720).rem_euclid(1440), now)
}
