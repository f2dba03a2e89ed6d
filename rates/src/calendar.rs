//! Holidays: those of a few countries, reckoned for any year, and a table's own dates.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

/// The holidays that a table knows. Where it names none, a holiday is a day like any other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holidays {
    /// A country whose national holidays are reckoned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Dates of the table's own, beside those of the country.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<NaiveDate>,
    /// Dates that are no holidays here, although the country has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<NaiveDate>,
}

/// A country with holidays that this crate can reckon: those that hold in the whole country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Country {
    /// Germany: the nine days that are holidays in every state.
    #[serde(rename = "DE")]
    Germany,
    /// Austria: the thirteen of the Feiertagsruhegesetz.
    #[serde(rename = "AT")]
    Austria,
    /// France: the eleven of the Code du travail, L3133-1.
    #[serde(rename = "FR")]
    France,
    /// England and Wales: the bank holidays, with their substitutes at weekends. Those that are
    /// proclaimed for one year stand in `dates`.
    #[serde(rename = "GB-EAW")]
    EnglandAndWales,
}

impl Holidays {
    /// Whether the date is a holiday.
    pub fn contains(&self, date: NaiveDate) -> bool {
        !self.except.contains(&date)
            && (self.dates.contains(&date)
                || self.country.is_some_and(|country| country.is_holiday(date)))
    }
}

impl Country {
    fn is_holiday(self, date: NaiveDate) -> bool {
        let today = (date.month(), date.day());
        let after_easter =
            || easter(date.year()).map(|easter| date.signed_duration_since(easter).num_days());
        let easter_in = |days: &[i64]| after_easter().is_some_and(|n| days.contains(&n));
        match self {
            Self::Germany => {
                [(1, 1), (5, 1), (10, 3), (12, 25), (12, 26)].contains(&today)
                    || easter_in(&[-2, 1, 39, 50])
            }
            Self::Austria => {
                [(1, 1), (1, 6), (5, 1), (8, 15), (10, 26), (11, 1), (12, 8), (12, 25), (12, 26)]
                    .contains(&today)
                    || easter_in(&[1, 39, 50, 60])
            }
            Self::France => {
                [(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)]
                    .contains(&today)
                    || easter_in(&[1, 39, 50])
            }
            Self::EnglandAndWales => easter_in(&[-2, 1]) || is_english(date),
        }
    }
}

/// The bank holidays of England and Wales that do not hang on Easter.
fn is_english(date: NaiveDate) -> bool {
    let (month, day, weekday) = (date.month(), date.day(), date.weekday());
    let monday = weekday == Weekday::Mon;
    match (month, day) {
        // A day at a weekend is kept on the next Monday.
        (1, 1) | (12, 25 | 26) => !matches!(weekday, Weekday::Sat | Weekday::Sun),
        (1, 2 | 3) => monday,
        // Both at a weekend, or Christmas on a Sunday: Monday and Tuesday instead.
        (12, 27) => matches!(weekday, Weekday::Mon | Weekday::Tue),
        (12, 28) => matches!(weekday, Weekday::Mon | Weekday::Tue),
        (5, 1..=7) => monday,
        (5 | 8, 25..=31) => monday,
        _ => false,
    }
}

/// Easter Sunday of a year of the Gregorian calendar (Butcher's algorithm).
#[allow(clippy::many_single_char_names, reason = "the algorithm is published with them")]
pub fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year.rem_euclid(19), year.div_euclid(100), year.rem_euclid(100));
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15).rem_euclid(30);
    let l = (32 + 2 * e + 2 * (c / 4) - h - c % 4).rem_euclid(7);
    let m = (a + 11 * h + 22 * l) / 451;
    let days = u64::try_from(h + l - 7 * m).ok()?;
    // 22 March is the earliest Easter.
    NaiveDate::from_ymd_opt(year, 3, 22)?.checked_add_days(Days::new(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn easter_is_where_the_almanac_has_it() {
        for date in [
            "1961-04-02",
            "2000-04-23",
            "2008-03-23",
            "2024-03-31",
            "2025-04-20",
            "2026-04-05",
            "2038-04-25",
        ] {
            let date = day(date);
            assert_eq!(easter(date.year()), Some(date));
        }
    }

    #[test]
    fn bank_holidays_are_those_that_the_government_lists() {
        // gov.uk/bank-holidays, England and Wales.
        for (year, listed) in [
            (
                2026,
                vec![
                    "2026-01-01",
                    "2026-04-03",
                    "2026-04-06",
                    "2026-05-04",
                    "2026-05-25",
                    "2026-08-31",
                    "2026-12-25",
                    "2026-12-28",
                ],
            ),
            (
                2027,
                vec![
                    "2027-01-01",
                    "2027-03-26",
                    "2027-03-29",
                    "2027-05-03",
                    "2027-05-31",
                    "2027-08-30",
                    "2027-12-27",
                    "2027-12-28",
                ],
            ),
        ] {
            let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
            let found: Vec<String> = first
                .iter_days()
                .take_while(|date| date.year() == year)
                .filter(|date| Country::EnglandAndWales.is_holiday(*date))
                .map(|date| date.to_string())
                .collect();
            assert_eq!(found, listed);
        }
    }

    #[test]
    fn a_country_has_as_many_holidays_as_its_law() {
        for (country, count) in
            [(Country::Germany, 9), (Country::Austria, 13), (Country::France, 11)]
        {
            // In 2008 the first of May was Ascension Day.
            let first = day("2026-01-01");
            let days = first.iter_days().take(365);
            assert_eq!(days.filter(|date| country.is_holiday(*date)).count(), count, "{country:?}");
        }
    }
}
