//! Prices of many stays: by how long, and by the hour of entry.

use std::fmt::Write as _;

use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc, Weekday,
};
use rates::{RateTable, Stay, Unpriced};

use super::stays::Asked;

/// How long the stays are, in minutes.
const LENGTHS: [i64; 18] =
    [10, 15, 30, 45, 60, 90, 120, 180, 240, 300, 360, 480, 600, 720, 1080, 1440, 2160, 2880];
/// Which hours a terminal has room for.
const SHOWN: usize = 3;

/// Which stays to try.
#[derive(Debug)]
pub struct Trial {
    /// The day of the entries.
    pub date: Option<String>,
    /// Bay, place and rights.
    pub stay: Asked,
}

/// The stays of a trial, and what each of them costs.
pub struct Tried {
    /// The day of the entries.
    pub date: NaiveDate,
    /// A length in minutes, and the price for an entry at each hour of the day, in minor units; none
    /// where the stay has no price, or the clock skips the hour.
    pub rows: Vec<(i64, Vec<Option<i64>>)>,
    currency: rates::Currency,
    /// Why stays had no price, each reason once.
    reasons: Vec<String>,
}

impl Trial {
    /// Prices them. The error is for who asked.
    pub fn of(&self, table: &RateTable) -> Result<Tried, String> {
        let date = match &self.date {
            Some(text) => text
                .parse()
                .map_err(|_| format!("--date {text} is no date; write it as 2026-03-02"))?,
            None => first_monday(table)?,
        };
        let mut reasons: Vec<String> = Vec::new();
        let mut rows = Vec::new();
        for minutes in LENGTHS {
            let mut prices = Vec::new();
            for hour in 0..24 {
                let Some(entry) = at(table, date, hour) else {
                    prices.push(None);
                    continue;
                };
                let segment = self.stay.segment(entry, entry + TimeDelta::minutes(minutes))?;
                let mut stay = Stay::of(vec![segment]);
                stay.validations.clone_from(&self.stay.rights);
                match rates::price_versions(std::slice::from_ref(table), &stay) {
                    Ok(bill) => prices.push(Some(bill.total)),
                    Err(unpriced) => {
                        let reason = match unpriced {
                            Unpriced::NoVersion(_) => {
                                "the table is not valid on this day".to_owned()
                            }
                            other => other.to_string(),
                        };
                        if !reasons.contains(&reason) {
                            reasons.push(reason);
                        }
                        prices.push(None);
                    }
                }
            }
            rows.push((minutes, prices));
        }
        Ok(Tried { date, rows, currency: table.currency.clone(), reasons })
    }
}

/// An hour of the day by the clock there: its first instant where it happens twice.
fn at(table: &RateTable, date: NaiveDate, hour: u32) -> Option<DateTime<Utc>> {
    let local = date.and_time(NaiveTime::from_hms_opt(hour, 0, 0)?);
    table.time_zone.from_local_datetime(&local).earliest().map(|time| time.to_utc())
}

/// The first Monday on which the table is valid: the same each time, so that pictures compare.
fn first_monday(table: &RateTable) -> Result<NaiveDate, String> {
    let first = table.valid_from.or_else(|| NaiveDate::from_ymd_opt(2026, 1, 1));
    let monday = first.and_then(|first| {
        let days = (7 - first.weekday().days_since(Weekday::Mon)) % 7;
        first.checked_add_days(Days::new(u64::from(days)))
    });
    monday.ok_or_else(|| "no Monday is valid; name a day with --date".to_owned())
}

impl Tried {
    /// A price as people read it; a dash where there is none.
    pub fn shown(&self, price: Option<i64>) -> String {
        price.map_or_else(|| "-".to_owned(), |price| self.currency.show(price))
    }

    /// The trial as text for a terminal.
    pub fn text(&self) -> String {
        let cells = self.rows.iter().flat_map(|(_, prices)| prices);
        let width = cells.map(|price| self.shown(*price).len()).max().unwrap_or(0).max(5);
        let mut text = format!(
            "{} by length of stay and hour of entry, {}\n{:>8}",
            self.currency.code(),
            self.date.format("%a %Y-%m-%d"),
            ""
        );
        for hour in (0..24).step_by(SHOWN) {
            let _written = write!(text, "  {:>width$}", format!("{hour:02}:00"));
        }
        for (minutes, prices) in &self.rows {
            let _written = write!(text, "\n{:>8}", length(*minutes));
            for price in prices.iter().step_by(SHOWN) {
                let _written = write!(text, "  {:>width$}", self.shown(*price));
            }
        }
        for reason in &self.reasons {
            let _written = write!(text, "\n-: {reason}");
        }
        text
    }
}

/// A length as people say it.
pub fn length(minutes: i64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours}:{minutes:02} h"),
    }
}
