//! The tables, for people and as JSON.

use std::fmt::Write;

use serde_json::{Map, Value, json};

/// One table: a title, its columns, its rows.
#[derive(Default)]
struct Table {
    title: String,
    columns: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
}

/// All that was measured.
#[derive(Default)]
pub struct Report {
    tables: Vec<Table>,
}

impl Report {
    /// Begins a table.
    pub fn table(&mut self, title: impl Into<String>, columns: &[&'static str]) {
        let table = Table { title: title.into(), columns: columns.to_vec(), rows: Vec::new() };
        println!("\n{}\n  {}", table.title, table.columns.join(" | "));
        self.tables.push(table);
    }

    /// Adds a row to the last table, and shows it at once: somebody waits.
    pub fn row(&mut self, cells: Vec<Value>) {
        println!("  {}", cells.iter().map(shown).collect::<Vec<_>>().join(" | "));
        self.tables.last_mut().expect("a table was begun").rows.push(cells);
    }

    /// Prints the tables, in Markdown.
    pub fn print(&self) {
        let mut text = String::new();
        for table in &self.tables {
            let _ = writeln!(text, "\n{}\n\n| {} |", table.title, table.columns.join(" | "));
            let _ = writeln!(text, "|{}", "---|".repeat(table.columns.len()));
            for row in &table.rows {
                let cells: Vec<_> = row.iter().map(shown).collect();
                let _ = writeln!(text, "| {} |", cells.join(" | "));
            }
        }
        println!("\n{text}");
    }

    /// Writes the tables as JSON, each row an object.
    pub fn write_json(&self, path: &str) {
        let tables: Vec<Value> = self
            .tables
            .iter()
            .map(|table| {
                let rows: Vec<Value> = table
                    .rows
                    .iter()
                    .map(|row| {
                        let cells = table.columns.iter().map(ToString::to_string);
                        Value::Object(cells.zip(row.iter().cloned()).collect::<Map<_, _>>())
                    })
                    .collect();
                json!({ "title": table.title, "rows": rows })
            })
            .collect();
        let text = serde_json::to_string_pretty(&json!({ "tables": tables })).unwrap();
        std::fs::write(path, text + "\n").unwrap_or_else(|e| panic!("{path}: {e}"));
        println!("written to {path}");
    }
}

fn shown(cell: &Value) -> String {
    match cell {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(number) if number.abs() >= 100.0 || number.fract() == 0.0 => grouped(number),
            Some(number) if number.abs() >= 10.0 => format!("{number:.1}"),
            Some(number) => format!("{number:.2}"),
            None => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// A whole number with commas.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
