//! The text of one cell: harmless for a spreadsheet on the way in, taken apart again on the way
//! out of a file.

use std::borrow::Cow;

/// Most cells of a line that is looked at; more of them make a line damaged anyway.
const CELLS_USUAL: usize = 10;

/// Puts an apostrophe before a text that a spreadsheet would run as a formula: one that begins
/// with `=`, `+`, `@` (or their full-width forms), a tab or a carriage return, white space and
/// apostrophes before them disregarded. Not `-`: ids and places may well begin with it.
///
/// A text that has its apostrophes already gets one more, so that two different texts never
/// become the same cell: an id in the file stands for one id alone.
pub(crate) fn guard(text: &str) -> Cow<'_, str> {
    let is_formula = text
        .trim_start_matches(|c: char| c.is_whitespace() || c == '\'')
        .starts_with(['=', '+', '@', '＝', '＋', '＠']);
    let is_control = text.trim_start_matches('\'').starts_with(['\t', '\r']);
    if is_formula || is_control { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text that [`guard`] made this cell of.
pub(crate) fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if guard(text) == cell => text,
        _ => cell,
    }
}

/// Takes a line (without its end) apart, or `None` where its quotes make no sense.
///
/// Of one line on purpose: no cell holds a line break, so a quote that was never closed harms its
/// own line and not the rest of the file.
pub(crate) fn split(line: &[u8]) -> Option<Vec<Cow<'_, [u8]>>> {
    let mut cells = Vec::with_capacity(CELLS_USUAL);
    let mut rest = line;
    loop {
        let (cell, after) = match rest.strip_prefix(b"\"") {
            Some(quoted) => split_quoted(quoted)?,
            None => split_plain(rest)?,
        };
        cells.push(cell);
        match after {
            Some(after) => rest = after,
            None => return Some(cells),
        }
    }
}

/// A cell, and what follows its comma, if one follows.
type CellAndRest<'a> = (Cow<'a, [u8]>, Option<&'a [u8]>);

fn split_plain(text: &[u8]) -> Option<CellAndRest<'_>> {
    match text.iter().position(|byte| matches!(byte, b',' | b'"')) {
        Some(at) if text[at] == b',' => Some((Cow::Borrowed(&text[..at]), Some(&text[at + 1..]))),
        Some(_) => None,
        None => Some((Cow::Borrowed(text), None)),
    }
}

/// `text` begins after the opening quote.
fn split_quoted(text: &[u8]) -> Option<CellAndRest<'_>> {
    let mut cell = Cow::Borrowed(&text[..0]);
    let mut rest = text;
    loop {
        let quote = rest.iter().position(|byte| *byte == b'"')?;
        let (part, after) = (&rest[..quote], &rest[quote + 1..]);
        if cell.is_empty() {
            cell = Cow::Borrowed(part);
        } else {
            cell.to_mut().extend_from_slice(part);
        }
        match after.split_first() {
            None => return Some((cell, None)),
            Some((b',', after)) => return Some((cell, Some(after))),
            Some((b'"', after)) => {
                cell.to_mut().push(b'"');
                rest = after;
            }
            Some(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests;
