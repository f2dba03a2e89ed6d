//! Messages to test with: `payloads/`, one file per shape that a vendor sends, with plates and ids
//! that are nobody's. All of them were captured on 2026-03-02 at 07:15:30 UTC, 08:15:30 on the wall.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDateTime};
use compact_str::CompactString;
use domain::observation::PlateAsRead;

use crate::{Body, CapturedAt, Message, PlateText, Read, Unreadable, Vendor};

/// One message that a vendor sends.
pub struct Payload {
    /// The name of its file, by which tests ask for it.
    pub name: String,
    /// Whose it is: the file is named after it.
    pub vendor: Vendor,
    /// What it says.
    pub text: String,
}

/// Every payload, by name.
pub fn payloads() -> &'static [Payload] {
    static PAYLOADS: LazyLock<Vec<Payload>> = LazyLock::new(|| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/payloads");
        let mut payloads: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| {
                let path = file.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                let vendor = vendor_of(&name);
                Payload { name, vendor, text: std::fs::read_to_string(&path).unwrap() }
            })
            .collect();
        payloads.sort_by(|a, b| a.name.cmp(&b.name));
        payloads
    });
    &PAYLOADS
}

/// The vendor whose name a file's begins with; the longest one where several do.
fn vendor_of(file: &str) -> Vendor {
    let (stem, _) = file.rsplit_once('.').unwrap();
    let is_its = |vendor: &Vendor| {
        let rest = stem.strip_prefix(vendor.name());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let longest = Vendor::all().filter(is_its).max_by_key(|vendor| vendor.name().len());
    longest.unwrap_or_else(|| panic!("{file} is named after no vendor"))
}

/// The payload in the file of this name; panics where there is none.
pub fn payload(name: &str) -> &'static Payload {
    let found = payloads().iter().find(|payload| payload.name == name);
    found.unwrap_or_else(|| panic!("no payload is called {name}"))
}

/// The vendor of this name.
pub fn vendor(name: &str) -> Vendor {
    name.parse().unwrap()
}

/// What a payload says, each of `edits` made first.
pub fn message(name: &str, edits: &[(&str, &str)]) -> Result<Message, Unreadable> {
    let payload = payload(name);
    let mut text = payload.text.clone();
    for (from, to) in edits {
        assert!(text.contains(from), "{name} has no {from}");
        text = text.replacen(from, to, 1);
    }
    read_as(payload.vendor, &text)
}

/// What a vendor's text says.
pub fn read(name: &str, text: &str) -> Result<Message, Unreadable> {
    read_as(vendor(name), text)
}

fn read_as(vendor: Vendor, text: &str) -> Result<Message, Unreadable> {
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
