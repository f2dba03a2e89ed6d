//! What can go wrong with the file, sorted by what is to be done.

use std::fmt;
use std::io;
use std::path::PathBuf;

use tokio::task::JoinError;

use super::DatabaseOptions;

/// Why the file could not be opened. Its message is for whoever started the process.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "{} is in use: does another carpark use the data directory? Stop it, or set \
         CARPARK_DATA_DIR to another one", .0.display()
    )]
    InUse(PathBuf),
    /// It is not the file that was open before.
    #[error(
        "{} is another file than the one that was open: was the data directory replaced, or its \
         volume?", .0.display()
    )]
    Replaced(PathBuf),
    /// What stands in it is not what was written.
    #[error(
        "{} is damaged ({reason}): restore it from a backup; or move it away, and a new one is \
         begun: with it {holds} are lost", .path.display()
    )]
    Damaged {
        /// The damaged file.
        path: PathBuf,
        /// What was found in it.
        reason: String,
        /// What is lost with it.
        holds: &'static str,
    },
    /// The system does not give it.
    #[error(
        "cannot open {}: {source}; make sure that this user may write to it, and that its disk has \
         room", .path.display()
    )]
    Io {
        /// The file that could not be opened.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl OpenError {
    pub(super) fn io(options: &DatabaseOptions, source: io::Error) -> Self {
        Self::Io { path: options.path.clone(), source }
    }

    pub(super) fn damaged(options: &DatabaseOptions, reason: &str) -> Self {
        let reason = reason.trim_end_matches('.').to_owned();
        Self::Damaged { path: options.path.clone(), reason, holds: options.holds }
    }

    /// Whether another attempt may succeed with nobody doing anything about the file itself.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Replaced(_))
    }
}

/// Why a piece of work was not done. Nothing is known of the outcome of a write: ask again.
#[derive(Debug)]
pub struct Failure {
    reason: String,
    closes: bool,
}

impl Failure {
    /// What stands in the file cannot be understood.
    pub fn content(error: impl fmt::Display) -> Self {
        Self { reason: error.to_string(), closes: false }
    }

    /// The path does not lead to the file any more.
    pub(super) fn lost(reason: String) -> Self {
        Self { reason, closes: false }
    }

    /// Another request's error has closed it just now.
    pub(super) fn closed_meanwhile() -> Self {
        Self::lost("closed after an error".to_owned())
    }

    pub(super) fn aborted(error: &JoinError) -> Self {
        Self { reason: error.to_string(), closes: false }
    }

    /// Whether the database is of no use any more: after an error of the disk redb refuses
    /// everything.
    pub(super) fn closes(&self) -> bool {
        self.closes
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Failure {}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self { reason: error.to_string(), closes: false }
    }
}

/// Any error of redb.
impl<E> From<E> for Failure
where
    redb::Error: From<E>,
{
    fn from(error: E) -> Self {
        Self { reason: redb::Error::from(error).to_string(), closes: true }
    }
}
