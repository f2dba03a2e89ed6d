//! Vzenith and Alphadigi: JSON, with a heartbeat in the same shape or as a form; or the same in the
//! frame of its MQTT messages.
//!
//! `direction` means the picture: 3 goes up, 4 down; left and right say neither. A record that the
//! camera had kept while nobody answered has `isoffline`.

use super::{Adapter, plate, when, word};
use crate::body::encoding::{Decoder, Legacy};
use crate::body::{Document, Format, base64};
use crate::read::{CapturedAt, Heading, Message, Read, Unreadable};
use crate::time;
use crate::tree::Tree;

const UNREAD: &[&str] = &["_无_", "无", "无牌车", "无牌", "_none_"];

/// What the camera says besides.
const OTHERS: &[(&str, &str)] = &[
    ("AlarmGioIn", "an input of the camera was switched"),
    ("SerialData", "data of the camera's serial port"),
    ("TriggerImage", "a picture that was asked for"),
];

pub(super) const ADAPTER: Adapter =
    Adapter::new(&["vzenith", "alphadigi"], is_own, read).of_china().answering(answer);

fn is_own(document: &Document) -> bool {
    let tree = &document.tree;
    ["AlarmInfoPlate", "payload.AlarmInfoPlate"].iter().any(|path| tree.has(path))
        || OTHERS.iter().any(|(name, _)| tree.has(name))
        || is_registration(document)
        || is_mqtt(tree)
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    if is_registration(document) || tree.says("name", &["keep_alive", "heartbeat"]) {
        return Ok(Message::Heartbeat);
    }
    let in_mqtt = tree.at("payload.AlarmInfoPlate");
    let Some(alarm) = tree.at("AlarmInfoPlate").or(in_mqtt) else {
        if let Some((_, why)) = OTHERS.iter().find(|(name, _)| tree.has(name)) {
            return Ok(Message::Nothing(why));
        }
        return match is_mqtt(tree) && !tree.says("name", &["ivs_result"]) {
            true => Ok(Message::Nothing("a message of another kind than a plate's")),
            false => Err(Unreadable::Missing("AlarmInfoPlate")),
        };
    };
    let Some(result) = alarm.at("result.PlateResult") else {
        return match alarm.has("heartbeat") {
            true => Ok(Message::Heartbeat),
            false => Err(Unreadable::Missing("AlarmInfoPlate.result.PlateResult")),
        };
    };
    let seconds = when(result, &["timeStamp.Timeval.sec"], time::epoch)?;
    let at = match seconds {
        CapturedAt::Missing => when(tree, &["timestamp"], time::epoch)?,
        at => at,
    };
    let text = result.text("license").map(|text| match in_mqtt {
        Some(_) => of_base64(&text).unwrap_or(text),
        None => text,
    });
    Ok(Message::Reads(vec![Read {
        at: time::plus_millis(
            at,
            result.integer("timeStamp.Timeval.usec").map(|micros| micros / 1000),
        ),
        direction: word(
            result,
            "direction",
            &[("3", Heading::Leaving), ("4", Heading::Approaching)],
        ),
        confidence: result.share("confidence", &[100.0]),
        camera: ["serialno", "deviceName"]
            .iter()
            .find_map(|name| alarm.name(name))
            .or_else(|| tree.name("sn")),
        event: result.name("plateid"),
        is_late_upload: result.flag("isoffline"),
        ..Read::new(plate(text, UNREAD))
    }]))
}

/// The frame of its MQTT messages, passed on to HTTP.
fn is_mqtt(tree: &Tree) -> bool {
    ["sn", "name", "payload"].iter().all(|name| tree.has(name))
}

/// In MQTT the licence is base64, of UTF-8 or GB18030.
fn of_base64(text: &str) -> Option<String> {
    let bytes = base64::decode(text.as_bytes())?;
    let decoder = Decoder::new(Legacy::Gb18030);
    let license = decoder.text(&bytes, None);
    let is_text = !decoder.is_damaged() && !license.chars().any(char::is_control);
    is_text.then(|| license.into_owned())
}

/// What the camera posts every few seconds as a form; its password is in there.
fn is_registration(document: &Document) -> bool {
    let names = ["device_name", "serialno", "ipaddr"];
    document.format == Format::KeyValue && names.iter().all(|name| document.tree.has(name))
}

/// What the camera wants to hear, or it sends the message again: enough. For a record that it had
/// kept, also that it may send the next one. The word that opens the barrier (`info`) is left out.
fn answer(message: &Message) -> String {
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
