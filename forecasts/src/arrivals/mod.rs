//! When a client comes.
//!
//! Two questions, learned apart: does he come on such a day at all (`days`), and if so, at what time of it
//! (`times`). Together they give, for each quarter of an hour, the chance that he comes in it, given that
//! he has not come yet: a client who comes at eight on four days of five, and is not there at eleven, will
//! hardly come any more.
//!
//! Only the first visit of a day counts. The day is the client's own: it begins opposite to the time at
//! which he mostly comes, so that a night shift is not cut in two by midnight.

mod chances;
mod days;
mod times;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

pub use chances::{Chances, NoChance, Visit};
pub use times::PlaceHours;

use crate::moment::{Calendar, Local, Slot, days_on};
use days::Days;
use times::Times;

/// Days for which it is reckoned that nobody came; of longer absences more is not learned.
const ABSENCE_DAYS_MAX: i64 = 400;

/// When one client comes to one place, by the visits that were told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Habit {
    days: Days,
    times: Times,
    visits: u32,
    newest: Option<Slot>,
    /// The client's day that is not over, and whether he came on it.
    today: Option<(NaiveDate, bool)>,
}

impl Default for Habit {
    fn default() -> Self {
        Self::new()
    }
}

impl Habit {
    /// A client of whom nothing is known.
    pub fn new() -> Self {
        Self { days: Days::new(), times: Times::new(), visits: 0, newest: None, today: None }
    }

    /// First visits of a day that were learned.
    pub fn visits(&self) -> u32 {
        self.visits
    }

    /// Tells a visit, by its beginning; in order. Whether it was the first one of the client's day, and so
    /// was learned.
    pub fn observe(&mut self, calendar: &Calendar<'_>, at: DateTime<Utc>) -> bool {
        let slot = Slot::containing(at);
        if self.newest.is_some_and(|newest| slot < newest) {
            return false;
        }
        let local = calendar.local(slot);
        let day = self.times.day(local);
        self.pass(calendar, day);
        // Where the day begins may have moved: what counted as today stays today.
        if self.today.is_some_and(|(today, came)| came && today >= day) {
            return false;
        }
        let kind = calendar.kind(day);
        self.days.came(kind);
        self.times.came(kind.class(), local.quarter);
        self.visits += 1;
        self.newest = Some(slot);
        self.today = Some((day, true));
        true
    }

    /// Learns the days before a day that are over: on those without a visit, he did not come.
    fn pass(&mut self, calendar: &Calendar<'_>, day: NaiveDate) {
        let Some((today, came)) = self.today else { return };
        let over = day.signed_duration_since(today).num_days();
        if over <= 0 {
            return;
        }
        let missed = u64::from(came)..u64::try_from(over.min(ABSENCE_DAYS_MAX)).unwrap_or_default();
        for later in missed {
            self.days.missed(calendar.kind(days_on(today, later)));
        }
        self.today = Some((day, false));
    }

    /// The client's day that a moment belongs to.
    fn day(&self, local: Local) -> NaiveDate {
        self.times.day(local)
    }
}

#[cfg(test)]
mod tests;
