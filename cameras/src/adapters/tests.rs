//! Each vendor's payload, and all that is read from it.

mod forms;
mod properties;
mod traps;
mod vendors;
mod words;

use crate::testing::{first, instant, local, message, plate, reads, text};
use crate::{Candidate, Heading, Message, PlateText, Read, Stage};

#[expect(clippy::unnecessary_wraps, reason = "what the fields of a read hold")]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn candidate(plate: &str, confidence: Option<f32>) -> Candidate {
    Candidate { plate: text(plate), confidence }
}

#[test]
fn an_own_message_is_read() {
    let expected = Read {
        at: instant("2026-03-02T07:15:30.25Z"),
        direction: Some(Heading::In),
        confidence: Some(0.91),
        camera: some("north-front"),
        lane: some("north"),
        place: some("harbour"),
        event: some("north-0042"),
        event_is_key: true,
        ..Read::new(plate("KÖ-XY 204"))
    };
    assert_eq!(reads("carpark.json", &[]), [expected]);
}

#[test]
fn plate_recognizer_has_several_plates_in_lower_case_and_their_candidates() {
    let at = instant("2026-03-02T07:15:30.250118Z");
    let expected = [
        Read {
            at,
            direction: Some(Heading::Approaching),
            confidence: Some(0.884),
            camera: some("west"),
            candidates: vec![candidate("hq7301k", Some(0.884)), candidate("h07301k", Some(0.712))],
            ..Read::new(plate("hq7301k"))
        },
        Read {
            at,
            confidence: Some(0.731),
            camera: some("west"),
            candidates: vec![candidate("wd5528", None), candidate("w05528", None)],
            ..Read::new(plate("wd5528"))
        },
    ];
    assert_eq!(reads("plate-recognizer.json", &[]), expected);
}

#[test]
fn openalpr_keeps_its_candidates_in_two_places() {
    let expected = Read {
        at: instant("2026-03-02T07:15:30.25Z"),
        confidence: Some(0.8825),
        camera: some("730114"),
        event: some("mill-street-cam730114-1772435731100"),
        candidates: vec![candidate("T88KLM", Some(0.8825)), candidate("T8BKLM", Some(0.805))],
        ..Read::new(plate("T88KLM"))
    };
    assert_eq!(reads("openalpr-group.json", &[]), [expected]);
    let expected = Read {
        at: instant("2026-03-02T07:15:30.25Z"),
        confidence: Some(0.715),
        direction: Some(Heading::Approaching),
        camera: some("730115"),
        event: some("AGENTMILLSTREET00000001-730115-1772435730900"),
        stage: Stage::Update,
        candidates: vec![candidate("T88KLM", Some(0.715)), candidate("T88KLN", Some(0.6))],
        ..Read::new(plate("T88KLM"))
    };
    assert_eq!(reads("openalpr-group-2.json", &[]), [expected]);
}

#[test]
fn hikvision_names_the_plate_before_it_was_corrected() {
    let expected = Read {
        at: instant("2026-03-02T07:15:30Z"),
        direction: Some(Heading::Approaching),
        confidence: Some(0.94),
        camera: some("10.20.0.41"),
        lane: some("1"),
        event: some("7c0e4f6a20260302081530ANPRgateA0001"),
        candidates: vec![candidate("8N204RT", None)],
        ..Read::new(plate("BN204RT"))
    };
    assert_eq!(reads("hikvision.xml", &[]), [expected]);
}

#[test]
fn dahua_is_read_in_each_of_its_three_ways() {
    let itsapi = Read {
        at: local("2026-03-02T08:15:30.25"),
        direction: Some(Heading::Approaching),
        confidence: Some(0.87),
        camera: some("gate-east"),
        lane: some("1"),
        ..Read::new(plate("GR5517"))
    };
    assert_eq!(reads("dahua-itsapi.json", &[]), [itsapi]);
    let rpc = Read {
        at: instant("2026-03-02T07:15:30.25Z"),
        direction: Some(Heading::Out),
        confidence: Some(0.8),
        camera: some("9Z01B2CPAK00077"),
        lane: some("2"),
        event: some("4711"),
        candidates: vec![candidate("GR5577", None)],
        ..Read::new(plate("GR5517"))
    };
    assert_eq!(reads("dahua-rpc.json", &[]), [rpc]);
    let cgi = Read {
        at: local("2026-03-02T08:15:30.25"),
        direction: Some(Heading::In),
        confidence: Some(0.6),
        lane: some("1"),
        event: some("881"),
        ..Read::new(plate("GR5517"))
    };
    assert_eq!(reads("dahua-cgi.txt", &[]), [cgi]);
}

#[test]
fn a_dahua_event_without_a_plate_is_an_unread_vehicle() {
    let expected = Read {
        at: instant("2026-03-02T07:16:30.005Z"),
        direction: Some(Heading::Leaving),
        confidence: Some(0.0),
        camera: some("9Z01B2CPAK00077"),
        lane: some("2"),
        event: some("4712"),
        ..Read::new(PlateText::Unread)
    };
    assert_eq!(reads("dahua-rpc-unread.json", &[]), [expected]);
}

#[test]
fn axis_says_its_numbers_as_texts() {
    let expected = Read {
        at: instant("2026-03-02T07:15:30.25Z"),
        direction: Some(Heading::Out),
        confidence: Some(0.88125),
        camera: some("B8A44F000000"),
        lane: some("1"),
        event: some("20718"),
        ..Read::new(plate("WZ4410P"))
    };
    assert_eq!(reads("axis.json", &[]), [expected]);
}

#[test]
fn frigate_names_one_vehicle_in_both_of_its_topics() {
    let event = Read {
        at: instant("2026-03-02T07:15:30.250118Z"),
        confidence: Some(0.8125),
        camera: some("yard"),
        event: some("1772435728.114402-qwx7ab"),
        stage: Stage::Update,
        ..Read::new(plate("7KLM220"))
    };
    let update =
        Read { at: instant("2026-03-02T07:15:30.5Z"), confidence: Some(0.9375), ..event.clone() };
    assert_eq!(reads("frigate-event.json", &[]), [event]);
    assert_eq!(reads("frigate-update.json", &[]), [update]);
}

#[test]
fn verkada_is_read_to_the_millisecond() {
    let expected = Read {
        at: instant("2026-03-02T07:15:30.25Z"),
        confidence: Some(0.96875),
        camera: some("c31d9a1e-1d7f-4f86-8a10-77a0e2b4f801"),
        ..Read::new(plate("8QRS471"))
    };
    assert_eq!(reads("verkada.json", &[]), [expected]);
}

#[test]
fn unifi_protect_means_a_plate_on_no_list_by_unknown() {
    let expected = Read {
        at: instant("2026-03-02T07:15:30.25Z"),
        camera: some("0A1B2C3D4E5F"),
        event: some("69a53c120211d403e40aa001"),
        ..Read::new(plate("LS19VEN"))
    };
    assert_eq!(reads("unifi-protect.json", &[]), [expected]);
}

#[test]
fn genetec_says_the_same_as_json_and_as_xml() {
    let json = Read {
        at: local("2026-03-02T08:15:30.25"),
        direction: Some(Heading::Approaching),
        confidence: Some(0.93),
        camera: some("Exit"),
        event: some("8d0a2f7c-0b8e-4d55-9d57-62a1d0c0ffee"),
        ..Read::new(plate("K41FLP"))
    };
    let xml = Read { at: instant("2026-03-02T07:15:30.25Z"), direction: None, ..json.clone() };
    assert_eq!(reads("genetec.json", &[]), [json]);
    assert_eq!(reads("genetec.xml", &[]), [xml]);
}

#[test]
fn survision_says_the_same_as_json_and_as_xml() {
    let expected = Read {
        at: instant("2026-03-02T07:15:30.25Z"),
        confidence: Some(0.76),
        ..Read::new(plate("FB880QX"))
    };
    assert_eq!(reads("survision.json", &[]), std::slice::from_ref(&expected));
    assert_eq!(reads("survision.xml", &[]), [expected]);
}

#[test]
fn tattile_has_date_and_time_apart() {
    let expected = Read {
        at: local("2026-03-02T08:15:30.25"),
        direction: Some(Heading::Approaching),
        confidence: Some(0.88),
        camera: some("TT-0451"),
        lane: some("3"),
        ..Read::new(plate("5518JKM"))
    };
    assert_eq!(reads("tattile.xml", &[]), [expected]);
}

#[test]
fn vzenith_is_read_to_the_millisecond() {
    let expected = Read {
        at: instant("2026-03-02T07:15:30.25Z"),
        direction: Some(Heading::Approaching),
        confidence: Some(0.92),
        camera: some("c0ffee01-5a5a0052"),
        event: some("1207"),
        ..Read::new(plate("RTP4B18"))
    };
    assert_eq!(reads("vzenith.json", &[]), [expected]);
}

#[test]
fn milesight_has_one_flat_object() {
    let expected = Read {
        at: local("2026-03-02T08:15:30"),
        direction: Some(Heading::Out),
        camera: some("Ramp camera"),
        ..Read::new(plate("CD 771"))
    };
    assert_eq!(reads("milesight.json", &[]), [expected]);
}

#[test]
fn blue_iris_has_several_plates_with_spaces() {
    let found = Read {
        at: instant("2026-03-02T07:15:30Z"),
        confidence: Some(0.9375),
        camera: some("Drive"),
        event: some("6c2b8a4e-1f0d-4c59-8a27-9b3f0e7d5a60"),
        ..Read::new(plate("SKB 204 H"))
    };
    let second = Read { plate: plate("GT4471"), confidence: Some(0.875), ..found.clone() };
    assert_eq!(reads("blue-iris.json", &[]), [found, second]);
}

#[test]
fn lilin_sends_a_page_of_its_log() {
    let expected = [
        Read {
            at: instant("2026-03-02T07:15:30.250118Z"),
            confidence: Some(0.8125),
            event: some("901"),
            ..Read::new(plate("35AB771"))
        },
        Read {
            at: instant("2026-03-02T07:15:41Z"),
            confidence: Some(0.25),
            event: some("902"),
            ..Read::new(PlateText::Unread)
        },
    ];
    assert_eq!(reads("lilin.json", &[]), expected);
}

#[test]
fn a_heartbeat_is_known_from_a_read() {
    for name in [
        "openalpr-heartbeat.json",
        "hikvision-heartbeat.xml",
        "dahua-itsapi-keepalive.json",
        "vzenith-heartbeat.json",
    ] {
        assert_eq!(message(name, &[]), Ok(Message::Heartbeat), "{name}");
    }
}

#[test]
fn a_vendor_with_one_message_per_vehicle_says_that_it_is_the_last() {
    assert_eq!(first("verkada.json", &[]).stage, Stage::Final);
}
