//! `name=value` to a tree: a form, lines such as `Events[0].TrafficCar.PlateNumber=…`, or one line
//! `Code=…;action=…;data={…}`.

use super::encoding::Decoder;
use super::{BadBody, Budget, DEPTH_MAX, Document};
use crate::tree::Tree;

/// Reads a form or lines. A form with a document in a field is that document.
pub fn parse(text: &str, decoder: &Decoder) -> Result<Document, BadBody> {
    let (first, _) = text.split_once('=').ok_or(BadBody::Unknown)?;
    if !first.chars().all(|c| c.is_alphanumeric() || "[].-_:%+ ".contains(c)) {
        return Err(BadBody::Unknown);
    }
    if text.starts_with("Code=") && text.contains(';') {
        return event_line(text);
    }
    if text.contains('\n') || first.contains('[') {
        return lines(text);
    }
    form(text, decoder)
}

/// What is escaped is bytes, in whichever encoding the camera has.
fn form(text: &str, decoder: &Decoder) -> Result<Document, BadBody> {
    let mut budget = Budget::new();
    let mut fields = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (unescaped(name), unescaped(value));
        let (name, value) = (decoder.text(&name, None), decoder.text(&value, None));
        budget.take()?;
        if value.trim_start().starts_with(['{', '[', '<']) {
            return Document::parse(&value, decoder);
        }
        fields.push((name.into_owned(), super::text(&value)));
    }
    Ok(Document::key_value(Tree::Map(fields)))
}

/// `+` is a space, `%C3` a byte; a `%` without two hexadecimal digits is itself.
fn unescaped(text: &str) -> Vec<u8> {
    let hex = |at: usize| text.as_bytes().get(at).and_then(|c| char::from(*c).to_digit(16));
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        let escaped = match byte {
            b'%' => hex(at + 1).zip(hex(at + 2)),
            _ => None,
        };
        if let Some(byte) = escaped.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            bytes.push(byte);
            at += 3;
        } else {
            bytes.push(if *byte == b'+' { b' ' } else { *byte });
            at += 1;
        }
    }
    bytes
}

/// Each line says one value, by its path.
fn lines(text: &str) -> Result<Document, BadBody> {
    let mut budget = Budget::new();
    let mut root = Tree::Map(Vec::new());
    for line in text.lines() {
        // A line that says nothing, such as a title.
        let Some((path, value)) = line.split_once('=') else { continue };
        insert(&mut root, path.trim(), super::text(value.trim()), &mut budget)?;
    }
    Ok(Document::key_value(root))
}

/// `Code=TrafficJunction;action=Pulse;index=0;data={…}`: the JSON goes to the end.
fn event_line(text: &str) -> Result<Document, BadBody> {
    let (head, data) = text.split_once("data=").unwrap_or((text, ""));
    let pairs = head.split(';').filter_map(|pair| pair.split_once('='));
    let mut fields: Vec<_> =
        pairs.map(|(n, v)| (n.trim().to_owned(), super::text(v.trim()))).collect();
    if fields.len() > DEPTH_MAX {
        return Err(BadBody::TooManyValues);
    }
    if !data.trim().is_empty() {
        fields.push(("Data".to_owned(), super::json::parse(data.trim())?));
    }
    Ok(Document::key_value(Tree::Map(fields)))
}

/// Puts a value at a path such as `a.b[2].c`. Of a path that is said twice, or that contradicts an
/// earlier one, the first counts.
fn insert(root: &mut Tree, path: &str, value: Tree, budget: &mut Budget) -> Result<(), BadBody> {
    let mut place = root;
    for (depth, step) in path.split(['.', '[']).enumerate() {
        if depth == DEPTH_MAX {
            return Err(BadBody::TooDeep);
        }
        let step = match step.strip_suffix(']').map(str::parse::<usize>) {
            Some(Ok(index)) => Step::Item(index),
            _ => Step::Field(step),
        };
        place = match enter(place, &step, budget)? {
            Some(inner) => inner,
            None => return Ok(()),
        };
    }
    if *place == Tree::Null {
        *place = value;
    }
    Ok(())
}

enum Step<'a> {
    Field(&'a str),
    Item(usize),
}

/// The value one step in, made where it is not there; none where a text stands in the way.
fn enter<'t>(
    place: &'t mut Tree,
    step: &Step<'_>,
    budget: &mut Budget,
) -> Result<Option<&'t mut Tree>, BadBody> {
    if *place == Tree::Null {
        *place = match step {
            Step::Field(_) => Tree::Map(Vec::new()),
            Step::Item(_) => Tree::List(Vec::new()),
        };
    }
    Ok(match (place, step) {
        (Tree::Map(fields), Step::Field(name)) => {
            let known = fields.iter().position(|(n, _)| n == name);
            let at = known.unwrap_or(fields.len());
            if known.is_none() {
                budget.take()?;
                fields.push(((*name).to_owned(), Tree::Null));
            }
            Some(&mut fields[at].1)
        }
        (Tree::List(items), Step::Item(index)) => {
            // An index far out would fill memory with nothing: each item that is made counts.
            while items.len() <= *index {
                budget.take()?;
                items.push(Tree::Null);
            }
            items.get_mut(*index)
        }
        _ => None,
    })
}
