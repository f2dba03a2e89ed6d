//! When something holds, by the clock and the calendar of the place.

use std::fmt;

use chrono::{Datelike, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use crate::calendar::Holidays;

/// A time on the clock, `"00:00"` to `"24:00"`, in minutes since midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Clock(u16);

impl Clock {
    /// The start of a day.
    pub const START: Self = Self(0);
    /// The end of a day.
    pub const END: Self = Self(24 * 60);

    /// `hour:minute`, up to 24:00.
    pub fn new(hour: u16, minute: u16) -> Option<Self> {
        let minutes = hour.checked_mul(60)?.checked_add(minute)?;
        (minute < 60 && minutes <= Self::END.0).then_some(Self(minutes))
    }

    /// Minutes since midnight, 0 to 1440.
    pub fn minutes(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl TryFrom<String> for Clock {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = |part: &str| {
            (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse().ok())?
        };
        text.split_once(':')
            .and_then(|(hour, minute)| Self::new(digits(hour)?, digits(minute)?))
            .ok_or_else(|| format!("`{text}` is no time of day; write \"06:00\", up to \"24:00\""))
    }
}

impl From<Clock> for String {
    fn from(clock: Clock) -> Self {
        clock.to_string()
    }
}

/// A kind of day. Where the table names holidays, a holiday is an eighth day of the week: it is
/// `holiday` and not the weekday it falls on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
    /// A day of the table's `holidays`.
    Holiday,
}

impl Day {
    /// The seven days in their order, then public holidays.
    pub const ALL: [Self; 8] = [
        Self::Mon,
        Self::Tue,
        Self::Wed,
        Self::Thu,
        Self::Fri,
        Self::Sat,
        Self::Sun,
        Self::Holiday,
    ];

    /// What kind of day a date is.
    pub fn of(date: NaiveDate, holidays: Option<&Holidays>) -> Self {
        if holidays.is_some_and(|holidays| holidays.contains(date)) {
            return Self::Holiday;
        }
        match date.weekday() {
            Weekday::Mon => Self::Mon,
            Weekday::Tue => Self::Tue,
            Weekday::Wed => Self::Wed,
            Weekday::Thu => Self::Thu,
            Weekday::Fri => Self::Fri,
            Weekday::Sat => Self::Sat,
            Weekday::Sun => Self::Sun,
        }
    }
}

/// A day of a year without the year (`"04-01"`), for a season.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MonthDay {
    month: u8,
    day: u8,
}

impl MonthDay {
    /// Month and day, both from 1.
    pub(crate) fn parts(self) -> (u8, u8) {
        (self.month, self.day)
    }
}

impl TryFrom<String> for MonthDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // A leap year, so that 29 February is a day.
        NaiveDate::parse_from_str(&format!("2024-{text}"), "%Y-%m-%d")
            .ok()
            .and_then(|date| {
                let (month, day) = (date.month().try_into().ok()?, date.day().try_into().ok()?);
                Some(Self { month, day })
            })
            .ok_or_else(|| {
                format!("`{text}` is no day of the year; write month and day, as \"04-01\"")
            })
    }
}

impl From<MonthDay> for String {
    fn from(day: MonthDay) -> Self {
        format!("{:02}-{:02}", day.month, day.day)
    }
}

/// A season: from its first day through its last, both inclusive; it may run over New Year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Season {
    /// The first day.
    pub first: MonthDay,
    /// The last day; it belongs to the season.
    pub last: MonthDay,
}

impl Season {
    fn contains(self, date: NaiveDate) -> bool {
        let part = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
        let day = MonthDay { month: part(date.month()), day: part(date.day()) };
        if self.first <= self.last {
            self.first <= day && day <= self.last
        } else {
            self.first <= day || day <= self.last
        }
    }
}

/// A window of local time. Nothing said means always.
///
/// It is half-open: `from` is in it, `until` is not. An `until` at or before `from` is on the next
/// day, which makes a window over midnight; it belongs to the day on which it begins. `until =
/// "00:00"` is the end of the day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The kinds of day on which it begins; none said means every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
    /// The time of day at which it begins; not said means the day's start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Clock>,
    /// The time of day at which it ends; not said means the day's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Clock>,
    /// The seasons; none said means all the year.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seasons: Vec<Season>,
    /// Single dates; none said means every date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<NaiveDate>,
}

impl When {
    /// Whether nothing is restricted.
    pub fn is_always(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a window of this kind begins on the date.
    pub fn begins_on(&self, date: NaiveDate, holidays: Option<&Holidays>) -> bool {
        (self.days.is_empty() || self.days.contains(&Day::of(date, holidays)))
            && (self.seasons.is_empty() || self.seasons.iter().any(|season| season.contains(date)))
            && (self.dates.is_empty() || self.dates.contains(&date))
    }

    /// Minutes from the midnight of the day it begins: start and end; the end may be beyond 1440.
    ///
    /// `None` where it can never hold: `from` and `until` are the same time.
    pub fn minutes(&self) -> Option<(u16, u16)> {
        let from = self.from.unwrap_or(Clock::START).0;
        let until = match self.until {
            None | Some(Clock::START) => Clock::END.0,
            Some(until) if until.0 < from => until.0 + Clock::END.0,
            Some(until) => until.0,
        };
        let same = self.from.is_some() && self.from == self.until;
        (!same && from < until).then_some((from, until))
    }
}
