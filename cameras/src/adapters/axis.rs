//! Axis with its License Plate Verifier, and CaMMRa of FF Group, on which it is built: JSON, alone,
//! as a list, or multipart with pictures.
//!
//! Up to three messages and more per vehicle: `carState` new, then update (FF Group: updated), then
//! lost, of one `carID`, which counts anew when the camera starts. All numbers are texts.

use super::{Adapter, plate, reads_or, stage, when, word};
use crate::body::Document;
use crate::read::{CapturedAt, Heading, Message, Read, Unreadable};
use crate::time;
use crate::tree::Tree;

const PLATES: [&str; 4] = ["plateUTF8", "plateText", "plateUnicode", "plateASCII"];

pub(super) const ADAPTER: Adapter = Adapter::new(&["axis", "ff-group"], is_own, read);

fn is_own(document: &Document) -> bool {
    document.items().iter().any(|event| has_plate(event) && has_car(event) || is_heartbeat(event))
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let items = document.items();
    if !items.is_empty() && items.iter().all(is_heartbeat) {
        return Ok(Message::Heartbeat);
    }
    let reads: Result<_, _> = items.iter().filter(|item| !is_heartbeat(item)).map(event).collect();
    Ok(reads_or(reads?, "no event"))
}

fn has_plate(event: &Tree) -> bool {
    PLATES.iter().any(|name| event.has(name))
}

fn has_car(event: &Tree) -> bool {
    event.has("carState") || event.has("carID")
}

/// The application counts its packets; one that tells of no car says that it is there.
fn is_heartbeat(event: &Tree) -> bool {
    let is_from_it = event.has("packetCounter") || event.has("sensorProviderID");
    is_from_it && !has_plate(event) && !has_car(event)
}

fn event(event: &Tree) -> Result<Read, Unreadable> {
    if !has_plate(event) {
        return Err(Unreadable::Missing("plateUTF8"));
    }
    let at = match when(event, &["capture_timestamp", "capture_ts"], time::epoch)? {
        CapturedAt::Missing => when(event, &["datetime"], time::written)?,
        at => at,
    };
    Ok(Read {
        at,
        direction: word(event, "carMoveDirection", &[("in", Heading::In), ("out", Heading::Out)]),
        confidence: event.share("plateConfidence", &[1.0, 100.0]),
        camera: ["camera_info.SerialNumber", "sensorProviderID"].iter().find_map(|p| event.name(p)),
        lane: event.name("roiID"),
        event: event.name("carID"),
        stage: stage(event, "carState", "new", "lost"),
        ..Read::new(plate(PLATES.iter().find_map(|name| event.name(name)), &[]))
    })
}
