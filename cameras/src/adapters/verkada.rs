//! Verkada: JSON, one message per plate.
//!
//! `webhook_id` is the webhook's and not the event's. `detected` is when the plate was seen, to the
//! millisecond; `created` when that was noted, to the second.

use super::{Adapter, plate, when};
use crate::body::Document;
use crate::read::{Message, Read, Unreadable};
use crate::time;

pub(super) const ADAPTER: Adapter = Adapter::new(&["verkada"], is_own, read);

fn is_own(document: &Document) -> bool {
    document.tree.has("webhook_type") && document.tree.has("data")
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    if tree.has("webhook_type") && !tree.says("webhook_type", &["lpr"]) {
        return Ok(Message::Nothing("an event of another kind than `lpr`"));
    }
    let data = tree.at("data").ok_or(Unreadable::Missing("data"))?;
    Ok(Message::Reads(vec![Read {
        at: when(data, &["detected", "created"], time::epoch)?,
        confidence: data.share("confidence", &[1.0]),
        camera: data.name("camera_id"),
        ..Read::new(plate(data.text("license_plate_number"), &[]))
    }]))
}
