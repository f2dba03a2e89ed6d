use chrono::TimeDelta;
use compact_str::CompactString;

use super::*;
use crate::observation::PlateAsRead;
use crate::policy::RE_READ;
use crate::testing::{at, plate, read, reads};
use crate::{
    CameraName, Command, Decision, ExceptionKind, LaneName, Method, Reason, Watermarks, decide,
};

/// The record after the observations arrived in the order given, and nothing was settled.
fn record(input: &str) -> Record {
    reads(input).into_iter().fold(Record::default(), |record, observation| {
        next(
            record,
            Command::Observe {
                observation,
                watermarks: Watermarks::default(),
                is_past: false,
                now: at("20:00"),
            },
        )
    })
}

fn settled(record: Record) -> Record {
    next(
        record,
        Command::Settle {
            watermarks: Watermarks::END,
            behind: crate::Behind::default(),
            now: at("20:00"),
        },
    )
}

fn next(record: Record, command: Command) -> Record {
    match decide(&plate(), &record, command, &Policy::default()) {
        Decision::Changed { record, .. } => record,
        Decision::Unchanged => record,
    }
}

fn check_waiting(input: &str, on_entries: Option<&str>, on_exits: Option<&str>) {
    let expected =
        Waiting { on_entries: on_entries.map(at), on_exits: on_exits.map(at), on_past: Vec::new() };
    let record = record(input);
    assert_eq!(record.outlook(&Policy::default()).waiting, expected, "{input}");
    let settled = settled(record).outlook(&Policy::default()).waiting;
    assert_eq!(settled, Waiting::default(), "{input}, settled");
}

#[test]
fn a_record_waits_for_the_first_of_what_it_has_to_settle() {
    check_waiting("", None, None);
    check_waiting("e1 10:00, x1 11:00", None, None);
    check_waiting("x1 11:00", Some("11:00:05"), None);
    check_waiting("x2 12:00, x1 11:00", Some("11:00:05"), None);
    check_waiting("e1 10:00", None, Some("3d10:00:05"));
    check_waiting("e1 10:00, e2 11:00", None, Some("11:00:05"));
    check_waiting("x1 09:00, e1 10:00, e2 11:00", Some("09:00:05"), Some("11:00:05"));
}

#[test]
fn settling_at_the_instant_a_record_waits_for_settles_it() {
    for input in ["x1 11:00", "e1 10:00", "e1 10:00, e2 11:00"] {
        let record = record(input);
        let waiting = record.outlook(&Policy::default()).waiting;
        let settle = |early| {
            let mark = |at: Option<Instant>| at.map(|at| at - early);
            let (entries, exits) = (mark(waiting.on_entries), mark(waiting.on_exits));
            let watermarks = Watermarks { entries, exits };
            let command =
                Command::Settle { watermarks, behind: crate::Behind::default(), now: at("20:00") };
            decide(&plate(), &record, command, &Policy::default())
        };
        assert_eq!(settle(TimeDelta::nanoseconds(1)), Decision::Unchanged, "{input}");
        assert_ne!(settle(TimeDelta::zero()), Decision::Unchanged, "{input}");
    }
}

#[test]
fn the_open_entry_is_the_last_one_while_nothing_came_after_it() {
    let check = |input: &str, expected: Option<&str>| {
        let record = record(input);
        assert_eq!(record.open_entry().map(|known| known.id.as_str()), expected, "{input}");
    };
    check("", None);
    check("e1 10:00", Some("e1"));
    check("e1 10:00, x1 11:00", None);
    check("e1 10:00, e2 11:00", Some("e2"));
    check("e2 10:00:10, e1 10:00:00", Some("e2"));
    check("x1 11:00, e1 12:00", Some("e1"));
}

#[test]
fn the_latest_stay_is_the_last_entry_and_the_exit_after_it() {
    let check = |input: &str, expected: (Option<&str>, Option<&str>)| {
        let record = record(input);
        let Outlook { entry, exit, .. } = record.outlook(&Policy::default());
        let ids = (entry.map(|known| known.id.as_str()), exit.map(|known| known.id.as_str()));
        assert_eq!(ids, expected, "{input}");
    };
    check("", (None, None));
    check("e1 10:00", (Some("e1"), None));
    check("e1 10:00, x1 11:00", (Some("e1"), Some("x1")));
    check("e1 10:00, x1 11:00, x2 12:00", (Some("e1"), Some("x1")));
    check("e1 10:00, x1 11:00, e2 12:00", (Some("e2"), None));
    check("x1 11:00", (None, Some("x1")));
    check("x1 11:00, x2 12:00", (None, Some("x2")));
}

#[test]
fn what_was_forgotten_is_part_of_no_stay() {
    let mut record = record("e1 10:00, x1 12:00");
    record.forgotten_until = Some(at("11:00"));
    let Outlook { entry, exit, .. } = record.outlook(&Policy::default());
    assert_eq!(entry.map(|known| known.id.as_str()), Some("e1"));
    assert_eq!(exit, None, "x1 is the exit of something else");
    record.observations.pop();
    assert_eq!(record.open_entry(), None, "something came after it, though it is forgotten");
}

/// A record that has something in each of its fields.
fn full() -> Record {
    let mut record = settled(record(
        "e1 10:00:00, e2 10:00:30, x2 11:00:00, e3 10:00:15, x1 10:00:20, x4 12:00 north, e5 13:00, e6 14:00",
    ));
    record.forgotten_until = Some(at("09:00"));
    let known = &mut record.observations[0];
    known.until = Some(at("10:00:05.000000001"));
    known.lane = Some(LaneName::parse("in, 2").unwrap());
    known.camera = Some(CameraName::parse("\"north\"").unwrap());
    known.confidence = Some(0.1);
    known.plate_as_read = Some(PlateAsRead(CompactString::new("abc·123 京")));
    record
}

#[test]
fn a_record_is_the_same_after_the_store() {
    for record in [Record::default(), record("e1 10:00"), full()] {
        let json = record.to_json();
        assert_eq!(Record::from_json(json.as_bytes()).unwrap(), record, "{json}");
    }
}

fn lone((kind, seq): (ExceptionKind, Seq)) -> Verdict {
    Verdict::Lone(kind, seq)
}

#[test]
fn the_stored_form_never_changes_by_accident() {
    let mut record = record("e1 10:00:00.5, x1 11:00 north");
    assert_eq!(
        record.to_json(),
        r#"{"f":1,"v":2,"n":2,"o":[{"n":0,"i":"e1","k":"entry","t":[1795168800,500000000],"r":[1795204800,0]},{"n":1,"i":"x1","k":"exit","t":[1795172400,0],"r":[1795204800,0],"p":"north"}],"r":[{"s":[0,1]}]}"#
    );
    record.observations.clear();
    let kinds = [ExceptionKind::UnmatchedExit, ExceptionKind::MissedExit, ExceptionKind::Overstay];
    record.reported = kinds.into_iter().zip(1..).map(lone).collect();
    record.withdrawn = vec![(4, 5)];
    record.forgotten_until = Some(at("09:00"));
    assert_eq!(
        record.to_json(),
        r#"{"f":1,"v":2,"n":2,"o":[],"r":[{"l":["unmatched_exit",1]},{"l":["missed_exit",2]},{"l":["overstay",3]}],"w":[[4,5]],"u":[1795165200,0]}"#
    );
}

#[test]
fn the_time_of_re_reads_is_kept_where_it_is_not_the_usual_one() {
    let mut record = record("e1 10:00");
    assert!(!record.to_json().contains("\"g\""), "as it was before it could be set");
    record.observations[0].re_read = TimeDelta::seconds(90);
    assert!(record.to_json().contains(r#""g":90000"#), "{}", record.to_json());
    assert_eq!(Record::from_json(record.to_json().as_bytes()).unwrap(), record);
}

#[test]
fn what_an_operator_saw_is_kept_as_that_and_told_where_a_read_has_lane_and_camera() {
    let mut record = record("e1 10:00, x1 11:00");
    assert!(!record.to_json().contains("\"m\""), "of a camera nothing is said");
    let reason = Reason::parse("gate was open").unwrap();
    record.observations[0].lane = Some(LaneName::parse("2").unwrap());
    record.observations[1].method = Method::Operator { reason };
    let json = record.to_json();
    assert!(json.contains(r#""m":{"operator":{"reason":"gate was open"}}"#), "{json}");
    assert_eq!(Record::from_json(json.as_bytes()).unwrap(), record);
    assert_eq!(record.observations[0].seen_by(), (Some("2"), None));
    assert_eq!(record.observations[1].seen_by(), (Some("operator"), Some("gate was open")));
}

#[test]
fn a_time_of_any_year_is_kept_to_the_nanosecond() {
    for text in
        ["0000-01-01T00:00:00Z", "1969-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"]
    {
        let mut record = record("e1 10:00");
        record.observations[0].at = crate::wire::parse_time(text).unwrap();
        assert_eq!(Record::from_json(record.to_json().as_bytes()).unwrap(), record, "{text}");
    }
}

#[test]
fn a_record_of_a_later_format_is_refused_whatever_it_looks_like() {
    let check = |json: &str| {
        let error = Record::from_json(json.as_bytes()).unwrap_err();
        assert!(matches!(error, RecordError::Newer(2)), "{error}");
        assert!(error.to_string().contains("upgrade"), "{error}");
    };
    check(r#"{"f":2,"v":1,"n":1,"o":[]}"#);
    check(r#"{"f":2,"version":1,"reads":{"e1":{}}}"#);
    check(r#"{"f":2,"v":1,"n":1,"o":[{"k":"turn"}]}"#);
}

#[test]
fn a_damaged_record_is_said_to_be_damaged() {
    for json in ["", "{}", "[]", "null", r#"{"f":1}"#, r#"{"f":1,"v":1,"n":1,"o":[{}]}"#] {
        let error = Record::from_json(json.as_bytes()).unwrap_err();
        assert!(matches!(error, RecordError::Damaged(_)), "{json}: {error}");
    }
}

#[test]
fn an_observation_is_kept_whole() {
    let mut observation = read("x1 11:00 north");
    observation.lane = Some(LaneName::parse("2").unwrap());
    observation.camera = Some(CameraName::parse("c").unwrap());
    observation.confidence = Some(0.5);
    observation.plate_as_read = Some(PlateAsRead(CompactString::new("abc 123")));
    let mut record = Record { next_seq: 7, ..Record::default() };
    assert_eq!(record.insert(observation.clone(), at("12:00"), Waits::FromItsArrival, RE_READ), 7);
    let known = Known {
        waits_from: Some(at("12:00")),
        seq: 7,
        id: observation.id.clone(),
        direction: Direction::Exit,
        at: at("11:00"),
        received_at: at("12:00"),
        is_past: false,
        place: observation.place,
        lane: observation.lane,
        camera: observation.camera,
        confidence: Some(0.5),
        method: crate::Method::Camera,
        plate_as_read: observation.plate_as_read,
        until: None,
        re_read: TimeDelta::seconds(20),
        former_plate: None,
    };
    assert_eq!(record.observations(), [known]);
    assert_eq!(record.observations()[0].plate_as_read().unwrap(), "abc 123");
    assert!(record.knows(&observation.id));
    assert!(record.reported().is_empty());
}
