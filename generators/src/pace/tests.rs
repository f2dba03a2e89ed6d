use std::time::Duration;

use tokio::time::Instant;

use super::Pace;

/// Sleeps as told for `seconds` at `rate`, and counts the turns.
fn turns(pace: &mut Pace, now: &mut Instant, rate: f64, seconds: u64) -> u64 {
    let end = *now + Duration::from_secs(seconds);
    let mut turns = 0;
    loop {
        pace.advance(*now, rate);
        while pace.take() {
            turns += 1;
        }
        let wake = *now + pace.sleep(rate);
        if wake > end {
            *now = end;
            return turns;
        }
        *now = wake;
    }
}

#[test]
fn turns_come_at_the_rate_whatever_it_is() {
    for rate in [0.5, 1.0, 3.0, 7.3, 999.0, 20_000.0] {
        let mut now = Instant::now();
        let counted = turns(&mut Pace::new(now), &mut now, rate, 100) as f64;
        assert!((counted - rate * 100.0).abs() <= (rate / 500.0).max(1.0), "{counted} at {rate}");
    }
}

#[test]
fn the_first_turn_is_due_at_once_and_at_rate_zero_no_other_comes() {
    let mut now = Instant::now();
    let mut pace = Pace::new(now);
    assert!(pace.is_due());
    assert_eq!(turns(&mut pace, &mut now, 0.0, 1000), 1);
    assert!((turns(&mut pace, &mut now, 10.0, 10) as f64 - 100.0).abs() <= 1.0);
}

#[test]
fn turns_that_nobody_takes_are_dropped_beyond_a_second_of_them() {
    let begun_at = Instant::now();
    let mut pace = Pace::new(begun_at);
    let dropped = pace.advance(begun_at + Duration::from_mins(1), 10.0);
    assert_eq!(dropped, 591, "of 1 and 600 ten are owed");
    let taken = std::iter::from_fn(|| pace.take().then_some(())).count();
    assert_eq!(taken, 10);
    assert_eq!(pace.advance(begun_at + Duration::from_secs(61), 0.1), 0);
}

#[test]
fn in_a_rest_nothing_falls_due() {
    let begun_at = Instant::now();
    let mut pace = Pace::new(begun_at);
    assert!(pace.take());
    let later = begun_at + Duration::from_hours(1);
    pace.rest(later);
    pace.advance(later, 1000.0);
    assert!(!pace.is_due());
}

#[test]
fn a_sleep_is_never_so_long_that_a_change_of_the_rate_is_slept_through() {
    let pace = Pace { owed: 0.0, reckoned_at: Instant::now() };
    assert_eq!(pace.sleep(0.0), Duration::from_secs(1));
    assert_eq!(pace.sleep(0.001), Duration::from_secs(1));
    assert_eq!(pace.sleep(4.0), Duration::from_millis(250));
    assert_eq!(pace.sleep(1e9), Duration::from_millis(1));
}
