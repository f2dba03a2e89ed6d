//! Files that people bring: rows of CSV under a header, or a JSON array of objects. Each row has its
//! line, so that what is wrong with one can be said where it is, and the rest be taken.

use serde_json::Value;

/// The file cannot be read at all; nothing of it is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Unreadable {
    /// In the file, from 1.
    pub line: u64,
    /// In words, without content.
    pub reason: String,
}

/// What a file has.
pub enum Rows {
    /// CSV: the header, and each record as long as that, or why it is none.
    Csv(csv::StringRecord, Vec<(u64, Result<csv::StringRecord, String>)>),
    /// The elements of a JSON array.
    Json(Vec<(u64, Value)>),
}

/// Reads a file: JSON where it begins with `[`, else CSV, whose header `check` looks at. `example` is what
/// an element of JSON begins with: `{"id": …}`.
pub fn read(
    body: &[u8],
    example: &str,
    check: impl FnOnce(&csv::StringRecord) -> Result<(), String>,
) -> Result<Rows, Unreadable> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let text = std::str::from_utf8(body).map_err(|e| Unreadable {
        line: line_behind(&body[..e.valid_up_to()]),
        reason: "not UTF-8".to_owned(),
    })?;
    match text.trim_start().as_bytes().first() {
        Some(b'[') => read_json(text).map(Rows::Json),
        Some(b'{') => {
            let reason = format!("expected a JSON array of objects: [{example}, …]");
            Err(Unreadable { line: 1, reason })
        }
        _ => read_csv(text, check),
    }
}

/// The line that begins, or goes on, behind these bytes.
fn line_behind(before: &[u8]) -> u64 {
    before.split(|byte| *byte == b'\n').count() as u64
}

/// Counts the lines up to each record. Not the reader's own count: after a line's end of two
/// characters it is one behind.
struct Lines<'t> {
    text: &'t [u8],
    byte: usize,
    line: u64,
}

impl<'t> Lines<'t> {
    fn new(text: &'t [u8]) -> Self {
        Self { text, byte: 0, line: 1 }
    }

    /// The line of a record, from 1; records come in the order of the file. A record that begins
    /// with the rest of a line's end, or with empty lines, begins behind them.
    fn at(&mut self, position: &csv::Position) -> u64 {
        let from = usize::try_from(position.byte()).unwrap_or(usize::MAX).min(self.text.len());
        let ends = self.text[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let to = from + ends.count();
        if let Some(passed) = self.text.get(self.byte..to) {
            self.line += line_behind(passed) - 1;
            self.byte = to;
        }
        self.line
    }
}

fn read_csv(
    text: &str,
    check: impl FnOnce(&csv::StringRecord) -> Result<(), String>,
) -> Result<Rows, Unreadable> {
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    check(&header).map_err(|reason| Unreadable { line: 1, reason })?;
    let mut rows = Vec::new();
    let mut lines = Lines::new(text.as_bytes());
    for record in reader.records() {
        let record = record.map_err(|e| Unreadable {
            line: e.position().map_or(0, |position| lines.at(position)),
            reason: "not CSV".to_owned(),
        })?;
        let line = record.position().map_or(0, |position| lines.at(position));
        let is_whole = record.len() == header.len();
        let why = || format!("{} fields where the header has {}", record.len(), header.len());
        rows.push((line, if is_whole { Ok(record) } else { Err(why()) }));
    }
    Ok(Rows::Csv(header, rows))
}

/// Element by element, so that each has its line, and one of the wrong shape spoils itself alone.
fn read_json(text: &str) -> Result<Vec<(u64, Value)>, Unreadable> {
    let wrong = |at: usize, reason: &str| Unreadable {
        line: line_behind(&text.as_bytes()[..at]),
        reason: reason.to_owned(),
    };
    let space = |at: usize| at + text[at..].len() - text[at..].trim_start().len();
    let mut at = space(0) + 1; // behind the bracket
    let mut rows = Vec::new();
    loop {
        at = space(at);
        match text.as_bytes().get(at) {
            Some(b']') if rows.is_empty() => break,
            None => return Err(wrong(at, "the array does not end")),
            _ => {}
        }
        let mut elements = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>();
        let line = line_behind(&text.as_bytes()[..at]);
        let element = match elements.next() {
            Some(Ok(element)) => element,
            Some(Err(e)) => {
                let line = line + u64::try_from(e.line()).unwrap_or(1).saturating_sub(1);
                return Err(Unreadable { line, reason: "not JSON".to_owned() });
            }
            None => return Err(wrong(at, "the array does not end")),
        };
        at = space(at + elements.byte_offset());
        rows.push((line, element));
        match text.as_bytes().get(at) {
            Some(b',') => at += 1,
            Some(b']') => break,
            _ => return Err(wrong(at.min(text.len()), "expected `,` or `]`")),
        }
    }
    let rest = space(at + 1);
    if rest < text.len() {
        return Err(wrong(rest, "something follows the array"));
    }
    Ok(rows)
}
