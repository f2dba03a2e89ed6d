//! carpark's own messages, as they stand in its queues: for a script, or a camera whose message can
//! be written freely.
//!
//! A time without an offset is UTC, as the queues have it. The `id` is the event.

use domain::wire::parse_time;

use super::{Adapter, plate};
use crate::body::{Document, Format};
use crate::read::{CapturedAt, Heading, Message, Read, Unreadable};

pub(super) const ADAPTER: Adapter = Adapter::new(&["carpark"], is_own, read);

fn is_own(document: &Document) -> bool {
    // With one time for both ways it is a template's.
    document.format == Format::Json
        && document.tree.has("vehicle_plate")
        && !document.tree.has("date_time")
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    let text = tree.text("vehicle_plate").ok_or(Unreadable::Missing("vehicle_plate"))?;
    let (direction, field) = match (tree.has("entry_date_time"), tree.has("exit_date_time")) {
        (true, false) => (Heading::In, "entry_date_time"),
        (false, true) => (Heading::Out, "exit_date_time"),
        (false, false) => return Err(Unreadable::Missing("entry_date_time or exit_date_time")),
        (true, true) => {
            return Err(Unreadable::Bad("exit_date_time", "to stand beside an entry's"));
        }
    };
    let at = tree.text(field).and_then(|text| parse_time(&text));
    Ok(Message::Reads(vec![Read {
        at: CapturedAt::Instant(at.ok_or(Unreadable::Bad(field, "an RFC 3339 date and time"))?),
        direction: Some(direction),
        confidence: tree.share("confidence", &[1.0]),
        camera: tree.name("camera"),
        lane: tree.name("lane"),
        place: tree.name("place"),
        event: tree.name("id"),
        event_is_key: true,
        ..Read::new(plate(Some(text), &[]))
    }]))
}
