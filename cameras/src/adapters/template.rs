//! For a camera whose message is written freely with variables of its own, such as those of Vaxtor and
//! of Mobotix: carpark's own fields, but one time for both ways, and a direction that chooses.
//! JSON, XML or a form.
//!
//! An unread plate is an empty text. The directions are words, or Vaxtor's numbers: 1 comes towards
//! the camera, 2 goes away, 0 and 3 (it stands) say neither.

use super::{Adapter, plate, when, word};
use crate::body::Document;
use crate::read::{Heading, Message, Read, Unreadable};
use crate::time;

pub(super) const ADAPTER: Adapter = Adapter::new(&["template", "vaxtor", "mobotix"], is_own, read);

const DIRECTIONS: &[(&str, Heading)] = &[
    ("entry", Heading::In),
    ("entering", Heading::In),
    ("in", Heading::In),
    ("exit", Heading::Out),
    ("exiting", Heading::Out),
    ("out", Heading::Out),
    ("1", Heading::Approaching),
    ("towards", Heading::Approaching),
    ("toward", Heading::Approaching),
    ("approach", Heading::Approaching),
    ("approaching", Heading::Approaching),
    ("2", Heading::Leaving),
    ("away", Heading::Leaving),
    ("leaving", Heading::Leaving),
];

fn is_own(document: &Document) -> bool {
    document.tree.has("vehicle_plate") && document.tree.has("date_time")
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    let text = tree.text("vehicle_plate").ok_or(Unreadable::Missing("vehicle_plate"))?;
    Ok(Message::Reads(vec![Read {
        at: when(tree, &["date_time"], time::any)?,
        direction: word(tree, "direction", DIRECTIONS),
        confidence: tree.share("confidence", &[1.0, 100.0]),
        camera: tree.name("camera"),
        lane: tree.name("lane"),
        event: tree.name("id"),
        ..Read::new(plate(Some(text), &["noplate", "no_plate", "notread"]))
    }]))
}
