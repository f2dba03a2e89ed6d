//! Words of both languages.

use super::Language;
use crate::period::Period;
use crate::window::{Day, When};

/// One of two texts.
pub(super) fn say(language: Language, english: &str, german: &str) -> String {
    match language {
        Language::English => english.to_owned(),
        Language::German => german.to_owned(),
    }
}

/// A length of time: `1 hour`, `90 Minuten`, `a day by the clock`.
pub(super) fn length(language: Language, period: Period) -> String {
    let count = |number: u32, one: (&str, &str), many: (&str, &str)| {
        let (english, german) = if number == 1 { one } else { many };
        format!("{number} {}", say(language, english, german))
    };
    match period {
        Period::Elapsed(s) if s > 0 && s % 3600 == 0 => {
            count(s / 3600, ("hour", "Stunde"), ("hours", "Stunden"))
        }
        Period::Elapsed(s) if s % 60 == 0 => {
            count(s / 60, ("minute", "Minute"), ("minutes", "Minuten"))
        }
        Period::Elapsed(s) => count(s, ("second", "Sekunde"), ("seconds", "Sekunden")),
        Period::Days(n) => format!(
            "{} {}",
            count(n.into(), ("day", "Tag"), ("days", "Tage")),
            say(language, "by the clock", "nach der Uhr")
        ),
        Period::Months(n) => count(n.into(), ("month", "Monat"), ("months", "Monate")),
        Period::CalendarDay => say(language, "calendar day", "Kalendertag"),
        Period::CalendarMonth => say(language, "calendar month", "Kalendermonat"),
    }
}

/// When a window holds.
pub(super) fn when(language: Language, when: &When) -> String {
    if when.is_always() {
        return say(language, "always", "immer");
    }
    let mut words = Vec::new();
    if !when.days.is_empty() {
        words.push(when.days.iter().map(|d| day(language, *d)).collect::<Vec<_>>().join(", "));
    }
    match (when.from, when.until) {
        (None, None) => {}
        (from, until) => {
            let from = from.unwrap_or(crate::Clock::START);
            let until = until.unwrap_or(crate::Clock::END);
            words.push(match language {
                Language::English => format!("from {from} until before {until}"),
                Language::German => format!("von {from} bis vor {until} Uhr"),
            });
        }
    }
    for season in &when.seasons {
        let (first, last) = (String::from(season.first), String::from(season.last));
        words.push(match language {
            Language::English => format!("from {first} through {last}"),
            Language::German => format!("vom {first} bis einschließlich {last}"),
        });
    }
    if !when.dates.is_empty() {
        words.push(when.dates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
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
