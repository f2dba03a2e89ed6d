//! One file per vendor: where it keeps what, and what its words mean. Each has `is_own`, which says
//! whether a document is one of its messages, and `read`.

pub mod axis;
pub mod blue_iris;
pub mod carpark;
pub mod dahua;
pub mod frigate;
pub mod genetec;
pub mod hikvision;
pub mod lilin;
pub mod milesight;
pub mod openalpr;
pub mod plate_recognizer;
pub mod survision;
pub mod tattile;
pub mod unifi_protect;
pub mod verkada;
pub mod vzenith;

use compact_str::CompactString;
use domain::observation::PlateAsRead;

use crate::read::{Candidate, CapturedAt, PlateText, Unreadable};
use crate::tree::Tree;

/// Most reads of one message: a picture has a handful of plates, a page of a log many.
pub const READS_MAX: usize = 256;
/// Most candidates that are kept of one read.
const CANDIDATES_MAX: usize = 16;

/// Words that no vendor means as a plate. What ends in `*` is a beginning.
const UNREAD: &[&str] = &["unknown", "unlicensed", "unk-*", "license_plate_unknown"];

/// A plate's text, or that there is none: nothing, no letter and no digit, or one of the words for
/// it: those of all vendors, and this one's in `unread`, lower case.
fn plate(text: Option<String>, unread: &[&str]) -> PlateText {
    let Some(text) = text.filter(|text| text.chars().any(char::is_alphanumeric)) else {
        return PlateText::Unread;
    };
    let lower = text.to_lowercase();
    let is_word = |word: &&str| match word.strip_suffix('*') {
        Some(beginning) => lower.starts_with(beginning),
        None => lower == **word,
    };
    match UNREAD.iter().chain(unread).any(is_word) {
        true => PlateText::Unread,
        false => PlateText::Read(as_read(&text)),
    }
}

fn as_read(text: &str) -> PlateAsRead {
    PlateAsRead(CompactString::new(text))
}

/// The time at the first of `paths` where there is one, in the vendor's way to say it.
fn when(
    tree: &Tree,
    paths: &[&'static str],
    way: fn(&Tree) -> Option<CapturedAt>,
) -> Result<CapturedAt, Unreadable> {
    for path in paths {
        match tree.at(path) {
            None => {}
            Some(Tree::Text(text)) if text.trim().is_empty() => {}
            Some(value) => return way(value).ok_or(Unreadable::BadTime(path)),
        }
    }
    Ok(CapturedAt::Missing)
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

/// `value`, where the text at `path` is one of the words, in whatever case.
fn word<T: Copy>(tree: &Tree, path: &str, words: &[(&str, T)]) -> Option<T> {
    let text = tree.text(path)?;
    words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text)).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests;
