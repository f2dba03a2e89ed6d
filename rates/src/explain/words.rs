//! Words of both languages for times and days.

use chrono::NaiveDate;

use super::Language;
use crate::period::Period;
use crate::window::{Clock, Day, MonthDay, When};

/// One of two texts.
pub(super) fn say(language: Language, english: &str, german: &str) -> String {
    match language {
        Language::English => english.to_owned(),
        Language::German => german.to_owned(),
    }
}

/// A name of the table, in the language's quotes.
pub(super) fn quoted(language: Language, name: &str) -> String {
    match language {
        Language::English => format!("\"{name}\""),
        Language::German => format!("„{name}“"),
    }
}

/// So many of something: `1 hour`, `3 Stunden`.
fn count(language: Language, number: i64, one: (&str, &str), many: (&str, &str)) -> String {
    let (english, german) = if number == 1 { one } else { many };
    format!("{number} {}", say(language, english, german))
}

const DAY: (&str, &str) = ("day by the clock", "Tag nach der Uhr");
const DAYS: (&str, &str) = ("days by the clock", "Tage nach der Uhr");
const MONTH: (&str, &str) = ("month", "Monat");
const MONTHS: (&str, &str) = ("months", "Monate");

/// Elapsed time: `90 minutes`, `2 Stunden`, `3 hours 20 minutes`.
pub(super) fn elapsed(language: Language, seconds: i64) -> String {
    let hours = |n| count(language, n, ("hour", "Stunde"), ("hours", "Stunden"));
    let minutes = |n| count(language, n, ("minute", "Minute"), ("minutes", "Minuten"));
    let rest = |n| count(language, n, ("second", "Sekunde"), ("seconds", "Sekunden"));
    if seconds % 60 == 0 && (seconds < 7200 && seconds != 3600) {
        return minutes(seconds / 60);
    }
    let parts = [
        (seconds / 3600, hours(seconds / 3600)),
        (seconds / 60 % 60, minutes(seconds / 60 % 60)),
        (seconds % 60, rest(seconds % 60)),
    ];
    let said: Vec<String> =
        parts.into_iter().filter(|(number, _)| *number > 0).map(|(_, words)| words).collect();
    said.join(" ")
}

/// A length of time: `1 hour`, `90 Minuten`, `1 day by the clock`.
pub(super) fn length(language: Language, period: Period) -> String {
    times(language, 1, period)
}

/// So many lengths: `3 hours`, `4 x 15 minutes`, `8 Kalendertage`.
pub(super) fn times(language: Language, number: i64, period: Period) -> String {
    let counted = |one, many| count(language, number, one, many);
    match period {
        Period::Elapsed(3600) => elapsed(language, number.saturating_mul(3600)),
        Period::Days(1) => counted(DAY, DAYS),
        Period::Months(1) => counted(MONTH, MONTHS),
        Period::CalendarDay => {
            counted(("calendar day", "Kalendertag"), ("calendar days", "Kalendertage"))
        }
        Period::CalendarMonth => {
            counted(("calendar month", "Kalendermonat"), ("calendar months", "Kalendermonate"))
        }
        Period::Elapsed(_) | Period::Days(_) | Period::Months(_) => {
            let one = match period {
                Period::Elapsed(seconds) => elapsed(language, i64::from(seconds)),
                Period::Days(days) => count(language, i64::from(days), DAY, DAYS),
                Period::Months(months) => count(language, i64::from(months), MONTH, MONTHS),
                Period::CalendarDay | Period::CalendarMonth => String::new(),
            };
            if number == 1 { one } else { format!("{number} x {one}") }
        }
    }
}

/// In how long: `in 24 hours`, `in a calendar day`, `in einem Monat`.
pub(super) fn within(language: Language, period: Period) -> String {
    let length = length(language, period);
    let one = length.strip_prefix("1 ").filter(|_| period.seconds().is_none());
    match (language, one) {
        (Language::English, Some(one)) => format!("in a {one}"),
        (Language::German, Some(one)) => format!("in einem {one}"),
        (_, None) => format!("in {length}"),
    }
}

/// A length behind `per` or `each`: `hour`, `30 minutes`, `Kalendertag`.
pub(super) fn each(language: Language, period: Period) -> String {
    let length = length(language, period);
    length.strip_prefix("1 ").map_or(length.clone(), str::to_owned)
}

/// A length that has begun: `started hour`, `angefangenen Kalendertag`.
pub(super) fn started(language: Language, period: Period) -> String {
    let words = each(language, period);
    let is_a_der =
        words.starts_with("Tag") || words.starts_with("Monat") || words.starts_with("Kalender");
    match language {
        Language::English => format!("started {words}"),
        Language::German if is_a_der => format!("angefangenen {words}"),
        Language::German => format!("angefangene {words}"),
    }
}

/// The time at the start of a stay, with its verb: `the first hour is`, `die ersten 10 Minuten sind`.
pub(super) fn the_first(language: Language, period: Period) -> String {
    let words = each(language, period);
    let is_one = words != length(language, period);
    match (language, is_one) {
        (Language::English, true) => format!("the first {words} is"),
        (Language::English, false) => format!("the first {words} are"),
        (Language::German, true) => format!("die erste {words} ist"),
        (Language::German, false) => format!("die ersten {words} sind"),
    }
}

/// The first letter of a sentence.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A date: `2026-03-02`, `02.03.2026`.
pub(super) fn date(language: Language, date: NaiveDate) -> String {
    match language {
        Language::English => date.format("%Y-%m-%d").to_string(),
        Language::German => date.format("%d.%m.%Y").to_string(),
    }
}

/// When a window holds.
pub(super) fn when(language: Language, when: &When) -> String {
    if when.is_always() {
        return say(language, "always", "immer");
    }
    let mut words = Vec::new();
    if !when.days.is_empty() {
        words.push(days(language, &when.days));
    }
    if when.from.is_some() || when.until.is_some() {
        words.push(clock(language, when));
    }
    for season in &when.seasons {
        let (first, last) = (month_day(language, season.first), month_day(language, season.last));
        words.push(match language {
            Language::English => format!("from {first} through {last}"),
            Language::German => format!("vom {first} bis einschließlich {last}"),
        });
    }
    words.extend(when.dates.iter().map(|day| date(language, *day)));
    words.join(", ")
}

/// The time of day. The end is not in it.
fn clock(language: Language, when: &When) -> String {
    let from = when.from.unwrap_or(Clock::START);
    let until = match when.until {
        None | Some(Clock::START) => Clock::END,
        Some(until) => until,
    };
    match (language, until) {
        (Language::English, Clock::END) => format!("from {from} until midnight"),
        (Language::German, Clock::END) => format!("von {from} Uhr bis Mitternacht"),
        (Language::English, _) if until < from => {
            format!("from {from} until before {until} the next day")
        }
        (Language::German, _) if until < from => {
            format!("von {from} bis vor {until} Uhr am nächsten Tag")
        }
        (Language::English, _) => format!("from {from} until before {until}"),
        (Language::German, _) => format!("von {from} bis vor {until} Uhr"),
    }
}

/// Days of the week; three and more that follow each other as `Mon to Fri`.
fn days(language: Language, days: &[Day]) -> String {
    let mut sorted = days.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut words: Vec<String> = Vec::new();
    let mut rest = sorted.as_slice();
    while let [first, ..] = rest {
        let at = |day: &Day| Day::ALL.iter().position(|known| known == day);
        let run = rest
            .iter()
            .enumerate()
            .take_while(|(n, day)| **day != Day::Holiday && at(day) == at(first).map(|at| at + n))
            .count();
        let (taken, word) = match rest.get(run.wrapping_sub(1)) {
            Some(last) if run >= 3 => (
                run,
                format!(
                    "{} {} {}",
                    day(language, *first),
                    say(language, "to", "bis"),
                    day(language, *last)
                ),
            ),
            _ => (1, day(language, *first)),
        };
        words.push(word);
        rest = &rest[taken..];
    }
    words.join(", ")
}

fn day(language: Language, day: Day) -> String {
    let (english, german) = match day {
        Day::Mon => ("Mon", "Mo"),
        Day::Tue => ("Tue", "Di"),
        Day::Wed => ("Wed", "Mi"),
        Day::Thu => ("Thu", "Do"),
        Day::Fri => ("Fri", "Fr"),
        Day::Sat => ("Sat", "Sa"),
        Day::Sun => ("Sun", "So"),
        Day::Holiday => ("holidays", "Feiertage"),
    };
    say(language, english, german)
}

fn month_day(language: Language, day: MonthDay) -> String {
    const ENGLISH: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    const GERMAN: [&str; 12] = [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ];
    let (month, day) = day.parts();
    let name = |names: [&str; 12]| {
        names.get(usize::from(month) - 1).copied().unwrap_or_default().to_owned()
    };
    match language {
        Language::English => format!("{day} {}", name(ENGLISH)),
        Language::German => format!("{day}. {}", name(GERMAN)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_said_as_people_say_them() {
        for (period, english, german) in [
            (Period::hours(1), "1 hour", "1 Stunde"),
            (Period::minutes(90), "90 minutes", "90 Minuten"),
            (Period::minutes(150), "2 hours 30 minutes", "2 Stunden 30 Minuten"),
            (
                Period::Elapsed(7199),
                "1 hour 59 minutes 59 seconds",
                "1 Stunde 59 Minuten 59 Sekunden",
            ),
            (Period::Elapsed(0), "0 minutes", "0 Minuten"),
            (Period::Days(7), "7 days by the clock", "7 Tage nach der Uhr"),
            (Period::CalendarMonth, "1 calendar month", "1 Kalendermonat"),
        ] {
            assert_eq!(length(Language::English, period), english);
            assert_eq!(length(Language::German, period), german);
        }
        assert_eq!(times(Language::English, 4, Period::minutes(15)), "4 x 15 minutes");
        assert_eq!(times(Language::German, 8, Period::CalendarDay), "8 Kalendertage");
        assert_eq!(times(Language::English, 3, Period::hours(1)), "3 hours");
        assert_eq!(started(Language::German, Period::CalendarDay), "angefangenen Kalendertag");
        assert_eq!(started(Language::German, Period::hours(1)), "angefangene Stunde");
        assert_eq!(the_first(Language::German, Period::hours(1)), "die erste Stunde ist");
    }

    #[test]
    fn days_in_a_row_are_said_as_a_row() {
        use Day::{Fri, Holiday, Mon, Sat, Sun, Thu, Tue, Wed};
        for (list, english) in [
            (&[Mon, Tue, Wed, Thu, Fri][..], "Mon to Fri"),
            (&[Fri, Mon, Tue, Wed, Thu, Sat, Holiday], "Mon to Sat, holidays"),
            (&[Sat, Sun], "Sat, Sun"),
            (&[Mon, Wed, Thu], "Mon, Wed, Thu"),
            (&[Sat, Sun, Holiday], "Sat, Sun, holidays"),
        ] {
            assert_eq!(days(Language::English, list), english);
        }
    }
}
