use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn never(_: NaiveDate) -> bool {
    false
}

const CALENDAR: Calendar<'static> = Calendar { zone: chrono_tz::UTC, is_holiday: &never };

/// Monday, 2 March 2026.
fn monday() -> DateTime<Utc> {
    at("2026-03-02T00:00:00Z")
}

/// A client who comes at a quarter past eight on workdays, for some weeks.
fn commuter(weeks: i64) -> Habit {
    let mut habit = Habit::new();
    for day in 0..weeks * 7 {
        if day % 7 < 5 {
            let minutes = 8 * 60 + 15 + (day * 7 % 20) - 10;
            habit.observe(&CALENDAR, monday() + TimeDelta::days(day) + TimeDelta::minutes(minutes));
        }
    }
    habit
}

fn within(habit: &Habit, now: DateTime<Utc>, quarters: usize) -> f64 {
    habit.chances(&CALENDAR, &PlaceHours::default(), now, quarters).unwrap().within(quarters)
}

#[test]
fn a_commuter_is_expected_before_he_comes_and_hardly_after() {
    let habit = commuter(6);
    let next = monday() + TimeDelta::days(42);
    assert!(within(&habit, next + TimeDelta::hours(8), 2) > 0.7);
    assert!(within(&habit, next + TimeDelta::hours(5), 2) < 0.05);
    // The longer he does not come, the less he will.
    assert!(within(&habit, next + TimeDelta::hours(10), 8) < 0.3);
    // And on Saturdays he does not.
    assert!(within(&habit, next + TimeDelta::days(5) + TimeDelta::hours(8), 2) < 0.1);
}

#[test]
fn who_has_come_is_not_expected_again_until_the_next_day() {
    let mut habit = commuter(6);
    let next = monday() + TimeDelta::days(42);
    assert!(habit.observe(&CALENDAR, next + TimeDelta::minutes(485)));
    assert!(!habit.observe(&CALENDAR, next + TimeDelta::minutes(600)), "a second visit");
    let now = next + TimeDelta::minutes(610);
    let chances = habit.chances(&CALENDAR, &PlaceHours::default(), now, 96).unwrap();
    assert!(chances.has_come);
    assert!(chances.within(30) < 1e-9);
    let likeliest = chances.likeliest().unwrap();
    assert!(likeliest.is_next_day && likeliest.at < next + TimeDelta::hours(33));
    assert!(chances.explain().contains("has come already today"), "{}", chances.explain());
}

#[test]
fn a_client_on_holiday_is_not_expected_and_not_forgotten() {
    let mut habit = commuter(8);
    let eight = |day: i64| monday() + TimeDelta::days(day) + TimeDelta::hours(8);
    let before = within(&habit, eight(56), 2);
    // He is away for two weeks.
    let away = within(&habit, eight(69), 2);
    assert!(away < before / 3.0, "{before} {away}");
    habit.observe(&CALENDAR, eight(70) + TimeDelta::minutes(12));
    let back = within(&habit, eight(71), 2);
    assert!(back > before * 0.85, "{before} {back}");
}

#[test]
fn of_a_new_client_the_hours_of_the_place_are_expected() {
    let mut place = PlaceHours::default();
    for day in 0..5 {
        for minutes in [540, 545, 550, 560] {
            place.observe(&CALENDAR, monday() + TimeDelta::days(day) + TimeDelta::minutes(minutes));
        }
    }
    let mut habit = Habit::new();
    habit.observe(&CALENDAR, monday() + TimeDelta::minutes(480));
    let said = |hour: i64| {
        let now = monday() + TimeDelta::days(1) + TimeDelta::hours(hour);
        habit.chances(&CALENDAR, &place, now, 4).unwrap().within(4)
    };
    assert!(said(9) > 2.0 * said(14), "the place's: {} {}", said(9), said(14));
    assert!(said(8) > 2.0 * said(14), "his own: {} {}", said(8), said(14));
}

#[test]
fn a_new_habit_is_learned_and_the_old_one_forgotten() {
    let mut habit = commuter(8);
    // From now on he comes at one in the afternoon.
    for day in 56..77 {
        if day % 7 < 5 {
            habit.observe(&CALENDAR, monday() + TimeDelta::days(day) + TimeDelta::hours(13));
        }
    }
    let next = monday() + TimeDelta::days(77);
    let old = within(&habit, next + TimeDelta::hours(8), 2);
    let new = within(&habit, next + TimeDelta::minutes(12 * 60 + 45), 2);
    assert!(new > 0.5 && old < new / 2.0, "{old} {new}");
}

#[test]
fn chances_are_chances_and_hazards_never_below_them() {
    for habit in [Habit::new(), commuter(1), commuter(5)] {
        for hours in [0, 7, 8, 9, 23] {
            let now = monday() + TimeDelta::days(36) + TimeDelta::hours(hours);
            let chances = habit.chances(&CALENDAR, &PlaceHours::default(), now, 96).unwrap();
            let mut sums = [0.0, 0.0];
            for quarter in &chances.quarters {
                assert!((0.0..=1.0).contains(&quarter.chance));
                assert!(quarter.hazard >= quarter.chance - 1e-12);
                sums[usize::from(quarter.is_next_day)] += quarter.chance;
            }
            assert!(sums.iter().all(|sum| *sum <= 1.0 + 1e-9), "{sums:?}");
        }
    }
}

#[test]
fn what_cannot_be_said_is_refused_with_the_reason() {
    let habit = commuter(1);
    let ask = |now, quarters| {
        let said = habit.chances(&CALENDAR, &PlaceHours::default(), now, quarters);
        said.unwrap_err().to_string()
    };
    assert!(ask(monday() + TimeDelta::days(9), 97).contains("97"));
    assert!(ask(monday(), 4).contains("ask for a later moment"));
}

#[test]
fn a_habit_that_was_kept_goes_on_as_if_it_had_not() {
    let habit = commuter(3);
    let kept = serde_json::to_string(&habit).unwrap();
    let back: Habit = serde_json::from_str(&kept).unwrap();
    let now = monday() + TimeDelta::days(22);
    for hours in 0..24 {
        let now = now + TimeDelta::hours(hours);
        let (back, habit) = (within(&back, now, 4), within(&habit, now, 4));
        assert!((back - habit).abs() < 1e-9, "{back} {habit}");
    }
    assert!(kept.len() < 4_000, "{} bytes", kept.len());
}
