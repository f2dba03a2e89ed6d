//! A forecast in words: of what it was made.

use std::fmt::Write;

use crate::day::DayWas;
use crate::forecast::{Forecast, MadeOf, Point};

impl Point {
    /// Why this is expected, as sentences for people.
    pub fn explain(&self) -> String {
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        let (hour, minute) = (self.local.quarter / 4, self.local.quarter % 4 * 15);
        let mut text = format!(
            "{} {hour:02}:{minute:02}: {} full, {} to {}.",
            self.local.date,
            percent(self.share),
            percent(self.low),
            percent(self.high),
        );
        let MadeOf { kind, usual, deviation, left, added } = self.made_of;
        let Some(usual) = usual else {
            text += " Nothing is known of such a time yet: it is taken to stay as it is.";
            return text;
        };
        // Writing to a `String` cannot fail.
        let _ =
            write!(text, " Usual on {} at that time: {}", kind.plural(), percent(usual.share()));
        let _ = write!(
            text,
            " (over the months {}, lately {}",
            percent((usual.level + usual.shift).clamp(0.0, 1.0)),
            percent(usual.recent)
        );
        text += if usual.days < 1.0 { "; borrowed from other days or places)." } else { ")." };
        if deviation.now != 0.0 {
            let (by, way) = points(deviation.now);
            let _ = write!(
                text,
                " It is {by} points {way} than usual now, and of that {} is left in {} minutes.",
                percent(left.now.max(0.0)),
                self.quarters * 15
            );
        }
        if (added * 100.0).round() != 0.0 {
            let (by, way) = points(added);
            let _ = write!(
                text,
                " With how that grew and how it was the day before: {by} points {way}."
            );
        }
        text
    }
}

fn points(share: f64) -> (String, &'static str) {
    let way = if share < 0.0 { "emptier" } else { "fuller" };
    (format!("{:.0}", share.abs() * 100.0), way)
}

impl Forecast {
    /// What is to be known about the day, beside the points; empty if it is a day like others.
    pub fn explain(&self) -> String {
        let mut said = Vec::new();
        if self.is_silent {
            said.push(
                "The value has stood still for so long that the feed is taken to be silent: what is said rests on what was known before.",
            );
        }
        match self.today {
            Some(DayWas::Odd) => said.push("Today is not like other days so far."),
            Some(DayWas::NewNormal) => {
                said.push("Today is as unusual as the last such day was: that is how it is now.");
            }
            Some(DayWas::Closed) => said.push("It looks closed today."),
            Some(DayWas::Silent | DayWas::Ordinary) | None => {}
        }
        said.join(" ")
    }
}
