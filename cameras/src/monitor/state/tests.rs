use super::*;

const HOUR: Duration = Duration::from_hours(1);

/// Of a camera that does what it is there for.
fn well() -> Facts {
    Facts {
        was_heard: true,
        watched_for: 86_400.0,
        heard_within: Duration::from_mins(10),
        heartbeat_age: Some(20.0),
        read_age: 60.0,
        has_read: true,
        reads_within: HOUR,
        passed_at_place: 100,
        passed: 50,
        refusal_age: None,
        ahead: None,
        clock_offset: Some(1.0),
        unread_share: 0.05,
        low_confidence_share: 0.05,
        share_of: 100,
    }
}

#[test]
fn each_state_begins_where_its_alert_does() {
    let alone = Facts { passed_at_place: 30, ..well() };
    for (facts, state) in [
        (well(), CameraState::Reading),
        (Facts { read_age: 3600.0, ..well() }, CameraState::Reading),
        (Facts { read_age: 3600.1, ..well() }, CameraState::ReadsNothing),
        (Facts { read_age: 3600.1, passed_at_place: 31, ..well() }, CameraState::ReadsNothing),
        (Facts { read_age: 3600.1, ..alone }, CameraState::Quiet),
        (Facts { read_age: 601.0, heartbeat_age: Some(601.0), ..well() }, CameraState::Silent),
        (Facts { read_age: 600.0, heartbeat_age: Some(601.0), ..well() }, CameraState::Reading),
        (Facts { read_age: 601.0, heartbeat_age: Some(600.0), ..well() }, CameraState::Reading),
        (Facts { read_age: 601.0, heartbeat_age: None, ..well() }, CameraState::Reading),
        (Facts { refusal_age: Some(900.0), ..well() }, CameraState::Refused),
        (Facts { refusal_age: Some(901.0), ..well() }, CameraState::Reading),
        (Facts { clock_offset: Some(-2.1), ..well() }, CameraState::ClockWrong),
        (Facts { clock_offset: Some(-2.0), ..well() }, CameraState::Reading),
        (Facts { clock_offset: Some(120.1), ..well() }, CameraState::ClockWrong),
        (Facts { clock_offset: Some(500.0), read_age: 4000.0, ..alone }, CameraState::Quiet),
        (Facts { unread_share: 0.26, passed: 21, ..well() }, CameraState::ReadsBadly),
        (Facts { unread_share: 0.26, passed: 20, ..well() }, CameraState::Reading),
        (Facts { ahead: Some((900.0, 1e9)), ..well() }, CameraState::ClockWrong),
        (Facts { ahead: Some((901.0, 1e9)), ..well() }, CameraState::Reading),
        (Facts { has_read: false, heartbeat_age: None, ..alone }, CameraState::Quiet),
        (
            Facts { was_heard: false, has_read: false, heartbeat_age: None, ..alone },
            CameraState::NeverHeard,
        ),
        (
            Facts { was_heard: false, has_read: false, read_age: 3600.1, ..well() },
            CameraState::ReadsNothing,
        ),
    ] {
        assert_eq!(judge(&facts), state, "{facts:?}");
    }
}

#[test]
fn where_several_hold_it_is_the_worst() {
    let mut facts =
        Facts { read_age: 4000.0, heartbeat_age: Some(4000.0), refusal_age: Some(1.0), ..well() };
    assert_eq!(judge(&facts), CameraState::ReadsNothing);
    facts.passed_at_place = 0;
    assert_eq!(judge(&facts), CameraState::Silent);
    facts.heartbeat_age = Some(1.0);
    assert_eq!(judge(&facts), CameraState::Refused);
}

#[test]
fn a_camera_that_was_never_heard_of_is_no_good_news_after_a_while() {
    let silent = Facts { was_heard: false, has_read: false, heartbeat_age: None, ..well() };
    for (watched_for, severity) in [(600.0, Severity::Unknown), (600.1, Severity::Warning)] {
        let facts = Facts { watched_for, read_age: watched_for, ..silent };
        assert_eq!(judge(&facts), CameraState::NeverHeard);
        assert_eq!(CameraState::NeverHeard.severity(&facts), severity, "{watched_for}");
    }
}

/// The page and the alerts must not tell two stories.
#[test]
fn the_limits_are_those_of_the_alerts() {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../monitoring/rules/alerts.yml");
    let rules = std::fs::read_to_string(rules).unwrap();
    for (alert, severity, limits) in [
        (
            "CameraReadsNothing",
            CameraState::ReadsNothing.severity(&well()),
            vec![
                format!("read_age_seconds > {}", crate::Options::default().reads_within.as_secs()),
                format!("[1h])) > {PASSED_MIN}"),
            ],
        ),
        (
            "CameraSilent",
            CameraState::Silent.severity(&well()),
            vec![
                format!("heartbeat_age_seconds > {}", HEARTBEAT_WITHIN.as_secs()),
                format!("read_age_seconds > {}", HEARTBEAT_WITHIN.as_secs()),
            ],
        ),
        (
            "CameraReadsBadly",
            CameraState::ReadsBadly.severity(&well()),
            vec![format!("> {UNREAD_SHARE_MAX}"), format!("[1h])) > {SHARE_OF_MIN}")],
        ),
        (
            "CameraClockWrong",
            CameraState::ClockWrong.severity(&well()),
            vec![format!("< -{AHEAD_MAX}"), format!("> {BEHIND_MAX}")],
        ),
        (
            "CameraNeverHeard",
            Severity::Warning,
            vec![format!(
                "read_age_seconds > {}",
                crate::Options::default().heard_within.as_secs()
            )],
        ),
        (
            "CameraMessagesRefused",
            CameraState::Refused.severity(&well()),
            vec![format!("[{}m]", REFUSED_FOR.as_secs() / 60)],
        ),
    ] {
        let (_, rule) = rules.split_once(&format!("alert: {alert}\n")).unwrap();
        let rule = rule.split("- alert:").next().unwrap();
        for limit in limits {
            assert!(rule.contains(&limit), "{alert}: {limit}\n{rule}");
        }
        let severity = format!("severity: {severity:?}").to_lowercase();
        assert!(rule.contains(&severity), "{alert}: {severity}\n{rule}");
    }
}
