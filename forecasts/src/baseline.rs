//! What a model has to be better than: forecasts that need no model.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::moment::{Calendar, Class, Local, QUARTERS, Slot};
use crate::table::Row;

const WEEKDAYS: usize = 7;
/// The share of a new day in the smoothed level of its weekday, and in those of the other days of its
/// class.
const SAME_DAY: f64 = 0.9;
const SAME_CLASS: f64 = 0.1;

/// The baselines of a place, kept as its model is: value by value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baselines {
    newest: Option<(Slot, f64)>,
    weeks: Row<Row<Option<(NaiveDate, f64)>, QUARTERS>, WEEKDAYS>,
    smoothed: Row<Row<Option<f64>, QUARTERS>, WEEKDAYS>,
    /// Values of the day in progress, which is smoothed in when it is over.
    today: Vec<(Local, f64)>,
}

impl Default for Baselines {
    fn default() -> Self {
        Self {
            newest: None,
            weeks: Row::of(Row::of(None)),
            smoothed: Row::of(Row::of(None)),
            today: Vec::new(),
        }
    }
}

impl Baselines {
    /// Tells what share of the spaces was taken at an instant; in order.
    pub fn observe(&mut self, calendar: &Calendar<'_>, at: DateTime<Utc>, share: f64) {
        let slot = Slot::nearest(at);
        let local = calendar.local(slot);
        if self.today.last().is_some_and(|(last, _)| last.date != local.date) {
            self.end_day(calendar);
        }
        self.today.push((local, share));
        self.newest = Some((slot, share));
    }

    /// Tells that the day of the last value is over.
    pub fn end_day(&mut self, calendar: &Calendar<'_>) {
        for (local, share) in std::mem::take(&mut self.today) {
            let today = weekday(local.date);
            self.weeks[today][local.quarter] = Some((local.date, share));
            let class = calendar.kind(local.date).class();
            for day in 0..WEEKDAYS {
                let level = &mut self.smoothed[day][local.quarter];
                let gain = match (day == today, level.is_some()) {
                    (true, _) => SAME_DAY,
                    (false, true) if of(day) == class => SAME_CLASS,
                    _ => continue,
                };
                let before = level.unwrap_or(share);
                *level = Some(before + gain * (share - before));
            }
        }
    }

    /// **Persistence**: it stays as it is.
    pub fn persistence(&self) -> Option<f64> {
        self.newest.map(|(_, share)| share)
    }

    /// **Same slot last week**: what it was seven days before. Not more than a week ahead.
    pub fn last_week(&self, calendar: &Calendar<'_>, target: Slot) -> Option<f64> {
        let local = calendar.local(target);
        let (date, share) = self.weeks[weekday(local.date)][local.quarter]?;
        (local.date.signed_duration_since(date).num_days() == 7).then_some(share)
    }

    /// **Smoothed weeks**: the same weekday with exponential smoothing, and a little of the other days of
    /// its class.
    pub fn smoothed(&self, calendar: &Calendar<'_>, target: Slot) -> Option<f64> {
        let local = calendar.local(target);
        self.smoothed[weekday(local.date)][local.quarter]
    }

    /// **Smoothed weeks, moved**: the same, and by how much the place is off it now.
    pub fn smoothed_and_moved(&self, calendar: &Calendar<'_>, target: Slot) -> Option<f64> {
        let (slot, share) = self.newest?;
        let off = self.smoothed(calendar, slot).map_or(0.0, |usual| share - usual);
        Some((self.smoothed(calendar, target)? + off).clamp(0.0, 1.0))
    }
}

fn weekday(date: NaiveDate) -> usize {
    date.weekday().num_days_from_monday() as usize
}

fn of(weekday: usize) -> Class {
    match weekday {
        5 => Class::Saturday,
        6 => Class::Rest,
        _ => Class::Workday,
    }
}
