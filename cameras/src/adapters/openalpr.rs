//! OpenALPR and Rekor Scout: JSON, one message per vehicle (`alpr_group`), version 1 and 2, and a
//! heartbeat.
//!
//! Version 2 has `travel_direction` in degrees, clockwise from straight up the picture: 0 goes away
//! from the camera, 180 comes towards it. A group may be sent as a preview while the vehicle is still
//! in the picture.

use super::{Adapter, candidates, plate, when, word};
use crate::body::Document;
use crate::read::{Heading, Message, Read, Stage, Unreadable};
use crate::time;

pub(super) const ADAPTER: Adapter = Adapter::new(&["openalpr", "rekor"], is_own, read);

fn is_own(document: &Document) -> bool {
    let tree = &document.tree;
    tree.has("best_plate_number")
        || tree.has("data_type")
            && ["camera_id", "agent_uid", "company_id"].iter().any(|n| tree.has(n))
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    if tree.says("data_type", &["heartbeat"]) {
        return Ok(Message::Heartbeat);
    }
    if tree.has("data_type") && !tree.says("data_type", &["alpr_group"]) {
        let others = [
            ("alpr_results", "a single frame: the group of the vehicle counts"),
            ("alpr_alert", "an alert: the group itself counts"),
        ];
        let why = word(tree, "data_type", &others).unwrap_or("no group of plates");
        return Ok(Message::Nothing(why));
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
        direction: tree.number("travel_direction").and_then(direction),
        confidence: tree.share("best_confidence", &[100.0]),
        camera: tree.name("camera_id").or_else(|| tree.name("site_id")),
        event: tree.name("best_uuid"),
        stage: if tree.flag("is_preview") { Stage::Update } else { Stage::Final },
        candidates: candidates(&listed, "plate", "confidence", 100.0),
        ..Read::new(plate(text, &[]))
    }]))
}

/// Across the picture says neither.
fn direction(degrees: f64) -> Option<Heading> {
    match degrees {
        0.0..=60.0 | 300.0..=360.0 => Some(Heading::Leaving),
        120.0..=240.0 => Some(Heading::Approaching),
        _ => None,
    }
}
