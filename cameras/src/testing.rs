//! Messages to test with: `payloads/`, one file per shape that a vendor sends, with plates and ids
//! that are nobody's. All of them were captured on 2026-03-02 at 07:15:30 UTC, 08:15:30 on the wall.

use chrono::{DateTime, NaiveDateTime};
use compact_str::CompactString;
use domain::observation::PlateAsRead;

use crate::{Body, CapturedAt, Message, PlateText, Read, Unreadable, Vendor};

/// Every payload: its file's name, whose it is, and what it says.
pub const PAYLOADS: &[(&str, Vendor, &str)] = &[
    ("axis.json", Vendor::Axis, include_str!("../payloads/axis.json")),
    ("blue-iris.json", Vendor::BlueIris, include_str!("../payloads/blue-iris.json")),
    ("carpark.json", Vendor::Carpark, include_str!("../payloads/carpark.json")),
    ("dahua-cgi.txt", Vendor::Dahua, include_str!("../payloads/dahua-cgi.txt")),
    ("dahua-itsapi.json", Vendor::Dahua, include_str!("../payloads/dahua-itsapi.json")),
    (
        "dahua-itsapi-keepalive.json",
        Vendor::Dahua,
        include_str!("../payloads/dahua-itsapi-keepalive.json"),
    ),
    ("dahua-rpc.json", Vendor::Dahua, include_str!("../payloads/dahua-rpc.json")),
    ("dahua-rpc-unread.json", Vendor::Dahua, include_str!("../payloads/dahua-rpc-unread.json")),
    ("frigate-event.json", Vendor::Frigate, include_str!("../payloads/frigate-event.json")),
    ("frigate-update.json", Vendor::Frigate, include_str!("../payloads/frigate-update.json")),
    ("genetec.json", Vendor::Genetec, include_str!("../payloads/genetec.json")),
    ("genetec.xml", Vendor::Genetec, include_str!("../payloads/genetec.xml")),
    ("hikvision.xml", Vendor::Hikvision, include_str!("../payloads/hikvision.xml")),
    (
        "hikvision-heartbeat.xml",
        Vendor::Hikvision,
        include_str!("../payloads/hikvision-heartbeat.xml"),
    ),
    ("lilin.json", Vendor::Lilin, include_str!("../payloads/lilin.json")),
    ("milesight.json", Vendor::Milesight, include_str!("../payloads/milesight.json")),
    ("openalpr-group.json", Vendor::OpenAlpr, include_str!("../payloads/openalpr-group.json")),
    ("openalpr-group-2.json", Vendor::OpenAlpr, include_str!("../payloads/openalpr-group-2.json")),
    (
        "openalpr-heartbeat.json",
        Vendor::OpenAlpr,
        include_str!("../payloads/openalpr-heartbeat.json"),
    ),
    (
        "plate-recognizer.json",
        Vendor::PlateRecognizer,
        include_str!("../payloads/plate-recognizer.json"),
    ),
    ("survision.json", Vendor::Survision, include_str!("../payloads/survision.json")),
    ("survision.xml", Vendor::Survision, include_str!("../payloads/survision.xml")),
    ("tattile.xml", Vendor::Tattile, include_str!("../payloads/tattile.xml")),
    ("unifi-protect.json", Vendor::UnifiProtect, include_str!("../payloads/unifi-protect.json")),
    ("verkada.json", Vendor::Verkada, include_str!("../payloads/verkada.json")),
    ("vzenith.json", Vendor::Vzenith, include_str!("../payloads/vzenith.json")),
    ("vzenith-heartbeat.json", Vendor::Vzenith, include_str!("../payloads/vzenith-heartbeat.json")),
];

/// What a payload says, each of `edits` made first.
pub fn message(name: &str, edits: &[(&str, &str)]) -> Result<Message, Unreadable> {
    let (_, vendor, payload) = PAYLOADS.iter().find(|(n, ..)| *n == name).unwrap();
    let mut payload = (*payload).to_owned();
    for (from, to) in edits {
        assert!(payload.contains(from), "{name} has no {from}");
        payload = payload.replacen(from, to, 1);
    }
    read(*vendor, &payload)
}

/// What a vendor's text says.
pub fn read(vendor: Vendor, text: &str) -> Result<Message, Unreadable> {
    vendor.read(&Body::parse(text.as_bytes(), None).unwrap())
}

/// The reads of a payload, with edits.
pub fn reads(name: &str, edits: &[(&str, &str)]) -> Vec<Read> {
    match message(name, edits).unwrap() {
        Message::Reads(reads) => reads,
        other => panic!("{name}: {other:?}"),
    }
}

/// The first read of a payload, with edits.
pub fn first(name: &str, edits: &[(&str, &str)]) -> Read {
    reads(name, edits).swap_remove(0)
}

pub fn text(plate: &str) -> PlateAsRead {
    PlateAsRead(CompactString::new(plate))
}

pub fn plate(plate: &str) -> PlateText {
    PlateText::Read(text(plate))
}

pub fn instant(text: &str) -> CapturedAt {
    CapturedAt::Instant(DateTime::parse_from_rfc3339(text).unwrap().to_utc())
}

pub fn local(text: &str) -> CapturedAt {
    CapturedAt::Local(NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").unwrap())
}
