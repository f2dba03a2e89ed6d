//! `frigate_plate_recognizer`, which has the plates of Frigate's events read elsewhere: what it
//! publishes on MQTT, passed on to HTTP. One message per vehicle.
//!
//! The time has no zone. A plate that was matched to a list of those watched for is in
//! `plate_number`; what was read is then in `original_plate`.

use super::{Adapter, as_read, plate, when};
use crate::body::Document;
use crate::read::{Candidate, Message, Read, Unreadable};
use crate::time;

pub(super) const ADAPTER: Adapter = Adapter::new(&["frigate-plate-recognizer"], is_own, read);

fn is_own(document: &Document) -> bool {
    document.tree.has("frigate_event_id")
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    let text = tree.text("plate_number").ok_or(Unreadable::Missing("plate_number"))?;
    let original = tree.name("original_plate").filter(|original| *original != text);
    Ok(Message::Reads(vec![Read {
        at: when(tree, &["start_time"], time::any)?,
        confidence: tree.share("score", &[1.0]),
        camera: tree.name("camera_name"),
        event: tree.name("frigate_event_id"),
        candidates: original
            .into_iter()
            .map(|original| Candidate { plate: as_read(&original), confidence: None })
            .collect(),
        ..Read::new(plate(Some(text), &[]))
    }]))
}
