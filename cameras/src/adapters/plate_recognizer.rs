//! Plate Recognizer: its Stream program posts JSON, or a form with the JSON in a field `json` and
//! the picture in another.
//!
//! Plates are lower case, several per message. `score` is the plate's, `dscore` the detector's.
//! `direction` is an angle on the unit circle: 90 goes up the picture, away from the camera.

use super::{candidates, plate, when};
use crate::body::Document;
use crate::read::{Direction, Message, PlateText, Read, Unreadable};
use crate::time;
use crate::tree::Tree;

pub fn is_own(document: &Document) -> bool {
    document.tree.has("data.results") && document.tree.has("data.camera_id")
        || document.tree.has("hook.event")
}

pub fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    let data = tree.at("data").ok_or(Unreadable::Missing("data"))?;
    // `camera_offline`, `image` and others are events of the same hook.
    if !data.has("results") {
        return Ok(match tree.text("hook.event").as_deref() {
            Some("heartbeat" | "camera_online") => Message::Heartbeat,
            Some("recognition") | None => return Err(Unreadable::Missing("data.results")),
            Some(_) => Message::Nothing("an event without plates"),
        });
    }
    let at = when(data, &["timestamp", "timestamp_local"], time::written)?;
    let reads: Vec<_> = data
        .all("results")
        .into_iter()
        .map(|result| Read {
            at,
            direction: result.number("direction").and_then(direction),
            // A newer engine says more of a plate, and puts its text deeper.
            confidence: result
                .share("score", &[1.0])
                .or(result.share("plate.props.plate.0.score", &[1.0])),
            camera: data.name("camera_id"),
            candidates: candidates(&result.all("candidates"), "plate", "score", 1.0),
            ..Read::new(text(result))
        })
        .collect();
    Ok(match reads.is_empty() {
        true => Message::Nothing("no plate in the picture"),
        false => Message::Reads(reads),
    })
}

fn text(result: &Tree) -> PlateText {
    plate(result.text("plate").or_else(|| result.text("plate.props.plate.0.value")), &[])
}

/// Across the picture says neither.
fn direction(angle: f64) -> Option<Direction> {
    match angle {
        30.0..=150.0 => Some(Direction::Leaving),
        210.0..=330.0 => Some(Direction::Approaching),
        _ => None,
    }
}
