use chrono::{DateTime, TimeDelta};

use super::*;
use crate::{
    Command, Decision, Observation, ObservationId, PlaceName, Watermarks, decide, session_id,
};

fn at(minutes: i64) -> Instant {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn plate() -> Plate {
    Plate::parse("AB12").unwrap()
}

/// The record of reads, `e` or `x` with a minute, settled up to `settled`.
fn record(reads: &[(char, i64)], settled: Option<i64>) -> Record {
    let mut record = Record::default();
    let mut commands: Vec<Command> = reads
        .iter()
        .map(|(kind, minute)| Command::Observe {
            observation: Observation {
                id: ObservationId::parse(&format!("{kind}{minute}")).unwrap(),
                plate: plate(),
                plate_as_read: None,
                direction: if *kind == 'e' { Direction::Entry } else { Direction::Exit },
                at: at(*minute),
                place: PlaceName::default(),
                lane: None,
                camera: None,
                confidence: None,
                method: crate::Method::Camera,
            },
            watermarks: Watermarks::default(),
            is_past: false,
            now: at(*minute),
        })
        .collect();
    if let Some(minute) = settled {
        let watermarks = Watermarks { entries: Some(at(minute)), exits: Some(at(minute)) };
        // The clock stands: nothing is forgotten yet.
        commands.push(Command::Settle { watermarks, behind: crate::Behind::default(), now: at(0) });
    }
    for command in commands {
        if let Decision::Changed { record: next, .. } =
            decide(&plate(), &record, command, &Policy::default())
        {
            record = next;
        }
    }
    record
}

/// State, entry, exit, whether reported and whether waiting, of each chapter.
fn told(record: &Record) -> Vec<(&'static str, String, String, bool, bool)> {
    let id = |known: &Option<Known>| {
        known.as_ref().map_or_else(String::new, |known| known.id.to_string())
    };
    story(&plate(), record, &Policy::default())
        .iter()
        .map(|c| {
            (c.state.as_str(), id(&c.entry), id(&c.exit), c.is_reported, c.waits_for.is_some())
        })
        .collect()
}

fn row(
    state: &'static str,
    entry: &str,
    exit: &str,
    reported: bool,
    waits: bool,
) -> (&'static str, String, String, bool, bool) {
    (state, entry.to_owned(), exit.to_owned(), reported, waits)
}

#[test]
fn every_stay_and_every_lone_read_is_a_chapter_in_event_time_order() {
    let reads = [('x', 0), ('e', 10), ('e', 20), ('x', 30), ('e', 40)];
    assert_eq!(
        told(&record(&reads, None)),
        [
            row("unmatched_exit", "", "x0", false, true),
            row("missed_exit", "e10", "", false, true),
            row("finished", "e20", "x30", true, false),
            row("open", "e40", "", false, true),
        ]
    );
    assert_eq!(
        told(&record(&reads, Some(60 * 80))),
        [
            row("unmatched_exit", "", "x0", true, false),
            row("missed_exit", "e10", "", true, false),
            row("finished", "e20", "x30", true, false),
            row("open", "e40", "", true, false),
        ]
    );
}

#[test]
fn a_finished_stay_has_the_name_it_was_reported_by_and_a_lone_read_what_it_waits_for() {
    let record = record(&[('e', 0), ('x', 30), ('x', 90)], None);
    let chapters = story(&plate(), &record, &Policy::default());
    let id = |text: &str| ObservationId::parse(text).unwrap();
    assert_eq!(chapters[0].session_id, Some(session_id(&plate(), &id("e0"), &id("x30"), 0)));
    assert_eq!((chapters[0].exception(), chapters[0].waits_for), (None, None));
    let waits = Some((Direction::Entry, at(90) + Policy::default().lateness));
    assert_eq!((chapters[1].exception(), chapters[1].waits_for), (None, waits));
    assert_eq!((chapters[0].begins_at(), chapters[0].ends_at()), (Some(at(0)), Some(at(30))));
}

#[test]
fn every_state_is_found_by_its_name() {
    for state in State::all() {
        assert_eq!(State::parse(state.as_str()), Some(state));
    }
    assert_eq!(State::parse("gone"), None);
}
