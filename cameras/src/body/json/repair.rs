//! What was meant as JSON: an empty macro (`"json":}`), numbers as C prints them (`nan`), and what
//! Python prints (`{'plate': None}`). Nothing else is mended: a body cut short, or with a comma
//! too many, stays broken and is refused.

/// `text` with these mended; none where there is nothing of the kind.
pub fn repair(text: &str) -> Option<String> {
    let mut mended = String::with_capacity(text.len() + 16);
    let mut is_mended = false;
    // Behind a colon a value has to follow.
    let mut is_behind_colon = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '"' => {
                length = string(rest, '"')?;
                mended.push_str(&rest[..length]);
            }
            '\'' => {
                length = string(rest, '\'')?;
                is_mended = true;
                requote(&rest[1..length - 1], &mut mended);
            }
            _ if c.is_ascii_alphabetic() || c == '-' || c == '+' => {
                let is_end = |c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c));
                length = rest.find(is_end).unwrap_or(rest.len());
                let json = word(&rest[..length]);
                is_mended |= json.is_some();
                mended.push_str(json.unwrap_or(&rest[..length]));
            }
            '}' | ',' if is_behind_colon => {
                is_mended = true;
                mended.push_str("null");
                mended.push(c);
            }
            _ => mended.push(c),
        }
        if !c.is_whitespace() {
            is_behind_colon = c == ':';
        }
        rest = &rest[length..];
    }
    is_mended.then_some(mended)
}

/// The bytes of the text that begins here, with both its quotes; none where it does not end.
fn string(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// A text in single quotes as one in double quotes.
fn requote(inner: &str, mended: &mut String) {
    mended.push('"');
    let mut characters = inner.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, characters.peek()) {
            ('"', _) => mended.push_str("\\\""),
            ('\\', Some('\'')) => {}
            ('\\', Some(next)) => {
                mended.extend([c, *next]);
                characters.next();
            }
            _ => mended.push(c),
        }
    }
    mended.push('"');
}

/// What JSON has for a word. A number that is none stays said: as the text `NaN`, which no limit
/// takes for a number.
fn word(word: &str) -> Option<&'static str> {
    Some(match word {
        "None" | "undefined" | "NULL" | "Null" => "null",
        "True" | "TRUE" => "true",
        "False" | "FALSE" => "false",
        _ => {
            let unsigned = word.trim_start_matches(['-', '+']).to_ascii_lowercase();
            return ["nan", "inf", "infinity"].contains(&unsigned.as_str()).then_some("\"NaN\"");
        }
    })
}
