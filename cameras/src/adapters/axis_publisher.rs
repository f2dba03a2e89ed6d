//! The Publisher application for Axis cameras: one flat JSON object per plate.

use super::{Adapter, plate, when};
use crate::body::Document;
use crate::read::{Message, Read, Unreadable};
use crate::time;

pub(super) const ADAPTER: Adapter = Adapter::new(&["axis-publisher"], is_own, read);

fn is_own(document: &Document) -> bool {
    ["topic", "device", "plate", "timestamp"].iter().all(|name| document.tree.has(name))
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    let text = match (tree.text("plate"), tree.has("topic") && tree.has("device")) {
        (None, true) => return Ok(Message::Nothing("a topic of another kind than plates")),
        (None, false) => return Err(Unreadable::Missing("plate")),
        (text, _) => text,
    };
    Ok(Message::Reads(vec![Read {
        at: when(tree, &["timestamp"], time::epoch)?,
        camera: tree.name("device"),
        ..Read::new(plate(text, &[]))
    }]))
}
