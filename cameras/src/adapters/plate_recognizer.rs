//! Plate Recognizer: its Stream program posts JSON, or a form with the JSON in a field `json` and
//! the picture in another. Snapshot's answers are read as well, where something passes them on;
//! `VisionAlert` tells of cameras.
//!
//! Plates are lower case, several per message. `score` is the plate's, `dscore` the detector's.
//! `direction` is an angle on the unit circle: 90 goes up the picture, away from the camera.

use super::{Adapter, candidates, plate, reads_or, when};
use crate::body::Document;
use crate::read::{Heading, Message, PlateText, Read, Unreadable};
use crate::time;
use crate::tree::Tree;

pub(super) const ADAPTER: Adapter = Adapter::new(&["plate-recognizer"], is_own, read);

fn is_own(document: &Document) -> bool {
    let tree = &document.tree;
    tree.has("data.results") && tree.has("data.camera_id")
        || tree.has("hook.event")
        || is_snapshot(tree)
        || is_vision_alert(tree)
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    if is_vision_alert(tree) {
        return Ok(Message::Nothing("a camera is off line, or was moved"));
    }
    let data = match is_snapshot(tree) {
        true => tree,
        false => tree.at("data").ok_or(Unreadable::Missing("data"))?,
    };
    // `camera_offline`, `image` and others are events of the same hook.
    if !data.has("results") {
        if tree.says("hook.event", &["heartbeat", "camera_online"]) {
            return Ok(Message::Heartbeat);
        }
        return match !tree.has("hook.event") || tree.says("hook.event", &["recognition"]) {
            true => Err(Unreadable::Missing("data.results")),
            false => Ok(Message::Nothing("an event without plates")),
        };
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
    Ok(reads_or(reads, "no plate in the picture"))
}

/// Of Snapshot: the results without anything around them.
fn is_snapshot(tree: &Tree) -> bool {
    let is_its = ["processing_time", "filename"].iter().any(|name| tree.has(name));
    tree.has("results") && is_its && !tree.has("data") && !tree.has("data_type")
}

/// Of `VisionAlert`: which cameras are off line, or were moved.
fn is_vision_alert(tree: &Tree) -> bool {
    tree.has("anomaly") && tree.has("cameras")
}

fn text(result: &Tree) -> PlateText {
    plate(result.text("plate").or_else(|| result.text("plate.props.plate.0.value")), &[])
}

/// Across the picture says neither.
fn direction(angle: f64) -> Option<Heading> {
    match angle {
        30.0..=150.0 => Some(Heading::Leaving),
        210.0..=330.0 => Some(Heading::Approaching),
        _ => None,
    }
}
