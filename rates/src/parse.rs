//! A table from its file: TOML or JSON, by one schema.

use crate::lint::{self, Fault};
use crate::questions::{self, Question};
use crate::table::RateTable;

/// How a table's file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// TOML, as people write tables.
    Toml,
    /// JSON, as programs send them.
    Json,
}

/// Why a file is no table that can be charged by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The file does not say a table: where, and what is wrong.
    #[error("line {line}: {message}")]
    Text {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong, and what to write.
        message: String,
    },
    /// The table leaves choices out that have two answers in the world.
    #[error("the table leaves out {} answer(s):\n{}", .0.len(), listed(.0))]
    Questions(Vec<Question>),
    /// The table cannot be right.
    #[error("the table has {} fault(s):\n{}", .0.len(), listed(.0))]
    Faults(Vec<Fault>),
    /// The file is another table's.
    #[error("`id` is \"{found}\": this is the table \"{wanted}\"; write that, or leave `id` out")]
    OtherTable {
        /// What the file says.
        found: String,
        /// What the table is called.
        wanted: String,
    },
}

fn listed<T: std::fmt::Display>(items: &[T]) -> String {
    items.iter().map(|item| format!("- {item}")).collect::<Vec<_>>().join("\n")
}

/// Reads a table that answers everything and has no fault.
pub fn parse(text: &str, format: Format) -> Result<RateTable, ParseError> {
    let table = read(text, format)?;
    let open = questions::questions(&table);
    if !open.is_empty() {
        return Err(ParseError::Questions(open));
    }
    let faults = lint::lint(&table);
    if !faults.is_empty() {
        return Err(ParseError::Faults(faults));
    }
    Ok(table)
}

/// Reads a table for who gives it its number: it is `id`, which it need not say, and its `version` need
/// not be said either and is not looked at (1 in the answer). What it leaves open is told together with
/// its faults, as a linter does.
pub fn parse_unnumbered(id: &str, text: &str, format: Format) -> Result<RateTable, ParseError> {
    let mut table = match read(text, format) {
        Err(ParseError::Text { message, .. })
            if ["missing field `id`", "missing field `version`"].contains(&message.as_str()) =>
        {
            completed(id, text, format)?
        }
        other => other?,
    };
    if table.id != id {
        return Err(ParseError::OtherTable { found: table.id, wanted: id.to_owned() });
    }
    table.version = 1;
    let faults = lint::lint(&table);
    if faults.is_empty() { Ok(table) } else { Err(ParseError::Faults(faults)) }
}

/// Reads a table with the id and the version that it does not say. Whatever it says was read already, so
/// that only what is missing as well can be wrong, which is on no line.
fn completed(id: &str, text: &str, format: Format) -> Result<RateTable, ParseError> {
    let wrong = |message: &str| ParseError::Text { line: 1, message: told(message) };
    match format {
        Format::Toml => {
            let mut table: toml::Table =
                text.parse().map_err(|e: toml::de::Error| wrong(e.message()))?;
            table.entry("id").or_insert(id.into());
            table.entry("version").or_insert(1.into());
            table.try_into().map_err(|e| wrong(e.message()))
        }
        Format::Json => {
            let json = |e: serde_json::Error| wrong(&e.to_string());
            let mut table: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(text).map_err(json)?;
            table.entry("id").or_insert(id.into());
            table.entry("version").or_insert(1.into());
            serde_json::from_value(table.into()).map_err(json)
        }
    }
}

/// Reads a table as it stands, with answers that may be missing: for a linter, or an editor.
pub fn read(text: &str, format: Format) -> Result<RateTable, ParseError> {
    match format {
        Format::Toml => toml::from_str(text).map_err(|error: toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = line_of(text, at, error.message());
            ParseError::Text { line, message: told(error.message()) }
        }),
        Format::Json => serde_json::from_str(text).map_err(|error: serde_json::Error| {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or(&message);
            ParseError::Text { line: error.line(), message: told(message) }
        }),
    }
}

/// The table as a file, in either format. Reading it again gives the same table.
pub fn write(table: &RateTable, format: Format) -> Result<String, String> {
    match format {
        Format::Toml => toml::to_string_pretty(table).map_err(|error| error.to_string()),
        Format::Json => serde_json::to_string_pretty(table).map_err(|error| error.to_string()),
    }
}

/// The line of a byte. Where the reader knows only the table around an unknown field, the first line
/// behind it that has the field.
fn line_of(text: &str, at: usize, message: &str) -> usize {
    let before = text.get(..at).unwrap_or("");
    let first = before.matches('\n').count() + 1;
    let rest = text.get(before.rfind('\n').map_or(0, |end| end + 1)..).unwrap_or("");
    let Some(name) = message.strip_prefix("unknown field `").and_then(|m| m.split('`').next())
    else {
        return first;
    };
    let offset = rest.lines().position(|line| {
        line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name)
    });
    first + offset.unwrap_or(0)
}

/// A reader's message, with the name that was probably meant.
fn told(message: &str) -> String {
    let message = message.trim().trim_end_matches('.');
    if message == "missing field `days_after`" {
        return "leave: days_after is missing; 0 is the day of the entry, 1 the next".to_owned();
    }
    let mut words = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let Some(found) = words.next().filter(|_| unknown) else {
        return message.to_owned();
    };
    let near = words
        .map(|word| (strsim::damerau_levenshtein(found, word), word))
        .filter(|(distance, word)| *distance <= 2.max(word.chars().count() / 3))
        .min();
    match near {
        Some((_, word)) => format!("{message}; did you mean `{word}`?"),
        None => message.to_owned(),
    }
}
