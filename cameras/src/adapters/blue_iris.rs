//! Blue Iris with CodeProject.AI: what its alert posts as `&JSON`, a list of what each model found,
//! alone or within an object that an operator writes around it, with `"camera":"&CAM"`; or the plate
//! alone, `"plate_number":"&PLATE"`.
//!
//! Several plates per message, with spaces. The time is text as mail has it. Where the AI found
//! nothing, or did not run, the macros are empty: an alert, and no plate.

use super::{Adapter, plate, reads_or, when};
use crate::body::{Document, Format};
use crate::read::{Message, PlateText, Read, Unreadable};
use crate::time;
use crate::tree::Tree;

pub(super) const ADAPTER: Adapter = Adapter::new(&["blue-iris"], is_own, read);

fn is_own(document: &Document) -> bool {
    let tree = &document.tree;
    let is_json = document.format == Format::Json;
    is_json && is_known(tree)
}

fn is_known(tree: &Tree) -> bool {
    !findings(tree).is_empty() || is_nothing(tree) || is_empty_alert(tree) || has_macro(tree)
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    let findings = findings(tree);
    let camera = tree.name("camera");
    let mut reads = Vec::new();
    for finding in &findings {
        let found = finding.at("found").unwrap_or(finding);
        let at = when(found, &["timestampUTC"], time::any)?;
        let plates = found.all("predictions").into_iter().filter(|p| p.has("plate"));
        reads.extend(plates.map(|prediction| Read {
            at,
            confidence: prediction.share("confidence", &[1.0]),
            camera: camera.clone(),
            event: found.name("requestId"),
            ..Read::new(plate(prediction.text("plate"), &[]))
        }));
    }
    if reads.is_empty() && has_macro(tree) {
        let read = Read {
            at: when(tree, &["timestamp"], time::any)?,
            camera,
            ..Read::new(plate(tree.text("plate_number"), &[]))
        };
        // An alert is of anything that moves.
        reads.extend((read.plate != PlateText::Unread).then_some(read));
    }
    match is_known(tree) {
        true => Ok(reads_or(reads, "no plate in the picture")),
        false => Err(Unreadable::Missing("found.predictions")),
    }
}

/// What each model found: the list itself, or the list (or one finding) under whatever name it has
/// been given.
fn findings(tree: &Tree) -> Vec<&Tree> {
    let own = listed(tree);
    match tree {
        Tree::Map(fields) if own.is_empty() => {
            let within = fields.iter().map(|(_, value)| listed(value));
            within.into_iter().find(|list| !list.is_empty()).unwrap_or_default()
        }
        _ => own,
    }
}

fn listed(tree: &Tree) -> Vec<&Tree> {
    let items = match tree {
        Tree::List(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    items.iter().filter(|item| item.has("found.predictions") || is_bare(item)).collect()
}

/// As CodeProject.AI itself answers.
fn is_bare(tree: &Tree) -> bool {
    tree.has("predictions") && (tree.has("moduleId") || tree.has("command"))
}

/// As the macros are where nothing was found: an empty list, null, or that there was no success.
fn is_nothing(tree: &Tree) -> bool {
    match tree {
        Tree::Null => true,
        Tree::List(items) => items.iter().all(is_nothing),
        Tree::Map(_) => {
            let found = tree.at("found").unwrap_or(tree);
            found.at("success") == Some(&Tree::Bool(false)) && found.all("predictions").is_empty()
        }
        Tree::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// What an operator wrote around macros that were all empty.
fn is_empty_alert(tree: &Tree) -> bool {
    let Tree::Map(fields) = tree else { return false };
    let mut others = fields.iter().filter(|(name, _)| name != "camera").peekable();
    tree.has("camera") && others.peek().is_some() && others.all(|(_, value)| is_nothing(value))
}

/// The plate alone.
fn has_macro(tree: &Tree) -> bool {
    tree.has("plate_number") && tree.has("camera")
}
