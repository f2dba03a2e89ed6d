//! Which reads become one observation, before the actor: the rules of [`crate::identity`], over
//! every vendor that has an id of the event.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::Direction;

use super::tests::{Rig, id, last, preview};
use super::*;
use crate::Vendor;
use crate::camera::LaneRole;
use crate::read::{CapturedAt, Heading, Message, PlateText, Read};
use crate::rig::{Mood, now, text};
use crate::testing::{message, payloads};

/// The same read, so many seconds after the rig's, of that event.
fn later(seconds: i64, read: Read) -> Read {
    let at = now() - TimeDelta::seconds(1) + TimeDelta::seconds(seconds);
    Read { at: CapturedAt::Instant(at), ..read }
}

/// Every payload's first read with an event id, and whose it is, a minute before the rig's now.
fn of_every_vendor() -> Vec<(Vendor, &'static str, Read)> {
    let mut all = Vec::new();
    for payload in payloads() {
        let Ok(Message::Reads(reads)) = message(&payload.name, &[]) else { continue };
        let mut reads = reads.into_iter();
        let read = reads.find(|r| r.event.is_some() && matches!(r.plate, PlateText::Read(_)));
        let Some(read) = read else { continue };
        all.push((
            payload.vendor,
            payload.name.as_str(),
            later(-3600, Read { confidence: None, ..read }),
        ));
    }
    all
}

#[actix_rt::test]
async fn one_event_with_another_sure_plate_a_minute_later_is_two_cars_of_every_vendor() {
    let all = of_every_vendor();
    let vendors: BTreeSet<Vendor> = all.iter().map(|(vendor, ..)| *vendor).collect();
    assert!(vendors.len() >= 9, "{vendors:?}");
    tokio::time::pause();
    for (_, name, read) in all {
        for stage in [read.stage, Stage::Final] {
            let rig = Rig::again(Mood::Confirms, Options::default());
            let one = Read { plate: text("FINA1"), ..read.clone() };
            let other = later(-3540, Read { plate: text("FINB2"), stage, ..read.clone() });
            let ids = [id(rig.saw(one.clone()).await), id(rig.saw(other.clone()).await)];
            assert_ne!(ids[0], ids[1], "{name}");
            // The camera heard no answer and sends both again, in the other order.
            assert_eq!(id(rig.saw(other).await), ids[1], "{name}");
            assert_eq!(id(rig.saw(one).await), ids[0], "{name}");
            assert_eq!(rig.broker.plates(), ["FINA1", "FINB2"], "{name}");
        }
    }
}

#[actix_rt::test]
async fn the_same_message_has_the_same_id_in_the_next_process_too() {
    tokio::time::pause();
    let rig = || Rig::again(Mood::Confirms, Options::default());
    for (_, name, read) in of_every_vendor() {
        let (before, after) = (rig(), rig());
        let first = id(before.saw(read.clone()).await);
        assert_eq!(id(after.saw(read.clone()).await), first, "{name}");
        let other = Read { plate: text("FINB2"), ..read };
        assert_ne!(id(rig().saw(other).await), first, "{name}: of one instant");
    }
}

/// Reads of one event one after the other: seconds, stage, plate; and what is published of them.
type Story = (&'static str, &'static [(i64, Stage, &'static str)], &'static [&'static str]);

const STORIES: &[Story] = &[
    (
        "a new after the lost of the one before, seconds later",
        &[
            (0, Stage::New, "FINA1"),
            (6, Stage::Final, "FINA1"),
            (9, Stage::New, "FINB2"),
            (15, Stage::Final, "FINB2"),
        ],
        &["FINA1", "FINB2"],
    ),
    (
        "a new after the lost of the one before, and nothing after it",
        &[(0, Stage::New, "FINA1"), (6, Stage::Final, "FINA1"), (9, Stage::New, "FINB2")],
        &["FINA1", "FINB2"],
    ),
    (
        "the counter began anew, and the new of the next one is lost on its way",
        &[(0, Stage::New, "FINA1"), (5, Stage::Final, "FINA1"), (90, Stage::Update, "FINB2")],
        &["FINA1", "FINB2"],
    ),
    (
        "a final one follows closely under the event of the one before",
        &[(0, Stage::Final, "FINA1"), (3, Stage::Final, "FINA2")],
        &["FINA1", "FINA2"],
    ),
    (
        "the track of a car takes in quite another one behind it",
        &[(0, Stage::New, "B8KX311"), (4, Stage::Update, "B8KX311"), (9, Stage::Final, "MZ40U")],
        &["B8KX311", "MZ40U"],
    ),
    (
        "a plate is refined while the car comes nearer, and stands",
        &[
            (0, Stage::New, "8K"),
            (2, Stage::Update, "B8KX3"),
            (4, Stage::Update, "B8KX311"),
            (300, Stage::Update, "B8KX311"),
            (310, Stage::Final, "B8KX311"),
        ],
        &["8K"],
    ),
    (
        "one character is read otherwise at the end of a long wait at the barrier",
        &[(0, Stage::New, "B8KX311"), (240, Stage::Final, "B8KX3I1")],
        &["B8KX311"],
    ),
    (
        "quite another plate at the end of a long wait",
        &[(0, Stage::New, "FINA1"), (240, Stage::Final, "FINB2")],
        &["FINA1", "FINB2"],
    ),
    (
        "a preview comes after the final read, out of order",
        &[(0, Stage::New, "FINA1"), (6, Stage::Final, "FINA1"), (4, Stage::Update, "FINAI")],
        &["FINA1"],
    ),
    (
        "a new that nothing followed, and the next one's",
        &[(0, Stage::New, "FINA1"), (60, Stage::New, "FINB2"), (66, Stage::Final, "FINB2")],
        &["FINA1", "FINB2"],
    ),
    (
        "a camera that names all its events alike",
        &[
            (0, Stage::Final, "FINA1"),
            (60, Stage::Final, "FINB2"),
            (120, Stage::Final, "FINA1"),
            (180, Stage::Final, "FINB2"),
        ],
        &["FINA1", "FINB2", "FINA1", "FINB2"],
    ),
];

#[actix_rt::test]
async fn what_is_one_vehicle_and_what_is_two() {
    tokio::time::pause();
    for (story, reads, published) in STORIES {
        let rig = Rig::again(Mood::Confirms, Options::default());
        for (seconds, stage, plate) in *reads {
            let read = Read { stage: *stage, ..last(plate, 0.9) };
            id(rig.saw(later(*seconds, read)).await);
        }
        assert_eq!(rig.broker.plates(), *published, "{story}");
        let ids: BTreeSet<_> = rig.broker.taken().into_iter().map(|(_, id, _)| id).collect();
        assert_eq!(ids.len(), published.len(), "{story}: an id of its own each");
        // All of it comes again, as after an answer that was lost: nothing is published twice.
        for (seconds, stage, plate) in *reads {
            let read = Read { stage: *stage, ..last(plate, 0.9) };
            id(rig.saw(later(*seconds, read)).await);
        }
        assert_eq!(rig.broker.plates(), *published, "{story}, again");
    }
}

#[actix_rt::test]
async fn what_is_merged_away_under_another_plate_is_counted_once() {
    let rig = Rig::new(Mood::Confirms);
    id(rig.saw(preview("B8KX3", 0.6)).await);
    assert_eq!(rig.merged(), 0);
    for _ in 0..2 {
        id(rig.saw(later(3, Read { stage: Stage::Update, ..last("B8KX311", 0.9) })).await);
    }
    assert_eq!(rig.merged(), 1, "published already");
    let gathered = Rig::again(Mood::Confirms, Options::default());
    let first = gathered.send(preview("B8KX3", 0.6));
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    id(gathered.saw(later(1, last("B8KX311", 0.9))).await);
    id(first.await.unwrap());
    assert_eq!((gathered.merged(), gathered.broker.plates()), (1, vec!["B8KX311".to_owned()]));
}

#[actix_rt::test]
async fn the_same_car_the_other_way_under_the_same_event_is_another_passage() {
    let rig = Rig::of(LaneRole::Both);
    let going = |seconds, direction| {
        later(seconds, Read { direction: Some(direction), ..last("FINA1", 0.9) })
    };
    id(rig.saw(going(0, Heading::In)).await);
    id(rig.saw(going(240, Heading::Out)).await);
    let kinds: Vec<Direction> = rig.broker.taken().into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, [Direction::Entry, Direction::Exit]);
}

#[actix_rt::test]
async fn an_id_that_is_the_senders_own_key_is_one_read_whatever_time_comes_with_it() {
    let rig = Rig::new(Mood::Confirms);
    let read = |seconds, plate| later(seconds, Read { event_is_key: true, ..last(plate, 0.9) });
    let first = id(rig.saw(read(0, "FINA1")).await);
    assert_eq!(id(rig.saw(read(300, "FINA1")).await), first, "as the queues have it (R1)");
    assert_ne!(id(rig.saw(read(300, "FINB2")).await), first);
}

#[actix_rt::test]
async fn a_message_without_a_time_that_comes_again_is_the_same_read() {
    let rig = Rig::new(Mood::Confirms);
    let timeless = |plate| Read { at: CapturedAt::Missing, ..last(plate, 0.9) };
    let first = id(rig.saw_at(timeless("FINA1"), now()).await);
    let again = now() + TimeDelta::minutes(3);
    assert_eq!(id(rig.saw_at(timeless("FINA1"), again).await), first);
    assert_ne!(id(rig.saw_at(timeless("FINB2"), again).await), first);
}

#[actix_rt::test]
async fn another_car_is_not_kept_waiting_by_one_whose_answer_was_lost() {
    let rig = Rig::new(Mood::Away);
    let away = Outcome::Unavailable(Trouble::Broker(PublishError::Away));
    assert_eq!(rig.saw(last("FINA1", 0.9)).await, away);
    rig.broker.set(Mood::Confirms);
    id(rig.saw(later(60, last("FINB2", 0.9))).await);
    assert_eq!(rig.broker.plates(), ["FINB2"]);
    id(rig.saw(last("FINA1", 0.9)).await);
    assert_eq!(rig.broker.plates(), ["FINB2", "FINA1"]);
}

#[actix_rt::test]
async fn an_unread_vehicle_after_a_read_one_is_counted_for_itself() {
    let rig = Rig::new(Mood::Confirms);
    id(rig.saw(last("FINA1", 0.9)).await);
    assert_eq!(rig.saw(later(60, last("", 0.9))).await, Outcome::Unfit(Unfit::Unread));
}
