//! Dahua: three ways, each with its own names. ITSAPI posts JSON to `/NotificationInfo/…`; the RPC
//! and the CGI interfaces send events as JSON or as `Events[0].…=…` lines.
//!
//! `UTC` is what the clock on the wall shows, counted as if that were UTC: only `RealUTC` is an
//! instant. A park type or `CarDrivingInOut` means the barrier; all other directions the picture.

use super::{Adapter, as_read, plate, when, word};
use crate::body::Document;
use crate::read::{Candidate, CapturedAt, Heading, Message, Read, Unreadable};
use crate::time;
use crate::tree::{Tree, is_word};

const UNREAD: &[&str] = &["noplate", "no plate", "null", "无牌", "无牌车", "未知"];

const DIRECTIONS: &[(&str, Heading)] = &[
    ("Obverse", Heading::Approaching),
    ("Approach", Heading::Approaching),
    ("Reverse", Heading::Leaving),
    ("Leave", Heading::Leaving),
];

pub(super) const ADAPTER: Adapter =
    Adapter::new(&["dahua", "intelbras"], is_own, read).of_china().answering(answer);

fn is_own(document: &Document) -> bool {
    let tree = &document.tree;
    tree.has("Picture.SnapInfo")
        || tree.has("Picture.Plate")
        || tree.has("AlarmInfo.Type")
        || tree.has("ParkingInfo.ParkingStatus")
        || is_heartbeat(tree)
        || !events(tree).is_empty()
}

fn read(document: &Document) -> Result<Message, Unreadable> {
    let tree = &document.tree;
    if is_heartbeat(tree) {
        return Ok(Message::Heartbeat);
    }
    if tree.has("ParkingInfo") || tree.has("Picture.ParkingInfo") {
        return Ok(Message::Nothing("the state of a parking space is no passage"));
    }
    if tree.has("AlarmInfo") {
        return Ok(Message::Nothing("an alarm"));
    }
    if let Some(picture) = tree.at("Picture") {
        return Ok(Message::Reads(vec![tollgate(picture)?]));
    }
    let events = events(tree);
    if events.is_empty() {
        return Err(Unreadable::Missing("Picture, Events or params.eventList"));
    }
    let reads: Result<Vec<_>, _> = events
        .iter()
        .filter(|event| is_of_a_vehicle(event))
        .map(|event| read_event(event))
        .collect();
    Ok(match reads? {
        reads if reads.is_empty() => Message::Nothing("an event of another kind than a vehicle's"),
        reads => Message::Reads(reads),
    })
}

/// ITSAPI's keep-alive, and what a camera tells of itself before anything else (`DeviceInfo`).
fn is_heartbeat(tree: &Tree) -> bool {
    let is_device = ["DeviceModel", "DeviceType", "DeviceName"].iter().any(|name| tree.has(name));
    tree.has("DeviceID") && !tree.has("Picture") && (tree.has("Active") || is_device)
        || tree.says("method", &["*keepalive"])
}

/// ITSAPI. `DefenceCode` is against forgery and no event, `UploadNum` counts messages.
fn tollgate(picture: &Tree) -> Result<Read, Unreadable> {
    // `IsExist`: whether there is a plate at all.
    let is_there = picture.at("Plate.IsExist").is_none() || picture.flag("Plate.IsExist");
    let text = picture.text("Plate.PlateNumber").filter(|_| is_there);
    Ok(Read {
        at: when(picture, &["SnapInfo.AccurateTime", "SnapInfo.SnapTime"], time::written)?,
        direction: word(picture, "SnapInfo.Direction", DIRECTIONS),
        // By its description of 255, by what most cameras send of 100: above that it can only be 255.
        confidence: picture.share("Plate.Confidence", &[100.0, 255.0]),
        camera: picture.name("SnapInfo.DeviceID"),
        lane: picture.name("SnapInfo.LanNo"),
        ..Read::new(plate(text, UNREAD))
    })
}

/// The events of a message of RPC or CGI: the data alone, with the code within.
fn events(tree: &Tree) -> Vec<&Tree> {
    let list = match tree.all("params.eventList") {
        list if list.is_empty() => tree.all("Events"),
        list => list,
    };
    let list = match list.is_empty() && tree.has("Code") && has_data(tree) {
        true => vec![tree],
        false => list,
    };
    list.into_iter().filter(|event| code(event).is_some()).collect()
}

fn has_data(event: &Tree) -> bool {
    ["Data", "TrafficCar", "UTC"].iter().any(|name| event.has(name))
}

fn code(event: &Tree) -> Option<String> {
    event.name("Code").or_else(|| event.name("EventBaseInfo.Code"))
}

fn is_of_a_vehicle(event: &Tree) -> bool {
    let data = event.at("Data").unwrap_or(event);
    let is_code = code(event).is_some_and(|code| {
        let is_one_of = |words: &[&str]| words.iter().any(|word| is_word(&code, word));
        // `TrafficParkingSpaceParking` and its like have a plate, and nothing passed.
        is_one_of(&["Traffic*", "CarDrivingInOut", "ANPR"]) && !is_one_of(&["TrafficParking*"])
    });
    is_code && (data.has("UTC") || data.has("RealUTC") || data.has("TrafficCar"))
}

fn read_event(event: &Tree) -> Result<Read, Unreadable> {
    let data = event.at("Data").unwrap_or(event);
    let text = data.name("TrafficCar.PlateNumber").or_else(|| data.name("Object.Text"));
    let extra = data.all("CommInfo.ExtraPlates");
    let candidates = extra.into_iter().filter_map(|extra| {
        let text =
            extra.as_text().or_else(|| extra.name("PlateNumber")).or_else(|| extra.name("Text"));
        text.filter(|text| !text.is_empty())
    });
    Ok(Read {
        at: time::plus_millis(instant_or_wall(data)?, data.integer("UTCMS")),
        direction: direction(event, data),
        confidence: data.share("Object.Confidence", &[255.0]),
        camera: ["TrafficCar.MachineName", "MachineName", "DeviceID", "TrafficCar.DeviceAddress"]
            .iter()
            .find_map(|path| data.name(path)),
        lane: data.name("Lane").or_else(|| data.name("TrafficCar.Lane")),
        event: ["GroupID", "EventID"]
            .iter()
            .find_map(|path| data.name(path).filter(|id| !is_word(id, "0"))),
        candidates: candidates
            .take(super::CANDIDATES_MAX)
            .map(|text| Candidate { plate: as_read(&text), confidence: None })
            .collect(),
        ..Read::new(plate(text, UNREAD))
    })
}

fn instant_or_wall(data: &Tree) -> Result<CapturedAt, Unreadable> {
    match when(data, &["RealUTC"], time::epoch)? {
        CapturedAt::Missing => {
            let at = when(data, &["UTC", "TrafficCar.UTC"], time::epoch)?;
            match at {
                CapturedAt::Missing => when(data, &["LocaleTime"], time::written),
                at => Ok(time::as_local(at)),
            }
        }
        at => Ok(at),
    }
}

/// What means the barrier goes before what means the picture.
fn direction(event: &Tree, data: &Tree) -> Option<Heading> {
    const BARRIER: &[(&str, Heading)] = &[("1", Heading::In), ("2", Heading::Out)];
    let in_out = ["DrivingDirection", "CarDrivingInOut.DrivingDirection"]
        .iter()
        .filter(|_| code(event).is_some_and(|code| is_word(&code, "CarDrivingInOut")))
        .find_map(|path| word(data, path, BARRIER));
    word(data, "CommInfo.ParkType", BARRIER).or(in_out).or_else(|| {
        // Of three texts the first is the direction, the others what an installer calls its ends.
        ["TrafficCar.DrivingDirection.0", "TrafficCar.DrivingDirection", "JunctionDirection"]
            .iter()
            .find_map(|path| word(data, path, DIRECTIONS))
    })
}

/// What ITSAPI waits for: to a heartbeat also that it is on the list of those alive. The word that
/// opens a barrier (`OpenStrobe`) is left out.
fn answer(message: &Message) -> String {
    match message {
        Message::Heartbeat => r#"{"Result":true,"Message":"Success","Active":true}"#,
        _ => r#"{"Result":true}"#,
    }
    .to_owned()
}
