//! R1 to R9 as tables of what happens and what is reported of it; see [`play::check`].

use chrono::TimeDelta;

use self::play::{Play, check};
use super::*;
use crate::reference::Net;
use crate::testing::{at, plate, read};

mod bounds;
mod past;
mod play;
mod properties;
mod refiled;
mod repairs;
mod sites;

// R1

#[test]
fn an_observation_seen_again_after_the_commit_changes_nothing() {
    check(
        "e1 10:00 |
         e1 10:00 | unchanged
         x1 11:00 | session e1-x1
         x1 11:00 | unchanged
         e1 10:00 | unchanged",
    );
}

#[test]
fn a_known_id_changes_nothing_whatever_else_it_says() {
    check(
        "e1 10:00       |
         e1 12:00 north | unchanged
         x1 11:00       | session e1-x1",
    );
}

#[test]
fn a_duplicate_of_an_exception_changes_nothing() {
    check(
        "x1 11:00      |
         both to 12:00 | unmatched x1
         x1 11:00      | unchanged
         both to 12:00 | unchanged
         end           | unchanged",
    );
}

// R2

#[test]
fn a_read_within_20_s_of_its_neighbour_is_the_same_passage() {
    check(
        "e1 10:00:00 |
         e2 10:00:20 |
         e3 10:00:40 |
         x1 11:00:00 | session e1-x1
         x2 11:00:20 |
         end         | unchanged",
    );
}

#[test]
fn a_read_more_than_20_s_after_its_neighbour_is_another_passage() {
    check(
        "e1 10:00:00        |
         e2 10:00:20.000001 |
         x1 11:00:00        | session e2-x1
         x2 11:00:20.000001 |
         end                | missed e1, unmatched x2",
    );
}

#[test]
fn the_read_that_came_first_stands_though_it_is_not_the_earliest() {
    check(
        "e2 10:00:10 |
         e1 10:00:00 |
         x2 11:00:10 | session e2-x2
         x1 11:00:00 |
         end         | unchanged",
    );
}

#[test]
fn reads_at_two_places_are_two_passages() {
    check(
        "e1 10:00:00       |
         e2 10:00:05 north |
         x1 11:00:00       | session e2-x1
         end               | missed e1",
    );
}

#[test]
fn reads_with_the_other_kind_between_them_are_two_passages() {
    check(
        "e1 10:00:00 |
         e2 10:00:10 |
         x1 10:00:05 | session e1-x1
         x2 11:00:00 | session e2-x2",
    );
}

#[test]
fn a_read_that_joins_two_passages_repairs_what_was_said_of_the_second() {
    check(
        "e1 10:00:00   |
         e2 10:00:30   |
         both to 10:01 | missed e1
         e3 10:00:15   | repaired e1
         x1 11:00:00   | session e1-x1",
    );
}

#[test]
fn a_re_read_of_an_exception_does_not_report_it_again() {
    check(
        "x1 11:00:00   |
         both to 12:00 | unmatched x1
         x2 11:00:10   |
         x3 10:59:50   |
         end           | unchanged",
    );
}

// R3

#[test]
fn an_exit_ends_the_entry_before_it_at_once() {
    let mut play = Play::new(Policy::default());
    play.table(
        "e1 10:00          |
         x1 11:30:00.25    | session e1-x1",
    );
    let expected = Summary {
        session_id: CompactString::new("22e82666-5d06-5c03-8a3b-83102cf4a789"),
        plate: plate(),
        entry_at: at("10:00"),
        exit_at: at("11:30:00.25"),
        place: crate::PlaceName::default(),
        repaired: false,
        origin: Some(Origin {
            revision: 2,
            entry_id: ObservationId::parse("e1").unwrap(),
            entry_lane: None,
            exit_id: ObservationId::parse("x1").unwrap(),
            exit_place: crate::PlaceName::default(),
            exit_lane: None,
        }),
    };
    let opening = Opening {
        plate: plate(),
        observation_id: ObservationId::parse("e1").unwrap(),
        entry_at: at("10:00"),
        place: crate::PlaceName::default(),
        lane: None,
        revision: 1,
    };
    assert_eq!(play.effects, [Effect::Opened(opening), Effect::Summary(expected)]);
}

#[test]
fn an_exit_before_its_entry_waits_and_then_closes() {
    check(
        "x1 11:00 |
         e1 10:00 | session e1-x1",
    );
}

#[test]
fn an_exit_ends_the_nearest_entry_and_no_other() {
    check(
        "e1 10:00 |
         e2 11:00 |
         x1 12:00 | session e2-x1
         x2 13:00 |
         end      | missed e1, unmatched x2",
    );
}

#[test]
fn a_stay_of_no_length_is_a_stay() {
    check(
        "x1 10:00 |
         e1 10:00 | session e1-x1",
    );
    check(
        "1x 10:00 |
         2e 10:00 | session 2e-1x",
    );
}

#[test]
fn a_backlog_of_exits_before_entries_gives_the_same_rows_as_live_traffic() {
    check(
        "x2 13:00      |
         x1 11:00      |
         exits to 1d00:00 | unchanged
         e2 12:00      | session e2-x2
         e1 10:00      | session e1-x1
         end           | unchanged",
    );
    check(
        "e1 10:00      |
         e2 12:00      |
         entries to 1d00:00 | unchanged
         x1 11:00      | session e1-x1
         x2 13:00      | session e2-x2
         end           | unchanged",
    );
}

#[test]
fn a_session_takes_its_place_from_its_entry() {
    let mut play = Play::new(Policy::default());
    play.table(
        "e1 10:00 north |
         x1 11:00 south | session e1-x1",
    );
    let [Effect::Opened(opening), Effect::Summary(summary)] = &play.effects[..] else {
        panic!("{:?}", play.effects)
    };
    assert_eq!((opening.place.as_str(), summary.place.as_str()), ("north", "north"));
    assert_eq!(summary.origin.as_ref().unwrap().exit_place.as_str(), "south");
}

// The stay that is open

#[test]
fn an_entry_that_stands_open_is_told_at_once_and_once() {
    check(
        "e1 10:00:00 | opened e1
         e2 10:00:10 |
         both to 10:30 | unchanged
         x1 11:00:00 | session e1-x1",
    );
}

#[test]
fn another_entry_takes_the_place_of_the_one_that_stood_open() {
    check(
        "e1 10:00      | opened e1
         e2 12:00      | opened e2
         both to 13:00 | missed e1",
    );
}

#[test]
fn an_entry_that_arrives_after_what_followed_it_was_never_open() {
    check(
        "x1 11:00 |
         e1 10:00 | session e1-x1
         e3 14:00 | opened e3
         e2 12:00 |",
    );
}

#[test]
fn a_stay_that_is_withdrawn_is_open_again_where_no_other_exit_ends_it() {
    check(
        "e1 10:00 | opened e1
         x1 12:00 | session e1-x1
         e2 11:00 | withdrawn e1-x1, session e2-x1 (repaired)
         end      | missed e1",
    );
    check(
        "e1 10:00:00 | opened e1
         x1 10:30:00 | session e1-x1
         e2 10:45:00 | opened e2
         x2 10:20:00 | withdrawn e1-x1, session e1-x2 (repaired)",
    );
}

// R4

#[test]
fn a_lone_exit_is_unmatched_once_the_entries_are_read_past_it_by_lateness() {
    check(
        "x1 11:00                   |
         exits to 2d00:00           | unchanged
         entries to 11:00:04.999999 | unchanged
         entries to 11:00:05        | unmatched x1",
    );
}

#[test]
fn a_watermark_that_is_not_known_settles_nothing() {
    let mut play = Play::new(Policy::default());
    play.table(
        "x1 11:00 |
         e1 12:00 |
         e2 13:00 |",
    );
    let settle = Command::Settle {
        watermarks: Watermarks::default(),
        behind: crate::Behind::default(),
        now: play.now,
    };
    assert_eq!(play.command(settle), "unchanged");
}

#[test]
fn the_row_of_an_exception_says_what_when_where_and_at_which_version() {
    let mut play = Play::new(Policy::default());
    play.table(
        "x1 11:00 north |
         e1 12:00 south |
         e2 13:00       |
         end            | unmatched x1, missed e1, overstay e2",
    );
    let row = |kind, id: &str, place: &str, reason: &str| ExceptionRow {
        kind,
        plate: plate(),
        entry_at: None,
        exit_at: None,
        observation_id: Some(ObservationId::parse(id).unwrap()),
        session_id: None,
        place: crate::PlaceName::parse(place).unwrap(),
        revision: 4,
        recorded_at: at("30d00:00"),
        reason: reason.to_owned(),
    };
    let exit_at = Some(at("11:00"));
    let unmatched = "no entry was read before this exit";
    let missed = "entered again without an exit in between";
    let overstay = "open for longer than 72 h";
    let expected = [
        ExceptionRow { exit_at, ..row(ExceptionKind::UnmatchedExit, "x1", "north", unmatched) },
        ExceptionRow {
            entry_at: Some(at("12:00")),
            ..row(ExceptionKind::MissedExit, "e1", "south", missed)
        },
        ExceptionRow {
            entry_at: Some(at("13:00")),
            ..row(ExceptionKind::Overstay, "e2", "main", overstay)
        },
    ];
    assert_eq!(play.exceptions(), expected.iter().collect::<Vec<_>>());
}

// R5

#[test]
fn an_entry_before_an_entry_is_missed_once_the_exits_are_read_past_the_later_one() {
    check(
        "e1 10:00                 |
         e2 12:00                 |
         entries to 2d00:00       | unchanged
         exits to 12:00:04.999999 | unchanged
         exits to 12:00:05        | missed e1",
    );
}

#[test]
fn the_last_entry_stays_open() {
    let record = check(
        "e1 10:00        |
         both to 1d10:00 | unchanged",
    );
    assert_eq!(record.open_entry().unwrap().id.as_str(), "e1");
}

// R9

#[test]
fn session_ids_never_change() {
    let check = |plate: &str, entry: &str, exit: &str, times_withdrawn, expected: &str| {
        let [entry, exit] = [entry, exit].map(|id| ObservationId::parse(id).unwrap());
        let id = session_id(&Plate::parse(plate).unwrap(), &entry, &exit, times_withdrawn);
        assert_eq!(id, expected);
    };
    check("ABC123", "e1", "x1", 0, "22e82666-5d06-5c03-8a3b-83102cf4a789");
    check("ABC123", "e1", "x1", 1, "f5d633c5-a150-5dcc-9617-347d6a1f671c");
    check("ABC123", "e1", "x1", 2, "c9ca2709-f934-51c5-b12f-82b10fe08582");
    check("京A12345", "lane 1/17", "lane 2/4", 0, "e474206f-e0c0-5f1a-9c36-572bf34e01d2");
}

#[test]
fn the_same_reads_in_another_order_make_the_same_session() {
    let id = |table: &str| {
        let mut play = Play::new(Policy::default());
        play.table(table);
        play.effects.last().unwrap().key()
    };
    let forwards = id("e1 10:00 |
                       x1 11:00 | session e1-x1");
    let backwards = id("x1 11:00 |
                        e1 10:00 | session e1-x1");
    assert_eq!(forwards, backwards);
}

#[test]
fn every_report_has_a_key_of_its_own() {
    let mut play = Play::new(Policy::default());
    play.table(
        "x2 2d10:00 |
         end      | unmatched x2
         e1 10:00 | session e1-x2 (repaired), repaired x2
         x1 11:00 | withdrawn e1-x2, session e1-x1 (repaired)
         end      | unmatched x2",
    );
    let keys: Vec<String> = play.effects.iter().map(Effect::key).collect();
    let [first, again] =
        ["b1c87882-5a13-5510-b890-7a9c0bea0795", "22e82666-5d06-5c03-8a3b-83102cf4a789"];
    assert_eq!(
        keys,
        [
            "unmatched_exit:2:ABC123:x2".to_owned(),
            "repaired:3:ABC123:x2".to_owned(),
            first.to_owned(),
            format!("withdrawn:4:ABC123:{first}"),
            again.to_owned(),
            "unmatched_exit:5:ABC123:x2".to_owned(),
        ]
    );
}

// What an observation turned out to be

#[test]
fn the_outcome_says_what_an_observation_turned_out_to_be() {
    let record = check(
        "e1 10:00:00 |
         e2 10:00:10 |
         x1 11:00    | session e1-x1
         x2 12:00    |
         e3 13:00    |",
    );
    let outcome = |id: &str| outcome_of(&record, &ObservationId::parse(id).unwrap());
    assert_eq!(outcome("e1"), Some(ObservationOutcome::Matched));
    assert_eq!(outcome("e2"), Some(ObservationOutcome::ReRead));
    assert_eq!(outcome("x1"), Some(ObservationOutcome::Matched));
    assert_eq!(outcome("x2"), Some(ObservationOutcome::Waiting));
    assert_eq!(outcome("e3"), Some(ObservationOutcome::Opened));
    assert_eq!(outcome("e9"), None);
}

#[test]
fn an_exit_that_arrives_late_is_given_lateness_from_its_arrival() {
    let plate = Plate::parse("LATE1").unwrap();
    let policy = Policy::default();
    let arrived = at("20:00");
    let judge = |record: &Record, command: Command| match decide(&plate, record, command, &policy) {
        Decision::Changed { record, effects } => (record, effects),
        Decision::Unchanged => (record.clone(), Vec::new()),
    };
    let read_to = |entries: Instant| Watermarks { entries: Some(entries), exits: None };
    let observation = Observation { plate: plate.clone(), ..read("x1 11:00") };
    let observed = |watermarks| Command::Observe {
        observation: observation.clone(),
        watermarks,
        is_past: false,
        now: arrived,
    };
    let settle = |entries: Instant| Command::Settle {
        watermarks: read_to(entries),
        behind: crate::Behind::default(),
        now: arrived,
    };

    // The entries had been read past it: that says nothing about an entry as late as itself.
    let (late, _) = judge(&Record::default(), observed(read_to(at("19:59"))));
    assert_eq!(late.outlook(&policy).waiting.on_entries, Some(arrived + policy.lateness));
    assert_eq!(judge(&late, settle(arrived)).1, []);
    assert_eq!(judge(&late, settle(arrived + policy.lateness)).1.len(), 1);

    // They had not: then the stream itself brings the proof.
    let (in_time, _) = judge(&Record::default(), observed(read_to(at("10:59"))));
    assert_eq!(in_time.outlook(&policy).waiting.on_entries, Some(at("11:00") + policy.lateness));
    assert_eq!(judge(&in_time, settle(at("11:01"))).1.len(), 1);
}
