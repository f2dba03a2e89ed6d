//! Simulated drivers with habits: what they do is known, so that what is said of them can be held against
//! it. Seeded: the same seed makes the same drivers.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use fastrand::Rng;

/// How a driver lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Workdays in the morning, one day a week at home, two weeks of holiday.
    Commuter,
    /// Three days a week, a little later.
    PartTime,
    /// Five nights a week, around eleven in the evening, over midnight as often as not.
    NightShift,
    /// One week early, one week late.
    Shifts,
    /// Saturdays in the middle of the day, three times of five.
    Shopper,
    /// A commuter whose job begins an hour and a half later from the middle of the time on.
    Moved,
    /// Once in ten days, at any time of the day.
    Visitor,
}

pub const LIVES: [Life; 7] = [
    Life::Commuter,
    Life::PartTime,
    Life::NightShift,
    Life::Shifts,
    Life::Shopper,
    Life::Moved,
    Life::Visitor,
];

/// The first day of all simulations, a Monday.
pub fn first_day() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_571_200, 0).unwrap_or_default()
}

/// The visits of one driver over so many days, in order.
pub fn visits(life: Life, days: i64, dice: &mut Rng) -> Vec<DateTime<Utc>> {
    let of_driver = Driver {
        minutes: normal(dice) * 40.0,
        // How punctual.
        spread: 6.0 + dice.f64() * 12.0,
        at_home: dice.i64(0..5),
        holiday: dice.i64(30..days.max(45) - 14),
    };
    let mut visits = Vec::new();
    for day in 0..days {
        if let Some(minutes) = of_driver.minutes_of(life, day, days, dice) {
            let seconds = (minutes * 60.0).round();
            #[allow(clippy::cast_possible_truncation, reason = "within two days")]
            let at = first_day() + TimeDelta::days(day) + TimeDelta::seconds(seconds as i64);
            visits.push(at);
        }
    }
    visits.sort();
    visits
}

struct Driver {
    minutes: f64,
    spread: f64,
    at_home: i64,
    holiday: i64,
}

impl Driver {
    /// When he comes on a day, in minutes from its midnight; `None` if he does not.
    fn minutes_of(&self, life: Life, day: i64, days: i64, dice: &mut Rng) -> Option<f64> {
        let weekday =
            i64::from((first_day() + TimeDelta::days(day)).weekday().num_days_from_monday());
        let is_workday = weekday < 5;
        let is_away = (self.holiday..self.holiday + 14).contains(&day);
        // Always rolled, so that one driver's luck does not depend on another's days.
        let (luck, off) = (dice.f64(), normal(dice));
        let at = |hour: f64| hour * 60.0 + self.minutes + off * self.spread;
        if is_away && life != Life::Visitor {
            return None;
        }
        match life {
            Life::Commuter => {
                (is_workday && weekday != self.at_home && luck < 0.95).then(|| at(8.0))
            }
            Life::PartTime => ([0, 2, 3].contains(&weekday) && luck < 0.9).then(|| at(9.0)),
            Life::NightShift => {
                (is_workday && luck < 0.95).then_some(23.9 * 60.0 + off * self.spread * 1.5)
            }
            Life::Shifts => {
                let hour = if day / 7 % 2 == 0 { 5.75 } else { 13.75 };
                (is_workday && luck < 0.95).then_some(hour * 60.0 + off * self.spread * 0.7)
            }
            Life::Shopper => (weekday == 5 && luck < 0.6).then_some(12.0 * 60.0 + off * 70.0),
            Life::Moved => {
                let hour = if day < days / 2 { 7.5 } else { 9.0 };
                (is_workday && luck < 0.92).then(|| at(hour))
            }
            Life::Visitor => (luck < 0.1).then(|| 8.0 * 60.0 + dice.f64() * 12.0 * 60.0),
        }
    }
}

/// A number as the normal distribution has them: the sum of twelve dice.
fn normal(dice: &mut Rng) -> f64 {
    (0..12).map(|_| dice.f64()).sum::<f64>() - 6.0
}
