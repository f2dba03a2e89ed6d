//! How wrong the forecasts of a place were, by horizon: what an interval is made of.
//!
//! The errors are kept as a histogram with exponential forgetting, each divided by what is usual at its
//! hour of the day: a morning when a place fills is less certain than a night. An interval is the
//! quantiles of the errors, put around the forecast: no distribution is assumed, and it is right as
//! often as it says as long as the errors to come are like those that were made (conformal prediction,
//! with forgetting).

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::decay::{HORIZONS, between};
use crate::moment::QUARTERS;
use crate::table::Row;

/// One row for each learned horizon, and one for a week.
const ROWS: usize = HORIZONS.len() + 1;
const WEEK: usize = HORIZONS.len();
const WEEK_QUARTERS: usize = 7 * QUARTERS;
const HOURS: usize = 24;
const BINS: usize = 81;
/// Bins are equally wide in asinh of the error, in units of a quarter of what is usual.
const STRETCH: f64 = 4.0;
const LARGEST: f64 = 16.0;

/// What is left of a day's errors a day later: half of it in five weeks.
const KEPT: f64 = 0.98;
/// How many errors the guess is worth against those that were made.
const GUESS: f64 = 10.0;
/// How many errors an hour's own size is weighed against that of the day.
const HOUR_GUESS: f64 = 6.0;
/// The share of a new day in how large errors are these days, how many errors of the usual size stand
/// against a day's own, and the bounds of what a day may say.
const MOOD_GAIN: f64 = 0.5;
const MOOD_GUESS: f64 = 4.0;
const MOODS: (f64, f64) = (0.5, 2.0);
/// No error is taken for smaller than this: the last bay of two hundred.
const SMALLEST: f64 = 0.002;

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Size {
    sum: f64,
    count: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Errors {
    /// How large the errors of the last days were, in units of what is usual.
    mood: f64,
    /// Those of the day that is being learned.
    today: Size,
    hours: Row<Size, HOURS>,
    bins: Row<f64, BINS>,
}

impl Errors {
    fn size(&self, quarter: usize, guess: f64) -> f64 {
        let (sum, count) =
            self.hours.iter().fold((0.0, 0.0), |(s, c), hour| (s + hour.sum, c + hour.count));
        let day = (sum + GUESS * guess) / (count + GUESS);
        let hour = self.hours[quarter / 4 % HOURS];
        let usual = (hour.sum + HOUR_GUESS * day) / (hour.count + HOUR_GUESS);
        (usual * self.mood).max(SMALLEST)
    }

    /// The share of errors below which a part of them lies, in units of their size. The guess is that
    /// they are as a Laplace distribution has them.
    fn quantile(&self, part: f64) -> f64 {
        let total: f64 = self.bins.iter().sum::<f64>() + GUESS;
        let mut below = 0.0;
        for (bin, weight) in self.bins.iter().enumerate() {
            let ((from, guess), (to, guess_to)) = (EDGES[bin], EDGES[bin + 1]);
            let weight = weight + GUESS * (guess_to - guess);
            if below + weight >= part * total {
                return from + (to - from) * ((part * total - below) / weight).clamp(0.0, 1.0);
            }
            below += weight;
        }
        LARGEST
    }

    /// The part of the errors that are at least so large.
    fn above(&self, z: f64) -> f64 {
        let total: f64 = self.bins.iter().sum::<f64>() + GUESS;
        let mut above = GUESS * (1.0 - laplace(z));
        for (bin, weight) in self.bins.iter().enumerate() {
            let (from, to) = (EDGES[bin].0, EDGES[bin + 1].0);
            above += weight * ((to - z) / (to - from)).clamp(0.0, 1.0);
        }
        above / total
    }
}

fn laplace(z: f64) -> f64 {
    if z < 0.0 { 0.5 * z.exp() } else { 1.0 - 0.5 * (-z).exp() }
}

fn half() -> f64 {
    (LARGEST * STRETCH).asinh()
}

/// Where the bins begin, and where the last one ends, each with the part of the guess that lies below.
static EDGES: LazyLock<[(f64, f64); BINS + 1]> = LazyLock::new(|| {
    let width = 2.0 * half() / BINS as f64;
    std::array::from_fn(|bin| {
        let edge = (bin as f64 * width - half()).sinh() / STRETCH;
        (edge, laplace(edge))
    })
});

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is bounded just here"
)]
fn bin(z: f64) -> usize {
    let width = 2.0 * half() / BINS as f64;
    let at = ((z * STRETCH).asinh() + half()) / width;
    at.clamp(0.0, BINS as f64 - 1.0) as usize
}

/// What the errors are taken for before any were made: a share that grows with the horizon.
fn guess(row: usize) -> f64 {
    let quarters = HORIZONS.get(row).copied().unwrap_or(WEEK_QUARTERS);
    (0.012 * (quarters as f64).sqrt()).min(0.08)
}

/// The errors of a place's forecasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spread {
    rows: Row<Errors, ROWS>,
}

impl Spread {
    pub fn new() -> Self {
        Self {
            rows: Row::of(Errors {
                mood: 1.0,
                today: Size::default(),
                hours: Row::of(Size::default()),
                bins: Row::of(0.0),
            }),
        }
    }

    /// A forecast for a quarter of a day was wrong by so much (what came, less what was said), at the
    /// learned horizon of this number.
    pub fn learn(&mut self, horizon: usize, quarter: usize, error: f64) {
        self.learn_row(horizon.min(WEEK), quarter, error);
    }

    /// The same for a forecast of a week.
    pub fn learn_week(&mut self, quarter: usize, error: f64) {
        self.learn_row(WEEK, quarter, error);
    }

    fn learn_row(&mut self, row: usize, quarter: usize, error: f64) {
        let size = self.rows[row].size(quarter, guess(row));
        let errors = &mut self.rows[row];
        errors.today.sum += error.abs() * errors.mood / size;
        errors.today.count += 1.0;
        errors.bins[bin(error / size)] += 1.0;
        let hour = &mut errors.hours[quarter / 4 % HOURS];
        hour.sum += error.abs();
        hour.count += 1.0;
    }

    /// So many days went by.
    pub fn pass(&mut self, days: i32) {
        self.scale(KEPT.powi(days.max(0)));
        for errors in self.rows.iter_mut() {
            let today = std::mem::take(&mut errors.today);
            let mood = (today.sum + MOOD_GUESS) / (today.count + MOOD_GUESS);
            errors.mood += MOOD_GAIN * (mood.clamp(MOODS.0, MOODS.1) - errors.mood);
        }
    }

    fn scale(&mut self, by: f64) {
        for errors in self.rows.iter_mut() {
            errors.bins.iter_mut().for_each(|weight| *weight *= by);
            for hour in errors.hours.iter_mut() {
                hour.sum *= by;
                hour.count *= by;
            }
        }
    }

    /// The rows that a horizon lies between, and how far it is on the way.
    fn rows(quarters: usize) -> (usize, usize, f64) {
        let last = HORIZONS[WEEK - 1];
        if quarters >= last {
            let part = (quarters - last) as f64 / (WEEK_QUARTERS - last) as f64;
            return (WEEK - 1, WEEK, part.min(1.0));
        }
        let (index, part) = between(quarters);
        (index, index + 1, part)
    }

    /// The error below which a part of the errors lies, so many quarters ahead, at a quarter of the day.
    pub fn quantile(&self, quarters: usize, quarter: usize, part: f64) -> f64 {
        let (from, to, way) = Self::rows(quarters);
        let of =
            |row: usize| self.rows[row].size(quarter, guess(row)) * self.rows[row].quantile(part);
        of(from) + (of(to) - of(from)) * way
    }

    /// The chance that an error is at least so large.
    pub fn above(&self, quarters: usize, quarter: usize, error: f64) -> f64 {
        let (from, to, way) = Self::rows(quarters);
        let of =
            |row: usize| self.rows[row].above(error / self.rows[row].size(quarter, guess(row)));
        of(from) + (of(to) - of(from)) * way
    }

    /// What other places know, for one of which nothing is known: `worth` of their errors.
    pub fn of_others(others: &[(f64, &Self)], worth: f64) -> Self {
        let mut made = Self::new();
        let weights: f64 = others.iter().map(|(weight, _)| weight).sum();
        for (weight, other) in others.iter().filter(|_| weights > 0.0) {
            let mut other = (*other).clone();
            other.scale(worth * weight / weights);
            for (errors, of) in made.rows.iter_mut().zip(other.rows.iter()) {
                errors.bins.iter_mut().zip(of.bins.iter()).for_each(|(sum, of)| *sum += of);
                for (hour, of) in errors.hours.iter_mut().zip(of.hours.iter()) {
                    hour.sum += of.sum;
                    hour.count += of.count;
                }
            }
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_errors_that_were_made() {
        let mut spread = Spread::new();
        let mut dice = fastrand::Rng::with_seed(7);
        // Errors between -0.05 and 0.15, all equally likely.
        for _ in 0..20_000 {
            spread.learn(1, 40, dice.f64() * 0.2 - 0.05);
        }
        for (part, error) in [(0.05, -0.04), (0.5, 0.05), (0.95, 0.14)] {
            let found = spread.quantile(2, 40, part);
            assert!((found - error).abs() < 0.006, "{part}: {found} instead of {error}");
        }
        let chance = spread.above(2, 40, 0.05);
        assert!((chance - 0.5).abs() < 0.03, "{chance}");
    }

    #[test]
    fn an_hour_that_is_less_certain_has_wider_intervals() {
        let mut spread = Spread::new();
        let mut dice = fastrand::Rng::with_seed(8);
        for _ in 0..5_000 {
            spread.learn(1, 12, dice.f64() * 0.02 - 0.01);
            spread.learn(1, 32, dice.f64() * 0.2 - 0.1);
        }
        let width = |quarter| spread.quantile(2, quarter, 0.9) - spread.quantile(2, quarter, 0.1);
        assert!(width(32) > 8.0 * width(12), "{} {}", width(32), width(12));
    }

    #[test]
    fn every_size_has_its_bin() {
        for at in 0..BINS {
            let middle = f64::midpoint(EDGES[at].0, EDGES[at + 1].0);
            assert_eq!(bin(middle), at);
        }
        assert_eq!((bin(-1e9), bin(1e9), bin(0.0)), (0, BINS - 1, BINS / 2));
    }
}
