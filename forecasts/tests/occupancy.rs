//! How full a place will be, on a simulated one of which the truth is known.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod place;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use forecasts::backtest::{CERTAINTIES, Scored, Value, blind, mean_error, walk};
use forecasts::{Calendar, Forecast, NoForecast, Occupancy, Slot};
use place::{CALENDAR, Place, at, day};

fn grown(values: &[Value]) -> Occupancy {
    let mut model = Occupancy::new();
    for (at, share) in values {
        model.observe(&CALENDAR, *at, *share);
    }
    model
}

fn forecast(model: &Occupancy, now: DateTime<Utc>, quarters: usize) -> Forecast {
    model.forecast(&CALENDAR, now, quarters, 0.8).unwrap()
}

/// What is expected for an instant.
fn said(forecast: &Forecast, at: DateTime<Utc>) -> f64 {
    forecast.points.iter().find(|point| point.at == at).unwrap().share
}

#[test]
fn it_is_better_than_what_needs_no_model() {
    let values = Place::new(1).days(0..56);
    let walked = walk(Occupancy::new(), &CALENDAR, &values, day(42), 16).unwrap();
    for quarters in [2, 4, 8, 16] {
        let scored: Vec<&Scored> =
            walked.iter().filter(|s| s.target.since(s.origin) == quarters).collect();
        let model = mean_error(scored.iter().map(|s| (s.said, s.seen))).unwrap();
        for baseline in 0..4 {
            let simple = scored.iter().filter_map(|s| Some((s.baselines[baseline]?, s.seen)));
            let simple = mean_error(simple).unwrap();
            assert!(model < 0.97 * simple, "{quarters} {baseline}: {model} {simple}");
        }
    }
    let week = blind(Occupancy::new(), &CALENDAR, &values, day(49), 7 * 96).unwrap();
    let model = mean_error(week.iter().map(|s| (s.said, s.seen))).unwrap();
    let last = mean_error(week.iter().filter_map(|s| Some((s.baselines[1]?, s.seen)))).unwrap();
    assert!(model < 0.9 * last, "{model} {last}");
}

#[test]
fn intervals_are_right_as_often_as_they_say() {
    let mut scored = Vec::new();
    for seed in 0..4 {
        let values = Place::new(seed).days(0..70);
        scored.extend(walk(Occupancy::new(), &CALENDAR, &values, day(42), 16).unwrap());
    }
    for quarters in [1, 2, 5, 8, 16] {
        let of: Vec<&Scored> =
            scored.iter().filter(|s| s.target.since(s.origin) == quarters).collect();
        for (index, certainty) in CERTAINTIES.into_iter().enumerate() {
            let covered = of.iter().filter(|s| s.is_covered(index)).count() as f64;
            let part = covered / of.len() as f64;
            assert!((part - certainty).abs() < 0.03, "{quarters} {certainty}: {part}");
        }
    }
}

#[test]
fn nothing_is_learned_from_what_comes_after_the_moment_of_the_forecast() {
    let values = Place::new(2).days(0..30);
    let cut = day(25) + TimeDelta::minutes(600);
    let known = values.partition_point(|(at, _)| *at <= cut);
    // What comes is shuffled, and then all of it is another.
    let mut shuffled = values.clone();
    let mut dice = fastrand::Rng::with_seed(4);
    for index in known..shuffled.len() {
        let other = dice.usize(known..shuffled.len());
        let share = shuffled[index].1;
        shuffled[index].1 = shuffled[other].1;
        shuffled[other].1 = 1.0 - share;
    }
    assert_ne!(values, shuffled);
    let walked = |values: &[Value]| {
        let scored = walk(Occupancy::new(), &CALENDAR, values, day(20), 16).unwrap();
        let until = scored.into_iter().filter(|s| s.origin <= Slot::nearest(cut));
        until.map(|s| (s.origin, s.target, s.said, s.intervals, s.baselines)).collect::<Vec<_>>()
    };
    let (truth, altered) = (walked(&values), walked(&shuffled));
    assert!(truth.len() > 1_000);
    assert_eq!(truth, altered);
    // And the forecast of a week of them.
    let week = |values: &[Value]| {
        let scored = blind(Occupancy::new(), &CALENDAR, values, cut, 400).unwrap();
        scored.into_iter().map(|s| (s.target, s.said, s.intervals)).collect::<Vec<_>>()
    };
    assert_eq!(week(&values), week(&shuffled));
    // Asked for a moment before its last value, a model refuses.
    let refused = grown(&values).forecast(&CALENDAR, cut, 4, 0.8).unwrap_err();
    assert!(matches!(refused, NoForecast::Past { .. }), "{refused}");
}

#[test]
fn what_was_kept_and_read_back_goes_on_the_same() {
    let values = Place::new(3).days(0..20);
    let (first, rest) = values.split_at(values.len() / 2 + 17);
    let mut model = grown(first);
    let kept = serde_json::to_string(&model).unwrap();
    let mut back: Occupancy = serde_json::from_str(&kept).unwrap();
    for (at, share) in rest {
        model.observe(&CALENDAR, *at, *share);
        back.observe(&CALENDAR, *at, *share);
    }
    let (back, model) = (forecast(&back, day(20), 96), forecast(&model, day(20), 96));
    for (back, model) in back.points.iter().zip(&model.points) {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(back.share, model.share) && near(back.low, model.low), "{back:?} {model:?}");
        assert!(near(back.high, model.high), "{back:?} {model:?}");
    }
    // The history does not stay: what is kept does not grow.
    let later = serde_json::to_string(&grown(&Place::new(3).days(0..60))).unwrap();
    assert!(later.len() < 150_000, "{} bytes", later.len());
    assert!(later.len() < kept.len() * 3 / 2, "{} {}", kept.len(), later.len());
    // What is not of this version is refused.
    let cut = kept.replacen("\"spread\":{\"rows\":[", "\"spread\":{\"rows\":[{\"mood\":1.0,\"today\":{\"sum\":0.0,\"count\":0.0},\"hours\":[],\"bins\":[]},", 1);
    let refused = serde_json::from_str::<Occupancy>(&cut).unwrap_err().to_string();
    assert!(refused.contains("drop it and learn anew"), "{refused}");
}

#[test]
fn what_is_said_lies_between_empty_and_full() {
    for seed in 0..3 {
        let mut place = Place::new(seed);
        place.scale = 1.5;
        let model = grown(&place.days(0..21));
        let forecast = forecast(&model, day(21), 14 * 96);
        for point in &forecast.points {
            assert!(0.0 <= point.low && point.low <= point.share, "{point:?}");
            assert!(point.share <= point.high && point.high <= 1.0, "{point:?}");
        }
        assert!(forecast.points.iter().any(|point| point.share > 0.99), "it gets full");
    }
}

#[test]
fn it_says_when_it_will_be_full() {
    let mut place = Place::new(5);
    place.scale = 1.4;
    let values = place.days(0..43);
    let now = day(42) + TimeDelta::hours(7);
    let known = values.partition_point(|(at, _)| *at <= now);
    let model = grown(&values[..known]);
    let full = |(_, share): &&Value| *share >= 0.95;
    let truth = values[known..].iter().find(full).unwrap().0;
    let forecast = forecast(&model, now, 40);
    let fills = model.fills(&forecast, 0.95);
    let likely = fills.likely.unwrap();
    assert!((likely - truth).abs() <= TimeDelta::minutes(45), "{fills:?} {truth}");
    assert!(fills.earliest.unwrap() <= likely, "{fills:?}");
    assert!(fills.latest.is_none_or(|latest| latest >= likely), "{fills:?}");
    assert!(fills.chance > 0.5, "{fills:?}");
    // At night it will not be.
    let night = model.forecast(&CALENDAR, now, 2, 0.8).unwrap();
    let never = model.fills(&night, 0.95);
    assert!(never.likely.is_none() && never.chance < 0.1, "{never:?}");
}

#[test]
fn a_new_place_begins_with_what_similar_places_know() {
    let others: Vec<Occupancy> =
        (10..14).map(|seed| grown(&Place::new(seed).days(0..35))).collect();
    let begun = Occupancy::of_similar(others.iter().map(|other| (1.0, other)));
    let values = Place::new(20).days(35..40);
    let error = |model: Occupancy| {
        let scored = walk(model, &CALENDAR, &values, day(35), 32).unwrap();
        let far = scored.iter().filter(|s| s.target.since(s.origin) >= 16);
        mean_error(far.map(|s| (s.said, s.seen))).unwrap()
    };
    let (alone, helped) = (error(Occupancy::new()), error(begun.clone()));
    assert!(helped < 0.6 * alone, "{alone} {helped}");
    // Before anything was seen there, too.
    let first = forecast(&begun, day(35), 96);
    let noon = said(&first, day(35) + TimeDelta::hours(12));
    let night = said(&first, day(35) + TimeDelta::hours(3));
    assert!(noon > night + 0.3, "{noon} {night}");
    let nothing = Occupancy::new().forecast(&CALENDAR, day(35), 96, 0.8);
    assert_eq!(nothing, Err(NoForecast::NothingKnown));
}

#[test]
fn a_holiday_is_like_a_sunday_until_one_was_seen() {
    let holiday = |date: NaiveDate| date == day(43).date_naive();
    let calendar = Calendar { zone: chrono_tz::UTC, is_holiday: &holiday };
    let model = grown(&Place::new(6).days(0..42));
    let forecast = model.forecast(&calendar, day(42), 3 * 96, 0.8).unwrap();
    let noon = |of: i64| said(&forecast, day(of) + TimeDelta::hours(12));
    assert!(noon(43) < noon(42) - 0.2 && noon(43) < noon(44) - 0.2, "{} {}", noon(43), noon(44));
}

#[test]
fn habits_follow_the_clock_on_the_wall() {
    let never = |_: NaiveDate| false;
    let calendar = Calendar { zone: chrono_tz::Europe::Berlin, is_holiday: &never };
    // A place that is full from nine o'clock on, on the wall; the clock goes forward on 29 March.
    let mut model = Occupancy::new();
    for quarter in 0..27 * 96 {
        let at = at("2026-03-02T00:00:00Z") + TimeDelta::minutes(15 * quarter);
        let local = calendar.local(Slot::nearest(at));
        model.observe(&calendar, at, if (36..68).contains(&local.quarter) { 0.8 } else { 0.1 });
    }
    let now = at("2026-03-29T00:30:00Z");
    let forecast = model.forecast(&calendar, now, 96, 0.8).unwrap();
    for (utc, full) in [("06:45", false), ("07:00", true), ("14:45", true), ("15:00", false)] {
        let share = said(&forecast, at(&format!("2026-03-29T{utc}:00Z")));
        assert_eq!(share > 0.5, full, "{utc}: {share}");
    }
}

#[test]
fn what_cannot_be_said_is_refused_with_the_remedy() {
    let model = grown(&Place::new(1).days(0..2));
    for (quarters, certainty, words) in
        [(4, 1.0, "as 0.8"), (4, f64::NAN, "as 0.8"), (1345, 0.8, "1344, two weeks")]
    {
        let refused = model.forecast(&CALENDAR, day(3), quarters, certainty).unwrap_err();
        assert!(refused.to_string().contains(words), "{refused}");
    }
}

#[test]
fn a_forecast_says_of_what_it_was_made() {
    let place = Place::new(7).days(0..30);
    let now = day(29) + TimeDelta::hours(10);
    let known = place.partition_point(|(at, _)| *at <= now);
    let mut model = grown(&place[..known]);
    let (_, share) = place[known - 1];
    model.observe(&CALENDAR, now + TimeDelta::minutes(15), (share + 0.2).min(1.0));
    let forecast = forecast(&model, now + TimeDelta::minutes(15), 8);
    let point = &forecast.points[1];
    let made = point.made_of;
    let sum = made.usual.unwrap().share() + made.added;
    assert!((sum.clamp(0.0, 1.0) - point.share).abs() < 1e-12);
    assert!((made.left.of(made.deviation) - made.added).abs() < 1e-12);
    assert!(made.deviation.now > 0.1 && made.left.now > 0.3, "{made:?}");
    let words = point.explain();
    for expected in ["2026-03-31 10:45", "Usual on Tuesdays", "fuller than usual now", "30 minutes"]
    {
        assert!(words.contains(expected), "{words}");
    }
}

#[test]
fn how_long_a_deviation_lasts_is_learned_for_each_place() {
    // One place is fuller or emptier for whole days, another one for moments.
    let left = |of_day: f64, passing: f64| {
        let mut place = Place::new(8);
        (place.of_day, place.passing) = (of_day, passing);
        let mut model = grown(&place.days(0..35));
        for quarter in 0..=40 {
            let at = day(35) + TimeDelta::minutes(15 * quarter);
            model.observe(&CALENDAR, at, place::usual(35, quarter) + 0.1);
        }
        let now = day(35) + TimeDelta::minutes(600);
        let forecast = model.forecast(&CALENDAR, now, 8, 0.8).unwrap();
        forecast.points[7].made_of.left.now
    };
    let (lasting, passing) = (left(0.25, 0.002), left(0.0, 0.03));
    assert!(lasting > 0.75 && passing < 0.6, "{lasting} {passing}");
}
