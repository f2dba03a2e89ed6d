//! The table of vendors. One file per vendor says where it keeps what, and what its words mean; it
//! ends in its row, `ADAPTER`. To add a vendor: its file here, its line in [`ADAPTERS`] (and the
//! `mod` above it), one message of each kind in `payloads/`, named after it. Configuration, errors,
//! fuzzing and the tests over all payloads follow from these.

mod axis;
mod axis_onvif;
mod axis_publisher;
mod blue_iris;
mod carpark;
mod dahua;
mod econnect;
mod frigate;
mod frigate_plate_recognizer;
mod genetec;
mod hh9net;
mod hikvision;
mod lector_vision;
mod lilin;
mod milesight;
mod openalpr;
mod plate_recognizer;
mod survision;
mod tattile;
mod template;
mod tvt;
mod unifi_protect;
mod verkada;
mod vzenith;
mod xenix;

use compact_str::CompactString;
use domain::observation::PlateAsRead;

use crate::body::Document;
use crate::body::encoding::Legacy;
use crate::read::{Candidate, CapturedAt, Message, PlateText, Read, Stage, Unreadable};
use crate::time::{NoTime, Time};
use crate::tree::{Tree, is_word};

/// What carpark knows of one vendor.
pub(crate) struct Adapter {
    /// In the configuration; others for the same, where people know it by another name.
    pub(crate) names: &'static [&'static str],
    /// Whether a document is one of its messages.
    pub(crate) is_own: fn(&Document) -> bool,
    /// What the document says.
    pub(crate) read: fn(&Document) -> Result<Message, Unreadable>,
    /// What the camera wants to hear, where the status is not enough.
    pub(crate) answer: Option<fn(&Message) -> String>,
    /// What its texts are in where they are not UTF-8.
    pub(crate) legacy: Legacy,
}

impl Adapter {
    const fn new(
        names: &'static [&'static str],
        is_own: fn(&Document) -> bool,
        read: fn(&Document) -> Result<Message, Unreadable>,
    ) -> Self {
        Self { names, is_own, read, answer: None, legacy: Legacy::Latin1 }
    }

    const fn answering(self, answer: fn(&Message) -> String) -> Self {
        Self { answer: Some(answer), ..self }
    }

    const fn of_china(self) -> Self {
        Self { legacy: Legacy::Gb18030, ..self }
    }
}

/// The vendors, in the order of the documentation. No message is two vendors' (a test), so the order
/// matters to nothing else.
pub(crate) const ADAPTERS: &[&Adapter] = &[
    &carpark::ADAPTER,
    &axis::ADAPTER,
    &axis_onvif::ADAPTER,
    &axis_publisher::ADAPTER,
    &blue_iris::ADAPTER,
    &dahua::ADAPTER,
    &econnect::ADAPTER,
    &frigate::ADAPTER,
    &frigate_plate_recognizer::ADAPTER,
    &genetec::ADAPTER,
    &hh9net::ADAPTER,
    &hikvision::ADAPTER,
    &lector_vision::ADAPTER,
    &lilin::ADAPTER,
    &milesight::ADAPTER,
    &openalpr::ADAPTER,
    &plate_recognizer::ADAPTER,
    &survision::ADAPTER,
    &tattile::ADAPTER,
    &template::ADAPTER,
    &tvt::ADAPTER,
    &unifi_protect::ADAPTER,
    &verkada::ADAPTER,
    &vzenith::ADAPTER,
    &xenix::ADAPTER,
];

/// Most candidates that are kept of one read.
const CANDIDATES_MAX: usize = 16;

/// Words that no vendor means as a plate. What ends in `*` is a beginning.
const UNREAD: &[&str] = &["unknown", "unlicensed", "unk-*", "license_plate_unknown"];

/// A plate's text, or that there is none: nothing, no letter and no digit, or one of the words for
/// it: those of all vendors, and this one's in `unread`. What could not be decoded is no word for
/// unread: it is kept, for the message to be refused.
fn plate(text: Option<String>, unread: &[&str]) -> PlateText {
    let is_said = |c: char| c.is_alphanumeric() || c == char::REPLACEMENT_CHARACTER;
    match text.filter(|text| text.chars().any(is_said)) {
        Some(text) if !UNREAD.iter().chain(unread).any(|word| is_word(&text, word)) => {
            PlateText::Read(as_read(&text))
        }
        _ => PlateText::Unread,
    }
}

fn as_read(text: &str) -> PlateAsRead {
    PlateAsRead(CompactString::new(text))
}

/// The time at the first of `paths` where there is one, in the vendor's way to say it.
fn when(
    tree: &Tree,
    paths: &[&'static str],
    way: fn(&Tree) -> Time,
) -> Result<CapturedAt, Unreadable> {
    for path in paths {
        match tree.at(path) {
            None => {}
            Some(value) if value.as_text().is_some_and(|text| text.is_empty()) => {}
            Some(value) => return way(value).map_err(|why| no_time(path, why)),
        }
    }
    Ok(CapturedAt::Missing)
}

fn no_time(path: &'static str, why: NoTime) -> Unreadable {
    match why {
        NoTime::Form => Unreadable::UnknownTime(path),
        NoTime::Clock => Unreadable::BadTime(path),
    }
}

/// The candidates in a list of `{plate, confidence}`, by the names of the two.
fn candidates(list: &[&Tree], plate: &str, confidence: &str, most: f64) -> Vec<Candidate> {
    list.iter()
        .filter_map(|item| {
            let text = item.name(plate)?;
            Some(Candidate { plate: as_read(&text), confidence: item.share(confidence, &[most]) })
        })
        .take(CANDIDATES_MAX)
        .collect()
}

/// `value`, where the text at `path` is one of the words.
fn word<T: Copy>(tree: &Tree, path: &str, words: &[(&str, T)]) -> Option<T> {
    let text = tree.text(path)?;
    words.iter().find(|(word, _)| is_word(&text, word)).map(|(_, value)| *value)
}

/// Where a message stands, by the vendor's words for the first and the last of a vehicle's. A word
/// that is not known is no last one: more may come. Where nothing is said, there is one message.
fn stage(tree: &Tree, path: &str, first: &str, last: &str) -> Stage {
    match tree.name(path) {
        None => Stage::Final,
        Some(_) => {
            word(tree, path, &[(first, Stage::New), (last, Stage::Final)]).unwrap_or(Stage::Update)
        }
    }
}

/// Reads, or that there are none and why.
fn reads_or(reads: Vec<Read>, nothing: &'static str) -> Message {
    match reads.is_empty() {
        true => Message::Nothing(nothing),
        false => Message::Reads(reads),
    }
}

#[cfg(test)]
mod tests;
