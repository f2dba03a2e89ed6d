//! LILIN: a page of its log as JSON, one entry per vehicle, all numbers as texts.

use super::{plate, when};
use crate::body::Document;
use crate::read::{Message, Read, Unreadable};
use crate::time;

pub fn is_own(document: &Document) -> bool {
    document.tree.has("INFORMATION")
        && (document.tree.has("LPR_COUNT") || document.tree.has("INFORMATION.LPR"))
}

pub fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    if !tree.has("INFORMATION") {
        return Err(Unreadable::Missing("INFORMATION"));
    }
    let reads: Result<Vec<_>, Unreadable> = tree
        .all("INFORMATION")
        .into_iter()
        .map(|entry| {
            Ok(Read {
                at: when(entry, &["TS"], time::epoch)?,
                confidence: entry.share("THRESHOLD", &[1.0]),
                event: entry.name("CAR_ID"),
                ..Read::new(plate(entry.text("LPR"), &[]))
            })
        })
        .collect();
    Ok(match reads? {
        reads if reads.is_empty() => Message::Nothing("a log without entries"),
        reads => Message::Reads(reads),
    })
}
