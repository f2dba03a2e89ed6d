//! Tattile: XML whose elements an installer chooses in the camera's pages; these are the usual ones.
//!
//! `OCRSCORE` is 0 to 100, or 0 to 999 with older firmware: above 100 it can only be the latter.

use super::{Adapter, no_time, plate, word};
use crate::body::Document;
use crate::read::{CapturedAt, Heading, Message, Read, Unreadable};
use crate::time;
use crate::tree::Tree;

const UNREAD: &[&str] = &["noplate", "no_plate", "notread", "not_read"];

pub(super) const ADAPTER: Adapter = Adapter::new(&["tattile"], is_own, read);

fn is_own(document: &Document) -> bool {
    document.tree.has("PLATE_STRING")
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    let text = tree.text("PLATE_STRING").ok_or(Unreadable::Missing("PLATE_STRING"))?;
    Ok(Message::Reads(vec![Read {
        at: at(tree)?,
        direction: word(
            tree,
            "DIRECTION",
            &[("APPROACH", Heading::Approaching), ("GOAWAY", Heading::Leaving)],
        ),
        confidence: tree.share("OCRSCORE", &[100.0, 999.0]),
        camera: tree.name("DEVICE_SN"),
        lane: tree.name("LANE_ID"),
        ..Read::new(plate(Some(text), UNREAD))
    }]))
}

fn at(tree: &Tree) -> Result<CapturedAt, Unreadable> {
    match (tree.name("DATE"), tree.name("TIME")) {
        (Some(date), Some(time)) => {
            time::digits(&date, &time).map_err(|why| no_time("DATE and TIME", why))
        }
        (None, None) => Ok(CapturedAt::Missing),
        (None, Some(_)) => Err(Unreadable::Missing("DATE")),
        (Some(_), None) => Err(Unreadable::Missing("TIME")),
    }
}
