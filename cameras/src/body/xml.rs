//! XML to a tree, by local names: cameras of one vendor differ in the namespace. No entity but the
//! five that XML knows and characters by number; a document type is refused.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::{BadBody, Budget, DEPTH_MAX, TEXT_BYTES_MAX};
use crate::tree::Tree;

/// An element that is still open.
struct Element {
    name: String,
    fields: Vec<(String, Tree)>,
    text: String,
    /// Of the text, what is kept and what is not.
    text_bytes: usize,
}

impl Element {
    /// Beyond the bound only counts: it is a picture.
    fn push_text(&mut self, text: &str) {
        self.text_bytes += text.len();
        match self.text_bytes > TEXT_BYTES_MAX {
            true => self.text.clear(),
            false => self.text.push_str(text),
        }
    }

    fn into_field(self) -> (String, Tree) {
        let text = match self.text_bytes > TEXT_BYTES_MAX {
            true => Tree::Omitted(self.text_bytes),
            false => Tree::Text(self.text.trim().to_owned()),
        };
        let Self { name, mut fields, .. } = self;
        if fields.is_empty() {
            return (name, text);
        }
        if text != Tree::Text(String::new()) {
            fields.push(("#text".to_owned(), text));
        }
        (name, Tree::Map(fields))
    }
}

/// Reads one element: its local name and its content.
pub fn parse(text: &str) -> Result<(String, Tree), BadBody> {
    let mut reader = Reader::from_str(text);
    // A camera called "gate A & B".
    reader.config_mut().allow_dangling_amp = true;
    let mut budget = Budget::new();
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let event = reader.read_event();
        let bad = |what| BadBody::NotXml(what, reader.buffer_position());
        // Not quick-xml's own words: they quote names, and a plate may stand as one.
        let event =
            event.map_err(|_| bad("a tag is not closed, or not the one that was opened"))?;
        let mut closed = None;
        match event {
            Event::Start(_) | Event::Empty(_) if root.is_some() => {
                return Err(bad("something follows the outermost element"));
            }
            Event::Start(start) => {
                if open.len() == DEPTH_MAX {
                    return Err(BadBody::TooDeep);
                }
                open.push(element(&start, &mut budget)?.ok_or_else(|| bad("a broken attribute"))?);
            }
            Event::Empty(start) => {
                let element = element(&start, &mut budget)?;
                closed = Some(element.ok_or_else(|| bad("a broken attribute"))?);
            }
            Event::End(_) => closed = open.pop(),
            Event::Text(text) => push(&mut open, &text.xml10_content()),
            Event::CData(text) => push(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok().flatten();
                match (character, resolve_predefined_entity(&reference)) {
                    (Some(character), _) => push(&mut open, character.encode_utf8(&mut [0; 4])),
                    (None, Some(text)) => push(&mut open, text),
                    (None, None) => return Err(bad("an entity that XML does not know")),
                }
            }
            Event::DocType(_) => return Err(BadBody::Doctype),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
        if let Some(element) = closed {
            let field = element.into_field();
            match open.last_mut() {
                Some(parent) => parent.fields.push(field),
                None => root = Some(field),
            }
        }
    }
    let bad = |what| BadBody::NotXml(what, reader.buffer_position());
    match open.is_empty() {
        true => root.ok_or_else(|| bad("it has no element")),
        false => Err(bad("it ends before its outermost element")),
    }
}

/// Text outside of all elements is let pass: it says nothing.
fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.push_text(text);
    }
}

/// An element with its attributes, without those that say what its names mean; none if one of them
/// is broken.
fn element(start: &BytesStart<'_>, budget: &mut Budget) -> Result<Option<Element>, BadBody> {
    budget.take()?;
    let mut fields = Vec::new();
    // Without quick-xml's check for names said twice: it compares each with each.
    for attribute in start.attributes().with_checks(false) {
        budget.take()?;
        let Ok(attribute) = attribute else { return Ok(None) };
        let name = attribute.key;
        if name.as_namespace_binding().is_some() {
            continue;
        }
        let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) else {
            return Ok(None);
        };
        fields.push((format!("@{}", name.local_name().as_ref()), super::text(&value)));
    }
    let name = start.local_name().as_ref().to_owned();
    Ok(Some(Element { name, fields, text: String::new(), text_bytes: 0 }))
}
