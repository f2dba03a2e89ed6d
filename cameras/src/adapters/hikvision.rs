//! Hikvision, ISAPI: XML alone, or multipart with `anpr.xml` and pictures. Newer firmware may send
//! the same as JSON.
//!
//! The namespace varies, so names alone count. `direction` means the picture: forward comes towards
//! the camera. The plate before a list corrected it is a candidate.

use super::{Adapter, as_read, plate, when, word};
use crate::body::Document;
use crate::read::{Candidate, Heading, Message, Read, Unreadable};
use crate::time;
use crate::tree::{Tree, is_word};

const UNREAD: &[&str] = &["noplate", "no plate", "none", "无车牌", "未识别"];

const DIRECTIONS: &[(&str, Heading)] = &[
    ("forward", Heading::Approaching),
    ("approach", Heading::Approaching),
    ("approaching", Heading::Approaching),
    ("reverse", Heading::Leaving),
    ("leave", Heading::Leaving),
    ("leaving", Heading::Leaving),
    ("away", Heading::Leaving),
];

pub(super) const ADAPTER: Adapter = Adapter::new(&["hikvision"], is_own, read).of_china();

fn is_own(document: &Document) -> bool {
    let alert = alert(document);
    is_word(&document.name, "EventNotificationAlert")
        || alert.has("eventType") && (alert.has("eventState") || alert.has("ANPR"))
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let alert = alert(document);
    if !alert.has("eventType") {
        return Err(Unreadable::Missing("eventType"));
    }
    let Some(anpr) = alert.at("ANPR") else {
        // In its stream of events a camera says "no loss of video" to be heard.
        if alert.says("eventType", &["heartbeat", "videoloss"]) {
            return Ok(Message::Heartbeat);
        }
        if !alert.says("eventType", &["anpr", "vehicledetection"]) {
            return Ok(Message::Nothing("an event of another kind than ANPR"));
        }
        return match alert.says("eventState", &["inactive"]) {
            true => Ok(Message::Nothing("the end of an event")),
            false => Err(Unreadable::Missing("ANPR")),
        };
    };
    // Older firmware knows no correction. A plate that is there and empty was not read.
    let text = anpr.text("licensePlate").or_else(|| anpr.text("originalLicensePlate"));
    let candidates = anpr
        .name("originalLicensePlate")
        .filter(|original| text.as_ref() != Some(original))
        .map(|original| Candidate { plate: as_read(&original), confidence: None });
    Ok(Message::Reads(vec![Read {
        at: when(alert, &["dateTime"], time::written)?,
        direction: word(anpr, "direction", DIRECTIONS),
        confidence: anpr.share("confidenceLevel", &[100.0]),
        camera: alert.name("ipAddress").or_else(|| alert.name("macAddress")),
        lane: anpr.name("line"),
        event: alert.name("UUID"),
        // `activePostCount` counts the posts of an event that goes on: it says nothing of this one.
        is_late_upload: alert.flag("isDataRetransmission")
            || ["ANPR.alarmDataType", "alarmDataType"].iter().any(|kind| alert.says(kind, &["1"])),
        candidates: candidates.into_iter().collect(),
        ..Read::new(plate(text, UNREAD))
    }]))
}

fn alert(document: &Document) -> &Tree {
    document.tree.at("EventNotificationAlert").unwrap_or(&document.tree)
}
