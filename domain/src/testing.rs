//! Shorthand that the tests of this crate share. An id whose first letter is `e` is an entry's, one
//! with `x` an exit's; times are `10:00`, `10:00:05.5` or, days later, `3d10:00`.

use crate::wire::parse_time;
use crate::{Direction, Instant, Observation, ObservationId, PlaceName, Plate};

/// The one plate of a test that needs no other.
pub(crate) fn plate() -> Plate {
    Plate::parse("ABC123").unwrap()
}

/// A time of day, counted from the day on which all tests begin.
pub(crate) fn at(text: &str) -> Instant {
    let (days, time) = text.split_once('d').unwrap_or(("0", text));
    let seconds = if time.matches(':').count() == 1 { ":00" } else { "" };
    let at = parse_time(&format!("2026-11-20T{time}{seconds}")).expect(text);
    at + chrono::TimeDelta::days(days.parse().expect(text))
}

/// `e1 10:00`, or `e1 10:00 north` at a place of that name.
pub(crate) fn read(text: &str) -> Observation {
    let mut words = text.split_whitespace();
    let mut word = || words.next();
    let (id, time, place) = (word().expect(text), word().expect(text), word());
    Observation {
        id: ObservationId::parse(id).unwrap(),
        plate: plate(),
        plate_as_read: None,
        direction: match id.chars().find(|character| character.is_alphabetic()) {
            Some('e') => Direction::Entry,
            Some('x') => Direction::Exit,
            _ => panic!("neither entry nor exit: {text}"),
        },
        at: at(time),
        place: place.map_or_else(PlaceName::default, |place| PlaceName::parse(place).unwrap()),
        lane: None,
        camera: None,
        confidence: None,
        method: crate::Method::Camera,
    }
}

/// Several of them, between commas.
pub(crate) fn reads(text: &str) -> Vec<Observation> {
    text.split(',').filter(|one| !one.trim().is_empty()).map(read).collect()
}
