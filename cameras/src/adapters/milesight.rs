//! Milesight: one flat JSON object per plate.
//!
//! The time has no zone. `direction` is In and Out where lines are drawn for it, else Approach and
//! Away, of the picture.

use super::{Adapter, plate, when, word};
use crate::body::Document;
use crate::read::{Heading, Message, Read, Unreadable};
use crate::time;

pub(super) const ADAPTER: Adapter = Adapter::new(&["milesight"], is_own, read).of_china();

fn is_own(document: &Document) -> bool {
    let tree = &document.tree;
    tree.has("device") && tree.has("time") && (tree.has("plate") || tree.has("event"))
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    if !tree.has("plate") && tree.has("event") {
        return Ok(Message::Nothing("an event without a plate"));
    }
    let text = tree.text("plate").ok_or(Unreadable::Missing("plate"))?;
    Ok(Message::Reads(vec![Read {
        at: when(tree, &["time", "time_msec"], time::written)?,
        direction: word(
            tree,
            "direction",
            &[
                ("In", Heading::In),
                ("Out", Heading::Out),
                ("Approach", Heading::Approaching),
                ("Away", Heading::Leaving),
            ],
        ),
        confidence: tree.share("confidence", &[1.0, 100.0]),
        camera: tree.name("device"),
        lane: tree.name("detection_region"),
        ..Read::new(plate(Some(text), &["noplate", "no plate", "null", "none"]))
    }]))
}
