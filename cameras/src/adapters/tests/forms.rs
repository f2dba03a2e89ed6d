//! What some firmwares say otherwise than the payloads: other words for a direction, other fields
//! for a time, a plate or a camera, other scales; and what a camera sends that is no read.

use super::some;
use crate::testing::{first, instant, local, message, plate, read, reads};
use crate::{Message, PlateText, Read, Unreadable};

const IN: Option<crate::Heading> = Some(crate::Heading::In);
const OUT: Option<crate::Heading> = Some(crate::Heading::Out);
const APPROACHING: Option<crate::Heading> = Some(crate::Heading::Approaching);
const LEAVING: Option<crate::Heading> = Some(crate::Heading::Leaving);

#[test]
fn every_word_for_a_direction_is_read() {
    let survision = |word: &str| format!("\"@direction\": \"{word}\", \"@plate\"");
    let beside = |word: &str| format!("\"@direction\": \"{word}\", \"@date\"");
    for (name, from, to, expected) in [
        ("axis-onvif.xml", "\"out\"", "\"in\"", IN),
        ("dahua-itsapi.json", "Obverse", "Approach", APPROACHING),
        ("dahua-itsapi.json", "Obverse", "Leave", LEAVING),
        ("genetec.json", "Closer", "Approaching", APPROACHING),
        ("genetec.json", "Closer", "Further", LEAVING),
        ("genetec.json", "Closer", "Moving away", LEAVING),
        ("hikvision.xml", "forward", "approaching", APPROACHING),
        ("hikvision.xml", "forward", "leave", LEAVING),
        ("hikvision.xml", "forward", "leaving", LEAVING),
        ("hikvision.xml", "forward", "away", LEAVING),
        ("milesight.json", "Out", "Away", LEAVING),
        ("survision.json", "\"@plate\"", &survision("in"), IN),
        ("survision.json", "\"@plate\"", &survision("out"), OUT),
        ("survision.json", "\"@plate\"", &survision("approach"), APPROACHING),
        ("survision.json", "\"@plate\"", &survision("approaching"), APPROACHING),
        ("survision.json", "\"@plate\"", &survision("leaving"), LEAVING),
        ("survision.json", "\"@plate\"", &survision("rear"), LEAVING),
        ("survision.json", "\"@date\"", &beside("rear"), LEAVING),
        ("template.json", "\"2\"", "\"entry\"", IN),
        ("template.json", "\"2\"", "\"entering\"", IN),
        ("template.json", "\"2\"", "\"exiting\"", OUT),
        ("template.json", "\"2\"", "\"out\"", OUT),
        ("template.json", "\"2\"", "\"toward\"", APPROACHING),
        ("template.json", "\"2\"", "\"approach\"", APPROACHING),
        ("template.json", "\"2\"", "\"approaching\"", APPROACHING),
        ("template.json", "\"2\"", "\"leaving\"", LEAVING),
        ("xenix.json", "reverse", "forward", APPROACHING),
    ] {
        assert_eq!(first(name, &[(from, to)]).direction, expected, "{name} {to}");
    }
}

#[test]
fn an_angle_says_towards_or_away_and_across_says_neither() {
    let openalpr = |angle: &str| {
        let edit = format!("\"travel_direction\": {angle}, \"best_confidence\"");
        first("openalpr-group.json", &[("\"best_confidence\"", &edit)]).direction
    };
    let stream = |angle: &str| {
        first(
            "plate-recognizer.json",
            &[("\"direction\": 268", &format!("\"direction\": {angle}"))],
        )
        .direction
    };
    let openalprs = [("0", "60", "61"), ("300", "360", "299")];
    let streams = [("30", "150", "29"), ("31", "149", "151")];
    for ((from, to, across), (from_2, to_2, across_2)) in openalprs.into_iter().zip(streams) {
        assert_eq!((openalpr(from), openalpr(to), openalpr(across)), (LEAVING, LEAVING, None));
        assert_eq!((stream(from_2), stream(to_2), stream(across_2)), (LEAVING, LEAVING, None));
    }
    assert_eq!(["119", "120", "240", "241"].map(openalpr), [None, APPROACHING, APPROACHING, None]);
    assert_eq!(["209", "210", "330", "331"].map(stream), [None, APPROACHING, APPROACHING, None]);
}

#[test]
fn dahuas_other_fields_for_a_direction_are_read_in_their_order() {
    let park_type = ("\"ParkType\": 2", "\"ParkType\": 0");
    let rpc = |edits: &[(&str, &str)]| first("dahua-rpc.json", edits).direction;
    let own = ("[\"Approach\", \"Car come in\", \"Car go out\"]", "\"Leave\"");
    assert_eq!(rpc(&[park_type, own]), LEAVING);
    let none = ("[\"Approach\", \"Car come in\", \"Car go out\"]", "[]");
    assert_eq!(rpc(&[park_type, none]), APPROACHING, "of the junction");
    // Its numbers mean the barrier in the event of that name only.
    let number = ("\"EventID\": 90", "\"DrivingDirection\": 1, \"EventID\": 90");
    assert_eq!(rpc(&[park_type, number]), APPROACHING);
    let code = ("\"TrafficJunction\"", "\"CarDrivingInOut\"");
    assert_eq!(rpc(&[park_type, number, code]), IN);
}

#[test]
fn a_confidence_is_never_taken_for_one_of_another_scale() {
    for (name, from, to, expected) in [
        ("axis.json", "\"0.881250\"", "1", 1.0),
        ("carpark.json", "0.91", "91", 0.0),
        ("blue-iris.json", "0.9375", "93.75", 0.0),
        ("dahua-rpc.json", "204", "100", 100.0 / 255.0),
        ("dahua-rpc.json", "204", "256", 0.0),
        ("frigate-event.json", "0.8125", "81.25", 0.0),
        ("frigate-plate-recognizer.json", "0.875", "87.5", 0.0),
        ("genetec.json", "\"93\"", "\"1\"", 0.01),
        ("hikvision.xml", "94<", "1<", 0.01),
        ("lilin-engine.json", "0.9375", "93.75", 0.0),
        ("milesight.json", "\"plate_color\"", "\"confidence\": 87, \"plate_color\"", 0.87),
        ("milesight.json", "\"plate_color\"", "\"confidence\": 0.5, \"plate_color\"", 0.5),
        ("openalpr-group.json", "best_confidence\": 88.25", "best_confidence\": 1", 0.01),
        ("plate-recognizer.json", "0.884", "88.4", 0.0),
        ("survision.json", "\"76\"", "\"1\"", 0.01),
        ("template.json", "87.5", "0.875", 0.875),
        ("verkada.json", "0.96875", "96.875", 0.0),
        ("vzenith.json", "92", "1", 0.01),
        ("xenix.json", "93.75", "1", 0.01),
    ] {
        assert_eq!(first(name, &[(from, to)]).confidence, Some(expected), "{name} {to}");
    }
    let deeper = [("\"score\": 0.884,\n        \"candidates\"", "\"plate.\": 1, \"candidates\"")];
    assert_eq!(first("plate-recognizer.json", &deeper).confidence, None);
    let deeper = [
        deeper[0],
        (
            "\"plate\": \"hq7301k\",\n        \"region\"",
            "\"plate\": {\"props\": {\"plate\": [{\"value\": \"hq7301k\", \"score\": 0.5}]}}, \"region\"",
        ),
    ];
    assert_eq!(first("plate-recognizer.json", &deeper).confidence, Some(0.5));
}

#[test]
fn a_time_is_found_in_each_field_that_has_it() {
    let wall = local("2026-03-02T08:15:30.25");
    let precise = instant("2026-03-02T07:15:30.25Z");
    for (name, edits, expected) in [
        ("axis.json", &[("capture_timestamp", "capture_ts")][..], precise),
        ("axis.json", &[("capture_timestamp", "captured")], wall),
        ("axis-onvif.xml", &[("capture_timestamp", "captured")], instant("2026-03-02T07:15:31Z")),
        ("dahua-itsapi.json", &[("AccurateTime", "SnapTime")], wall),
        (
            "dahua-itsapi.json",
            &[("\"DefenceCode\"", "\"SnapTime\": \"2026-03-02 08:15:30\", \"DefenceCode\"")],
            wall,
        ),
        ("dahua-rpc.json", &[("\"RealUTC\": 1772435730,", ""), ("\"UTC\": 1772439330,", "")], wall),
        (
            "dahua-rpc.json",
            &[
                ("\"RealUTC\": 1772435730,", ""),
                ("\"UTC\": 1772439330,", ""),
                ("2026-03-02 08:15:30", "2026-03-02 08:15:29"),
                ("\"MachineName\"", "\"UTC\": 1772439330, \"MachineName\""),
            ],
            wall,
        ),
        (
            "frigate-event.json",
            &[
                ("\"frame_time\": 1772435730.250118,", ""),
                ("1772435728.114402,\n    \"end", "1772435728.25,\n    \"end"),
            ],
            instant("2026-03-02T07:15:28.25Z"),
        ),
        (
            "milesight.json",
            &[("\"time\": \"2026-03-02 08:15:30\"", "\"time_msec\": \"2026-03-02 08:15:30.250\"")],
            wall,
        ),
        (
            "plate-recognizer.json",
            &[("\"timestamp\": \"2026-03-02T07:15:30.250118Z\",", "")],
            instant("2026-03-02T07:15:30.250118Z"),
        ),
        ("verkada.json", &[("\"detected\": 1772435730250,", "")], instant("2026-03-02T07:15:30Z")),
    ] {
        assert_eq!(first(name, edits).at, expected, "{name} {edits:?}");
    }
    let half = message("tattile.xml", &[("<TIME>08-15-30-250</TIME>", "")]);
    assert_eq!(half, Err(Unreadable::Missing("TIME")));
}

#[test]
fn a_camera_is_named_in_each_field_that_has_its_name() {
    for (name, from, to, expected) in [
        ("axis.json", "SerialNumber", "Serial", "gate-south"),
        ("genetec.json", "\"LprCameraName\": \"Exit\",", "", "SHARP0077"),
        ("hikvision.xml", "<ipAddress>10.20.0.41</ipAddress>", "", "02:00:5e:10:20:41"),
        ("lilin-engine.json", "\"camera_name\": \"Ramp\", ", "", "02:00:00:00:20:41"),
        ("openalpr-group.json", "\"camera_id\": 730114,", "", "mill-street"),
        ("vzenith.json", "serialno", "serial", "Barrier 2"),
        ("dahua-rpc.json", "\"MachineName\"", "\"DeviceAddress\"", "9Z01B2CPAK00077"),
    ] {
        assert_eq!(first(name, &[(from, to)]).camera, some(expected), "{name}");
    }
}

#[test]
fn a_plate_is_found_in_each_field_that_has_it() {
    let pair =
        [("\"7KLM220\",\n    \"recognized_license_plate_score\": 0.8125", "[\"7KLM221\", 0.75]")];
    let frigate = first("frigate-event.json", &pair);
    assert_eq!((frigate.plate, frigate.confidence), (plate("7KLM221"), Some(0.75)));
    let best = [(",\n  \"best_plate_number\": \"T88KLM\"", "")];
    assert_eq!(first("openalpr-group.json", &best).plate, plate("T88KLM"));
    let object = [("\"PlateNumber\": \"GR5517\"", "\"PlateNumber\": \"\"")];
    assert_eq!(first("dahua-rpc.json", &object).plate, plate("GR5517"), "of the object");
    for field in ["\"plateUTF8\": \"WZ4410P\",", "\"plateText\": \"WZ 4410P\","] {
        let one = [("\"plateUTF8\": \"WZ4410P\",", ""), ("\"plateText\": \"WZ 4410P\",", field)];
        let Read { plate: PlateText::Read(text), .. } = first("axis.json", &one) else { panic!() };
        assert_eq!(text.0.replace(' ', ""), "WZ4410P");
    }
    let watched = [("\"score\"", "\"original_plate\": \"QK2O4FP\", \"score\"")];
    let [candidate] = &first("frigate-plate-recognizer.json", &watched).candidates[..] else {
        panic!()
    };
    assert_eq!(candidate.plate.0, "QK2O4FP");
    let same = [("\"score\"", "\"original_plate\": \"QK204FP\", \"score\"")];
    assert_eq!(first("frigate-plate-recognizer.json", &same).candidates, []);
}

#[test]
fn a_prediction_without_a_plate_is_no_vehicle() {
    let found = r#"[{"found": {"predictions": [{"label": "car", "confidence": 0.9},
        {"plate": "GT 4471", "confidence": 0.5}]}}]"#;
    let Ok(Message::Reads(found)) = read("blue-iris", found) else { panic!() };
    assert_eq!((found.len(), &found[0].plate), (1, &plate("GT 4471")));
}

#[test]
fn of_many_candidates_the_likeliest_are_kept() {
    let many: Vec<_> = (0..100).map(|n| format!("{{\"plate\": \"T88KL{n}\"}}")).collect();
    let many = format!("\"candidates\": [{}], \"version\"", many.join(","));
    let kept = first("openalpr-group.json", &[("\"version\"", &many)]).candidates;
    assert_eq!((kept.len(), kept[0].plate.0.as_str()), (16, "T88KL0"));
}

#[test]
fn unread_is_said_in_the_words_of_vendors_with_small_messages() {
    for (name, own, words) in [
        ("hh9net.xml", "浙F20H41", &["无牌", "无牌车", "未识别", "未知"][..]),
        ("lector-vision.json", "5519JKM", &["NoPlate", "no_plate"]),
        ("tvt-2.xml", "KT2042", &["noplate", "No Plate", "null"]),
        ("template.json", "BX 204 LM", &["NOPLATE", "no_plate", "NOTREAD"]),
        ("xenix.json", "VQX2041", &["noplate", "no plate", "None"]),
        ("tattile.xml", "5518JKM", &["notread", "NOT_READ", "noplate"]),
        ("milesight.json", "CD 771", &["noplate", "No Plate", "none"]),
        ("hikvision.xml", "BN204RT", &["no plate", "none", "未识别"]),
        ("genetec.json", "K41FLP", &["no plate", "NoRead"]),
        ("dahua-itsapi.json", "GR5517", &["noplate", "no plate", "null", "无牌", "未知"]),
        ("vzenith.json", "RTP4B18", &["无", "无牌车", "无牌", "_none_"]),
    ] {
        for word in words {
            assert_eq!(first(name, &[(own, word)]).plate, PlateText::Unread, "{name} {word}");
        }
    }
}

#[test]
fn a_sign_of_life_is_known_in_each_of_its_forms() {
    for (vendor, body) in [
        ("axis", r#"{"packetCounter": "1", "datetime": "20260302 081530250"}"#),
        ("axis", r#"[{"sensorProviderID": "gate-south"}, {"packetCounter": "2"}]"#),
        ("dahua", r#"{"method": "client.keepAlive", "id": 7}"#),
        ("dahua", r#"{"DeviceID": "a", "Active": "keepAlive"}"#),
        ("dahua", r#"{"DeviceID": "a", "DeviceModel": "b"}"#),
        ("hikvision", r#"{"eventType": "heartBeat", "eventState": "active"}"#),
        ("hikvision", r#"{"eventType": "videoloss", "eventState": "inactive"}"#),
        ("plate-recognizer", r#"{"hook": {"event": "heartbeat"}, "data": {"camera_id": "west"}}"#),
        (
            "plate-recognizer",
            r#"{"hook": {"event": "camera_online"}, "data": {"camera_id": "west"}}"#,
        ),
        ("survision", r#"{"keepAlive": {"@date": "1772435730250"}}"#),
        ("survision", r#"<keepAlive date="1772435730250"/>"#),
        ("vzenith", r#"{"sn": "a", "name": "keep_alive", "payload": {"a": 1}}"#),
        ("vzenith", r#"{"sn": "a", "name": "heartbeat", "payload": {"a": 1}}"#),
    ] {
        assert_eq!(read(vendor, body), Ok(Message::Heartbeat), "{body}");
        let own = crate::Body::parse(body.as_bytes(), None).unwrap();
        assert_eq!(crate::Vendor::detect(&own).map(crate::Vendor::name), Some(vendor), "{body}");
    }
    // Beside a read it is no more than that.
    let both = r#"[{"packetCounter": "1"}, {"plateUTF8": "WZ4410P", "carID": "1"}]"#;
    let Ok(Message::Reads(of_both)) = read("axis", both) else { panic!() };
    assert_eq!(of_both.len(), 1);
    let named = [("{\n  \"Picture\"", "{\"DeviceID\": \"a\", \"Active\": \"x\", \"Picture\"")];
    assert_eq!(reads("dahua-itsapi.json", &named), reads("dahua-itsapi.json", &[]));
}

#[test]
fn what_is_no_read_is_nothing_and_what_should_be_one_names_what_is_missing() {
    for (vendor, body) in [
        ("axis-publisher", r#"{"topic": "ramp", "device": "a", "plate": null, "timestamp": 1}"#),
        ("dahua", r#"{"Picture": {"Plate": {"PlateNumber": "GR1"}, "ParkingInfo": {"A": 1}}}"#),
        ("dahua", r#"{"ParkingInfo": {"ParkingStatus": 1}, "Picture": {"Plate": {}}}"#),
        ("dahua", r#"{"Code": "TrafficJunction", "Data": {"Name": "a"}}"#),
        ("dahua", r#"{"Code": "TrafficParkingSpaceNoParking", "Data": {"UTC": 1772439330}}"#),
        ("econnect", r#"{"publishType": "WebHookFace", "payload": {"a": 1}}"#),
        ("hikvision", r#"{"eventType": "ANPR", "eventState": "inactive"}"#),
        ("milesight", r#"{"event": "Motion", "device": "a", "time": "2026-03-02 08:15:30"}"#),
        ("survision", r#"{"infos": {"cpu": 1}, "anpr": {"decision": {"@plate": "A1"}}}"#),
        (
            "axis-onvif",
            r#"<MetadataStream><Event><NotificationMessage><Message><Message>
            <Data><SimpleItem Name="text" Value="WZ4411P"/></Data>
            </Message></Message></NotificationMessage></Event></MetadataStream>"#,
        ),
    ] {
        let message = read(vendor, body);
        assert!(matches!(message, Ok(Message::Nothing(_))), "{body}: {message:?}");
    }
    for (vendor, body, missing) in [
        ("axis", r#"{"carID": "1", "carState": "lost"}"#, "plateUTF8"),
        ("axis-publisher", r#"{"device": "a", "timestamp": 1772435730250}"#, "plate"),
        ("econnect", r#"{"publishType": "WebHookLprPayload"}"#, "payload.lprPlateInfo"),
        ("hikvision", r#"{"eventType": "vehicledetection", "eventState": "active"}"#, "ANPR"),
        ("tvt", "<other><smartType>VEHICLE</smartType></other>", "config"),
        ("tvt", r#"{"config": {"smartType": "VEHICLE"}}"#, "config"),
    ] {
        assert_eq!(read(vendor, body), Err(Unreadable::Missing(missing)), "{body}");
    }
    assert_eq!(first("tvt-1.xml", &[("VEHICE<", "LPR<")]).plate, plate("KTR2041"));
    let late = [("<UUID>", "<alarmDataType>1</alarmDataType><UUID>")];
    assert!(first("hikvision.xml", &late).is_late_upload);
}
