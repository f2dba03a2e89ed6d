//! Days that are not like others, and feeds that are silent: recognised, and not learned.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod place;

use chrono::{DateTime, TimeDelta, Utc};
use forecasts::backtest::Value;
use forecasts::{DayWas, Heard, Occupancy, Slot};
use place::{CALENDAR, Place, day};

/// Four weeks, then what is done to the days from the fifth on; what became of these.
fn with(days: i64, change: impl Fn(i64, i64, f64) -> Option<f64>) -> (Occupancy, Vec<DayWas>) {
    let mut model = Occupancy::new();
    let mut was = Vec::new();
    for (at, share) in Place::new(1).days(0..28 + days) {
        let (of, quarter) = place_of(at);
        let share = if of < 28 { Some(share) } else { change(of - 28, quarter, share) };
        let Some(share) = share else { continue };
        if let Heard::NewDay(judged) = model.observe(&CALENDAR, at, share)
            && of > 28
        {
            was.push(judged);
        }
    }
    was.extend(model.begin(&CALENDAR, day(28 + days).date_naive()));
    (model, was)
}

fn place_of(at: DateTime<Utc>) -> (i64, i64) {
    let minutes = (at - day(0)).num_minutes();
    (minutes / 1440, minutes % 1440 / 15)
}

/// What is usual at noon of a day.
fn noon(model: &Occupancy, of: i64) -> f64 {
    usual(model, of, 12)
}

fn usual(model: &Occupancy, of: i64, hour: i64) -> f64 {
    let slot = Slot::nearest(day(of) + TimeDelta::hours(hour));
    model.usual(&CALENDAR, slot).unwrap().share()
}

#[test]
fn days_like_others_are_learned() {
    let (model, was) = with(7, |_, _, share| Some(share));
    assert_eq!(was, [DayWas::Ordinary; 7]);
    assert_eq!(model.days(), 35);
}

#[test]
fn a_closed_day_is_recognised_and_not_learned() {
    let (before, _) = with(0, |_, _, share| Some(share));
    let (model, was) = with(1, |_, _, _| Some(0.01));
    assert_eq!(was, [DayWas::Closed]);
    assert_eq!(model.days(), 28);
    // Of a day of which nothing was seen yet, nothing is said; of one that looks closed, that it does.
    let said = model.forecast(&CALENDAR, day(29), 4, 0.8).unwrap();
    assert_eq!((said.today, said.explain().as_str()), (None, ""));
    let mut closed = before.clone();
    for quarter in 0..56 {
        closed.observe(&CALENDAR, day(28) + TimeDelta::minutes(15 * quarter), 0.01);
    }
    let said = closed.forecast(&CALENDAR, day(28) + TimeDelta::hours(14), 4, 0.8).unwrap();
    assert_eq!(said.explain(), "It looks closed today.");
    assert!((noon(&model, 35) - noon(&before, 35)).abs() < 0.005);
    // A place that stays closed is one that is.
    let (model, was) = with(5, |_, _, _| Some(0.01));
    assert_eq!(was[2..], [DayWas::NewNormal; 3], "{was:?}");
    assert!(noon(&model, 39) < noon(&before, 39) - 0.15);
}

#[test]
fn a_fair_is_recognised_and_not_learned_unless_it_stays() {
    let (before, _) = with(0, |_, _, share| Some(share));
    // Half of what is usually free is taken, all night long.
    let fair = |share: f64| 0.5 + share / 2.0;
    let (model, was) = with(2, |of, _, share| Some(if of == 0 { fair(share) } else { share }));
    assert_eq!(was, [DayWas::Odd, DayWas::Ordinary]);
    assert!((usual(&model, 35, 3) - usual(&before, 35, 3)).abs() < 0.03);
    let (model, was) = with(4, |_, _, share| Some(fair(share)));
    assert_eq!(was[..2], [DayWas::Odd, DayWas::NewNormal], "{was:?}");
    let (then, now) = (usual(&before, 39, 3), usual(&model, 39, 3));
    assert!(now > then + 0.1, "{then} {now}");
}

#[test]
fn a_feed_that_stands_still_is_not_learned_and_not_believed() {
    let (before, _) = with(0, |_, _, share| Some(share));
    // From half past seven on it repeats itself.
    let (model, was) = with(1, |_, quarter, share| Some(if quarter < 30 { share } else { 0.25 }));
    assert_eq!(was, [DayWas::Silent]);
    assert!((noon(&model, 35) - noon(&before, 35)).abs() < 0.005);

    let mut model = before.clone();
    let values: Vec<Value> = Place::new(9).days(28..29);
    for (at, share) in &values[..48] {
        let (_, quarter) = place_of(*at);
        model.observe(&CALENDAR, *at, if quarter < 30 { *share } else { 0.25 });
    }
    let now = values[47].0;
    let said = model.forecast(&CALENDAR, now, 4, 0.8).unwrap();
    assert!(said.is_silent && said.explain().contains("taken to be silent"), "{said:?}");
    let usual = noon(&model, 28);
    assert!((said.points[0].share - usual).abs() < 0.15, "{} {usual}", said.points[0].share);
    // One that is trusted is believed.
    let trusted = {
        let mut model = Occupancy::new().trusting();
        Place::new(1).days(0..28).iter().for_each(|(at, share)| {
            model.observe(&CALENDAR, *at, *share);
        });
        for (at, share) in &values[..48] {
            let (_, quarter) = place_of(*at);
            model.observe(&CALENDAR, *at, if quarter < 30 { *share } else { 0.25 });
        }
        model.forecast(&CALENDAR, now, 4, 0.8).unwrap()
    };
    assert!(!trusted.is_silent && trusted.points[0].share < 0.4, "{trusted:?}");
}

#[test]
fn a_value_of_the_evening_that_comes_again_in_the_morning_is_no_news() {
    let (mut model, _) = with(0, |_, _, share| Some(share));
    // The last value of the day is that of four in the afternoon, and it comes again at eight.
    let values = Place::new(9).days(28..30);
    for (at, share) in &values[..65] {
        model.observe(&CALENDAR, *at, *share);
    }
    let stale = values[64].1;
    let morning = day(29) + TimeDelta::hours(8);
    model.observe(&CALENDAR, morning, stale);
    let said = model.forecast(&CALENDAR, morning, 1, 0.8).unwrap();
    assert!(said.is_silent, "{said:?}");
    let usual = model.usual(&CALENDAR, Slot::nearest(morning)).unwrap().share();
    assert!(
        (said.points[0].share - usual).abs() < 0.12,
        "{} {usual} {stale}",
        said.points[0].share
    );
    // What comes then is news again.
    model.observe(&CALENDAR, morning + TimeDelta::minutes(15), usual + 0.05);
    let said = model.forecast(&CALENDAR, morning + TimeDelta::minutes(15), 1, 0.8).unwrap();
    assert!(!said.is_silent, "{said:?}");
}

#[test]
fn a_place_that_is_still_at_night_or_full_is_not_silent() {
    // Nobody comes or goes for hours, where that is usual; and a full place is full.
    let (_, was) = with(3, |_, quarter, share| {
        Some(match quarter {
            0..=20 => 0.0825,
            40..=56 => 1.0,
            _ => share,
        })
    });
    assert!(!was.contains(&DayWas::Silent), "{was:?}");
}

#[test]
fn a_silence_of_days_is_a_gap_and_no_more() {
    let (before, _) = with(0, |_, _, share| Some(share));
    let (model, was) = with(10, |of, _, share| (of >= 9).then_some(share));
    assert_eq!(was, [DayWas::Ordinary; 2], "the day before the gap, and the one behind it");
    assert_eq!(model.days(), 29);
    assert!((noon(&model, 42) - noon(&before, 42)).abs() < 0.05);
}

#[test]
fn what_is_late_or_no_number_is_not_heard() {
    let (mut model, _) = with(0, |_, _, share| Some(share));
    let before = model.clone();
    assert_eq!(model.observe(&CALENDAR, day(27), 0.9), Heard::Late);
    assert_eq!(model.observe(&CALENDAR, day(28), f64::NAN), Heard::NoNumber);
    assert_eq!(model, before);
    // Of several values of one quarter the last one stays.
    model.observe(&CALENDAR, day(28), 0.3);
    assert_eq!(model.observe(&CALENDAR, day(28) + TimeDelta::minutes(2), 7.0), Heard::Newest);
    assert_eq!(model.newest(), Some((Slot::nearest(day(28)), 1.0)));
}
