//! Vzenith and Alphadigi: JSON, with a heartbeat in the same shape or as a form.
//!
//! `direction` means the picture: 3 goes up, 4 down; left and right say neither. A record that the
//! camera had kept while nobody answered has `isoffline`.

use super::{plate, when, word};
use crate::body::{Document, Format};
use crate::read::{Direction, Message, Read, Unreadable};
use crate::time;

const UNREAD: &[&str] = &["_无_", "无", "无牌车", "无牌", "_none_"];

pub fn is_own(document: &Document) -> bool {
    document.tree.has("AlarmInfoPlate")
        || document.tree.has("AlarmGioIn")
        || is_registration(document)
}

pub fn read(document: &Document) -> Result<Message, Unreadable> {
    if is_registration(document) {
        return Ok(Message::Heartbeat);
    }
    let Some(alarm) = document.tree.at("AlarmInfoPlate") else {
        return match document.tree.has("AlarmGioIn") {
            true => Ok(Message::Nothing("an input of the camera was switched")),
            false => Err(Unreadable::Missing("AlarmInfoPlate")),
        };
    };
    let Some(result) = alarm.at("result.PlateResult") else {
        return match alarm.has("heartbeat") {
            true => Ok(Message::Heartbeat),
            false => Err(Unreadable::Missing("AlarmInfoPlate.result.PlateResult")),
        };
    };
    Ok(Message::Reads(vec![Read {
        at: time::plus_millis(
            when(result, &["timeStamp.Timeval.sec"], time::epoch)?,
            result.integer("timeStamp.Timeval.usec").map(|micros| micros / 1000),
        ),
        direction: word(
            result,
            "direction",
            &[("3", Direction::Leaving), ("4", Direction::Approaching)],
        ),
        confidence: result.share("confidence", &[100.0]),
        camera: alarm.name("serialno").or_else(|| alarm.name("deviceName")),
        event: result.name("plateid"),
        is_late_upload: result.flag("isoffline"),
        ..Read::new(plate(result.text("license"), UNREAD))
    }]))
}

/// What the camera posts every few seconds as a form; its password is in there.
fn is_registration(document: &Document) -> bool {
    let names = ["device_name", "serialno", "ipaddr"];
    document.format == Format::KeyValue && names.iter().all(|name| document.tree.has(name))
}

/// What the camera wants to hear, or it sends the message again: enough. For a record that it had
/// kept, also that it may send the next one. The word that opens the barrier (`info`) is left out.
pub fn answer(message: &Message) -> String {
    let kept = match message {
        Message::Reads(reads) => reads.iter().find(|read| read.is_late_upload),
        _ => None,
    };
    match kept.and_then(|read| read.event.as_ref()?.parse::<i64>().ok()) {
        Some(id) => format!(
            r#"{{"Response_AlarmInfoPlate":{{"content":"retransfer_stop","ContinuePushOffline":{{"plateid":{id},"continue":1}}}}}}"#
        ),
        None => r#"{"Response_AlarmInfoPlate":{"content":"retransfer_stop"}}"#.to_owned(),
    }
}
