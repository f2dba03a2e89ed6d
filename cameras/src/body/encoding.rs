//! Bytes to text. UTF-8 where it is valid; else what a mark, the camera or the document says, where
//! that fits the bytes; else what such bytes mostly are. What fits nothing is decoded with U+FFFD in
//! the holes, and said to be damaged: a plate with a hole is refused, and not taken for unread.

use std::borrow::Cow;
use std::cell::Cell;

use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Which of the old encodings is tried on bytes that are not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Legacy {
    /// Latin-1: what cameras of most vendors fall back to.
    Latin1,
    /// GB18030 (and its parts GBK and GB2312), usual with vendors of China; then Latin-1.
    Gb18030,
}

/// Decodes the texts of one body.
pub struct Decoder {
    legacy: Legacy,
    is_guessed_chinese: Cell<bool>,
    is_damaged: Cell<bool>,
}

impl Decoder {
    pub fn new(legacy: Legacy) -> Self {
        Self { legacy, is_guessed_chinese: Cell::new(false), is_damaged: Cell::new(false) }
    }

    /// Whether some text was taken for GB18030 though nothing said so.
    pub fn is_guessed_chinese(&self) -> bool {
        self.is_guessed_chinese.get()
    }

    /// Whether some text is in no encoding that could be found.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged.get()
    }

    /// The text of `bytes`; `charset` is what the camera calls its encoding.
    pub fn text<'a>(&self, bytes: &'a [u8], charset: Option<&str>) -> Cow<'a, str> {
        if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
            return self.lossy(encoding, &bytes[mark..]);
        }
        match bytes {
            // The first character is one of ASCII in all formats.
            [0, second, ..] if *second != 0 => return self.lossy(UTF_16BE, bytes),
            [first, 0, ..] if *first != 0 => return self.lossy(UTF_16LE, bytes),
            _ => {}
        }
        // Before any name of an encoding: what is valid UTF-8 by chance is as good as never.
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Cow::Borrowed(text);
        }
        let named = charset
            .and_then(|name| Encoding::for_label(name.as_bytes()))
            .or_else(|| declared(bytes));
        // Latin-1 fits all bytes, and is what a web server says that does not know: it proves nothing.
        let (named, is_latin) = match named {
            Some(named) if named == WINDOWS_1252 => (None, true),
            named => (named, false),
        };
        if let Some(text) = named.and_then(|named| strict(named, bytes)) {
            return text;
        }
        if self.legacy == Legacy::Gb18030
            && has_pair(bytes)
            && let Some(text) = strict(GB18030, bytes)
        {
            self.is_guessed_chinese.set(true);
            return text;
        }
        match is_latin || is_like_latin1(bytes) {
            true => WINDOWS_1252.decode_without_bom_handling(bytes).0,
            false => self.lossy(UTF_8, bytes),
        }
    }

    fn lossy<'a>(&self, encoding: &'static Encoding, bytes: &'a [u8]) -> Cow<'a, str> {
        let (text, has_holes) = encoding.decode_without_bom_handling(bytes);
        if has_holes {
            self.is_damaged.set(true);
        }
        text
    }
}

fn strict<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Option<Cow<'a, str>> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes)
}

/// Whether a character of GB2312 may stand there: two bytes, both above ASCII. One alone between
/// letters of ASCII is an umlaut.
fn has_pair(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair.iter().all(|byte| *byte >= 0xA1))
}

/// Whether all that is not ASCII are letters of Latin-1, each alone among others: `MÜ`, and not two
/// bytes of some other encoding.
fn is_like_latin1(bytes: &[u8]) -> bool {
    let is_alone = bytes.windows(2).all(|pair| pair[0].is_ascii() || pair[1].is_ascii());
    let is_letter = |byte: &u8| byte.is_ascii() || *byte >= 0xC0 && ![0xD7, 0xF7].contains(byte);
    is_alone && bytes.iter().all(is_letter)
}

/// The encoding that an XML declaration names.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(200)];
    let head = &head[..memchr::memmem::find(head, b"?>")?];
    let value = &head[memchr::memmem::find(head, b"encoding=")? + b"encoding=".len()..];
    let quote = *value.first()?;
    let value = &value[1..];
    Encoding::for_label(&value[..memchr::memchr(quote, value)?])
}
