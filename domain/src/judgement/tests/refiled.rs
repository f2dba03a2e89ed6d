//! A record that an earlier version kept under another spelling comes to stand under this one's.

use chrono::TimeDelta;

use super::play::Play;
use super::*;
use crate::Policy;

/// What the earlier version knew of the plate under the text `OLD`, reported by that name.
fn kept(table: &str) -> Play {
    let mut play = Play::new(Policy::default());
    play.table(table);
    play
}

fn refile(stands: &Record, kept: &Record) -> (Record, Vec<Effect>) {
    refiled(&plate(), stands, "OLD", kept.clone(), at("20:00"), &Policy::default())
}

#[test]
fn an_open_stay_stays_open_and_its_exit_ends_it() {
    let kept = kept("e1 10:00 |");
    let (record, effects) = refile(&Record::default(), &kept.record);
    let [Effect::Opened(opening)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((&opening.plate, opening.observation_id.as_str()), (&plate(), "e1"));
    assert!(record.version > kept.record.version);
    assert_eq!(record.open_entry().map(|entry| entry.id.as_str()), Some("e1"));
    assert_eq!(Record::from_json(record.to_json().as_bytes()).unwrap(), record);
    let mut play = Play { record, ..kept };
    assert_eq!(play.step("x1 11:00"), "session e1-x1");
    assert_eq!(play.step("e1 10:00"), "unchanged", "R1: what was known is known");
}

#[test]
fn halves_that_were_kept_apart_are_a_session_that_repairs() {
    let entry = kept("e1 10:00 |");
    let exit = kept(
        "x1 11:00 |
         both to 12:00 | unmatched x1",
    );
    for (stands, kept) in [(&entry, &exit), (&exit, &entry)] {
        let (record, effects) = refile(&stands.record, &kept.record);
        assert!(!record.outlook(&Policy::default()).is_open);
        let [Effect::Exception(row), Effect::Summary(summary)] = &effects[..] else {
            panic!("{effects:?}")
        };
        assert_eq!((row.kind, summary.repaired), (ExceptionKind::Repaired, true));
        assert!(row.revision > exit.record.version, "it is the last word on that exit");
    }
}

#[test]
fn what_was_reported_is_taken_back_under_the_name_it_had() {
    let kept = kept(
        "e1 10:00 |
         x2 12:00 | session e1-x2",
    );
    let (record, _) = refile(&Record::default(), &kept.record);
    let mut play = Play { record, ..Play::new(Policy::default()) };
    let earlier = read("x1 11:00");
    let command = Command::Observe {
        observation: earlier,
        watermarks: Watermarks::default(),
        is_past: false,
        now: at("20:00"),
    };
    let Decision::Changed { effects, .. } =
        decide(&plate(), &play.record, command, &Policy::default())
    else {
        panic!("it changes the pairing")
    };
    play.effects = effects;
    let withdrawn = play.exceptions()[0].session_id.clone().unwrap();
    let id = |text| ObservationId::parse(text).unwrap();
    assert_eq!(withdrawn, session_id_of("OLD", &id("e1"), &id("x2"), 0));
}

#[test]
fn what_one_of_them_forgot_does_not_swallow_what_the_other_holds_open() {
    let open = kept("e1 10:00 |");
    let mut other = kept("x1 12:00 |").record;
    other.forgotten_until = Some(at("11:00"));
    let (record, effects) = refile(&open.record, &other);
    assert!(matches!(&effects[..], [Effect::Summary(_)]), "{effects:?}");
    assert_eq!(record.forgotten_until, Some(at("10:00") - TimeDelta::nanoseconds(1)));
}

#[test]
fn a_crash_between_the_two_steps_of_a_move_is_met_again_and_changes_nothing() {
    let kept = kept(
        "e1 10:00 |
         x1 11:00 | session e1-x1
         x2 12:00 |
         both to 13:00 | unmatched x2
         e3 14:00 |",
    );
    let (once, _) = refile(&Record::default(), &kept.record);
    let (twice, effects) = refile(&once, &kept.record);
    assert_eq!(effects, []);
    assert_eq!(twice.observations(), once.observations());
    assert_eq!(twice.reported(), once.reported());
}
