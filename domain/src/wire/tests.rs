//! The contract, to the letter. `now` is 2026-11-20T12:00Z throughout.

use compact_str::CompactString;
use std::fmt::Write;
use std::str::FromStr;

use proptest::prelude::*;

use chrono::DateTime;

use super::*;
use crate::PlaceName;
use crate::testing::{at, plate};

mod rows;
mod times;

fn now() -> Instant {
    at("12:00")
}

fn parse(json: &str) -> Result<Observation, Rejection> {
    parse_observation(json.as_bytes(), now())
}

/// An entry with these fields put in the place of its own, or taken out where they are empty.
fn message(fields: &[(&str, &str)]) -> String {
    let own = [
        ("id", r#""e1""#),
        ("vehicle_plate", r#""ABC-123""#),
        ("entry_date_time", r#""2026-11-20T10:00:00Z""#),
    ];
    let given = |name: &str| fields.iter().any(|(other, _)| *other == name);
    let all = own.iter().filter(|(name, _)| !given(name)).chain(fields);
    let texts: Vec<String> = all
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", texts.join(","))
}

fn accept(fields: &[(&str, &str)]) -> Observation {
    let json = message(fields);
    parse(&json).unwrap_or_else(|rejection| panic!("{json}: {rejection}"))
}

fn refuse(json: &str, code: &str, reason: &str) {
    let rejection = parse(json).expect_err(json);
    assert_eq!(rejection.to_string(), reason, "{json}");
    assert_eq!(rejection.code(), code, "{json}");
    assert!(Rejection::CODES.contains(&code), "{code} is missing in the list");
    assert!(reason.starts_with(&format!("{code}: ")), "{reason}");
}

fn refuse_field(name: &str, value: &str, code: &str, reason: &str) {
    refuse(&message(&[(name, value)]), code, reason);
}

#[test]
fn an_entry_and_an_exit_as_the_contract_has_them() {
    let entry = parse(
        r#"{"id":"17","vehicle_plate":"abc-123","entry_date_time":"2026-11-20T10:00:00.123Z"}"#,
    );
    let expected = Observation {
        id: ObservationId::parse("17").unwrap(),
        plate: plate(),
        plate_as_read: Some(PlateAsRead(CompactString::new("abc-123"))),
        direction: Direction::Entry,
        at: at("10:00:00.123"),
        place: PlaceName::default(),
        lane: None,
        camera: None,
        confidence: None,
        method: crate::Method::Camera,
    };
    assert_eq!(entry, Ok(expected.clone()));
    let exit = parse(
        r#"{"id":"18","vehicle_plate":"ABC123","exit_date_time":"2026-11-20T11:30:00Z",
            "place":"north","lane":"2","camera":"c7","confidence":0.5}"#,
    );
    assert_eq!(
        exit,
        Ok(Observation {
            id: ObservationId::parse("18").unwrap(),
            plate_as_read: None,
            direction: Direction::Exit,
            at: at("11:30"),
            place: "north".parse().unwrap(),
            lane: Some("2".parse().unwrap()),
            camera: Some("c7".parse().unwrap()),
            confidence: Some(0.5),
            method: crate::Method::Camera,
            ..expected
        })
    );
}

#[test]
fn what_is_optional_may_be_null_and_what_is_unknown_may_be_anything() {
    let plain = accept(&[]);
    let nulls = ["exit_date_time", "place", "lane", "camera", "confidence"];
    assert_eq!(accept(&nulls.map(|name| (name, "null"))), plain);
    assert_eq!(accept(&[("place", r#""main""#)]), plain);
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    assert_eq!(accept(&[("colour", r#"{"r":[1,2.5e300,null]}"#), ("deep", &deep)]), plain);
    assert_eq!(accept(&[("colour", "1"), ("colour", "2")]), plain);
    assert_eq!(parse(&format!(" \n{}\t ", message(&[]))), Ok(plain));
}

#[test]
fn texts_may_be_escaped() {
    let observation = accept(&[
        ("id", r#""\u0065\"1\\""#),
        ("vehicle_plate", r#""\u4eac\u0041\u00b712345""#),
        ("camera", r#""🚗 \ud83d\ude97""#),
    ]);
    assert_eq!(observation.id.as_str(), "e\"1\\");
    assert_eq!(observation.plate.as_str(), "京A12345");
    assert_eq!(observation.plate_as_read.unwrap().0, "京A·12345");
    assert_eq!(observation.camera.unwrap().as_str(), "🚗 🚗");
}

#[test]
fn a_plate_as_read_breaks_no_line_and_turns_no_writing_around() {
    for (text, shown) in [
        (r"ab-12\u0000\u0000", "ab-12"),
        (r"ab\n12", "ab12"),
        (r"\u202eab-12", "ab-12"),
        (r"ab-12\u202a", "ab-12"),
        (r"\u2066ab-12\u2069", "ab-12"),
    ] {
        let observation = accept(&[("vehicle_plate", &format!("\"{text}\""))]);
        assert_eq!(observation.plate_as_read.unwrap().0, shown, "{text}");
        assert_eq!(observation.plate.as_str(), "AB12");
    }
    // What is left is the plate itself.
    assert_eq!(accept(&[("vehicle_plate", r#""AB12\u0000""#)]).plate_as_read, None);
}

#[test]
fn each_absurdity_has_its_reason() {
    refuse_field("id", "", "missing_id", "missing_id: `id` is missing");
    refuse_field("id", "null", "missing_id", "missing_id: `id` is missing");
    refuse_field("id", r#""  ""#, "bad_id", "bad_id: `id` is empty");
    let plate = "vehicle_plate";
    let missing_plate = "missing_plate: `vehicle_plate` is missing";
    refuse_field(plate, "", "missing_plate", missing_plate);
    refuse_field(plate, "null", "missing_plate", missing_plate);
    refuse_field(plate, r#""-.""#, "bad_plate", "bad_plate: the plate is empty");
    let missing_time = "missing_time: neither `entry_date_time` nor `exit_date_time` is given";
    refuse_field("entry_date_time", "", "missing_time", missing_time);
    refuse_field("entry_date_time", "null", "missing_time", missing_time);
    refuse_field(
        "exit_date_time",
        r#""2026-11-20T10:00:00Z""#,
        "both_times",
        "both_times: an observation is an entry or an exit, not both",
    );
    refuse_field("place", r#""""#, "bad_label", "bad_label: `place` is empty");
    refuse_field("lane", r#""a\nb""#, "bad_label", "bad_label: `lane` has a control character");
    refuse_field(
        "camera",
        &format!("\"{}\"", "c".repeat(129)),
        "bad_label",
        "bad_label: `camera` has 129 bytes, at most 128 are allowed",
    );
    for confidence in ["1.0000001", "-0.1", "1e308"] {
        let value: f64 = confidence.parse().unwrap();
        let reason = format!("bad_confidence: {value} is not between 0 and 1");
        refuse_field("confidence", confidence, "bad_confidence", &reason);
    }
}

#[test]
fn a_confidence_is_between_0_and_1() {
    for (text, expected) in [("0", 0.0), ("1", 1.0), ("0.25", 0.25), ("1e-400", 0.0)] {
        assert_eq!(accept(&[("confidence", text)]).confidence, Some(expected), "{text}");
    }
}

#[test]
fn ids_are_kept_as_they_are_within_bounds() {
    for id in ["1", " 1 ", "ünï-🚗", &"i".repeat(256), "a/b?c=d&e"] {
        assert_eq!(accept(&[("id", &format!("\"{id}\""))]).id.as_str(), id);
    }
    let control = "bad_id: `id` has a control character";
    for id in [r"a\nb", r"a\u0000", r"\u001b[31m", r"a\u007f", r"a\u0085b"] {
        refuse_field("id", &format!("\"{id}\""), "bad_id", control);
    }
    let long = "bad_id: `id` has 257 bytes, at most 256 are allowed";
    refuse_field("id", &format!("\"{}\"", "i".repeat(257)), "bad_id", long);
}

#[test]
fn what_is_no_json_object_of_the_contract_is_malformed() {
    let refuse = |json: &str, reason: &str| refuse(json, "malformed_json", reason);
    refuse("{", "malformed_json: EOF while parsing an object, line 1, column 1");
    refuse(r#"{"id":"1"} x"#, "malformed_json: trailing characters, line 1, column 12");
    refuse(
        &message(&[("id", r#""a""#), ("id", r#""b""#)]),
        "malformed_json: duplicate field `id`, line 1, column 81",
    );
    for json in ["", "null", "17", "\"ABC123\"", "true", "[]"] {
        refuse(json, "malformed_json: not an object");
    }
    refuse(
        r#"["1","ABC123","2026-11-20T10:00:00Z",null,null,null,null,null]"#,
        "malformed_json: not an object",
    );
    for value in ["17", "1.5", "true", "[]", "{}"] {
        let json = format!("{{\"id\":{value}}}");
        assert!(
            parse(&json).unwrap_err().to_string().contains("a value of the wrong type"),
            "{json}"
        );
    }
    let deep = format!("{{\"colour\":{}", "[".repeat(30_000));
    assert_eq!(parse(&deep).unwrap_err().code(), "malformed_json");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let rejection = parse_observation(b"{\"id\":\"\xff\"}", now()).unwrap_err();
    assert_eq!(rejection, Rejection::Unreadable(Unreadable::NotUtf8(7)));
    assert_eq!(rejection.to_string(), "not_utf8: invalid UTF-8 from byte 7 on");
    assert_eq!(rejection.code(), "not_utf8");
}

#[test]
fn a_message_has_64_kib_at_most() {
    let padded =
        |bytes: usize| format!("{}{}", message(&[]), " ".repeat(bytes - message(&[]).len()));
    assert!(parse(&padded(65_536)).is_ok());
    let reason = "too_large: 65537 bytes, at most 65536 are allowed";
    refuse(&padded(65_537), "too_large", reason);
}

#[test]
fn the_longest_legal_message_is_a_tenth_of_what_is_allowed() {
    let text = |bytes: usize| format!("\"{}\"", "\\u0041".repeat(bytes));
    let longest = accept_len(&[
        ("id", &text(256)),
        ("vehicle_plate", &format!("\"{}ABC123\"", "\\u002d".repeat(250))),
        ("entry_date_time", r#""2026-11-20T10:00:00.123456789+00:00""#),
        ("place", &text(128)),
        ("lane", &text(128)),
        ("camera", &text(128)),
        ("confidence", "0.123456789012345678"),
    ]);
    assert!(longest <= MESSAGE_BYTES_MAX / 10, "{longest}");
    let long = format!("\"{}ABC123\"", "-".repeat(251));
    refuse_field(
        "vehicle_plate",
        &long,
        "bad_plate",
        "bad_plate: the plate has more than 16 characters",
    );
}

fn accept_len(fields: &[(&str, &str)]) -> usize {
    accept(fields);
    message(fields).len()
}

// Properties

/// Texts that a publisher could send as a plate, many of which are none.
fn plate_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Z]{1,3}[-. ]?[0-9]{1,4}",
        "[0-9]{4,12}",
        "[京沪粤][A-Z]·[0-9]{5}",
        "[А-Я][0-9]{3}[А-Я]{2}",
        "\\PC{0,20}",
    ]
}

fn name<N: FromStr + std::fmt::Debug>() -> impl Strategy<Value = N> {
    "\\PC{1,30}".prop_filter_map("no name", |text| text.parse().ok())
}

fn observation() -> impl Strategy<Value = Observation> {
    let plate = plate_text().prop_filter_map("no plate", |text| {
        let plate = Plate::parse(&text).ok()?;
        let as_read = PlateAsRead::of(&text, &plate);
        Some((plate, as_read))
    });
    let id = "\\PC{1,40}".prop_filter_map("no id", |text| ObservationId::parse(&text).ok());
    let at = (-62_167_219_200..1_795_176_000_i64, 0..1_000_000_000_u32)
        .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap());
    let options = (prop::option::of(name()), prop::option::of(name()), prop::option::of(name()));
    let confidence = prop::option::of(0.0_f32..=1.0);
    (id, plate, any::<bool>(), at, options, confidence).prop_map(
        |(id, (plate, plate_as_read), is_exit, at, (place, lane, camera), confidence)| {
            Observation {
                id,
                plate,
                plate_as_read,
                direction: if is_exit { Direction::Exit } else { Direction::Entry },
                at,
                place: place.unwrap_or_default(),
                lane,
                camera,
                confidence,
                method: crate::Method::Camera,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..Default::default() })]

    #[test]
    fn what_is_published_is_what_is_read(observation in observation()) {
        let json = observation_to_json(&observation);
        prop_assert_eq!(parse(&json), Ok(observation), "{}", json);
    }

    /// R8: no body makes it panic, and a reason begins with its code and is one short line.
    #[test]
    fn r8_any_bytes_are_an_observation_or_a_rejection(body in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(rejection) = parse_observation(&body, now()) {
            let reason = rejection.to_string();
            prop_assert!(reason.starts_with(rejection.code()));
            prop_assert!(reason.len() < 200 && !reason.contains(char::is_control), "{}", reason);
        }
    }

    /// R8: nor does any text that is nearly one of the contract.
    #[test]
    fn r8_any_values_are_an_observation_or_a_rejection(
        values in prop::collection::vec(("id|vehicle_plate|entry_date_time|exit_date_time|place|confidence",
            prop_oneof!["\"\\PC{0,12}\"", "-?[0-9]{1,20}", "null", "\"[0-9T:.+Z-]{0,30}\""]), 0..6),
    ) {
        let fields: Vec<(&str, &str)> =
            values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if let Err(rejection) = parse(&message(&fields)) {
            prop_assert!(rejection.to_string().starts_with(rejection.code()));
        }
    }

    /// G8: wherever a publisher puts a plate, and whatever else is wrong, no reason shows it. (The
    /// one number of the contract is shown: a confidence of 87 says what went wrong.)
    #[test]
    fn g8_no_reason_shows_a_plate(
        plate in "[A-Z]{2}[0-9]{4,6}|[0-9]{6,9}|[京沪粤][A-Z][0-9]{5}",
        field in "id|vehicle_plate|entry_date_time|exit_date_time|place|lane|camera|colour",
        form in 0..6,
        broken in prop::option::of(0..60_usize),
    ) {
        let mut value = String::new();
        match form {
            0 => write!(value, "\"{plate}\""),
            1 => write!(value, "{plate}"),
            2 => write!(value, "[\"{plate}\"]"),
            3 => write!(value, "{{\"{plate}\":\"{plate}\"}}"),
            4 => write!(value, "\"{plate}\\n\""),
            _ => write!(value, "\"{plate}=\""),
        }.unwrap();
        let mut json = message(&[("vehicle_plate", &format!("\"{plate}!\"")), (&field, &value)]);
        if let Some(position) = broken {
            json = json.chars().take(position).chain(['"']).collect();
        }
        for json in [json.as_str(), value.as_str(), &message(&[(&field, &value)])] {
            if let Err(rejection) = parse(json) {
                let reason = rejection.to_string();
                prop_assert!(!reason.contains(&plate), "{}", reason);
                prop_assert!(!format!("{rejection:?}").contains(&plate), "{:?}", rejection);
            }
        }
    }
}
