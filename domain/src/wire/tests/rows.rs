//! Summaries and exceptions, on their way to the sink and as rows of the files.

use chrono::DateTime;
use compact_str::CompactString;

use super::*;
use crate::{ExceptionKind, ExceptionRow, PlaceName, Summary};

fn summary() -> Summary {
    Summary {
        session_id: CompactString::new("s-1"),
        plate: plate(),
        entry_at: at("10:00:00.0015"),
        exit_at: at("11:30:00.25"),
        place: PlaceName::parse("north").unwrap(),
        repaired: true,
        origin: None,
    }
}

fn bare(entry: &str, exit: &str) -> SummaryMessage {
    SummaryMessage {
        vehicle_plate: "abc-123".to_owned(),
        entry_date_time: entry.to_owned(),
        exit_date_time: exit.to_owned(),
        duration_seconds: None,
        session_id: None,
        place: None,
        repaired: false,
        origin: None,
    }
}

fn exception() -> ExceptionRow {
    ExceptionRow {
        kind: ExceptionKind::Repaired,
        plate: plate(),
        entry_at: Some(at("10:00")),
        exit_at: None,
        observation_id: Some(ObservationId::parse("e1").unwrap()),
        session_id: Some(CompactString::new("s-1")),
        place: PlaceName::default(),
        revision: 7,
        recorded_at: at("12:00:00.5"),
        reason: "part of a session after all".to_owned(),
    }
}

#[test]
fn a_stay_of_no_length_is_a_stay() {
    let at = "2026-11-20T10:00:00Z";
    let summary = Summary::try_from(&bare(at, at)).unwrap();
    assert_eq!(summary.duration(), TimeDelta::zero());
    let before = bare(at, "2026-11-20T09:59:59.999999999Z");
    assert_eq!(Summary::try_from(&before), Err(Unsavable::Backwards));
}

#[test]
fn the_headers_name_the_columns_of_the_contract() {
    assert_eq!(
        SUMMARIES_HEADER,
        "vehicle_plate,entry_date_time,exit_date_time,duration_seconds,session_id,place,repaired"
    );
    assert_eq!(
        EXCEPTIONS_HEADER,
        "kind,vehicle_plate,entry_date_time,exit_date_time,observation_id,session_id,place,revision,recorded_at,reason"
    );
    let queues = [ENTRY_QUEUE, EXIT_QUEUE, DEAD_LETTER_QUEUE];
    assert_eq!(queues, ["vehicle_entry", "vehicle_exit", "vehicle_dead_letter"]);
}

#[test]
fn the_kinds_are_called_the_same_in_json_and_in_the_file() {
    for (kind, name) in [
        (ExceptionKind::UnmatchedExit, "unmatched_exit"),
        (ExceptionKind::MissedExit, "missed_exit"),
        (ExceptionKind::Overstay, "overstay"),
        (ExceptionKind::Repaired, "repaired"),
        (ExceptionKind::Withdrawn, "withdrawn"),
    ] {
        assert_eq!(kind.as_str(), name);
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{name}\""));
    }
    for (kind, name) in [(Direction::Entry, "entry"), (Direction::Exit, "exit")] {
        assert_eq!(kind.as_str(), name);
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{name}\""));
    }
    assert_eq!(
        serde_json::to_string(&[Saved::Written, Saved::Duplicate]).unwrap(),
        r#"["written","duplicate"]"#
    );
}

#[test]
fn a_summary_is_posted_as_the_file_has_it() {
    assert_eq!(
        serde_json::to_string(&SummaryMessage::from(&summary())).unwrap(),
        r#"{"vehicle_plate":"ABC123","entry_date_time":"2026-11-20T10:00:00.001Z","exit_date_time":"2026-11-20T11:30:00.250Z","duration_seconds":5400.249,"session_id":"s-1","place":"north","repaired":true}"#
    );
}

#[test]
fn a_posted_summary_is_read_back_to_the_millisecond() {
    let back = Summary::try_from(&SummaryMessage::from(&summary()));
    assert_eq!(back, Ok(Summary { entry_at: at("10:00:00.001"), ..summary() }));
}

#[test]
fn plate_entry_and_exit_are_enough_for_a_summary() {
    let json = r#"{"vehicle_plate":"abc-123","entry_date_time":"2026-11-20T10:00:00","exit_date_time":"2026-11-20T12:00:00+01:00"}"#;
    let message: SummaryMessage = serde_json::from_str(json).unwrap();
    assert_eq!(
        Summary::try_from(&message),
        Ok(Summary {
            session_id: CompactString::new("126c7c2d-9971-5b8b-ac4a-61be101e9c51"),
            plate: plate(),
            entry_at: at("10:00"),
            exit_at: at("11:00"),
            place: PlaceName::default(),
            repaired: false,
            origin: None,
        })
    );
}

#[test]
fn the_derived_id_depends_on_plate_times_and_place_to_the_millisecond() {
    let id = |message: &SummaryMessage| Summary::try_from(message).unwrap().session_id;
    let message = bare("2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z");
    let same = [
        SummaryMessage { place: Some("main".to_owned()), ..message.clone() },
        SummaryMessage { vehicle_plate: "ABC 123".to_owned(), ..message.clone() },
        SummaryMessage {
            entry_date_time: "2026-11-20T10:00:00.0009Z".to_owned(),
            ..message.clone()
        },
        SummaryMessage { repaired: true, duration_seconds: Some(1.0), ..message.clone() },
    ];
    for other in same {
        assert_eq!(id(&other), id(&message), "{other:?}");
    }
    let different = [
        SummaryMessage { place: Some("north".to_owned()), ..message.clone() },
        SummaryMessage { vehicle_plate: "ABC124".to_owned(), ..message.clone() },
        SummaryMessage {
            entry_date_time: "2026-11-20T10:00:00.001Z".to_owned(),
            ..message.clone()
        },
        SummaryMessage { exit_date_time: "2026-11-20T11:00:00.001Z".to_owned(), ..message.clone() },
    ];
    for other in different {
        assert_ne!(id(&other), id(&message), "{other:?}");
    }
}

#[test]
fn a_summary_that_can_be_no_row_says_why() {
    let good = bare("2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z");
    let check = |message: SummaryMessage, expected: &str| {
        let error = Summary::try_from(&message).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    };
    let some = |text: &str| Some(text.to_owned());
    check(
        SummaryMessage { vehicle_plate: "=1+1".to_owned(), ..good.clone() },
        "`vehicle_plate`: the plate has a character that is neither letter nor digit (U+003D)",
    );
    check(bare("then", "2026-11-20T11:00:00Z"), "`entry_date_time` is no RFC 3339 date and time");
    check(bare("2026-11-20T11:00:00Z", ""), "`exit_date_time` is no RFC 3339 date and time");
    check(
        bare("2026-11-20T11:00:00.001Z", "2026-11-20T11:00:00Z"),
        "`exit_date_time` lies before `entry_date_time`",
    );
    check(
        SummaryMessage { session_id: some("a\nb"), ..good.clone() },
        "`session_id` has a control character",
    );
    check(SummaryMessage { session_id: some(""), ..good.clone() }, "`session_id` is empty");
    check(
        SummaryMessage { place: some(&"p".repeat(129)), ..good.clone() },
        "`place` has 129 bytes, at most 128 are allowed",
    );
    let longest = SummaryMessage { place: some(&"p".repeat(128)), ..good };
    assert!(Summary::try_from(&longest).is_ok());
}

#[test]
fn an_exception_is_posted_as_the_file_has_it() {
    let message = ExceptionMessage::from(&exception());
    assert_eq!(
        serde_json::to_string(&message).unwrap(),
        r#"{"kind":"repaired","vehicle_plate":"ABC123","entry_date_time":"2026-11-20T10:00:00.000Z","observation_id":"e1","session_id":"s-1","place":"main","revision":7,"recorded_at":"2026-11-20T12:00:00.500Z","reason":"part of a session after all"}"#
    );
    assert_eq!(ExceptionRow::try_from(&message), Ok(exception()));
}

#[test]
fn an_exception_that_can_be_no_row_says_why() {
    let good = ExceptionMessage::from(&exception());
    let check = |message: ExceptionMessage, expected: &str| {
        let error = ExceptionRow::try_from(&message).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    };
    let some = |text: &str| Some(text.to_owned());
    check(
        ExceptionMessage { vehicle_plate: String::new(), ..good.clone() },
        "`vehicle_plate`: the plate is empty",
    );
    for (field, message) in [
        ("entry_date_time", ExceptionMessage { entry_date_time: some("x"), ..good.clone() }),
        ("exit_date_time", ExceptionMessage { exit_date_time: some("x"), ..good.clone() }),
        ("recorded_at", ExceptionMessage { recorded_at: "x".to_owned(), ..good.clone() }),
    ] {
        check(message, &format!("`{field}` is no RFC 3339 date and time"));
    }
    for (field, message) in [
        ("observation_id", ExceptionMessage { observation_id: some("\t."), ..good.clone() }),
        ("session_id", ExceptionMessage { session_id: some("\t."), ..good.clone() }),
        ("place", ExceptionMessage { place: some("\t."), ..good.clone() }),
    ] {
        check(message, &format!("`{field}` has a control character"));
    }
    check(
        ExceptionMessage { observation_id: None, ..good.clone() },
        "`observation_id` is needed for an exception of this kind",
    );
    let withdrawn = ExceptionMessage { kind: ExceptionKind::Withdrawn, ..good };
    check(
        ExceptionMessage { session_id: None, ..withdrawn.clone() },
        "`session_id` is needed for an exception of this kind",
    );
    assert!(
        ExceptionRow::try_from(&ExceptionMessage { observation_id: None, ..withdrawn }).is_ok()
    );
}

#[test]
fn a_reason_is_one_line() {
    let message = ExceptionMessage { reason: "a\r\nb\tc".to_owned(), ..(&exception()).into() };
    assert_eq!(ExceptionRow::try_from(&message).unwrap().reason, "a  b c");
}

#[test]
fn a_duration_is_seconds_with_three_decimals() {
    for (millis, expected) in
        [(0, "0.000"), (1, "0.001"), (999, "0.999"), (1000, "1.000"), (5_400_249, "5400.249")]
    {
        assert_eq!(format_seconds(TimeDelta::milliseconds(millis)), expected);
    }
}

#[test]
fn a_time_is_written_in_milliseconds_cut_off_and_not_rounded() {
    assert_eq!(format_time(at("10:00")), "2026-11-20T10:00:00.000Z");
    assert_eq!(format_time(at("10:00:00.999999999")), "2026-11-20T10:00:00.999Z");
    let beyond = |seconds| format_time(DateTime::from_timestamp(seconds, 0).unwrap());
    assert_eq!(beyond(253_402_300_800), "+10000-01-01T00:00:00.000Z");
    assert_eq!(beyond(-62_167_219_201), "-0001-12-31T23:59:59.000Z");
    assert_eq!(
        format_time(parse_time("1600-01-01T00:00:00.0009Z").unwrap()),
        "1600-01-01T00:00:00.000Z"
    );
}

fn instant() -> impl Strategy<Value = Instant> {
    (-62_167_219_200..253_402_300_799_i64, 0..1_000_000_000_u32)
        .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..Default::default() })]

    #[test]
    fn a_row_adds_up(one in instant(), other in prop_oneof![instant(), Just(at("10:00"))]) {
        let summary = Summary { entry_at: one.min(other), exit_at: one.max(other), ..summary() };
        let millis = |text: String| parse_time(&text).unwrap().timestamp_millis();
        let between = millis(format_time(summary.exit_at)) - millis(format_time(summary.entry_at));
        prop_assert_eq!(summary.duration().num_milliseconds(), between);
        let written = format_seconds(summary.duration());
        prop_assert!(!written.contains('-'), "{}", written);
        let (seconds, rest) = written.split_once('.').unwrap();
        prop_assert_eq!(rest.len(), 3);
        prop_assert_eq!(seconds.parse::<i64>().unwrap() * 1000 + rest.parse::<i64>().unwrap(), between);
    }

    #[test]
    fn what_is_posted_is_posted_again_the_same(one in instant(), other in instant(), repaired in any::<bool>()) {
        let summary = Summary { entry_at: one.min(other), exit_at: one.max(other), repaired, ..summary() };
        let message = SummaryMessage::from(&summary);
        let back = Summary::try_from(&message).unwrap();
        prop_assert_eq!(SummaryMessage::from(&back), message);
        let row = ExceptionRow { entry_at: None, exit_at: Some(one), recorded_at: other, ..exception() };
        let message = ExceptionMessage::from(&row);
        let back = ExceptionRow::try_from(&message).unwrap();
        prop_assert_eq!(ExceptionMessage::from(&back), message);
    }

    #[test]
    fn time_written_in_full_is_read_back(at in instant()) {
        prop_assert_eq!(parse_time(&at.to_rfc3339_opts(SecondsFormat::Nanos, true)), Some(at));
    }
}
