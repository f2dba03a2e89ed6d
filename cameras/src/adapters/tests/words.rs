//! Fixed words have no case, at any vendor: a firmware that writes `LPR` for `lpr` costs no car.

use crate::testing::payloads;
use crate::tree::Tree;
use crate::{Body, Message, Read};

/// The tree with every text in it changed.
fn changed(tree: &Tree, change: fn(&str) -> String) -> Tree {
    match tree {
        Tree::Text(text) => Tree::Text(change(text)),
        Tree::List(items) => Tree::List(items.iter().map(|item| changed(item, change)).collect()),
        Tree::Map(fields) => Tree::Map(
            fields
                .iter()
                // Base64, which means its case.
                .map(|(name, value)| match name.as_str() {
                    "license" => (name.clone(), value.clone()),
                    _ => (name.clone(), changed(value, change)),
                })
                .collect(),
        ),
        other => other.clone(),
    }
}

/// What is read, with the names and plates of a message in lower case.
fn lower(message: Message) -> Message {
    let Message::Reads(mut reads) = message else { return message };
    let lower = |text: &mut Option<String>| *text = text.take().map(|text| text.to_lowercase());
    for read in &mut reads {
        let Read { plate, camera, lane, place, event, candidates, .. } = read;
        [camera, lane, place, event].into_iter().for_each(lower);
        let texts = candidates.iter_mut().map(|candidate| &mut candidate.plate);
        let own = match plate {
            crate::PlateText::Read(text) => Some(text),
            crate::PlateText::Unread => None,
        };
        texts.chain(own).for_each(|text| text.0 = text.0.to_lowercase());
    }
    Message::Reads(reads)
}

#[test]
fn a_payload_in_capitals_or_in_small_letters_says_the_same() {
    for payload in payloads() {
        let mut body = Body::parse(payload.text.as_bytes(), None).unwrap();
        let said = lower(payload.vendor.read(&body).unwrap());
        let changes: [fn(&str) -> String; 2] = [str::to_uppercase, str::to_lowercase];
        for change in changes {
            for document in &mut body.documents {
                document.tree = changed(&document.tree, change);
                document.name = change(&document.name);
            }
            assert!(payload.vendor.is_own(&body), "{}", payload.name);
            let now = payload.vendor.read(&body).map(lower);
            assert_eq!(now, Ok(said.clone()), "{} in {}", payload.name, change("Case"));
        }
    }
}

#[test]
fn no_adapter_compares_a_word_by_itself() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/adapters");
    let sources = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut count = 0;
    for path in sources.filter(|path| path.extension().is_some_and(|e| e == "rs")) {
        if path.ends_with("tests.rs") {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for own in [
            "== \"",
            "!= \"",
            "Some(\"",
            "\" =>",
            "\" |",
            "starts_with(",
            "ends_with(",
            "ignore_case",
        ] {
            // A name of a field is not what a camera says.
            let is_compared =
                source.lines().any(|line| line.contains(own) && !line.contains("|(name, _)| name"));
            assert!(!is_compared, "{} has {own}: use `is_word`", path.display());
        }
        count += 1;
    }
    assert!(count > 20, "{count}");
}
