//! UniFi Protect: an alarm's webhook, JSON, with one trigger per plate.
//!
//! The key `license_plate_unknown` says that the plate is on no list, not that it is unread: the
//! value is the plate.

use super::{plate, when};
use crate::body::Document;
use crate::read::{CapturedAt, Message, Read, Unreadable};
use crate::time;
use crate::tree::Tree;

pub fn is_own(document: &Document) -> bool {
    document.tree.has("alarm.triggers") || document.tree.has("alarm.conditions")
}

pub fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    let alarm = tree.at("alarm").ok_or(Unreadable::Missing("alarm"))?;
    // Of the alarm itself: later, but better than nothing.
    let alarm_at = when(tree, &["timestamp"], time::epoch)?;
    let is_of_a_plate =
        |trigger: &&&Tree| trigger.text("key").is_some_and(|key| key.starts_with("license_plate"));
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
    Ok(match reads? {
        reads if reads.is_empty() => Message::Nothing("an alarm without a plate"),
        reads => Message::Reads(reads),
    })
}
