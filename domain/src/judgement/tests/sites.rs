//! R2 by the rule of the site: how long a car may wait at its barrier.

use chrono::TimeDelta;

use super::play::Play;
use super::*;
use crate::{LaneName, PlaceName, Policy, ReReads};

fn policy(default: i64, places: &[(&str, i64)]) -> Policy {
    let places =
        places.iter().map(|(place, s)| (PlaceName::parse(place).unwrap(), TimeDelta::seconds(*s)));
    let re_reads = ReReads {
        default: TimeDelta::seconds(default),
        places: places.collect(),
        ..ReReads::default()
    };
    Policy { re_reads, ..Policy::default() }
}

fn play(policy: Policy, table: &str) -> Play {
    let mut play = Play::new(policy);
    play.table(table);
    play.step("end");
    assert_eq!(play.net.differences(&play.observations, &Watermarks::END, &play.policy), []);
    play
}

#[test]
fn a_car_that_waits_at_a_barrier_is_one_passage_where_the_site_says_so() {
    play(
        policy(90, &[]),
        "e1 10:00:00 |
         x1 11:00:00 | session e1-x1
         x2 11:00:30 |
         x3 11:01:55 |
         x4 11:03:26 |
         both to 12:00 | unmatched x4",
    );
    play(
        policy(20, &[("north", 90)]),
        "e1 10:00:00 north |
         e2 10:01:00 north |
         e3 12:00:00 |
         e4 12:01:00 |
         both to 13:00 | missed e1, missed e3",
    );
}

#[test]
fn the_lane_counts_before_the_place() {
    let place = |text: &str| PlaceName::parse(text).unwrap();
    let lane = |text: &str| LaneName::parse(text).unwrap();
    let mut policy = policy(20, &[("north", 90)]);
    policy.re_reads.lanes.insert((place("north"), lane("fast")), TimeDelta::seconds(5));
    let of = |at: &str, by: Option<&str>| {
        policy.re_reads.of(&place(at), by.map(lane).as_ref()).num_seconds()
    };
    assert_eq!(of("north", Some("fast")), 5);
    assert_eq!(of("north", Some("slow")), 90);
    assert_eq!(of("north", None), 90);
    assert_eq!(of("main", Some("fast")), 20, "a lane is of its place");
}

#[test]
fn a_change_of_the_setting_does_not_rewrite_the_past() {
    let mut play = Play::new(policy(90, &[]));
    play.table(
        "x1 10:00:00 |
                x2 10:01:00 |",
    );
    play.policy = policy(20, &[]);
    play.table("both to 11:00 | unmatched x1");
    play.table(
        "x3 12:00:00 |
                x4 12:01:00 |
                both to 13:00 | unmatched x3, unmatched x4",
    );
    assert_eq!(play.step("e9 09:00"), "repaired x1, session e9-x1 (repaired)");
}

#[test]
fn a_folded_passage_reaches_as_far_as_its_reads_did() {
    let policy = Policy { observations_max: 16, ..policy(90, &[]) };
    let mut play = Play::new(policy);
    play.step("e0 08:00");
    for n in 1..=40 {
        let read = format!(
            "{n}x {}",
            at("10:00").checked_add_signed(TimeDelta::seconds(60 * n)).unwrap().format("%H:%M:%S")
        );
        play.step(&read);
    }
    play.step("both to 12:00");
    assert_eq!(play.exceptions().len(), 0, "one passage of forty minutes");
    assert!(play.record.observations().len() <= 16);
    assert_eq!(play.step("99x 10:41:29"), "", "within the time of the last read that was folded");
    assert_eq!(play.step("98x 10:43:00"), "");
    assert_eq!(play.step("both to 12:00"), "unmatched 98x");
}
