//! LILIN: a page of the camera's log as JSON, one entry per vehicle, all numbers as texts; or what
//! the AI engine of its recorders found.

use super::{Adapter, plate, reads_or, when};
use crate::body::Document;
use crate::read::{Message, Read, Unreadable};
use crate::time;
use crate::tree::Tree;

pub(super) const ADAPTER: Adapter = Adapter::new(&["lilin"], is_own, read);

fn is_own(document: &Document) -> bool {
    let tree = &document.tree;
    tree.has("LPR_COUNT") || tree.has("INFORMATION.LPR") || tree.has("AiEngine")
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    if tree.has("AiEngine") {
        let found = tree.all("AiEngine").into_iter();
        let reads: Result<_, _> =
            found.filter(|found| found.says("behavior_id", &["lpr"])).map(of_engine).collect();
        return Ok(reads_or(reads?, "the engine found no plate"));
    }
    if !tree.has("INFORMATION") && !tree.has("LPR_COUNT") {
        return Err(Unreadable::Missing("INFORMATION"));
    }
    let reads: Result<_, _> = tree.all("INFORMATION").into_iter().map(of_log).collect();
    Ok(reads_or(reads?, "a log without entries"))
}

fn of_log(entry: &Tree) -> Result<Read, Unreadable> {
    Ok(Read {
        at: when(entry, &["TS"], time::epoch)?,
        confidence: entry.share("THRESHOLD", &[1.0]),
        event: entry.name("CAR_ID"),
        ..Read::new(plate(entry.text("LPR"), &[]))
    })
}

fn of_engine(found: &Tree) -> Result<Read, Unreadable> {
    Ok(Read {
        at: when(found, &["created_at"], time::written)?,
        confidence: found.share("confidence", &[1.0]),
        camera: found.name("camera_name").or_else(|| found.name("camera_mac")),
        ..Read::new(plate(found.text("label_name"), &[]))
    })
}
