//! The gateway of hh9net, which stands before cameras of several makers: XML, one message per vehicle.
//! `laneType` 0 is a lane of entry, 1 one of exit.

use super::{Adapter, plate, when, word};
use crate::body::Document;
use crate::read::{Heading, Message, Read, Unreadable};
use crate::time;

const UNREAD: &[&str] = &["无牌", "无牌车", "未识别", "未知"];

pub(super) const ADAPTER: Adapter = Adapter::new(&["hh9net"], is_own, read).of_china();

fn is_own(document: &Document) -> bool {
    document.tree.has("lprInfo") && document.tree.has("lpaResult")
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    let info = tree.at("lprInfo").ok_or(Unreadable::Missing("lprInfo"))?;
    Ok(Message::Reads(vec![Read {
        at: when(info, &["passTime"], time::written)?,
        direction: word(info, "laneType", &[("0", Heading::In), ("1", Heading::Out)]),
        camera: info.name("camId"),
        event: info.name("passId"),
        ..Read::new(plate(tree.text("lpaResult.plateNo"), UNREAD))
    }]))
}
