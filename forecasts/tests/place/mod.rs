//! A simulated place: a hump on workdays, a lower one at weekends, days that are fuller or emptier than
//! others, and what comes and goes in an hour.
#![allow(dead_code, reason = "each test uses its part")]

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fastrand::Rng;
use forecasts::Calendar;
use forecasts::backtest::Value;

fn never(_: NaiveDate) -> bool {
    false
}

pub const CALENDAR: Calendar<'static> = Calendar { zone: chrono_tz::UTC, is_holiday: &never };

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Midnight of a day; day 0 is Monday, 2 March 2026.
pub fn day(of: i64) -> DateTime<Utc> {
    at("2026-03-02T00:00:00Z") + TimeDelta::days(of)
}

pub struct Place {
    dice: Rng,
    /// How many vehicles come, beside the usual.
    pub scale: f64,
    /// By how much days differ, a part of what is usual; and what comes and goes, a share per quarter.
    pub of_day: f64,
    pub passing: f64,
}

impl Place {
    pub fn new(seed: u64) -> Self {
        Self { dice: Rng::with_seed(seed), scale: 1.0, of_day: 0.08, passing: 0.012 }
    }

    /// The values of whole days, quarter by quarter. A place of 400 spaces: shares are whole vehicles.
    pub fn days(&mut self, days: std::ops::Range<i64>) -> Vec<Value> {
        let mut values = Vec::new();
        let mut passing = 0.0;
        for of in days {
            let of_day = self.noise() * self.of_day;
            for quarter in 0..96 {
                passing = 0.9 * passing + self.passing * self.noise();
                let share = usual(of, quarter) * self.scale * (1.0 + of_day) + passing;
                let share = (share.clamp(0.0, 1.0) * 400.0).round() / 400.0;
                values.push((day(of) + TimeDelta::minutes(15 * quarter), share));
            }
        }
        values
    }

    fn noise(&mut self) -> f64 {
        (0..12).map(|_| self.dice.f64()).sum::<f64>() - 6.0
    }
}

/// What is usual at a quarter of a day.
pub fn usual(of: i64, quarter: i64) -> f64 {
    let hour = quarter as f64 / 4.0;
    let (middle, width, height) =
        if of.rem_euclid(7) < 5 { (12.5, 3.2, 0.65) } else { (14.0, 2.5, 0.3) };
    0.08 + height * (-0.5 * ((hour - middle) / width).powi(2)).exp()
}
