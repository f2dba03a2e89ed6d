//! Genetec AutoVu (Sharp cameras): JSON or XML with the same names.
//!
//! JSON's time has no zone, XML's has one. What the camera makes of the plate stands in a list of
//! key and value.

use super::{Adapter, plate, when, word};
use crate::body::Document;
use crate::read::{Heading, Message, Read, Unreadable};
use crate::time;
use crate::tree::Tree;

const UNREAD: &[&str] = &["noplate", "no plate", "noread"];

pub(super) const ADAPTER: Adapter = Adapter::new(&["genetec"], is_own, read);

fn is_own(document: &Document) -> bool {
    document.tree.has("PlateRead")
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    let text = tree.text("PlateRead").ok_or(Unreadable::Missing("PlateRead"))?;
    let motion = analytics(tree, "Relative Motion");
    Ok(Message::Reads(vec![Read {
        at: when(tree, &["Timestamp"], time::written)?,
        direction: motion.and_then(|motion| {
            word(
                motion,
                "Value",
                &[
                    ("Closer", Heading::Approaching),
                    ("Approaching", Heading::Approaching),
                    ("Away", Heading::Leaving),
                    ("Further", Heading::Leaving),
                    ("Moving away", Heading::Leaving),
                ],
            )
        }),
        confidence: analytics(tree, "Confidence Score").and_then(|a| a.share("Value", &[100.0])),
        camera: tree.name("LprCameraName").or_else(|| tree.name("SourceUrl")),
        event: tree.name("Id"),
        ..Read::new(plate(Some(text), UNREAD))
    }]))
}

/// The entry with this key. In XML, the list is an element within one of the same name.
fn analytics<'t>(tree: &'t Tree, key: &str) -> Option<&'t Tree> {
    let inner = tree.all("PlateAnalytics.PlateAnalytics");
    let list = if inner.is_empty() { tree.all("PlateAnalytics") } else { inner };
    list.into_iter().find(|entry| entry.says("Key", &[key]))
}
