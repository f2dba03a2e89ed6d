#![expect(clippy::float_cmp, reason = "counts")]

use std::time::Duration;

use actix::Actor as _;
use domain::{Direction, Instant};
use platform::runtime::Vitals;
use prometheus::Registry;

use super::*;
use crate::camera::{Camera, LaneRole};
use crate::read::{CapturedAt, Read};
use crate::rig::{Broker, Mood, at, camera, clock, now, read};
use crate::sighting::sightings;

/// The actor before a broker in memory, time standing still.
pub(super) struct Rig {
    passages: Addr<Passages>,
    pub(super) broker: Arc<Broker>,
    camera: Arc<Camera>,
    registry: Registry,
}

impl Rig {
    pub(super) fn new(mood: Mood) -> Self {
        Self::with(mood, Options::default())
    }

    /// Of a lane of that role.
    pub(super) fn of(role: LaneRole) -> Self {
        let mut rig = Self::new(Mood::Confirms);
        rig.camera = Arc::new(Camera { role, ..Camera::clone(&rig.camera) });
        rig
    }

    fn with(mood: Mood, options: Options) -> Self {
        tokio::time::pause();
        Self::again(mood, options)
    }

    /// Another one in the same test, where time stands still already.
    pub(super) fn again(mood: Mood, options: Options) -> Self {
        let registry = Registry::new();
        let metrics = Metrics::register(&registry).unwrap();
        let camera = Camera { min_confidence: 0.5, ..camera(LaneRole::Entry) };
        let camera = Arc::new(camera);
        let monitor = Monitor::new(
            &[Arc::clone(&camera)],
            &options,
            clock(),
            metrics.clone(),
            Vitals::default().of("monitor"),
        )
        .start();
        let broker = Broker::new(mood);
        let vital = Vitals::default().of("passages");
        let passages =
            Passages::new(options, Some(broker.clone()), monitor, metrics, vital).start();
        Self { passages, broker, camera, registry }
    }

    /// Sends a read; its answer is to be waited for.
    pub(super) fn send(&self, read: Read) -> actix_rt::task::JoinHandle<Outcome> {
        self.send_at(read, now())
    }

    fn send_at(&self, read: Read, received: Instant) -> actix_rt::task::JoinHandle<Outcome> {
        let sighting = sightings(&[read], &self.camera, received).remove(0);
        let passages = self.passages.clone();
        actix_rt::spawn(async move { passages.send(Saw(sighting)).await.unwrap() })
    }

    pub(super) async fn saw(&self, read: Read) -> Outcome {
        self.send(read).await.unwrap()
    }

    pub(super) async fn saw_at(&self, read: Read, received: Instant) -> Outcome {
        self.send_at(read, received).await.unwrap()
    }

    /// Passages that ended so, by the metrics.
    fn ended(&self, outcome: &str) -> f64 {
        let families = self.registry.gather();
        let family = families.iter().find(|f| f.name() == "web_backend_camera_passages_total");
        let is_it = |m: &&prometheus::proto::Metric| {
            m.get_label().iter().any(|label| label.value() == outcome)
        };
        let metric = family.unwrap().get_metric().iter().find(is_it).unwrap();
        metric.get_counter().get_value()
    }
}

impl Rig {
    /// Reads of other plates that were taken for the published one's vehicle.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    pub(super) fn merged(&self) -> u64 {
        let families = self.registry.gather();
        let family = families.iter().find(|f| f.name() == "web_backend_camera_merged_reads_total");
        family.unwrap().get_metric()[0].get_counter().get_value() as u64
    }
}

#[track_caller]
pub(super) fn id(outcome: Outcome) -> String {
    match outcome {
        Outcome::Published(id) => id.to_string(),
        other => panic!("{other:?}"),
    }
}

pub(super) fn preview(plate: &str, confidence: f32) -> Read {
    read(plate, Stage::New, confidence)
}

pub(super) fn last(plate: &str, confidence: f32) -> Read {
    read(plate, Stage::Final, confidence)
}

/// Lets what is ready run, and a moment pass that nothing waits for.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[actix_rt::test]
async fn a_final_read_is_published_at_once_and_answered_when_the_broker_has_it() {
    let rig = Rig::new(Mood::Hangs);
    let answer = rig.send(last("AB12", 0.9));
    a_moment().await;
    assert!(!answer.is_finished(), "answered before the broker has it");
    rig.broker.set(Mood::Confirms);
    let id = id(answer.await.unwrap());
    assert_eq!(rig.broker.taken(), [(Direction::Entry, id, "AB12".to_owned())]);
    assert_eq!(rig.ended("published"), 1.0);
}

#[actix_rt::test]
async fn a_preview_waits_for_the_final_read_and_both_get_its_answer() {
    let rig = Rig::new(Mood::Confirms);
    let first = rig.send(preview("AB1Z", 0.99));
    a_moment().await;
    assert!(!first.is_finished() && rig.broker.taken().is_empty());
    let began = time::Instant::now();
    let answer = rig.saw(last("AB12", 0.7)).await;
    assert!(began.elapsed().as_millis() < 100, "nothing more is waited for");
    assert_eq!(first.await.unwrap(), answer);
    assert_eq!(rig.broker.plates(), ["AB12"], "a final read beats a surer preview");
}

#[actix_rt::test]
async fn when_no_final_read_comes_the_surest_preview_counts() {
    let rig = Rig::new(Mood::Confirms);
    let began = time::Instant::now();
    let answers =
        [preview("AB1Z", 0.6), preview("AB12", 0.8), preview("", 0.9), preview("A812", 0.7)]
            .map(|read| rig.send(read));
    for answer in answers {
        id(answer.await.unwrap());
    }
    assert_eq!(began.elapsed().as_secs(), 1, "the window");
    assert_eq!(rig.broker.plates(), ["AB12"]);
}

#[actix_rt::test]
async fn repeats_and_later_updates_make_no_second_observation() {
    let rig = Rig::new(Mood::Confirms);
    let first = id(rig.saw(preview("AB12", 0.8)).await);
    for again in [preview("AB12", 0.8), last("AB1Z", 0.9), last("AB12", 0.9), last("", 0.9)] {
        assert_eq!(id(rig.saw(again).await), first);
    }
    assert_eq!((rig.broker.taken().len(), rig.ended("published")), (1, 1.0));
    assert_eq!(rig.merged(), 1, "AB1Z, though it was sure");
}

#[actix_rt::test]
async fn an_unread_plate_is_counted_once_and_never_published() {
    let rig = Rig::new(Mood::Confirms);
    for _ in 0..3 {
        assert_eq!(rig.saw(last("", 0.9)).await, Outcome::Unfit(Unfit::Unread));
    }
    assert_eq!((rig.broker.taken().len(), rig.ended("unread")), (0, 1.0));
    let unsure = Read { event: Some("2".to_owned()), ..last("AB12", 0.4) };
    assert_eq!(rig.saw(unsure).await, Outcome::Unfit(Unfit::LowConfidence));
    assert_eq!((rig.broker.taken().len(), rig.ended("low_confidence")), (0, 1.0));
}

#[actix_rt::test]
async fn a_plate_that_is_read_after_all_is_published() {
    let rig = Rig::new(Mood::Confirms);
    assert_eq!(rig.saw(preview("", 0.9)).await, Outcome::Unfit(Unfit::Unread));
    assert_eq!(rig.saw(preview("AB12", 0.3)).await, Outcome::Unfit(Unfit::Unread));
    id(rig.saw(last("AB12", 0.8)).await);
    assert_eq!(rig.broker.plates(), ["AB12"]);
}

#[actix_rt::test]
async fn what_the_broker_does_not_take_is_sent_again_as_the_same_observation() {
    let rig = Rig::new(Mood::TakesSilently);
    let unconfirmed = Outcome::Unavailable(Trouble::Broker(PublishError::Unconfirmed));
    assert_eq!(rig.saw(preview("AB12", 0.8)).await, unconfirmed);
    rig.broker.set(Mood::Away);
    let away = Outcome::Unavailable(Trouble::Broker(PublishError::Away));
    assert_eq!(rig.saw(last("AB1Z", 0.9)).await, away);
    rig.broker.set(Mood::Confirms);
    let id = id(rig.saw(last("AB1Z", 0.9)).await);
    // The first attempt may have arrived: another plate would be a second car.
    let same = (Direction::Entry, id, "AB12".to_owned());
    assert_eq!(rig.broker.taken(), [same.clone(), same]);
    assert_eq!(rig.ended("published"), 1.0);
}

#[actix_rt::test]
async fn a_broker_that_says_nothing_is_given_up_in_time() {
    let rig = Rig::new(Mood::Hangs);
    let began = time::Instant::now();
    assert_eq!(rig.saw(last("AB12", 0.9)).await, Outcome::Unavailable(Trouble::Slow));
    assert_eq!(began.elapsed().as_secs(), Options::default().answer_within.as_secs());
}

#[actix_rt::test]
async fn an_event_is_known_for_a_while_and_in_a_bounded_number() {
    let options = Options { events_max: 2, ..Options::default() };
    let rig = Rig::with(Mood::Confirms, options);
    let of = |event: &str| Read { event: Some(event.to_owned()), ..last("AB12", 0.9) };
    for event in ["1", "2", "1", "3"] {
        id(rig.saw(of(event)).await);
    }
    assert_eq!(rig.broker.taken().len(), 3);
    id(rig.saw(of("1")).await);
    assert_eq!(rig.broker.taken().len(), 3, "heard of since, so still known");
    id(rig.saw(of("2")).await);
    assert_eq!(rig.broker.taken().len(), 4, "the one heard of longest ago went");
    tokio::time::advance(Duration::from_mins(16)).await;
    id(rig.saw(of("1")).await);
    let taken = rig.broker.taken();
    assert_eq!(
        (taken.len(), &taken[4].1),
        (5, &taken[0].1),
        "the same id: the store knows it (R1)"
    );
}

#[actix_rt::test]
async fn an_event_is_known_for_a_while_after_it_was_last_heard_of() {
    let rig = Rig::new(Mood::Confirms);
    for _ in 0..4 {
        id(rig.saw(last("AB12", 0.9)).await);
        tokio::time::advance(Duration::from_mins(10)).await;
    }
    assert_eq!(rig.broker.taken().len(), 1);
}

#[actix_rt::test]
async fn an_event_that_is_used_again_for_another_time_is_another_passage() {
    let rig = Rig::new(Mood::Confirms);
    let first = id(rig.saw(last("AB12", 0.9)).await);
    let earlier = CapturedAt::Instant(at("2026-06-01T07:00:00Z"));
    let other = id(rig.saw(Read { at: earlier, ..last("CD34", 0.9) }).await);
    assert_ne!(first, other);
    assert_eq!(rig.broker.plates(), ["AB12", "CD34"]);
}

#[actix_rt::test]
async fn two_passages_at_once_under_one_event_are_not_taken_for_one() {
    let rig = Rig::new(Mood::Confirms);
    let first = rig.send(preview("AB12", 0.9));
    a_moment().await;
    let earlier = CapturedAt::Instant(at("2026-06-01T07:00:00Z"));
    let other = || Read { at: earlier, ..last("CD34", 0.9) };
    let other = id(rig.saw(other()).await);
    assert!(!first.is_finished(), "it waits for more of its own");
    assert_ne!(id(first.await.unwrap()), other);
    assert_eq!(rig.broker.plates(), ["CD34", "AB12"]);
}

#[actix_rt::test]
async fn a_stop_publishes_what_waits_answers_it_and_takes_nothing_more() {
    let rig = Rig::new(Mood::Hangs);
    let began = time::Instant::now();
    let waiting = rig.send(preview("AB12", 0.9));
    a_moment().await;
    let stopping = actix_rt::spawn(rig.passages.send(Stop));
    a_moment().await;
    assert!(!stopping.is_finished(), "the broker has not confirmed");
    let late = Read { event: Some("2".to_owned()), ..last("CD34", 0.9) };
    assert_eq!(rig.saw(late).await, Outcome::Unavailable(Trouble::Stopping));
    rig.broker.set(Mood::Confirms);
    stopping.await.unwrap().unwrap();
    id(waiting.await.unwrap());
    assert!(began.elapsed().as_millis() < 100, "it does not wait for more of the vehicle");
    assert_eq!(rig.broker.plates(), ["AB12"]);
}

#[actix_rt::test]
async fn a_stop_with_nothing_under_way_is_immediate() {
    let rig = Rig::new(Mood::Confirms);
    id(rig.saw(last("AB12", 0.9)).await);
    rig.passages.send(Stop).await.unwrap();
}

#[actix_rt::test]
async fn who_does_not_wait_for_the_answer_loses_nothing() {
    let rig = Rig::new(Mood::Confirms);
    let gone = rig.send(preview("AB12", 0.9));
    a_moment().await;
    gone.abort();
    id(rig.saw(last("AB12", 0.9)).await);
    assert_eq!(rig.broker.plates(), ["AB12"]);
}

#[actix_rt::test]
async fn too_many_passages_at_a_time_are_told_to_come_again() {
    let rig = Rig::new(Mood::Confirms);
    let of = |event: usize| Read { event: Some(event.to_string()), ..preview("AB12", 0.9) };
    let waiting: Vec<_> = (0..UNDER_WAY_MAX).map(|event| rig.send(of(event))).collect();
    let more = rig.saw(of(UNDER_WAY_MAX)).await;
    assert_eq!(more, Outcome::Unavailable(Trouble::Busy));
    // What is under way already goes on.
    id(rig.saw(Read { event: Some("0".to_owned()), ..last("AB12", 0.9) }).await);
    for answer in waiting {
        id(answer.await.unwrap());
    }
    id(rig.saw(of(UNDER_WAY_MAX)).await);
}

#[actix_rt::test]
async fn what_is_being_published_is_published_once_and_counts_what_is_merged_once() {
    let rig = Rig::new(Mood::Hangs);
    let first = rig.send(preview("B8KX3", 0.9));
    a_moment().await;
    let decided = rig.send(Read { stage: Stage::Final, ..preview("B8KX3", 0.95) });
    a_moment().await;
    let later = CapturedAt::Instant(at("2026-06-01T10:00:05Z"));
    let others: Vec<_> = (0..2)
        .map(|_| rig.send(Read { at: later, stage: Stage::Update, ..preview("B8KX311", 0.9) }))
        .collect();
    // The time at which the preview would have been decided on.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    rig.broker.set(Mood::Confirms);
    for answer in others.into_iter().chain([first, decided]) {
        id(answer.await.unwrap());
    }
    assert_eq!((rig.broker.plates(), rig.merged()), (vec!["B8KX3".to_owned()], 1));
}

#[actix_rt::test]
async fn a_plate_that_was_read_several_times_before_the_last_read_is_merged_once() {
    let rig = Rig::new(Mood::Confirms);
    let previews = [preview("B8KX3", 0.6), preview("B8KX3", 0.7), preview("B8KX311", 0.5)];
    let previews = previews.map(|read| rig.send(read));
    a_moment().await;
    id(rig.saw(last("B8KX311", 0.9)).await);
    for answer in previews {
        id(answer.await.unwrap());
    }
    assert_eq!((rig.broker.plates(), rig.merged()), (vec!["B8KX311".to_owned()], 1));
}

#[actix_rt::test]
async fn a_passage_that_is_read_after_all_goes_by_that_plate() {
    let rig = Rig::new(Mood::Confirms);
    assert_eq!(rig.saw(preview("", 0.9)).await, Outcome::Unfit(Unfit::Unread));
    let first = id(rig.saw(last("AB12", 0.9)).await);
    let seconds_later = CapturedAt::Instant(at("2026-06-01T10:00:10Z"));
    assert_eq!(id(rig.saw(Read { at: seconds_later, ..last("AB12", 0.9) }).await), first);
}

#[actix_rt::test]
async fn a_passage_that_begins_again_waits_its_whole_time() {
    let rig = Rig::new(Mood::Confirms);
    let first = rig.send(preview("", 0.9));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(rig.saw(last("", 0.9)).await, Outcome::Unfit(Unfit::Unread));
    first.await.unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    let began = time::Instant::now();
    id(rig.saw(preview("AB12", 0.9)).await);
    assert_eq!(began.elapsed().as_secs(), 1);
}

#[actix_rt::test]
async fn what_came_to_nothing_belongs_to_what_is_read_after_all() {
    let rig = Rig::new(Mood::Confirms);
    let unsure = || preview("MZ40U", 0.3);
    assert_eq!(rig.saw(unsure()).await, Outcome::Unfit(Unfit::LowConfidence));
    let seconds_later = CapturedAt::Instant(at("2026-06-01T10:00:04Z"));
    let published = id(rig.saw(Read { at: seconds_later, ..last("B8KX311", 0.9) }).await);
    assert_eq!(id(rig.saw(unsure()).await), published, "it is sent again");
    assert_eq!(rig.broker.plates(), ["B8KX311"]);
}

#[actix_rt::test]
async fn of_two_vehicles_of_one_event_a_read_is_of_the_one_with_its_plate() {
    let rig = Rig::new(Mood::Confirms);
    let read = |seconds: i64, stage, plate| {
        let at = now() + TimeDelta::seconds(seconds);
        Read { at: CapturedAt::Instant(at), stage, ..preview(plate, 0.9) }
    };
    let one = id(rig.saw(read(0, Stage::New, "FINA1")).await);
    let other = id(rig.saw(read(60, Stage::New, "FINB2")).await);
    assert_eq!(id(rig.saw(read(62, Stage::Update, "FINA1")).await), one);
    assert_eq!(id(rig.saw(read(63, Stage::Update, "FINB2")).await), other);
    assert_eq!((rig.broker.plates().len(), rig.merged()), (2, 0));
}

#[actix_rt::test]
async fn of_a_camera_that_names_all_its_events_alike_the_latest_passages_are_looked_at() {
    let rig = Rig::new(Mood::Confirms);
    let read = |number: usize| {
        let minutes = i64::try_from(number).unwrap() * 60;
        let at = now() - TimeDelta::days(1) + TimeDelta::seconds(minutes);
        Read { at: CapturedAt::Instant(at), ..last(&format!("FIN{number}"), 0.9) }
    };
    let mut ids = Vec::new();
    for number in 0..=LOOKED_AT_MAX {
        ids.push(id(rig.saw(read(number)).await));
    }
    assert_eq!(id(rig.saw(read(1)).await), ids[1]);
    assert_eq!(rig.broker.taken().len(), LOOKED_AT_MAX + 1);
    assert_eq!(id(rig.saw(read(0)).await), ids[0], "the same observation (R1)");
    assert_eq!(rig.broker.taken().len(), LOOKED_AT_MAX + 2);
}

#[actix_rt::test]
async fn of_an_event_whose_passages_are_forgotten_nothing_is_kept() {
    let options = Options { events_max: 0, ..Options::default() };
    let metrics = Metrics::register(&Registry::new()).unwrap();
    let camera = Arc::new(camera(LaneRole::Entry));
    let (vitals, cameras) = (Vitals::default(), [Arc::clone(&camera)]);
    let monitor =
        Monitor::new(&cameras, &options, clock(), metrics.clone(), vitals.of("monitor")).start();
    let mut passages = Passages::new(options, None, monitor, metrics, vitals.of("passages"));
    let sighting = sightings(&[last("AB12", 0.9)], &camera, now()).remove(0);
    passages.events.insert(sighting.key, vec![1, 2]);
    let end = || End::Unfit(Unfit::Unread);
    let (identity, heard) = (Identity::of(&sighting), time::Instant::now());
    passages.known.insert(1, Known { identity, end: end(), key: sighting.key, heard });
    passages.forget();
    assert_eq!(passages.events[&sighting.key], [2]);
    let identity = Identity::of(&sighting);
    passages.known.insert(2, Known { identity, end: end(), key: sighting.key, heard });
    passages.forget();
    assert!(passages.events.is_empty() && passages.known.is_empty());
}
