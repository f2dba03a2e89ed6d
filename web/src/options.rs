//! What can be set. Every field has a default that suits a single car park.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The options of the summary service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The directory of the files. Created where it is missing; locked while the service runs.
    pub data_dir: PathBuf,
    /// Most bytes of a request's body; more is answered 413.
    pub body_bytes_max: usize,
    /// Most items of one request; more is answered 413.
    pub items_max: usize,
    /// Most bytes of rows that wait while a batch is being written; beyond them a request is
    /// answered 503 and shall come again.
    pub waiting_bytes_max: usize,
    /// The window of duplicate detection: how many of the newest rows of each file are remembered
    /// (about 27 bytes of memory each). A row that is sent again after this many others is
    /// written again.
    pub index_rows: usize,
    /// Whether a new file is begun each UTC day; the one before is kept as
    /// `summaries-YYYY-MM-DD.csv`.
    pub rotate_daily: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("./data"),
            body_bytes_max: 10 * 1024 * 1024,
            items_max: 10_000,
            waiting_bytes_max: 64 * 1024 * 1024,
            index_rows: 1_000_000,
            rotate_daily: false,
        }
    }
}
