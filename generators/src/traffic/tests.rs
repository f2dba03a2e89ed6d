use std::time::Duration;

use chrono::{DateTime, TimeDelta};

use super::{CAMPUS_ENTRIES, RateIsGiven, Traffic};
use crate::dice::{Dice, Stream};
use crate::{Options, Profile};

const DRAWS: usize = 100_000;

fn campus(speed: f64, start_hour: u32) -> Traffic {
    let options = Options { profile: Profile::Campus, speed, start_hour, ..Options::default() };
    Traffic::new(&options, DateTime::UNIX_EPOCH)
}

/// The stays in ascending order, in seconds.
fn stays(traffic: &Traffic) -> Vec<f64> {
    let mut dice = Dice::new(1, Stream::Entries);
    let mut stays: Vec<_> = (0..DRAWS).map(|_| traffic.dwell(&mut dice).as_secs_f64()).collect();
    stays.sort_by(f64::total_cmp);
    stays
}

fn assert_near(value: f64, expected: f64) {
    assert!((value / expected - 1.0).abs() < 0.03, "{value} instead of {expected}");
}

#[test]
fn half_of_the_steady_stays_are_shorter_than_the_median_and_none_is_outside() {
    let stays = stays(&Traffic::new(&Options::default(), DateTime::UNIX_EPOCH));
    assert_near(stays[0], 2.0);
    assert_near(stays[DRAWS / 2], 4.0);
    assert_near(stays[DRAWS - 1], 10.0);
    assert!(stays[0] >= 2.0 && stays[DRAWS - 1] <= 10.0);
}

#[test]
fn a_campus_has_the_entries_of_its_curve_hour_by_hour() {
    // An hour passes in a minute.
    let traffic = campus(60.0, 7);
    let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
    assert_near(traffic.entry_rate(at(0)), 317.0 / 60.0);
    assert_near(traffic.entry_rate(at(59)), 317.0 / 60.0);
    assert_near(traffic.entry_rate(at(60)), 365.0 / 60.0);
    assert_near(traffic.entry_rate(at(17 * 60)), 12.0 / 60.0);
    let day: f64 = (0..24 * 60).map(|second| traffic.entry_rate(at(second))).sum();
    assert_near(day, CAMPUS_ENTRIES.iter().sum());
    assert_near(traffic.entry_rate(at(1000 * 24 * 60)), 317.0 / 60.0);
}

#[test]
fn a_campus_mixes_visitors_and_staff_at_the_chosen_speed() {
    let stays = stays(&campus(60.0, 7));
    // Simulated minutes, so that the figures of the logs can be seen.
    let share_up_to =
        |minutes: f64| stays.partition_point(|stay| *stay <= minutes) as f64 / DRAWS as f64;
    let of_visitors_and_staff = |visitors: f64, staff: f64| f64::midpoint(visitors, staff);
    // 18 min is the visitors' median, and few of the staff leave before an hour.
    assert!((share_up_to(18.0) - of_visitors_and_staff(0.5, 0.175)).abs() < 0.02);
    // 262 min is the staff's median.
    assert!((share_up_to(262.0) - of_visitors_and_staff(0.911, 0.5)).abs() < 0.02);
    assert!(stays[0] >= 1.0 && stays[DRAWS - 1] <= 4103.0);
    let twice_as_fast = campus(120.0, 7).dwell(&mut Dice::new(1, Stream::Entries));
    let once = campus(60.0, 7).dwell(&mut Dice::new(1, Stream::Entries));
    assert_near(once.as_secs_f64(), 2.0 * twice_as_fast.as_secs_f64());
}

#[test]
fn exits_may_be_as_many_as_the_busiest_hour_has_and_the_made_up_ones_beside() {
    let steady = |rate, matched_share| {
        let options = Options { rate, matched_share, ..Options::default() };
        Traffic::new(&options, DateTime::UNIX_EPOCH).exit_rate_max()
    };
    assert_near(steady(8.0, 0.8), 12.5);
    assert_near(steady(8.0, 1.0), 10.0);
    assert_near(steady(8.0, 0.0), 8.0);
    assert!(campus(3600.0, 7).exit_rate_max() > 365.0 / 0.8);
}

#[test]
fn the_rate_can_be_set_where_no_curve_sets_it() {
    let now = DateTime::UNIX_EPOCH;
    let mut steady = Traffic::new(&Options::default(), now);
    assert_eq!(steady.set_rate(17.0), Ok(()));
    assert_near(steady.entry_rate(now), 17.0);
    assert_eq!(campus(60.0, 7).set_rate(17.0), Err(RateIsGiven));
}

#[test]
fn the_extremes_of_chance_are_the_ends_of_the_quantiles() {
    let quantiles = [(0.0, 1.0), (0.5, 10.0), (1.0, 100.0)];
    assert_eq!(super::quantile(&quantiles, 0.0), Duration::from_secs(1));
    assert_eq!(super::quantile(&quantiles, 0.25), Duration::from_secs_f64(10_f64.sqrt()));
    assert_eq!(super::quantile(&quantiles, 0.5), Duration::from_secs(10));
    assert_eq!(super::quantile(&quantiles, 1.0), Duration::from_secs(100));
}
