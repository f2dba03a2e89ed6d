use std::time::Duration;

use super::*;

fn facts() -> Facts {
    Facts {
        was_heard: true,
        watched_for: 86_400.0,
        heard_within: Duration::from_mins(10),
        heartbeat_age: Some(20.0),
        read_age: 60.0,
        has_read: true,
        reads_within: Duration::from_hours(1),
        passed_at_place: 45,
        passed: 50,
        refusal_age: None,
        ahead: None,
        clock_offset: Some(1.0),
        unread_share: 0.351,
        low_confidence_share: 0.04,
        share_of: 100,
    }
}

#[test]
fn each_state_says_its_numbers() {
    let ahead = Some((10.0, 173.0 * 365.0 * 86_400.0));
    let late = Facts { clock_offset: Some(691_200.0 + 7200.0), ..facts() };
    for (state, facts, says) in [
        (
            CameraState::ReadsNothing,
            Facts { read_age: 7500.0, ..facts() },
            "no vehicle for 2 h 5 min; 45 passed the cameras of its place lately",
        ),
        (
            CameraState::Silent,
            Facts { read_age: 1500.0, heartbeat_age: Some(1200.0), ..facts() },
            "neither heartbeat nor read for 20 min",
        ),
        (
            CameraState::Refused,
            Facts { refusal_age: Some(200.0), ..facts() },
            "a message was refused 3 min 20 s ago: no plate in it",
        ),
        (
            CameraState::ClockWrong,
            Facts { clock_offset: Some(-90.0), ..facts() },
            "its reads come 1 min 30 s before they were made: its clock is ahead",
        ),
        (
            CameraState::ClockWrong,
            late,
            "its reads come 8 d 2 h after they were made: its clock is behind, or they are old",
        ),
        (
            CameraState::ClockWrong,
            Facts { ahead, ..facts() },
            "a read timed 173 y ahead of carpark's clock was refused",
        ),
        (
            CameraState::ReadsBadly,
            facts(),
            "of its last 100 vehicles 35 % were not read, 4 % with low confidence",
        ),
        (CameraState::Reading, facts(), "its last vehicle was 1 min ago"),
        (
            CameraState::NeverHeard,
            Facts { watched_for: 900.0, ..facts() },
            "it has sent nothing for 15 min; it must POST to /cameras/gate-7",
        ),
    ] {
        assert_eq!(why(state, &facts, "gate-7", Some("no plate in it")), says);
    }
}

#[test]
fn a_refusal_is_shortened_by_its_remarks_and_then_by_its_end() {
    let names = "axis, blue-iris, carpark, dahua, frigate, genetec, hikvision, lilin, milesight";
    let long = format!("of no vendor that carpark knows ({names}); set `vendor` (one of them)");
    assert_eq!(short(&long), "of no vendor that carpark knows; set `vendor` (one of them)");
    assert_eq!(short("as it is"), "as it is");
    let endless = short(&"wörd ".repeat(1000));
    assert!(endless.chars().count() <= REASON_CHARS_MAX + 2 && endless.ends_with("wörd …"));
    assert_eq!(short("half (a remark"), "half (a remark");
}
