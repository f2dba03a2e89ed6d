//! Survision: JSON that is XML with other brackets (`@name` is an attribute), or that XML.

use super::{plate, when};
use crate::body::Document;
use crate::read::{Message, Read, Unreadable};
use crate::time;
use crate::tree::Tree;

pub fn is_own(document: &Document) -> bool {
    let tree = &document.tree;
    tree.has("anpr.decision") || anpr(document).is_some_and(|anpr| anpr.has("decision"))
}

pub fn read(document: &Document) -> Result<Message, Unreadable> {
    let anpr = anpr(document).ok_or(Unreadable::Missing("anpr"))?;
    let decision = anpr.at("decision").ok_or(Unreadable::Missing("anpr.decision"))?;
    Ok(Message::Reads(vec![Read {
        at: when(anpr, &["@date"], time::epoch)?,
        confidence: decision.share("@reliability", &[100.0]),
        ..Read::new(plate(decision.text("@plate"), &[]))
    }]))
}

/// XML's outermost element has given its name to the document.
fn anpr(document: &Document) -> Option<&Tree> {
    document.tree.at("anpr").or_else(|| (document.name == "anpr").then_some(&document.tree))
}
