//! What a processor says with its sign of life, as text; see `beat.lua`.

use chrono::DateTime;
use domain::{Behind, Instant, PlaceName, Reading, Watermarks};

/// A watermark in ms, empty where it is not known.
pub(super) fn millis(mark: Option<Instant>) -> String {
    mark.map(|mark| mark.timestamp_millis().to_string()).unwrap_or_default()
}

fn mark(text: &str) -> Option<Instant> {
    text.parse().ok().and_then(DateTime::from_timestamp_millis)
}

/// How far the queues are read and what is held back, `all` or nothing, then a line for each place
/// that is behind.
pub(super) fn to_text(reading: &Reading) -> String {
    let Reading { read, holds, behind } = reading;
    let marks = [read.entries, read.exits, holds.entries, holds.exits].map(millis).join(" ");
    let Some(places) = behind.places() else { return marks + " all" };
    places.fold(marks + " ", |text, place| text + "\n" + place.as_str())
}

/// What one says: all of it, or the watermarks alone where it is of an earlier version.
pub(super) fn read(entries: &str, exits: &str, text: &str) -> Reading {
    let mut lines = text.split('\n');
    let fields: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [entries_read, exits_read, entries_held, exits_held, places] = fields[..] else {
        return Reading::of(Watermarks { entries: mark(entries), exits: mark(exits) });
    };
    Reading {
        read: Watermarks { entries: mark(entries_read), exits: mark(exits_read) },
        holds: Watermarks { entries: mark(entries_held), exits: mark(exits_held) },
        behind: match places {
            "all" => Behind::everywhere(),
            _ => lines.filter_map(|place| PlaceName::parse(place).ok()).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Option<Instant> {
        DateTime::from_timestamp(1_780_000_000 + seconds, 0)
    }

    #[test]
    fn what_is_said_is_understood() {
        let places = ["main", "P 1 all", "Köln"].map(|name| PlaceName::parse(name).unwrap());
        let nothing = Reading::default();
        let some = Reading {
            read: Watermarks { entries: at(0), exits: None },
            holds: Watermarks { entries: None, exits: at(-5) },
            behind: places.into_iter().collect(),
        };
        let all = Reading { behind: Behind::everywhere(), ..some.clone() };
        for reading in [nothing, some, all] {
            assert_eq!(read("", "", &to_text(&reading)), reading);
        }
    }

    #[test]
    fn one_of_an_earlier_version_holds_back_what_it_does_not_vouch_for() {
        let marks = Watermarks { entries: at(0), exits: None };
        assert_eq!(read("1780000000000", "", ""), Reading::of(marks));
    }
}
