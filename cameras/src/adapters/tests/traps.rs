//! What makes cameras hard: each trap, at each vendor that has it.

use super::candidate;
use crate::read::READS_MAX;
use crate::testing::{
    Payload, first, instant, local, message, payload, payloads, plate, read, reads, vendor,
};
use crate::{Body, CapturedAt, Heading, Message, PlateText, Stage, Unreadable, Vendor};

/// Where each vendor's payload says its plate.
const PLATES: &[(&str, &str)] = &[
    ("axis.json", "WZ4410P\",\n  \"plateASCII"),
    ("blue-iris.json", "SKB 204 H\", \"x_min"),
    ("carpark.json", "KÖ-XY 204"),
    ("dahua-cgi.txt", "GR5517"),
    ("dahua-itsapi.json", "GR5517"),
    ("frigate-update.json", "7KLM220"),
    ("genetec.json", "K41FLP"),
    ("genetec.xml", "K41FLP"),
    ("hikvision.xml", "BN204RT"),
    ("lilin.json", "35AB771"),
    ("milesight.json", "CD 771"),
    ("openalpr-group-2.json", "T88KLM\",\n  \"best_confidence"),
    ("plate-recognizer.json", "hq7301k"),
    ("survision.json", "FB880QX"),
    ("survision.xml", "FB880QX"),
    ("tattile.xml", "5518JKM"),
    ("unifi-protect.json", "LS19VEN"),
    ("verkada.json", "8QRS471"),
    ("vzenith.json", "RTP4B18"),
];

fn with_plate(name: &str, text: &str) -> PlateText {
    let (_, standing) = PLATES.iter().find(|(n, _)| *n == name).unwrap();
    let plate = standing.split('"').next().unwrap();
    first(name, &[(standing, &standing.replacen(plate, text, 1))]).plate
}

#[test]
fn unread_is_said_in_many_words_and_is_no_plate() {
    let of_all = ["", "  ", "-", "???", "Unknown", "unknown", "UNLICENSED", "UNK-00017"];
    for (name, _) in PLATES {
        // Axis says it again in other fields, of which the first with a text counts.
        let is_said_again = *name == "axis.json";
        for word in of_all.iter().filter(|word| !is_said_again || !word.trim().is_empty()) {
            assert_eq!(with_plate(name, word), PlateText::Unread, "{name}: {word:?}");
        }
        assert_eq!(with_plate(name, "license_plate_unknown"), PlateText::Unread, "{name}");
        assert_eq!(with_plate(name, "UNKL 17"), plate("UNKL 17"), "{name}: begins like a word");
    }
}

#[test]
fn each_vendor_has_words_of_its_own_for_unread() {
    for (name, word) in [
        ("hikvision.xml", "noPlate"),
        ("hikvision.xml", "无车牌"),
        ("dahua-itsapi.json", "无牌车"),
        ("vzenith.json", "_无_"),
        ("genetec.json", "NOPLATE"),
        ("tattile.xml", "NO_PLATE"),
        ("milesight.json", "null"),
    ] {
        assert_eq!(with_plate(name, word), PlateText::Unread, "{name}: {word:?}");
    }
    // Somebody has it on his car, and Verkada never says it otherwise.
    assert_eq!(with_plate("verkada.json", "NOPLATE"), plate("NOPLATE"));
}

#[test]
fn a_missing_plate_is_unread_where_the_vendor_leaves_it_out() {
    for (name, field) in [
        ("plate-recognizer.json", r#""plate": "hq7301k","#),
        ("verkada.json", r#""license_plate_number": "8QRS471","#),
        ("unifi-protect.json", r#""value": "LS19VEN","#),
        ("dahua-itsapi.json", r#""PlateNumber": "GR5517","#),
        ("vzenith.json", r#""license": "RTP4B18","#),
    ] {
        assert_eq!(first(name, &[(field, "")]).plate, PlateText::Unread, "{name}");
    }
    let edit = [(r#""IsExist": true"#, r#""IsExist": false"#)];
    assert_eq!(first("dahua-itsapi.json", &edit).plate, PlateText::Unread);
}

#[test]
fn a_field_that_a_vendor_never_leaves_out_is_named_where_it_is_missing() {
    let missing = |name, from, to| message(name, &[(from, to)]).unwrap_err().to_string();
    assert_eq!(missing("carpark.json", "vehicle_plate", "plate"), "`vehicle_plate` is missing");
    assert_eq!(missing("tattile.xml", "<DATE>2026-03-02</DATE>", ""), "`DATE` is missing");
    assert_eq!(missing("genetec.json", "PlateRead", "Plate"), "`PlateRead` is missing");
    assert_eq!(
        missing("plate-recognizer.json", "\"results\"", "\"result\""),
        "`data.results` is missing"
    );
    let of_another = read("verkada", r#"{"PlateRead": "K41FLP"}"#).unwrap_err();
    assert_eq!(of_another, Unreadable::Missing("data"));
}

#[test]
fn a_confidence_is_the_plates_on_the_vendors_scale() {
    let confidence = |name, from, to| first(name, &[(from, to)]).confidence;
    // Of the detector: 0.655 in the same payload.
    assert_eq!(confidence("plate-recognizer.json", "0.884", "0.75"), Some(0.75));
    assert_eq!(confidence("tattile.xml", "088", "999"), Some(1.0));
    assert_eq!(confidence("tattile.xml", "088", "333"), Some(333.0 / 999.0));
    assert_eq!(confidence("tattile.xml", "088", "100"), Some(1.0));
    assert_eq!(confidence("dahua-rpc.json", "204", "255"), Some(1.0));
    assert_eq!(confidence("axis.json", "\"0.881250\"", "88"), Some(0.88));
    // ITSAPI is described as of 255 and mostly sends of 100.
    assert_eq!(confidence("dahua-itsapi.json", "87", "80"), Some(0.8));
    assert_eq!(confidence("dahua-itsapi.json", "87", "130"), Some(130.0 / 255.0));
    assert_eq!(confidence("dahua-itsapi.json", "87", "255"), Some(1.0));
    assert_eq!(confidence("dahua-itsapi.json", "87", "256"), Some(0.0));
    assert_eq!(confidence("survision.json", "\"76\"", "\"76 %\""), Some(0.76));
    assert_eq!(confidence("tattile.xml", "088", "87,5"), Some(0.875));
}

#[test]
fn a_time_that_no_cameras_clock_can_show_is_an_error() {
    let times = [
        ("axis.json", "1772435730250"),
        ("axis-onvif.xml", "1772435730250"),
        ("axis-publisher.json", "1772435730250"),
        ("frigate-plate-recognizer.json", "2026-03-02 08:15:30"),
        ("hh9net.xml", "2026-03-02 08:15:30"),
        ("lector-vision.json", "2026/03/02 08:15:30.250"),
        ("lilin-engine.json", "2026-03-02T07:15:30.250000Z"),
        ("plate-recognizer-snapshot.json", "2026-03-02T07:15:30.250118Z"),
        ("template.json", "2026-03-02T08:15:30.250+01:00"),
        ("tvt-1.xml", "1772435730250118"),
        ("tvt-2.xml", "1772435730250118"),
        ("xenix.json", "2026-03-02T08:15:30"),
        ("blue-iris.json", "Mon 02 Mar 2026 07:15:30 GMT"),
        ("dahua-cgi.txt", "UTC=1772439330"),
        ("dahua-itsapi.json", "2026-03-02 08:15:30.250"),
        ("dahua-rpc.json", "1772435730"),
        ("frigate-event.json", "1772435730.250118"),
        ("genetec.json", "2026-03-02T08:15:30.25"),
        ("genetec.xml", "2026-03-02T08:15:30.2500000+01:00"),
        ("hikvision.xml", "2026-03-02T08:15:30+01:00"),
        ("lilin.json", "1772435730250118"),
        ("milesight.json", "2026-03-02 08:15:30"),
        ("openalpr-group.json", "1772435730250"),
        ("plate-recognizer.json", "2026-03-02T07:15:30.250118Z"),
        ("survision.json", "1772435730250"),
        ("tattile.xml", "2026-03-02"),
        ("unifi-protect.json", "1772435730250"),
        ("verkada.json", "1772435730250"),
        ("vzenith.json", "1772435730"),
    ];
    let absurd = [
        "0",
        "-1",
        "-9223372036854775808",
        "9223372036854775807",
        "18446744073709551615",
        "1e300",
        "99999999999999999999999999",
        "0000-00-00T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "+262143-12-31T23:59:59Z",
    ];
    for (name, time) in times {
        for absurd in absurd {
            let is_bare = name.ends_with("json")
                && time.bytes().all(|b| b.is_ascii_digit() || b == b'.')
                && !["axis.json", "lilin.json", "survision.json"].contains(&name);
            let absurd = match time.strip_prefix("UTC=") {
                Some(_) => format!("UTC={absurd}"),
                None if is_bare && absurd.contains(':') => format!("\"{absurd}\""),
                None => absurd.to_owned(),
            };
            let read = message(name, &[(time, &absurd)]);
            let is_refused =
                matches!(read, Err(Unreadable::BadTime(_) | Unreadable::UnknownTime(_)));
            assert!(is_refused, "{name} {absurd}: {read:?}");
        }
    }
}

#[test]
fn an_own_message_may_be_of_any_past_as_in_the_queues() {
    let time = |time| message("carpark.json", &[("2026-03-02T07:15:30.250Z", time)]);
    let Ok(Message::Reads(reads)) = time("1931-05-04T10:00:00") else { panic!() };
    assert_eq!(reads[0].at, instant("1931-05-04T10:00:00Z"));
    for absurd in ["", "yesterday", "10000-01-01T00:00:00Z", "2026-02-30T00:00:00Z"] {
        let error = time(absurd).unwrap_err().to_string();
        assert_eq!(error, "`entry_date_time` is not an RFC 3339 date and time");
    }
    let json = r#"{"vehicle_plate":"KX 1","entry_date_time":"2026-03-02T07:15:30Z",
        "exit_date_time":"2026-03-02T07:15:30Z"}"#;
    assert!(matches!(read("carpark", json), Err(Unreadable::Bad("exit_date_time", _))));
    let neither = read("carpark", r#"{"vehicle_plate":"KX 1"}"#);
    assert_eq!(neither, Err(Unreadable::Missing("entry_date_time or exit_date_time")));
}

#[test]
fn a_plate_that_is_on_two_lists_is_one_read() {
    let trigger = "\"timestamp\": 1772435730250\n      }";
    let again = r#", {"device": "0A1B2C3D4E5F", "value": "LS19VEN", "timestamp": 1772435730250,
        "key": "license_plate_of_interest", "eventId": "69a53c120211d403e40aa001"}"#;
    let twice = reads("unifi-protect.json", &[(trigger, &format!("{trigger}{again}"))]);
    assert_eq!(twice, reads("unifi-protect.json", &[]));
    let other = again.replace("LS19VEN", "LS20VEN");
    assert_eq!(reads("unifi-protect.json", &[(trigger, &format!("{trigger}{other}"))]).len(), 2);
}

#[test]
fn a_message_without_a_time_is_a_read_without_a_time() {
    let edits = [("\"detected\": 1772435730250,", ""), ("\"created\": 1772435730,", "")];
    assert_eq!(first("verkada.json", &edits).at, CapturedAt::Missing);
    let edits = [("<DATE>2026-03-02</DATE>", ""), ("<TIME>08-15-30-250</TIME>", "")];
    assert_eq!(first("tattile.xml", &edits).at, CapturedAt::Missing);
    // Of the alarm, where the trigger has none.
    let edits = [(",\n        \"timestamp\": 1772435730250", "")];
    assert_eq!(first("unifi-protect.json", &edits).at, instant("2026-03-02T07:15:31.4Z"));
}

#[test]
fn dahuas_utc_is_what_the_clock_on_the_wall_shows() {
    let edits = [("\"RealUTC\": 1772435730,", "")];
    assert_eq!(first("dahua-rpc.json", &edits).at, local("2026-03-02T08:15:30.25"));
}

#[test]
fn dahuas_directions_mean_the_barrier_before_the_picture() {
    let direction = |edits: &[(&str, &str)]| first("dahua-rpc.json", edits).direction;
    assert_eq!(direction(&[("\"ParkType\": 2", "\"ParkType\": 1")]), Some(Heading::In));
    assert_eq!(direction(&[("\"ParkType\": 2", "\"ParkType\": 0")]), Some(Heading::Approaching));
    let edits = [("\"ParkType\": 2", "\"ParkType\": 0"), ("[\"Approach\"", "[\"Leave\"")];
    assert_eq!(direction(&edits), Some(Heading::Leaving));
    let cgi = |to| first("dahua-cgi.txt", &[("DrivingDirection=1", to)]).direction;
    assert_eq!(cgi("DrivingDirection=2"), Some(Heading::Out));
    assert_eq!(cgi("DrivingDirection=0"), None);
    let reverse = [("Obverse", "Reverse")];
    assert_eq!(first("dahua-itsapi.json", &reverse).direction, Some(Heading::Leaving));
}

#[test]
fn a_direction_is_said_in_each_vendors_words() {
    let direction = |name, from, to| first(name, &[(from, to)]).direction;
    assert_eq!(direction("hikvision.xml", "forward", "reverse"), Some(Heading::Leaving));
    assert_eq!(direction("hikvision.xml", "forward", "unknown"), None);
    assert_eq!(direction("axis.json", "\"out\"", "\"in\""), Some(Heading::In));
    assert_eq!(direction("axis.json", "\"out\"", "\"unk\""), None);
    assert_eq!(direction("tattile.xml", "APPROACH", "GOAWAY"), Some(Heading::Leaving));
    assert_eq!(direction("milesight.json", "Out", "In"), Some(Heading::In));
    assert_eq!(direction("milesight.json", "Out", "Approach"), Some(Heading::Approaching));
    assert_eq!(direction("genetec.json", "Closer", "Away"), Some(Heading::Leaving));
    assert_eq!(direction("genetec.json", "Closer", "-"), None);
    let code = |code| direction("vzenith.json", "\"direction\": 4", code);
    assert_eq!(code("\"direction\": 3"), Some(Heading::Leaving));
    for sideways in ["\"direction\": 0", "\"direction\": 1", "\"direction\": 2"] {
        assert_eq!(code(sideways), None);
    }
    let angle = |angle| direction("plate-recognizer.json", "268", angle);
    assert_eq!(angle("92.5"), Some(Heading::Leaving));
    assert_eq!(angle("0"), None);
    assert_eq!(angle("180"), None);
}

#[test]
fn a_vehicle_in_several_messages_has_one_event_and_stages() {
    let stage = |name, from, to| first(name, &[(from, to)]).stage;
    assert_eq!(stage("axis.json", "\"lost\"", "\"new\""), Stage::New);
    assert_eq!(stage("axis.json", "\"lost\"", "\"update\""), Stage::Update);
    assert_eq!(stage("axis.json", "\"lost\"", "\"lost\""), Stage::Final);
    assert_eq!(stage("frigate-event.json", "\"update\"", "\"new\""), Stage::New);
    assert_eq!(stage("frigate-event.json", "\"update\"", "\"end\""), Stage::Final);
    assert_eq!(stage("openalpr-group-2.json", "true", "false"), Stage::Final);
}

#[test]
fn a_dahua_group_of_nought_is_no_group() {
    let edit = [("\"GroupID\": 4711", "\"GroupID\": 0")];
    assert_eq!(first("dahua-rpc.json", &edit).event.as_deref(), Some("90"));
}

#[test]
fn axis_may_send_the_events_of_a_while_together() {
    let one = &payload("axis.json").text;
    let body = format!("[{one}, {}]", one.replace("20718", "20719").replace("lost", "new"));
    let Ok(Message::Reads(reads)) = read("axis", &body) else { panic!() };
    let events: Vec<_> = reads.iter().map(|read| read.event.as_deref()).collect();
    assert_eq!(events, [Some("20718"), Some("20719")]);
}

#[test]
fn a_late_upload_is_told_by_its_own_word_and_by_no_serial_number() {
    let is_late = |name, from, to| first(name, &[(from, to)]).is_late_upload;
    assert!(is_late("hikvision.xml", "ission>false", "ission>true"));
    assert!(is_late("hikvision.xml", "<ANPR>", "<ANPR><alarmDataType>1</alarmDataType>"));
    assert!(!is_late("hikvision.xml", "<activePostCount>1", "<activePostCount>50"));
    assert!(is_late("vzenith.json", "\"isoffline\": 0", "\"isoffline\": 1"));
    assert!(!is_late("vzenith.json", "\"isoffline\": 0,", ""));
    assert!(!is_late("dahua-itsapi.json", "\"UploadNum\": 1", "\"UploadNum\": 3"));
}

#[test]
fn an_event_of_another_kind_is_nothing_and_says_why() {
    let nothing = |name, edits: &[(&str, &str)]| match message(name, edits).unwrap() {
        Message::Nothing(why) => why,
        other => panic!("{name}: {other:?}"),
    };
    let edits =
        [(r#""recognized_license_plate": "7KLM220""#, r#""recognized_license_plate": null"#)];
    assert_eq!(nothing("frigate-event.json", &edits), "an object without a plate so far");
    nothing("frigate-update.json", &[("\"lpr\"", "\"face\"")]);
    nothing("verkada.json", &[("\"lpr\"", "\"notification\"")]);
    nothing("openalpr-group.json", &[("alpr_group", "alpr_results")]);
    nothing("openalpr-group.json", &[("alpr_group", "alpr_alert")]);
    nothing("dahua-rpc.json", &[("\"TrafficJunction\"", "\"VideoMotion\"")]);
    nothing("unifi-protect.json", &[("\"key\": \"license_plate_unknown\"", "\"key\": \"person\"")]);
    let body =
        "<EventNotificationAlert><eventType>linedetection</eventType></EventNotificationAlert>";
    assert!(matches!(read("hikvision", body), Ok(Message::Nothing(_))));
    let body = r#"{"hook":{"event":"image"},"data":{"camera_id":"west"}}"#;
    assert!(matches!(read("plate-recognizer", body), Ok(Message::Nothing(_))));
    let body = r#"{"hook":{"event":"recognition"},"data":{"camera_id":"west","results":[]}}"#;
    assert!(matches!(read("plate-recognizer", body), Ok(Message::Nothing(_))));
    let body = r#"{"LPR_COUNT":0,"INFORMATION":[]}"#;
    assert!(matches!(read("lilin", body), Ok(Message::Nothing(_))));
}

#[test]
fn hikvisions_namespace_and_prefix_do_not_matter() {
    let expected = reads("hikvision.xml", &[]);
    for namespace in ["http://www.hikvision.com/ver20/XMLSchema", "", "urn:psialliance-org"] {
        let edit = [("http://www.isapi.org/ver20/XMLSchema", namespace)];
        assert_eq!(reads("hikvision.xml", &edit), expected);
    }
    let edits =
        [("<licensePlate>", "<hik:licensePlate>"), ("</licensePlate>", "</hik:licensePlate>")];
    assert_eq!(reads("hikvision.xml", &edits), expected);
    let json = r#"{"EventNotificationAlert":{"eventType":"ANPR","eventState":"active",
        "dateTime":"2026-03-02T08:15:30+01:00","ANPR":{"licensePlate":"BN204RT"}}}"#;
    let Ok(Message::Reads(reads)) = read("hikvision", json) else { panic!() };
    assert_eq!(reads[0].plate, plate("BN204RT"));
    assert_eq!(reads[0].at, instant("2026-03-02T07:15:30Z"));
}

#[test]
fn a_plate_that_was_not_corrected_has_no_candidate() {
    let edit = [("8N204RT", "BN204RT")];
    assert_eq!(first("hikvision.xml", &edit).candidates, []);
    assert_eq!(first("hikvision.xml", &[]).candidates, [candidate("8N204RT", None)]);
}

#[test]
fn plate_recognizers_newer_engine_puts_the_plate_deeper() {
    let edit = [(
        r#""plate": "hq7301k",
        "region""#,
        r#""plate": {"score": 0.9, "props": {"plate": [{"value": "hq7301k", "score": 0.5}]}},
        "region""#,
    )];
    assert_eq!(first("plate-recognizer.json", &edit).plate, plate("hq7301k"));
}

#[test]
fn a_dahua_line_of_its_stream_is_read() {
    let line = "Code=TrafficJunction;action=Pulse;index=0;data={\"RealUTC\":1772435730,\
                \"TrafficCar\":{\"PlateNumber\":\"GR5517\"}}";
    let Ok(Message::Reads(reads)) = read("dahua", line) else { panic!() };
    assert_eq!(reads[0].plate, plate("GR5517"));
    assert_eq!(reads[0].at, instant("2026-03-02T07:15:30Z"));
}

#[test]
fn a_vzenith_registration_is_a_heartbeat() {
    let form = "device_name=Barrier+2&ipaddr=10.20.0.52&port=80&user_name=a&pass_wd=b&serialno=c0";
    let body = Body::parse(form.as_bytes(), None).unwrap();
    assert_eq!(Vendor::detect(&body), Some(vendor("vzenith")));
    assert_eq!(vendor("vzenith").read(&body), Ok(Message::Heartbeat));
}

#[test]
fn blue_iris_may_be_sent_without_anything_around_it() {
    let found = r#"{"found":{"predictions":[{"plate":"GT 4471","confidence":0.5}],
        "timestampUTC":"Mon, 02 Mar 2026 07:15:30 GMT"}}"#;
    for body in [format!("[{found}]"), format!(r#"{{"camera":"Drive","dump":{found}}}"#)] {
        let Ok(Message::Reads(reads)) = read("blue-iris", &body) else { panic!("{body}") };
        assert_eq!(reads[0].plate, plate("GT 4471"));
        assert_eq!(reads[0].at, instant("2026-03-02T07:15:30Z"));
    }
}

#[test]
fn more_plates_than_a_picture_can_have_are_refused() {
    let plates = [r#"{"plate":"ab 12","confidence":0.5}"#; READS_MAX + 1];
    let plates: Vec<String> =
        (0..).zip(plates).map(|(n, p)| p.replace("12", &n.to_string())).collect();
    let plates = plates.join(",");
    let body = format!(r#"[{{"found":{{"predictions":[{plates}]}}}}]"#);
    assert_eq!(read("blue-iris", &body), Err(Unreadable::TooMany));
}

#[test]
fn no_plate_shows_in_an_error_or_in_debug() {
    for Payload { name, vendor, text: payload } in payloads() {
        let body = Body::parse(payload.as_bytes(), None).unwrap();
        let shown = format!("{body:?} {:?}", vendor.read(&body));
        for (_, plate) in PLATES.iter().filter(|(n, _)| n == name) {
            let plate = plate.split('"').next().unwrap();
            assert!(payload.contains(plate) && !shown.contains(plate), "{name}: {shown}");
        }
    }
    for broken in [r#"{"vehicle_plate": "KX 2041", "entry_date_time": 5"#, "<KX2041><a></KX2041>"] {
        let error = Body::parse(broken.as_bytes(), None).unwrap_err().to_string();
        assert!(!error.contains("2041"), "{error}");
    }
}
