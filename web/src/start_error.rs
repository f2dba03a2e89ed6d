//! Why the service cannot start: what, where, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use platform::storage::StoreError;

/// Why the service cannot start. Its message is for whoever started it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process holds the lock of the directory.
    #[error(
        "another carpark writes to {}: stop it, or give this one a data directory of its own \
         (CARPARK_DATA_DIR)", .0.display()
    )]
    Locked(PathBuf),
    /// The directory is not the one that was open before.
    #[error(
        "{} is another directory than before: was it replaced, or its volume?", .0.display()
    )]
    Replaced(PathBuf),
    /// The file is not one of ours, or of another version.
    #[error(
        "{} begins with another header than this version writes: move the file away (nothing in \
         it was changed), and a new one is begun", .0.display()
    )]
    ForeignHeader(PathBuf),
    /// The directory or a file in it cannot be used.
    #[error(
        "cannot {what} {}: {error}; make sure that the data directory (CARPARK_DATA_DIR) exists, \
         that this user may write to it, and that its disk has room", .path.display()
    )]
    Io {
        /// What was tried, in words.
        what: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// `index_rows` is out of range.
    #[error(
        "index_rows is {0}: it must lie between 1 and {max}, or rows that are sent twice would \
         be written twice", max = u32::MAX
    )]
    IndexRows(usize),
    /// The names of the metrics are taken.
    #[error("cannot register the metrics of the summary service: {0}; one registry takes one")]
    Metrics(#[from] prometheus::Error),
    /// The file of the webhooks cannot be used.
    #[error("webhooks: {0}")]
    Webhooks(StoreError),
    /// The thread that opened the files ended without an answer.
    #[error("opening the files of {} was aborted: look for a panic above", .0.display())]
    Aborted(PathBuf),
}

impl StartError {
    /// Says what was tried on which path; for `map_err`.
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { what, path, error }
    }
}
