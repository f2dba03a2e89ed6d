use chrono::NaiveDateTime;

use super::*;
use crate::rig::{at, camera, now, read, text};

fn see(read: Read, camera: Camera) -> Sighting {
    sightings(&[read], &Arc::new(camera), now()).remove(0)
}

fn observation(sighting: &Sighting) -> &Observation {
    match &sighting.fit {
        Fit::Observation(observation) => observation,
        Fit::Unfit(why) => panic!("{}", why.as_str()),
    }
}

fn final_read() -> Read {
    read("ab-12", Stage::Final, 0.9)
}

#[test]
fn a_read_becomes_an_observation_of_its_cameras_lane_and_place() {
    let sighting = see(final_read(), camera(LaneRole::Exit));
    let observation = observation(&sighting);
    assert_eq!((observation.direction, observation.plate.as_str()), (Direction::Exit, "AB12"));
    assert_eq!(observation.plate_as_read.as_ref().unwrap().0, "ab-12");
    assert_eq!(observation.place.as_str(), "north");
    assert_eq!(observation.lane.as_ref().unwrap().as_str(), "lane");
    assert_eq!((observation.at, observation.confidence), (sighting.at, Some(0.9)));
    assert_eq!(sighting.delay, Some(TimeDelta::seconds(1)));
    let json = domain::wire::observation_to_json(observation);
    let back = domain::wire::parse_observation(json.as_bytes(), now()).unwrap();
    assert_eq!(&back, observation);
}

#[test]
fn a_direction_decides_where_the_lane_is_two_way_and_nowhere_else() {
    let kinds = |role, approaching| {
        [
            None,
            Some(Heading::In),
            Some(Heading::Out),
            Some(Heading::Approaching),
            Some(Heading::Leaving),
        ]
        .map(|direction| {
            let camera = Camera { approaching, ..camera(role) };
            match see(Read { direction, ..final_read() }, camera).fit {
                Fit::Observation(observation) => Some(observation.direction),
                Fit::Unfit(why) => {
                    assert_eq!(why, Unfit::NoDirection);
                    None
                }
            }
        })
    };
    let (entry, exit) = (Some(Direction::Entry), Some(Direction::Exit));
    assert_eq!(kinds(LaneRole::Entry, None), [entry; 5]);
    assert_eq!(kinds(LaneRole::Exit, None), [exit; 5]);
    assert_eq!(kinds(LaneRole::Both, None), [None, entry, exit, None, None]);
    assert_eq!(kinds(LaneRole::Both, entry), [None, entry, exit, entry, exit]);
    assert_eq!(kinds(LaneRole::Both, exit), [None, entry, exit, exit, entry]);
}

#[test]
fn what_is_no_plate_or_too_unsure_is_no_observation() {
    let fit = |read: Read| see(read, Camera { min_confidence: 0.5, ..camera(LaneRole::Entry) }).fit;
    let unfit = |why| Fit::Unfit(why);
    assert_eq!(fit(read("", Stage::Final, 0.9)), unfit(Unfit::Unread));
    for none in ["?", "-", "A", "<noplate>", "entry_plates"] {
        assert_eq!(fit(read(none, Stage::Final, 0.9)), unfit(Unfit::Unread), "{none}");
    }
    assert_eq!(fit(read("AB12", Stage::Final, 0.49)), unfit(Unfit::LowConfidence));
    for confidence in [Some(0.5), None] {
        assert!(matches!(fit(Read { confidence, ..final_read() }), Fit::Observation(_)));
    }
}

#[test]
fn a_message_that_is_sent_again_has_the_same_id_and_another_visit_another() {
    let id = |read: Read, camera: Camera| observation(&see(read, camera)).id.clone();
    let entry = || camera(LaneRole::Entry);
    let first = id(final_read(), entry());
    assert_eq!(id(final_read(), entry()), first);
    let later = CapturedAt::Instant(at("2026-06-02T08:00:00Z"));
    let of_tomorrow = id(Read { at: later, ..final_read() }, entry());
    assert_ne!(of_tomorrow, first, "a camera that counts its events anew each day");
    let elsewhere = Camera { name: domain::CameraName::parse("other").unwrap(), ..entry() };
    assert_ne!(id(final_read(), elsewhere), first);
    let eventless = || Read { event: None, ..final_read() };
    assert_eq!(id(eventless(), entry()), id(Read { plate: text("AB 12"), ..eventless() }, entry()));
    assert_ne!(id(eventless(), entry()), id(Read { plate: text("AB 13"), ..eventless() }, entry()));
}

#[test]
fn a_local_time_keeps_its_id_when_it_comes_again_in_the_other_of_two_hours() {
    let local: NaiveDateTime = "2026-10-25T02:30:00".parse().unwrap();
    let read = Read { at: CapturedAt::Local(local), ..final_read() };
    let seen = |received: &str| {
        let camera = Arc::new(camera(LaneRole::Entry));
        sightings(std::slice::from_ref(&read), &camera, at(received)).remove(0)
    };
    let (first, again) = (seen("2026-10-25T00:30:01Z"), seen("2026-10-25T01:30:01Z"));
    assert_eq!(again.at - first.at, TimeDelta::hours(1));
    assert_eq!(observation(&first).id, observation(&again).id);
}

#[test]
fn several_plates_of_one_message_are_several_passages() {
    let reads = [read("AB12", Stage::Final, 0.9), read("CD34", Stage::Final, 0.9)];
    let seen = sightings(&reads, &Arc::new(camera(LaneRole::Entry)), now());
    assert_ne!(seen[0].key, seen[1].key);
    assert_ne!(observation(&seen[0]).id, observation(&seen[1]).id);
}

#[test]
fn a_plate_beats_none_a_final_read_a_preview_and_the_surer_the_less_sure() {
    let order = [
        read("", Stage::Final, 0.99),
        read("AB12", Stage::Final, 0.1),
        read("AB13", Stage::New, 0.6),
        read("AB14", Stage::Update, 0.8),
        read("AB15", Stage::Final, 0.5),
        read("AB16", Stage::Final, 0.7),
    ];
    let camera = Arc::new(Camera { min_confidence: 0.3, ..camera(LaneRole::Entry) });
    for (worse, better) in order.iter().zip(&order[1..]) {
        let [worse, better] =
            [worse, better].map(|r| sightings(std::slice::from_ref(r), &camera, now()).remove(0));
        assert!(better.is_better_than(&worse) && !worse.is_better_than(&better), "{better:?}");
    }
}

#[test]
fn what_tells_nothing_of_the_clock_has_no_delay() {
    let late = Read { is_late_upload: true, ..final_read() };
    assert_eq!(see(late, camera(LaneRole::Entry)).delay, None);
    let timeless = see(Read { at: CapturedAt::Missing, ..final_read() }, camera(LaneRole::Entry));
    assert_eq!((timeless.delay, timeless.at), (None, now()));
}

#[test]
fn no_debug_text_shows_a_plate() {
    let sighting = see(final_read(), camera(LaneRole::Entry));
    let shown = format!("{sighting:?}");
    assert!(!shown.contains("AB12") && !shown.contains("ab-12"), "{shown}");
}
