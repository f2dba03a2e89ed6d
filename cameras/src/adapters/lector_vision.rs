//! Lector Vision: one flat JSON object per plate. The time has no zone.

use super::{Adapter, plate, when};
use crate::body::Document;
use crate::read::{Message, Read, Unreadable};
use crate::time;

pub(super) const ADAPTER: Adapter = Adapter::new(&["lector-vision"], is_own, read);

fn is_own(document: &Document) -> bool {
    ["Plate", "TimeStamp", "SerialNumber"].iter().all(|name| document.tree.has(name))
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    let text = tree.text("Plate").ok_or(Unreadable::Missing("Plate"))?;
    Ok(Message::Reads(vec![Read {
        at: when(tree, &["TimeStamp"], time::written)?,
        camera: tree.name("SerialNumber"),
        ..Read::new(plate(Some(text), &["noplate", "no_plate"]))
    }]))
}
