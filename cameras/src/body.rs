//! A request's body, parsed: bytes and what the camera says they are become one or more trees.
//!
//! Cameras say `text/plain` or a form's type for JSON, and leave the boundary of a multipart body
//! out; so the content decides, and the content type helps only where it must. Everything is
//! bounded (G6): bytes, depth, values, parts. What is no text (pictures) is dropped.

mod json;

use std::fmt;

use crate::tree::Tree;

/// Most bytes of a body: a message with three pictures has 1 to 3 MB.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;
/// Values in values, at most.
pub const DEPTH_MAX: usize = 64;
/// Most values (fields, items, elements, attributes) of a body.
pub const VALUES_MAX: usize = 50_000;
/// Most parts of a multipart body.
pub const PARTS_MAX: usize = 64;
/// A text with more bytes is a picture and not kept.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;

/// What a camera posted.
pub struct Body {
    /// What it says, pictures left out: mostly one, of a multipart body one per part that says
    /// something, and never none.
    pub documents: Vec<Document>,
}

/// One tree of a body.
#[derive(Clone)]
pub struct Document {
    /// How it was written.
    pub format: Format,
    /// The outermost element's local name, of XML; the part's or the form field's name; or "".
    pub name: String,
    /// What it says. Of XML, the content of the outermost element.
    pub tree: Tree,
}

/// How a document was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
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
        "the body has {0} bytes, at most {BYTES_MAX} are allowed: let the camera send smaller pictures, or none"
    )]
    TooLarge(usize),
    /// No JSON, though it begins like some.
    #[error("the body is no JSON: {0}")]
    NotJson(String),
    /// No XML, though it begins like some.
    #[error("the body is no XML: {0}")]
    NotXml(String),
    /// A document type with entities is a way to attack a parser; no camera sends one.
    #[error("the body is XML with a document type, which is refused")]
    Doctype,
    /// More than [`DEPTH_MAX`].
    #[error("the body nests more than {DEPTH_MAX} values")]
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
    #[error("the body has pictures and no data: let the camera send its event as JSON or XML")]
    OnlyPictures,
    /// None of the formats.
    #[error("the body is neither JSON nor XML nor multipart nor `name=value`")]
    Unknown,
}

/// Parses a body. `content_type` is the header as the camera sent it.
pub fn parse(bytes: &[u8], _content_type: Option<&str>) -> Result<Body, BadBody> {
    if bytes.len() > BYTES_MAX {
        return Err(BadBody::TooLarge(bytes.len()));
    }
    let text = String::from_utf8_lossy(bytes);
    if text.trim().is_empty() {
        return Err(BadBody::Empty);
    }
    let tree = json::parse(&text)?;
    Ok(Body { documents: vec![Document { format: Format::Json, name: String::new(), tree }] })
}

impl Body {
    /// See [`parse`].
    pub fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<Self, BadBody> {
        parse(bytes, content_type)
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
