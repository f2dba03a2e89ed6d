//! What a record forgets: what can no longer change (`repair_window`), and what it must forget to
//! stay small (G6, `observations_max`).

use std::collections::BTreeSet;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::PlaceName;

/// `e1 x1 …` of what is still known, in event-time order.
fn known(play: &Play) -> String {
    let ids: Vec<&str> = play.record.observations.iter().map(|known| known.id.as_str()).collect();
    ids.join(" ")
}

fn hours(hours: i64) -> TimeDelta {
    TimeDelta::hours(hours)
}

#[test]
fn what_has_its_verdict_is_forgotten_after_the_repair_window() {
    let mut play = Play::new(Policy::default());
    play.table(
        "x1 09:00 |
         e2 10:00 |
         e3 11:00 |
         x3 12:00 | session e3-x3
         end      | unmatched x1, missed e2",
    );
    play.now += hours(24);
    play.table("e4 13:00 |");
    assert_eq!(known(&play), "x1 e2 e3 x3 e4", "24 h and no longer");
    play.now += TimeDelta::nanoseconds(1);
    play.table("e5 14:00 |");
    assert_eq!(known(&play), "e4 e5");
    assert_eq!(play.record.forgotten_until, Some(at("12:00")));
    play.table("x5 15:00 | session e5-x5");
}

#[test]
fn the_repair_window_is_counted_from_the_arrival_and_not_from_the_event() {
    let mut play = Play::new(Policy { repair_window: hours(1), ..Policy::default() });
    play.table(
        "e1 10:00 |
         x1 11:00 | session e1-x1",
    );
    play.now += hours(2);
    play.table("x0 09:00 |");
    assert_eq!(known(&play), "x0 e1 x1", "the oldest has just come");
}

#[test]
fn a_pair_is_forgotten_together_or_not_at_all() {
    let mut play = Play::new(Policy::default());
    play.table("e1 10:00 |");
    play.now += hours(20);
    play.table("x1 11:00 | session e1-x1");
    play.now += hours(20);
    play.table("e2 12:00 |");
    assert_eq!(known(&play), "e1 x1 e2");
}

#[test]
fn a_passage_is_forgotten_together_or_not_at_all() {
    let mut play = Play::new(Policy::default());
    play.table(
        "x1 11:00:00 |
         end         | unmatched x1",
    );
    play.now += hours(20);
    play.table("x2 11:00:10 |");
    play.now += hours(20);
    play.table("e3 12:00 |");
    assert_eq!(known(&play), "x1 x2 e3");
    play.now += hours(20);
    play.table("x3 13:00 | session e3-x3");
    assert_eq!(known(&play), "e3 x3");
}

#[test]
fn the_open_entry_is_never_forgotten() {
    let mut play = Play::new(Policy::default());
    play.table(
        "e1 10:00 |
         end      | overstay e1",
    );
    play.now += hours(1000);
    play.table("x0 09:00 |");
    play.table("e1 10:00 | unchanged");
    play.now += hours(1000);
    play.table(
        "end         | unmatched x0
         x1 41d10:00 | session e1-x1, repaired e1",
    );
}

#[test]
fn what_waits_for_its_verdict_is_not_forgotten() {
    let mut play = Play::new(Policy::default());
    play.table(
        "x1 10:00 |
         e2 11:00 |
         x2 12:00 | session e2-x2",
    );
    play.now += hours(1000);
    play.table("e3 13:00 |");
    assert_eq!(known(&play), "x1 e2 x2 e3");
    play.table("e1 09:00 | session e1-x1");
}

/// A record that has forgotten all up to 12:00 and holds the entry `e3` of 13:00.
fn forgetful() -> Play {
    let mut play = Play::new(Policy::default());
    play.table(
        "e2 11:00 |
         x2 12:00 | session e2-x2",
    );
    play.now += hours(25);
    play.table("e3 13:00 |");
    assert_eq!(known(&play), "e3");
    play
}

#[test]
fn nothing_pairs_across_the_forgotten_line() {
    let mut play = forgetful();
    play.table("x9 12:30               | ");
    play.table("entries to 12:30:05 | unmatched x9");

    let mut play = forgetful();
    play.table(
        "e1 11:30            |
         x3 14:00            | session e3-x3
         exits to 12:00:04.9 | unchanged
         exits to 12:00:05   | missed e1",
    );

    let mut play = forgetful();
    play.table(
        "x9 12:00 |
         e9 12:00 | session e9-x9",
    );

    let mut play = Play::new(Policy::default());
    play.table(
        "e1 10:00 |
                x1 11:00 | session e1-x1",
    );
    play.now += hours(25);
    play.table("e1 10:00 | unchanged");
    play.table("x2 12:00 |");
    assert_eq!(known(&play), "x2");
    play.table(
        "e9 10:30 |
         end      | missed e9, unmatched x2",
    );
}

#[test]
fn a_late_stay_before_the_forgotten_line_is_a_session() {
    let mut play = forgetful();
    play.table(
        "e1 09:00 |
         x1 10:00 | session e1-x1
         x3 14:00 | session e3-x3
         end      | unchanged",
    );
}

#[test]
fn forgetting_a_late_read_does_not_move_the_line_back() {
    let mut play = forgetful();
    play.table(
        "x0 09:00            |
         entries to 09:00:05 | unmatched x0",
    );
    play.now += hours(25);
    play.table("x3 14:00 | session e3-x3");
    assert_eq!(known(&play), "e3 x3");
    assert_eq!(play.record.forgotten_until, Some(at("12:00")));
}

#[test]
fn a_re_read_of_the_open_entry_does_not_bring_the_forgotten_back() {
    let mut play = forgetful();
    play.table(
        "e4 13:00:10 |
         x3 14:00    | session e3-x3",
    );
}

fn at_most(observations_max: usize) -> Play {
    Play::new(Policy { observations_max, ..Policy::default() })
}

#[test]
fn past_its_bound_a_record_judges_its_oldest_reads_at_once() {
    let mut play = at_most(8);
    play.table(
        "x1 01:00 |
         x2 02:00 |
         e3 03:00 |
         e4 04:00 |
         x4 05:00 | session e4-x4
         x6 06:00 |
         x7 07:00 |
         e8 08:00 |
         x9 09:00 | session e8-x9, unmatched x1, unmatched x2, missed e3",
    );
    assert_eq!(known(&play), "e4 x4 x6 x7 e8 x9", "three quarters are kept");
    play.table("end | unmatched x6, unmatched x7");
}

#[test]
fn past_its_bound_a_record_still_never_splits_a_pair() {
    let mut play = at_most(8);
    play.table(
        "x1 01:00 |
         x2 02:00 |
         e3 03:00 |
         x3 04:00 | session e3-x3
         x5 05:00 |
         x6 06:00 |
         x7 07:00 |
         x8 08:00 |
         e9 09:00 | unmatched x1, unmatched x2",
    );
    assert_eq!(known(&play), "e3 x3 x5 x6 x7 x8 e9");
}

#[test]
fn a_stuck_camera_does_not_fill_the_record() {
    let mut play = Play::new(Policy::default());
    for second in 0..3000 {
        let observation = Observation {
            id: ObservationId::parse(&format!("e{second}")).unwrap(),
            at: at("10:00") + TimeDelta::seconds(second),
            ..read("e0 10:00")
        };
        play.observations.push(observation.clone());
        let reported = play.command(Command::Observe {
            observation,
            watermarks: Watermarks::default(),
            is_past: false,
            now: play.now,
        });
        let told = if second == 0 { "opened e0" } else { "" };
        assert_eq!(reported, told, "at second {second}");
        assert!(play.record.observations.len() <= play.policy.observations_max);
    }
    assert_eq!(play.record.open_entry().unwrap().id.as_str(), "e0", "the first still stands");
    play.table(
        "e9001 10:50:19 |
         x9999 11:00    | session e0-x9999
         end            | unchanged",
    );
}

#[test]
fn folding_keeps_the_read_that_stands_the_first_and_how_far_the_others_reached() {
    let mut play = at_most(9);
    play.table("e5 10:00:50 |");
    for second in [0, 10, 20, 30, 40, 60, 70, 80, 90] {
        play.table(&format!("e{second} 10:0{}:{:02} |", second / 60, second % 60));
    }
    assert_eq!(known(&play), "e0 e5");
    assert_eq!(play.record.observations[0].until, Some(at("10:01:30")));
    play.table(
        "e110 10:01:50 |
         x1 11:00      | session e5-x1
         end           | unchanged",
    );
}

#[test]
fn a_withdrawn_pair_is_remembered_for_as_long_as_its_reads() {
    let withdrawn = "e1 10:00:00 |
                     e2 10:00:30 |
                     x1 11:00:00 | session e2-x1
                     e3 10:00:15 | withdrawn e2-x1, session e1-x1 (repaired)";
    let mut play = at_most(9);
    play.table(withdrawn);
    for second in 1..7 {
        play.table(&format!("e1{second} 10:00:0{second} |"));
    }
    assert_eq!(known(&play), "e1 x1", "e2 is folded");
    assert_eq!(play.record.withdrawn, []);

    let mut play = Play::new(Policy::default());
    play.table(withdrawn);
    play.table("e4 12:00 |");
    assert_eq!(play.record.withdrawn.len(), 1);
    play.now += hours(25);
    play.table("x4 13:00 | session e4-x4");
    assert_eq!(known(&play), "e4 x4");
    assert_eq!(play.record.withdrawn, []);
}

#[test]
fn an_open_entry_is_not_judged_early_however_small_the_bound() {
    let mut play = at_most(1);
    play.table(
        "e1 10:00 |
         e2 11:00 | missed e1
         x2 12:00 | session e2-x2
         end      | unchanged",
    );
}

#[test]
fn an_exception_that_becomes_another_one_at_once_has_one_row() {
    let mut play = at_most(1);
    play.table(
        "e1 10:00   |
         end        | overstay e1
         e2 5d10:00 | missed e1",
    );
}

#[test]
fn a_window_and_a_stay_without_end_are_no_danger() {
    let forever = TimeDelta::MAX;
    let mut play =
        Play::new(Policy { repair_window: forever, max_stay: forever, ..Policy::default() });
    play.table(
        "x0 09:00           |
         both to 10:00      | unmatched x0
         e1 10:00           |
         both to 9999d00:00 | unchanged",
    );
    play.now += hours(1_000_000);
    play.table("x1 11:00 | session e1-x1");
    assert_eq!(known(&play), "x0 e1 x1");
}

#[test]
fn a_passage_of_few_reads_is_not_folded() {
    let mut play = at_most(8);
    for second in 0..8 {
        play.table(&format!("e{second} 10:00:0{second} |"));
    }
    play.table("e9 12:00 |");
    assert_eq!(play.record.observations.len(), 9, "as short as it gets");
    play.table("e8 10:00:08 |");
    assert_eq!(known(&play), "e0 e9");
}

#[test]
fn reads_of_one_instant_do_not_fill_the_record() {
    let mut play = at_most(16);
    for number in 0..200 {
        let place = if number % 2 == 0 { "north" } else { "south" };
        play.step(&format!("e{number:03} 10:00 {place}"));
        assert!(play.record.observations.len() <= 16 + 1, "{}", play.record.observations.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 256, ..Default::default() })]

    /// G6, and that no order of anything breaks what a record promises of itself.
    #[test]
    fn g6_a_record_stays_bounded_and_true_to_itself(
        steps in prop::collection::vec((any::<bool>(), 0..400_i64, 0..3_u8, 0..200_i64), 1..120),
        observations_max in 1..24_usize,
        step_s in prop::sample::select(vec![1, 7, 30, 3600]),
    ) {
        let policy = Policy { observations_max, repair_window: hours(2), ..Policy::default() };
        let bound = observations_max.max(observations_max * 3 / 4 + 2 * crate::judgement::forgetting::FOLDED_FROM);
        let mut play = Play::new(policy.clone());
        for (number, (is_exit, position, place, minutes)) in steps.into_iter().enumerate() {
            let letter = if is_exit { 'x' } else { 'e' };
            let observation = Observation {
                at: at("10:00") + TimeDelta::seconds(position * step_s),
                place: PlaceName::parse(&format!("place {place}")).unwrap(),
                ..read(&format!("{letter}{number} 10:00"))
            };
            if minutes > 190 {
                play.now += TimeDelta::minutes(minutes);
                play.step("both to 11:00");
            }
            let (plate, now) = (plate(), play.now);
            let command = Command::Observe { observation, watermarks: Watermarks::default(), is_past: false, now };
            let Decision::Changed { record, effects } =
                decide(&plate, &play.record, command, &policy) else { panic!("its id is new") };
            play.record = record;
            play.effects.extend(effects);

            let record = &play.record;
            prop_assert!(record.observations.len() <= bound, "{}", record.observations.len());
            let due_verdicts = due_verdicts(record, &policy);
            for verdict in &record.reported {
                prop_assert!(due_verdicts.iter().any(|due_verdict| due_verdict.verdict == *verdict));
            }
            for (entry, exit) in &record.withdrawn {
                prop_assert!(record.known(*entry).is_some() && record.known(*exit).is_some());
            }
        }
        let mut rows = BTreeSet::new();
        for row in play.exceptions() {
            prop_assert!(rows.insert((&row.observation_id, &row.session_id, row.revision)));
        }
        let mut keys = BTreeSet::new();
        for effect in &play.effects {
            prop_assert!(keys.insert(effect.key()), "{} twice", effect.key());
            if let Effect::Summary(summary) = effect {
                prop_assert!(summary.exit_at >= summary.entry_at);
            }
        }
    }
}
