//! A request's body, parsed: bytes and what the camera says they are become one or more trees.
//!
//! Cameras say `text/plain` or a form's type for JSON, and leave the boundary of a multipart body
//! out; so the content decides, and the content type helps only where it must. Everything is
//! bounded (G6): bytes, depth, values, parts. What is no text (pictures) is dropped.

pub(crate) mod base64;
pub(crate) mod encoding;
mod json;
mod key_value;
mod multipart;
mod xml;

use std::fmt;

use crate::tree::{Tree, is_word};
use encoding::{Decoder, Legacy};

/// Most bytes of a body: a message with three pictures has 1 to 3 MB.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;
/// Values in values, at most.
pub const DEPTH_MAX: usize = 64;
/// Most values (fields, items, elements, attributes) of a document that are kept. Of a long list of
/// numbers, such as the points of a path, only the beginning is.
pub const VALUES_MAX: usize = 10_000;
/// Most parts of a multipart body.
pub const PARTS_MAX: usize = 64;
/// A text with more bytes is a picture, and not kept.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;

/// What a camera posted.
pub struct Body {
    /// What it says, pictures left out: mostly one; of a multipart body one per part that says
    /// something; never none.
    pub documents: Vec<Document>,
    /// Some text was taken for GB18030 though nothing said so.
    pub(crate) is_guessed_chinese: bool,
    /// Some text is in no encoding that could be found: U+FFFD stands in its holes.
    pub(crate) is_damaged: bool,
}

/// One tree of a body.
pub struct Document {
    /// How it was written.
    pub format: Format,
    /// The outermost element's local name, of XML; else empty.
    pub name: String,
    /// What it says. Of XML, the content of the outermost element.
    pub tree: Tree,
}

/// How a document was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A JSON value.
    Json,
    /// An XML element.
    Xml,
    /// `name=value`, in lines or as a form.
    KeyValue,
}

/// Why a body cannot be parsed. Says where, never what stands there: it may be a plate (G8).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadBody {
    /// Nothing, or nothing but white space.
    #[error("the body is empty")]
    Empty,
    /// More than [`BYTES_MAX`].
    #[error(
        "the body has {0} bytes, at most {BYTES_MAX} are allowed: set the camera to send smaller pictures, or none"
    )]
    TooLarge(usize),
    /// No JSON, though it begins like some.
    #[error("the body is no JSON: {0}")]
    NotJson(String),
    /// No XML, though it begins like some: why, and behind which byte.
    #[error("the body is no XML: {0}, at byte {1}")]
    NotXml(&'static str, u64),
    /// A document type with entities is a way to attack a parser; no camera sends one.
    #[error("the body is XML with a document type, which is refused")]
    Doctype,
    /// More than [`DEPTH_MAX`].
    #[error("the body nests values deeper than {DEPTH_MAX}")]
    TooDeep,
    /// More than [`VALUES_MAX`].
    #[error("the body has more than {VALUES_MAX} values")]
    TooManyValues,
    /// More than [`PARTS_MAX`].
    #[error("the body has more than {PARTS_MAX} parts")]
    TooManyParts,
    /// A multipart body whose parts cannot be told apart.
    #[error("the multipart body is broken: {0}")]
    BadMultipart(&'static str),
    /// A picture alone, or a multipart body of pictures.
    #[error("the body has pictures and no data: set the camera to send its event as JSON or XML")]
    OnlyPictures,
    /// A plate stands in bytes that are in no encoding that could be found.
    #[error(
        "the body is not UTF-8, nor in the encoding it names: set the camera to send UTF-8, or name \
         its encoding (`Content-Type: …; charset=GB18030`)"
    )]
    NotUtf8,
    /// None of the formats.
    #[error("the body is neither JSON nor XML nor multipart nor `name=value`")]
    Unknown,
}

impl Body {
    /// Parses a body. `content_type` is the header as the camera sent it.
    pub fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<Self, BadBody> {
        Self::parse_as(bytes, content_type, Legacy::Latin1)
    }

    /// As [`Body::parse`]; what is not UTF-8 is first tried as `legacy`.
    pub(crate) fn parse_as(
        bytes: &[u8],
        content_type: Option<&str>,
        legacy: Legacy,
    ) -> Result<Self, BadBody> {
        if bytes.len() > BYTES_MAX {
            return Err(BadBody::TooLarge(bytes.len()));
        }
        let content_type = ContentType::parse(content_type.unwrap_or_default());
        let decoder = Decoder::new(legacy);
        let documents = match multipart::boundary(bytes, &content_type) {
            Some(boundary) => multipart::parse(bytes, &boundary, &decoder)?,
            None if is_picture(bytes, &content_type) => return Err(BadBody::OnlyPictures),
            None => {
                let text = decoder.text(bytes, content_type.charset());
                vec![Document::parse(&text, &decoder)?]
            }
        };
        Ok(Self {
            documents,
            is_guessed_chinese: decoder.is_guessed_chinese(),
            is_damaged: decoder.is_damaged(),
        })
    }

    /// Whether it says that there is nothing to say: `[]`, or `null`.
    pub fn is_nothing(&self) -> bool {
        self.documents.iter().all(|document| match &document.tree {
            Tree::Null => true,
            Tree::List(items) => items.is_empty(),
            _ => false,
        })
    }
}

impl Document {
    /// Parses one text, whichever format it is in.
    fn parse(text: &str, decoder: &Decoder) -> Result<Self, BadBody> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        match text.chars().next() {
            None => Err(BadBody::Empty),
            Some('{' | '[') => Self::json(text),
            Some('<') => {
                let (name, tree) = xml::parse(text)?;
                Ok(Self { format: Format::Xml, name, tree })
            }
            // A template that made a text of what was JSON already.
            Some('"') => match json::parse(text)? {
                Tree::Text(inner) if inner.trim_start().starts_with(['{', '[', '<']) => {
                    Self::parse(&inner, decoder)
                }
                _ => Err(BadBody::Unknown),
            },
            Some(_) if ["null", "none"].iter().any(|nothing| is_word(text, nothing)) => {
                Self::json("null")
            }
            Some(_) => key_value::parse(text, decoder),
        }
    }

    fn json(text: &str) -> Result<Self, BadBody> {
        Ok(Self { format: Format::Json, name: String::new(), tree: json::parse(text)? })
    }

    fn key_value(tree: Tree) -> Self {
        Self { format: Format::KeyValue, name: String::new(), tree }
    }

    /// The tree, where it is a list its items: some cameras send the events of a while together.
    pub fn items(&self) -> &[Tree] {
        match &self.tree {
            Tree::List(items) => items,
            one => std::slice::from_ref(one),
        }
    }
}

/// A content type with its parameters, as far as they help.
struct ContentType {
    /// Lower case, without parameters; may be empty.
    essence: String,
    parameters: Vec<(String, String)>,
}

impl ContentType {
    fn parse(text: &str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let parameters = parts
            .filter_map(|parameter| parameter.split_once('='))
            .map(|(n, v)| (n.trim().to_ascii_lowercase(), v.trim().trim_matches('"').to_owned()))
            .collect();
        Self { essence, parameters }
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    fn charset(&self) -> Option<&str> {
        self.parameter("charset")
    }
}

/// Whether these bytes are no text. What a camera says of them counts less than their beginning.
fn is_picture(bytes: &[u8], content_type: &ContentType) -> bool {
    const BEGINNINGS: [&[u8]; 3] = [b"\xFF\xD8\xFF", b"\x89PNG", b"GIF8"];
    let kind = content_type.essence.split('/').next().unwrap_or_default();
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{' | b'[' | b'<') => false,
        _ if ["image", "video", "audio"].contains(&kind) => true,
        _ => BEGINNINGS.iter().any(|beginning| bytes.starts_with(beginning)),
    }
}

/// What is left of the values of one document.
struct Budget(usize);

impl Budget {
    fn new() -> Self {
        Self(VALUES_MAX)
    }

    /// How much is left, to give back what was taken since and not kept.
    fn left(&self) -> usize {
        self.0
    }

    fn give_back(&mut self, left: usize) {
        self.0 = left;
    }

    fn take(&mut self) -> Result<(), BadBody> {
        self.0 = self.0.checked_sub(1).ok_or(BadBody::TooManyValues)?;
        Ok(())
    }
}

/// Items of a list that are kept whatever they are: more than a message may have reads.
const ITEMS_KEPT: usize = crate::read::READS_MAX + 1;

/// Whether a value has nothing in it that a plate could stand in: the points of a path, the boxes
/// that a vehicle was seen in, the ids of single frames.
fn is_bare(tree: &Tree) -> bool {
    match tree {
        Tree::Null | Tree::Bool(_) | Tree::Integer(_) | Tree::Float(_) | Tree::Omitted(_) => true,
        Tree::Text(_) => false,
        Tree::List(items) => items.iter().all(is_bare),
        Tree::Map(fields) => fields.iter().all(|(_, value)| is_bare(value)),
    }
}

/// A text as a tree keeps it.
fn text(text: &str) -> Tree {
    match text.len() {
        length if length > TEXT_BYTES_MAX => Tree::Omitted(length),
        _ => Tree::Text(text.to_owned()),
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.documents).finish()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.format, self.tree)
    }
}

#[cfg(test)]
mod tests;
