//! Bytes to text. UTF-8 where it is valid; else what a mark, the camera or the document says.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Decodes `bytes`; what is no text in the encoding becomes U+FFFD, which no plate may have.
pub fn to_text<'a>(bytes: &'a [u8], charset: Option<&str>) -> Cow<'a, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    let encoding = match bytes {
        // The first character is one of ASCII in all formats.
        [0, second, ..] if *second != 0 => UTF_16BE,
        [first, 0, ..] if *first != 0 => UTF_16LE,
        // Before any name of an encoding: what is valid UTF-8 by chance is as good as never.
        _ if std::str::from_utf8(bytes).is_ok() => UTF_8,
        // An old camera says GB2312; a Chinese plate begins with a character of it.
        _ => charset
            .and_then(|name| Encoding::for_label(name.as_bytes()))
            .or_else(|| declared(bytes))
            .unwrap_or(UTF_8),
    };
    encoding.decode_without_bom_handling(bytes).0
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
