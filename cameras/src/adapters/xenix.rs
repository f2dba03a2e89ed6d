//! Xenix: the webhook of its gateway, one JSON object per plate. The time has no zone.

use super::{Adapter, plate, when, word};
use crate::body::Document;
use crate::read::{Heading, Message, Read, Unreadable};
use crate::time;

pub(super) const ADAPTER: Adapter = Adapter::new(&["xenix"], is_own, read);

fn is_own(document: &Document) -> bool {
    let tree = &document.tree;
    tree.has("licensePlate")
        && tree.has("timestamp")
        && (tree.has("eventId") || tree.has("cameraIp"))
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    let text = tree.text("licensePlate").ok_or(Unreadable::Missing("licensePlate"))?;
    let directions = [("forward", Heading::Approaching), ("reverse", Heading::Leaving)];
    Ok(Message::Reads(vec![Read {
        at: when(tree, &["timestamp"], time::written)?,
        direction: word(tree, "direction", &directions),
        confidence: tree.share("confidenceLevel", &[100.0]),
        camera: tree.name("cameraIp"),
        event: tree.name("eventId"),
        ..Read::new(plate(Some(text), &["noplate", "no plate", "none"]))
    }]))
}
