//! How long a deviation lasts: learned for each place, by horizon.
//!
//! A place that is ten points fuller than usual is, half an hour later, perhaps still nine points fuller.
//! By how much is a regression of the later deviation on three things that are known at the moment of
//! the forecast: the deviation now, by how much it grew in the last half hour, and the deviation at the
//! same time on the day before. Recursive least squares with exponential forgetting, drawn towards an
//! honest guess (half of it is gone in six hours) while little is known.

use serde::{Deserialize, Serialize};

use crate::table::Row;

/// The horizons that are learned, in quarters of an hour; between them the answer is interpolated.
pub(crate) const HORIZONS: [usize; 11] = [1, 2, 3, 4, 6, 8, 12, 20, 32, 56, 96];
const COUNT: usize = HORIZONS.len();

/// How much of the guess stands against what was seen: a mean square deviation of that size, once.
const RIDGE: f64 = 0.05;
/// What is left of a day's evidence a day later: half of it in a month.
const KEPT: f64 = 0.98;
/// The guess: a deviation is halved in so many quarters.
const HALVED_IN: f64 = 24.0;
/// Deviations beyond this weigh as if they were this: a square of them would rule all else.
const LARGE: f64 = 0.15;
/// And so do errors: what is learned is what holds mostly, not what one bad morning asks for (Huber).
const SURPRISE: f64 = 0.02;

/// What is known of a place's deviation when a forecast is made; all of it in shares of the spaces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Deviation {
    /// By how much it is fuller than usual now.
    pub now: f64,
    /// By how much that grew in the last half hour.
    pub growth: f64,
    /// By how much it was fuller than usual on the day before at the time that is forecast.
    pub day_before: f64,
}

impl Deviation {
    fn values(self) -> [f64; 3] {
        [self.now, self.growth, self.day_before]
    }
}

/// What is left of each part of a deviation at a horizon: 1 all of it, 0 nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Left {
    /// Of the deviation now.
    pub now: f64,
    /// Of its growth: above 0, what grows goes on growing.
    pub growth: f64,
    /// Of that of the day before.
    pub day_before: f64,
}

impl Left {
    /// What a deviation adds to what is usual.
    pub fn of(self, deviation: Deviation) -> f64 {
        let values = deviation.values();
        self.now * values[0] + self.growth * values[1] + self.day_before * values[2]
    }

    fn between(self, other: Self, part: f64) -> Self {
        let mix = |from: f64, to: f64| from + (to - from) * part;
        Self {
            now: mix(self.now, other.now),
            growth: mix(self.growth, other.growth),
            day_before: mix(self.day_before, other.day_before),
        }
    }
}

/// The sums of a regression with three unknowns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Sums {
    /// Products of the knowns: 00, 01, 02, 11, 12, 22.
    squares: [f64; 6],
    /// Products of the knowns and what came of them.
    targets: [f64; 3],
}

impl Sums {
    fn add(&mut self, x: [f64; 3], y: f64, weight: f64) {
        let products =
            [x[0] * x[0], x[0] * x[1], x[0] * x[2], x[1] * x[1], x[1] * x[2], x[2] * x[2]];
        for (sum, product) in self.squares.iter_mut().zip(products) {
            *sum += weight * product;
        }
        for (sum, x) in self.targets.iter_mut().zip(x) {
            *sum += weight * x * y;
        }
    }

    fn scale(&mut self, by: f64) {
        self.squares.iter_mut().chain(&mut self.targets).for_each(|sum| *sum *= by);
    }

    /// The solution, with the guess as `RIDGE` of evidence for itself (Cholesky).
    #[allow(clippy::many_single_char_names, reason = "the lower triangle of a matrix")]
    fn solve(&self, guess: [f64; 3]) -> [f64; 3] {
        let [a, b, c, d, e, f] = self.squares;
        let (a, d, f) = (a + RIDGE, d + RIDGE, f + RIDGE);
        let y: [f64; 3] = std::array::from_fn(|i| self.targets[i] + RIDGE * guess[i]);
        let l00 = a.sqrt();
        let (l10, l20) = (b / l00, c / l00);
        // Positive by the ridge; the bound is for what rounding may leave.
        let l11 = (d - l10 * l10).max(RIDGE / 2.0).sqrt();
        let l21 = (e - l20 * l10) / l11;
        let l22 = (f - l20 * l20 - l21 * l21).max(RIDGE / 2.0).sqrt();
        let z0 = y[0] / l00;
        let z1 = (y[1] - l10 * z0) / l11;
        let z2 = (y[2] - l20 * z0 - l21 * z1) / l22;
        let x2 = z2 / l22;
        let x1 = (z1 - l21 * x2) / l11;
        let x0 = (z0 - l10 * x1 - l20 * x2) / l00;
        [x0, x1, x2]
    }
}

/// The decay of a place's deviations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Decay {
    sums: Row<Sums, COUNT>,
}

impl Decay {
    pub fn new() -> Self {
        Self { sums: Row::of(Sums::default()) }
    }

    /// What is left at each of the learned horizons.
    pub fn solved(&self) -> Solved {
        Solved(std::array::from_fn(|index| {
            let horizon = HORIZONS[index] as f64;
            let guess = [0.5_f64.powf(horizon / HALVED_IN), 0.0, 0.0];
            let [now, growth, day_before] = self.sums[index].solve(guess);
            Left { now, growth, day_before }
        }))
    }

    /// A deviation was followed by another one, the horizon of this number later; `said` was expected.
    pub fn learn(&mut self, horizon: usize, before: Deviation, after: f64, said: f64) {
        let size = before.now.abs().max(after.abs()).max(LARGE);
        let surprise = (after - said).abs().max(SURPRISE);
        let weight = (LARGE / size).powi(2) * (SURPRISE / surprise);
        self.sums[horizon].add(before.values(), after, weight);
    }

    /// So many days went by.
    pub fn pass(&mut self, days: i32) {
        let kept = KEPT.powi(days.max(0));
        self.sums.iter_mut().for_each(|sums| sums.scale(kept));
    }

    /// What other places know, for one of which nothing is known: `worth` of their evidence.
    pub fn of_others(others: &[(f64, &Self)], worth: f64) -> Self {
        let mut made = Self::new();
        let weights: f64 = others.iter().map(|(weight, _)| weight).sum();
        for (weight, other) in others.iter().filter(|_| weights > 0.0) {
            for (sum, of) in made.sums.iter_mut().zip(other.sums.iter()) {
                let mut of = *of;
                of.scale(worth * weight / weights);
                for (sum, of) in sum.squares.iter_mut().zip(of.squares) {
                    *sum += of;
                }
                for (sum, of) in sum.targets.iter_mut().zip(of.targets) {
                    *sum += of;
                }
            }
        }
        made
    }
}

/// What is left, by horizon.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Solved([Left; COUNT]);

impl Solved {
    /// What is left after so many quarters. From one day to two it goes to nothing: that far, a
    /// deviation is news of the profile, not of the moment.
    pub fn at(&self, quarters: usize) -> Left {
        let last = HORIZONS[COUNT - 1];
        if quarters > last {
            let part = ((quarters - last) as f64 / last as f64).min(1.0);
            let nothing = Left { now: 0.0, growth: 0.0, day_before: 0.0 };
            return self.0[COUNT - 1].between(nothing, part);
        }
        let (index, part) = between(quarters);
        self.0[index].between(self.0[(index + 1).min(COUNT - 1)], part)
    }
}

/// The learned horizon below a number of quarters, and how far it is on the way to the next one.
pub(crate) fn between(quarters: usize) -> (usize, f64) {
    let above = HORIZONS.iter().position(|horizon| *horizon > quarters).unwrap_or(COUNT);
    let index = above.saturating_sub(1);
    let Some(next) = HORIZONS.get(above).filter(|_| above > 0) else { return (index, 0.0) };
    let from = HORIZONS[index];
    (index, (quarters.max(from) - from) as f64 / (next - from) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn horizons_are_interpolated() {
        for (quarters, index, part) in [
            (0, 0, 0.0),
            (1, 0, 0.0),
            (5, 3, 0.5),
            (8, 5, 0.0),
            (76, 9, 0.5),
            (96, 10, 0.0),
            (200, 10, 0.0),
        ] {
            assert_eq!(between(quarters), (index, part), "{quarters}");
        }
    }

    #[test]
    fn the_decay_of_a_place_is_found() {
        let mut decay = Decay::new();
        let left = |decay: &Decay| decay.solved().at(2);
        assert!((left(&decay).now - 0.5_f64.powf(2.0 / 24.0)).abs() < 1e-9, "the guess");
        let mut dice = fastrand::Rng::with_seed(3);
        for _ in 0..2000 {
            let mut some = || dice.f64() * 0.2 - 0.1;
            let before = Deviation { now: some(), growth: some(), day_before: some() };
            let after = 0.6 * before.now + 0.3 * before.growth + 0.1 * before.day_before;
            let after = after + 0.1 * some();
            let said = left(&decay).of(before);
            decay.learn(1, before, after, said);
        }
        let found = left(&decay);
        for (found, truth) in [(found.now, 0.6), (found.growth, 0.3), (found.day_before, 0.1)] {
            assert!((found - truth).abs() < 0.02, "{found} {truth}");
        }
    }

    #[test]
    fn beyond_a_day_a_deviation_fades_to_nothing() {
        let solved = Decay::new().solved();
        assert!(solved.at(96).now > solved.at(150).now);
        assert!(solved.at(192).now.abs() < 1e-12);
        assert!(solved.at(5000).now.abs() < 1e-12);
    }
}
