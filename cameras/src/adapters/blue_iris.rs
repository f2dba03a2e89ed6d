//! Blue Iris with CodeProject.AI: what its alert posts as `&JSON`, a list of what each model found,
//! alone or within an object that an operator writes around it, with `"camera":"&CAM"`.
//!
//! Several plates per message, with spaces. The time is text as mail has it.

use super::{plate, when};
use crate::body::Document;
use crate::read::{CapturedAt, Message, Read, Unreadable};
use crate::time;
use crate::tree::Tree;

pub fn is_own(document: &Document) -> bool {
    !findings(&document.tree).is_empty()
}

pub fn read(document: &Document) -> Result<Message, Unreadable> {
    let findings = findings(&document.tree);
    if findings.is_empty() {
        return Err(Unreadable::Missing("found.predictions"));
    }
    let camera = document.tree.name("camera");
    let mut reads = Vec::new();
    for finding in findings {
        let found = finding.at("found").unwrap_or(finding);
        let at = when(found, &["timestampUTC"], in_mail)?;
        let plates = found.all("predictions").into_iter().filter(|p| p.has("plate"));
        reads.extend(plates.map(|prediction| Read {
            at,
            confidence: prediction.share("confidence", &[1.0]),
            camera: camera.clone(),
            event: found.name("requestId"),
            ..Read::new(plate(prediction.text("plate"), &[]))
        }));
    }
    Ok(match reads.is_empty() {
        true => Message::Nothing("no plate in the picture"),
        false => Message::Reads(reads),
    })
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

fn in_mail(value: &Tree) -> Option<CapturedAt> {
    time::rfc1123(value).or_else(|| time::written(value))
}
