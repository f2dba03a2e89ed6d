//! The answers of a table, a sentence each.

use super::Language;
use super::amounts::amount;
use super::words::{capital, length, the_first};
use crate::money::Currency;
use crate::ratio::Mode;
use crate::table::{Change, Crossing, FreeTime, Grace, Reentry, Rounding, Rules};

/// A sentence for each answer that a bill is made by.
pub(super) fn sentences(rules: &Rules, currency: &Currency, language: Language) -> Vec<String> {
    let long = |period| length(language, period);
    let mut text = Vec::new();
    let mut push = |english: String, german: String| {
        text.push(match language {
            Language::English => english,
            Language::German => german,
        });
    };
    match rules.grace {
        Some(Grace::Forgives(p)) => push(
            format!(
                "A stay shorter than {} is free; a longer one is charged from its start.",
                long(p)
            ),
            format!(
                "Kürzer als {} ist kostenlos; wer länger bleibt, zahlt von Anfang an.",
                long(p)
            ),
        ),
        Some(Grace::ForgivesUpTo(p)) => push(
            format!("A stay of up to {} is free; a longer one is charged from its start.", long(p)),
            format!("Bis zu {} ist kostenlos; wer länger bleibt, zahlt von Anfang an.", long(p)),
        ),
        Some(Grace::Allowance(p)) => {
            let free = capital(&the_first(language, p));
            push(format!("{free} free for every stay."), format!("{free} für alle frei."));
        }
        Some(Grace::None) | None => {
            push("No free time at the start.".into(), "Am Anfang ist nichts frei.".into());
        }
    }
    match rules.leave_grace {
        Some(leave) if leave.is_zero() => push(
            "Time after paying is charged, however short.".into(),
            "Zeit nach dem Bezahlen wird berechnet, auch wenn sie kurz ist.".into(),
        ),
        Some(leave) => push(
            format!("{} to leave after paying.", long(leave)),
            format!("{} zum Ausfahren nach dem Bezahlen.", long(leave)),
        ),
        None => {}
    }
    match rules.crossing {
        Some(Crossing::ByEntry) => push(
            "A unit has the price under which it began.".into(),
            "Eine Einheit hat den Preis, unter dem sie begann.".into(),
        ),
        Some(Crossing::BySegment) => push(
            "Where the price changes, a unit ends and a new one begins.".into(),
            "Wo der Preis wechselt, endet eine Einheit und eine neue beginnt.".into(),
        ),
        Some(Crossing::LastStep) => push(
            "Time is charged exactly; only at the end is it rounded up, to the last price's step.".into(),
            "Die Zeit wird genau berechnet; erst am Ende wird sie aufgerundet, auf den Schritt des letzten Preises.".into(),
        ),
        None => {}
    }
    match rules.change_while_parked {
        Some(Change::Entry) => push(
            "The price of the entry holds for the whole stay.".into(),
            "Der Preis der Einfahrt gilt für den ganzen Aufenthalt.".into(),
        ),
        Some(Change::Segment) => push(
            "Each part of a stay has the price of its own time.".into(),
            "Jeder Teil eines Aufenthalts hat den Preis seiner eigenen Zeit.".into(),
        ),
        None => {}
    }
    match rules.free_time {
        Some(FreeTime::Skip) => push(
            "Free time is left out; a unit that has begun goes on after it.".into(),
            "Freie Zeit wird ausgelassen; eine begonnene Einheit läuft danach weiter.".into(),
        ),
        Some(FreeTime::Split) => push(
            "Free time ends a unit; a new one begins after it.".into(),
            "Freie Zeit beendet eine Einheit; danach beginnt eine neue.".into(),
        ),
        None => {}
    }
    match rules.reentry {
        Some(Reentry::OneStayWithin(p)) => push(
            format!("Back in less than {}: one stay, the time outside included.", long(p)),
            format!(
                "Zurück in weniger als {}: ein Aufenthalt, die Zeit draußen zählt mit.",
                long(p)
            ),
        ),
        Some(Reentry::Separate) | None => push(
            "Each entry is a stay of its own.".into(),
            "Jede Einfahrt ist ein eigener Aufenthalt.".into(),
        ),
    }
    if let Some(rounding) = rules.rounding {
        text.push(rounded(rounding, currency, language));
    }
    text
}

fn rounded(rounding: Rounding, currency: &Currency, language: Language) -> String {
    let to = amount(language, currency, rounding.to);
    match (language, rounding.mode) {
        (Language::English, Mode::HalfUp) => {
            format!("Each line of a bill is rounded to the nearest {to}, a half up.")
        }
        (Language::English, Mode::HalfEven) => {
            format!("Each line of a bill is rounded to the nearest {to}, a half to the even one.")
        }
        (Language::English, Mode::Up) => {
            format!("Each line of a bill is rounded up to a multiple of {to}.")
        }
        (Language::English, Mode::Down) => {
            format!("Each line of a bill is rounded down to a multiple of {to}.")
        }
        (Language::German, Mode::HalfUp) => {
            format!("Jede Zeile einer Rechnung wird auf {to} gerundet, eine Hälfte nach oben.")
        }
        (Language::German, Mode::HalfEven) => {
            format!(
                "Jede Zeile einer Rechnung wird auf {to} gerundet, eine Hälfte zur geraden Zahl."
            )
        }
        (Language::German, Mode::Up) => {
            format!("Jede Zeile einer Rechnung wird auf {to} aufgerundet.")
        }
        (Language::German, Mode::Down) => {
            format!("Jede Zeile einer Rechnung wird auf {to} abgerundet.")
        }
    }
}
