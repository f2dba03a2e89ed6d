//! R1 to R9 as tables: what happens, and what is reported of it.

use super::*;
use crate::reference::Net;
use crate::testing::{at, plate, read};

mod bounds;
mod properties;

/// Plays a table of `what happens | what is reported` under the default policy, then reads both
/// streams to their end and compares what was reported on the whole with the reference.
///
/// What happens is a read (`e1 10:00`, `x1 11:00 north`) or how far the streams are settled
/// (`entries to 11:00`, `exits to 11:00`, `both to 11:00`, `end`). What is reported is a list like
/// `session e1-x1, repaired x1`, empty where the record changes and nothing is reported, `unchanged`
/// where the record stands. `session e1-x1 (repaired)` carries the flag; `e1-x1#1` was withdrawn
/// once before.
fn check(table: &str) -> Record {
    let mut play = Play::new(Policy::default());
    play.table(table);
    let record = play.record.clone();
    play.step("end");
    let differences = play.net.differences(&play.observations, &Watermarks::END, &play.policy);
    assert_eq!(differences, [], "{table}");
    record
}

/// One plate's record, and all that was reported of it.
struct Play {
    policy: Policy,
    record: Record,
    now: Instant,
    observations: Vec<Observation>,
    effects: Vec<Effect>,
    net: Net,
}

impl Play {
    fn new(policy: Policy) -> Self {
        Self {
            policy,
            record: Record::default(),
            now: at("30d00:00"),
            observations: Vec::new(),
            effects: Vec::new(),
            net: Net::default(),
        }
    }

    fn table(&mut self, table: &str) {
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (step, expected) = line.split_once('|').expect(line);
            let reported = self.step(step.trim());
            assert_eq!(reported, sorted(expected), "after `{}` in {table}", step.trim());
        }
    }

    fn step(&mut self, step: &str) -> String {
        let settle = |entries, exits| Watermarks { entries, exits };
        let watermarks = match *step.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["end"] => Watermarks::END,
            ["both", "to", time] => settle(Some(at(time)), Some(at(time))),
            ["entries", "to", time] => settle(Some(at(time)), None),
            ["exits", "to", time] => settle(None, Some(at(time))),
            _ => {
                let observation = read(step);
                self.observations.push(observation.clone());
                return self.command(Command::Observe { observation, now: self.now });
            }
        };
        self.command(Command::Settle { watermarks, now: self.now })
    }

    fn command(&mut self, command: Command) -> String {
        match decide(&plate(), &self.record, command, &self.policy) {
            Decision::Unchanged => "unchanged".to_owned(),
            Decision::Changed { record, effects } => {
                assert_eq!(record.version, self.record.version + 1);
                self.record = record;
                self.net.extend(&effects);
                let told: Vec<String> = effects.iter().map(|effect| self.told(effect)).collect();
                self.effects.extend(effects);
                sorted(&told.join(","))
            }
        }
    }

    fn told(&self, effect: &Effect) -> String {
        match effect {
            Effect::Summary(summary) => {
                let flag = if summary.repaired { " (repaired)" } else { "" };
                format!("session {}{flag}", self.session_name(&summary.session_id))
            }
            Effect::Exception(row) => {
                let subject = match (&row.observation_id, &row.session_id) {
                    (Some(id), _) => id.to_string(),
                    (None, Some(id)) => self.session_name(id),
                    (None, None) => panic!("an exception of nothing: {row:?}"),
                };
                let kind = match row.kind {
                    ExceptionKind::UnmatchedExit => "unmatched",
                    ExceptionKind::MissedExit => "missed",
                    ExceptionKind::Overstay => "overstay",
                    ExceptionKind::Repaired => "repaired",
                    ExceptionKind::Withdrawn => "withdrawn",
                };
                format!("{kind} {subject}")
            }
        }
    }

    /// `e1-x1`, or `e1-x1#1` where the pair was withdrawn once before.
    fn session_name(&self, id: &str) -> String {
        for entry in self.observations.iter().filter(|read| read.kind == Kind::Entry) {
            for exit in self.observations.iter().filter(|read| read.kind == Kind::Exit) {
                for (times, mark) in ["", "#1", "#2"].into_iter().enumerate() {
                    if session_id(&plate(), &entry.id, &exit.id, times) == id {
                        return format!("{}-{}{mark}", entry.id, exit.id);
                    }
                }
            }
        }
        panic!("a session of no two reads: {id}");
    }

    fn exceptions(&self) -> Vec<&ExceptionRow> {
        let rows = self.effects.iter().filter_map(|effect| match effect {
            Effect::Exception(row) => Some(row),
            Effect::Summary(_) => None,
        });
        rows.collect()
    }
}

/// Effects come in no particular order.
fn sorted(list: &str) -> String {
    let mut parts: Vec<&str> = list.split(',').map(str::trim).collect();
    parts.sort_unstable();
    parts.join(", ")
}

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
        place: crate::Label::default(),
        repaired: false,
    };
    assert_eq!(play.effects, [Effect::Summary(expected)]);
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
    let Effect::Summary(summary) = &play.effects[0] else { panic!("{:?}", play.effects) };
    assert_eq!(summary.place.as_str(), "north");
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
    let settle = Command::Settle { watermarks: Watermarks::default(), now: play.now };
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
        place: crate::Label::parse(place).unwrap(),
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

// R6

#[test]
fn a_late_entry_repairs_an_unmatched_exit() {
    let mut play = Play::new(Policy::default());
    play.table(
        "x1 11:00      |
         both to 12:00 | unmatched x1
         e1 10:00      | session e1-x1 (repaired), repaired x1",
    );
    let [_, repaired] = play.exceptions()[..] else { panic!("{:?}", play.effects) };
    let id = ObservationId::parse("e1").unwrap();
    let session_id = session_id(&plate(), &id, &ObservationId::parse("x1").unwrap(), 0);
    assert_eq!(repaired.session_id, Some(session_id), "says which session came of it");
    assert_eq!((repaired.entry_at, repaired.exit_at), (None, Some(at("11:00"))));
    assert_eq!(repaired.revision, 3);
}

#[test]
fn a_late_exit_repairs_a_missed_exit() {
    check(
        "e1 10:00      |
         e2 12:00      |
         both to 13:00 | missed e1
         x1 11:00      | session e1-x1 (repaired), repaired e1",
    );
}

#[test]
fn an_exit_between_two_already_paired_reads_withdraws_the_session() {
    let mut play = Play::new(Policy::default());
    play.table(
        "e1 10:00 |
         x2 2d10:00 | session e1-x2
         x1 11:00 | withdrawn e1-x2, session e1-x1 (repaired)
         end      | unmatched x2",
    );
    let withdrawn = play.exceptions()[0];
    assert_eq!(withdrawn.observation_id, None, "it speaks of a session");
    assert_eq!((withdrawn.entry_at, withdrawn.exit_at), (Some(at("10:00")), Some(at("2d10:00"))));
}

#[test]
fn an_entry_between_two_already_paired_reads_withdraws_the_session() {
    check(
        "e1 10:00 |
         x1 2d10:00 | session e1-x1
         e2 2d09:00 | withdrawn e1-x1, session e2-x1 (repaired)
         end        | missed e1",
    );
}

#[test]
fn a_phantom_stay_becomes_the_two_it_was() {
    check(
        "e1 10:00   |
         x2 1d18:00 | session e1-x2
         x1 17:00   | withdrawn e1-x2, session e1-x1 (repaired)
         e2 1d09:00 | session e2-x2 (repaired)
         end        | unchanged",
    );
}

#[test]
fn an_unmatched_exit_that_comes_to_lie_in_no_passage_of_its_own_is_repaired() {
    check(
        "x2 11:00:30   |
         x1 11:00:00   |
         both to 12:00 | unmatched x1, unmatched x2
         x3 11:00:15   | repaired x1
         e1 10:00      | session e1-x2 (repaired), repaired x2",
    );
}

#[test]
fn a_session_that_holds_again_after_it_was_withdrawn_has_a_name_of_its_own() {
    check(
        "e1 10:00:00 |
         e2 10:00:30 |
         x2 11:00:00 | session e2-x2
         e3 10:00:15 | withdrawn e2-x2, session e1-x2 (repaired)
         x1 10:00:20 | withdrawn e1-x2, session e1-x1 (repaired), session e2-x2#1 (repaired)
         x1 10:00:20 | unchanged",
    );
}

// R7

#[test]
fn a_long_stay_is_reported_once_and_stays_open() {
    let record = check(
        "e1 10:00                   |
         entries to 9d10:00         | unchanged
         exits to 3d10:00:04.999999 | unchanged
         exits to 3d10:00:05        | overstay e1
         exits to 9d10:00           | unchanged
         end                        | unchanged",
    );
    assert_eq!(record.open_entry().unwrap().id.as_str(), "e1");
}

#[test]
fn the_end_of_a_stay_that_was_too_long_is_no_repair() {
    check(
        "e1 10:00         |
         both to 4d00:00  | overstay e1
         x1 3d10:00:00.001 | session e1-x1, repaired e1",
    );
}

#[test]
fn an_overstay_that_was_but_a_late_exit_is_a_repair() {
    check(
        "e1 10:00        |
         both to 4d00:00 | overstay e1
         x1 3d10:00      | session e1-x1 (repaired), repaired e1",
    );
}

#[test]
fn an_overstay_that_turns_out_to_be_a_missed_exit_is_amended() {
    check(
        "e1 10:00        |
         both to 4d00:00 | overstay e1
         e2 5d10:00      | repaired e1
         both to 5d11:00 | missed e1",
    );
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
        play.effects.iter().map(Effect::key).collect::<Vec<_>>()
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
    assert_eq!(outcome("e1"), Some(Outcome::Matched));
    assert_eq!(outcome("e2"), Some(Outcome::ReRead));
    assert_eq!(outcome("x1"), Some(Outcome::Matched));
    assert_eq!(outcome("x2"), Some(Outcome::Waiting));
    assert_eq!(outcome("e3"), Some(Outcome::Opened));
    assert_eq!(outcome("e9"), None);
}
