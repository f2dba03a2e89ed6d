//! Frigate: what it publishes on MQTT under `frigate/events` and `frigate/tracked_object_update`,
//! passed on to HTTP.
//!
//! Of one vehicle there are many messages with one `id`; each may know the plate better.

use super::{Adapter, plate, stage, when};
use crate::body::Document;
use crate::read::{Message, PlateText, Read, Stage, Unreadable};
use crate::time;
use crate::tree::Tree;

pub(super) const ADAPTER: Adapter = Adapter::new(&["frigate"], is_own, read);

fn is_own(document: &Document) -> bool {
    let tree = &document.tree;
    let is_event = tree.has("type") && tree.has("after.id") && tree.has("after.camera");
    is_event || tree.has("type") && tree.has("id") && !tree.has("data_type") && is_update(tree)
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    if !tree.has("type") {
        return Err(Unreadable::Missing("type"));
    }
    let Some(after) = tree.at("after") else {
        return match tree.says("type", &["lpr"]) {
            true => update(tree),
            false => Ok(Message::Nothing("an update of another kind than a plate's")),
        };
    };
    // The text, or the text and its score.
    let text =
        after.text("recognized_license_plate.0").or_else(|| after.text("recognized_license_plate"));
    let plate = plate(text, &[]);
    if plate == PlateText::Unread {
        return Ok(Message::Nothing("an object without a plate so far"));
    }
    Ok(Message::Reads(vec![Read {
        at: when(after, &["frame_time", "start_time"], time::epoch)?,
        confidence: after
            .share("recognized_license_plate_score", &[1.0])
            .or_else(|| after.share("recognized_license_plate.1", &[1.0])),
        camera: after.name("camera"),
        event: after.name("id"),
        stage: stage(tree, "type", "new", "end"),
        ..Read::new(plate)
    }]))
}

fn is_update(tree: &Tree) -> bool {
    tree.says("type", &["lpr", "face", "description", "classification"])
}

fn update(tree: &Tree) -> Result<Message, Unreadable> {
    Ok(Message::Reads(vec![Read {
        at: when(tree, &["timestamp"], time::epoch)?,
        confidence: tree.share("score", &[1.0]),
        camera: tree.name("camera"),
        event: tree.name("id"),
        stage: Stage::Update,
        ..Read::new(plate(tree.text("plate"), &[]))
    }]))
}
