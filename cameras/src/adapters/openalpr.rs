//! OpenALPR and Rekor Scout: JSON, one message per vehicle (`alpr_group`), version 1 and 2, and a
//! heartbeat.
//!
//! Version 2 has `travel_direction` in degrees, but from where they count is nowhere said: left
//! out. A group may be sent as a preview while the vehicle is still in the picture.

use super::{candidates, plate, when};
use crate::body::Document;
use crate::read::{Message, Read, Stage, Unreadable};
use crate::time;

pub fn is_own(document: &Document) -> bool {
    let tree = &document.tree;
    tree.has("best_plate_number")
        || tree.has("data_type")
            && ["camera_id", "agent_uid", "company_id"].iter().any(|n| tree.has(n))
}

pub fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    match tree.text("data_type").as_deref() {
        Some("alpr_group") | None => {}
        Some("heartbeat") => return Ok(Message::Heartbeat),
        Some("alpr_results") => {
            return Ok(Message::Nothing("a single frame: the group of the vehicle counts"));
        }
        Some("alpr_alert") => return Ok(Message::Nothing("an alert: the group itself counts")),
        Some(_) => return Ok(Message::Nothing("no group of plates")),
    }
    if !tree.has("best_plate_number") && !tree.has("epoch_start") {
        return Err(Unreadable::Missing("best_plate_number"));
    }
    let listed = match tree.all("candidates") {
        list if list.is_empty() => tree.all("best_plate.candidates"),
        list => list,
    };
    let text = tree.text("best_plate_number").or_else(|| tree.text("best_plate.plate"));
    Ok(Message::Reads(vec![Read {
        at: when(tree, &["epoch_start"], time::epoch)?,
        confidence: tree.share("best_confidence", &[100.0]),
        camera: tree.name("camera_id").or_else(|| tree.name("site_id")),
        event: tree.name("best_uuid"),
        stage: if tree.flag("is_preview") { Stage::Update } else { Stage::Final },
        candidates: candidates(&listed, "plate", "confidence", 100.0),
        ..Read::new(plate(text, &[]))
    }]))
}
