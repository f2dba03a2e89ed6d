//! The text of one cell: harmless for a spreadsheet on the way in, taken apart again on the way
//! out of a file.

use std::borrow::Cow;

/// Most cells of a line that is looked at; more of them make a line damaged anyway.
const CELLS_USUAL: usize = 10;

/// Where a spreadsheet may take a line apart, whatever its list separator is: here, quoted or not, the
/// next cell may begin.
const SEPARATORS: [char; 5] = [',', ';', '\t', '\r', '\n'];

/// Puts an apostrophe wherever a spreadsheet would run what follows as a formula: before a text, and
/// within it behind each `,` `;` tab or line end, that goes on with `=`, `+`, `@`, `-` (or their
/// full-width forms), a tab or a line end, with blanks, quotes, apostrophes and invisible characters
/// before them disregarded.
///
/// Not before a `-` that only letters, digits, `_` and `-` follow: random ids and places may well
/// begin so, and such a cell runs nothing but a subtraction. Words that a person wrote are no name:
/// see [`guard_words`].
///
/// What has its apostrophes already gets one more, so that two different texts never become the same
/// cell: an id in the file stands for one id alone.
pub(crate) fn guard(text: &str) -> Cow<'_, str> {
    guarded(text, is_name)
}

/// The same for a reason, or other words of a person: of what begins with `-` a plain number alone
/// stays as it is.
pub(crate) fn guard_words(text: &str) -> Cow<'_, str> {
    guarded(text, is_number)
}

/// The text that [`guard`] made this cell of.
pub(crate) fn unguard(cell: &str) -> Cow<'_, str> {
    unguarded(cell, is_name)
}

/// The text that [`guard_words`] made this cell of.
pub(crate) fn unguard_words(cell: &str) -> Cow<'_, str> {
    unguarded(cell, is_number)
}

/// What may stand behind a leading `-`.
type IsHarmless = fn(&str) -> bool;

fn guarded(text: &str, is_harmless: IsHarmless) -> Cow<'_, str> {
    let mut cell = String::new();
    let mut copied = 0;
    for start in starts(text).filter(|start| would_run(&text[*start..], is_harmless)) {
        cell.push_str(&text[copied..start]);
        cell.push('\'');
        copied = start;
    }
    if cell.is_empty() {
        return Cow::Borrowed(text);
    }
    cell.push_str(&text[copied..]);
    Cow::Owned(cell)
}

fn unguarded(cell: &str, is_harmless: IsHarmless) -> Cow<'_, str> {
    let mut text = String::new();
    let mut copied = 0;
    let is_guarded = |start: &usize| {
        let rest = &cell[*start..];
        rest.starts_with('\'') && would_run(rest, is_harmless)
    };
    for start in starts(cell).filter(is_guarded) {
        text.push_str(&cell[copied..start]);
        copied = start + 1;
    }
    if copied == 0 {
        return Cow::Borrowed(cell);
    }
    text.push_str(&cell[copied..]);
    Cow::Owned(text)
}

/// Where a cell may begin.
fn starts(text: &str) -> impl Iterator<Item = usize> {
    let separated = text.match_indices(SEPARATORS).map(|(at, separator)| at + separator.len());
    std::iter::once(0).chain(separated)
}

/// Whether a cell that begins so would be run. An apostrophe before it changes nothing in this.
fn would_run(cell: &str, is_harmless: IsHarmless) -> bool {
    let cell = cell.trim_start_matches(is_passed_over);
    match cell.chars().next() {
        Some('=' | '+' | '@' | '＝' | '＋' | '＠' | '－' | '\t' | '\r' | '\n') => true,
        Some('-') => !is_harmless(cell[1..].split(SEPARATORS).next().unwrap_or_default()),
        _ => false,
    }
}

/// Blanks, quotes, apostrophes, and what cannot be seen: marks of order and of direction, soft
/// hyphens, control characters.
fn is_passed_over(c: char) -> bool {
    let is_invisible = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let is_blank = (c.is_whitespace() || c.is_control()) && !SEPARATORS.contains(&c);
    matches!(c, '\'' | '"') || is_invisible || is_blank
}

fn is_name(rest: &str) -> bool {
    rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn is_number(rest: &str) -> bool {
    let rest = rest.strip_suffix('%').unwrap_or(rest);
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match rest.split_once('.') {
        Some((whole, part)) => is_digits(whole) && is_digits(part),
        None => is_digits(rest),
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
