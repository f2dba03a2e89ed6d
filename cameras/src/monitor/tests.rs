#![expect(clippy::float_cmp, reason = "of numbers that are exact")]

use std::sync::Mutex;

use domain::CameraName;
use platform::runtime::Vitals;
use prometheus::Registry;

use super::state::{CameraState, Severity};
use super::*;
use crate::camera::LaneRole;
use crate::rig::{at, camera, now};

/// A monitor of one camera, and its clock.
fn monitor() -> (Monitor, Arc<Mutex<Instant>>) {
    watching(&["cam"])
}

/// A monitor of cameras of one place.
fn watching(names: &[&str]) -> (Monitor, Arc<Mutex<Instant>>) {
    let time = Arc::new(Mutex::new(now()));
    let clock: SharedClock = Arc::new({
        let time = Arc::clone(&time);
        move || *time.lock().unwrap()
    });
    let metrics = Metrics::register(&Registry::new()).unwrap();
    let of =
        |name: &&str| Camera { name: CameraName::parse(name).unwrap(), ..camera(LaneRole::Entry) };
    let cameras: Vec<_> = names.iter().map(|name| Arc::new(of(name))).collect();
    (
        Monitor::new(
            &cameras,
            &Options::default(),
            clock,
            metrics,
            Vitals::default().of("monitor"),
        ),
        time,
    )
}

fn heard(kind: MessageKind, delays: &[i64]) -> Heard {
    Heard {
        camera: CameraName::parse("cam").unwrap(),
        kind,
        at: now(),
        delays: delays.iter().map(|seconds| TimeDelta::seconds(*seconds)).collect(),
        refusal: None,
        ahead: None,
    }
}

impl Monitor {
    fn only(&mut self) -> &mut Watched {
        self.cameras.values_mut().next().unwrap()
    }

    fn status(&mut self) -> CameraStatus {
        self.overview().swap_remove(0)
    }
}

#[test]
fn a_heartbeat_is_no_sign_of_life_of_the_reads() {
    let (mut monitor, time) = monitor();
    monitor.only().heard(heard(MessageKind::Reads, &[1]));
    *time.lock().unwrap() = at("2026-06-01T12:00:01Z");
    monitor
        .only()
        .heard(Heard { at: at("2026-06-01T12:00:00Z"), ..heard(MessageKind::Heartbeat, &[]) });
    let status = monitor.status();
    assert_eq!(status.seconds_since_heartbeat, Some(1.0));
    assert_eq!(status.seconds_since_read, 7200.0);
    assert_eq!(status.last_read, Some(now()));
    let shown = serde_json::to_value(&status).unwrap();
    assert_eq!(shown["last_read"], "2026-06-01T10:00:01.000Z");
}

#[test]
fn a_camera_that_was_never_heard_of_is_silent_since_the_start() {
    let (mut monitor, time) = monitor();
    *time.lock().unwrap() = at("2026-06-01T10:01:01Z");
    let status = monitor.status();
    assert_eq!((status.seconds_since_read, status.seconds_since_heartbeat), (60.0, None));
    assert_eq!((status.last_read, status.clock_offset_seconds), (None, None));
}

#[test]
fn shares_are_of_the_last_hundred_passages() {
    let (mut monitor, _) = monitor();
    let watched = monitor.only();
    for _ in 0..100 {
        watched.ended(now(), now(), Some(Unfit::Unread));
    }
    for number in 0..50 {
        watched.ended(now(), now(), (number < 20).then_some(Unfit::LowConfidence));
    }
    let status = monitor.status();
    assert_eq!((status.unread_share, status.low_confidence_share), (0.5, 0.2));
    assert_eq!(status.passages["unread"], 100, "since the start");
}

#[test]
fn the_clocks_offset_is_the_median_so_that_one_late_read_changes_nothing() {
    let (mut monitor, _) = monitor();
    monitor.only().heard(heard(MessageKind::Reads, &[2, 3, 5000, 2, 1]));
    assert_eq!(monitor.status().clock_offset_seconds, Some(2.0));
    monitor.only().heard(heard(MessageKind::Reads, &[-3600; 50]));
    assert_eq!(monitor.status().clock_offset_seconds, Some(-3600.0), "of the last reads");
}

#[test]
fn the_same_refusal_is_logged_once_and_shown_with_its_last_time() {
    let (mut monitor, _) = monitor();
    let refused = |minute, reason: &str| Heard {
        at: now() + TimeDelta::minutes(minute),
        refusal: Some(reason.to_owned()),
        ..heard(MessageKind::Refused, &[])
    };
    let mut said_at = |minute, reason: &str| {
        monitor.only().heard(refused(minute, reason));
        monitor.only().said.clone().map(|(at, _)| (at - now()).num_minutes())
    };
    assert_eq!(said_at(0, "a"), Some(0));
    assert_eq!(said_at(4, "a"), Some(0));
    assert_eq!(said_at(4, "b"), Some(4));
    assert_eq!(said_at(9, "b"), Some(9));
    let refusal = monitor.status().last_refusal.unwrap();
    assert_eq!((refusal.at.as_str(), refusal.reason.as_str()), ("2026-06-01T10:09:01.000Z", "b"));
}

#[test]
fn a_camera_reads_nothing_where_the_others_of_its_place_do_whatever_its_heartbeats_say() {
    let (mut monitor, time) = watching(&["dead", "well"]);
    let later = at("2026-06-01T11:10:01Z");
    let mut states = |passages: u32| {
        for (name, kind) in [("dead", MessageKind::Heartbeat), ("well", MessageKind::Reads)] {
            let camera = CameraName::parse(name).unwrap();
            let watched = monitor.cameras.get_mut(&camera).unwrap();
            watched.heard(Heard { camera, at: later, ..heard(kind, &[]) });
        }
        let well = monitor.cameras.get_mut(&CameraName::parse("well").unwrap()).unwrap();
        for minute in 0..passages {
            well.ended(later - TimeDelta::minutes(minute.into()), later, None);
        }
        *time.lock().unwrap() = later;
        let states: Vec<_> = monitor.overview().iter().map(|status| status.state).collect();
        states
    };
    assert_eq!(states(30), [CameraState::Quiet, CameraState::Reading], "too few to say");
    assert_eq!(states(1), [CameraState::ReadsNothing, CameraState::Reading]);
}

#[test]
fn what_passed_the_others_long_ago_says_nothing_of_now() {
    let (mut monitor, time) = watching(&["one", "other"]);
    let other = monitor.cameras.get_mut(&CameraName::parse("other").unwrap()).unwrap();
    for _ in 0..100 {
        other.ended(now(), now(), None);
    }
    *time.lock().unwrap() = at("2026-06-01T11:00:02Z");
    let status = monitor.overview();
    assert_eq!(status[0].state, CameraState::NeverHeard);
}

/// What a monitor kept is what the next one begins with.
#[actix_rt::test]
async fn a_restart_forgets_no_camera_that_is_bad() {
    let directory = std::env::temp_dir().join(format!("carpark-cameras-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    let file = directory.join("cameras.json");
    let time = Arc::new(Mutex::new(now()));
    let start = || {
        let time = Arc::clone(&time);
        let clock: SharedClock = Arc::new(move || *time.lock().unwrap());
        let options = Options { memory: Some(file.clone()), ..Options::default() };
        let metrics = Metrics::register(&Registry::new()).unwrap();
        Monitor::new(
            &[Arc::new(camera(LaneRole::Entry))],
            &options,
            clock,
            metrics,
            Vitals::default().of("monitor"),
        )
    };
    let mut monitor = start();
    for _ in 0..40 {
        monitor.only().heard(heard(MessageKind::Reads, &[1]));
        monitor.only().ended(now(), now(), Some(Unfit::Unread));
    }
    let before = monitor.status();
    assert_eq!(before.state, CameraState::ReadsBadly);
    assert_eq!(before.why, "of its last 40 vehicles 100 % were not read, 0 % with low confidence");
    assert_eq!((before.without_observation.len(), before.passages["unread"]), (20, 40));
    monitor.keep().unwrap().await;
    assert!(monitor.keep().is_none(), "nothing is new");

    *time.lock().unwrap() = at("2026-06-01T10:20:01Z");
    let mut monitor = start();
    let after = monitor.status();
    assert_eq!((after.state, after.since), (before.state, before.since));
    assert_eq!(after.without_observation, before.without_observation);
    assert_eq!((after.unread_share, after.clock_offset_seconds), (1.0, Some(1.0)));
    assert!(after.passages.is_empty(), "counts are since the start");

    std::fs::write(&file, "{\"cam\": tor").unwrap();
    assert_eq!(start().status().state, CameraState::NeverHeard, "torn: watched anew");
    std::fs::remove_dir_all(&directory).unwrap();
    monitor.is_dirty = true;
    monitor.keep().unwrap().await; // Its directory is gone: said in the log, and nothing else.
}

#[test]
fn a_camera_that_was_never_heard_of_needs_a_look_after_ten_minutes() {
    let (mut monitor, time) = monitor();
    for (later, severity) in
        [("2026-06-01T10:10:01Z", Severity::Unknown), ("2026-06-01T10:10:02Z", Severity::Warning)]
    {
        *time.lock().unwrap() = at(later);
        let status = monitor.status();
        assert_eq!((status.state, status.severity), (CameraState::NeverHeard, severity));
        assert_eq!(status.since, now());
        assert!(status.why.contains("/cameras/cam"), "{}", status.why);
    }
    let at = at("2026-06-01T10:10:02Z");
    monitor.only().heard(Heard { at, ..heard(MessageKind::Heartbeat, &[]) });
    assert_eq!(monitor.status().severity, Severity::Well);
}

#[test]
fn a_read_of_the_future_shows_as_a_wrong_clock_among_many_right_ones() {
    let (mut monitor, _) = monitor();
    monitor.only().heard(heard(MessageKind::Reads, &[1; 50]));
    let ahead = Some(TimeDelta::days(365 * 173));
    let refusal = Some("not taken".to_owned());
    monitor.only().heard(Heard { refusal, ahead, ..heard(MessageKind::Future, &[]) });
    let status = monitor.status();
    assert_eq!(status.state, CameraState::ClockWrong);
    assert_eq!(status.why, "a read timed 173 y ahead of carpark's clock was refused");
    assert_eq!(status.last_refusal.unwrap().short, "not taken");
}

#[test]
fn since_when_a_state_holds_is_when_it_began() {
    let (mut monitor, time) = monitor();
    monitor.only().heard(heard(MessageKind::Reads, &[1]));
    assert_eq!(monitor.status().since, now());
    *time.lock().unwrap() = at("2026-06-01T10:05:00Z");
    assert_eq!(monitor.status().since, now(), "still reading");
    *time.lock().unwrap() = at("2026-06-01T11:05:00Z");
    let status = monitor.status();
    assert_eq!((status.state, status.since), (CameraState::Quiet, at("2026-06-01T11:05:00Z")));
}
