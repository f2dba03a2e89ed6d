//! UniFi Protect: an alarm's webhook, JSON, with one trigger per plate.
//!
//! The key `license_plate_unknown` says that the plate is on no list, not that it is unread: the
//! value is the plate.

use super::{Adapter, plate, reads_or, when};
use crate::body::Document;
use crate::read::{CapturedAt, Message, Read, Unreadable};
use crate::time;
use crate::tree::Tree;

pub(super) const ADAPTER: Adapter = Adapter::new(&["unifi-protect"], is_own, read);

fn is_own(document: &Document) -> bool {
    let tree = &document.tree;
    tree.has("alarm.triggers") || tree.has("alarm.conditions") || is_of_network(tree)
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    if is_of_network(tree) {
        return Ok(Message::Nothing("an event of UniFi Network"));
    }
    let alarm = tree.at("alarm").ok_or(Unreadable::Missing("alarm"))?;
    // Of the alarm itself: later, but better than nothing.
    let alarm_at = when(tree, &["timestamp"], time::epoch)?;
    let is_of_a_plate = |trigger: &&&Tree| trigger.says("key", &["license_plate*"]);
    let reads: Result<Vec<_>, Unreadable> = alarm
        .all("triggers")
        .iter()
        .filter(is_of_a_plate)
        .map(|trigger| {
            let at = match when(trigger, &["timestamp"], time::epoch)? {
                CapturedAt::Missing => alarm_at,
                at => at,
            };
            Ok(Read {
                at,
                camera: trigger.name("device"),
                event: trigger.name("eventId"),
                ..Read::new(plate(trigger.text("value"), &[]))
            })
        })
        .collect();
    Ok(reads_or(reads?, "an alarm without a plate"))
}

/// The same console's other program, with the same kind of webhook.
fn is_of_network(tree: &Tree) -> bool {
    tree.has("events.alert_key") || tree.has("events.alert_id")
}
