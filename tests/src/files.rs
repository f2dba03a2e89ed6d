//! Reads `summaries.csv` and `exceptions.csv` as an operator's script does: by the columns of the
//! contract, while they are being written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::wire::{EXCEPTIONS_HEADER, SUMMARIES_HEADER};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::wait;

/// A row of `summaries.csv`, as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct SummaryRow {
    pub vehicle_plate: String,
    pub entry_date_time: String,
    pub exit_date_time: String,
    pub duration_seconds: String,
    pub session_id: String,
    pub place: String,
    pub repaired: bool,
}

/// A row of `exceptions.csv`, as text; empty where nothing is to be said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct ExceptionRow {
    pub kind: String,
    pub vehicle_plate: String,
    pub entry_date_time: String,
    pub exit_date_time: String,
    pub observation_id: String,
    pub session_id: String,
    pub place: String,
    pub revision: u64,
    pub recorded_at: String,
    pub reason: String,
}

/// The two files of a data directory.
#[derive(Debug, Clone)]
pub struct Files {
    directory: PathBuf,
}

impl Files {
    /// Those in `directory`, which need not be there yet.
    pub fn in_directory(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    /// Where `summaries.csv` is.
    pub fn summaries_path(&self) -> PathBuf {
        self.directory.join("summaries.csv")
    }

    /// Where `exceptions.csv` is.
    pub fn exceptions_path(&self) -> PathBuf {
        self.directory.join("exceptions.csv")
    }

    /// All sessions so far.
    #[track_caller]
    pub fn summaries(&self) -> Vec<SummaryRow> {
        rows(&self.summaries_path(), SUMMARIES_HEADER)
    }

    /// All exceptions so far.
    #[track_caller]
    pub fn exceptions(&self) -> Vec<ExceptionRow> {
        rows(&self.exceptions_path(), EXCEPTIONS_HEADER)
    }

    /// The sessions that hold: those that were not withdrawn.
    #[track_caller]
    pub fn standing_summaries(&self) -> Vec<SummaryRow> {
        let exceptions = self.exceptions();
        let withdrawn: BTreeSet<&str> = exceptions
            .iter()
            .filter(|row| row.kind == "withdrawn")
            .map(|row| row.session_id.as_str())
            .collect();
        let mut rows = self.summaries();
        rows.retain(|row| !withdrawn.contains(row.session_id.as_str()));
        rows
    }

    /// The exceptions that hold: of each observation the one with the highest revision, unless it
    /// was repaired.
    #[track_caller]
    pub fn standing_exceptions(&self) -> Vec<ExceptionRow> {
        let mut newest: BTreeMap<(String, String), ExceptionRow> = BTreeMap::new();
        for row in self.exceptions().into_iter().filter(|row| row.kind != "withdrawn") {
            let key = (row.vehicle_plate.clone(), row.observation_id.clone());
            if newest.get(&key).is_none_or(|known| known.revision < row.revision) {
                newest.insert(key, row);
            }
        }
        newest.into_values().filter(|row| row.kind != "repaired").collect()
    }

    /// How many whole rows `summaries.csv` has; cheap.
    pub fn summary_count(&self) -> usize {
        line_count(&self.summaries_path()).saturating_sub(1)
    }

    /// How many whole rows `exceptions.csv` has; cheap.
    pub fn exception_count(&self) -> usize {
        line_count(&self.exceptions_path()).saturating_sub(1)
    }

    /// Counts the rows of `summaries.csv`, again and again: each look reads what is new.
    pub fn count_summaries(&self) -> RowCount {
        RowCount { path: self.summaries_path(), offset: 0, lines: 0 }
    }

    /// Counts the rows of `exceptions.csv`, as [`Files::count_summaries`].
    pub fn count_exceptions(&self) -> RowCount {
        RowCount { path: self.exceptions_path(), offset: 0, lines: 0 }
    }

    /// Waits until `summaries.csv` has at least so many rows.
    #[track_caller]
    pub fn wait_for_summaries(&self, count: usize, patience: Duration) {
        wait::until_ok(&format!("{count} sessions are written"), patience, || {
            match self.summary_count() {
                written if written >= count => Ok(()),
                written => Err(format!("{written} are")),
            }
        });
    }

    /// Waits until `exceptions.csv` has at least so many rows.
    #[track_caller]
    pub fn wait_for_exceptions(&self, count: usize, patience: Duration) {
        wait::until_ok(&format!("{count} exceptions are written"), patience, || {
            match self.exception_count() {
                written if written >= count => Ok(()),
                written => Err(format!("{written} are")),
            }
        });
    }
}

/// How many whole rows a growing file has.
pub struct RowCount {
    path: PathBuf,
    /// Bytes that were read so far.
    offset: u64,
    /// Among them the header.
    lines: usize,
}

impl RowCount {
    /// As of now; `0` where the file is not there yet.
    pub fn count(&mut self) -> usize {
        if let Ok(mut file) = fs::File::open(&self.path) {
            let mut new = Vec::new();
            file.seek(SeekFrom::Start(self.offset)).unwrap();
            self.offset += file.read_to_end(&mut new).unwrap() as u64;
            self.lines += ends_of_lines(&new);
        }
        self.lines.saturating_sub(1)
    }
}

fn line_count(path: &Path) -> usize {
    ends_of_lines(&fs::read(path).unwrap_or_default())
}

fn ends_of_lines(text: &[u8]) -> usize {
    #[expect(clippy::naive_bytecount, reason = "no dependency for a megabyte")]
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// The whole lines of a file; its last one may be in the writing.
#[track_caller]
fn rows<T: DeserializeOwned>(path: &Path, header: &str) -> Vec<T> {
    let mut bytes = fs::read(path).unwrap_or_default();
    bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1));
    if bytes.is_empty() {
        return Vec::new();
    }
    let text = String::from_utf8(bytes).expect("the files are UTF-8");
    assert_eq!(text.lines().next(), Some(header), "header of {}", path.display());
    csv::Reader::from_reader(text.as_bytes())
        .into_deserialize()
        .map(|row| row.unwrap_or_else(|e| panic!("{}: {e}", path.display())))
        .collect()
}
