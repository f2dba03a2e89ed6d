//! Survision: JSON that is XML with other brackets (`@name` is an attribute), or that XML.

use super::{Adapter, plate, when, word};
use crate::body::Document;
use crate::read::{Heading, Message, Read, Unreadable};
use crate::time;
use crate::tree::{Tree, is_word};

/// What the device says besides: its state, its inputs and outputs, its pictures.
const OTHERS: &[&str] =
    &["date", "infos", "database", "image", "trigger", "io", "traces", "config"];

const DIRECTIONS: &[(&str, Heading)] = &[
    ("in", Heading::In),
    ("out", Heading::Out),
    ("approach", Heading::Approaching),
    ("approaching", Heading::Approaching),
    ("front", Heading::Approaching),
    ("away", Heading::Leaving),
    ("leaving", Heading::Leaving),
    ("rear", Heading::Leaving),
];

pub(super) const ADAPTER: Adapter = Adapter::new(&["survision"], is_own, read);

fn is_own(document: &Document) -> bool {
    let tree = &document.tree;
    tree.has("anpr.decision")
        || anpr(document).is_some_and(|anpr| anpr.has("decision"))
        || is_keep_alive(document)
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    if is_keep_alive(document) {
        return Ok(Message::Heartbeat);
    }
    let is_other = |name: &str| document.tree.has(name) || is_word(&document.name, name);
    if OTHERS.iter().any(|name| is_other(name)) {
        return Ok(Message::Nothing("an event of another kind than `anpr`"));
    }
    let anpr = anpr(document).ok_or(Unreadable::Missing("anpr"))?;
    let decision = anpr.at("decision").ok_or(Unreadable::Missing("anpr.decision"))?;
    Ok(Message::Reads(vec![Read {
        at: when(anpr, &["@date"], time::epoch)?,
        direction: word(decision, "@direction", DIRECTIONS)
            .or_else(|| word(anpr, "@direction", DIRECTIONS)),
        confidence: decision.share("@reliability", &[100.0]),
        ..Read::new(plate(decision.text("@plate"), &[]))
    }]))
}

/// XML's outermost element has given its name to the document.
fn anpr(document: &Document) -> Option<&Tree> {
    document.tree.at("anpr").or_else(|| (is_word(&document.name, "anpr")).then_some(&document.tree))
}

fn is_keep_alive(document: &Document) -> bool {
    document.tree.has("keepAlive") || is_word(&document.name, "keepAlive")
}
