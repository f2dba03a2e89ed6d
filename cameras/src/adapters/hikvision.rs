//! Hikvision, ISAPI: XML alone, or multipart with `anpr.xml` and pictures. Newer firmware may send
//! the same as JSON.
//!
//! The namespace varies, so names alone count. `direction` means the picture: forward comes towards
//! the camera. The plate before a list corrected it is a candidate.

use super::{as_read, plate, when, word};
use crate::body::Document;
use crate::read::{Candidate, Direction, Message, Read, Unreadable};
use crate::time;
use crate::tree::Tree;

const UNREAD: &[&str] = &["noplate", "no plate", "none", "无车牌", "未识别"];

pub fn is_own(document: &Document) -> bool {
    let alert = alert(document);
    document.name == "EventNotificationAlert" || alert.has("eventType") && alert.has("eventState")
}

pub fn read(document: &Document) -> Result<Message, Unreadable> {
    let alert = alert(document);
    let kind = alert.text("eventType").ok_or(Unreadable::Missing("eventType"))?;
    let Some(anpr) = alert.at("ANPR") else {
        return match kind.to_ascii_lowercase().as_str() {
            "anpr" | "vehicledetection" => Err(Unreadable::Missing("ANPR")),
            // In its stream of events a camera says "no loss of video" to be heard.
            "heartbeat" | "videoloss" => Ok(Message::Heartbeat),
            _ => Ok(Message::Nothing("an event of another kind than ANPR")),
        };
    };
    let text = anpr.text("licensePlate");
    let candidates = anpr
        .name("originalLicensePlate")
        .filter(|original| text.as_ref() != Some(original))
        .map(|original| Candidate { plate: as_read(&original), confidence: None });
    Ok(Message::Reads(vec![Read {
        at: when(alert, &["dateTime"], time::written)?,
        direction: word(
            anpr,
            "direction",
            &[("forward", Direction::Approaching), ("reverse", Direction::Leaving)],
        ),
        confidence: anpr.share("confidenceLevel", &[100.0]),
        camera: alert.name("ipAddress").or_else(|| alert.name("macAddress")),
        lane: anpr.name("line"),
        event: alert.name("UUID"),
        // `activePostCount` counts the posts of an event that goes on: it says nothing of this one.
        is_late_upload: alert.flag("isDataRetransmission")
            || [anpr, alert].iter().any(|part| part.text("alarmDataType").as_deref() == Some("1")),
        candidates: candidates.into_iter().collect(),
        ..Read::new(plate(text, UNREAD))
    }]))
}

fn alert(document: &Document) -> &Tree {
    document.tree.at("EventNotificationAlert").unwrap_or(&document.tree)
}
