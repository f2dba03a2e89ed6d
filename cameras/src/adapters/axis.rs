//! Axis with its License Plate Verifier, and CaMMRa of FF Group, on which it is built: JSON, alone,
//! as a list, or multipart with pictures.
//!
//! Up to three messages and more per vehicle: `carState` new, update and lost, of one `carID`, which
//! counts anew when the camera starts. All numbers are texts.

use super::{plate, when, word};
use crate::body::Document;
use crate::read::{CapturedAt, Direction, Message, Read, Stage, Unreadable};
use crate::time;
use crate::tree::Tree;

const PLATES: [&str; 4] = ["plateUTF8", "plateText", "plateUnicode", "plateASCII"];

pub fn is_own(document: &Document) -> bool {
    document.items().first().is_some_and(|event| {
        PLATES.iter().any(|name| event.has(name)) && (event.has("carState") || event.has("carID"))
    })
}

pub fn read(document: &Document) -> Result<Message, Unreadable> {
    document.items().iter().map(event).collect::<Result<_, _>>().map(Message::Reads)
}

fn event(event: &Tree) -> Result<Read, Unreadable> {
    if !PLATES.iter().any(|name| event.has(name)) {
        return Err(Unreadable::Missing("plateUTF8"));
    }
    let at = match when(event, &["capture_timestamp", "capture_ts"], time::epoch)? {
        CapturedAt::Missing => when(event, &["datetime"], compact)?,
        at => at,
    };
    Ok(Read {
        at,
        direction: word(
            event,
            "carMoveDirection",
            &[("in", Direction::In), ("out", Direction::Out)],
        ),
        confidence: event.share("plateConfidence", &[1.0, 100.0]),
        camera: ["camera_info.SerialNumber", "sensorProviderID"].iter().find_map(|p| event.name(p)),
        lane: event.name("roiID"),
        event: event.name("carID"),
        stage: word(event, "carState", &[("new", Stage::New), ("update", Stage::Update)])
            .unwrap_or(Stage::Final),
        ..Read::new(plate(PLATES.iter().find_map(|name| event.name(name)), &[]))
    })
}

/// `20261120 100000123`, as the clock on the wall shows it.
fn compact(value: &Tree) -> Option<CapturedAt> {
    let text = value.as_text()?;
    let part = |from, to| text.get(from..to);
    let date = format!("{}-{}-{}", part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let time = format!("{}-{}-{}-{}", part(9, 11)?, part(11, 13)?, part(13, 15)?, text.get(15..)?);
    time::digits(&date, &time).or_else(|| time::written(value))
}
