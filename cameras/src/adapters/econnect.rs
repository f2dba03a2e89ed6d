//! eConnect: a webhook of its cloud, JSON, one message per plate. It names no time: that of its
//! coming counts.

use super::{Adapter, plate};
use crate::body::Document;
use crate::read::{Message, Read, Unreadable};

pub(super) const ADAPTER: Adapter = Adapter::new(&["econnect"], is_own, read);

fn is_own(document: &Document) -> bool {
    document.tree.has("publishType") && document.tree.has("payload")
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    let Some(info) = tree.at("payload.lprPlateInfo") else {
        return match tree.has("publishType") && !tree.says("publishType", &["WebHookLprPayload"]) {
            true => Ok(Message::Nothing("a webhook of another kind than a plate's")),
            false => Err(Unreadable::Missing("payload.lprPlateInfo")),
        };
    };
    Ok(Message::Reads(vec![Read {
        camera: tree.name("sourceName"),
        ..Read::new(plate(info.text("plate"), &[]))
    }]))
}
