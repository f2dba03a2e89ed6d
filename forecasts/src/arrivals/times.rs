//! At what time of the day a client comes. Time is a circle: 23:50 and 0:10 are near each other.

use std::f64::consts::TAU;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::moment::{Calendar, Class, Local, QUARTERS, Slot, days_on};
use crate::table::Row;

/// What is left of a visit's evidence when the next one of its class was learned: half in six visits.
const KEPT: f64 = 0.93;
/// The part of the last visit of the class in what is expected: who came late all of this week, comes late
/// tomorrow.
const LAST: f64 = 0.35;
/// So many visits does the place's profile weigh.
const PLACE_VISITS: f64 = 1.0;
/// So many visits do those of other classes of day weigh, all together.
const OTHER_CLASSES: f64 = 0.5;
/// Each visit stands for the times around it: at least and at most so many quarters (standard deviation).
const WIDTHS: (f64, f64) = (0.5, 6.0);
/// The same for a client of whom one visit is known.
const WIDTH_GUESS: f64 = 3.0;
/// And how many visits that guess weighs.
const WIDTH_GUESS_VISITS: f64 = 1.0;
/// Without a visit, a day begins at four in the morning.
const FIRST_BEGIN: usize = 16;
/// What is left of an arrival at a place when the next one was learned.
const PLACE_KEPT: f64 = 0.9995;

type Hours = Row<f64, QUARTERS>;
/// A distribution over the quarters of a day; its sum is 1.
pub(super) type Density = [f64; QUARTERS];

/// When clients come to a place: what is expected of one of whom little is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceHours {
    classes: Row<Hours, { Class::COUNT }>,
}

impl Default for PlaceHours {
    fn default() -> Self {
        Self { classes: Row::of(Row::of(0.0)) }
    }
}

impl PlaceHours {
    /// Tells the arrival of anybody.
    pub fn observe(&mut self, calendar: &Calendar<'_>, at: DateTime<Utc>) {
        let local = calendar.local(Slot::containing(at));
        let hours = &mut self.classes[calendar.kind(local.date).class().index()];
        hours.iter_mut().for_each(|weight| *weight *= PLACE_KEPT);
        hours[local.quarter] += 1.0;
    }

    fn density(&self, class: Class) -> Density {
        let hours = &self.classes[class.index()];
        // One arrival, spread over the day, where nothing was seen.
        let sum = hours.iter().sum::<f64>() + 1.0;
        std::array::from_fn(|quarter| (hours[quarter] + 1.0 / QUARTERS as f64) / sum)
    }
}

/// The times at which a client came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Times {
    classes: Row<Hours, { Class::COUNT }>,
    last: Row<Option<usize>, { Class::COUNT }>,
}

impl Times {
    pub fn new() -> Self {
        Self { classes: Row::of(Row::of(0.0)), last: Row::of(None) }
    }

    /// He came in a quarter of a day of a class.
    pub fn came(&mut self, class: Class, quarter: usize) {
        let hours = &mut self.classes[class.index()];
        hours.iter_mut().for_each(|weight| *weight *= KEPT);
        hours[quarter] += 1.0;
        self.last[class.index()] = Some(quarter);
    }

    /// The quarter at which the client's day begins: opposite to the mean of his times.
    pub fn begin(&self) -> usize {
        let (mut x, mut y) = (0.0, 0.0);
        for hours in self.classes.iter() {
            for (quarter, weight) in hours.iter().enumerate() {
                let angle = TAU * quarter as f64 / QUARTERS as f64;
                x += weight * angle.cos();
                y += weight * angle.sin();
            }
        }
        if x.hypot(y) < 1e-9 {
            return FIRST_BEGIN;
        }
        let turn = (y.atan2(x) / TAU + 0.5).rem_euclid(1.0);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 96")]
        let quarter = (turn * QUARTERS as f64).round() as usize;
        quarter % QUARTERS
    }

    /// The client's day that a moment belongs to, by the date on which he mostly comes on it.
    pub fn day(&self, local: Local) -> NaiveDate {
        let begin = self.begin();
        let is_evening = begin > QUARTERS / 2;
        match (local.quarter >= begin, is_evening) {
            (true, true) => days_on(local.date, 1),
            (false, false) => local.date.pred_opt().unwrap_or(local.date),
            _ => local.date,
        }
    }

    /// At what time he comes on a day of a class, if he does.
    pub fn density(&self, class: Class, place: &PlaceHours) -> Density {
        let mut own = [0.0; QUARTERS];
        let mut others = 0.0;
        for (index, hours) in self.classes.iter().enumerate() {
            if index != class.index() {
                others += hours.iter().sum::<f64>();
            }
        }
        for (index, hours) in self.classes.iter().enumerate() {
            let weight = if index == class.index() {
                1.0
            } else {
                OTHER_CLASSES / others.max(OTHER_CLASSES)
            };
            own.iter_mut().zip(hours.iter()).for_each(|(own, hour)| *own += weight * hour);
        }
        let width = width(&own);
        let visits: f64 = own.iter().sum();
        let mut spread = smooth(&own, width);
        if let Some(last) = self.last[class.index()] {
            let mut only = [0.0; QUARTERS];
            only[last] = 1.0;
            let only = smooth(&only, width);
            for (spread, last) in spread.iter_mut().zip(only) {
                *spread = *spread * (1.0 - LAST) + last * visits * LAST;
            }
        }
        let place = place.density(class);
        let sum = visits + PLACE_VISITS;
        std::array::from_fn(|at| (spread[at] + PLACE_VISITS * place[at]) / sum)
    }
}

/// How wide each visit is taken: by how far the times lie from their neighbours' mean.
fn width(hours: &Density) -> f64 {
    let visits: f64 = hours.iter().sum();
    let (mut off, mut weights) = (WIDTH_GUESS_VISITS * WIDTH_GUESS.powi(2), WIDTH_GUESS_VISITS);
    // The mean square distance of two visits, those that are further apart than six hours aside: a client
    // with two habits is not one with a wide one. It is twice the variance.
    for (at, weight) in hours.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        let (mut near, mut sum) = (0.0, 0.0);
        for (other, with) in hours.iter().enumerate().filter(|(_, with)| **with > 0.0) {
            let distance = distance(at, other);
            if distance <= 16.0 {
                near += with * distance * distance / 2.0;
                sum += with;
            }
        }
        if sum > 0.0 {
            off += weight * near / sum;
            weights += weight;
        }
    }
    // Silverman's rule for the width of a kernel.
    let deviation = (off / weights).sqrt();
    (deviation * 1.06 * visits.max(1.0).powf(-0.2)).clamp(WIDTHS.0, WIDTHS.1)
}

/// Quarters between two times, the short way round.
fn distance(a: usize, b: usize) -> f64 {
    let apart = a.abs_diff(b);
    apart.min(QUARTERS - apart) as f64
}

/// Spreads each weight over the times around it.
fn smooth(hours: &Density, width: f64) -> Density {
    let kernel: Density =
        std::array::from_fn(|at| (-0.5 * (distance(0, at) / width).powi(2)).exp());
    let sum: f64 = kernel.iter().sum();
    let mut smooth = [0.0; QUARTERS];
    for (at, weight) in hours.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        for (to, smooth) in smooth.iter_mut().enumerate() {
            *smooth += weight * kernel[(to + QUARTERS - at) % QUARTERS] / sum;
        }
    }
    smooth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_is_no_border() {
        let mut times = Times::new();
        for quarter in [95, 0, 94, 1] {
            times.came(Class::Workday, quarter);
        }
        assert!((44..=52).contains(&times.begin()), "the day begins at noon: {}", times.begin());
        let density = times.density(Class::Workday, &PlaceHours::default());
        let night: f64 = density[92..].iter().chain(&density[..4]).sum();
        assert!(night > 0.7, "{night}");
        let date: NaiveDate = "2026-03-03".parse().unwrap();
        let day = |date, quarter| times.day(Local { date, quarter });
        assert_eq!(day(date, 95), day(days_on(date, 1), 1));
        // A visit stands as much for the times behind midnight as for those before it.
        let mut once = Times::new();
        once.came(Class::Workday, 95);
        let density = once.density(Class::Workday, &PlaceHours::default());
        assert!((density[1] - density[93]).abs() < 1e-12, "{} {}", density[1], density[93]);
    }

    #[test]
    fn the_day_of_who_comes_in_the_morning_begins_in_the_evening() {
        let mut times = Times::new();
        times.came(Class::Workday, 32);
        assert_eq!(times.begin(), 80);
        let date: NaiveDate = "2026-03-03".parse().unwrap();
        for (quarter, days) in [(0, 0), (32, 0), (79, 0), (80, 1), (95, 1)] {
            assert_eq!(times.day(Local { date, quarter }), days_on(date, days), "{quarter}");
        }
    }

    #[test]
    fn a_distribution_sums_to_one() {
        let mut times = Times::new();
        for _ in 0..3 {
            let density = times.density(Class::Saturday, &PlaceHours::default());
            assert!((density.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            times.came(Class::Saturday, 40);
            times.came(Class::Workday, 90);
        }
    }

    #[test]
    fn a_regular_client_is_expected_more_sharply_than_an_irregular_one() {
        let sharpness = |quarters: &[usize]| {
            let mut times = Times::new();
            for _ in 0..4 {
                for quarter in quarters {
                    times.came(Class::Workday, *quarter);
                }
            }
            let density = times.density(Class::Workday, &PlaceHours::default());
            density.into_iter().fold(0.0, f64::max)
        };
        assert!(sharpness(&[32, 33]) > 2.0 * sharpness(&[26, 30, 35, 41]));
    }
}
