//! Moments as the models see them: quarters of an hour, and what kind of day it is at the place.

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Quarters of an hour in a day of 24 hours.
pub const QUARTERS: usize = 96;
const SECONDS: i64 = 900;

/// A boundary between two quarters of an hour, counted from the epoch. What was seen within seven and a
/// half minutes of it counts as seen then: a value published at 07:59:42 is that of eight o'clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot(pub i64);

impl Slot {
    /// The boundary that is nearest to an instant.
    pub fn nearest(at: DateTime<Utc>) -> Self {
        Self((at.timestamp() + SECONDS / 2).div_euclid(SECONDS))
    }

    /// The quarter of an hour that an instant lies in, by its beginning.
    pub fn containing(at: DateTime<Utc>) -> Self {
        Self(at.timestamp().div_euclid(SECONDS))
    }

    /// The first boundary that is not before an instant.
    pub fn from(at: DateTime<Utc>) -> Self {
        Self((at.timestamp() + SECONDS - 1).div_euclid(SECONDS))
    }

    /// The instant; `None` beyond what `chrono` can say.
    pub fn at(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.0.checked_mul(SECONDS)?, 0)
    }

    /// So many quarters later.
    #[must_use]
    pub fn plus(self, quarters: i64) -> Self {
        Self(self.0.saturating_add(quarters))
    }

    /// Quarters from another slot to this one.
    pub fn since(self, other: Self) -> i64 {
        self.0.saturating_sub(other.0)
    }
}

/// The clock and the calendar of a place. Not kept with a model: both may be corrected at any time.
#[derive(Clone, Copy)]
pub struct Calendar<'a> {
    /// The place's time zone. Habits follow the clock on the wall.
    pub zone: Tz,
    /// Whether a date is a holiday there.
    pub is_holiday: &'a dyn Fn(NaiveDate) -> bool,
}

/// A quarter of an hour on the wall: date, and quarter of the day (0 to 95).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Local {
    /// The date at the place.
    pub date: NaiveDate,
    /// The quarter of the day, 0 at midnight.
    pub quarter: usize,
}

impl Calendar<'_> {
    /// What the clock on the wall says. In the hour that happens twice, both times are the same.
    pub fn local(&self, slot: Slot) -> Local {
        let at = slot.at().unwrap_or_default().with_timezone(&self.zone);
        // Zones that are off by other than quarters are cut down to one.
        let quarter = at.hour() as usize * 4 + at.minute() as usize / 15;
        Local { date: at.date_naive(), quarter }
    }

    /// What kind of day a date is.
    pub fn kind(&self, date: NaiveDate) -> DayKind {
        if (self.is_holiday)(date) {
            return DayKind::Holiday;
        }
        match date.weekday() {
            Weekday::Mon => DayKind::Monday,
            Weekday::Tue => DayKind::Tuesday,
            Weekday::Wed => DayKind::Wednesday,
            Weekday::Thu => DayKind::Thursday,
            Weekday::Fri => DayKind::Friday,
            Weekday::Sat => DayKind::Saturday,
            Weekday::Sun => DayKind::Sunday,
        }
    }

    /// The boundary at which the clock on the wall says this, the first one if it says it twice. In the
    /// hour that is skipped, the one that the clock would have reached.
    pub fn slot(&self, local: Local) -> Option<Slot> {
        let minutes = i64::try_from(local.quarter).ok()?.checked_mul(15)?;
        let wall =
            local.date.and_hms_opt(0, 0, 0)?.checked_add_signed(TimeDelta::minutes(minutes))?;
        let at = match wall.and_local_timezone(self.zone).earliest() {
            Some(at) => at,
            None => wall
                .checked_sub_signed(TimeDelta::hours(1))?
                .and_local_timezone(self.zone)
                .earliest()?
                .checked_add_signed(TimeDelta::hours(1))?,
        };
        Some(Slot::nearest(at.with_timezone(&Utc)))
    }
}

/// A date some days on; the same one beyond the end of time.
pub(crate) fn days_on(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_add_days(Days::new(days)).unwrap_or(date)
}

/// The kinds of day that have a profile each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum DayKind {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
    Holiday,
}

impl DayKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
        Self::Holiday,
    ];

    /// Days that are much like each other.
    pub fn class(self) -> Class {
        match self {
            Self::Monday | Self::Tuesday | Self::Wednesday | Self::Thursday | Self::Friday => {
                Class::Workday
            }
            Self::Saturday => Class::Saturday,
            Self::Sunday | Self::Holiday => Class::Rest,
        }
    }

    /// As a sentence has it: "on Mondays".
    pub fn plural(self) -> &'static str {
        match self {
            Self::Monday => "Mondays",
            Self::Tuesday => "Tuesdays",
            Self::Wednesday => "Wednesdays",
            Self::Thursday => "Thursdays",
            Self::Friday => "Fridays",
            Self::Saturday => "Saturdays",
            Self::Sunday => "Sundays",
            Self::Holiday => "holidays",
        }
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

/// Days that are much like each other: what is learned of one says something of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Monday to Friday.
    Workday,
    /// Saturday.
    Saturday,
    /// Sunday and holidays.
    Rest,
}

impl Class {
    /// How many there are.
    pub const COUNT: usize = 3;

    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// As a sentence has it: "on workdays".
    pub fn plural(self) -> &'static str {
        match self {
            Self::Workday => "workdays",
            Self::Saturday => "Saturdays",
            Self::Rest => "Sundays and holidays",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn berlin(is_holiday: &dyn Fn(NaiveDate) -> bool) -> Calendar<'_> {
        Calendar { zone: chrono_tz::Europe::Berlin, is_holiday }
    }

    #[test]
    fn a_value_counts_for_the_nearest_quarter_of_an_hour() {
        let eight = Slot::nearest(instant("2026-03-02T08:00:00Z"));
        for (at, quarters) in [
            ("2026-03-02T07:52:31Z", 0),
            ("2026-03-02T07:52:29Z", -1),
            ("2026-03-02T08:07:29Z", 0),
            ("2026-03-02T08:07:31Z", 1),
        ] {
            assert_eq!(Slot::nearest(instant(at)).since(eight), quarters, "{at}");
        }
        assert_eq!(Slot::from(instant("2026-03-02T07:45:01Z")), eight);
        assert_eq!(eight.at(), Some(instant("2026-03-02T08:00:00Z")));
    }

    #[test]
    fn the_clock_on_the_wall_has_days_of_23_and_25_hours() {
        let never = |_: NaiveDate| false;
        let calendar = berlin(&never);
        for (date, quarters) in [("2026-03-29", 92), ("2026-10-25", 100), ("2026-11-01", 96)] {
            let date: NaiveDate = date.parse().unwrap();
            let midnight = |date| calendar.slot(Local { date, quarter: 0 }).unwrap();
            assert_eq!(midnight(days_on(date, 1)).since(midnight(date)), quarters, "{date}");
        }
        // 2:30 in the hour that is skipped is where the clock says 3:30.
        let date = "2026-03-29".parse().unwrap();
        let slot = calendar.slot(Local { date, quarter: 10 }).unwrap();
        assert_eq!(calendar.local(slot), Local { date, quarter: 14 });
        // 2:30 in the hour that happens twice is the first one.
        let date = "2026-10-25".parse().unwrap();
        let slot = calendar.slot(Local { date, quarter: 10 }).unwrap();
        assert_eq!(slot.at(), Some(instant("2026-10-25T00:30:00Z")));
        assert_eq!(calendar.local(slot.plus(4)), Local { date, quarter: 10 });
    }

    #[test]
    fn a_holiday_is_no_weekday() {
        let christmas: NaiveDate = "2026-12-25".parse().unwrap();
        let is_holiday = |date: NaiveDate| date == christmas;
        let calendar = berlin(&is_holiday);
        assert_eq!(calendar.kind(christmas), DayKind::Holiday);
        assert_eq!(calendar.kind(days_on(christmas, 7)), DayKind::Friday);
        assert_eq!(DayKind::Holiday.class(), Class::Rest);
        for (index, kind) in DayKind::ALL.into_iter().enumerate() {
            assert_eq!(kind.index(), index);
        }
    }
}
