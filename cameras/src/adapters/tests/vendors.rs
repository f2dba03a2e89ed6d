//! What is read of the vendors whose message is small, and what all say besides their reads.

use super::{candidate, some};
use crate::testing::{first, instant, local, message, payload, plate, read, reads};
use crate::understand::understand;
use crate::{CapturedAt, Heading, Message, PlateText, Read, Stage};

fn nothing(name: &str, edits: &[(&str, &str)]) -> &'static str {
    match message(name, edits).unwrap() {
        Message::Nothing(why) => why,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn tvt_is_read_in_both_versions_of_its_api() {
    let camera = Read { at: instant("2026-03-02T07:15:30.250118Z"), ..Read::new(plate("KTR2041")) };
    assert_eq!(reads("tvt-1.xml", &[]), [camera]);
    let recorder = Read {
        at: instant("2026-03-02T07:15:30.250118Z"),
        camera: some("Yard recorder"),
        lane: some("3"),
        event: some("417"),
        ..Read::new(plate("KT2042"))
    };
    assert_eq!(reads("tvt-2.xml", &[]), [recorder]);
    assert_eq!(first("tvt-1.xml", &[("VEHICE<", "VEHICLE<")]).plate, plate("KTR2041"));
    nothing("tvt-1.xml", &[("VEHICE<", "PEA<")]);
    nothing("tvt-2.xml", &[("<smartType>vehicle", "<smartType>regionIntrusion")]);
    assert_eq!(first("tvt-2.xml", &[("KT2042", "")]).plate, PlateText::Unread);
}

#[test]
fn small_messages_are_read_whole() {
    let lector = Read {
        at: local("2026-03-02T08:15:30.25"),
        camera: some("LV-0451"),
        ..Read::new(plate("5519JKM"))
    };
    assert_eq!(reads("lector-vision.json", &[]), [lector]);
    let xenix = Read {
        at: local("2026-03-02T08:15:30"),
        direction: Some(Heading::Leaving),
        confidence: Some(0.9375),
        camera: some("10.20.0.70"),
        event: some("5d2041f0-0c4e-4a5e-9b1f-20410000c0de"),
        ..Read::new(plate("VQX2041"))
    };
    assert_eq!(reads("xenix.json", &[]), [xenix]);
    let econnect = Read { camera: some("Dock LPR"), ..Read::new(plate("7TRK204")) };
    assert_eq!(reads("econnect.json", &[]), [econnect]);
    let gateway = Read {
        at: local("2026-03-02T08:15:30"),
        direction: Some(Heading::Out),
        camera: some("31"),
        event: some("90417"),
        ..Read::new(plate("浙F20H41"))
    };
    assert_eq!(reads("hh9net.xml", &[]), [gateway]);
    let lane = [("<laneType>1", "<laneType>0")];
    assert_eq!(first("hh9net.xml", &lane).direction, Some(Heading::In));
    let publisher = Read {
        at: instant("2026-03-02T07:15:30.25Z"),
        camera: some("B8A44F000001"),
        ..Read::new(plate("PX20KLM"))
    };
    assert_eq!(reads("axis-publisher.json", &[]), [publisher]);
    let addon = Read {
        at: local("2026-03-02T08:15:30"),
        confidence: Some(0.875),
        camera: some("yard"),
        event: some("1772435728.551902-b4kz1p"),
        ..Read::new(plate("QK204FP"))
    };
    assert_eq!(reads("frigate-plate-recognizer.json", &[]), [addon]);
    let metadata = Read {
        at: instant("2026-03-02T07:15:30.25Z"),
        direction: Some(Heading::Out),
        event: some("20731"),
        stage: Stage::New,
        ..Read::new(plate("WZ4411P"))
    };
    assert_eq!(reads("axis-onvif.xml", &[]), [metadata]);
}

#[test]
fn newer_programs_of_a_known_vendor_are_read() {
    let engine = Read {
        at: instant("2026-03-02T07:15:30.25Z"),
        confidence: Some(0.9375),
        camera: some("Ramp"),
        ..Read::new(plate("35AB772"))
    };
    assert_eq!(reads("lilin-engine.json", &[]), [engine]);
    nothing("lilin-engine.json", &[("\"lpr\"", "\"detection\"")]);
    let snapshot = Read {
        at: instant("2026-03-02T07:15:30.250118Z"),
        confidence: Some(0.75),
        camera: some("west"),
        candidates: vec![candidate("hq7302k", Some(0.75)), candidate("h07302k", Some(0.5))],
        ..Read::new(plate("hq7302k"))
    };
    assert_eq!(reads("plate-recognizer-snapshot.json", &[]), [snapshot]);
    nothing("plate-recognizer-vision-alert.json", &[]);
    let mqtt = Read {
        at: instant("2026-03-02T07:15:30Z"),
        direction: Some(Heading::Leaving),
        confidence: Some(0.96),
        camera: some("c0ffee02-5a5a0053"),
        ..Read::new(plate("浙F20H42"))
    };
    assert_eq!(reads("vzenith-mqtt.json", &[]), [mqtt]);
    let gb = [("5rWZRjIwSDQy", "1eNGMjBINDI=")];
    assert_eq!(first("vzenith-mqtt.json", &gb).plate, plate("浙F20H42"));
    let macro_alone = Read {
        at: instant("2026-03-02T07:15:30Z"),
        camera: some("Drive"),
        ..Read::new(plate("SKB 205 H"))
    };
    assert_eq!(reads("blue-iris-plate.json", &[]), [macro_alone]);
}

#[test]
fn a_templates_direction_chooses_between_entry_and_exit() {
    let expected = Read {
        at: instant("2026-03-02T07:15:30.25Z"),
        direction: Some(Heading::Leaving),
        confidence: Some(0.875),
        lane: some("4"),
        ..Read::new(plate("BX 204 LM"))
    };
    assert_eq!(reads("template.json", &[]), [expected]);
    for (said, direction) in [
        ("0", None),
        ("1", Some(Heading::Approaching)),
        ("3", None),
        ("Towards", Some(Heading::Approaching)),
        ("AWAY", Some(Heading::Leaving)),
        ("in", Some(Heading::In)),
        ("Exit", Some(Heading::Out)),
        ("", None),
    ] {
        let edit = [("\"2\"", &*format!("\"{said}\""))];
        assert_eq!(first("template.json", &edit).direction, direction, "{said}");
    }
    assert_eq!(first("template.json", &[("BX 204 LM", "")]).plate, PlateText::Unread);
    let xml = "<e><vehicle_plate>BX 1</vehicle_plate><date_time>1772435730</date_time></e>";
    let form = "vehicle_plate=BX+1&date_time=20260302T071530Z&direction=1";
    for body in [xml, form] {
        let Ok(Message::Reads(reads)) = read("template", body) else { panic!("{body}") };
        assert_eq!(
            (&reads[0].plate, reads[0].at),
            (&plate("BX 1"), instant("2026-03-02T07:15:30Z"))
        );
    }
}

#[test]
fn itsapis_other_messages_are_signs_of_life_and_no_passages() {
    for name in ["dahua-itsapi-device.json", "tvt-1-keepalive.xml", "tvt-2-keepalive.xml"] {
        assert_eq!(message(name, &[]), Ok(Message::Heartbeat), "{name}");
    }
    let text = [("\"keepAlive\"", "true")];
    assert_eq!(message("dahua-itsapi-keepalive.json", &text), Ok(Message::Heartbeat));
    nothing("dahua-itsapi-alarm.json", &[]);
    nothing("dahua-itsapi-parking.json", &[]);
    // As some cameras have it: beside the picture.
    let beside = r#"{"Picture":{"Plate":{"IsExist":true,"PlateNumber":"GR5518"}},
        "ParkingInfo":{"ParkingStatus":1},"DeviceID":"gate-east"}"#;
    assert!(matches!(read("dahua", beside), Ok(Message::Nothing(_))));
    let space = [("\"TrafficJunction\"", "\"TrafficParkingSpaceParking\"")];
    nothing("dahua-rpc.json", &space);
}

#[test]
fn what_was_not_found_is_nothing_and_no_fault() {
    let bodies = [
        r#"{"camera":"Drive","json":}"#,
        r#"{"camera":"Drive","json":, "plate":""}"#,
        r#"{"camera":"Drive","json":[]}"#,
        r#"{"camera":"Drive","json":null}"#,
        r#"{"camera":"Drive","json":{"success":false,"error":"no module"}}"#,
        r#"{"camera":"Drive","json":[{"api":"alpr","found":{"success":false}}]}"#,
        r#"{"plate_number":"","camera":"Drive","timestamp":"2026-03-02T07:15:30Z"}"#,
        r#"{"success":false}"#,
        "[]",
        " [ ]\n",
        "null",
        "None",
    ];
    for body in bodies {
        for vendor in [None, Some("blue-iris".parse().unwrap())] {
            let understood = understand(body.as_bytes(), None, vendor);
            let message = understood.unwrap_or_else(|error| panic!("{body}: {error}")).message;
            assert!(matches!(message, Message::Nothing(_)), "{body}: {message:?}");
        }
    }
    // Nothing is nothing, whoever says it.
    for vendor in crate::Vendor::all() {
        for body in ["[]", "null"] {
            let understood = understand(body.as_bytes(), None, Some(vendor)).unwrap();
            assert!(matches!(understood.message, Message::Nothing(_)), "{vendor} {body}");
        }
    }
}

#[test]
fn a_stage_that_is_not_known_is_a_preview() {
    for (name, last) in [
        ("axis.json", "\"lost\""),
        ("axis-onvif.xml", "\"new\""),
        ("frigate-event.json", "\"update\""),
    ] {
        for word in ["\"updated\"", "\"refined\"", "\"?\""] {
            assert_eq!(first(name, &[(last, word)]).stage, Stage::Update, "{name} {word}");
        }
    }
    // Where none is said, there is one message per vehicle.
    assert_eq!(first("axis.json", &[("\"carState\": \"lost\",", "")]).stage, Stage::Final);
}

#[test]
fn a_serial_number_is_no_late_upload() {
    let is_late = |name: &str, from: &str, to: &str| first(name, &[(from, to)]).is_late_upload;
    for count in ["2", "13", "50"] {
        let count = format!("\"UploadNum\": {count}");
        assert!(!is_late("dahua-itsapi.json", "\"UploadNum\": 1", &count));
    }
    let posts = "<activePostCount>1</activePostCount>";
    assert!(!is_late("hikvision.xml", posts, "<activePostCount>50</activePostCount>"));
    let kind = |kind| is_late("hikvision.xml", "<confidenceLevel>", kind);
    assert!(kind("<alarmDataType>1</alarmDataType><confidenceLevel>"));
    assert!(!kind("<alarmDataType>0</alarmDataType><confidenceLevel>"));
    assert!(is_late("hikvision.xml", "ission>false", "ission>true"));
}

#[test]
fn hikvisions_older_and_newer_forms_are_read() {
    let original = [("<licensePlate>BN204RT</licensePlate>", ""), ("8N204RT", "BN204RS")];
    let read_alone = first("hikvision.xml", &original);
    assert_eq!((read_alone.plate, read_alone.candidates), (plate("BN204RS"), Vec::new()));
    let neither = [
        ("<licensePlate>BN204RT</licensePlate>", ""),
        ("<originalLicensePlate>8N204RT</originalLicensePlate>", ""),
    ];
    assert_eq!(first("hikvision.xml", &neither).plate, PlateText::Unread);
    let json = r#"{"eventType":"ANPR","dateTime":"2026-03-02T08:15:30+01:00",
        "ANPR":{"licensePlate":"BN204RT","direction":"Approach","confidenceLevel":"94"}}"#;
    let understood = understand(json.as_bytes(), None, None).unwrap();
    assert_eq!(understood.vendor.name(), "hikvision");
    let Message::Reads(reads) = understood.message else { panic!() };
    assert_eq!(reads[0].direction, Some(Heading::Approaching));
    assert_eq!(reads[0].confidence, Some(0.94));
    let inactive = "<EventNotificationAlert><eventType>ANPR</eventType>\
                    <eventState>inactive</eventState></EventNotificationAlert>";
    assert!(matches!(read("hikvision", inactive), Ok(Message::Nothing(_))));
}

#[test]
fn directions_that_some_name_and_few_use_are_read() {
    let angle = |degrees: &str| {
        let edit = [(
            "\"best_confidence\"",
            &*format!("\"travel_direction\": {degrees}, \"best_confidence\""),
        )];
        first("openalpr-group-2.json", &edit).direction
    };
    assert_eq!((angle("4.5"), angle("350")), (Some(Heading::Leaving), Some(Heading::Leaving)));
    assert_eq!(
        (angle("178.2"), angle("90"), angle("-1")),
        (Some(Heading::Approaching), None, None)
    );
    let survision = |word: &str| {
        let edit = [("\"@plate\"", &*format!("\"@direction\": \"{word}\", \"@plate\""))];
        first("survision.json", &edit).direction
    };
    assert_eq!(survision("Front"), Some(Heading::Approaching));
    assert_eq!((survision("away"), survision("unknown")), (Some(Heading::Leaving), None));
}

#[test]
fn the_points_of_a_long_stay_cost_no_read() {
    let point = "[[0.52, 0.71], 1772435730.1]";
    let path = vec![point; 20_000].join(",");
    let boxes = vec![r#"{"x": 1, "y": 2, "t": 3}"#; 20_000].join(",");
    let frames = vec![r#""mill-street-cam1-1772435731100""#; 20_000].join(",");
    let more =
        format!(r#""path_data": [{path}], "boxes": [{boxes}], "uuids": [{frames}], "camera""#);
    let long = first("frigate-event.json", &[("\"camera\"", &more)]);
    assert_eq!(long, first("frigate-event.json", &[]));
    // What a plate may stand in is counted still.
    let named = vec![r#"{"name": "a", "plate": "b"}"#; 20_000].join(",");
    let body = format!(r#"{{"list": [{named}]}}"#);
    assert_eq!(
        crate::Body::parse(body.as_bytes(), None).unwrap_err(),
        crate::BadBody::TooManyValues
    );
}

#[test]
fn a_camera_that_names_no_time_has_that_of_its_coming() {
    assert_eq!(first("econnect.json", &[]).at, CapturedAt::Missing);
}

#[test]
fn a_time_of_another_form_is_no_fault_of_the_clock() {
    let error = |to| message("hikvision.xml", &[("2026-03-02T08:15:30+01:00", to)]).unwrap_err();
    let form = error("2026-03-02T08:15:30+1:00").to_string();
    assert!(form.contains("form of time not known") && !form.contains("clock"), "{form}");
    let clock = error("1970-01-01T08:15:30+01:00").to_string();
    assert!(clock.contains("is the camera's clock set?"), "{clock}");
    assert!(payload("hikvision.xml").text.contains("dateTime"));
}
