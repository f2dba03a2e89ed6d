//! TVT, whose cameras and recorders are sold as Viewtron, Provision-ISR and under many names more:
//! XML. Cameras speak version 1 of its API, recorders version 2; both count microseconds.
//!
//! Every kind of alarm comes to the same address; `smartType` says which, in one firmware as
//! `VEHICE`.

use super::{Adapter, plate, reads_or, when};
use crate::body::{Document, Format};
use crate::read::{CapturedAt, Message, Read, Unreadable};
use crate::time;
use crate::tree::{Tree, is_word};

pub(super) const ADAPTER: Adapter =
    Adapter::new(&["tvt", "viewtron", "provision-isr"], is_own, read).of_china();

fn is_own(document: &Document) -> bool {
    let tree = &document.tree;
    let names = ["smartType", "messageType", "alarmStatusInfo", "subscribeRelation"];
    let is_config = is_word(&document.name, "config") && names.iter().any(|name| tree.has(name));
    document.format == Format::Xml && (is_config || is_keep_alive(document))
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    if is_keep_alive(document) {
        return Ok(Message::Heartbeat);
    }
    if !is_own(document) {
        return Err(Unreadable::Missing("config"));
    }
    if !tree.says("smartType", &["vehicle", "vehice", "lpr"]) {
        return Ok(Message::Nothing("an alarm of another kind than a vehicle's"));
    }
    let at = when(tree, &["currentTime"], time::epoch)?;
    // Version 2; version 1 has the picture of all beside the one of each plate.
    let listed = tree.all("licensePlateListInfo.item").into_iter();
    let plates = listed.map(|item| (item, item.text("licensePlateAttribute.licensePlateNumber")));
    let items = tree.all("listInfo.item").into_iter();
    let older = items.filter(|item| item.has("plateNumber"));
    let plates = plates.chain(older.map(|item| (item, item.text("plateNumber"))));
    let reads = plates.map(|(item, text)| read_of(tree, item, text, at)).collect();
    Ok(reads_or(reads, "a vehicle without a plate"))
}

fn read_of(tree: &Tree, item: &Tree, text: Option<String>, at: CapturedAt) -> Read {
    Read {
        at,
        camera: ["deviceInfo.deviceName", "deviceInfo.mac"].iter().find_map(|p| tree.name(p)),
        lane: tree.name("deviceInfo.channelId"),
        event: item.name("targetId"),
        ..Read::new(plate(text, &["noplate", "no plate", "null"]))
    }
}

/// Of a recorder a message of its own; of a camera what it is, and no more.
fn is_keep_alive(document: &Document) -> bool {
    let tree = &document.tree;
    let is_device =
        is_word(&document.name, "DeviceInfo") && (tree.has("SN") || tree.has("DeviceName"));
    is_device || tree.says("messageType", &["keepalive"])
}
