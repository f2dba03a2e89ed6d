use std::sync::Arc;

use super::*;
use crate::camera::{Camera, LaneRole};
use crate::read::{CapturedAt, Heading, Read};
use crate::rig::{at, camera, read};
use crate::sighting::sightings;

#[test]
fn alike_is_what_one_slip_makes_of_a_plate() {
    let plate = |text| Plate::parse(text).unwrap();
    for (one, other, alike, half_alike) in [
        ("FINA1", "FINA1", true, true),
        ("FINA1", "FINB1", true, true),
        ("FINA1", "FINB2", false, true),
        ("B8KX311", "88KX3I1", true, true),
        ("B8KX311", "8KX311", true, true),
        ("B8KX311", "KX3", true, true),
        ("B8KX311", "8K", true, true),
        ("B8KX311", "MZ40U", false, false),
        ("AB12", "AB98", false, true),
        ("AB12", "A798", false, false),
        ("AB12", "XY99", false, false),
    ] {
        let (one, other) = (plate(one), plate(other));
        for (one, other) in [(&one, &other), (&other, &one)] {
            assert_eq!(is_alike(one, other), alike, "{one} {other}");
            assert_eq!(is_half_alike(one, other), half_alike, "{one} {other}");
        }
    }
}

/// The longest that anything is of one event.
const EVENTS_FOR: TimeDelta = TimeDelta::minutes(15);

/// A read of event 1 in a two-way lane, so many seconds after ten o'clock, sure and going in, with
/// `edit` made.
fn seen(seconds: i64, stage: Stage, plate: &str, edit: impl FnOnce(&mut Read)) -> Sighting {
    let at = at("2026-06-01T10:00:00Z") + TimeDelta::seconds(seconds);
    let mut read = Read {
        at: CapturedAt::Instant(at),
        direction: Some(Heading::In),
        ..read(plate, stage, 0.9)
    };
    edit(&mut read);
    let camera = Camera { min_confidence: 0.5, ..camera(LaneRole::Both) };
    sightings(&[read], &Arc::new(camera), at).remove(0)
}

/// What a read may be besides.
fn plain(_: &mut Read) {}

fn goes_out(read: &mut Read) {
    read.direction = Some(Heading::Out);
}

fn unsure(read: &mut Read) {
    read.confidence = Some(0.3);
}

fn has_key(read: &mut Read) {
    read.event_is_key = true;
}

fn names_no_time(read: &mut Read) {
    read.at = CapturedAt::Missing;
}

/// A later read, what it is besides, and whether it is of the same vehicle.
type Case = (i64, Stage, &'static str, fn(&mut Read), bool);

fn check(identity: &Identity, is_published: bool, cases: &[Case]) {
    for (seconds, stage, plate, edit, expected) in cases {
        let sighting = seen(*seconds, *stage, plate, edit);
        let is_of = identity.is_of(&sighting, is_published, EVENTS_FOR);
        assert_eq!(is_of, *expected, "{stage:?} {plate} after {seconds} s");
    }
}

#[test]
fn after_its_final_message_a_vehicle_is_gone() {
    let closed = Identity::of(&seen(0, Stage::Final, "FINA1", plain));
    check(
        &closed,
        true,
        &[
            (20, Stage::Final, "FINA1", plain, true),
            (21, Stage::Final, "FINA1", plain, false),
            (-21, Stage::Final, "FINA1", plain, false),
            (10, Stage::Final, "FINA1", goes_out, false),
            (0, Stage::Final, "FINB1", plain, false),
            (0, Stage::Final, "", plain, true),
            (1, Stage::Final, "", plain, false),
            (0, Stage::New, "FINB2", plain, true),
            (-20, Stage::New, "FINB2", plain, true),
            (-21, Stage::New, "FINA1", plain, false),
            (1, Stage::New, "FINA1", plain, false),
            (20, Stage::Update, "FINB2", plain, true),
            (21, Stage::Update, "FINA1", plain, false),
        ],
    );
    let unread = Identity::of(&seen(0, Stage::Final, "", plain));
    check(&unread, false, &[(5, Stage::Final, "", plain, false)]);
}

#[test]
fn a_senders_own_key_or_no_time_makes_one_read_of_a_plate_that_goes_the_same_way() {
    let closed = Identity::of(&seen(0, Stage::Final, "FINA1", plain));
    let minutes = |minutes| TimeDelta::minutes(minutes).num_seconds();
    for edit in [has_key as fn(&mut Read), names_no_time] {
        check(&closed, true, &[(0, Stage::Final, "FINA1", edit, true)]);
        check(&closed, true, &[(minutes(15), Stage::Final, "FINA1", edit, true)]);
        check(&closed, true, &[(minutes(15) + 1, Stage::Final, "FINA1", edit, false)]);
        check(&closed, true, &[(-minutes(15) - 1, Stage::Final, "FINA1", edit, false)]);
        check(&closed, true, &[(300, Stage::Final, "FINB2", edit, false)]);
        let out = seen(300, Stage::Final, "FINA1", |read| {
            edit(read);
            goes_out(read);
        });
        assert!(!closed.is_of(&out, true, EVENTS_FOR));
    }
    let unread = Identity::of(&seen(0, Stage::Final, "", plain));
    check(&unread, false, &[(5, Stage::Final, "", names_no_time, false)]);
}

#[test]
fn before_its_final_message_what_is_near_or_alike_is_of_it() {
    let open = Identity::of(&seen(0, Stage::New, "B8KX311", plain));
    for is_published in [false, true] {
        check(
            &open,
            is_published,
            &[
                (20, Stage::New, "MZ40U", plain, true),
                (21, Stage::New, "B8KX311", plain, false),
                (-21, Stage::New, "B8KX311", plain, true),
                (20, Stage::Update, "MZ40U", plain, true),
                (21, Stage::Update, "MZ40U", plain, false),
                (300, Stage::Update, "B8KX311", plain, true),
                (300, Stage::Update, "B8KX311", goes_out, false),
                (10, Stage::Update, "B8KX311", goes_out, true),
                (300, Stage::Update, "B8KX3I1", plain, true),
                (300, Stage::Final, "B8KX3I1", plain, true),
                (300, Stage::Final, "B8KX3I1", goes_out, false),
                (300, Stage::Final, "B8KX422", plain, false),
                (300, Stage::Final, "", plain, true),
                (10, Stage::Final, "B8KX422", plain, true),
                (10, Stage::Final, "MZ40U", unsure, true),
                (10, Stage::Final, "MZ40U", plain, !is_published),
                (901, Stage::Final, "B8KX311", plain, false),
            ],
        );
    }
    let unread = Identity::of(&seen(0, Stage::New, "", plain));
    check(&unread, false, &[(300, Stage::Final, "MZ40U", plain, true)]);
}

#[test]
fn a_passage_reaches_from_its_first_message_to_its_last() {
    let mut open = Identity::of(&seen(0, Stage::New, "B8KX311", plain));
    for seconds in [300, -300, 100] {
        open.take(&seen(seconds, Stage::Update, "B8KX311", plain));
    }
    for seconds in [-321, 321] {
        check(&open, false, &[(seconds, Stage::Update, "MZ40U", plain, false)]);
    }
    for seconds in [-320, 0, 320] {
        check(&open, false, &[(seconds, Stage::Update, "MZ40U", plain, true)]);
    }
}

#[test]
fn it_goes_the_way_that_its_best_read_says_or_else_any_of_them() {
    let says_no_way = |read: &mut Read| read.direction = None;
    let mut identity = Identity::of(&seen(0, Stage::New, "FINA1", says_no_way));
    let out: Case = (300, Stage::Update, "FINA1", goes_out, true);
    check(&identity, false, &[out]);
    identity.take(&seen(1, Stage::Update, "FINA1", plain));
    check(&identity, false, &[(300, Stage::Update, "FINA1", goes_out, false)]);
    let best = seen(2, Stage::Update, "FINA1", goes_out);
    identity.take(&best);
    identity.stands_for(&best);
    check(&identity, false, &[out, (300, Stage::Update, "FINA1", plain, false)]);
}

#[test]
fn the_latest_messages_are_known_by_plate_and_time() {
    let mut identity = Identity::of(&seen(0, Stage::Update, "FINA1", plain));
    let knows = |identity: &Identity, seconds, plate| {
        identity.knows(&seen(seconds, Stage::Final, plate, plain))
    };
    assert!(knows(&identity, 0, "FINA1") && knows(&identity, 0, "fin-a1"));
    assert!(!knows(&identity, 1, "FINA1") && !knows(&identity, 0, "FINB2"));
    for seconds in (1..).take(MESSAGES_MAX - 1).chain([1]) {
        identity.take(&seen(seconds, Stage::Update, "FINA1", plain));
    }
    assert!(knows(&identity, 0, "FINA1"), "the same one again takes no room");
    identity.take(&seen(-1, Stage::Update, "FINA1", plain));
    assert!(!knows(&identity, 0, "FINA1") && knows(&identity, 1, "FINA1"));
    assert_eq!(identity.messages.len(), MESSAGES_MAX);
}
