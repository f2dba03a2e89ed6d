//! R6 and R7: what was reported and turns out otherwise, and what lasts too long.

use super::*;

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
