//! A multipart body to its documents: `form-data` of a browser's kind, and `mixed` of cameras that
//! stream. Written anew because it has to be more patient than a library for forms: cameras leave
//! out the boundary's declaration, names, the last delimiter, and half of each line's end.

use std::borrow::Cow;

use memchr::memmem;

use super::encoding::Decoder;
use super::{BadBody, ContentType, Document, PARTS_MAX, base64, is_picture};
use crate::tree::{Tree, is_word};

/// RFC 2046 allows 70.
const BOUNDARY_BYTES_MAX: usize = 200;

/// What stands between the parts, if this is a multipart body: as declared, where it is there, or
/// as the first line has it.
pub fn boundary(bytes: &[u8], content_type: &ContentType) -> Option<Vec<u8>> {
    let declared = content_type.parameter("boundary").filter(|b| !b.is_empty());
    let delimiter = |boundary: &str| {
        // Some declare the two dashes too.
        let with_dashes = [b"--", boundary.as_bytes()].concat();
        [with_dashes, boundary.as_bytes().to_vec()]
            .into_iter()
            .find(|delimiter| memmem::find(bytes, delimiter).is_some())
    };
    if content_type.essence.starts_with("multipart/")
        && let Some(delimiter) = declared.and_then(delimiter)
    {
        return Some(delimiter);
    }
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let bytes = &bytes[start..];
    let first = &bytes[..bytes.iter().take(BOUNDARY_BYTES_MAX).position(|b| *b == b'\n')?];
    let first = first.trim_ascii_end();
    (first.starts_with(b"--") && first.len() > 2).then(|| first.to_vec())
}

/// The documents of all parts. Text fields without a format make one document together.
pub fn parse(bytes: &[u8], delimiter: &[u8], decoder: &Decoder) -> Result<Vec<Document>, BadBody> {
    let finder = memmem::Finder::new(delimiter);
    let mut documents = Vec::new();
    let mut fields = Vec::new();
    let mut refusal = None;
    let mut rest = match finder.find(bytes) {
        Some(at) => &bytes[at + delimiter.len()..],
        None => return Err(BadBody::BadMultipart("its boundary does not occur")),
    };
    let mut parts = 0;
    // Two dashes behind a delimiter say that it was the last.
    while !rest.starts_with(b"--") && !rest.trim_ascii().is_empty() {
        parts += 1;
        if parts > PARTS_MAX {
            return Err(BadBody::TooManyParts);
        }
        // Without another delimiter the body was cut short, mostly in a picture.
        let end = finder.find(rest).unwrap_or(rest.len());
        let part = Part::parse(&rest[..end]);
        rest = rest.get(end + delimiter.len()..).unwrap_or_default();
        match part.read(decoder) {
            Some(Content::Document(Ok(document))) => documents.push(document),
            Some(Content::Document(Err(bad))) => refusal = refusal.or(Some(bad)),
            Some(Content::Field(text)) => fields.push((part.name, super::text(&text))),
            None => {}
        }
    }
    if !fields.is_empty() {
        documents.push(Document::key_value(Tree::Map(fields)));
    }
    match (documents.is_empty(), refusal) {
        // A broken document beside a good one: the event may stand in the broken one.
        (_, Some(bad)) => Err(bad),
        (true, None) => Err(BadBody::OnlyPictures),
        (false, None) => Ok(documents),
    }
}

struct Part<'a> {
    name: String,
    content_type: ContentType,
    content: Cow<'a, [u8]>,
}

enum Content {
    Document(Result<Document, BadBody>),
    Field(String),
}

impl<'a> Part<'a> {
    /// Headers, an empty line, content. Of a part without an empty line all is content.
    fn parse(bytes: &'a [u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\r").unwrap_or(bytes);
        let bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        let blank = [&b"\r\n\r\n"[..], b"\n\n"]
            .into_iter()
            .filter_map(|blank| memmem::find(bytes, blank).map(|at| (at, at + blank.len())))
            .min();
        let (head, content) = match blank {
            Some((end, start)) => (&bytes[..end], &bytes[start..]),
            None => (&b""[..], bytes),
        };
        let head = String::from_utf8_lossy(head);
        let header = |wanted: &str| {
            head.lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))
                .map_or("", |(_, value)| value.trim())
        };
        let disposition = ContentType::parse(header("content-disposition"));
        let content = content.trim_ascii();
        let is_base64 = is_word(header("content-transfer-encoding"), "base64");
        let decoded = is_base64.then(|| base64::decode(content)).flatten();
        Self {
            name: disposition.parameter("name").unwrap_or_default().to_owned(),
            content_type: ContentType::parse(header("content-type")),
            content: decoded.map_or(Cow::Borrowed(content), Cow::Owned),
        }
    }

    /// What the part says; nothing, where it is a picture or empty.
    fn read(&self, decoder: &Decoder) -> Option<Content> {
        if self.content.is_empty() || is_picture(&self.content, &self.content_type) {
            return None;
        }
        let text = decoder.text(&self.content, self.content_type.charset());
        let is_binary = self.content.contains(&0) && text.contains('\0');
        let is_form_field = !self.name.is_empty();
        match text.trim_start().chars().next()? {
            '{' | '[' | '<' => Some(Content::Document(Document::parse(&text, decoder))),
            _ if is_binary => None,
            _ if is_form_field => Some(Content::Field(text.into_owned())),
            // A part of a stream with lines in it, or a sign of life.
            _ => {
                Document::parse(&text, decoder).ok().map(|document| Content::Document(Ok(document)))
            }
        }
    }
}
