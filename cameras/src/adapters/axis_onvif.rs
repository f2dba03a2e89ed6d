//! The ONVIF metadata of an Axis camera with a plate application, passed on to HTTP: XML, one or more
//! notifications of names and values.

use super::{Adapter, plate, reads_or, stage, when, word};
use crate::body::Document;
use crate::read::{CapturedAt, Heading, Message, Read, Unreadable};
use crate::time;
use crate::tree::{Tree, is_word};

pub(super) const ADAPTER: Adapter = Adapter::new(&["axis-onvif"], is_own, read);

fn is_own(document: &Document) -> bool {
    is_word(&document.name, "MetadataStream")
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    if !is_own(document) {
        return Err(Unreadable::Missing("MetadataStream"));
    }
    let events = document.tree.all("Event").into_iter();
    let notifications = events.flat_map(|event| event.all("NotificationMessage"));
    let reads: Result<_, _> =
        notifications.filter_map(|notification| event(notification).transpose()).collect();
    Ok(reads_or(reads?, "a notification of another kind than a plate's"))
}

/// The read of a notification that has one.
fn event(notification: &Tree) -> Result<Option<Read>, Unreadable> {
    let Some(message) = notification.at("Message.Message") else { return Ok(None) };
    let named = named(message);
    if !(named.has("text") && (named.has("carID") || named.has("carState"))) {
        return Ok(None);
    }
    let at = match when(&named, &["capture_timestamp"], time::epoch)? {
        CapturedAt::Missing => when(message, &["@UtcTime"], time::written)?,
        at => at,
    };
    let directions = [("in", Heading::In), ("out", Heading::Out)];
    Ok(Some(Read {
        at,
        direction: word(&named, "carMoveDirection", &directions),
        confidence: named.share("confidence", &[1.0, 100.0]),
        event: named.name("carID"),
        stage: stage(&named, "carState", "new", "lost"),
        ..Read::new(plate(named.text("text"), &[]))
    }))
}

const NAMES: &[&str] =
    &["text", "carID", "carState", "carMoveDirection", "capture_timestamp", "confidence"];

/// The values of a message, by their names.
fn named(message: &Tree) -> Tree {
    let items = message.all("Data.SimpleItem").into_iter();
    let values = items.filter_map(|item| {
        let said = item.text("@Name")?;
        let name = NAMES.iter().find(|name| is_word(&said, name))?;
        Some(((*name).to_owned(), item.at("@Value")?.clone()))
    });
    Tree::Map(values.collect())
}
